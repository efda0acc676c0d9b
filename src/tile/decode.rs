//! Bytes → [`Tile`]: what kind of file it is, who reads it, and what all tiles have in common.

#[cfg(feature = "raster")]
use image::RgbaImage;
use image::imageops::{
    flip_horizontal_in_place, flip_vertical_in_place, rotate90, rotate180_in_place, rotate270,
};
use image::metadata::Orientation;
use image::{ImageBuffer, ImageFormat, Pixel, RgbImage};

use super::no_data::Mask;
use super::{LEAST_DATA, Note, Tile, TileError, jpeg, no_data, pictures};
use crate::limits::{MAX_TILE_PIXELS, MIN_TILE_SIDE_PX};

/// Pixels of fewer bytes cost little, however small the file is that they come from.
const MAX_UNDOUBTED_BYTES: u64 = 64 << 20;

/// The most bytes of pixels that a byte of a larger file may stand for. The most that a baseline JPEG reaches, of one
/// colour all over, is 170; deflate reaches 1032.
const MAX_EXPANSION: u64 = 250;

/// What converts nearly any picture into one that is read here.
const SAVE_AS: &str = "save it as JPEG or PNG";

/// What a reader makes of a file.
pub(super) struct Decoded {
    pub rgb: RgbImage,
    /// Which pixels hold data; empty where all do.
    pub data: Mask,
    /// How to turn it upright.
    pub orientation: Orientation,
    pub notes: Vec<Note>,
}

/// Decodes JPEG, PNG, WebP, GIF, BMP and TIFF by what the bytes are, not by the file's name.
///
/// # Errors
///
/// [`TileError`] saying what is wrong with the file.
pub fn decode(bytes: &[u8]) -> Result<Tile, TileError> {
    match sniff(bytes)? {
        #[cfg(feature = "raster")]
        Kind::Tiff => super::rasters::decode_alone(bytes),
        kind => picture(bytes, kind).and_then(|(decoded, format)| finish(decoded, format)),
    }
}

/// A whole picture for a scene, with what it is without.
#[cfg(feature = "raster")]
pub struct Picture {
    /// Width and height.
    pub size_px: [u32; 2],
    /// Three bytes a pixel, or four with opacity, row by row.
    pub pixels: Vec<u8>,
    /// Whether some pixels are without data, which are transparent.
    pub has_opacity: bool,
}

/// Whether a file that begins so is a picture, and no TIFF; the first 32 bytes tell it.
#[cfg(feature = "raster")]
pub fn is_picture(head: &[u8]) -> bool {
    !matches!(sniff(head), Ok(Kind::Tiff) | Err(_))
}

/// Decodes what can only be decoded as a whole. A TIFF is not: windows of it are read as they are needed. `is_upright` turns
/// it as its EXIF orientation says, which is wrong where a world file is beside it: that is about the pixels as they are
/// stored.
///
/// # Errors
///
/// [`TileError`] saying what is wrong with the file.
#[cfg(feature = "raster")]
pub fn decode_picture(bytes: &[u8], is_upright: bool) -> Result<Picture, TileError> {
    let (Decoded { rgb, data, orientation, .. }, _) = picture(bytes, sniff(bytes)?)?;
    let has_opacity = data.missing_share() > 0.0;
    let orientation = if is_upright { orientation } else { Orientation::NoTransforms };
    let (size_px, pixels) = if has_opacity {
        let opacity = |holds_data: bool| if holds_data { u8::MAX } else { 0 };
        let pixels = rgb.pixels().zip(&data.0).flat_map(|(pixel, &data)| {
            let [red, green, blue] = pixel.0;
            [red, green, blue, opacity(data)]
        });
        let rgba = RgbaImage::from_raw(rgb.width(), rgb.height(), pixels.collect());
        // Both take much room.
        drop(rgb);
        let rgba = upright(rgba.expect("four bytes a pixel"), orientation);
        ([rgba.width(), rgba.height()], rgba.into_raw())
    } else {
        let rgb = upright(rgb, orientation);
        ([rgb.width(), rgb.height()], rgb.into_raw())
    };
    Ok(Picture { size_px, pixels, has_opacity })
}

