//! Tiles compared by their features, on the CPU: products of a few megabytes, which a GPU would be sent and wait for.

use burn::tensor::Device;
use wasm_bindgen::prelude::*;

use super::engine::check_rows;
use super::failure;
use crate::model::architecture::FEATURES;
use crate::training::neighbours::Gallery;

fn gallery(features: Vec<f32>) -> Result<Gallery, JsValue> {
    check_rows(&features)?;
    Ok(Gallery::new(features, FEATURES))
}

fn indices(tiles: Vec<usize>) -> Vec<u32> {
    tiles.into_iter().map(|tile| tile as u32).collect()
}

/// The other tiles in the order of their similarity to tile `query`; `tiles × 576` features.
#[wasm_bindgen(js_name = similarTiles)]
pub async fn similar_tiles(features: Vec<f32>, query: u32) -> Result<Vec<u32>, JsValue> {
    let order = gallery(features)?.similar_to(query as usize, &Device::flex()).await;
    order.map(indices).map_err(failure)
}

/// 1 for each tile that is unlike every labelled one, else 0.
#[wasm_bindgen(js_name = unfamiliarTiles)]
pub async fn unfamiliar_tiles(features: Vec<f32>, labelled: Vec<f32>) -> Result<Vec<u8>, JsValue> {
    let found = gallery(features)?.unfamiliar(&gallery(labelled)?, &Device::flex()).await;
    Ok(found.map_err(failure)?.into_iter().map(u8::from).collect())
}

/// The order in which labels for these tiles teach the most; `tiles × num_classes` probabilities.
#[wasm_bindgen(js_name = orderToLabel)]
pub async fn order_to_label(
    features: Vec<f32>,
    probabilities: Vec<f32>,
    num_classes: u32,
    labelled: Vec<f32>,
) -> Result<Vec<u32>, JsValue> {
    let (tiles, labelled) = (gallery(features)?, gallery(labelled)?);
    let order = tiles.order_to_label(&probabilities, num_classes as usize, &labelled, &Device::flex()).await;
    order.map(indices).map_err(failure)
}
