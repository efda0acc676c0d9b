//! A checkpoint file → a model file.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::{ImportError, names, onnx, pytorch, read_safetensors};
use crate::device::Device;
use crate::limits::MAX_MODEL_BYTES;
use crate::model::architecture::Architecture;
use crate::model::backbone::Backbone;
use crate::model::classification::Classification;
use crate::model::head::{ClassifierConfig, HeadConfig};
use crate::model::manifest::{FORMAT, Manifest, Provenance};
use crate::model::model_file::{ModelFile, hex};
use crate::model::parameters::Parameters;
use crate::tile::Preprocessing;

/// What a checkpoint does not say of itself.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// The model's name, for people.
    pub name: String,
    /// What the model is for, in one line.
    pub purpose: String,
    /// The ground resolutions that it was made for, the lowest and the highest, in metres a pixel.
    pub ground_resolution_m: Option<[f32; 2]>,
    /// What it was trained on, in one line.
    pub data: String,
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

/// Reads a `.pth`/`.pt`, `.safetensors` or `.onnx` checkpoint of MobileNetV3-Small, with or without
/// a classifier, under whatever prefix its layers stand.
///
/// # Errors
///
/// [`ImportError`]; a network of another shape is refused with the first layer that differs.
pub fn import(path: &Path, options: ImportOptions) -> Result<ModelFile, ImportError> {
    let unread = |error| ImportError::Io { path: path.into(), error };
    if std::fs::metadata(path).map_err(unread)?.len() > MAX_MODEL_BYTES {
        return Err(ImportError::TooLarge);
    }
    let bytes = std::fs::read(path).map_err(unread)?;
    let extension = path.extension().and_then(|extension| extension.to_str());
    let prefix = options.prefix.as_deref();
    let parameters = match extension {
        Some("pth" | "pt") => names::normalise(pytorch::read(path, &bytes)?, prefix)?,
        Some("safetensors") => read_safetensors(&bytes, prefix)?,
        Some("onnx") => onnx::read(&bytes)?,
        _ => return Err(ImportError::UnknownFormat(path.into())),
    };
    let classifier = classifier_config(&parameters, options.dropout_rate);
    let (classes, labels) = (classifier.num_classes(), options.labels.len());
    let file = ModelFile {
        manifest: Manifest {
            format: FORMAT,
            name: options.name,
            purpose: options.purpose,
            ground_resolution_m: options.ground_resolution_m,
            data: options.data,
            architecture: Architecture::default(),
            labels: options.labels,
            preprocessing: options.preprocessing,
            classifier,
            temperature: 1.0,
            backbone: None,
            backbone_name: String::new(),
            provenance: Provenance {
                source: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                source_sha256: hex(&Sha256::digest(&bytes)),
                description: options.description,
                licence: options.licence,
            },
        },
        parameters,
    };
    // Another network is told by its first layer that differs, before its labels are counted.
    Backbone::load(&file, &Device::Cpu)?;
    Classification::load(&file, &Device::Cpu)?;
    if classes != labels {
        return Err(ImportError::Labels { classes, labels });
    }
    Ok(file)
}

/// Which classifier the weights hold, told by the names and shapes of its layers.
fn classifier_config(parameters: &Parameters, dropout_rate: f64) -> ClassifierConfig {
    let rows = |name: &str| parameters.shape(name).and_then(|shape| shape.first().copied());
    if let (Some(num_classes), Some(dense_neurons)) = (rows("head.output.weight"), rows("head.dense.weight"))
    {
        let inputs = Architecture::default().features();
        ClassifierConfig::Head(HeadConfig { inputs, dropout_rate, dense_neurons, num_classes })
    } else if let Some(num_classes) = rows("classifier.3.weight") {
        ClassifierConfig::ImageNet { num_classes }
    } else {
        ClassifierConfig::None
    }
}
