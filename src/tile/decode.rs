//! Image bytes → [`Tile`], with limits that are checked before a pixel is decoded.

use std::io::Cursor;

use image::error::{ImageError, UnsupportedErrorKind};
use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ExtendedColorType, ImageDecoder, ImageFormat, ImageReader, Limits};
use thiserror::Error;

use super::containers::{is_animated, jpeg_components, jpeg_is_whole, png_palette_is_legal};
use super::{Note, Tile};
use crate::ErrorCode;
use crate::limits::{MAX_TILE_PIXELS, MIN_TILE_SIDE_PX};

/// The most that a decoder may allocate, in bytes, with the pixels.
const MAX_ALLOCATION: u64 = 512 << 20;

/// Pixels of fewer bytes cost little, however small the file is that they come from.
const MAX_UNDOUBTED_BYTES: u64 = 64 << 20;

/// The most bytes of pixels that a byte of a larger file may stand for. The most that a baseline JPEG reaches, of one
/// colour all over, is 170; deflate reaches 1032.
const MAX_EXPANSION: u64 = 250;

/// What transparent pixels are laid on: white, as a page shows them.
const BACKGROUND: f32 = 255.0;

/// What the decoders say of a file that ends too early; their errors have no kind for it.
const ENDS_TOO_EARLY: [&str; 3] = ["unexpected end", "failed to fill whole buffer", "Not enough bytes"];

/// Why a file gives no tile.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum TileError {
    /// Zero bytes.
    #[error("the file is empty: save or download it again")]
    Empty,
    /// A kind of file that is not read.
    #[error("{0} cannot be read here: convert it to JPEG, PNG, WebP, GIF, BMP or TIFF")]
    Unsupported(String),
    /// The file ends before the image does.
    #[error("the {0} image is cut off before its end: download or copy it again")]
    Truncated(&'static str),
    /// The bytes make no image.
    #[error("the {format} image is damaged ({detail}): open and save it again with an image editor")]
    Corrupt {
        /// The format that the file claims.
        format: &'static str,
        /// The decoder's words.
        detail: String,
    },
    /// More pixels than [`MAX_TILE_PIXELS`].
    #[error(
        "{width_px} × {height_px} pixels are more than the {} megapixels that a tile may have: cut it into tiles first",
        MAX_TILE_PIXELS / 1_000_000
    )]
    TooLarge {
        /// Width in pixels.
        width_px: u32,
        /// Height in pixels.
        height_px: u32,
    },
    /// The decoder would need more memory than allowed.
    #[error("the {0} image needs more memory to decode than a tile may: cut it into tiles first")]
    TooMuchMemory(&'static str),
    /// A decompression bomb, or an empty picture that cannot be told from one.
    #[error(
        "the {format} image is {} kB that unpack to {} MB, as those of an attack do: cut it into tiles first",
        file_bytes / 1_000,
        pixel_bytes / 1_000_000
    )]
    Bomb {
        /// The format that the file claims.
        format: &'static str,
        /// The file's length.
        file_bytes: u64,
        /// What its pixels would take.
        pixel_bytes: u64,
    },
    /// A side under [`MIN_TILE_SIDE_PX`].
    #[error(
        "{width_px} × {height_px} pixels are too few to classify: a tile has at least {MIN_TILE_SIDE_PX} × {MIN_TILE_SIDE_PX}"
    )]
    TooSmall {
        /// Width in pixels.
        width_px: u32,
        /// Height in pixels.
        height_px: u32,
    },
}

impl ErrorCode for TileError {
    fn code(&self) -> &'static str {
        match self {
            Self::Empty => "image.empty",
            Self::Unsupported(_) => "image.unsupported",
            Self::Truncated(_) => "image.truncated",
            Self::Corrupt { .. } => "image.corrupt",
            Self::TooLarge { .. } | Self::TooMuchMemory(_) | Self::Bomb { .. } => "image.too_large",
            Self::TooSmall { .. } => "image.too_small",
        }
    }
}

