//! `tilelens info`: a raster in a few lines.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::Result;
use tilelens::raster::{is_tiff, summary};

use super::scenes::SceneFile;

/// Whether the file begins as a TIFF does.
pub fn is_raster(path: &Path) -> bool {
    let mut head = [0; 4];
    File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && is_tiff(&head)
}

/// Prints size, numbers, storage, place, bands, and how the raster would be shown.
pub fn run(path: &Path) -> Result<()> {
    let file = SceneFile::new(path)?;
    let mut raster = file.open()?;
    let prepared = file.prepare(&mut raster, &[])?;
    for line in summary(raster.description(), &prepared) {
        println!("{line}");
    }
    Ok(())
}
