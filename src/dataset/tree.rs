//! Paths → classes and splits.
//!
//! The rule, in its order:
//! 1. What is [clutter](super::Clutter) is skipped.
//! 2. Folders called `train`, `val`, `test` and the like are splits, above the classes or right below them. One folder
//!    around the splits is looked through, and so is a split in itself (`seg_train/seg_train`).
//! 3. The first folder that is left is the class, or the last one, where the caller says so.
//!
//! The command line is given a folder and reads what is in it. A page is given paths that begin with the folder that was
//! dropped: [`Tree::read_dropped`] looks through whatever lies around all classes first.

use std::collections::{BTreeMap, BTreeSet};

use super::class_name;
use super::clutter::{Skipped, clutter_of};
use super::notes::Note;
use super::splits::Subset;

/// Which folder above a tile names its class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ClassFrom {
    /// The one nearest to the root: `forest` of `forest/2019/x.jpg`.
    #[default]
    First,
    /// The one that holds the tile: `forest` of `site-a/forest/x.jpg`.
    Last,
}

/// A tile and where it belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Its number among the paths.
    pub path: usize,
    /// The number of its class.
    pub class: usize,
    /// The split that it lies in, where there are splits.
    pub subset: Option<Subset>,
}

/// What a list of paths is as a data set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    /// Sorted; each in its [one spelling](super::class_name).
    pub classes: Vec<String>,
    /// In the order of the paths.
    pub tiles: Vec<Placed>,
    /// What is no tile.
    pub skipped: Skipped,
    /// What was guessed or left out.
    pub notes: Vec<Note>,
}

/// A path on its way through the rule.
struct Candidate<'a> {
    path: usize,
    /// Folders that have not been spoken for.
    folders: Vec<&'a str>,
    subset: Option<Subset>,
}

