//! A folder of tiles, one folder a class, with splits or without.

use std::path::{Component, Path, PathBuf};

use anyhow::{Result, anyhow, bail};
use clap::{Args, ValueEnum};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use tilelens::dataset::{self, Subset, Tree, class_name};

use super::files::read_lines;
use super::listing::Listing;

/// Where labelled tiles are.
#[derive(Args)]
pub struct DataArgs {
    /// A folder with a folder of tiles for each class; train, val and test above or below them are splits.
    pub data: PathBuf,
    /// Which folder above a tile names its class: `first` takes forest from forest/2019/x.jpg, `last` takes 2019.
    #[arg(long, value_enum, value_name = "FOLDER", default_value_t = ClassFrom::First)]
    pub class_from: ClassFrom,
}

/// [`dataset::ClassFrom`] as an argument.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ClassFrom {
    First,
    Last,
}

impl From<ClassFrom> for dataset::ClassFrom {
    fn from(class_from: ClassFrom) -> Self {
        match class_from {
            ClassFrom::First => Self::First,
            ClassFrom::Last => Self::Last,
        }
    }
}

/// Labelled files.
#[derive(Debug)]
pub struct Dataset {
    /// Names of the class folders: sorted, or in the order in which they were asked for.
    pub classes: Vec<String>,
    /// In the order of their names, or of the list.
    pub files: Vec<LabelledFile>,
}

/// A file, the index of its class, and the split in whose folder it lies.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledFile {
    pub path: PathBuf,
    pub class: usize,
    pub subset: Option<Subset>,
}

impl Dataset {
    /// Every tile beneath a class folder, and on stderr what was guessed or left out; those of the classes `wanted`
    /// alone, where some are named.
    pub fn read(args: &DataArgs, wanted: &[String]) -> Result<Self> {
        let root = &args.data;
        let listing = Listing::of(root)?;
        let tree = Tree::read(listing.names.iter().map(String::as_str), args.class_from.into());
        tree.notes.iter().for_each(|note| eprintln!("{note}"));
        if tree.skipped.count() > 0 {
            eprintln!("{}.", tree.skipped);
        }
        if tree.tiles.is_empty() {
            bail!(
                "{} holds no tiles: it needs a folder for each class, and the tiles in them",
                root.display()
            );
        }
        Self::of(&tree, &listing.paths, wanted).map_err(|error| error.context(root.display().to_string()))
    }

    /// The files that `list` names, one `class/file` a line, beneath the data's folder.
    pub fn listed(args: &DataArgs, list: &Path, wanted: &[String]) -> Result<Self> {
        let (root, names) = (&args.data, read_lines(list)?);
        if let Some(missing) = names.iter().find(|name| !root.join(name).is_file()) {
            bail!("{} names {missing}, which is not in {}", list.display(), root.display());
        }
        Self::of_names(root, &names, args.class_from.into(), wanted)
            .map_err(|error| error.context(list.display().to_string()))
    }

    fn of_names(
        root: &Path,
        names: &[String],
        class_from: dataset::ClassFrom,
        wanted: &[String],
    ) -> Result<Self> {
        for name in names {
            let parts = Path::new(name).components().filter(|part| *part != Component::CurDir);
            let is_beneath = |part: Component| matches!(part, Component::Normal(_));
            if !Path::new(name).components().all(|part| part == Component::CurDir || is_beneath(part))
                || parts.count() < 2
            {
                bail!("`{name}` is not of the form class/file");
            }
        }
        let tree = Tree::read(names.iter().map(String::as_str), class_from);
        let paths: Vec<PathBuf> = names.iter().map(|name| root.join(name)).collect();
        if tree.tiles.len() < names.len() {
            let is_placed = |index: usize| tree.tiles.iter().any(|tile| tile.path == index);
            let lost =
                (0..names.len()).find(|&index| !is_placed(index)).expect("there are fewer tiles than names");
            bail!("`{}` is no tile of a class", names[lost]);
        }
        Self::of(&tree, &paths, wanted)
    }

