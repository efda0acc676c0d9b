//! Why a file gives no tile, in its owner's words.

use thiserror::Error;

use crate::ErrorCode;
use crate::limits::{MAX_TILE_PIXELS, MIN_TILE_SIDE_PX};
#[cfg(feature = "raster")]
use crate::raster::RasterError;

/// A tile with less data than this share gets no class: what is filled in would often be of another one (`no_data.rs`).
pub const LEAST_DATA: f32 = 0.5;

/// Why a file gives no tile.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum TileError {
    /// Zero bytes.
    #[error("the file is empty: save or download it again")]
    Empty,
    /// A kind of file that is not read, and what to do about it.
    #[error("{0} cannot be read here: {1}")]
    Unsupported(String, &'static str),
    /// A kind of file that only the reader of rasters and rare pictures knows, which this build is without.
    #[cfg(not(feature = "raster"))]
    #[error("this kind of file needs the reader of rasters, which is not here: load the page again")]
    NeedsReader {
        /// Whether its numbers become colours by a stretch, which like files share.
        is_stretched: bool,
    },
    /// What is wrong with a TIFF file.
    #[cfg(feature = "raster")]
    #[error(transparent)]
    Raster(#[from] RasterError),
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
    /// The decoder failed in a way that it should not.
    #[error(
        "the reader of {0} images failed on this one, which is a fault of Tilelens: save it as PNG instead"
    )]
    Decoder(&'static str),
    /// Too little of the tile holds data.
    #[error(
        "the tile has no data in {:.0} % of its pixels, and no class would be right: choose one with more data",
        share * 100.0
    )]
    NoData {
        /// Pixels without data, of all.
        share: f32,
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
            Self::Unsupported(..) => "image.unsupported",
            #[cfg(not(feature = "raster"))]
            Self::NeedsReader { is_stretched: true } => "image.needs_stretch",
            #[cfg(not(feature = "raster"))]
            Self::NeedsReader { is_stretched: false } => "image.needs_reader",
            #[cfg(feature = "raster")]
            Self::Raster(error) => error.code(),
            Self::Truncated(_) => "image.truncated",
            Self::Decoder(_) => "image.decoder",
            Self::NoData { .. } => "image.no_data",
            Self::Corrupt { .. } => "image.corrupt",
            Self::TooLarge { .. } | Self::TooMuchMemory(_) | Self::Bomb { .. } => "image.too_large",
            Self::TooSmall { .. } => "image.too_small",
        }
    }
}
