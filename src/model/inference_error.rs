//! Why a network gives no answer.

use thiserror::Error;

use crate::ErrorCode;
use crate::device::DeviceError;

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum InferenceError {
    /// There is a backbone, and no head in use.
    #[error("this model is a backbone without a classifier: it knows features and no classes")]
    NoClassifier,
    /// No head of this name was added.
    #[error("there is no head `{0}`: it was never added, or was removed")]
    NoSuchHead(String),
    /// The head in use tells fewer classes apart.
    #[error("there is no class {class}, counted from 0: the model tells {classes} classes apart")]
    NoSuchClass {
        /// What was asked for.
        class: usize,
        /// How many there are.
        classes: usize,
    },
    /// Numbers that are no whole number of images or of feature rows.
    #[error("{found} numbers are no whole number of rows of {row}")]
    Shape {
        /// Numbers that came.
        found: usize,
        /// Numbers in an image or a row of features.
        row: usize,
    },
    /// The device failed.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The answer holds NaN or infinity: weights can be numbers, and their sums none.
    #[error(
        "the answer is not a number: the model's weights are of no use, or the device fails; try another model, or the CPU"
    )]
    NotFinite,
}

impl ErrorCode for InferenceError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoClassifier => "model.no_classifier",
            Self::NoSuchHead(_) => "model.no_such_head",
            Self::NoSuchClass { .. } => "model.no_such_class",
            Self::Shape { .. } => "features.shape",
            Self::Device(error) => error.code(),
            Self::NotFinite => "model.not_finite",
        }
    }
}

/// Refuses numbers that are no whole number of rows: a page of another version may have kept them.
pub(crate) fn check_rows(values: &[f32], row: usize) -> Result<(), InferenceError> {
    match values.len() % row {
        0 => Ok(()),
        _ => Err(InferenceError::Shape { found: values.len(), row }),
    }
}

/// Refuses answers that are no numbers.
pub(super) fn check_finite(values: &[f32]) -> Result<(), InferenceError> {
    if values.iter().all(|value| value.is_finite()) { Ok(()) } else { Err(InferenceError::NotFinite) }
}
