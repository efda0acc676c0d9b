//! A model file under other names for its classes.

use wasm_bindgen::prelude::*;

use super::failure;
use crate::model::model_file::{ModelFile, WeightsDtype};

/// The same file, of a whole model or of a head, with other names for its classes, in the order of the logits.
#[wasm_bindgen(js_name = relabelModel)]
pub fn relabel_model(model: &[u8], labels: Vec<String>) -> Result<Vec<u8>, JsValue> {
    let mut file = ModelFile::from_bytes(model).map_err(failure)?;
    file.manifest.labels = labels;
    file.to_bytes(WeightsDtype::Lossless).map_err(failure)
}
