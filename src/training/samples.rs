//! Labelled inputs of a network, and their split into training and validation.

use std::collections::HashMap;
use std::sync::Arc;

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

/// Samples that are evaluated at once.
pub(super) const EVALUATION_BATCH: usize = 256;

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

impl Statistics {
    /// Shifts and scales rows in place, and cuts off what lies far out.
    pub fn standardise(&self, rows: &mut [f32]) {
        for row in rows.chunks_mut(self.mean.len()) {
            for ((value, mean), deviation) in row.iter_mut().zip(&self.mean).zip(&self.deviation) {
                *value = ((*value - mean) / deviation).clamp(-MAX_DEVIATIONS, MAX_DEVIATIONS);
            }
        }
    }
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

    /// Takes the rows of all tiles at once, `[tiles, views, width]`: thousands of tiles are not held twice.
    ///
    /// # Panics
    ///
    /// When `inputs` does not hold `views × width` numbers for each label.
    pub fn of_rows(width: usize, views: usize, inputs: Vec<f32>, labels: Vec<usize>) -> Self {
        assert_eq!(inputs.len(), labels.len() * views * width);
        Self { inputs, labels, ..Self::new(width, views) }
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

    /// For each tile the first one whose features are the same to the last bit, itself where there is none
    /// before it: copies of one picture.
    pub fn originals(&self) -> Vec<usize> {
        let mut first: HashMap<Vec<u32>, usize> = HashMap::new();
        (0..self.len())
            .map(|tile| {
                let bits = self.view(tile, 0).iter().map(|value| value.to_bits()).collect();
                *first.entry(bits).or_insert(tile)
            })
            .collect()
    }

    /// Mean and standard deviation of each column, over all views.
    pub fn statistics(&self) -> Statistics {
        let (mean, mut deviation) = self.mean_and_deviation(0..self.len());
        deviation.iter_mut().for_each(|value| *value = value.max(MIN_DEVIATION));
        Statistics { mean, deviation }
    }

    /// Of each column, over all views of these tiles.
    fn mean_and_deviation(&self, tiles: impl IntoIterator<Item = usize>) -> (Vec<f32>, Vec<f32>) {
        let (mut sums, mut rows) = (vec![(0.0_f64, 0.0_f64); self.width], 0.0);
        for tile in tiles {
            for row in self.views(tile).chunks(self.width) {
                rows += 1.0;
                for (sum, &value) in sums.iter_mut().zip(row) {
                    *sum = (sum.0 + f64::from(value), sum.1 + f64::from(value).powi(2));
                }
            }
        }
        let mean = sums.iter().map(|sum| (sum.0 / rows) as f32).collect();
        let variance = sums.iter().map(|sum| sum.1 / rows - (sum.0 / rows).powi(2));
        (mean, variance.map(|variance| variance.max(0.0).sqrt() as f32).collect())
    }

    /// The same samples with each column shifted and scaled to mean 0 and deviation 1 of `statistics`.
    pub fn standardised(mut self, statistics: &Statistics) -> Self {
        statistics.standardise(&mut self.inputs);
        self
    }

    /// The same tiles in their first view alone.
    pub fn as_they_stand(&self) -> Self {
        Self::of_rows(self.width, 1, self.first_views(0..self.len()), self.labels.clone())
    }

    /// The first view of `tiles`, row after row.
    pub fn first_views(&self, tiles: impl IntoIterator<Item = usize>) -> Vec<f32> {
        let mut rows = Vec::new();
        for tile in tiles {
            rows.extend_from_slice(self.view(tile, 0));
        }
        rows
    }

    /// All views of `tiles`, row after row.
    pub fn all_views(&self, tiles: impl IntoIterator<Item = usize>) -> Vec<f32> {
        let mut rows = Vec::new();
        for tile in tiles {
            rows.extend_from_slice(self.views(tile));
        }
        rows
    }

    /// Views of a tile.
    pub fn view_count(&self) -> usize {
        self.views
    }

    fn views(&self, tile: usize) -> &[f32] {
        let size = self.views * self.width;
        &self.inputs[tile * size..][..size]
    }

    fn view(&self, tile: usize, view: usize) -> &[f32] {
        &self.inputs[(tile * self.views + view) * self.width..][..self.width]
    }
}

/// Some tiles of samples, by their indices: the folds of a run share one copy of the features.
#[derive(Debug, Clone)]
pub struct Subset {
    samples: Arc<Samples>,
    tiles: Vec<usize>,
    labels: Vec<usize>,
}

impl From<Samples> for Subset {
    /// All of them.
    fn from(samples: Samples) -> Self {
        let tiles = (0..samples.len()).collect();
        Self::new(&Arc::new(samples), tiles)
    }
}

impl Subset {
    /// The tiles of `tiles`, in that order.
    ///
    /// # Panics
    ///
    /// When there is no such tile.
    pub fn new(samples: &Arc<Samples>, tiles: Vec<usize>) -> Self {
        let labels = tiles.iter().map(|&tile| samples.labels[tile]).collect();
        Self { samples: Arc::clone(samples), tiles, labels }
    }

    /// Number of tiles.
    pub fn len(&self) -> usize {
        self.tiles.len()
    }

    /// Whether there is no tile.
    pub fn is_empty(&self) -> bool {
        self.tiles.is_empty()
    }

    /// The class of each tile.
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// The first view of each tile, row after row.
    pub fn first_views(&self) -> Vec<f32> {
        self.samples.first_views(self.tiles.iter().copied())
    }

    /// Mean and standard deviation of each column, over all views.
    pub(super) fn mean_and_deviation(&self) -> (Vec<f32>, Vec<f32>) {
        self.samples.mean_and_deviation(self.tiles.iter().copied())
    }

    /// The first views of the first `count` tiles, a few hundred tiles at a time, each with their number: what a device
    /// evaluates at once.
    pub(super) fn evaluation_batches(&self, count: usize) -> impl Iterator<Item = (Vec<f32>, usize)> {
        let batches = self.tiles[..count].chunks(EVALUATION_BATCH);
        batches.map(|tiles| (self.samples.first_views(tiles.iter().copied()), tiles.len()))
    }

    /// One view of each tile of `indices`, which count this subset's tiles, drawn at random.
    pub(super) fn random_views(&self, indices: &[usize], random: &mut ChaCha8Rng) -> Vec<f32> {
        let Samples { width, views, .. } = *self.samples;
        let mut rows = Vec::with_capacity(indices.len() * width);
        for &index in indices {
            let view = if views == 1 { 0 } else { random.random_range(0..views) };
            rows.extend_from_slice(self.samples.view(self.tiles[index], view));
        }
        rows
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

#[cfg(test)]
mod tests {
    use super::super::split::Split;
    use super::*;

    #[test]
    fn copies_are_found_by_their_features() {
        let mut samples = Samples::new(2, 1);
        for row in [[1.0, 2.0], [1.0, 2.5], [1.0, 2.0], [1.0, 2.5]] {
            samples.push(&row, 0);
        }
        assert_eq!(samples.originals(), [0, 1, 0, 1]);
        let split = Split::stratified_by_group(&[0; 4], &samples.originals(), 0.5, 3);
        assert_eq!(split.validation.len(), 2);
        assert_eq!(split.validation[1] - split.validation[0], 2);
    }
}
