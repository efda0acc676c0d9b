//! Model files → what other programs read, and their parts.

use wasm_bindgen::prelude::*;

use super::failure;
use crate::export::to_onnx;
use crate::model::model_file::{ModelFile, WeightsDtype};

/// A whole model as ONNX, preprocessing and labels in its metadata; a head is joined with its backbone first.
#[wasm_bindgen(js_name = toOnnxModel)]
pub fn to_onnx_model(model: &[u8]) -> Result<Vec<u8>, JsValue> {
    to_onnx(&read(model)?).map_err(failure)
}

/// The same file with every weight as f32.
#[wasm_bindgen(js_name = toF32Model)]
pub fn to_f32_model(model: &[u8]) -> Result<Vec<u8>, JsValue> {
    read(model)?.to_bytes(WeightsDtype::F32).map_err(failure)
}

/// The head of a combined file as a file of its own.
#[wasm_bindgen(js_name = headOfModel)]
pub fn head_of_model(model: &[u8]) -> Result<Vec<u8>, JsValue> {
    write(&read(model)?.head().map_err(failure)?)
}

/// The backbone of a combined file as a file of its own.
#[wasm_bindgen(js_name = backboneOfModel)]
pub fn backbone_of_model(model: &[u8]) -> Result<Vec<u8>, JsValue> {
    write(&read(model)?.backbone().map_err(failure)?)
}

fn read(bytes: &[u8]) -> Result<ModelFile, JsValue> {
    ModelFile::from_bytes(bytes).map_err(failure)
}

fn write(file: &ModelFile) -> Result<Vec<u8>, JsValue> {
    file.to_bytes(WeightsDtype::Lossless).map_err(failure)
}
