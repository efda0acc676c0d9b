//! The files of a map: the class GeoTIFF and what stands beside it.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tilelens::scene::{
    ClassMap, Place, Sample, Shapes, aux_xml, category_names, class_geotiff, confidence_geotiff, draw_sample,
    map_id_of, qml, read_sample, write_csv, write_geojson, write_sample_csv, write_sample_geojson,
};

use super::super::files::write;
use super::super::scenes::with_suffix;

// What stands beside the class GeoTIFF `map.tif`, in place of its ending.
const STYLE: &str = ".qml";
const CONFIDENCE: &str = "-confidence.tif";
const TABLE: &str = ".csv";
const OUTLINES: &str = ".geojson";
// The list of cells to check.
const CHECK_TABLE: &str = "-check.csv";
const CHECK_OUTLINES: &str = "-check.geojson";

/// Where the files of one map go.
pub struct Outputs {
    map: PathBuf,
}

impl Outputs {
    /// Beside the class GeoTIFF.
    pub fn beside(map: PathBuf) -> Self {
        Self { map }
    }

    /// What is kept of a run that was cut off.
    pub fn part(&self) -> PathBuf {
        with_suffix(&self.map, ".part")
    }

    /// `map.tif` → `map` and an ending.
    fn named(&self, ending: &str) -> PathBuf {
        with_suffix(&self.map.with_extension(""), ending)
    }

    /// Refuses to write over what is read, and over files of others that happen to be called so.
    pub fn check(&self, read: &HashSet<PathBuf>) -> Result<()> {
        let beside = [STYLE, CONFIDENCE, TABLE, OUTLINES].map(|ending| self.named(ending));
        let of_sample = [CHECK_TABLE, CHECK_OUTLINES].map(|ending| self.named(ending));
        let more = [self.aux_xml(), self.part()];
        let mut all = [&self.map].into_iter().chain(&beside).chain(&of_sample).chain(&more);
        if let Some(path) = all.find(|path| path.canonicalize().is_ok_and(|path| read.contains(&path))) {
            bail!("{} is read, and would be written over: name another --output", path.display());
        }
        // What an earlier run has written stands beside its map.
        let theirs = [&self.map].into_iter().chain(&beside).find(|path| path.exists());
        match theirs.filter(|_| !self.is_of_earlier_run()) {
            Some(path) => bail!(
                "{} is there already, and is of no map that Tilelens made: move it, or name another --output",
                path.display()
            ),
            None => Ok(()),
        }
    }

    /// Whether a map is there that Tilelens wrote: the names of its classes stand beside it.
    fn is_of_earlier_run(&self) -> bool {
        let names = category_names(&fs::read_to_string(self.aux_xml()).unwrap_or_default());
        self.map.exists() && names.first().is_some_and(String::is_empty)
    }

    /// The names of the classes, for GDAL.
    fn aux_xml(&self) -> PathBuf {
        with_suffix(&self.map, ".aux.xml")
    }

    /// Writes all files, each under another name until it is whole.
    pub fn write(&self, map: &ClassMap, place: &Place, shapes: Shapes) -> Result<()> {
        // First, since it tells the map from files of others.
        write_whole(&self.aux_xml(), aux_xml(map).as_bytes())?;
        write_whole(&self.map, &class_geotiff(map, place)?)?;
        write_whole(&self.named(STYLE), qml(map).as_bytes())?;
        write_whole(&self.named(CONFIDENCE), &confidence_geotiff(map, place)?)?;
        let mut csv = Vec::new();
        write_csv(map, place, &mut csv)?;
        write_whole(&self.named(TABLE), &csv)?;
        self.write_lon_lat(OUTLINES, place, |out| write_geojson(map, place, shapes, out))?;
        eprintln!("  {} is written, and its other files beside it.", self.map.display());
        Ok(())
    }

    /// Draws a check sample and writes it as CSV and GeoJSON. One of this map that is there stays, and so does whatever a
    /// person has labelled.
    pub fn write_check_sample(&self, map: &ClassMap, place: &Place, count: usize, seed: u64) -> Result<()> {
        let id = map_id_of(map);
        let [path, outlines] = [CHECK_TABLE, CHECK_OUTLINES].map(|ending| self.named(ending));
        if let Some((kept, drawn_from)) =
            [&path, &outlines].into_iter().find_map(|path| Some((path, kept_sample(path, &id)?)))
        {
            eprintln!("  {} is there already and is left as it is: {drawn_from}.", kept.display());
            return Ok(());
        }
        let cells = draw_sample(map, count, seed)?;
        let mut csv = Vec::new();
        write_sample_csv(map, place, &cells, &mut csv)?;
        write_whole(&path, &csv)?;
        self.write_lon_lat(CHECK_OUTLINES, place, |out| write_sample_geojson(map, place, &cells, out))?;
        eprintln!(
            "  {} cells to check stand in {}: fill in the column truth, then run tilelens area.",
            cells.len(),
            path.display()
        );
        Ok(())
    }

    /// Writes a file that needs longitude and latitude, where there are any.
    fn write_lon_lat(
        &self,
        ending: &str,
        place: &Place,
        write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>,
    ) -> Result<()> {
        let path = self.named(ending);
        if !place.has_lon_lat() {
            if path.exists() {
                eprintln!(
                    "  {} is of an earlier map: this one has no longitudes and latitudes.",
                    path.display()
                );
            }
            return Ok(());
        }
        let mut text = Vec::new();
        match write(&mut text) {
            Ok(()) => write_whole(&path, &text),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                let what = if path.exists() { "is of an earlier map" } else { "is left out" };
                eprintln!("  {} {what}: {error}.", path.display());
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Of which map the sample in a file was drawn, where it is to stay: one of this map, one that somebody labelled, and what
/// cannot be read.
fn kept_sample(path: &Path, id: &str) -> Option<&'static str> {
    if !path.exists() {
        return None;
    }
    let sample = fs::read_to_string(path).ok().and_then(|text| read_sample(&text).ok());
    let Some(Sample { map_id, cells }) = sample else {
        return Some("it is no list that can be read; move it, and map again to draw one");
    };
    match map_id {
        Some(drawn_from) if drawn_from == id => Some("it was drawn from this map"),
        _ if cells.iter().all(|checked| checked.truth.is_empty()) => None,
        Some(_) => Some(
            "it was drawn from another map than this one; move it, and map again to draw one of this map",
        ),
        None => Some("it does not say from which map it was drawn"),
    }
}

/// Writes a file so that at its name there is all of it or what was there before.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let partial = with_suffix(path, ".partial");
    let done = write(&partial, bytes).and_then(|()| {
        fs::rename(&partial, path).with_context(|| format!("{} cannot be written", path.display()))
    });
    done.inspect_err(|_| {
        let _ = fs::remove_file(&partial);
    })
}
