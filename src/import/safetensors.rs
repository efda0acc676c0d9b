//! `.safetensors` files.

use safetensors::{SafeTensorError, SafeTensors};

use super::ImportError;
use super::budget::Budget;
use crate::limits::MAX_MODEL_ARRAYS;
use crate::model::model_file::to_f32;
use crate::model::parameters::Parameters;

/// Every floating-point tensor of the file, by its name.
pub fn read(bytes: &[u8]) -> Result<Parameters, ImportError> {
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| match error {
        SafeTensorError::MetadataIncompleteBuffer => {
            ImportError::OtherKind("a safetensors file that is not whole: fetch or copy it again".into())
        }
        other => ImportError::Unreadable { format: "safetensors", detail: other.to_string() },
    })?;
    if tensors.len() > MAX_MODEL_ARRAYS {
        return Err(ImportError::TooLarge);
    }
    let mut parameters = Parameters::default();
    let budget = Budget::new();
    for (name, tensor) in tensors.iter() {
        // Two bytes become four.
        budget.take(tensor.shape().iter().product::<usize>() * size_of::<f32>())?;
        // Counters and the like are integers, which no weight is.
        if let Some(values) = to_f32(tensor.dtype(), tensor.data()) {
            parameters.insert(name, tensor.shape().to_vec(), values);
        }
    }
    Ok(parameters)
}
