//! A file of bands: windows of numbers, where they lie on Earth, what is no data, and how numbers become colours.
//!
//! | file | what it holds |
//! |---|---|
//! | `source.rs` | bytes by ranges: a file, memory, a `Blob` |
//! | `tiff/` | directories and blocks of TIFF and BigTIFF |
//! | `georeference.rs` | pixels ↔ coordinates, the CRS's keys |
//! | `metadata.rs` | what GDAL keeps beside the numbers |
//! | `wkt.rs` | a CRS as text → its keys |
//! | `open.rs` | a file's directories → picture, overviews, masks, bands |
//! | `window.rs` | windows of numbers |
//! | `bands.rs` | which bands serve as red, green and blue |
//! | `sample.rs` | a regular sample of a file's numbers, and of many files' |
//! | `stretch.rs` | which numbers become black and white: one value that travels with the project |
//! | `colours.rs` | window + stretch → RGB, and what is no data |
//! | `summary.rs` | a raster in a few lines |
//!
//! Pixels are counted from the upper left corner, rows downwards; bands from 0 in code and from 1 in sentences and in
//! [`Stretch`], as GDAL does.

#[cfg(feature = "raster")]
mod bands;
#[cfg(feature = "raster")]
mod colours;
#[cfg(feature = "raster")]
mod error;
#[cfg(feature = "raster")]
mod georeference;
#[cfg(feature = "raster")]
mod metadata;
#[cfg(feature = "raster")]
mod open;
#[cfg(feature = "raster")]
mod sample;
#[cfg(feature = "raster")]
mod source;
mod stretch;
#[cfg(feature = "raster")]
mod summary;
#[cfg(feature = "raster")]
mod tiff;
#[cfg(feature = "raster")]
mod window;
#[cfg(feature = "raster")]
mod wkt;

pub use stretch::{Preparation, Range, Rule, Stretch, distinct};

#[cfg(all(feature = "raster", not(target_family = "wasm")))]
pub use source::FileSource;
#[cfg(feature = "raster")]
pub use {
    bands::{Choice, choose},
    colours::{Picture, Prepared, prepare, prepare_alike},
    error::RasterError,
    georeference::{GeoKeys, Georeference, Transform, world_file},
    metadata::BandMetadata,
    open::{Band, Colour, Description, Raster, Sidecars},
    sample::Sample,
    source::Source,
    summary::{numbers, summary},
    tiff::{Codec, SampleKind, is_tiff},
    window::{Numbers, Window},
};
