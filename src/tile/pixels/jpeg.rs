//! zune-jpeg's decoder of bytes in memory, without its type parameter.

use std::io::Cursor;

use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
pub use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::{PlaneInfo, RawImcuRowStatus};

use crate::ycbcr::{Plane, to_rgb};

/// A decoder of one file. Where nothing else is said, its methods do what zune-jpeg's do.
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

    /// Whether it is a picture with half as many columns of colour as of brightness, once the headers are read.
    pub fn has_halved_colour(&mut self) -> bool {
        self.halved_colour().is_some()
    }

    /// RGB as libjpeg-turbo makes it of a picture with halved colour, once the headers are read: zune-jpeg rounds twice there,
    /// and libjpeg-turbo once. None for another picture, and where anything is wrong with it.
    pub fn decode_halved_colour(mut self) -> Option<Vec<u8>> {
        let (width, height) = self.size_px()?;
        let mut planes = self.halved_colour()?.map(|size| Plane {
            samples: vec![0; size.byte_size],
            width: size.width,
            height: size.height,
            stride: size.stride,
        });
        let strides = planes.each_ref().map(|plane| plane.stride);
        let (mut raw, mut rows) = (self.0.raw_output(), [0; 3]);
        loop {
            let [luma, blue, red] = &mut planes;
            let mut below = [
                &mut luma.samples[rows[0] * strides[0]..],
                &mut blue.samples[rows[1] * strides[1]..],
                &mut red.samples[rows[2] * strides[2]..],
            ];
            match raw.decode_next_imcu_row(&mut below, &strides).ok()? {
                RawImcuRowStatus::RowReady { rows_written } => {
                    rows.iter_mut().zip(rows_written).for_each(|(rows, more)| *rows += more);
                }
                RawImcuRowStatus::Complete => break,
                _ => return None,
            }
        }
        // It holds the numbers of a progressive picture, which are larger than its pixels.
        drop(raw);
        drop(self);
        let mut pixels = vec![0; 3 * width as usize * height as usize];
        let [luma, blue, red] = &planes;
        to_rgb(luma, [blue, red], &mut pixels);
        Some(pixels)
    }

    /// How many units a scan of all components has, once the headers are read: of each the blocks that lie over one another, or
    /// one block of a single component (ITU T.81, A.2).
    pub fn units(&mut self) -> Option<usize> {
        let ((width, height), components) = (self.size_px()?, usize::from(self.components()?));
        let layout = self.0.raw_output().layout()?;
        let most =
            |factor: fn(&PlaneInfo) -> usize| layout[..components].iter().map(factor).fold(1, usize::max);
        let (across, down) = match components {
            1 => (1, 1),
            _ => {
                (most(|plane| plane.horizontal_sampling_factor), most(|plane| plane.vertical_sampling_factor))
            }
        };
        Some((width as usize).div_ceil(8 * across) * (height as usize).div_ceil(8 * down))
    }

    /// The sizes of the three components.
    fn halved_colour(&mut self) -> Option<[PlaneInfo; 3]> {
        let is_coloured = self.0.input_colorspace() == Some(ColorSpace::YCbCr);
        let [luma, blue, red, _] = self.0.raw_output().layout()?;
        let factors = |plane: &PlaneInfo| (plane.horizontal_sampling_factor, plane.vertical_sampling_factor);
        let ((wide, high), (narrow, low)) = (factors(&luma), factors(&blue));
        let is_halved =
            wide == 2 * narrow && (high == low || high == 2 * low) && factors(&blue) == factors(&red);
        // libjpeg-turbo repeats the columns of narrower pictures.
        (is_coloured && is_halved && blue.width > 2).then_some([luma, blue, red])
    }
}
