//! By which tiles a new head is judged.

use std::collections::BTreeSet;

use super::groups::Groups;
use super::samples::Samples;
use super::split::Split;

/// With fewer held-out tiles than this, one tile is worth more than five points of accuracy: there every tile
/// judges in turn.
pub const MIN_HELD_OUT: usize = 20;

/// Parts of the cross-validation.
const FOLDS: usize = 5;

/// How a head's worth is found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Validation {
    /// Tiles that training never sees.
    HeldOut(Split),
    /// Every tile judges a head that was trained without it (k-fold cross-validation); the head that is kept is then
    /// trained on all tiles.
    Folds(Vec<Split>),
    /// No class has two pictures: nothing can be held out.
    Nothing,
}

impl Validation {
    /// Holds out `validation_fraction` of each class, or plans a cross-validation where that would be fewer than
    /// [`MIN_HELD_OUT`] tiles.
    pub fn plan(samples: &Samples, validation_fraction: f64, seed: u64) -> Self {
        let originals = samples.originals();
        let split = Split::stratified_by_group(samples.labels(), &originals, validation_fraction, seed);
        if split.validation.len() >= MIN_HELD_OUT {
            return Self::HeldOut(split);
        }
        match Split::folds(samples.labels(), &originals, FOLDS, seed) {
            folds if folds.is_empty() => Self::Nothing,
            folds => Self::Folds(folds),
        }
    }

    /// What each judged head learns from and is judged by.
    pub fn splits(&self) -> &[Split] {
        match self {
            Self::HeldOut(split) => std::slice::from_ref(split),
            Self::Folds(folds) => folds,
            Self::Nothing => &[],
        }
    }

    /// The tiles that judge, split by split.
    pub fn tiles(&self) -> Vec<usize> {
        self.splits().iter().flat_map(|split| split.validation.iter().copied()).collect()
    }
}

/// How a run judges its head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The tiles that judge.
    pub validation: Validation,
    /// Where tiles are alike for where they are: whether that was heeded.
    pub grouping: Option<Grouping>,
}

/// Tiles in groups, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    /// The groups.
    pub groups: Groups,
    /// Classes with tiles none of which could judge: all lie in one group, or touch each other.
    pub unjudged_classes: Vec<usize>,
    /// The cross-validation by tiles drawn at random, to tell how far neighbours would have flattered; none where groups
    /// could not be kept apart, because fewer than two classes could judge: there the plan itself is drawn at random.
    pub at_random: Option<Validation>,
}

impl From<Validation> for Plan {
    fn from(validation: Validation) -> Self {
        Self { validation, grouping: None }
    }
}

impl Plan {
    /// As [`Validation::plan`]; with groups a cross-validation that keeps each on one side, since a single part of few
    /// groups would say little.
    pub fn new(samples: &Samples, groups: Option<Groups>, validation_fraction: f64, seed: u64) -> Self {
        let drawn = || Validation::plan(samples, validation_fraction, seed);
        let Some(groups) = groups else { return drawn().into() };
        let (labels, originals) = (samples.labels(), samples.originals());
        let by_groups = Validation::Folds(groups.folds(labels, &originals, FOLDS, seed));
        let judged: BTreeSet<usize> = by_groups.tiles().iter().map(|&tile| labels[tile]).collect();
        let learnt: BTreeSet<usize> = labels.iter().copied().collect();
        let unjudged_classes = learnt.difference(&judged).copied().collect();
        let is_apart = judged.len() > 1;
        let at_random = is_apart.then(|| Validation::Folds(Split::folds(labels, &originals, FOLDS, seed)));
        let validation = if is_apart { by_groups } else { drawn() };
        Self { validation, grouping: Some(Grouping { groups, unjudged_classes, at_random }) }
    }

    /// What the random split is tried with, if it is to be tried.
    pub fn at_random(&self) -> Option<&Validation> {
        self.grouping.as_ref()?.at_random.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(labels: &[usize]) -> Samples {
        let mut samples = Samples::new(1, 1);
        for (tile, &label) in labels.iter().enumerate() {
            samples.push(&[tile as f32], label);
        }
        samples
    }

    #[test]
    fn few_tiles_are_cross_validated_and_many_held_out() {
        let many: Vec<usize> = (0..100).map(|tile| tile % 4).collect();
        let plan = |labels: &[usize]| Validation::plan(&samples(labels), 0.2, 0);
        assert!(matches!(plan(&many), Validation::HeldOut(split) if split.validation.len() == 20));
        assert!(matches!(plan(&many[..88]), Validation::Folds(folds) if folds.len() == 5));
        assert_eq!(plan(&[0, 1, 2]), Validation::Nothing);
        assert_eq!(plan(&[0, 1, 1]).tiles().len(), 2);
    }

    #[test]
    fn groups_judge_unless_they_hold_fewer_than_two_classes_each() {
        let labels: Vec<usize> = (0..100).map(|tile| tile % 4).collect();
        let plan = |group: &dyn Fn(usize) -> usize| {
            let groups = Groups::new((0..100).map(group).collect());
            Plan::new(&samples(&labels), Some(groups), 0.2, 0)
        };
        let apart = plan(&|tile| tile / 10);
        assert!(apart.at_random().is_some_and(|random| random.tiles().len() == 100));
        assert!(matches!(&apart.validation, Validation::Folds(folds) if folds.len() == 5));
        let unjudged = |plan: &Plan| plan.grouping.as_ref().unwrap().unjudged_classes.clone();
        assert!(unjudged(&apart).is_empty());
        // All of class 3 in one place, and then of each class but the first.
        let partly = plan(&|tile| if tile % 4 == 3 { 1000 } else { tile / 10 });
        assert_eq!(unjudged(&partly), [3]);
        assert!(partly.at_random().is_some());
        let hardly = plan(&|tile| if tile % 4 > 0 { 1000 + tile % 4 } else { tile / 10 });
        assert_eq!((unjudged(&hardly), hardly.at_random()), (vec![1, 2, 3], None));
        assert_eq!(hardly.validation, Validation::plan(&samples(&labels), 0.2, 0));
    }
}
