//! `.pth` and `.pt` files, by the reader beneath burn-store. Only tensors are read; nothing in a pickle
//! is ever run.

use std::path::Path;

use pytorch_reader::{DType, PytorchReader};
use safetensors::Dtype;

use super::ImportError;
use crate::model::model_file::to_f32;
use crate::model::parameters::Parameters;

/// Every floating-point tensor of the checkpoint, by its dotted path.
pub fn read(path: &Path) -> Result<Parameters, ImportError> {
    let unreadable = |detail: String| ImportError::Unreadable { format: "PyTorch", detail };
    let reader = PytorchReader::new(path).map_err(|error| unreadable(error.to_string()))?;
    let mut parameters = Parameters::default();
    for tensor in reader.tensors().values() {
        let dtype = match tensor.dtype() {
            DType::F64 => Dtype::F64,
            DType::F32 => Dtype::F32,
            DType::F16 => Dtype::F16,
            DType::BF16 => Dtype::BF16,
            // Counters and the like.
            _ => continue,
        };
        let bytes = tensor.read().map_err(|error| unreadable(error.to_string()))?;
        let values = to_f32(dtype, &bytes).expect("a floating-point type");
        parameters.insert(tensor.name.clone(), tensor.shape().to_vec(), values);
    }
    Ok(parameters)
}
