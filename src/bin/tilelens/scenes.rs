//! Scenes on a disk, with what stands beside them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use tilelens::raster::{FileSource, Raster, Sidecars};

use super::tiles::coded;

/// A raster file; each reader opens it anew.
pub struct SceneFile {
    pub path: PathBuf,
    world: Option<String>,
    aux_xml: Option<String>,
    stamp: Stamp,
}

/// What tells whether a file was written since.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stamp {
    pub bytes: u64,
    pub modified: Option<SystemTime>,
}

impl Stamp {
    fn of(path: &Path) -> Result<Self> {
        let metadata = fs::metadata(path).with_context(|| format!("{} cannot be read", path.display()))?;
        Ok(Self { bytes: metadata.len(), modified: metadata.modified().ok() })
    }
}

impl SceneFile {
    /// `x.tif` has `x.tfw` and `x.tif.aux.xml` beside it.
    pub fn new(path: &Path) -> Result<Self> {
        let beside = |name: PathBuf| fs::read_to_string(name).ok();
        let world =
            ["tfw", "tifw", "wld"].into_iter().find_map(|extension| beside(path.with_extension(extension)));
        let aux_xml = beside(with_suffix(path, ".aux.xml"));
        Ok(Self { path: path.to_path_buf(), world, aux_xml, stamp: Stamp::of(path)? })
    }

    /// What GDAL keeps beside it.
    pub fn aux_xml(&self) -> Option<&str> {
        self.aux_xml.as_deref()
    }

    /// Size and age.
    pub fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// Opens the raster; a file that was written since is refused, since half of it would be of another picture.
    pub fn open(&self) -> Result<Raster<'static>> {
        let path = self.path.display();
        if Stamp::of(&self.path)? != self.stamp {
            bail!("{path} was changed while it was read: wait until it is whole, then start again");
        }
        let source = FileSource::open(&self.path).with_context(|| format!("{path} cannot be read"))?;
        let sidecars = Sidecars { world: self.world.as_deref(), aux_xml: self.aux_xml() };
        Raster::open_beside(source, sidecars).map_err(coded).with_context(|| path.to_string())
    }
}

/// A path with something behind its whole name.
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
