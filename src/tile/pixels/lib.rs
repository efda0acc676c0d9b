//! What the pixels of every tile go through: decoded from JPEG, resized, normalised.
//!
//! Rust compiles generic code in the package that says what its parameters are, and as that package is compiled. A browser's
//! build compiles nearly everything for size, where zune-jpeg and fast_image_resize take half as long again. This package says
//! what their parameters are, and is compiled for speed.

mod jpeg;
mod normalise;
mod resize;
mod ycbcr;

pub use jpeg::{DecodeErrors, JpegDecoder};
pub use normalise::normalise;
pub use resize::{Filter, RgbPixels, resize};
