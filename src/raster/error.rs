//! Why a raster is not read, in its owner's words.

use thiserror::Error;

use crate::ErrorCode;

/// What converts nearly any raster into one that is read here.
const CONVERT: &str = "convert it with `gdal_translate -co COMPRESS=DEFLATE in.tif out.tif`";

/// Why a raster, or a window of it, is not read.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum RasterError {
    /// The bytes are no TIFF.
    #[error("this is no TIFF file: rasters are read from TIFF, BigTIFF, GeoTIFF and COG files")]
    NotTiff,
    /// The file ends before what its directory points to.
    #[error("the TIFF image is cut off before its end: download or copy it again")]
    CutOff,
    /// A directory or a block contradicts itself.
    #[error(
        "the TIFF image is damaged ({0}): write it again with the program that made it, or download it again"
    )]
    Damaged(String),
    /// A compression that is not read.
    #[error("TIFF with {0} compression cannot be read here: {CONVERT}")]
    Codec(String),
    /// Numbers of a kind that is not read.
    #[error("TIFF with {0} cannot be read here: {1}")]
    Numbers(String, &'static str),
    /// An arrangement that is not read.
    #[error("TIFF with {0} cannot be read here: {CONVERT}")]
    Layout(String),
    /// A block or a directory that would not fit into memory.
    #[error(
        "the TIFF image is stored in blocks too large to read piece by piece ({0}): {retile}",
        retile = "write it in tiles with `gdal_translate -co TILED=YES -co COMPRESS=DEFLATE in.tif out.tif`"
    )]
    TooLarge(String),
    /// The decoder of a compression failed in a way that it should not.
    #[error(
        "the reader of {0} failed on this TIFF image, which is a fault of Tilelens and not of the file: {CONVERT}"
    )]
    Decoder(&'static str),
    /// The bytes could not be fetched.
    #[error("the file could not be read ({0}): check that it is still there")]
    Unreadable(String),
    /// A window outside of the raster, or a band that it does not have.
    #[error("{0}")]
    Outside(String),
}

impl RasterError {
    /// A contradiction in the file.
    pub(super) fn damaged(detail: impl Into<String>) -> Self {
        Self::Damaged(detail.into())
    }
}

impl ErrorCode for RasterError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotTiff | Self::Codec(_) | Self::Numbers(..) | Self::Layout(_) => "image.unsupported",
            Self::CutOff => "image.truncated",
            Self::Damaged(_) => "image.corrupt",
            Self::TooLarge(_) => "image.too_large",
            Self::Decoder(_) => "image.decoder",
            Self::Unreadable(_) => "file.unreadable",
            Self::Outside(_) => "raster.outside",
        }
    }
}
