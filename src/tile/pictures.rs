//! PNG, WebP, GIF and BMP; PNG of 16 bits a channel goes on in `deep.rs`.

use std::borrow::Cow;
use std::io::Cursor;

use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
#[cfg(feature = "raster")]
use image::codecs::{bmp::BmpDecoder, gif::GifDecoder};
use image::error::{ImageError, ImageFormatHint, UnsupportedErrorKind};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageResult, Limits, Rgb, RgbImage, Rgba, RgbaImage};

use super::containers::{is_animated, png_as_browsers_read_it, png_palette_is_legal};
use super::decode::{Decoded, check_expansion, check_size};
use super::no_data::{Mask, noted_black_edge};
use super::{Note, TileError};

/// The most that a decoder may allocate, in bytes, with the pixels.
const MAX_ALLOCATION: u64 = 512 << 20;

/// What the decoders say of a file that ends too early; their errors have no kind for it.
const ENDS_TOO_EARLY: [&str; 3] = ["unexpected end", "failed to fill whole buffer", "Not enough bytes"];

/// A picture as its decoder gives it.
pub(super) struct Picture {
    pub image: DynamicImage,
    pub orientation: Orientation,
    pub notes: Vec<Note>,
}

/// Decodes a picture.
pub(super) fn decode(bytes: &[u8], format: ImageFormat, name: &'static str) -> Result<Decoded, TileError> {
    let Picture { image, orientation, mut notes } = read(bytes, format, name)?;
    let (rgb, data) = without_alpha(colours(image)?, &mut notes)?;
    Ok(Decoded { rgb, data, orientation, notes })
}

/// Reads a picture with the channels and the depth that it has.
pub(super) fn read(bytes: &[u8], format: ImageFormat, name: &'static str) -> Result<Picture, TileError> {
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
    let mut decoder = decoder(bytes, format).map_err(failed)?;
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
    Ok(Picture { image, orientation, notes })
}

/// What `ImageReader` does for formats of all kinds, wherever they are registered.
fn decoder(bytes: &[u8], format: ImageFormat) -> ImageResult<Box<dyn ImageDecoder + '_>> {
    let (bytes, most) = (Cursor::new(bytes), limits(MAX_ALLOCATION));
    let mut decoder: Box<dyn ImageDecoder> = match format {
        ImageFormat::Png => Box::new(PngDecoder::with_limits(bytes, most.clone())?),
        ImageFormat::WebP => Box::new(WebPDecoder::new(bytes)?),
        #[cfg(feature = "raster")]
        ImageFormat::Gif => Box::new(GifDecoder::new(bytes)?),
        #[cfg(feature = "raster")]
        ImageFormat::Bmp => Box::new(BmpDecoder::new(bytes)?),
        other => return Err(ImageError::Unsupported(ImageFormatHint::Exact(other).into())),
    };
    decoder.set_limits(most)?;
    Ok(decoder)
}

/// As EXIF says. Some writers put before it what only JPEG needs.
fn orientation(decoder: &mut impl ImageDecoder) -> Orientation {
    const PREFIX: &[u8] = b"Exif\0\0";
    let exif = decoder.exif_metadata().ok().flatten().unwrap_or_default();
    let exif = exif.strip_prefix(PREFIX).unwrap_or(&exif);
    Orientation::from_exif_chunk(exif).unwrap_or(Orientation::NoTransforms)
}

/// 8-bit RGB, and which pixels hold data: those that are opaque, if that can be opacity; else those beyond a black edge.
pub(super) fn without_alpha(colours: Colours, notes: &mut Vec<Note>) -> Result<(RgbImage, Mask), TileError> {
    let rgba = match colours {
        Colours::Opaque(rgb) => {
            let zero: Vec<bool> = rgb.pixels().map(|pixel| pixel.0 == [0; 3]).collect();
            let mask = noted_black_edge(&zero, rgb.width() as usize, notes);
            return Ok((rgb, mask));
        }
        Colours::WithAlpha(rgba) => rgba,
    };
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
        Rgb([red, green, blue])
    });
    Ok((rgb, data))
}

/// Three colours of 8 bits a pixel, and its opacity where it has one.
pub(super) enum Colours {
    Opaque(RgbImage),
    WithAlpha(RgbaImage),
}

/// The crate's own conversion would bring along those between all colour spaces: 9 kB that a visitor downloads.
pub(super) fn colours(image: DynamicImage) -> Result<Colours, TileError> {
    let (width_px, height_px) = (image.width(), image.height());
    match image {
        DynamicImage::ImageRgb8(rgb) => Ok(Colours::Opaque(rgb)),
        DynamicImage::ImageRgba8(rgba) => Ok(Colours::WithAlpha(rgba)),
        DynamicImage::ImageLuma8(grey) => {
            let pixel = |x, y| Rgb([grey.get_pixel(x, y).0[0]; 3]);
            Ok(Colours::Opaque(RgbImage::from_fn(width_px, height_px, pixel)))
        }
        DynamicImage::ImageLumaA8(grey) => {
            let pixel = |x, y| {
                let [grey, alpha] = grey.get_pixel(x, y).0;
                Rgba([grey, grey, grey, alpha])
            };
            Ok(Colours::WithAlpha(RgbaImage::from_fn(width_px, height_px, pixel)))
        }
        other => Err(unsupported(format!("An image with {:?} pixels", other.color()))),
    }
}

fn limits(max_alloc: u64) -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(max_alloc);
    limits
}

fn unsupported(kind: String) -> TileError {
    TileError::Unsupported(kind, "save it as JPEG or PNG")
}

fn failure(error: ImageError, format: &'static str) -> TileError {
    match error {
        ImageError::Limits(_) => TileError::TooMuchMemory(format),
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            TileError::Truncated(format)
        }
        ImageError::Unsupported(error) => unsupported(match error.kind() {
            UnsupportedErrorKind::Color(color) => format!("A {format} image with {color:?} pixels"),
            _ => format!("A {format} image of this variant"),
        }),
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
