//! Files → tiles.

use wasm_bindgen::prelude::*;

use super::failure;
use crate::tile::{self, square_thumbnail};

/// A decoded tile.
#[wasm_bindgen]
pub struct Tile {
    pub(super) inner: tile::Tile,
}

/// Decodes the bytes of an image file.
#[wasm_bindgen(js_name = decodeTile)]
pub fn decode_tile(bytes: &[u8]) -> Result<Tile, JsValue> {
    tile::decode(bytes).map(|inner| Tile { inner }).map_err(failure)
}

#[wasm_bindgen]
impl Tile {
    /// Width in pixels, upright.
    #[wasm_bindgen(getter, js_name = widthPx)]
    pub fn width_px(&self) -> u32 {
        self.inner.width_px
    }

    /// Height in pixels, upright.
    #[wasm_bindgen(getter, js_name = heightPx)]
    pub fn height_px(&self) -> u32 {
        self.inner.height_px
    }

    /// The file's format: `JPEG`, `PNG`, …
    #[wasm_bindgen(getter)]
    pub fn format(&self) -> String {
        self.inner.format.into()
    }

    /// What decoding changed, guessed or left out, as sentences.
    #[wasm_bindgen(getter)]
    pub fn notes(&self) -> Vec<String> {
        self.inner.notes.iter().map(|note| note.sentence().into_owned()).collect()
    }

    /// The share of the tile that holds no data, from 0 to 1.
    #[wasm_bindgen(getter, js_name = noDataShare)]
    pub fn no_data_share(&self) -> f32 {
        self.inner.no_data_share()
    }

    /// The tile's centre square as `sizePx × sizePx` RGBA pixels.
    pub fn thumbnail(&self, size_px: u32) -> wasm_bindgen::Clamped<Vec<u8>> {
        let rgb = square_thumbnail(&self.inner, size_px.clamp(1, 1024));
        let rgba = rgb.as_chunks::<3>().0.iter().flat_map(|&[r, g, b]| [r, g, b, u8::MAX]);
        wasm_bindgen::Clamped(rgba.collect())
    }
}
