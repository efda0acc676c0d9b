//! zune-jpeg's decoder of bytes in memory, without its type parameter.

use std::io::Cursor;

use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
pub use zune_jpeg::errors::DecodeErrors;

/// A decoder of one file. Its methods do what zune-jpeg's do.
pub struct JpegDecoder(zune_jpeg::JpegDecoder<Cursor<Vec<u8>>>);

#[expect(missing_docs, reason = "zune-jpeg explains them")]
impl JpegDecoder {
    pub fn new(bytes: Vec<u8>, options: DecoderOptions) -> Self {
        Self(zune_jpeg::JpegDecoder::new_with_options(Cursor::new(bytes), options))
    }

    pub fn decode_headers(&mut self) -> Result<(), DecodeErrors> {
        self.0.decode_headers()
    }

    /// Width and height in pixels, once the headers are read.
    pub fn size_px(&self) -> Option<(u32, u32)> {
        self.0.info().map(|info| (u32::from(info.width), u32::from(info.height)))
    }

    pub fn input_colorspace(&self) -> Option<ColorSpace> {
        self.0.input_colorspace()
    }

    /// Bands a pixel, once the headers are read.
    pub fn components(&self) -> Option<u8> {
        self.0.info().map(|info| info.components)
    }

    pub fn set_options(&mut self, options: DecoderOptions) {
        self.0.set_options(options);
    }

    pub fn exif(&self) -> Option<&[u8]> {
        self.0.exif().map(Vec::as_slice)
    }

    pub fn set_incremental_mode(&mut self, is_incremental: bool) {
        self.0.set_incremental_mode(is_incremental);
    }

    pub fn output_buffer_size(&self) -> Option<usize> {
        self.0.output_buffer_size()
    }

    pub fn decode(&mut self) -> Result<Vec<u8>, DecodeErrors> {
        self.0.decode()
    }

    pub fn decode_into(&mut self, pixels: &mut [u8]) -> Result<(), DecodeErrors> {
        self.0.decode_into(pixels)
    }

    pub fn decoded_scanlines(&self) -> Option<usize> {
        self.0.decoded_scanlines()
    }

    pub fn decoded_scans(&self) -> Option<usize> {
        self.0.decoded_scans()
    }
}
