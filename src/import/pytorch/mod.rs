//! Files of `torch.save`, by the reader beneath burn-store. Only tensors are read; nothing in a pickle
//! is ever run.

mod collections;
mod container;

use std::path::Path;

use pytorch_reader::DType;
use safetensors::Dtype;

use super::ImportError;
use super::budget::Budget;
use crate::model::model_file::to_f32;
use crate::model::parameters::Parameters;
use container::Opened;
pub use container::archive;

/// Every floating-point tensor of the checkpoint at `path`, whose bytes are `bytes`, by its dotted path.
pub fn read(path: &Path, bytes: &[u8]) -> Result<Parameters, ImportError> {
    let Opened { reader, .. } = &container::open(path, bytes)?;
    let mut parameters = Parameters::default();
    let budget = Budget::new();
    for tensor in reader.tensors().values() {
        let dtype = match tensor.dtype() {
            DType::F64 => Dtype::F64,
            DType::F32 => Dtype::F32,
            DType::F16 => Dtype::F16,
            DType::BF16 => Dtype::BF16,
            // Counters and the like.
            _ => continue,
        };
        // Two bytes become four, and eight are read before they do.
        budget.take(tensor.byte_len().max(tensor.num_elements() * size_of::<f32>()))?;
        let bytes = tensor.read().map_err(|error| unreadable(error.to_string()))?;
        let values = to_f32(dtype, &bytes).expect("a floating-point type");
        parameters.insert(tensor.name.clone(), tensor.shape().to_vec(), values);
    }
    Ok(parameters)
}

fn unreadable(detail: String) -> ImportError {
    ImportError::Unreadable { format: "PyTorch", detail }
}
