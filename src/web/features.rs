//! Rows of features on their way into the engine.

use wasm_bindgen::prelude::*;

use super::failure;
use super::numbers::whole;
use crate::model::inference_error::check_rows;

/// Rows of features, handed over tile by tile: whoever keeps them need not join them first. What takes it uses it up.
#[wasm_bindgen]
pub struct Features {
    width: usize,
    values: Vec<f32>,
}

#[wasm_bindgen]
impl Features {
    /// No rows yet, of `width` numbers each; memory for `rows` of them is taken at once.
    #[wasm_bindgen(constructor)]
    pub fn new(width: f64, rows: f64) -> Result<Features, JsValue> {
        let width = whole("the width of a row", width, 1..=1 << 16)?;
        let rows = whole("the number of rows", rows, 0..=1 << 24)?;
        let mut values = Vec::new();
        values.try_reserve_exact(width.saturating_mul(rows)).map_err(|_| {
            let message = format!(
                "there is no memory for {rows} rows of features: close other tabs, or take fewer tiles"
            );
            super::throwable("engine.memory", message)
        })?;
        Ok(Self { width, values })
    }

    /// Adds the rows of a tile: one, or one for each of its views.
    pub fn push(&mut self, rows: &[f32]) -> Result<(), JsValue> {
        check_rows(rows, self.width).map_err(failure)?;
        self.values.extend_from_slice(rows);
        Ok(())
    }

    /// Rows so far.
    #[wasm_bindgen(getter)]
    pub fn length(&self) -> usize {
        self.values.len() / self.width
    }
}

impl Features {
    /// Numbers in a row, and all rows one after the other.
    pub(super) fn into_rows(self) -> (usize, Vec<f32>) {
        (self.width, self.values)
    }
}
