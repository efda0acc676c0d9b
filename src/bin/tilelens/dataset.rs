//! A folder of tiles, one folder a class.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use walkdir::WalkDir;

use super::files::read_lines;

/// Labelled files.
#[derive(Debug)]
pub struct Dataset {
    /// Names of the class folders, sorted.
    pub classes: Vec<String>,
    /// In the order of their names, or of the list.
    pub files: Vec<LabelledFile>,
}

/// A file and the index of its class.
#[derive(Debug, Clone)]
pub struct LabelledFile {
    pub path: PathBuf,
    pub class: usize,
}

impl Dataset {
    /// Every file beneath a class folder of `root`, hidden ones left out; those of `classes` alone, where some
    /// are named.
    pub fn read(root: &Path, classes: &[String]) -> Result<Self> {
        let visible = |entry: &walkdir::DirEntry| entry.depth() == 0 || !entry.file_name().as_encoded_bytes().starts_with(b".");
        let mut names = Vec::new();
        for entry in WalkDir::new(root).sort_by_file_name().into_iter().filter_entry(visible) {
            let entry = entry?;
            if entry.file_type().is_file() && entry.depth() > 1 {
                names.push(entry.path().strip_prefix(root)?.to_path_buf());
            }
        }
        let dataset = Self::of(root, names, classes)?;
        if dataset.files.is_empty() {
            bail!("{} holds no tiles: it needs a folder for each class, and the tiles in them", root.display());
        }
        Ok(dataset)
    }

    /// The files that `list` names, one a line, as `class/file` beneath `root`.
    pub fn listed(root: &Path, list: &Path, classes: &[String]) -> Result<Self> {
        let names = read_lines(list)?.into_iter().map(PathBuf::from).collect();
        let dataset = Self::of(root, names, classes)?;
        if dataset.files.is_empty() {
            bail!("{} names no tiles of these classes", list.display());
        }
        Ok(dataset)
    }

    fn of(root: &Path, names: Vec<PathBuf>, wanted: &[String]) -> Result<Self> {
        let class_of = |name: &Path| {
            name.components().next().map(|folder| folder.as_os_str().to_string_lossy().into_owned())
        };
        let mut found: Vec<String> = names.iter().filter_map(|name| class_of(name)).collect();
        found.sort();
        found.dedup();
        if let Some(missing) = wanted.iter().find(|class| !found.contains(class)) {
            bail!("there are no tiles of the class `{missing}` in {}", root.display());
        }
        let classes = if wanted.is_empty() { found } else { wanted.to_vec() };
        let files = names
            .into_iter()
            .filter_map(|name| {
                let class = classes.iter().position(|class| Some(class) == class_of(&name).as_ref())?;
                Some(LabelledFile { path: root.join(name), class })
            })
            .collect();
        Ok(Self { classes, files })
    }

    /// Which of `labels` each class is: letters and digits alone are compared, so that the folder `river_lake` is
    /// the label `River/lake`.
    pub fn label_indices(&self, labels: &[String]) -> Result<Vec<usize>> {
        let bare = |name: &str| -> String {
            name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
        };
        self.classes
            .iter()
            .map(|class| match labels.iter().position(|label| bare(label) == bare(class)) {
                Some(index) => Ok(index),
                None => bail!("the folder `{class}` is none of the model's classes: {}", labels.join(", ")),
            })
            .collect()
    }
}
