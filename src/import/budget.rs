//! How much memory a checkpoint may take.
//!
//! The size of a file tells nothing of its weights': one number may stand for a tensor of any shape (PyTorch's
//! `expand`), and one constant for the weights of every layer (ONNX).

use std::cell::Cell;

use super::ImportError;

/// A MobileNetV3-Small of 21,000 classes takes 90 MB, with what its optimiser keeps three times as much.
pub const MAX_BYTES: usize = 512 << 20;

/// What a checkpoint's weights may still take.
pub struct Budget {
    bytes: Cell<usize>,
}

impl Budget {
    pub fn new() -> Self {
        Self { bytes: Cell::new(MAX_BYTES) }
    }

    /// To be asked before the bytes are allocated.
    pub fn take(&self, bytes: usize) -> Result<(), ImportError> {
        self.bytes.set(self.bytes.get().checked_sub(bytes).ok_or(ImportError::TooLarge)?);
        Ok(())
    }
}