impl Tree {
    /// Reads paths relative to the data set's folder, parted by `/`. One that ends in `/` is a folder, and matters only
    /// if no tile is in it or in a folder below it.
    pub fn read<'a>(paths: impl IntoIterator<Item = &'a str>, class_from: ClassFrom) -> Self {
        let mut tree = Self::default();
        let (mut candidates, mut empty_folders) = (Vec::new(), Vec::new());
        let mut names = Vec::new();
        for (index, path) in paths.into_iter().enumerate() {
            names.push(path);
            if let Some(kind) = clutter_of(path) {
                tree.skipped.add(kind, path);
                continue;
            }
            let mut folders: Vec<&str> =
                path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
            if path.ends_with('/') {
                empty_folders.push(folders);
            } else {
                folders.pop();
                candidates.push(Candidate { path: index, folders, subset: None });
            }
        }
        drop_held(&mut empty_folders, &candidates);
        tree.take_splits(&mut candidates);
        tree.take_classes(&candidates, &names, class_from);
        tree.note_empty(&empty_folders);
        tree
    }

    /// The same of paths that begin with what was dropped: folders around all others are looked through, those of an
    /// archive in an archive too. Where nothing below them divides the tiles but numbers, such as years, the last of them
    /// may be the class, and is kept.
    pub fn read_dropped(paths: &[String], class_from: ClassFrom) -> Self {
        let around = around(paths);
        Self::read(paths.iter().map(|path| path.strip_prefix(&around).unwrap_or(path)), class_from)
    }

    /// Takes the folders that are splits off the candidates, and drops those that lie beside splits.
    fn take_splits(&mut self, candidates: &mut Vec<Candidate>) {
        // One folder around the splits, as zips of data sets have it.
        let around = single(candidates.iter().map(|candidate| candidate.folders.first().copied()));
        let depth = match around.flatten() {
            Some(_) if has_splits(candidates, 1) => 1,
            _ if has_splits(candidates, 0) => 0,
            _ => return self.take_inner_splits(candidates),
        };
        let (mut splits, mut beside) = (BTreeMap::new(), BTreeMap::<String, usize>::new());
        candidates.retain_mut(|candidate| {
            let Some(subset) = split_at(candidate, depth) else {
                let folder = candidate.folders.get(depth).map_or("the folder itself", |folder| folder);
                *beside.entry(folder.to_owned()).or_default() += 1;
                return false;
            };
            let folder = candidate.folders[depth];
            splits.entry((subset, folder.to_owned())).and_modify(|tiles| *tiles += 1).or_insert(1);
            candidate.folders.drain(..=depth);
            candidate.subset = Some(subset);
            true
        });
        // Kaggle's archives repeat the folder: `seg_train/seg_train/forest`.
        for subset in [Subset::Training, Subset::Validation, Subset::Test] {
            let is_repeated = |candidate: &Candidate| split_at(candidate, 0) == Some(subset);
            let own = || candidates.iter().filter(|candidate| candidate.subset == Some(subset));
            if own().all(is_repeated) {
                for candidate in candidates.iter_mut().filter(|candidate| candidate.subset == Some(subset)) {
                    candidate.folders.remove(0);
                }
            }
        }
        self.note_splits(splits);
        self.notes.extend(beside.into_iter().map(|(folder, tiles)| Note::BesideSplits { folder, tiles }));
    }

    /// Splits right below the classes, where every class is divided by them: `forest/train/x.jpg`.
    fn take_inner_splits(&mut self, candidates: &mut [Candidate]) {
        let subsets: Vec<_> = candidates.iter().map(|candidate| split_at(candidate, 1)).collect();
        if subsets.iter().any(Option::is_none) || subsets.iter().collect::<BTreeSet<_>>().len() < 2 {
            return;
        }
        let mut splits = BTreeMap::new();
        for (candidate, subset) in candidates.iter_mut().zip(subsets) {
            candidate.subset = subset;
            let folder = candidate.folders.remove(1).to_owned();
            *splits.entry((subset.expect("none is missing"), folder)).or_insert(0) += 1;
        }
        self.note_splits(splits);
    }

    fn note_splits(&mut self, splits: BTreeMap<(Subset, String), usize>) {
        let splits = splits.into_iter().map(|((subset, folder), tiles)| (folder, subset, tiles));
        self.notes.push(Note::Splits(splits.collect()));
    }

    fn take_classes(&mut self, candidates: &[Candidate], names: &[&str], class_from: ClassFrom) {
        let class_of = |candidate: &Candidate, class_from| {
            let folder = match class_from {
                ClassFrom::First => candidate.folders.first(),
                ClassFrom::Last => candidate.folders.last(),
            };
            folder.map(|folder| class_name(folder))
        };
        let classes = |class_from| -> Vec<String> {
            let names = candidates.iter().filter_map(|candidate| class_of(candidate, class_from));
            names.collect::<BTreeSet<_>>().into_iter().collect()
        };
        let (first, last) = (classes(ClassFrom::First), classes(ClassFrom::Last));
        self.classes = match class_from {
            ClassFrom::First => first.clone(),
            ClassFrom::Last => last.clone(),
        };
        if first != last {
            self.notes.push(Note::TwoReadings { first, last, taken: class_from });
        }
        let mut loose = Vec::new();
        for candidate in candidates {
            let Some(name) = class_of(candidate, class_from) else {
                loose.push(names[candidate.path]);
                continue;
            };
            let class = self.classes.binary_search(&name).expect("every class is listed");
            self.tiles.push(Placed { path: candidate.path, class, subset: candidate.subset });
        }
        if let Some(example) = loose.first() {
            self.notes.push(Note::Loose { tiles: loose.len(), example: (*example).to_owned() });
        }
        self.note_classes();
    }

    /// Classes with one tile to learn from, and such as only case tells apart.
    fn note_classes(&mut self) {
        let mut tiles = vec![0; self.classes.len()];
        let learns = |placed: &&Placed| matches!(placed.subset, None | Some(Subset::Training));
        self.tiles.iter().filter(learns).for_each(|placed| tiles[placed.class] += 1);
        let mut spelled = BTreeMap::<String, &String>::new();
        for (class, tiles) in self.classes.iter().zip(tiles) {
            if tiles == 1 {
                self.notes.push(Note::SingleTile(class.clone()));
            }
            if let Some(other) = spelled.insert(class.to_lowercase(), class) {
                self.notes.push(Note::CaseAlone(other.clone(), class.clone()));
            }
        }
    }

    /// Folders that would be classes and hold nothing.
    fn note_empty(&mut self, folders: &[Vec<&str>]) {
        let names: BTreeSet<String> = folders
            .iter()
            .filter(|folders| folders.last().is_some_and(|name| Subset::of_folder(name).is_none()))
            .filter_map(|folders| folders.last().map(|name| class_name(name)))
            .filter(|name| !self.classes.contains(name))
            .collect();
        self.notes.extend(names.into_iter().map(Note::EmptyFolder));
    }
}

/// Drops the folders that tiles lie in, or in folders below them: they are not empty.
fn drop_held(folders: &mut Vec<Vec<&str>>, candidates: &[Candidate]) {
    if folders.is_empty() {
        return;
    }
    let chains = candidates.iter().map(|candidate| &candidate.folders);
    let held: BTreeSet<&[&str]> =
        chains.flat_map(|chain| (1..=chain.len()).map(|depth| &chain[..depth])).collect();
    folders.retain(|folders| !held.contains(&folders[..]));
}

