//! PNG of 16 bits a channel: pictures that use all of them, or measurements such as Sentinel-2's, which use few.

use image::{DynamicImage, ImageFormat, RgbImage, RgbaImage};

use super::decode::{DEEP_PNG, Decoded};
use super::no_data::{Mask, noted_black_edge};
use super::pictures::{Colours, Picture, colours, read, without_alpha};
use super::rasters::out_of_range;
use super::{Note, TileError};
use crate::raster::{Range, RasterError, Rule, Sample, Stretch, distinct};

/// Numbers that hardly ever reach this are no picture but measurements.
const DARK_LEVEL: f64 = 16_384.0;

/// All numbers that 16 bits can hold.
const WHOLE: Range = Range { black: 0.0, white: u16::MAX as f64 };

/// Decodes a PNG of 16 bits a channel, by a stretch that was chosen before or by its own numbers.
pub(super) fn decode(bytes: &[u8], stretch: Option<&Stretch>) -> Result<Decoded, TileError> {
    let Picture { image, orientation, mut notes } = read(bytes, ImageFormat::Png, DEEP_PNG)?;
    let Some(deep) = Deep::of(&image) else {
        let (rgb, data) = without_alpha(colours(image)?, &mut notes)?;
        return Ok(Decoded { rgb, data, orientation, notes });
    };
    let own;
    let stretch = match stretch {
        Some(stretch) => stretch,
        None => {
            own = deep.sample(deep.bands())?.deep_stretch(deep.bands());
            &own
        }
    };
    notes.push(stretch.sentence().map_or(Note::DeepChannels, Note::Text));
    let (colours, data) = deep.to_bytes(stretch, &mut notes)?;
    // Both take much room.
    drop(image);
    let (rgb, data) = match (colours, data) {
        (Colours::Opaque(rgb), Some(data)) => (rgb, data),
        (colours, _) => without_alpha(colours, &mut notes)?,
    };
    notes.extend(out_of_range(rgb.as_raw(), &data, stretch));
    Ok(Decoded { rgb, data, orientation, notes })
}

/// What is in such a PNG: how many bands of colour, those that serve as red, green and blue, and a sample of them.
pub(super) struct Looked {
    pub colours: usize,
    pub bands: [usize; 3],
    pub sample: Sample,
}

/// Looks at the bands that were asked for, or else at those that a PNG is shown by.
///
/// # Errors
///
/// [`TileError`] where it cannot be decoded, or has no such band.
pub(super) fn look(bytes: &[u8], bands: Option<[usize; 3]>) -> Result<Looked, TileError> {
    let Picture { image, .. } = read(bytes, ImageFormat::Png, DEEP_PNG)?;
    let deep = Deep::of(&image).ok_or(TileError::Decoder(DEEP_PNG))?;
    let shown = bands.unwrap_or(deep.bands());
    Ok(Looked { colours: deep.colours, bands: deep.bands(), sample: deep.sample(shown)? })
}

/// A picture of 16 bits a channel.
struct Deep<'a> {
    width: u32,
    height: u32,
    numbers: &'a [u16],
    colours: usize,
    has_alpha: bool,
}

impl<'a> Deep<'a> {
    fn of(image: &'a DynamicImage) -> Option<Self> {
        let (numbers, colours, has_alpha): (&[u16], _, _) = match image {
            DynamicImage::ImageLuma16(image) => (image.as_raw(), 1, false),
            DynamicImage::ImageLumaA16(image) => (image.as_raw(), 1, true),
            DynamicImage::ImageRgb16(image) => (image.as_raw(), 3, false),
            DynamicImage::ImageRgba16(image) => (image.as_raw(), 3, true),
            _ => return None,
        };
        Some(Self { width: image.width(), height: image.height(), numbers, colours, has_alpha })
    }

    fn channels(&self) -> usize {
        self.colours + usize::from(self.has_alpha)
    }

    /// The bands, from 0, that serve as red, green and blue.
    fn bands(&self) -> [usize; 3] {
        [0, 1, 2].map(|band| band.min(self.colours - 1))
    }

    /// Of each of `bands` once.
    fn sample(&self, bands: [usize; 3]) -> Result<Sample, TileError> {
        self.check(bands)?;
        let distinct = distinct(&bands);
        let channels = self.channels();
        let holds_data = |pixel: usize| !self.has_alpha || self.numbers[pixel * channels + self.colours] > 0;
        let number = |pixel: usize, band: usize| f64::from(self.numbers[pixel * channels + distinct[band]]);
        Ok(Sample::of_pixels(self.numbers.len() / channels, distinct.len(), holds_data, number))
    }

    fn check(&self, bands: [usize; 3]) -> Result<(), TileError> {
        let Some(band) = bands.iter().find(|&&band| band >= self.colours) else { return Ok(()) };
        let message = format!("there is no band {}: the picture has {}", band + 1, self.colours);
        Err(RasterError::Outside(message).into())
    }

    /// The colours, and whether each pixel holds data, where no opacity says so.
    fn to_bytes(
        &self,
        stretch: &Stretch,
        notes: &mut Vec<Note>,
    ) -> Result<(Colours, Option<Mask>), TileError> {
        let bands = stretch.band_indices();
        self.check(bands)?;
        let levels = stretch
            .ranges
            .map(|range| (0..=u16::MAX).map(|value| range.level(value.into())).collect::<Vec<u8>>());
        let pixels = self.numbers.chunks_exact(self.channels());
        let mut bytes = Vec::with_capacity(pixels.len() * (3 + usize::from(self.has_alpha)));
        for pixel in pixels.clone() {
            bytes.extend([0, 1, 2].map(|channel| levels[channel][usize::from(pixel[bands[channel]])]));
            bytes.extend(self.has_alpha.then(|| WHOLE.level(pixel[self.colours].into())));
        }
        const FITS: &str = "as many bytes as there were numbers";
        if self.has_alpha {
            let rgba = RgbaImage::from_raw(self.width, self.height, bytes).expect(FITS);
            return Ok((Colours::WithAlpha(rgba), None));
        }
        let zero: Vec<bool> = pixels.map(|pixel| pixel.iter().all(|&value| value == 0)).collect();
        let data = noted_black_edge(&zero, self.width as usize, notes);
        let rgb = RgbImage::from_raw(self.width, self.height, bytes).expect(FITS);
        Ok((Colours::Opaque(rgb), Some(data)))
    }
}

impl Sample {
    /// The stretch of pictures of 16 bits: all that the bits can hold, or the middle of the numbers where those fill only
    /// the lowest part.
    pub(super) fn deep_stretch(&self, bands: [usize; 3]) -> Stretch {
        let cut = self.stretch(Rule::CumulativeCut, bands);
        if cut.ranges.iter().all(|range| range.white < DARK_LEVEL) {
            return cut;
        }
        Stretch { ranges: [WHOLE; 3], rule: Rule::AsIs, ..cut }
    }
}
