//! Which tiles train and which validate.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

/// Which tiles train and which validate: indices in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Tiles to learn from.
    pub training: Vec<usize>,
    /// Tiles to judge by.
    pub validation: Vec<usize>,
}

impl Split {
    /// Draws `validation_fraction` of each class for validation, rounded; a class keeps at least one tile to
    /// learn from.
    pub fn stratified(labels: &[usize], validation_fraction: f64, seed: u64) -> Self {
        let alone: Vec<usize> = (0..labels.len()).collect();
        Self::stratified_by_group(labels, &alone, validation_fraction, seed)
    }

    /// The same with copies of one picture on one side: a tile that was learnt by heart judges nothing.
    /// `groups` is [`Samples::originals`](super::samples::Samples::originals).
    pub fn stratified_by_group(
        labels: &[usize],
        groups: &[usize],
        validation_fraction: f64,
        seed: u64,
    ) -> Self {
        let mut is_held = vec![false; labels.len()];
        for members in shuffled_classes(labels, groups, seed) {
            let wanted = (members.len() as f64 * validation_fraction).round() as usize;
            let held = wanted.min(members.len().saturating_sub(1));
            for &original in &members[..held] {
                is_held[original] = true;
            }
        }
        Self::by(labels.len(), |tile| is_held[groups[tile]])
    }

    /// `count` splits in which every tile validates once, each class dealt out evenly; copies of one picture go
    /// together, and the only picture of a class always trains.
    pub fn folds(labels: &[usize], groups: &[usize], count: usize, seed: u64) -> Vec<Self> {
        let mut fold_of = vec![None; labels.len()];
        let mut dealt = 0;
        for members in shuffled_classes(labels, groups, seed).iter().filter(|members| members.len() > 1) {
            for &original in members {
                fold_of[original] = Some(dealt % count);
                dealt += 1;
            }
        }
        (0..count.min(dealt))
            .map(|fold| Self::by(labels.len(), |tile| fold_of[groups[tile]] == Some(fold)))
            .collect()
    }

    fn by(tiles: usize, validates: impl Fn(usize) -> bool) -> Self {
        let (validation, training) = (0..tiles).partition(|&tile| validates(tile));
        Self { training, validation }
    }
}

/// The pictures of each class in a drawn order, a copy not counted.
fn shuffled_classes(labels: &[usize], groups: &[usize], seed: u64) -> Vec<Vec<usize>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..num_classes(labels))
        .map(|class| {
            let is_member = |&tile: &usize| labels[tile] == class && groups[tile] == tile;
            let mut members: Vec<usize> = (0..labels.len()).filter(is_member).collect();
            members.shuffle(&mut random);
            members
        })
        .collect()
}

fn num_classes(labels: &[usize]) -> usize {
    labels.iter().max().map_or(0, |largest| largest + 1)
}

#[cfg(test)]
mod tests {
    use super::super::samples::class_counts;
    use super::*;

    #[test]
    fn a_split_takes_its_share_of_every_class_and_loses_no_tile() {
        let labels: Vec<usize> = (0..100).map(|tile| usize::from(tile >= 80)).chain([2]).collect();
        let split = Split::stratified(&labels, 0.25, 7);
        let held: Vec<usize> = split.validation.iter().map(|&tile| labels[tile]).collect();
        assert_eq!(class_counts(&held, 3), [20, 5, 0]);
        let mut all = [split.training.clone(), split.validation.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..101).collect::<Vec<_>>());
        assert_eq!(split, Split::stratified(&labels, 0.25, 7));
        assert_ne!(split, Split::stratified(&labels, 0.25, 8));
    }

    #[test]
    fn folds_judge_every_tile_once_and_keep_copies_together() {
        let labels: Vec<usize> = (0..23).map(|tile| tile % 3).chain([3]).collect();
        // Tile 9 is a copy of tile 0 with the same label, tile 4 one of tile 0 with another.
        let mut groups: Vec<usize> = (0..labels.len()).collect();
        (groups[9], groups[4]) = (0, 0);
        let folds = Split::folds(&labels, &groups, 5, 1);
        let mut judged: Vec<usize> = folds.iter().flat_map(|fold| fold.validation.clone()).collect();
        judged.sort_unstable();
        assert_eq!(judged, (0..23).collect::<Vec<_>>());
        for fold in &folds {
            assert!(fold.training.contains(&23));
            let held = |tile| fold.validation.contains(&tile);
            assert_eq!([held(0), held(4)], [held(9), held(9)]);
            assert!((4..=7).contains(&fold.validation.len()), "{}", fold.validation.len());
        }
    }
}
