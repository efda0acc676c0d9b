//! Tiles that came together: one stretch for all that are alike, since colours that change from tile to tile would
//! change their classes.

use std::collections::HashMap;

use super::{Tile, TileError, decode, decode_stretched};
use crate::raster::{Raster, Rule, Sample, Source, Stretch, choose, is_tiff};

/// What the files of a batch have in common.
#[derive(Debug, Default)]
pub struct Together {
    groups: HashMap<String, Group>,
}

/// Files with the same bands of the same kind of numbers.
#[derive(Debug)]
struct Group {
    bands: [usize; 3],
    sample: Sample,
    stretch: Option<Stretch>,
}

impl Together {
    /// Of files on a disk: looks at each and settles. What cannot be opened is left for whoever decodes it.
    #[cfg(not(target_family = "wasm"))]
    pub fn of_files<'a>(paths: impl IntoIterator<Item = &'a std::path::Path>) -> Self {
        let mut together = Self::default();
        for source in paths.into_iter().filter_map(|path| crate::raster::FileSource::open(path).ok()) {
            together.look_at(source);
        }
        together.settle();
        together
    }

    /// Looks at a file before any is decoded. What needs no stretch costs no more than its header, and what cannot be
    /// read is left for [`Together::decode`] to complain about.
    pub fn look_at(&mut self, source: impl Source) {
        let Ok(mut raster) = Raster::open(source) else { return };
        let Some(key) = raster.description().likeness() else { return };
        let bands = choose(raster.description()).bands;
        let Ok(sample) = Sample::take(&mut raster, &bands) else { return };
        let group = self.groups.entry(key);
        let group = group.or_insert_with(|| Group { bands, sample: Sample::default(), stretch: None });
        group.sample.merge(sample);
        group.stretch = None;
    }

    /// Chooses the stretch of each group by what was seen of it.
    pub fn settle(&mut self) {
        for group in self.groups.values_mut() {
            group.stretch = Some(group.sample.stretch(Rule::CumulativeCut, group.bands));
        }
    }

    /// Decodes a file of the batch; a file that nobody looked at is decoded by itself.
    ///
    /// # Errors
    ///
    /// [`TileError`] saying what is wrong with the file.
    pub fn decode(&self, bytes: &[u8]) -> Result<Tile, TileError> {
        match self.stretch_of(bytes) {
            Some(stretch) => decode_stretched(bytes, stretch),
            None => decode(bytes),
        }
    }

    /// The stretch of a file of the batch; nothing where it needs none.
    pub fn stretch_of(&self, bytes: &[u8]) -> Option<&Stretch> {
        if self.groups.is_empty() || !is_tiff(bytes) {
            return None;
        }
        let key = Raster::open(bytes).ok()?.description().likeness()?;
        self.groups.get(&key)?.stretch.as_ref()
    }
}
