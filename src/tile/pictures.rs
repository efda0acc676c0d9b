//! PNG, WebP, GIF and BMP.

use std::borrow::Cow;
use std::io::Cursor;

use image::error::{ImageError, UnsupportedErrorKind};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage};

use super::containers::{is_animated, png_as_browsers_read_it, png_palette_is_legal};
use super::decode::{Decoded, check_expansion, check_size};
use super::no_data::{Mask, black_edge};
use super::{Note, TileError};
use crate::raster::{Range, Rule, Stretch};

/// The most that a decoder may allocate, in bytes, with the pixels.
const MAX_ALLOCATION: u64 = 512 << 20;

/// What the decoders say of a file that ends too early; their errors have no kind for it.
const ENDS_TOO_EARLY: [&str; 3] = ["unexpected end", "failed to fill whole buffer", "Not enough bytes"];

/// A picture of 16 bits whose numbers hardly ever reach this is no picture but measurements, such as Sentinel-2's.
const DARK_LEVEL: usize = 0x4000;

/// Decodes a picture.
pub(super) fn decode(bytes: &[u8], format: ImageFormat, name: &'static str) -> Result<Decoded, TileError> {
    let failed = |error| failure(error, name);
    let mut notes = Vec::new();
    let mut bytes = Cow::Borrowed(bytes);
    if format == ImageFormat::Png {
        if !png_palette_is_legal(&bytes) {
            return Err(TileError::Corrupt { format: name, detail: "its palette is none".into() });
        }
        if let Some(repaired) = png_as_browsers_read_it(&bytes) {
            notes.push(Note::Text("Parts of the PNG beside its pixels are damaged and left out.".into()));
            bytes = Cow::Owned(repaired);
        }
    }
    let bytes = &*bytes;
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits(MAX_ALLOCATION));
    let mut decoder = reader.into_decoder().map_err(failed)?;
    let (width_px, height_px) = decoder.dimensions();
    check_size(width_px, height_px)?;
    let pixel_bytes = decoder.total_bytes();
    check_expansion(bytes.len(), pixel_bytes, name)?;
    // A decoder counts only what it needs beside the pixels: that is what the pixels leave.
    let left = MAX_ALLOCATION.checked_sub(pixel_bytes).ok_or(TileError::TooMuchMemory(name))?;
    decoder.set_limits(limits(left)).map_err(failed)?;
    let orientation = orientation(&mut decoder);
    let image = DynamicImage::from_decoder(decoder).map_err(failed)?;

    if is_animated(bytes, format) {
        notes.push(Note::Animated);
    }
    if !image.color().has_color() {
        notes.push(Note::Greyscale);
    }
    let image = eight_bits(image, &mut notes);
    let (rgb, data) = without_alpha(image, &mut notes)?;
    Ok(Decoded { rgb, data, orientation, notes })
}

/// The picture with 8 bits a channel; the deeper one is let go of here, since both take much room.
fn eight_bits(image: DynamicImage, notes: &mut Vec<Note>) -> DynamicImage {
    match Deep::of(&image) {
        Some(deep) => deep.to_bytes(notes),
        None => image,
    }
}

