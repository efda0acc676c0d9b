//! What lies beneath a folder on the disk. Symbolic links are followed.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use tilelens::dataset::clutter_of;
use walkdir::{DirEntry, WalkDir};

/// Files and folders in the order of their names.
#[derive(Debug, Default)]
pub struct Listing {
    /// Relative to the folder, parted by `/`; a folder ends in one. Of a folder that is no place for tiles
    /// (`.git`, `@eaDir`) only itself.
    pub names: Vec<String>,
    /// Where each is.
    pub paths: Vec<PathBuf>,
}

impl Listing {
    /// Everything beneath `root`. Links that lead nowhere or back, and folders that may not be read, are said and left
    /// out.
    pub fn of(root: &Path) -> Result<Self> {
        if !root.exists() {
            bail!("there is no {}", root.display());
        }
        let mut listing = Self::default();
        let mut entries = WalkDir::new(root).min_depth(1).follow_links(true).sort_by_file_name().into_iter();
        while let Some(entry) = entries.next() {
            match entry {
                Ok(entry) => {
                    let name = relative(root, &entry)?;
                    if name.ends_with('/') && clutter_of(&name).is_some() {
                        entries.skip_current_dir();
                    }
                    listing.names.push(name);
                    listing.paths.push(entry.into_path());
                }
                Err(error) => eprintln!("{}", sentence(&error)),
            }
        }
        Ok(listing)
    }
}

fn relative(root: &Path, entry: &DirEntry) -> Result<String> {
    let parts = entry.path().strip_prefix(root)?.components();
    let name = parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
    Ok(if entry.file_type().is_dir() { name + "/" } else { name })
}

fn sentence(error: &walkdir::Error) -> String {
    let path = error.path().map_or_else(String::new, |path| path.display().to_string());
    if let Some(ancestor) = error.loop_ancestor() {
        return format!("{path} leads back to {} and is left out", ancestor.display());
    }
    if error.path().is_some_and(|path| path.is_symlink() && !path.exists()) {
        return format!("{path} is a link to a file that is gone, and is left out");
    }
    let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
    format!("{path} cannot be read and is left out: {reason}")
}
