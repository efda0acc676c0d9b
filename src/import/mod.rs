//! Checkpoints of MobileNetV3-Small from other frameworks → our parameters.

mod names;
mod onnx;
mod pytorch;
mod safetensors;

use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::model::classifier::Classifier;
use crate::model::head::{ClassifierConfig, HeadConfig};
use crate::model::model_file::{FORMAT, Manifest, ModelFile, ModelFileError, Provenance, hex};
use crate::model::parameters::{LayerMismatch, Parameters};
use crate::device::DeviceKind;
use crate::tile::Preprocessing;

/// What a checkpoint does not say of itself.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// The model's name, for people.
    pub name: String,
    /// The class of each logit; empty for a backbone without a classifier.
    pub labels: Vec<String>,
    /// How a tile becomes the network's input.
    pub preprocessing: Preprocessing,
    /// The head's dropout rate, which no checkpoint carries.
    pub dropout_rate: f64,
    /// Which weights to take where a checkpoint holds several networks, such as `ema.`.
    pub prefix: Option<String>,
    /// What the model was trained on and how.
    pub description: String,
    /// The terms under which the weights may be used.
    pub licence: String,
}

/// Why a checkpoint was not imported.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("{path} cannot be read: {error}")]
    Io {
        /// The checkpoint.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// The file's name tells none of the formats.
    #[error("{0} is none of .pth, .pt, .safetensors, .onnx")]
    UnknownFormat(PathBuf),
    /// The file is not of the format that its name tells.
    #[error("the checkpoint cannot be read as {format}: {detail}")]
    Unreadable {
        /// The format.
        format: &'static str,
        /// The reader's words.
        detail: String,
    },
    /// Nothing in it looks like MobileNetV3.
    #[error("the checkpoint holds no MobileNetV3: it has no layer named …features.0.0.weight")]
    NoBackbone,
    /// It holds several networks.
    #[error("the checkpoint holds several networks; choose one with --prefix: {}", .0.join(", "))]
    SeveralBackbones(Vec<String>),
    /// It is another network.
    #[error("the checkpoint is not a MobileNetV3-Small: {0}")]
    Layer(#[from] LayerMismatch),
    /// The labels do not fit the classifier.
    #[error("the checkpoint has {classes} classes but {labels} labels were given: pass --labels FILE, one label a line")]
    Labels {
        /// Classes of the checkpoint.
        classes: usize,
        /// Labels given.
        labels: usize,
    },
    /// The result would not be a model file.
    #[error(transparent)]
    ModelFile(#[from] ModelFileError),
}

/// Reads a `.pth`/`.pt`, `.safetensors` or `.onnx` checkpoint of MobileNetV3-Small, with or without
/// a classifier, under whatever prefix its layers stand.
///
/// # Errors
///
/// [`ImportError`]; a network of another shape is refused with the first layer that differs.
pub fn import(path: &Path, options: ImportOptions) -> Result<ModelFile, ImportError> {
    let bytes = std::fs::read(path).map_err(|error| ImportError::Io { path: path.into(), error })?;
    let extension = path.extension().and_then(|extension| extension.to_str());
    let prefix = options.prefix.as_deref();
    let parameters = match extension {
        Some("pth" | "pt") => names::normalise(pytorch::read(path)?, prefix)?,
        Some("safetensors") => names::normalise(safetensors::read(&bytes)?, prefix)?,
        Some("onnx") => onnx::read(&bytes)?,
        _ => return Err(ImportError::UnknownFormat(path.into())),
    };
    let classifier = classifier_config(&parameters, options.dropout_rate);
    if classifier.num_classes() != options.labels.len() {
        return Err(ImportError::Labels {
            classes: classifier.num_classes(),
            labels: options.labels.len(),
        });
    }
    let file = ModelFile {
        manifest: Manifest {
            format: FORMAT,
            name: options.name,
            labels: options.labels,
            preprocessing: options.preprocessing,
            classifier,
            provenance: Provenance {
                source: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                source_sha256: hex(&Sha256::digest(&bytes)),
                description: options.description,
                licence: options.licence,
            },
        },
        parameters,
    };
    let device = pollster::block_on(DeviceKind::Cpu.open()).expect("the CPU is always there");
    Classifier::load(&file, &device)?;
    Ok(file)
}

/// Which classifier the weights hold, told by the names and shapes of its layers.
fn classifier_config(parameters: &Parameters, dropout_rate: f64) -> ClassifierConfig {
    let rows = |name: &str| parameters.shape(name).and_then(|shape| shape.first().copied());
    if let (Some(num_classes), Some(dense_neurons)) =
        (rows("head.output.weight"), rows("head.dense.weight"))
    {
        ClassifierConfig::Head(HeadConfig { dropout_rate, dense_neurons, num_classes })
    } else if let Some(num_classes) = rows("classifier.3.weight") {
        ClassifierConfig::ImageNet { num_classes }
    } else {
        ClassifierConfig::None
    }
}
