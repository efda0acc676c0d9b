//! Labelled inputs of a network, and their split into training and validation.

use std::ops::Range;

use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

/// Deviations below this count as this.
const MIN_DEVIATION: f32 = 1e-6;

/// A value further out than this is cut off: a column that was nearly constant in training would else decide
/// alone.
const MAX_DEVIATIONS: f32 = 5.0;

/// What [`Samples::standardised`] takes off and divides by.
#[derive(Debug, Clone, PartialEq)]
pub struct Statistics {
    mean: Vec<f32>,
    deviation: Vec<f32>,
}

/// Labelled rows of numbers: a tile's features, or whatever else the trained network reads.
///
/// A tile may stand there in several views (its flips and turns): training draws one at a time,
/// evaluation takes the first.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    width: usize,
    views: usize,
    /// `[tiles, views, width]`.
    inputs: Vec<f32>,
    labels: Vec<usize>,
}

impl Samples {
    /// No samples yet: `width` numbers a view, `views` views a tile.
    ///
    /// # Panics
    ///
    /// When either is zero.
    pub fn new(width: usize, views: usize) -> Self {
        assert!(width > 0 && views > 0);
        Self { width, views, inputs: Vec::new(), labels: Vec::new() }
    }

    /// Adds a tile: its views one after the other, and its class.
    ///
    /// # Panics
    ///
    /// When `inputs` does not hold `views × width` numbers.
    pub fn push(&mut self, inputs: &[f32], label: usize) {
        assert_eq!(inputs.len(), self.views * self.width);
        self.inputs.extend_from_slice(inputs);
        self.labels.push(label);
    }

    /// Number of tiles.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no tile.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Numbers in one view.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The class of each tile.
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// The tiles of `indices`, in that order.
    pub fn select(&self, indices: &[usize]) -> Self {
        let mut selected = Self::new(self.width, self.views);
        for &index in indices {
            let size = self.views * self.width;
            selected.push(&self.inputs[index * size..][..size], self.labels[index]);
        }
        selected
    }

    /// Mean and standard deviation of each column, over all views.
    pub fn statistics(&self) -> Statistics {
        let rows = (self.inputs.len() / self.width) as f64;
        let mut sums = vec![(0.0_f64, 0.0_f64); self.width];
        for row in self.inputs.chunks(self.width) {
            for (sum, &value) in sums.iter_mut().zip(row) {
                *sum = (sum.0 + f64::from(value), sum.1 + f64::from(value).powi(2));
            }
        }
        let mean: Vec<f32> = sums.iter().map(|sum| (sum.0 / rows) as f32).collect();
        let variance = sums.iter().map(|sum| sum.1 / rows - (sum.0 / rows).powi(2));
        let deviation =
            variance.map(|variance| (variance.max(0.0).sqrt() as f32).max(MIN_DEVIATION)).collect();
        Statistics { mean, deviation }
    }

    /// The same samples with each column shifted and scaled to mean 0 and deviation 1 of `statistics`.
    pub fn standardised(mut self, statistics: &Statistics) -> Self {
        for row in self.inputs.chunks_mut(self.width) {
            for ((value, mean), deviation) in row.iter_mut().zip(&statistics.mean).zip(&statistics.deviation)
            {
                *value = ((*value - mean) / deviation).clamp(-MAX_DEVIATIONS, MAX_DEVIATIONS);
            }
        }
        self
    }

    /// The first view of `tiles`, row after row.
    pub(super) fn first_views(&self, tiles: Range<usize>) -> Vec<f32> {
        tiles.flat_map(|tile| self.view(tile, 0)).copied().collect()
    }

    /// One view of each tile of `indices`, drawn at random.
    pub(super) fn random_views(&self, indices: &[usize], random: &mut ChaCha8Rng) -> Vec<f32> {
        indices
            .iter()
            .flat_map(|&tile| {
                let view = if self.views == 1 { 0 } else { random.random_range(0..self.views) };
                self.view(tile, view)
            })
            .copied()
            .collect()
    }

    fn view(&self, tile: usize, view: usize) -> &[f32] {
        &self.inputs[(tile * self.views + view) * self.width..][..self.width]
    }
}

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
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut split = Self { training: Vec::new(), validation: Vec::new() };
        for class in 0..num_classes(labels) {
            let mut members: Vec<usize> = (0..labels.len()).filter(|&tile| labels[tile] == class).collect();
            members.shuffle(&mut random);
            let wanted = (members.len() as f64 * validation_fraction).round() as usize;
            let held = wanted.min(members.len().saturating_sub(1));
            split.validation.extend(&members[..held]);
            split.training.extend(&members[held..]);
        }
        split.training.sort_unstable();
        split.validation.sort_unstable();
        split
    }
}

/// Tiles of each class.
pub fn class_counts(labels: &[usize], classes: usize) -> Vec<usize> {
    let mut counts = vec![0; classes];
    for &label in labels {
        counts[label] += 1;
    }
    counts
}

fn num_classes(labels: &[usize]) -> usize {
    labels.iter().max().map_or(0, |largest| largest + 1)
}

#[cfg(test)]
mod tests {
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
}