/// As EXIF says. Some writers put before it what only JPEG needs.
fn orientation(decoder: &mut impl ImageDecoder) -> Orientation {
    const PREFIX: &[u8] = b"Exif\0\0";
    let exif = decoder.exif_metadata().ok().flatten().unwrap_or_default();
    let exif = exif.strip_prefix(PREFIX).unwrap_or(&exif);
    Orientation::from_exif_chunk(exif).unwrap_or(Orientation::NoTransforms)
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

    /// Scaled down to 8 bits, or stretched where the numbers fill only the lowest part of their range.
    fn to_bytes(&self, notes: &mut Vec<Note>) -> DynamicImage {
        let channels = self.colours + usize::from(self.has_alpha);
        let counts: Vec<Vec<u32>> = (0..self.colours).map(|channel| self.counts(channel, channels)).collect();
        let is_dark = counts.iter().all(|counts| quantile(counts, 0.98) < DARK_LEVEL);
        let whole = Range { black: 0.0, white: f64::from(u16::MAX) };
        let range = |counts: &Vec<u32>| {
            let [black, white] = [0.02, 0.98].map(|share| quantile(counts, share) as f64);
            if is_dark { Range { black, white } } else { whole }
        };
        let mut ranges: Vec<Range> = counts.iter().map(range).collect();
        if is_dark {
            let shown = [0, 1, 2].map(|channel| ranges[channel.min(self.colours - 1)]);
            let stretch =
                Stretch { bands: [1, 2, 3], ranges: shown, rule: Rule::CumulativeCut, no_data: None };
            notes.extend(stretch.sentence().map(Note::Text));
        } else {
            notes.push(Note::DeepChannels);
        }
        ranges.resize(channels, whole);
        let levels: Vec<Vec<u8>> =
            ranges.iter().map(|range| (0..=u16::MAX).map(|v| range.level(v.into())).collect()).collect();
        let bytes = self.numbers.iter().enumerate();
        let bytes: Vec<u8> =
            bytes.map(|(index, &value)| levels[index % channels][usize::from(value)]).collect();
        let (width, height) = (self.width, self.height);
        let image = match (self.colours, self.has_alpha) {
            (1, false) => image::GrayImage::from_raw(width, height, bytes).map(DynamicImage::from),
            (1, true) => image::GrayAlphaImage::from_raw(width, height, bytes).map(DynamicImage::from),
            (_, false) => RgbImage::from_raw(width, height, bytes).map(DynamicImage::from),
            (_, true) => image::RgbaImage::from_raw(width, height, bytes).map(DynamicImage::from),
        };
        image.expect("as many bytes as there were numbers")
    }

    fn counts(&self, channel: usize, channels: usize) -> Vec<u32> {
        let mut counts = vec![0; 1 << 16];
        self.numbers
            .iter()
            .skip(channel)
            .step_by(channels)
            .for_each(|&value| counts[usize::from(value)] += 1);
        counts
    }
}

/// The number below which that share of all lies.
fn quantile(counts: &[u32], share: f64) -> usize {
    let all: u64 = counts.iter().map(|&count| u64::from(count)).sum();
    let rank = (share * all.saturating_sub(1) as f64).round() as u64;
    let mut below = 0;
    counts
        .iter()
        .position(|&count| {
            below += u64::from(count);
            below > rank
        })
        .unwrap_or(0)
}

/// 8-bit RGB, and which pixels hold data: those that are opaque, if that can be opacity; else those beyond a black edge.
fn without_alpha(image: DynamicImage, notes: &mut Vec<Note>) -> Result<(RgbImage, Mask), TileError> {
    if !image.color().has_alpha() {
        let rgb = image.into_rgb8();
        let zero: Vec<bool> = rgb.pixels().map(|pixel| pixel.0 == [0; 3]).collect();
        let mask = black_edge(&zero, rgb.width() as usize);
        if mask.missing_share() > 0.0 {
            notes.push(Note::Text("What is exactly black along the edge is taken for no data.".into()));
        }
        return Ok((rgb, mask));
    }
    let rgba = image.into_rgba8();
    let all = rgba.pixels().len();
    let count = |wanted: u8| rgba.pixels().filter(|pixel| pixel[3] == wanted).count();
    let (transparent, opaque) = (count(0), count(u8::MAX));
    // Opacity is nearly always all or nothing, and somewhere there is something.
    let is_opacity = opaque > 0 && 2 * (transparent + opaque) >= all;
    let first = rgba.get_pixel(0, 0).0;
    if transparent == all && rgba.pixels().all(|pixel| pixel.0 == first) {
        return Err(TileError::NoData { share: 1.0 });
    }
    let data = if is_opacity && opaque < all {
        Mask(rgba.pixels().map(|pixel| pixel[3] >= 0x80).collect())
    } else {
        Mask::default()
    };
    if !is_opacity {
        notes.push(Note::Text("Its opacity is left out: hardly a pixel would be opaque.".into()));
    }
    let rgb = RgbImage::from_fn(rgba.width(), rgba.height(), |x, y| {
        let [red, green, blue, _] = rgba.get_pixel(x, y).0;
        image::Rgb([red, green, blue])
    });
    Ok((rgb, data))
}

fn limits(max_alloc: u64) -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(max_alloc);
    limits
}

fn failure(error: ImageError, format: &'static str) -> TileError {
    match error {
        ImageError::Limits(_) => TileError::TooMuchMemory(format),
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            TileError::Truncated(format)
        }
        ImageError::Unsupported(error) => {
            let kind = match error.kind() {
                UnsupportedErrorKind::Color(color) => format!("A {format} image with {color:?} pixels"),
                _ => format!("A {format} image of this variant"),
            };
            TileError::Unsupported(kind, "save it as JPEG or PNG")
        }
        other => {
            let detail = other.to_string();
            if ENDS_TOO_EARLY.iter().any(|words| detail.contains(words)) {
                TileError::Truncated(format)
            } else {
                TileError::Corrupt { format, detail }
            }
        }
    }
}
