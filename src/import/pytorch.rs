//! `.pth` and `.pt` files, by the reader beneath burn-store. Only tensors are read; nothing in a pickle
//! is ever run.

use std::io::Cursor;
use std::path::Path;

use pytorch_reader::{DType, PytorchReader};
use safetensors::Dtype;
use zip::{CompressionMethod, ZipArchive};

use super::ImportError;
use super::budget::Budget;
use crate::model::model_file::to_f32;
use crate::model::parameters::Parameters;

/// What a zip begins with: PyTorch's container since 1.6, and the only one whose files can be compressed.
const ZIP: &[u8] = b"PK";

/// The mark of a tar and where it stands: PyTorch's container before 0.1.10, of 2017.
const TAR: (usize, &[u8]) = (257, b"ustar");

/// Every floating-point tensor of the checkpoint at `path`, whose bytes are `bytes`, by its dotted path.
pub fn read(path: &Path, bytes: &[u8]) -> Result<Parameters, ImportError> {
    check_container(bytes)?;
    let reader = PytorchReader::new(path).map_err(|error| unreadable(error.to_string()))?;
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

/// Refuses a container whose files can be larger than the file itself: the reader would hold whatever they claim.
fn check_container(bytes: &[u8]) -> Result<(), ImportError> {
    if bytes.starts_with(ZIP) {
        let mut archive =
            ZipArchive::new(Cursor::new(bytes)).map_err(|error| unreadable(error.to_string()))?;
        for index in 0..archive.len() {
            let entry = archive.by_index_raw(index).map_err(|error| unreadable(error.to_string()))?;
            if entry.compression() != CompressionMethod::Stored {
                return Err(unreadable(
                    "its files are compressed, which PyTorch never does: save it with PyTorch".into(),
                ));
            }
        }
    } else if bytes.get(TAR.0..).is_some_and(|rest| rest.starts_with(TAR.1)) {
        return Err(unreadable(
            "it is a tar, which is older than MobileNetV3: save it with a newer PyTorch".into(),
        ));
    }
    Ok(())
}

fn unreadable(detail: String) -> ImportError {
    ImportError::Unreadable { format: "PyTorch", detail }
}
