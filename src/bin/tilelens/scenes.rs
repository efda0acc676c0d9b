//! Scenes on a disk, with what stands beside them.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use tilelens::raster::{FileSource, Raster, Sidecars};
use tilelens::scene::tiff_of_picture;
use tilelens::tile::{decode_picture, is_picture};

use super::tiles::coded;

/// A raster file, or a picture that was made one; each reader opens it anew.
pub struct SceneFile {
    pub path: PathBuf,
    /// Of a picture, which can only be decoded as a whole, the TIFF that it is read from.
    tiff: Option<Arc<[u8]>>,
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
    /// `x.tif` has `x.tfw` and `x.tif.aux.xml` beside it, `y.jpg` has `y.jgw`.
    pub fn new(path: &Path) -> Result<Self> {
        let beside = |name: PathBuf| fs::read_to_string(name).ok();
        let world =
            world_extensions(path).iter().find_map(|extension| beside(path.with_extension(extension)));
        let aux_xml = beside(with_suffix(path, ".aux.xml"));
        let stamp = Stamp::of(path)?;
        let tiff = tiff_of(path, world.is_some() || aux_xml.is_some())?;
        Ok(Self { path: path.to_path_buf(), tiff, world, aux_xml, stamp })
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
        let sidecars = Sidecars { world: self.world.as_deref(), aux_xml: self.aux_xml() };
        let raster = match &self.tiff {
            Some(tiff) => Raster::open_beside(tiff.clone(), sidecars),
            None => {
                let source =
                    FileSource::open(&self.path).with_context(|| format!("{path} cannot be read"))?;
                Raster::open_beside(source, sidecars)
            }
        };
        raster.map_err(coded).with_context(|| path.to_string())
    }
}

/// As ESRI names them: the first and the last letter and a w, or all of it and a w.
fn world_extensions(path: &Path) -> Vec<String> {
    let extension =
        path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default();
    let ends = extension.chars().next().into_iter().chain(extension.chars().next_back());
    vec![ends.chain(['w']).collect(), format!("{extension}w"), "tfw".into(), "wld".into()]
}

/// Nothing for a raster.
fn tiff_of(path: &Path, is_beside: bool) -> Result<Option<Arc<[u8]>>> {
    let unread = || format!("{} cannot be read", path.display());
    let mut head = Vec::new();
    File::open(path).and_then(|file| file.take(32).read_to_end(&mut head)).with_context(unread)?;
    if !is_picture(&head) {
        return Ok(None);
    }
    let bytes = fs::read(path).with_context(unread)?;
    let picture =
        decode_picture(&bytes, !is_beside).map_err(coded).with_context(|| path.display().to_string())?;
    Ok(Some(tiff_of_picture(picture)?.into()))
}

/// A path with something behind its whole name.
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
