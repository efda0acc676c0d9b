//! Scenes on a disk, with what stands beside them.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use tilelens::raster::{FileSource, Preparation, Prepared, Raster, Rule, Sidecars, prepare, prepare_alike};
use tilelens::scene::tiff_of_picture;
use tilelens::tile::{Together, decode_picture, is_picture};

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
        let metadata = fs::metadata(path).context("it cannot be read")?;
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
        if Stamp::of(&self.path)? != self.stamp {
            bail!("it was changed while it was read: wait until it is whole, then start again");
        }
        let raster = match &self.tiff {
            Some(tiff) => Raster::open_beside(tiff.clone(), self.sidecars()),
            None => Raster::open_beside(self.source()?, self.sidecars()),
        };
        raster.map_err(coded)
    }

    /// How it becomes colours: as the tiles of its kind did that a model learnt from, else by its own numbers. Where the model
    /// learnt from others alone, that is said.
    pub fn prepare(&self, raster: &mut Raster<'_>, learnt: &[Preparation]) -> Result<Prepared> {
        let mut prepared = self.prepare_as_learnt(raster, learnt)?;
        prepared.notes.extend(self.unread_mask());
        Ok(prepared)
    }

    /// What is said of a mask beside it, as GDAL writes them by default up to 3.8.
    fn unread_mask(&self) -> Option<String> {
        let mask = with_suffix(&self.path, ".msk");
        mask.exists().then(|| {
            format!(
                "{} is not read: pixels that it hides count as data. To put it into the file, use `gdal_translate --config GDAL_TIFF_INTERNAL_MASK YES in.tif out.tif`.",
                mask.display()
            )
        })
    }

    fn prepare_as_learnt(&self, raster: &mut Raster<'_>, learnt: &[Preparation]) -> Result<Prepared> {
        if learnt.is_empty() {
            return prepare(raster).map_err(coded);
        }
        // As the page looks at a scene.
        let mut together = Together::measuring(None);
        let alike = match &self.tiff {
            Some(tiff) => together.look_at_beside(tiff.clone(), self.sidecars()),
            None => together.look_at_beside(self.source()?, self.sidecars()),
        };
        let of_its_kind = learnt.iter().find(|known| alike.as_ref() == Some(&known.alike));
        if let Some(stretch) = of_its_kind.and_then(|known| known.stretch.clone()) {
            return prepare_alike(raster, stretch).map_err(coded);
        }
        let prepared = prepare(raster).map_err(coded)?;
        let is_picture = prepared.stretch.rule == Rule::AsIs;
        if !is_picture || learnt.iter().all(|known| known.stretch.is_some()) {
            eprintln!(
                "  It becomes colours otherwise than the tiles that the model learnt from: train on such tiles, too."
            );
        }
        Ok(prepared)
    }

    fn sidecars(&self) -> Sidecars<'_> {
        Sidecars { world: self.world.as_deref(), aux_xml: self.aux_xml() }
    }

    fn source(&self) -> Result<FileSource> {
        FileSource::open(&self.path).context("it cannot be read")
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
    let unread = || "it cannot be read";
    let mut head = Vec::new();
    File::open(path).and_then(|file| file.take(32).read_to_end(&mut head)).with_context(unread)?;
    if !is_picture(&head) {
        return Ok(None);
    }
    let bytes = fs::read(path).with_context(unread)?;
    let picture = decode_picture(&bytes, !is_beside).map_err(coded)?;
    Ok(Some(tiff_of_picture(picture)?.into()))
}

/// A path with something behind its whole name.
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use tilelens::raster::{Range, Stretch};

    use super::*;

    #[test]
    fn a_mask_beside_a_scene_is_said_not_to_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scene.tif");
        let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/raster/uint16.tif");
        fs::copy(fixture, &path).unwrap();
        let notes = || {
            let file = SceneFile::new(&path).unwrap();
            file.prepare(&mut file.open().unwrap(), &[]).unwrap().notes
        };
        let without = notes();
        fs::copy(&path, with_suffix(&path, ".msk")).unwrap();
        let told = notes();
        assert_eq!(told[..without.len()], without);
        assert!(told[without.len()].contains("scene.tif.msk is not read"), "{told:?}");
    }

    #[test]
    fn a_scene_becomes_colours_as_the_tiles_of_its_kind_did_that_the_model_learnt_from() {
        let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/raster/uint16.tif"));
        let file = SceneFile::new(path).unwrap();
        let alike = Together::measuring(None).look_at(file.source().unwrap()).unwrap();
        let own = file.prepare(&mut file.open().unwrap(), &[]).unwrap().stretch;
        let ranges = [Range { black: 0.0, white: 3000.0 }; 3];
        let chosen = Stretch { ranges, rule: Rule::Fixed, ..own.clone() };
        assert_ne!(own, chosen);
        let prepared =
            |learnt: &[Preparation]| file.prepare(&mut file.open().unwrap(), learnt).unwrap().stretch;
        let of_its_kind = Preparation { alike, stretch: Some(chosen.clone()) };
        assert_eq!(prepared(&[Preparation::default(), of_its_kind]), chosen);
        assert_eq!(prepared(&[Preparation { alike: "another kind".into(), stretch: Some(chosen) }]), own);
    }
}
