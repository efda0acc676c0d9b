//! The windows of a scene, on all cores: each group of windows that share blocks of the file has a reader of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use anyhow::{Result, bail};
use rayon::prelude::*;
use tilelens::ErrorCode;
use tilelens::model::classifier::Classifier;
use tilelens::raster::{Prepared, Raster, RasterError};
use tilelens::scene::{Answer, Grid};
use tilelens::tile::{Tile, TileError, holds_little, tile_of_raster};

use super::super::model::AskingArgs;
use super::super::scenes::SceneFile;
use super::super::tiles::{coded, progress_bar};
use super::progress::{Progress, Row};

/// All that a window's class depends on.
pub struct Windows<'a> {
    pub file: &'a SceneFile,
    pub prepared: &'a Prepared,
    pub grid: &'a Grid,
    pub classifier: &'a Classifier,
    pub asking: AskingArgs,
}

/// What a window says.
struct Seen {
    answer: Answer,
    /// Whether some of its pixels are without data, so that whole cells may be.
    lacks_data: bool,
    /// Why it has no answer where it cannot be read.
    why: Option<String>,
}

impl Windows<'_> {
    /// Classifies what has no answer yet of these groups. A file that is gone or was changed ends it; blocks that cannot
    /// be read cost their windows, and the first reason is said.
    pub fn classify(&self, mut groups: Vec<Vec<usize>>, progress: &mut Progress) -> Result<()> {
        let count = |groups: &[Vec<usize>]| groups.iter().map(Vec::len).sum::<usize>();
        let asked = count(&groups);
        groups.iter_mut().for_each(|group| group.retain(|&window| !progress.has(window)));
        groups.retain(|group| !group.is_empty());
        let bar = progress_bar(asked, "Mapping");
        bar.inc((asked - count(&groups)) as u64);
        bar.reset_eta();
        let shared = Mutex::new((progress, None::<String>));
        groups.par_iter().with_max_len(1).try_for_each(|group| -> Result<()> {
            let mut raster = self.file.open()?;
            let mut rows = Vec::with_capacity(group.len());
            let mut reason = None;
            for &window in group {
                let Seen { answer, lacks_data, why } = self.answer(&mut raster, window)?;
                reason = reason.or(why);
                let empty = if lacks_data { self.empty_cells(&mut raster, window) } else { Vec::new() };
                rows.push(Row { window, answer, empty });
                bar.inc(1);
            }
            let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(reason) = reason.filter(|_| shared.1.is_none()) {
                bar.suspend(|| eprintln!("  {reason}"));
                shared.1 = Some(reason);
            }
            shared.0.add(rows)
        })?;
        bar.finish_and_clear();
        Ok(())
    }

    /// What a window says.
    fn answer(&self, raster: &mut Raster<'_>, window: usize) -> Result<Seen> {
        match self.tile(raster, window) {
            Ok(tile) => {
                let scores = self.asking.probabilities(self.classifier, &tile).map_err(coded)?;
                Ok(Seen { answer: Answer::Scores(scores), lacks_data: tile.no_data_share() > 0.0, why: None })
            }
            Err(TileError::NoData { .. }) => Ok(Seen { answer: Answer::NoData, lacks_data: true, why: None }),
            Err(error @ TileError::Raster(RasterError::Unreadable(_))) => {
                bail!("{error}; --resume goes on with the cells that are done")
            }
            Err(error) => {
                let at = self.grid.window(window);
                let reason = format!("At pixel {}, {}: {}: {error}.", at.x, at.y, error.code());
                Ok(Seen { answer: Answer::Unreadable, lacks_data: false, why: Some(reason) })
            }
        }
    }

    /// The pixels of a window.
    fn tile(&self, raster: &mut Raster<'_>, window: usize) -> Result<Tile, TileError> {
        let read = || tile_of_raster(raster, self.grid.window(window), self.prepared);
        // A fault in a decoder costs one window, and not the thousand that were classified before it.
        catch_unwind(AssertUnwindSafe(read)).unwrap_or(Err(TileError::Decoder("TIFF")))
    }

    /// Of the cells that this window answers for, those that hold no data themselves. Without overlap that is what the
    /// window says already.
    fn empty_cells(&self, raster: &mut Raster<'_>, window: usize) -> Vec<usize> {
        if self.grid.overlap() == [1, 1] {
            return Vec::new();
        }
        let mut is_empty = |&cell: &usize| {
            let pixels = self.grid.cell_window(cell)?;
            let read = || holds_little(raster, pixels, self.prepared).ok();
            // What cannot be read is said of the window.
            catch_unwind(AssertUnwindSafe(read)).ok().flatten()
        };
        self.grid.own_cells(window).filter(|cell| is_empty(cell).unwrap_or(false)).collect()
    }
}