/// The folders that lie around all tiles, with the `/` behind them.
fn around(paths: &[String]) -> String {
    let tiles = paths.iter().filter(|path| !path.ends_with('/') && clutter_of(path).is_none());
    let folders = |path: &str| path.rsplit_once('/').map(|(folders, _)| format!("{folders}/"));
    let mut chains = tiles.filter_map(|path| folders(path));
    let Some(first) = chains.next() else { return String::new() };
    let chains: Vec<String> = chains.collect();
    let shared = |chain: &String| {
        let parts = first.split_inclusive('/').zip(chain.split_inclusive('/'));
        parts.take_while(|(one, other)| one == other).map(|(part, _)| part.len()).sum()
    };
    let shared: usize = chains.iter().map(shared).min().unwrap_or(first.len());
    let below = |chain: &String| chain[shared..].split('/').next().map(str::to_owned).unwrap_or_default();
    let mut names =
        std::iter::once(&first).chain(&chains).map(below).filter(|name| !name.is_empty()).peekable();
    // All lie in one folder: it is the class.
    if names.peek().is_none() {
        return String::new();
    }
    if names.all(|name| name.chars().all(|c| c.is_ascii_digit())) {
        let outer = first[..shared].trim_end_matches('/');
        return first[..outer.rfind('/').map_or(0, |end| end + 1)].to_owned();
    }
    first[..shared].to_owned()
}

/// The split that a candidate's folder at `depth` is.
fn split_at(candidate: &Candidate, depth: usize) -> Option<Subset> {
    candidate.folders.get(depth).and_then(|folder| Subset::of_folder(folder))
}

/// Whether the folders at `depth` divide the data set: there are two splits, or nothing but one with folders in it.
/// A class may be called `train`; two that are called like splits are not classes.
fn has_splits(candidates: &[Candidate], depth: usize) -> bool {
    let subsets: BTreeSet<_> = candidates.iter().filter_map(|candidate| split_at(candidate, depth)).collect();
    let is_inside =
        |candidate: &Candidate| split_at(candidate, depth).is_some() && candidate.folders.len() > depth + 1;
    subsets.len() > 1 || (subsets.len() == 1 && candidates.iter().all(is_inside))
}