/// What a decoder makes of a picture, and what its format is called.
fn picture(bytes: &[u8], kind: Kind) -> Result<(Decoded, &'static str), TileError> {
    match kind {
        Kind::Jpeg => guarded("JPEG", || jpeg::decode(bytes)),
        Kind::Picture(format, name) => guarded(name, || pictures::decode(bytes, format, name)),
        #[cfg(feature = "raster")]
        Kind::RarePicture(format, name) => guarded(name, || pictures::decode(bytes, format, name)),
        #[cfg(feature = "raster")]
        Kind::DeepPng => guarded(DEEP_PNG, || super::deep::decode(bytes, None)),
        #[cfg(feature = "raster")]
        Kind::Tiff => Err(TileError::Unsupported("A TIFF".into(), "open it as a raster")),
        #[cfg(not(feature = "raster"))]
        Kind::RarePicture(..) => Err(TileError::NeedsReader { is_stretched: false }),
        #[cfg(not(feature = "raster"))]
        Kind::DeepPng | Kind::Tiff => Err(TileError::NeedsReader { is_stretched: true }),
    }
}

/// Decodes a file whose numbers become colours by a stretch that was chosen before, so that tiles of one scene keep their
/// colours. Other files are decoded as ever.
///
/// # Errors
///
/// [`TileError`] saying what is wrong with the file.
#[cfg(feature = "raster")]
pub fn decode_stretched(bytes: &[u8], stretch: &crate::raster::Stretch) -> Result<Tile, TileError> {
    match sniff(bytes)? {
        Kind::Tiff => super::rasters::decode_stretched(bytes, stretch),
        Kind::DeepPng => {
            let (decoded, format) = guarded(DEEP_PNG, || super::deep::decode(bytes, Some(stretch)))?;
            finish(decoded, format)
        }
        _ => decode(bytes),
    }
}

/// No decoder should panic; should one do, it costs one tile and not the whole run.
fn guarded(
    format: &'static str,
    decode: impl FnOnce() -> Result<Decoded, TileError> + std::panic::UnwindSafe,
) -> Result<(Decoded, &'static str), TileError> {
    let decoded = std::panic::catch_unwind(decode).unwrap_or(Err(TileError::Decoder(format)))?;
    Ok((decoded, format))
}

/// What `DynamicImage` does for pixels of ten kinds, all of which a visitor would download.
fn upright<P: Pixel<Subpixel = u8> + 'static>(
    mut image: ImageBuffer<P, Vec<u8>>,
    orientation: Orientation,
) -> ImageBuffer<P, Vec<u8>> {
    match orientation {
        Orientation::NoTransforms => {}
        Orientation::Rotate90 => image = rotate90(&image),
        Orientation::Rotate180 => rotate180_in_place(&mut image),
        Orientation::Rotate270 => image = rotate270(&image),
        Orientation::FlipHorizontal => flip_horizontal_in_place(&mut image),
        Orientation::FlipVertical => flip_vertical_in_place(&mut image),
        Orientation::Rotate90FlipH => {
            image = rotate90(&image);
            flip_horizontal_in_place(&mut image);
        }
        Orientation::Rotate270FlipH => {
            image = rotate270(&image);
            flip_horizontal_in_place(&mut image);
        }
    }
    image
}

/// Fills what holds no data, and turns the picture upright.
pub(super) fn finish(decoded: Decoded, format: &'static str) -> Result<Tile, TileError> {
    let Decoded { mut rgb, data, orientation, mut notes } = decoded;
    let share = data.missing_share();
    if share > 1.0 - LEAST_DATA {
        return Err(TileError::NoData { share });
    }
    if share > 0.0 {
        no_data::fill(&mut rgb, &data);
        notes.push(Note::NoData { share });
    }
    if orientation != Orientation::NoTransforms {
        notes.push(Note::Reoriented);
    }
    // Turned only now: the copy that this takes is of three bytes a pixel, and not of up to eight.
    let rgb = upright(rgb, orientation);
    Ok(Tile { width_px: rgb.width(), height_px: rgb.height(), rgb: rgb.into_raw(), format, notes })
}

/// Whether a tile may be of this size.
pub(super) fn check_size(width_px: u32, height_px: u32) -> Result<(), TileError> {
    if u64::from(width_px) * u64::from(height_px) > MAX_TILE_PIXELS {
        return Err(TileError::TooLarge { width_px, height_px });
    }
    if width_px.min(height_px) < MIN_TILE_SIDE_PX {
        return Err(TileError::TooSmall { width_px, height_px });
    }
    Ok(())
}

/// Whether so few bytes may stand for so many pixels: a decompression bomb is refused before it is unpacked.
pub(super) fn check_expansion(
    file_bytes: usize,
    pixel_bytes: u64,
    format: &'static str,
) -> Result<(), TileError> {
    let file_bytes = file_bytes as u64;
    if pixel_bytes > MAX_UNDOUBTED_BYTES && pixel_bytes / file_bytes.max(1) > MAX_EXPANSION {
        return Err(TileError::Bomb { format, file_bytes, pixel_bytes });
    }
    Ok(())
}

/// What a PNG of 16 bits a channel is called.
#[cfg(feature = "raster")]
pub(super) const DEEP_PNG: &str = "PNG";

