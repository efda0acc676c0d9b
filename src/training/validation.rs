//! By which tiles a new head is judged.

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
}
