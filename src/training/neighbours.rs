//! Tiles whose features lie near each other: what else looks like this, which labels stand among strangers, which
//! tiles are like nothing labelled, and which to label next.

use super::metrics::argmax;
use crate::kernels::{Activation, Dense, dense};

/// Rows compared at once: a matrix of similarities of 10,000 tiles would hold 400 MB.
const CHUNK: usize = 256;

/// Neighbours that vote on a label.
const VOTERS: usize = 5;

/// So many of them have to agree on another label.
const MAJORITY: usize = 4;

/// Labelled tiles below this number say nothing sure about what is usual.
const MIN_FAMILIAR: usize = 8;

/// This share of the labelled tiles would themselves count as unfamiliar.
const UNFAMILIAR_SHARE: f64 = 0.02;

/// Tiles that are picked to differ from each other; the others follow by uncertainty alone.
const DIVERSE_PICKS: usize = 60;

/// Features of tiles, each scaled to length 1, so that a product of two is the cosine of their angle.
#[derive(Debug, Clone)]
pub struct Gallery {
    rows: Vec<f32>,
    width: usize,
}

/// A label that its neighbourhood speaks against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suspect {
    /// The tile.
    pub tile: usize,
    /// The class that its neighbours have.
    pub suggested: usize,
}

impl Gallery {
    /// Takes `[tiles, width]` features in row-major order.
    ///
    /// # Panics
    ///
    /// When `features` is no whole number of rows.
    pub fn new(mut features: Vec<f32>, width: usize) -> Self {
        assert_eq!(features.len() % width, 0);
        for row in features.chunks_mut(width) {
            let length = row.iter().map(|value| value * value).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
            for value in row {
                *value /= length;
            }
        }
        Self { rows: features, width }
    }

    /// Number of tiles.
    pub fn len(&self) -> usize {
        self.rows.len() / self.width
    }

    /// Whether there is no tile.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Numbers in a row of features.
    pub fn width(&self) -> usize {
        self.width
    }

    fn row(&self, tile: usize) -> &[f32] {
        &self.rows[tile * self.width..][..self.width]
    }

    /// How similar every tile is to one of them: its row is the layer, and goes over the gallery where that lies.
    fn similarities_to(&self, tile: usize) -> Vec<f32> {
        let query = Dense::new(self.width, self.row(tile), vec![0.0], Activation::Identity);
        let mut similarities = Vec::new();
        dense(&query, &self.rows, &mut similarities);
        similarities
    }

    /// Gives `each` the index of every tile and its similarities to all tiles of `others`, −1 to 1.
    fn compare(&self, others: &Self, mut each: impl FnMut(usize, &[f32])) {
        if others.is_empty() {
            return;
        }
        let others = Dense::new(self.width, &others.rows, vec![0.0; others.len()], Activation::Identity);
        let mut similarities = Vec::new();
        for (chunk, rows) in self.rows.chunks(CHUNK * self.width).enumerate() {
            dense(&others, rows, &mut similarities);
            for (row, similarities) in similarities.chunks(others.outputs()).enumerate() {
                each(chunk * CHUNK + row, similarities);
            }
        }
    }

    /// For each tile how similar the most similar tile of `others` is.
    fn nearest(&self, others: &Self) -> Vec<f32> {
        let mut nearest = vec![-1.0; self.len()];
        self.compare(others, |tile, similarities| nearest[tile] = largest(similarities));
        nearest
    }

    /// The `count` tiles that are most similar to tile `query`, the most similar first and itself left out.
    ///
    /// # Panics
    ///
    /// When there is no such tile.
    pub fn similar_to(&self, query: usize, count: usize) -> Vec<usize> {
        let similarities = self.similarities_to(query);
        most_similar((0..self.len()).filter(|&tile| tile != query), count, &similarities)
    }

