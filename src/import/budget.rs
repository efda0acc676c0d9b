//! How much memory a checkpoint may take.
//!
//! The size of a file tells nothing of its weights': one number may stand for a tensor of any shape (PyTorch's
//! `expand`), and one constant for the weights of every layer (ONNX).

use std::cell::Cell;

use super::ImportError;
use crate::limits::MAX_MODEL_BYTES;

/// What a checkpoint's weights may still take.
pub struct Budget {
    bytes: Cell<usize>,
}

impl Budget {
    pub fn new() -> Self {
        Self { bytes: Cell::new(MAX_MODEL_BYTES as usize) }
    }

    /// To be asked before the bytes are allocated.
    pub fn take(&self, bytes: usize) -> Result<(), ImportError> {
        self.bytes.set(self.bytes.get().checked_sub(bytes).ok_or(ImportError::TooLarge)?);
        Ok(())
    }
}
