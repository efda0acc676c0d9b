//! What the arguments of `classify` name: files, folders, patterns, and a list on standard input.

use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tilelens::dataset::{Skipped, clutter_of};

use super::listing::Listing;

/// Every file that may be a tile, in the order of the arguments and then of the names. Clutter in folders is skipped and
/// counted; a file that is named is always tried.
pub fn files(arguments: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let (mut files, mut skipped) = (Vec::new(), Skipped::default());
    for argument in arguments {
        if argument == Path::new("-") {
            for line in io::stdin().lock().lines() {
                let line = line.context("the list on standard input cannot be read")?;
                if !line.trim().is_empty() {
                    files.push(PathBuf::from(line.trim_end_matches('\r')));
                }
            }
        } else if argument.exists() {
            add(argument, &mut files, &mut skipped)?;
        } else {
            for path in matches(argument)? {
                add(&path, &mut files, &mut skipped)?;
            }
        }
    }
    if skipped.count() > 0 {
        eprintln!("{skipped}.");
    }
    if files.is_empty() {
        bail!("there is no tile to classify in what was named");
    }
    Ok(files)
}

fn add(path: &Path, files: &mut Vec<PathBuf>, skipped: &mut Skipped) -> Result<()> {
    if !path.is_dir() {
        files.push(path.to_path_buf());
        return Ok(());
    }
    let Listing { names, paths } = Listing::of(path)?;
    for (name, path) in names.iter().zip(paths) {
        match clutter_of(name) {
            Some(kind) => skipped.add(kind, name),
            None if name.ends_with('/') => {}
            None => files.push(path),
        }
    }
    Ok(())
}

/// What a pattern matches, where the shell has not looked: `"tiles/*.jpg"`.
fn matches(pattern: &Path) -> Result<Vec<PathBuf>> {
    let text = pattern.to_str().with_context(|| format!("there is no {}", pattern.display()))?;
    let found = glob::glob(text).with_context(|| format!("{text} is no pattern"))?;
    let found: Vec<PathBuf> = found.collect::<Result<_, _>>()?;
    if found.is_empty() {
        bail!("there is no {text}");
    }
    Ok(found)
}