    fn of(tree: &Tree, paths: &[PathBuf], wanted: &[String]) -> Result<Self> {
        let mut classes: Vec<String> = wanted.iter().map(|class| class_name(class)).collect();
        if let Some(twice) = (1..classes.len()).find(|&class| classes[..class].contains(&classes[class])) {
            bail!("the class `{}` is named twice", classes[twice]);
        }
        if classes.is_empty() {
            classes = tree.classes.clone();
        }
        let files: Vec<_> = tree
            .tiles
            .iter()
            .filter_map(|tile| {
                let class = classes.iter().position(|class| *class == tree.classes[tile.class])?;
                Some(LabelledFile { path: paths[tile.path].clone(), class, subset: tile.subset })
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

    /// The files of a split.
    pub fn subset(&self, subset: Subset) -> Vec<LabelledFile> {
        self.files.iter().filter(|file| file.subset == Some(subset)).cloned().collect()
    }
}

/// The label that a class folder stands for: that of its name, else the only one of the same letters and digits, so
/// that the folder `river_lake` is the label `River/lake`.
pub fn label_index(class: &str, labels: &[String]) -> Result<usize> {
    if let Some(index) = labels.iter().position(|label| class_name(label) == class) {
        return Ok(index);
    }
    let bare = |name: &str| -> String {
        class_name(name).chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let alike: Vec<usize> = (0..labels.len()).filter(|&index| bare(&labels[index]) == bare(class)).collect();
    match alike[..] {
        [index] => Ok(index),
        [] => Err(anyhow!("the folder `{class}` is none of the model's classes: {}", labels.join(", "))),
        _ => Err(anyhow!("the folder `{class}` may be any of several classes: {}", labels.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_finds_its_label_by_name_or_by_its_letters_and_never_by_chance() {
        let labels = ["River/lake", "A-1", "A1", "a1", "E\u{301}tang"].map(String::from);
        assert_eq!(label_index("river_lake", &labels).unwrap(), 0);
        assert_eq!(label_index("A1", &labels).unwrap(), 2);
        assert_eq!(label_index("\u{c9}tang", &labels).unwrap(), 4);
        assert!(label_index("a_1", &labels).unwrap_err().to_string().contains("several"));
        assert!(label_index("forest", &labels).unwrap_err().to_string().contains("none of"));
    }

    #[test]
    fn a_list_is_read_as_class_and_file_and_in_no_other_way() {
        let of = |names: &[&str], wanted: &[&str]| {
            let [names, wanted] =
                [names, wanted].map(|of| of.iter().map(|name| name.to_string()).collect::<Vec<_>>());
            Dataset::of_names(Path::new("data"), &names, dataset::ClassFrom::First, &wanted)
        };
        let dataset = of(&["./b/1.jpg", "a/2.jpg", "b/deep/3.jpg"], &[]).unwrap();
        assert_eq!(dataset.classes, ["a", "b"]);
        assert_eq!(dataset.files.iter().map(|file| file.class).collect::<Vec<_>>(), [1, 0, 1]);
        let dataset = of(&["b/1.jpg", "a/2.jpg", "c/3.jpg"], &["b", "a"]).unwrap();
        assert_eq!(dataset.files.iter().map(|file| file.class).collect::<Vec<_>>(), [0, 1]);
        for bad in ["1.jpg", "../b/1.jpg", "/b/1.jpg", "b/../../1.jpg", "b/labels.csv"] {
            let accepted = of(&[bad], &[]).is_ok();
            assert!(!accepted, "{bad}");
        }
        assert!(of(&["a/1.jpg"], &["a", "a"]).unwrap_err().to_string().contains("twice"));
        assert!(of(&["a/1.jpg"], &["a", "b"]).unwrap_err().to_string().contains("`b`"));
    }
}
