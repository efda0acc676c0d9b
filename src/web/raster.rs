//! Rasters in a worker: bytes by ranges from a `Blob`, windows as tiles, one stretch for all that came together.

use std::borrow::Cow;
use std::io;

use js_sys::{Function, Uint8Array};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use super::tile::Tile;
use super::{failure, throwable, to_js};
use crate::raster::{self, Prepared, Source, Stretch, Window, prepare, prepare_alike, summary};
use crate::tile::{Together, decode_stretched, tile_of_raster};

/// Bytes that a function of JavaScript fetches: `(offset, length) => Uint8Array`, at once, as `FileReaderSync` does.
struct Slices {
    size: f64,
    read: Function,
}

impl Source for Slices {
    fn size(&self) -> u64 {
        self.size as u64
    }

    fn read(&self, offset: u64, length: usize) -> io::Result<Cow<'_, [u8]>> {
        let failed = |_| io::Error::other("the browser could not read this part of it");
        let bytes = self
            .read
            .call2(&JsValue::NULL, &(offset as f64).into(), &(length as f64).into())
            .map_err(failed)?;
        let bytes = bytes.dyn_into::<Uint8Array>().map_err(failed)?.to_vec();
        if bytes.len() == length { Ok(Cow::Owned(bytes)) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

/// What a page is told of a raster.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RasterInfo<'a> {
    width: u32,
    height: u32,
    bands: usize,
    /// From pixels to coordinates of the CRS, in GDAL's order.
    transform: Option<[f64; 6]>,
    epsg: Option<u32>,
    lines: Vec<String>,
    stretch: &'a Stretch,
    notes: &'a [String],
}

/// An open raster.
#[wasm_bindgen]
pub struct Raster {
    inner: raster::Raster<'static>,
    prepared: Prepared,
}

#[wasm_bindgen]
impl Raster {
    /// Opens a TIFF of `size` bytes, of which `read(offset, length)` gives any, and chooses how it is shown.
    pub fn open(size: f64, read: Function) -> Result<Raster, JsValue> {
        let mut inner = raster::Raster::open(Slices { size, read }).map_err(failure)?;
        let prepared = prepare(&mut inner).map_err(failure)?;
        Ok(Self { inner, prepared })
    }

    /// `{ width, height, bands, transform, epsg, lines, stretch, notes }`.
    pub fn describe(&self) -> JsValue {
        let description = self.inner.description();
        to_js(&RasterInfo {
            width: description.width,
            height: description.height,
            bands: description.bands.len(),
            transform: description.georeference.transform,
            epsg: description.georeference.epsg(),
            lines: summary(description, &self.prepared),
            stretch: &self.prepared.stretch,
            notes: &self.prepared.notes,
        })
    }

    /// Shows it by another stretch, as `describe` gives one.
    #[wasm_bindgen(js_name = setStretch)]
    pub fn set_stretch(&mut self, stretch: JsValue) -> Result<(), JsValue> {
        self.prepared = prepare_alike(&mut self.inner, stretch_of(stretch)?).map_err(failure)?;
        Ok(())
    }

    /// A window as a tile: column and row of its upper left pixel, width and height.
    pub fn tile(&mut self, x: u32, y: u32, width: u32, height: u32) -> Result<Tile, JsValue> {
        let window = Window { x, y, width, height };
        tile_of_raster(&mut self.inner, window, &self.prepared).map(|inner| Tile { inner }).map_err(failure)
    }
}

/// The stretch that files have in common which came together.
#[wasm_bindgen]
#[derive(Default)]
pub struct Batch {
    inner: Together,
}

#[wasm_bindgen]
impl Batch {
    /// Of no files yet.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks at a file of `size` bytes, of which `read(offset, length)` gives any, before one is decoded.
    #[wasm_bindgen(js_name = lookAt)]
    pub fn look_at(&mut self, size: f64, read: Function) {
        self.inner.look_at(Slices { size, read });
    }

    /// Chooses the stretches by what was seen.
    pub fn settle(&mut self) {
        self.inner.settle();
    }

    /// The stretch of a file of the batch; undefined where it needs none.
    pub fn stretch(&self, bytes: &[u8]) -> JsValue {
        self.inner.stretch_of(bytes).map_or(JsValue::UNDEFINED, to_js)
    }
}

/// Decodes the bytes of a TIFF file by a stretch that was chosen before.
#[wasm_bindgen(js_name = decodeStretched)]
pub fn decode_stretched_tile(bytes: &[u8], stretch: JsValue) -> Result<Tile, JsValue> {
    decode_stretched(bytes, &stretch_of(stretch)?).map(|inner| Tile { inner }).map_err(failure)
}

fn stretch_of(value: JsValue) -> Result<Stretch, JsValue> {
    serde_wasm_bindgen::from_value(value)
        .map_err(|error| throwable("raster.stretch", format!("the stretch cannot be understood: {error}")))
}
