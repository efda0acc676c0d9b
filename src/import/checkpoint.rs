//! A checkpoint file → a model file.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::classifier::Chain;
use super::file_kind::FileKind;
use super::names::{self, Network};
use super::state_dict::{self, HiddenActivation};
use super::{ImportError, Normalisation, hints, keras, onnx, pytorch, safetensors, timm};
use crate::device::Device;
use crate::limits::MAX_MODEL_BYTES;
use crate::model::architecture::Architecture;
use crate::model::backbone::Backbone;
use crate::model::classification::Classification;
use crate::model::head::ClassifierConfig;
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
    /// The shorter side of a tile is scaled to this, in pixels.
    pub resize_px: u32,
    /// The side of the square cut from the centre, in pixels.
    pub crop_px: u32,
    /// Channel means and deviations that tiles are normalised by, of values from 0 to 1. Where none are given: those in
    /// the checkpoint's graph, else ImageNet's, which is noted.
    pub normalisation: Option<Normalisation>,
    /// What activates a classifier's hidden layer, where the checkpoint cannot tell.
    pub hidden_activation: Option<HiddenActivation>,
    /// The head's dropout rate, which no checkpoint carries.
    pub dropout_rate: f64,
    /// Which weights to take where a checkpoint holds several networks, such as `ema.`.
    pub prefix: Option<String>,
    /// What the model was trained on and how.
    pub description: String,
    /// The terms under which the weights may be used.
    pub licence: String,
}

impl ImportOptions {
    /// What torchvision, timm and Keras have unless told otherwise: images of 224 pixels, and a dropout rate of 0.2.
    pub fn new(name: impl Into<String>, labels: Vec<String>) -> Self {
        Self {
            name: name.into(),
            purpose: String::new(),
            ground_resolution_m: None,
            data: String::new(),
            labels,
            resize_px: 224,
            crop_px: 224,
            normalisation: None,
            hidden_activation: None,
            dropout_rate: 0.2,
            prefix: None,
            description: String::new(),
            licence: String::new(),
        }
    }
}

/// A checkpoint as a model.
#[derive(Debug)]
pub struct Imported {
    /// The model.
    pub file: ModelFile,
    /// What was guessed, recognised or left out, a sentence each.
    pub notes: Vec<String>,
}

/// What every format comes to.
struct Contents {
    backbone: Parameters,
    classifier: Result<Option<Chain>, String>,
    normalisation: Option<Normalisation>,
    /// What the network may be, if it is no MobileNetV3-Small.
    hint: String,
}

/// Reads a PyTorch, safetensors, ONNX or Keras checkpoint of MobileNetV3-Small, whatever the file is called: with or
/// without a classifier, under whatever prefix its layers stand, with torchvision's names, timm's or Keras's.
///
/// # Errors
///
/// [`ImportError`]; a network of another shape is refused with the first layer that differs.
pub fn import(path: &Path, options: ImportOptions) -> Result<Imported, ImportError> {
    let unread = |error| ImportError::Io { path: path.into(), error };
    let metadata = std::fs::metadata(path).map_err(unread)?;
    if metadata.is_dir() {
        return Err(ImportError::OtherKind("a folder: name the file of weights in it".into()));
    }
    if metadata.len() > MAX_MODEL_BYTES {
        return Err(ImportError::TooLarge);
    }
    let bytes = std::fs::read(path).map_err(unread)?;
    let mut notes = Vec::new();
    let contents = contents(path, &bytes, &options, &mut notes)?;
    let preprocessing = preprocessing(&options, &contents, &mut notes);
    let temperature = contents.classifier.as_ref().ok().and_then(|chain| chain.as_ref()?.temperature);
    let (classifier, weights, left_out) = match contents.classifier {
        Ok(None) => (ClassifierConfig::None, Parameters::default(), None),
        Ok(Some(chain)) => match chain.express(options.dropout_rate) {
            Ok((config, weights)) => (config, weights, None),
            Err(reason) => (ClassifierConfig::None, Parameters::default(), Some(reason)),
        },
        Err(reason) => (ClassifierConfig::None, Parameters::default(), Some(reason)),
    };
    let (mut parameters, hint) = (contents.backbone, contents.hint);
    parameters.extend(&weights);
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
            preprocessing,
            classifier,
            temperature: temperature.unwrap_or(1.0),
            backbone: None,
            backbone_name: String::new(),
            preparations: Vec::new(),
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
    let loaded = Backbone::load(&file, &Device::Cpu).and_then(|_| Classification::load(&file, &Device::Cpu));
    loaded.map_err(|mismatch| ImportError::Layer { mismatch, hint })?;
    match left_out {
        Some(reason) if labels > 0 => return Err(ImportError::Classifier(reason)),
        Some(reason) => notes.push(format!(
            "Its classifier is left out ({reason}): the model is a backbone that knows features and no classes."
        )),
        None if classes != labels => return Err(ImportError::Labels { classes, labels }),
        None => {}
    }
    Ok(Imported { file, notes })
}

fn contents(
    path: &Path,
    bytes: &[u8],
    options: &ImportOptions,
    notes: &mut Vec<String>,
) -> Result<Contents, ImportError> {
    let checkpoint = match FileKind::of(bytes)? {
        FileKind::Onnx => {
            let folder = path.parent().unwrap_or(Path::new(""));
            let model = onnx::read(bytes, folder)?;
            notes.extend(model.notes);
            let onnx::OnnxModel { backbone, classifier, normalisation, .. } = model;
            let hint = hints::of(&backbone);
            return Ok(Contents { backbone, classifier, normalisation, hint });
        }
        FileKind::Keras => {
            let keras::KerasModel { backbone, classifier, normalisation, notes: found, hint } =
                keras::read(bytes)?;
            notes.extend(found);
            return Ok(Contents { backbone, classifier, normalisation: Some(normalisation), hint });
        }
        FileKind::PyTorch => pytorch::read(bytes)?,
        FileKind::Safetensors => safetensors::read(bytes)?,
    };
    let hint = hints::of(&checkpoint);
    let mut network = names::network(checkpoint, options.prefix.as_deref())?;
    if network.is_timm {
        timm::adapt(&mut network);
        notes.push(timm::NOTE.into());
    }
    let Network { backbone, others, .. } = network;
    let classifier = state_dict::classifier(others, options.hidden_activation, notes);
    Ok(Contents { backbone, classifier, normalisation: None, hint })
}

/// What is given counts, then what the graph does; else ImageNet's, and that is said.
fn preprocessing(options: &ImportOptions, contents: &Contents, notes: &mut Vec<String>) -> Preprocessing {
    let known = options.normalisation.or(contents.normalisation);
    if known.is_none() {
        notes.push(
            "The checkpoint does not say how its images were normalised: ImageNet's mean and deviation are assumed. Pass \
             --mean and --std if it was trained with others."
                .into(),
        );
    }
    let (mean, std) = known.unwrap_or((Preprocessing::IMAGENET_MEAN, Preprocessing::IMAGENET_STD));
    Preprocessing { resize_px: options.resize_px, crop_px: options.crop_px, mean, std }
}