    /// Labels that stand among tiles of another one: at least four of the five nearest labelled tiles agree on it. A
    /// class of fewer than four tiles is not judged, since its tiles cannot be among their like.
    pub fn suspects(&self, labels: &[usize]) -> Vec<Suspect> {
        let num_classes = labels.iter().max().map_or(0, |largest| largest + 1);
        let counts = super::samples::class_counts(labels, num_classes);
        let mut suspects = Vec::new();
        self.compare(self, |tile, similarities| {
            if counts[labels[tile]] < MAJORITY {
                return;
            }
            let others = (0..labels.len()).filter(|&other| other != tile);
            let mut votes = vec![0; num_classes];
            for voter in most_similar(others, VOTERS, similarities) {
                votes[labels[voter]] += 1;
            }
            let elected = votes.iter().position(|&votes| votes >= MAJORITY);
            if let Some(suggested) = elected.filter(|&class| class != labels[tile]) {
                suspects.push(Suspect { tile, suggested });
            }
        });
        suspects
    }

    /// Which of these tiles are unlike every labelled one: further from the nearest than nearly all labelled tiles
    /// are from theirs (after Sun et al., "Out-of-Distribution Detection with Deep Nearest Neighbors", 2022).
    ///
    /// None where too few tiles are labelled to know what is usual.
    pub fn unfamiliar(&self, labelled: &Self) -> Vec<bool> {
        if labelled.len() < MIN_FAMILIAR {
            return vec![false; self.len()];
        }
        let mut usual = Vec::with_capacity(labelled.len());
        labelled.compare(labelled, |tile, similarities| {
            usual.push(largest(&similarities[..tile]).max(largest(&similarities[tile + 1..])));
        });
        usual.sort_by(f32::total_cmp);
        let least = usual[(usual.len() as f64 * UNFAMILIAR_SHARE) as usize];
        let nearest = self.nearest(labelled);
        nearest.into_iter().map(|similarity| similarity < least).collect()
    }

    /// The order in which labels for these tiles teach the most: unsure ones first (the margin between the two most
    /// probable classes; Scheffer et al. 2001), and among them such as differ from what is labelled and from each
    /// other (after Sener and Savarese, "Active Learning for Convolutional Neural Networks: A Core-Set Approach",
    /// 2018).
    ///
    /// `probabilities` is `[tiles, num_classes]`.
    pub fn order_to_label(&self, probabilities: &[f32], num_classes: usize, labelled: &Self) -> Vec<usize> {
        let doubt: Vec<f32> = probabilities.chunks(num_classes).map(|row| 1.0 - margin(row)).collect();
        let mut nearest = self.nearest(labelled);
        let score = |tile: usize, nearest: &[f32]| doubt[tile] * (1.0 - nearest[tile]);
        let mut left: Vec<usize> = (0..self.len()).collect();
        let mut order = Vec::with_capacity(self.len());
        while order.len() < DIVERSE_PICKS && !left.is_empty() {
            let scores: Vec<f32> = left.iter().map(|&tile| score(tile, &nearest)).collect();
            let picked = left.remove(argmax(&scores));
            order.push(picked);
            for (nearest, similarity) in nearest.iter_mut().zip(self.similarities_to(picked)) {
                *nearest = nearest.max(similarity);
            }
        }
        left.sort_by(|&a, &b| doubt[b].total_cmp(&doubt[a]));
        order.extend(left);
        order
    }
}

/// The `count` most similar of `tiles`, the most similar first and the first of equals before the others. Only those are
/// sorted.
fn most_similar(tiles: impl Iterator<Item = usize>, count: usize, similarities: &[f32]) -> Vec<usize> {
    let by_similarity = |&a: &usize, &b: &usize| similarities[b].total_cmp(&similarities[a]).then(a.cmp(&b));
    let mut tiles: Vec<usize> = tiles.collect();
    if count < tiles.len() {
        if count > 0 {
            tiles.select_nth_unstable_by(count - 1, by_similarity);
        }
        tiles.truncate(count);
    }
    tiles.sort_unstable_by(by_similarity);
    tiles
}

