//! The tiles of a run: to learn from, to choose by, to judge by. Copies of one picture stay on one side.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use anyhow::{Result, bail};
use tilelens::dataset::{Copies, Fingerprint, Subset};
use tilelens::tile::Together;
use tilelens::training::split::Split;

use super::super::dataset::{Dataset, LabelledFile};
use super::super::tiles::{in_order, look_at, progress_bar, read_tile};
use super::{TrainArgs, places};

/// How many pictures under two labels are named.
const NAMED: usize = 5;

pub struct Tiles {
    pub classes: Vec<String>,
    pub training: Vec<LabelledFile>,
    pub validation: Vec<LabelledFile>,
    pub test: Option<Vec<LabelledFile>>,
    /// What rasters among all of them have in common.
    pub together: Together,
}

impl Tiles {
    pub fn read(args: &TrainArgs) -> Result<Self> {
        let (classes, files) = assigned(args)?;
        let together = look_at(files.iter().map(|file| file.path.as_path()), &[]);
        let (files, originals) = without_copies_across(files, &together)?;
        let of = |subset: Subset| -> Vec<LabelledFile> {
            files.iter().filter(|file| file.subset == Some(subset)).cloned().collect()
        };
        let test = Some(of(Subset::Test)).filter(|test| !test.is_empty());
        let (mut training, mut validation) = (of(Subset::Training), of(Subset::Validation));
        if validation.is_empty() {
            let drawn =
                files.iter().zip(&originals).filter(|(file, _)| file.subset == Some(Subset::Training));
            let originals: Vec<usize> = drawn.map(|(_, &original)| original).collect();
            (training, validation) = drawn_validation(&training, &classes, &originals, args)?;
        } else if args.group_by.is_some() {
            bail!("--group-by has nothing to draw: the folders or lists say which tiles validate");
        }
        let tiles = Self { classes, training, validation, test, together };
        if tiles.judges().is_empty() {
            bail!("there are no tiles to judge by: raise --validation-fraction or label more tiles");
        }
        Ok(tiles)
    }

    /// The tiles that judge in the end.
    pub fn judges(&self) -> &[LabelledFile] {
        self.test.as_deref().unwrap_or(&self.validation)
    }
}

/// Draws a share of each class for validation. Copies stay together, and a picture judges once however often it is there;
/// `originals` tells which tiles are copies of one.
fn drawn_validation(
    tiles: &[LabelledFile],
    classes: &[String],
    originals: &[usize],
    args: &TrainArgs,
) -> Result<(Vec<LabelledFile>, Vec<LabelledFile>)> {
    let mut first = HashMap::new();
    let numbered = originals.iter().enumerate();
    let originals: Vec<usize> =
        numbered.map(|(tile, original)| *first.entry(original).or_insert(tile)).collect();
    let labels: Vec<usize> = tiles.iter().map(|file| file.class).collect();
    let (fraction, seed) = (args.validation_fraction, args.settings.seed);
    let split = match &args.group_by {
        Some(pattern) => {
            places::split((tiles, classes), (pattern, &args.data.data), &originals, (fraction, seed))?
        }
        None => Split::stratified_by_group(&labels, &originals, fraction, seed),
    };
    let chosen = |tile: &usize| tiles[*tile].clone();
    let validation = split.validation.iter().filter(|&&tile| originals[tile] == tile);
    Ok((split.training.iter().map(chosen).collect(), validation.map(chosen).collect()))
}

/// The classes, and every tile with what it is for: by the lists, else by the folders, else all to learn from, of which
/// a share is drawn later.
fn assigned(args: &TrainArgs) -> Result<(Vec<String>, Vec<LabelledFile>)> {
    let lists = args.train_list.as_ref().zip(args.validation_list.as_ref());
    let Dataset { mut classes, mut files } = match lists {
        Some((train_list, _)) => Dataset::listed(&args.data, train_list, &args.classes)?,
        None => Dataset::read(&args.data, &args.classes)?,
    };
    let as_subset = |files: Vec<LabelledFile>, subset| {
        files.into_iter().map(move |file| LabelledFile { subset: Some(subset), ..file })
    };
    let has_splits = files.iter().any(|file| file.subset.is_some());
    if lists.is_some() || args.test_list.is_some() || !has_splits {
        if has_splits && lists.is_none() {
            eprintln!("The test list counts: the folders' splits are not used.");
        }
        // The training tiles number the classes; a class that other lists lack would be judged by nothing.
        let listed = |list: &PathBuf| anyhow::Ok(Dataset::listed(&args.data, list, &classes)?.files);
        let test = args.test_list.as_ref().map(listed).transpose()?.unwrap_or_default();
        let validation = lists.map(|(_, list)| listed(list)).transpose()?.unwrap_or_default();
        if lists.is_none() {
            let judging: HashSet<_> = test.iter().map(|file| &file.path).collect();
            files.retain(|file| !judging.contains(&file.path));
        }
        let learnt: HashSet<_> = files.iter().map(|file| &file.path).collect();
        if let Some(twice) = validation.iter().chain(&test).find(|file| learnt.contains(&file.path)) {
            bail!("{} stands in the training list and in another", twice.path.display());
        }
        files = as_subset(files, Subset::Training)
            .chain(as_subset(validation, Subset::Validation))
            .chain(as_subset(test, Subset::Test))
            .collect();
    } else {
        keep_learnt_classes(&mut classes, &mut files)?;
    }
    if classes.len() < 2 {
        bail!("training needs at least two classes, and `{}` is the only one", classes[0]);
    }
    Ok((classes, files))
}

