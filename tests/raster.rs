//! Rasters against GDAL, and what becomes of their numbers.

#[path = "raster/fixtures.rs"]
mod fixtures;
#[path = "raster/hostile.rs"]
mod hostile;
#[path = "raster/reading.rs"]
mod reading;
#[path = "raster/shared.rs"]
mod shared;
#[path = "raster/tiles.rs"]
mod tiles;
