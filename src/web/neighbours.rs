//! Tiles compared by their features.

use wasm_bindgen::prelude::*;

use super::failure;
use crate::model::architecture::FEATURES;
use crate::model::classifier::check_rows;
use crate::training::neighbours::Gallery;

fn gallery(features: Vec<f32>) -> Result<Gallery, JsValue> {
    check_rows(&features, FEATURES).map_err(failure)?;
    Ok(Gallery::new(features, FEATURES))
}

fn indices(tiles: Vec<usize>) -> Vec<u32> {
    tiles.into_iter().map(|tile| tile as u32).collect()
}

/// The other tiles in the order of their similarity to tile `query`; `tiles × 576` features.
#[wasm_bindgen(js_name = similarTiles)]
pub fn similar_tiles(features: Vec<f32>, query: u32) -> Result<Vec<u32>, JsValue> {
    Ok(indices(gallery(features)?.similar_to(query as usize)))
}

/// 1 for each tile that is unlike every labelled one, else 0.
#[wasm_bindgen(js_name = unfamiliarTiles)]
pub fn unfamiliar_tiles(features: Vec<f32>, labelled: Vec<f32>) -> Result<Vec<u8>, JsValue> {
    let found = gallery(features)?.unfamiliar(&gallery(labelled)?);
    Ok(found.into_iter().map(u8::from).collect())
}

/// The order in which labels for these tiles teach the most; `tiles × num_classes` probabilities.
#[wasm_bindgen(js_name = orderToLabel)]
pub fn order_to_label(
    features: Vec<f32>,
    probabilities: Vec<f32>,
    num_classes: u32,
    labelled: Vec<f32>,
) -> Result<Vec<u32>, JsValue> {
    let (tiles, labelled) = (gallery(features)?, gallery(labelled)?);
    Ok(indices(tiles.order_to_label(&probabilities, num_classes as usize, &labelled)))
}
