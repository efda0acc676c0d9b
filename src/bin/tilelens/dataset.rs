//! A folder of tiles, one folder a class.

use std::path::{Component, Path, PathBuf};

use anyhow::{Result, anyhow, bail};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use walkdir::{DirEntry, WalkDir};

use super::files::read_lines;

/// Labelled files.
#[derive(Debug)]
pub struct Dataset {
    /// Names of the class folders: sorted, or in the order in which they were asked for.
    pub classes: Vec<String>,
    /// In the order of their names, or of the list.
    pub files: Vec<LabelledFile>,
}

/// A file and the index of its class.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledFile {
    pub path: PathBuf,
    pub class: usize,
}

impl Dataset {
    /// Every file beneath a class folder of `root`, hidden ones left out; those of the classes `wanted` alone,
    /// where some are named.
    pub fn read(root: &Path, wanted: &[String]) -> Result<Self> {
        let visible =
            |entry: &DirEntry| entry.depth() == 0 || !entry.file_name().as_encoded_bytes().starts_with(b".");
        let mut names = Vec::new();
        for entry in WalkDir::new(root).sort_by_file_name().into_iter().filter_entry(visible) {
            let entry = entry?;
            if entry.file_type().is_file() && entry.depth() > 1 {
                names.push(entry.path().strip_prefix(root)?.to_path_buf());
            }
        }
        if names.is_empty() {
            bail!(
                "{} holds no tiles: it needs a folder for each class, and the tiles in them",
                root.display()
            );
        }
        Self::of(root, names, wanted).map_err(|error| error.context(root.display().to_string()))
    }

    /// The files that `list` names, one `class/file` a line, beneath `root`.
    pub fn listed(root: &Path, list: &Path, wanted: &[String]) -> Result<Self> {
        let names: Vec<PathBuf> = read_lines(list)?.into_iter().map(PathBuf::from).collect();
        if let Some(missing) = names.iter().find(|name| !root.join(name).is_file()) {
            bail!("{} names {}, which is not in {}", list.display(), missing.display(), root.display());
        }
        Self::of(root, names, wanted).map_err(|error| error.context(list.display().to_string()))
    }

    fn of(root: &Path, names: Vec<PathBuf>, wanted: &[String]) -> Result<Self> {
        let named = names.into_iter().map(|name| Ok((class_folder(&name)?, name)));
        let named = named.collect::<Result<Vec<_>>>()?;
        if let Some(twice) = (1..wanted.len()).find(|&class| wanted[..class].contains(&wanted[class])) {
            bail!("the class `{}` is named twice", wanted[twice]);
        }
        let mut classes = wanted.to_vec();
        if classes.is_empty() {
            classes = named.iter().map(|(class, _)| class.clone()).collect();
            classes.sort();
            classes.dedup();
        }
        let files: Vec<_> = named
            .into_iter()
            .filter_map(|(class, name)| {
                let class = classes.iter().position(|wanted| *wanted == class)?;
                Some(LabelledFile { path: root.join(name), class })
            })
            .collect();
        if let Some(class) = (0..classes.len()).find(|&class| !files.iter().any(|file| file.class == class)) {
            bail!("there are no tiles of the class `{}`", classes[class]);
        }
        Ok(Self { classes, files })
    }

    /// The same with `most` files of each class, drawn by `seed`; a class that has fewer keeps them all.
    pub fn at_most(mut self, most: usize, seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut kept = vec![false; self.files.len()];
        for class in 0..self.classes.len() {
            let mut files: Vec<usize> =
                (0..self.files.len()).filter(|&file| self.files[file].class == class).collect();
            files.shuffle(&mut random);
            files.into_iter().take(most).for_each(|file| kept[file] = true);
        }
        let mut kept = kept.into_iter();
        self.files.retain(|_| kept.next().expect("one for each file"));
        self
    }

    /// Which of `labels` each class is.
    pub fn label_indices(&self, labels: &[String]) -> Result<Vec<usize>> {
        self.classes.iter().map(|class| label_index(class, labels)).collect()
    }
}

/// The first folder of a path.
fn class_folder(name: &Path) -> Result<String> {
    let mut components = name.components().filter(|component| *component != Component::CurDir);
    match (components.next(), components.next()) {
        (Some(Component::Normal(folder)), Some(Component::Normal(_))) => {
            Ok(folder.to_string_lossy().into_owned())
        }
        _ => Err(anyhow!("`{}` is not of the form class/file", name.display())),
    }
}

/// The label that a class folder stands for: that of its name, else the only one of the same letters and digits, so
/// that the folder `river_lake` is the label `River/lake`.
pub fn label_index(class: &str, labels: &[String]) -> Result<usize> {
    if let Some(index) = labels.iter().position(|label| label == class) {
        return Ok(index);
    }
    let bare = |name: &str| -> String {
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let alike: Vec<usize> = (0..labels.len()).filter(|&index| bare(&labels[index]) == bare(class)).collect();
    match alike[..] {
        [index] => Ok(index),
        [] => bail!("the folder `{class}` is none of the model's classes: {}", labels.join(", ")),
        _ => bail!("the folder `{class}` may be any of several classes: {}", labels.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_finds_its_label_by_name_or_by_its_letters_and_never_by_chance() {
        let labels = ["River/lake", "A-1", "A1", "a1"].map(String::from);
        assert_eq!(label_index("river_lake", &labels).unwrap(), 0);
        assert_eq!(label_index("A1", &labels).unwrap(), 2);
        assert!(label_index("a_1", &labels).unwrap_err().to_string().contains("several"));
        assert!(label_index("forest", &labels).unwrap_err().to_string().contains("none of"));
    }

    #[test]
    fn a_list_is_read_as_class_and_file_and_in_no_other_way() {
        let of = |names: &[&str], wanted: &[&str]| {
            let wanted: Vec<String> = wanted.iter().map(|class| class.to_string()).collect();
            Dataset::of(Path::new("data"), names.iter().map(PathBuf::from).collect(), &wanted)
        };
        let dataset = of(&["./b/1.jpg", "a/2.jpg", "b/deep/3.jpg"], &[]).unwrap();
        assert_eq!(dataset.classes, ["a", "b"]);
        assert_eq!(dataset.files.iter().map(|file| file.class).collect::<Vec<_>>(), [1, 0, 1]);
        let dataset = of(&["b/1.jpg", "a/2.jpg", "c/3.jpg"], &["b", "a"]).unwrap();
        assert_eq!(dataset.files.iter().map(|file| file.class).collect::<Vec<_>>(), [0, 1]);
        for bad in ["1.jpg", "../b/1.jpg", "/b/1.jpg", "b/../../1.jpg"] {
            let accepted = of(&[bad], &[]).is_ok();
            assert!(!accepted, "{bad}");
        }
        assert!(of(&["a/1.jpg"], &["a", "a"]).unwrap_err().to_string().contains("twice"));
        assert!(of(&["a/1.jpg"], &["a", "b"]).unwrap_err().to_string().contains("`b`"));
    }
}
