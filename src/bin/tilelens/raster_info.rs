//! `tilelens info`: a raster in a few lines.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};
use tilelens::raster::{FileSource, Raster, Sidecars, is_tiff, prepare, summary};

use super::tiles::coded;

/// Whether the file begins as a TIFF does.
pub fn is_raster(path: &Path) -> bool {
    let mut head = [0; 4];
    File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && is_tiff(&head)
}

/// Prints size, numbers, storage, place, bands, and how the raster would be shown.
pub fn run(path: &Path) -> Result<()> {
    let source = FileSource::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let beside = |name: std::path::PathBuf| fs::read_to_string(name).ok();
    // `x.tif` has `x.tfw` and `x.tif.aux.xml` beside it.
    let world =
        ["tfw", "tifw", "wld"].into_iter().find_map(|extension| beside(path.with_extension(extension)));
    let mut aux_name = path.as_os_str().to_owned();
    aux_name.push(".aux.xml");
    let aux = beside(aux_name.into());
    let sidecars = Sidecars { world: world.as_deref(), aux_xml: aux.as_deref() };
    let mut raster = Raster::open_beside(source, sidecars).map_err(coded)?;
    let prepared = prepare(&mut raster).map_err(coded)?;
    for line in summary(raster.description(), &prepared) {
        println!("{line}");
    }
    Ok(())
}