/// How far the most probable class is ahead of the second.
fn margin(probabilities: &[f32]) -> f32 {
    let [mut first, mut second] = [0.0_f32; 2];
    for &probability in probabilities {
        if probability > first {
            (first, second) = (probability, first);
        } else if probability > second {
            second = probability;
        }
    }
    first - second
}

fn largest(similarities: &[f32]) -> f32 {
    similarities.iter().copied().fold(-1.0, f32::max)
}

/// Classifies by the nearest class mean (Rocchio; the simplest few-shot classifier, as in Snell et al., "Prototypical
/// Networks", 2017): for each row of `queries` the class of `labels` whose rows of `features` have the most similar
/// mean. Both are `[tiles, width]`.
pub fn nearest_mean(features: &[f32], labels: &[usize], queries: &[f32], width: usize) -> Vec<usize> {
    let num_classes = labels.iter().max().map_or(0, |largest| largest + 1);
    let mut means = vec![0.0; num_classes * width];
    for (row, &label) in Gallery::new(features.to_vec(), width).rows.chunks(width).zip(labels) {
        for (mean, value) in means[label * width..][..width].iter_mut().zip(row) {
            *mean += value;
        }
    }
    let means = Gallery::new(means, width);
    let similarity = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    queries
        .chunks(width)
        .map(|query| {
            let scores: Vec<f32> = means.rows.chunks(width).map(|mean| similarity(query, mean)).collect();
            argmax(&scores)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tiles on a circle, by their angles in degrees.
    fn circle(degrees: &[f32]) -> Gallery {
        let point = |degrees: &f32| [degrees.to_radians().cos() * 3.0, degrees.to_radians().sin() * 3.0];
        Gallery::new(degrees.iter().flat_map(point).collect(), 2)
    }

    #[test]
    fn similar_tiles_come_in_the_order_of_their_angle() {
        let gallery = circle(&[0.0, 90.0, 10.0, 350.0, 180.0]);
        let order = gallery.similar_to(0, 4);
        assert_eq!(order[2..], [1, 4]);
        assert_eq!(gallery.similar_to(1, 1), [2]);
        assert_eq!(gallery.similar_to(0, 9), order);
    }

    #[test]
    fn a_wrong_label_is_found_among_its_neighbours() {
        let angles: Vec<f32> =
            (0..8).map(|tile| tile as f32).chain((0..8).map(|tile| 90.0 + tile as f32)).collect();
        let mut labels: Vec<usize> = (0..16).map(|tile| tile / 8).collect();
        let found = |labels: &[usize]| circle(&angles).suspects(labels);
        assert_eq!(found(&labels), []);
        labels[2] = 1;
        assert_eq!(found(&labels), [Suspect { tile: 2, suggested: 0 }]);
    }

    #[test]
    fn a_tile_unlike_all_labelled_ones_is_unfamiliar() {
        let labelled = circle(&[0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0]);
        let found = circle(&[12.0, 90.0]).unfamiliar(&labelled);
        assert_eq!(found, [false, true]);
        let few = circle(&[0.0, 5.0]);
        assert_eq!(circle(&[90.0]).unfamiliar(&few), [false]);
    }

    #[test]
    fn the_next_labels_are_unsure_and_unlike_each_other() {
        // Two unsure tiles beside each other, one far away, one beside that and sure: of each pair one is enough.
        let gallery = circle(&[60.0, 61.0, 200.0, 210.0]);
        let probabilities = [0.5, 0.5, 0.51, 0.49, 0.55, 0.45, 0.99, 0.01];
        let order = gallery.order_to_label(&probabilities, 2, &circle(&[0.0]));
        assert_eq!(order[..2], [2, 1]);
    }

    #[test]
    fn the_nearest_mean_is_a_classifier() {
        let features = [1.0, 0.0, 0.9, 0.1, 0.0, 2.0, 0.1, 1.0];
        assert_eq!(nearest_mean(&features, &[0, 0, 1, 1], &[5.0, 1.0, 1.0, 5.0], 2), [0, 1]);
    }
}