/// Who reads a file.
enum Kind {
    Jpeg,
    Tiff,
    /// A PNG of 16 bits a channel, which may be measurements as a TIFF's are.
    DeepPng,
    Picture(ImageFormat, &'static str),
    /// Read by whoever reads rasters, too.
    #[cfg_attr(not(feature = "raster"), expect(dead_code, reason = "here it is refused"))]
    RarePicture(ImageFormat, &'static str),
}

/// Whether a PNG has 16 bits a channel (PNG, third edition, 11.2.1).
pub(super) fn is_deep_png(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.get(24) == Some(&16)
}

/// Who is needed to read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// JPEG, PNG of 8 bits and WebP, and whatever is refused.
    Usual,
    /// Rarer pictures.
    Rare,
    /// Rasters, whose numbers become colours by a stretch.
    Stretched,
}

/// Who is needed to read a file that begins so; the first 32 bytes tell it.
pub fn reader_of(head: &[u8]) -> Reader {
    match sniff(head) {
        Ok(Kind::RarePicture(..)) => Reader::Rare,
        Ok(Kind::Tiff | Kind::DeepPng) => Reader::Stretched,
        _ => Reader::Usual,
    }
}

/// What the bytes are.
fn sniff(bytes: &[u8]) -> Result<Kind, TileError> {
    if bytes.is_empty() {
        return Err(TileError::Empty);
    }
    // BigTIFF is not known to everybody.
    if matches!(bytes.get(..4), Some(b"II*\0" | b"MM\0*" | b"II+\0" | b"MM\0+")) {
        return Ok(Kind::Tiff);
    }
    if is_deep_png(bytes) {
        return Ok(Kind::DeepPng);
    }
    let format = image::guess_format(bytes).ok();
    Ok(match format {
        Some(ImageFormat::Jpeg) => Kind::Jpeg,
        Some(format @ ImageFormat::Png) => Kind::Picture(format, "PNG"),
        Some(format @ ImageFormat::WebP) => Kind::Picture(format, "WebP"),
        Some(format @ ImageFormat::Gif) => Kind::RarePicture(format, "GIF"),
        Some(format @ ImageFormat::Bmp) => Kind::RarePicture(format, "BMP"),
        _ => {
            let (name, advice) = kind_of_file(bytes, format);
            return Err(TileError::Unsupported(name, advice));
        }
    })
}

/// A name for a file that is not read, so that its owner knows what it is, and what to do.
fn kind_of_file(bytes: &[u8], format: Option<ImageFormat>) -> (String, &'static str) {
    const TILES: &str = "export its pictures as JPEG, PNG, WebP, GIF, BMP or TIFF";
    const TO_TIFF: &str = "convert it with `gdal_translate in.jp2 out.tif`";
    const TO_TILES: &str = "convert it with `gdal_translate -of GTiff -co COMPRESS=DEFLATE`";
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    let brand = bytes.get(4..8).filter(|&kind| kind == b"ftyp").and(bytes.get(8..12));
    let text = bytes.iter().take(512).all(|&byte| byte >= 0x20 || b"\t\r\n".contains(&byte));
    match brand {
        Some(b"heic" | b"heix" | b"hevc" | b"mif1" | b"msf1") => return ("A HEIC photo".into(), SAVE_AS),
        Some(b"avif" | b"avis") => return ("An AVIF image".into(), SAVE_AS),
        Some(_) => return ("A video".into(), "export single frames as JPEG or PNG"),
        None => {}
    }
    if starts(b"%PDF") {
        ("A PDF document".into(), TILES)
    } else if starts(b"PK\x03\x04") {
        ("A ZIP archive".into(), "unpack it, and open the pictures in it")
    } else if starts(&[0, 0, 0, 12, b'j', b'P']) || starts(&[0xff, 0x4f, 0xff, 0x51]) {
        ("A JPEG 2000 image".into(), TO_TIFF)
    } else if starts(&[0, 0, 0, 12, b'J', b'X', b'L', b' ']) || starts(&[0xff, 0x0a]) {
        ("A JPEG XL image".into(), SAVE_AS)
    } else if starts(b"\x89HDF\r\n\x1a\n") || starts(b"CDF\x01") || starts(b"CDF\x02") {
        ("An HDF5 or NetCDF file".into(), TO_TILES)
    } else if starts(b"EHFA_HEADER_TAG") {
        ("An ERDAS Imagine raster".into(), TO_TILES)
    } else if let Some(format) = format {
        (format!("A {format:?} image"), SAVE_AS)
    } else if text {
        ("A text file".into(), TILES)
    } else {
        ("This file is not an image of a known kind; it".into(), TILES)
    }
}
