//! Model files → what other programs read.

use wasm_bindgen::prelude::*;

use super::failure;
use crate::export::to_onnx;
use crate::model::model_file::{ModelFile, WeightsDtype};

/// The model as ONNX, preprocessing and labels in its metadata.
#[wasm_bindgen(js_name = toOnnxModel)]
pub fn to_onnx_model(model: &[u8]) -> Result<Vec<u8>, JsValue> {
    to_onnx(&ModelFile::from_bytes(model).map_err(failure)?).map_err(failure)
}

/// The same model file with every weight as f32.
#[wasm_bindgen(js_name = toF32Model)]
pub fn to_f32_model(model: &[u8]) -> Result<Vec<u8>, JsValue> {
    ModelFile::from_bytes(model).map_err(failure)?.to_bytes(WeightsDtype::F32).map_err(failure)
}

/// The same model file with other names for its classes, in the order of the logits.
#[wasm_bindgen(js_name = relabelModel)]
pub fn relabel_model(model: &[u8], labels: Vec<String>) -> Result<Vec<u8>, JsValue> {
    let mut file = ModelFile::from_bytes(model).map_err(failure)?;
    file.manifest.labels = labels;
    file.to_bytes(WeightsDtype::Lossless).map_err(failure)
}
