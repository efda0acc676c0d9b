//! Rasters and rare pictures in a worker: bytes by ranges from a `Blob`, windows as tiles, one stretch for all files that
//! came together.

use std::borrow::Cow;
use std::io;

use js_sys::{Function, Uint8Array};
use wasm_bindgen::prelude::*;

use super::tile::Tile;
use super::{failure, throwable, to_js};
use crate::raster::{self, Prepared, Sidecars, Source, Stretch, Window, prepare, prepare_alike};
use crate::tile::{Picture, Together, decode, decode_picture, decode_stretched, tile_of_raster};

/// Bytes that a function of JavaScript fetches: `(offset, length) => Uint8Array`, at once, as `FileReaderSync` does.
struct Slices {
    size: f64,
    read: Function,
}

impl Slices {
    fn new(size: f64, read: Function) -> Self {
        Self { size, read }
    }
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

/// An open raster.
#[wasm_bindgen]
pub struct Raster {
    inner: raster::Raster<'static>,
    prepared: Prepared,
}

#[wasm_bindgen]
impl Raster {
    /// Opens a TIFF of `size` bytes, of which `read(offset, length)` gives any, with the texts of the world file and of the
    /// `.aux.xml` that stood beside it. Without a stretch one is chosen by its own numbers.
    pub fn open(
        size: f64,
        read: Function,
        world: Option<String>,
        #[wasm_bindgen(js_name = auxXml)] aux_xml: Option<String>,
        #[wasm_bindgen(unchecked_param_type = "Stretch | null")] stretch: JsValue,
    ) -> Result<Raster, JsValue> {
        let (inner, prepared) = open_beside(size, read, world, aux_xml, stretch)?;
        Ok(Self { inner, prepared })
    }

    /// Where in the file that is stored which [`Raster::tile`] would fetch for a window: offset and length of each part.
    pub fn parts(&self, x: u32, y: u32, width: u32, height: u32) -> Result<Vec<f64>, JsValue> {
        let window = Window { x, y, width, height };
        let parts = self.inner.picture_parts(0, window, &self.prepared).map_err(failure)?;
        Ok(parts.into_iter().flat_map(|(offset, length)| [offset as f64, length as f64]).collect())
    }

    /// A window as a tile: column and row of its upper left pixel, width and height.
    pub fn tile(&mut self, x: u32, y: u32, width: u32, height: u32) -> Result<Tile, JsValue> {
        let window = Window { x, y, width, height };
        tile_of_raster(&mut self.inner, window, &self.prepared).map(|inner| Tile { inner }).map_err(failure)
    }
}

/// Files that came together, before any is decoded.
#[wasm_bindgen]
pub struct Batch {
    inner: Together,
}

#[wasm_bindgen]
impl Batch {
    /// Of no files yet. `bands`, from 1, are those that the user chose to be seen as red, green and blue.
    #[wasm_bindgen(constructor)]
    pub fn new(bands: Option<Vec<u16>>) -> Self {
        let bands = bands.and_then(|bands| <[u16; 3]>::try_from(bands).ok());
        Self { inner: Together::measuring(bands.map(|bands| bands.map(|band| usize::from(band.max(1)) - 1))) }
    }

    /// Looks at a file of `size` bytes, of which `read(offset, length)` gives any, and at what stood beside it. Says what
    /// names files of its kind; undefined where it has colours of its own, or cannot be read.
    #[wasm_bindgen(js_name = lookAt)]
    pub fn look_at(
        &mut self,
        size: f64,
        read: Function,
        world: Option<String>,
        #[wasm_bindgen(js_name = auxXml)] aux_xml: Option<String>,
    ) -> Option<String> {
        let sidecars = Sidecars { world: world.as_deref(), aux_xml: aux_xml.as_deref() };
        self.inner.look_at_beside(Slices::new(size, read), sidecars)
    }

    /// Kind by kind, what was seen, and how it may be shown.
    #[wasm_bindgen(unchecked_return_type = "LikeFiles[]")]
    pub fn groups(&mut self) -> JsValue {
        self.inner.settle();
        to_js(&self.inner.groups())
    }
}

/// Decodes a raster or a picture, by a stretch that was chosen before, or else by its own numbers.
#[wasm_bindgen(js_name = decodeRaster)]
pub fn decode_raster(
    bytes: &[u8],
    #[wasm_bindgen(unchecked_param_type = "Stretch | null | undefined")] stretch: JsValue,
) -> Result<Tile, JsValue> {
    let tile = if stretch.is_null() || stretch.is_undefined() {
        decode(bytes)
    } else {
        decode_stretched(bytes, &stretch_of(stretch)?)
    };
    tile.map(|inner| Tile { inner }).map_err(failure)
}

/// Whether a file that begins so is a picture that can only be decoded as a whole; the first 32 bytes tell it.
#[wasm_bindgen(js_name = isPicture)]
pub fn is_picture(head: &[u8]) -> bool {
    crate::tile::is_picture(head)
}

/// A picture that a scene is made of.
#[wasm_bindgen]
pub struct WholePicture {
    inner: Picture,
}

#[wasm_bindgen]
impl WholePicture {
    /// Decodes it, and turns it upright unless a world file `isBeside` it.
    pub fn decode(
        bytes: &[u8],
        #[wasm_bindgen(js_name = isBeside)] is_beside: bool,
    ) -> Result<WholePicture, JsValue> {
        decode_picture(bytes, !is_beside).map(|inner| Self { inner }).map_err(failure)
    }

    /// Width in pixels.
    #[wasm_bindgen(getter)]
    pub fn width(&self) -> u32 {
        self.inner.size_px[0]
    }

    /// Height in pixels.
    #[wasm_bindgen(getter)]
    pub fn height(&self) -> u32 {
        self.inner.size_px[1]
    }

    /// Whether there are four bytes a pixel, the last its opacity, and not three.
    #[wasm_bindgen(getter, js_name = hasOpacity)]
    pub fn has_opacity(&self) -> bool {
        self.inner.has_opacity
    }

    /// The pixels, row by row; the picture is gone then.
    #[wasm_bindgen(js_name = takePixels)]
    pub fn take_pixels(self) -> Vec<u8> {
        self.inner.pixels
    }
}

/// Opens a raster with what stood beside it, to be shown by that stretch, or where there is none by one of its own numbers.
pub(super) fn open_beside(
    size: f64,
    read: Function,
    world: Option<String>,
    aux_xml: Option<String>,
    stretch: JsValue,
) -> Result<(raster::Raster<'static>, Prepared), JsValue> {
    let sidecars = Sidecars { world: world.as_deref(), aux_xml: aux_xml.as_deref() };
    let mut raster = raster::Raster::open_beside(Slices::new(size, read), sidecars).map_err(failure)?;
    let prepared = if stretch.is_null() {
        prepare(&mut raster)
    } else {
        prepare_alike(&mut raster, stretch_of(stretch)?)
    };
    Ok((raster, prepared.map_err(failure)?))
}

fn stretch_of(value: JsValue) -> Result<Stretch, JsValue> {
    serde_wasm_bindgen::from_value(value)
        .map_err(|error| throwable("raster.stretch", format!("the stretch cannot be understood: {error}")))
}
