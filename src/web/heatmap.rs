//! Where in a tile a class is seen.

use wasm_bindgen::prelude::*;

use super::numbers::whole;
use crate::limits::MAX_INPUT_SIDE_PX;
use crate::model::heatmap;

/// Grad-CAM of one class on one tile.
#[wasm_bindgen]
pub struct Heatmap {
    inner: heatmap::Heatmap,
}

impl Heatmap {
    pub(super) fn new(inner: heatmap::Heatmap) -> Self {
        Self { inner }
    }
}

#[wasm_bindgen]
impl Heatmap {
    /// The class, by its place among the labels.
    #[wasm_bindgen(getter, js_name = classIndex)]
    pub fn class_index(&self) -> usize {
        self.inner.class
    }

    /// Cells of a side.
    #[wasm_bindgen(getter)]
    pub fn side(&self) -> usize {
        self.inner.side
    }

    /// What the strongest cell adds to the class's logit; 0 where nothing speaks for the class.
    #[wasm_bindgen(getter)]
    pub fn strongest(&self) -> f32 {
        self.inner.strongest()
    }

    /// `side × side` values from 0 to 1, row by row from the top: shares of the strongest cell.
    pub fn values(&self) -> Vec<f32> {
        self.inner.shares()
    }

    /// What the network sees of the tile, as shares of its width and height: left, top, right, bottom.
    pub fn seen(&self) -> Vec<f64> {
        self.inner.seen.into()
    }

    /// The values as a smooth picture of the whole tile, `widthPx × heightPx`; NaN where the network does not see it.
    #[wasm_bindgen(js_name = overTile)]
    pub fn over_tile(
        &self,
        #[wasm_bindgen(js_name = widthPx)] width_px: f64,
        #[wasm_bindgen(js_name = heightPx)] height_px: f64,
    ) -> Result<Vec<f32>, JsValue> {
        let width_px = whole("the width", width_px, 1..=MAX_INPUT_SIDE_PX as usize)?;
        let height_px = whole("the height", height_px, 1..=MAX_INPUT_SIDE_PX as usize)?;
        Ok(self.inner.over_tile(width_px as u32, height_px as u32))
    }
}
