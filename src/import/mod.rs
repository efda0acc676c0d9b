//! Checkpoints of MobileNetV3-Small from other frameworks → our parameters.
//!
//! safetensors are read everywhere; PyTorch and ONNX files by the command line only (feature `import`),
//! so that their readers stay out of the wasm.

mod budget;
#[cfg(feature = "import")]
mod checkpoint;
mod names;
#[cfg(feature = "import")]
mod onnx;
#[cfg(feature = "import")]
mod pytorch;
mod safetensors;

use std::io;
use std::path::PathBuf;

use thiserror::Error;

#[cfg(feature = "import")]
pub use checkpoint::{ImportOptions, import};

use crate::model::model_file::ModelFileError;
use crate::model::parameters::{LayerMismatch, Parameters};

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
    /// Far more than any MobileNetV3-Small.
    #[error(
        "the checkpoint or its weights take more than 512 MB, and a MobileNetV3-Small 10: save its weights alone"
    )]
    TooLarge,
    /// Nothing in it looks like MobileNetV3.
    #[error("the checkpoint holds no MobileNetV3: it has no layer named …features.0.0.weight")]
    NoBackbone,
    /// It holds several networks.
    #[error("the checkpoint holds several networks; choose one with --prefix: {}", quoted(.0))]
    SeveralBackbones(Vec<String>),
    /// It is another network.
    #[error("the checkpoint is not a MobileNetV3-Small: {0}")]
    Layer(#[from] LayerMismatch),
    /// The labels do not fit the classifier.
    #[error(
        "the checkpoint has {classes} classes but {labels} labels were given: pass --labels FILE, one label a line"
    )]
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

/// The prefixes as they are typed; one of them may be empty.
fn quoted(prefixes: &[String]) -> String {
    prefixes.iter().map(|prefix| format!("{prefix:?}")).collect::<Vec<_>>().join(", ")
}

/// The weights of a `.safetensors` checkpoint under torchvision's bare names.
///
/// `prefix` chooses among several networks in one file.
///
/// # Errors
///
/// [`ImportError`] when the bytes are no safetensors, or hold no MobileNetV3.
pub fn read_safetensors(bytes: &[u8], prefix: Option<&str>) -> Result<Parameters, ImportError> {
    names::normalise(safetensors::read(bytes)?, prefix)
}