/// Decodes JPEG, PNG, WebP, GIF, BMP and TIFF by what the bytes are, not by the file's name.
///
/// # Errors
///
/// [`TileError`] saying what is wrong with the file.
pub fn decode(bytes: &[u8]) -> Result<Tile, TileError> {
    let (format, name) = sniff(bytes)?;
    let failed = |error| failure(error, name);
    if format == ImageFormat::Png && !png_palette_is_legal(bytes) {
        return Err(TileError::Corrupt { format: name, detail: "its palette is none".into() });
    }

    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits(MAX_ALLOCATION));
    let mut decoder = reader.into_decoder().map_err(failed)?;
    let (width_px, height_px) = decoder.dimensions();
    check_size(width_px, height_px)?;
    let pixel_bytes = decoder.total_bytes();
    check_expansion(bytes.len() as u64, pixel_bytes, name)?;
    // A decoder counts only what it needs beside the pixels: that is what the pixels leave.
    let left = MAX_ALLOCATION.checked_sub(pixel_bytes).ok_or(TileError::TooMuchMemory(name))?;
    decoder.set_limits(limits(left)).map_err(failed)?;
    if format == ImageFormat::Jpeg && !jpeg_is_whole(bytes) {
        return Err(TileError::Truncated(name));
    }

    let color = decoder.color_type();
    let original_color = decoder.original_color_type();
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(failed)?;

    let mut notes = Vec::new();
    if is_animated(bytes, format) {
        notes.push(Note::Animated);
    }
    if matches!(original_color, ExtendedColorType::Cmyk8 | ExtendedColorType::Cmyk16)
        || (format == ImageFormat::Jpeg && jpeg_components(bytes) == Some(4))
    {
        notes.push(Note::Cmyk);
    }
    if color.bytes_per_pixel() / color.channel_count() > 1 {
        notes.push(Note::DeepChannels);
    }
    if matches!(color, ColorType::L8 | ColorType::La8 | ColorType::L16 | ColorType::La16) {
        notes.push(Note::Greyscale);
    }
    if orientation != Orientation::NoTransforms {
        notes.push(Note::Reoriented);
    }
    let (rgb, transparent) = opaque_rgb(image);
    if transparent {
        notes.push(Note::Transparent);
    }
    // Turned only now: the copy that this takes is of three bytes a pixel, and not of up to eight.
    let mut upright = DynamicImage::from(rgb);
    upright.apply_orientation(orientation);
    let rgb = upright.into_rgb8();
    Ok(Tile { width_px: rgb.width(), height_px: rgb.height(), rgb: rgb.into_raw(), format: name, notes })
}

/// What the bytes are, and that format's name for people.
fn sniff(bytes: &[u8]) -> Result<(ImageFormat, &'static str), TileError> {
    if bytes.is_empty() {
        return Err(TileError::Empty);
    }
    let format = image::guess_format(bytes).ok();
    let name = match format {
        Some(ImageFormat::Jpeg) => "JPEG",
        Some(ImageFormat::Png) => "PNG",
        Some(ImageFormat::WebP) => "WebP",
        Some(ImageFormat::Gif) => "GIF",
        Some(ImageFormat::Bmp) => "BMP",
        Some(ImageFormat::Tiff) => "TIFF",
        _ => return Err(TileError::Unsupported(kind_of_file(bytes, format))),
    };
    Ok((format.expect("a named format is known"), name))
}

/// A name for a file that is not read, so that its owner knows what it is.
fn kind_of_file(bytes: &[u8], format: Option<ImageFormat>) -> String {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    let brand = bytes.get(4..8).filter(|&kind| kind == b"ftyp").and(bytes.get(8..12));
    let text = bytes.iter().take(512).all(|&byte| byte >= 0x20 || b"\t\r\n".contains(&byte));
    match brand {
        Some(b"heic" | b"heix" | b"hevc" | b"mif1" | b"msf1") => return "A HEIC photo".into(),
        Some(b"avif" | b"avis") => return "An AVIF image".into(),
        Some(_) => return "A video".into(),
        None => {}
    }
    if starts(b"%PDF") {
        "A PDF document".into()
    } else if starts(b"PK\x03\x04") {
        "A ZIP archive".into()
    } else if starts(&[0, 0, 0, 12, b'j', b'P']) || starts(&[0xff, 0x4f, 0xff, 0x51]) {
        "A JPEG 2000 image".into()
    } else if let Some(format) = format {
        format!("A {:?} image", format)
    } else if text {
        "A text file".into()
    } else {
        "This file is not an image of a known kind; it".into()
    }
}

fn limits(max_alloc: u64) -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(max_alloc);
    limits
}

fn check_size(width_px: u32, height_px: u32) -> Result<(), TileError> {
    if u64::from(width_px) * u64::from(height_px) > MAX_TILE_PIXELS {
        return Err(TileError::TooLarge { width_px, height_px });
    }
    if width_px.min(height_px) < MIN_TILE_SIDE_PX {
        return Err(TileError::TooSmall { width_px, height_px });
    }
    Ok(())
}

fn check_expansion(file_bytes: u64, pixel_bytes: u64, format: &'static str) -> Result<(), TileError> {
    if pixel_bytes > MAX_UNDOUBTED_BYTES && pixel_bytes / file_bytes > MAX_EXPANSION {
        return Err(TileError::Bomb { format, file_bytes, pixel_bytes });
    }
    Ok(())
}

fn failure(error: ImageError, format: &'static str) -> TileError {
    match error {
        ImageError::Limits(_) => TileError::TooMuchMemory(format),
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            TileError::Truncated(format)
        }
        ImageError::Unsupported(error) => TileError::Unsupported(match error.kind() {
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

/// 8-bit RGB, and whether a pixel was not opaque.
fn opaque_rgb(image: DynamicImage) -> (image::RgbImage, bool) {
    if !image.color().has_alpha() {
        return (image.into_rgb8(), false);
    }
    let rgba = image.into_rgba8();
    let transparent = rgba.pixels().any(|pixel| pixel[3] != u8::MAX);
    let rgb = image::RgbImage::from_fn(rgba.width(), rgba.height(), |x, y| {
        let [red, green, blue, alpha] = rgba.get_pixel(x, y).0;
        let opacity = f32::from(alpha) / 255.0;
        let over = |channel: u8| (f32::from(channel) * opacity + BACKGROUND * (1.0 - opacity)).round() as u8;
        image::Rgb([red, green, blue].map(over))
    });
    (rgb, transparent)
}
