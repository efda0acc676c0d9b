//! Rasters against GDAL, and what becomes of their numbers.

// They are read from files, too, which WebAssembly has not.
#![cfg(not(target_family = "wasm"))]

#[path = "raster/fixtures.rs"]
mod fixtures;
#[path = "raster/reading.rs"]
mod reading;
#[path = "raster/shared.rs"]
mod shared;
#[path = "raster/tiles.rs"]
mod tiles;
