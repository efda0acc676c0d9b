//! Tiles compared by their features.

use wasm_bindgen::prelude::*;

use super::features::Features;
use super::numbers::{check_len, whole};
use super::throwable;
use crate::limits::MAX_MODEL_CLASSES;
use crate::training::neighbours::Gallery;

fn gallery(features: Features) -> Gallery {
    let (width, rows) = features.into_rows();
    Gallery::new(rows, width)
}

/// Tiles and labelled tiles by features of the same backbone.
fn galleries(features: Features, labelled: Features) -> Result<[Gallery; 2], JsValue> {
    let galleries = [features, labelled].map(gallery);
    if galleries[0].width() != galleries[1].width() {
        let message = "the features are of different backbones: compute them anew".into();
        return Err(throwable("features.shape", message));
    }
    Ok(galleries)
}

fn indices(tiles: Vec<usize>) -> Vec<u32> {
    tiles.into_iter().map(|tile| tile as u32).collect()
}

/// The tiles most similar to tile `query`, the most similar first and itself left out: `count` of them, or all where
/// there are fewer.
#[wasm_bindgen(js_name = similarTiles)]
pub fn similar_tiles(features: Features, query: f64, count: f64) -> Result<Vec<u32>, JsValue> {
    let gallery = gallery(features);
    if gallery.is_empty() {
        return Err(throwable("request.number", "there are no tiles to compare with".into()));
    }
    let query = whole("the tile's index", query, 0..=gallery.len() - 1)?;
    let count = whole("the number of similar tiles", count, 0..=u32::MAX as usize)?;
    Ok(indices(gallery.similar_to(query, count)))
}

/// 1 for each tile that is unlike every labelled one, else 0.
#[wasm_bindgen(js_name = unfamiliarTiles)]
pub fn unfamiliar_tiles(features: Features, labelled: Features) -> Result<Vec<u8>, JsValue> {
    let [tiles, labelled] = galleries(features, labelled)?;
    Ok(tiles.unfamiliar(&labelled).into_iter().map(u8::from).collect())
}

/// The order in which labels for these tiles teach the most; `tiles × classCount` probabilities.
#[wasm_bindgen(js_name = orderToLabel)]
pub fn order_to_label(
    features: Features,
    probabilities: Vec<f32>,
    #[wasm_bindgen(js_name = classCount)] class_count: f64,
    labelled: Features,
) -> Result<Vec<u32>, JsValue> {
    let class_count = whole("the number of classes", class_count, 1..=MAX_MODEL_CLASSES)?;
    let [tiles, labelled] = galleries(features, labelled)?;
    check_len("the probabilities", probabilities.len(), tiles.len() * class_count)?;
    Ok(indices(tiles.order_to_label(&probabilities, class_count, &labelled)))
}
