//! Files → tiles.

use wasm_bindgen::prelude::*;

use super::failure;
use crate::tile;
#[cfg(feature = "engine")]
use crate::tile::square_thumbnail;

/// A decoded tile.
#[wasm_bindgen]
pub struct Tile {
    pub(super) inner: tile::Tile,
}

/// Who reads a file, by its first 32 bytes: the engine, the module of rasters, or that by a stretch.
#[cfg(feature = "engine")]
#[wasm_bindgen(js_name = readerOf, unchecked_return_type = "'engine' | 'rare' | 'raster'")]
pub fn reader_of(head: &[u8]) -> String {
    match tile::reader_of(head) {
        tile::Reader::Usual => "engine",
        tile::Reader::Rare => "rare",
        tile::Reader::Stretched => "raster",
    }
    .into()
}

/// Decodes the bytes of an image file.
#[wasm_bindgen(js_name = decodeTile)]
pub fn decode_tile(bytes: &[u8]) -> Result<Tile, JsValue> {
    tile::decode(bytes).map(|inner| Tile { inner }).map_err(failure)
}

#[cfg(feature = "engine")]
#[wasm_bindgen]
impl Tile {
    /// A tile that the module of rasters decoded: `widthPx × heightPx × 3` bytes.
    #[wasm_bindgen(js_name = ofRgb)]
    pub fn of_rgb(
        #[wasm_bindgen(js_name = widthPx)] width_px: u32,
        #[wasm_bindgen(js_name = heightPx)] height_px: u32,
        rgb: Vec<u8>,
    ) -> Result<Tile, JsValue> {
        if rgb.len() as u64 != 3 * u64::from(width_px) * u64::from(height_px) {
            return Err(super::throwable(
                "image.corrupt",
                "the tile's pixels are not as many as it says".into(),
            ));
        }
        Ok(Self { inner: tile::Tile { width_px, height_px, rgb, format: "RGB", notes: Vec::new() } })
    }

    /// The tile's centre square as RGBA pixels, `mostPx` a side, or as many as the tile has.
    pub fn thumbnail(
        &self,
        #[wasm_bindgen(js_name = mostPx)] most_px: u32,
    ) -> wasm_bindgen::Clamped<Vec<u8>> {
        let shorter_px = self.inner.width_px.min(self.inner.height_px);
        let rgb = square_thumbnail(&self.inner, shorter_px.min(most_px).max(1));
        let rgba = rgb.as_chunks::<3>().0.iter().flat_map(|&[r, g, b]| [r, g, b, u8::MAX]);
        wasm_bindgen::Clamped(rgba.collect())
    }
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

    /// Its pixels, `widthPx × heightPx × 3` bytes. Empty when they are asked for again.
    #[wasm_bindgen(js_name = takeRgb)]
    pub fn take_rgb(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.inner.rgb)
    }
}
