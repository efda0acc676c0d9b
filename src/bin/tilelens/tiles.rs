//! Files → whatever is computed of each tile, on all cores and with a progress bar.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Result, anyhow, bail};
use indicatif::{ProgressBar, ProgressStyle};
use tilelens::ErrorCode;
use tilelens::tile::{Tile, decode};

use super::dataset::LabelledFile;

/// A bar of `length` steps, shown on a terminal only.
pub fn progress_bar(length: usize, what: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:24} {bar:32} {pos}/{len} {eta} left")
        .expect("the template is well formed");
    ProgressBar::new(length as u64).with_style(style).with_message(what.to_owned())
}

/// What `compute` makes of each item, in their order; a thread for each core takes the next when it is done with one.
pub fn on_all_cores<Item: Sync, T: Send>(items: &[Item], compute: impl Fn(&Item) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let slots = Mutex::new(items.iter().map(|_| None).collect::<Vec<_>>());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { break };
                    let done = compute(item);
                    slots.lock().expect("no thread panics with the lock")[index] = Some(done);
                }
            });
        }
    });
    let slots = slots.into_inner().expect("no thread panics with the lock");
    slots.into_iter().map(|slot| slot.expect("every item was taken")).collect()
}

/// What `compute` makes of each file's tile, with the file's class. A file that is no image is named and left out;
/// an error of `compute` ends it all.
pub fn for_each_tile<T: Send>(
    files: &[LabelledFile],
    what: &str,
    compute: impl Fn(&Tile) -> Result<T> + Sync,
) -> Result<Vec<(T, usize)>> {
    let bar = progress_bar(files.len(), what);
    let read = on_all_cores(files, |file| {
        let answer = read_tile(&file.path).map(|tile| compute(&tile));
        bar.inc(1);
        answer
    });
    bar.finish_and_clear();
    let mut answers = Vec::new();
    for (answer, file) in read.into_iter().zip(files) {
        match answer {
            Ok(answer) => answers.push((answer?, file.class)),
            Err(error) => eprintln!("{} is left out: {error}", file.path.display()),
        }
    }
    if answers.is_empty() && !files.is_empty() {
        bail!("none of {} files can be used", files.len());
    }
    Ok(answers)
}

/// The tile of a file, or an error with its code.
pub fn read_tile(path: &Path) -> Result<Tile> {
    let bytes = fs::read(path).map_err(|error| anyhow!("file.unreadable: {error}"))?;
    decode(&bytes).map_err(coded)
}

/// An error with its code in front.
pub fn coded(error: impl ErrorCode) -> anyhow::Error {
    anyhow!("{}: {error}", error.code())
}
