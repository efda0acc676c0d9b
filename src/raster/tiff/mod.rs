//! TIFF and BigTIFF, read by directories and blocks.
//!
//! Tried first on public test data of rasterio and rio-tiler, and on files that people had trouble with: the crate `tiff`
//! 0.11.3 refuses palettes, ZSTD, LERC, and tiled LZW (image-tiff #395), panics on tiled band-interleaved files (#403, open)
//! and reads masks and bands in no way that GDAL's conventions need. `tiff-reader`
//! 0.10 reads all but CCITT, yet wants a source that is `'static`, `Send` and copied on each read, which a slice of a
//! `Blob` is not, and brings ndarray, memmap2 and a second JPEG decoder. So directories and blocks are read here, in a
//! few hundred lines with their own limits, and every codec is a crate that others keep.

mod blocks;
mod codecs;
mod directory;
mod image;
mod predictors;
mod samples;
pub(super) mod tags;

pub(super) use blocks::{Blocks, Place};
pub use codecs::Codec;
pub use directory::is_tiff;
pub(super) use directory::{Directory, directories};
pub(super) use image::Image;
pub use image::SampleKind;
pub(super) use samples::Number;