/// Drops classes of folder splits that the training split lacks: nothing could learn them.
fn keep_learnt_classes(classes: &mut Vec<String>, files: &mut Vec<LabelledFile>) -> Result<()> {
    let is_learnt =
        |class: usize| files.iter().any(|file| file.class == class && file.subset == Some(Subset::Training));
    let kept: Vec<usize> = (0..classes.len()).filter(|&class| is_learnt(class)).collect();
    if kept.is_empty() {
        bail!("the folders have no training split: there is nothing to learn from");
    }
    for class in (0..classes.len()).filter(|class| !kept.contains(class)) {
        eprintln!("The class `{}` is not in the training split and is left out.", classes[class]);
    }
    files.retain(|file| kept.contains(&file.class));
    for file in files {
        file.class = kept.iter().position(|&class| class == file.class).expect("only those are kept");
    }
    *classes = kept.iter().map(|&class| classes[class].clone()).collect();
    Ok(())
}

/// The files that can be read, without those of which a copy judges, or judges more strictly; and for each the first that
/// it is a copy of. What was found is said.
fn without_copies_across(
    files: Vec<LabelledFile>,
    together: &Together,
) -> Result<(Vec<LabelledFile>, Vec<usize>)> {
    let (files, fingerprints) = fingerprints(files, together)?;
    let copies = Copies::find(&fingerprints);
    let originals = copies.originals();
    if copies.exact + copies.near > 0 {
        eprintln!(
            "{} of {} tiles are copies of others ({} to the pixel, {} encoded anew, scaled or turned): copies stay on \
             one side of every split, and a picture judges once.",
            copies.exact + copies.near,
            files.len(),
            copies.exact,
            copies.near
        );
    }
    let labels: Vec<usize> = files.iter().map(|file| file.class).collect();
    let contradictions = copies.under_several_labels(&labels);
    for tiles in contradictions.iter().take(NAMED) {
        let names: Vec<String> = tiles.iter().map(|&tile| files[tile].path.display().to_string()).collect();
        eprintln!("One picture has several labels: {}. Remove all but one.", names.join(" and "));
    }
    if contradictions.len() > NAMED {
        eprintln!("So have {} other pictures.", contradictions.len() - NAMED);
    }
    let mut strictest = HashMap::new();
    for (file, original) in files.iter().zip(originals) {
        let subset = strictest.entry(original).or_insert(file.subset);
        *subset = file.subset.max(*subset);
    }
    let (mut kept, mut kept_originals) = (Vec::new(), Vec::new());
    let (mut judging, all) = (HashSet::new(), files.len());
    for (file, original) in files.into_iter().zip(originals) {
        let learns = file.subset == Some(Subset::Training);
        if file.subset == strictest[original] && (learns || judging.insert(*original)) {
            kept.push(file);
            kept_originals.push(*original);
        }
    }
    if kept.len() < all {
        eprintln!("{} of them are left out, because a copy of each judges.", all - kept.len());
    }
    Ok((kept, kept_originals))
}

/// The files that can be read, each with its fingerprint; the others are named.
fn fingerprints(
    files: Vec<LabelledFile>,
    together: &Together,
) -> Result<(Vec<LabelledFile>, Vec<Fingerprint>)> {
    let bar = progress_bar(files.len(), "Looking for copies");
    let (mut readable, mut fingerprints) = (Vec::new(), Vec::new());
    let work = |file: &LabelledFile| {
        let fingerprint = read_tile(&file.path, together).map(|tile| Fingerprint::of(&tile));
        bar.inc(1);
        fingerprint
    };
    in_order(&files, work, |file, fingerprint| {
        match fingerprint {
            Ok(fingerprint) => {
                readable.push(file.clone());
                fingerprints.push(fingerprint);
            }
            Err(error) => bar.suspend(|| eprintln!("{} is left out: {error}", file.path.display())),
        }
        Ok(())
    })?;
    bar.finish_and_clear();
    Ok((readable, fingerprints))
}
