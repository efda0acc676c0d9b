//! A model file → the formats of other runtimes.

mod onnx;

use thiserror::Error;

pub use onnx::{LABELS_KEY, MANIFEST_KEY, PREPROCESSING_KEY, to_onnx};

use crate::ErrorCode;
use crate::model::model_file::ModelFileError;
use crate::model::parameters::LayerMismatch;

/// Why a model was not exported.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The model is a backbone alone.
    #[error(
        "this model is a backbone without a classifier, so that its ONNX file would know no classes: train a head first"
    )]
    NoClassifier,
    /// The file is a head alone, of the backbone of that name.
    #[error("this file is a head alone: join it with its backbone, `{0}`, then export the whole model")]
    HeadAlone(String),
    /// The manifest contradicts itself.
    #[error(transparent)]
    Manifest(#[from] ModelFileError),
    /// The weights are not those of the network that the manifest describes.
    #[error("the weights do not fit the model's description: {0}")]
    Layer(#[from] LayerMismatch),
}

impl ErrorCode for ExportError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoClassifier => "export.no_classifier",
            Self::HeadAlone(_) => "export.head_alone",
            Self::Manifest(_) => "export.manifest",
            Self::Layer(_) => "export.layer",
        }
    }
}
