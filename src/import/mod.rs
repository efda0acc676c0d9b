//! Checkpoints of MobileNetV3-Small from other frameworks → our parameters.
//!
//! safetensors are read everywhere; PyTorch, ONNX and Keras files with the feature `import` only, so that their readers
//! stay out of the engine: the page fetches a WebAssembly of its own for them, when somebody brings such a file.

mod budget;
#[cfg(feature = "import")]
mod checkpoint;
#[cfg(feature = "import")]
mod classifier;
#[cfg(feature = "import")]
mod file_kind;
mod hints;
#[cfg(feature = "import")]
mod keras;
#[cfg(feature = "import")]
pub mod labels;
mod names;
#[cfg(feature = "import")]
mod onnx;
#[cfg(feature = "import")]
mod pytorch;
mod safetensors;
#[cfg(feature = "import")]
mod state_dict;
mod timm;

use std::io;
use std::path::PathBuf;

use thiserror::Error;

#[cfg(feature = "import")]
pub use checkpoint::{ImportOptions, Imported, import};
#[cfg(feature = "import")]
pub use state_dict::HiddenActivation;

use crate::model::model_file::ModelFileError;
use crate::model::parameters::{LayerMismatch, Parameters};

/// Means and standard deviations of red, green and blue, of values from 0 to 1.
pub type Normalisation = ([f32; 3], [f32; 3]);

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
    /// The file is of none of the formats.
    #[error("the file is {0}")]
    OtherKind(String),
    /// The file is of its format, and broken or not to be read.
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
    #[error("the checkpoint holds no MobileNetV3: it has no layer named …features.0.0.weight{0}")]
    NoBackbone(String),
    /// It holds several networks.
    #[error("the checkpoint holds several networks; choose one with --prefix: {}", quoted(.0))]
    SeveralBackbones(Vec<String>),
    /// It is another network.
    #[error("the checkpoint is not a MobileNetV3-Small: {mismatch}{hint}")]
    Layer {
        /// The first layer that differs.
        mismatch: LayerMismatch,
        /// What it may be instead.
        hint: String,
    },
    /// Labels were given for a classifier that cannot be taken.
    #[error(
        "the checkpoint's classifier cannot be taken: {0}; without --labels its backbone is imported alone"
    )]
    Classifier(String),
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

/// The weights of a `.safetensors` checkpoint, the backbone's under torchvision's names and all others beside them.
///
/// `prefix` chooses among several networks in one file.
///
/// # Errors
///
/// [`ImportError`] when the bytes are no safetensors, or hold no MobileNetV3.
pub fn read_safetensors(bytes: &[u8], prefix: Option<&str>) -> Result<Parameters, ImportError> {
    let mut network = names::network(safetensors::read(bytes)?, prefix)?;
    if network.is_timm {
        timm::adapt(&mut network);
    }
    let names::Network { backbone: mut parameters, others, .. } = network;
    for (name, parameter) in others {
        parameters.insert(name, parameter.shape, parameter.values);
    }
    Ok(parameters)
}
