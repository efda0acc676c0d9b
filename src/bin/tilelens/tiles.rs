//! Files → whatever is computed of each tile, on all cores and with a progress bar.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use anyhow::{Result, anyhow, bail};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;
use tilelens::ErrorCode;
use tilelens::tile::{Tile, Together};

use super::dataset::LabelledFile;

/// Tiles that each core takes between two times that answers are handed on: enough to keep all of them busy, few
/// enough to be held.
const ROUND: usize = 64;

/// A bar of `length` steps, on stderr and on a terminal only.
pub fn progress_bar(length: usize, what: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:24} {bar:32} {pos}/{len} {eta} left")
        .expect("the template is well formed");
    ProgressBar::new(length as u64).with_style(style).with_message(what.to_owned())
}

/// Hands to `each` what `work` makes of every item, in the order of the items. The work is done on all cores
/// (`--threads`); no more answers are held than a round has, however many items there are.
pub fn in_order<I: Sync, T: Send>(
    items: &[I],
    work: impl Fn(&I) -> T + Sync,
    mut each: impl FnMut(&I, T) -> Result<()>,
) -> Result<()> {
    for round in items.chunks(ROUND * rayon::current_num_threads()) {
        let answers: Vec<T> = round.par_iter().with_max_len(1).map(&work).collect();
        for (item, answer) in round.iter().zip(answers) {
            each(item, answer)?;
        }
    }
    Ok(())
}

/// What `compute` makes of each file's tile, with the file's class; rasters that are alike share one stretch. A file that
/// is no image is named and left out; an error of `compute` ends it all.
pub fn for_each_tile<T: Send>(
    files: &[LabelledFile],
    what: &str,
    compute: impl Fn(&Tile) -> Result<T> + Sync,
) -> Result<Vec<(T, usize)>> {
    let bar = progress_bar(files.len(), what);
    let together = Together::of_files(files.iter().map(|file| file.path.as_path()), &[]);
    let mut answers = Vec::new();
    let work = |file: &LabelledFile| {
        let answer = read_tile(&file.path, &together).map(|tile| compute(&tile));
        bar.inc(1);
        answer
    };
    in_order(files, work, |file, answer| {
        match answer {
            Ok(answer) => answers.push((answer?, file.class)),
            Err(error) => bar.suspend(|| eprintln!("{} is left out: {error}", file.path.display())),
        }
        Ok(())
    })?;
    bar.finish_and_clear();
    if answers.is_empty() && !files.is_empty() {
        bail!("none of {} files can be used", files.len());
    }
    Ok(answers)
}

/// The tile of a file that came with others, or an error with its code: the one place where a file becomes a tile.
pub fn read_tile(path: &Path, together: &Together) -> Result<Tile> {
    let bytes = fs::read(path).map_err(|error| anyhow!("file.unreadable: {error}"))?;
    // A fault in a decoder costs one tile, and not the thousand that were classified before it.
    match catch_unwind(AssertUnwindSafe(|| together.decode(&bytes))) {
        Ok(decoded) => decoded.map_err(coded),
        Err(_) => bail!("image.fault: this file makes the decoder fail: please report it"),
    }
}

/// An error with its code in front.
pub fn coded(error: impl ErrorCode) -> anyhow::Error {
    anyhow!("{}: {error}", error.code())
}
