//! A graph's constants → numbers, from whichever field or file holds them.

use std::path::{Component, Path};

use half::{bf16, f16};
use safetensors::Dtype;

use super::super::budget::Budget;
use super::{ImportError, unreadable};
use crate::model::model_file::to_f32;
use crate::model::parameters::Parameter;
use crate::onnx_messages::TensorProto;

/// `TensorProto.DataType` (onnx.proto).
mod data_type {
    pub const FLOAT: i32 = 1;
    pub const FLOAT16: i32 = 10;
    pub const DOUBLE: i32 = 11;
    pub const BFLOAT16: i32 = 16;
}

/// `TensorProto.DataLocation.EXTERNAL` (onnx.proto).
const EXTERNAL_DATA: i32 = 1;

/// The values of a constant. `folder` is where the model lies: weights may be in a second file beside it.
pub fn parameter(tensor: &TensorProto, folder: &Path, budget: &Budget) -> Result<Parameter, ImportError> {
    let dtype = match tensor.data_type {
        data_type::FLOAT => Dtype::F32,
        data_type::FLOAT16 => Dtype::F16,
        data_type::DOUBLE => Dtype::F64,
        data_type::BFLOAT16 => Dtype::BF16,
        other => {
            return Err(unreadable(format!(
                "`{}` has data type {other}, no floating point: export the model before it is quantised",
                tensor.name
            )));
        }
    };
    let mismatch = || unreadable(format!("`{}` does not hold the values of its shape", tensor.name));
    let extents = tensor.dims.iter().map(|&extent| usize::try_from(extent).ok().filter(|&extent| extent > 0));
    let shape: Vec<usize> = extents.collect::<Option<_>>().ok_or_else(mismatch)?;
    let count = shape
        .iter()
        .try_fold(1_usize, |product, &extent| product.checked_mul(extent))
        .ok_or_else(mismatch)?;
    let size = dtype.bitsize() / 8;
    let is_external = tensor.data_location == EXTERNAL_DATA;
    let found = if is_external {
        count
    } else if !tensor.raw_data.is_empty() {
        tensor.raw_data.len() / size
    } else {
        // At most one of the lists holds anything.
        tensor.float_data.len() + tensor.int32_data.len() + tensor.double_data.len()
    };
    if found != count {
        return Err(mismatch());
    }
    budget.take(count.saturating_mul(size_of::<f32>().max(size)))?;
    let from_bytes = |bytes: &[u8]| to_f32(dtype, bytes).expect("a floating-point type");
    let values = if is_external {
        from_bytes(&external(tensor, folder, count * size)?)
    } else if !tensor.raw_data.is_empty() {
        from_bytes(&tensor.raw_data)
    } else {
        // onnx.proto keeps half precision as the bits of integers.
        let bits = tensor.int32_data.iter().map(|&bits| bits as u16);
        match dtype {
            Dtype::F16 => bits.map(|bits| f16::from_bits(bits).to_f32()).collect(),
            Dtype::BF16 => bits.map(|bits| bf16::from_bits(bits).to_f32()).collect(),
            Dtype::F64 => tensor.double_data.iter().map(|&value| value as f32).collect(),
            _ => tensor.float_data.clone(),
        }
    };
    if values.len() != count {
        return Err(mismatch());
    }
    Ok(Parameter { shape, values })
}

/// `length` bytes of the file that holds a constant. It lies in the model's folder; another place is none of its
/// business.
fn external(tensor: &TensorProto, folder: &Path, length: usize) -> Result<Vec<u8>, ImportError> {
    let entry = |key: &str| {
        tensor.external_data.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str())
    };
    let location = Path::new(entry("location").unwrap_or_default());
    let is_beside =
        location.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if location.as_os_str().is_empty() || !is_beside {
        return Err(unreadable(format!(
            "its weights are in a second file, `{}`, which is not beside it: export it as one file",
            location.display()
        )));
    }
    let start: usize =
        entry("offset").map_or(Ok(0), str::parse).map_err(|_| unreadable("an offset is no number".into()))?;
    let missing = |why: String| {
        unreadable(format!(
            "its weights are in a second file, `{}`, {why}: put it beside the model, or export it as one file",
            location.display()
        ))
    };
    let read = || -> std::io::Result<Vec<u8>> {
        use std::io::{Read, Seek, SeekFrom};
        let mut file = std::fs::File::open(folder.join(location))?;
        file.seek(SeekFrom::Start(start as u64))?;
        let mut bytes = Vec::new();
        file.take(length as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(|error| missing(format!("which cannot be read ({error})")))?;
    if bytes.len() < length {
        return Err(missing("which ends too early".into()));
    }
    Ok(bytes)
}