/// The one value of all, where there is only one.
fn single<T: PartialEq>(mut values: impl Iterator<Item = T>) -> Option<T> {
    let first = values.next()?;
    values.all(|value| value == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Subset::{Test, Training, Validation};

    fn read(paths: &[&str]) -> Tree {
        Tree::read(paths.iter().copied(), ClassFrom::First)
    }

    /// Class and split of every tile.
    fn placed(tree: &Tree) -> Vec<(&str, Option<Subset>)> {
        tree.tiles.iter().map(|tile| (tree.classes[tile.class].as_str(), tile.subset)).collect()
    }

    #[test]
    fn splits_above_the_classes_are_no_classes() {
        let tree =
            read(&["Train/a/1.jpg", "Train/b/2.jpg", "valid/a/3.jpg", "test/b/4.jpg", "README.roboflow.txt"]);
        assert_eq!(tree.classes, ["a", "b"]);
        let (training, validation, test) = (Some(Training), Some(Validation), Some(Test));
        assert_eq!(placed(&tree), [("a", training), ("b", training), ("a", validation), ("b", test)]);
        assert!(tree.notes[0].to_string().contains("`valid` for validation (1 tiles)"), "{:?}", tree.notes);
        assert_eq!(tree.skipped.count(), 1);
    }

    #[test]
    fn a_folder_around_splits_and_a_split_in_itself_are_looked_through() {
        let around = read(&["intel/seg_train/seg_train/sea/1.jpg", "intel/seg_test/seg_test/sea/2.jpg"]);
        assert_eq!(placed(&around), [("sea", Some(Training)), ("sea", Some(Test))]);
        let alone = read(&["train/a/1.jpg", "train/b/2.jpg"]);
        assert_eq!(placed(&alone), [("a", Some(Training)), ("b", Some(Training))]);
        let below = read(&["a/train/1.jpg", "a/test/2.jpg", "b/train/3.jpg"]);
        assert_eq!(placed(&below), [("a", Some(Training)), ("a", Some(Test)), ("b", Some(Training))]);
    }

    #[test]
    fn a_class_may_be_called_like_a_split_and_a_folder_beside_splits_is_named() {
        let railway = read(&["bus/1.jpg", "bus/2.jpg", "train/3.jpg", "train/4.jpg"]);
        assert_eq!(placed(&railway), [("bus", None), ("bus", None), ("train", None), ("train", None)]);
        let beside = read(&["train/a/1.jpg", "test/a/2.jpg", "seg_pred/3.jpg", "4.jpg"]);
        assert_eq!(beside.classes, ["a"]);
        let left_out = Note::BesideSplits { folder: "seg_pred".into(), tiles: 1 };
        assert!(beside.notes.contains(&left_out), "{:?}", beside.notes);
    }

    #[test]
    fn years_below_classes_are_shown_before_the_first_folder_is_taken() {
        let paths = ["forest/2019/1.jpg", "forest/2020/2.jpg", "river/2019/3.jpg", "sea/2020/4.jpg"];
        let tree = read(&paths);
        assert_eq!(tree.classes, ["forest", "river", "sea"]);
        let sentence = tree.notes[0].to_string();
        assert!(sentence.starts_with("3 classes by the first folder: forest, river, sea."), "{sentence}");
        assert!(sentence.contains("By the last folder there would be 2: 2019, 2020."), "{sentence}");
        assert_eq!(Tree::read(paths, ClassFrom::Last).classes, ["2019", "2020"]);
    }

    #[test]
    fn what_was_dropped_is_looked_through_down_to_where_it_forks() {
        let read = |paths: &[&str]| {
            let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
            let tree = Tree::read_dropped(&paths, ClassFrom::First);
            let asks = tree.notes.iter().any(|note| matches!(note, Note::TwoReadings { .. }));
            (tree.classes.join(" "), tree.tiles.len(), asks)
        };
        let is = |classes: &str, tiles, asks| (classes.to_owned(), tiles, asks);
        assert_eq!(
            read(&["data/a/1.jpg", "data/b/2.jpg", "data/labels.csv", "@eaDir/1.jpg"]),
            is("a b", 2, false)
        );
        assert_eq!(read(&["a/1.jpg", "b/2.jpg", "loose.jpg"]), is("a b", 2, false));
        assert_eq!(read(&["a/1.jpg", "a/2.jpg"]), is("a", 2, false));
        assert_eq!(
            read(&["z/z/train/a/1.jpg", "z/z/test/b/2.jpg", "__MACOSX/z/._1.jpg"]),
            is("a b", 2, false)
        );
        // A class with its years, or a folder with classes that are numbers: nobody can tell.
        assert_eq!(read(&["sea/2019/1.jpg", "sea/2020/2.jpg"]), is("sea", 2, true));
        assert_eq!(read(&["data/a/2019/1.jpg", "data/b/2019/2.jpg"]), is("a b", 2, true));
        assert_eq!(read(&["data/a/1.jpg"]), is("data", 1, true));
    }

    #[test]
    fn two_spellings_of_a_letter_are_one_class_and_two_cases_are_told() {
        let tree = read(&[
            "E\u{301}tang/1.jpg",
            "\u{c9}tang/2.jpg",
            "sea/3.jpg",
            "sea/4.jpg",
            "Sea/5.jpg",
            "Sea/6.jpg",
        ]);
        assert_eq!(tree.classes, ["Sea", "sea", "\u{c9}tang"]);
        assert_eq!(tree.notes, [Note::CaseAlone("Sea".into(), "sea".into())]);
    }

    #[test]
    fn small_and_empty_classes_and_loose_files_are_named() {
        let tree = read(&["a/1.jpg", "b/2.jpg", "b/3.jpg", "4.jpg", "c/", "b/", "@eaDir/", "@eaDir/5.jpg"]);
        let notes: Vec<String> = tree.notes.iter().map(Note::to_string).collect();
        assert_eq!(notes.len(), 3, "{notes:?}");
        assert!(notes[0].starts_with("`4.jpg` lies in no class folder"), "{notes:?}");
        assert!(notes[1].contains("`a` has one tile"), "{notes:?}");
        assert!(notes[2].contains("`c` holds no tiles"), "{notes:?}");
        assert_eq!((tree.tiles.len(), tree.skipped.count()), (3, 2));
    }

    #[test]
    fn a_folder_that_is_no_class_is_not_called_empty_where_tiles_are_in_it_or_below() {
        let paths = ["a/", "a/1.jpg", "a/2.jpg", "b/", "b/2019/", "b/2019/3.jpg", "b/2019/4.jpg", "b/2020/"];
        let empty = |class_from| {
            let notes = Tree::read(paths, class_from).notes;
            notes.into_iter().filter(|note| matches!(note, Note::EmptyFolder(_))).collect::<Vec<_>>()
        };
        assert_eq!(empty(ClassFrom::First), [Note::EmptyFolder("2020".into())]);
        assert_eq!(empty(ClassFrom::Last), [Note::EmptyFolder("2020".into())]);
    }
}
