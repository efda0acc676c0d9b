//! How good predictions are: accuracy, precision, recall, F1, calibration.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// Bins of confidence in the calibration error (Guo et al., "On Calibration of Modern Neural Networks", 2017,
/// use 15 on larger sets).
const CALIBRATION_BINS: usize = 10;

/// Below this probability of mere chance a difference counts as one.
const SIGNIFICANCE: f64 = 0.05;

/// 95 % of a normal distribution lie within this many standard deviations.
const Z_95: f64 = 1.959_964;

/// The figures of one set of predictions.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify), serde(rename_all = "camelCase"))]
pub struct Evaluation {
    /// Tiles judged.
    pub tiles: usize,
    /// Tiles whose most probable class is theirs.
    pub right: usize,
    /// Their share.
    pub accuracy: f64,
    /// 95 % interval of the accuracy (Wilson 1927).
    pub interval: [f64; 2],
    /// Mean of the classes' recalls: each class counts the same.
    pub balanced_accuracy: f64,
    /// Mean cross-entropy.
    pub loss: f64,
    /// Expected calibration error: how far confidence and accuracy lie apart, 0 to 1.
    pub calibration_error: f64,
    /// Each class's figures, in the order of the labels.
    pub classes: Vec<ClassFigures>,
    /// `confusion[class][prediction]` tiles.
    pub confusion: Vec<Vec<usize>>,
}

/// The figures of one class; 0 where nothing was there to divide by.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify), serde(rename_all = "camelCase"))]
pub struct ClassFigures {
    /// Tiles of the class.
    pub tiles: usize,
    /// Share of the tiles called so that are so.
    pub precision: f64,
    /// Share of the tiles that are so that are called so.
    pub recall: f64,
    /// Harmonic mean of both.
    pub f1: f64,
}

impl Evaluation {
    /// Judges `probabilities` `[tiles, num_classes]` by the tiles' classes.
    ///
    /// # Panics
    ///
    /// When there is no tile, or not `num_classes` probabilities for each.
    pub fn new(probabilities: &[f32], labels: &[usize], num_classes: usize) -> Self {
        assert!(!labels.is_empty());
        assert_eq!(probabilities.len(), labels.len() * num_classes);
        let mut confusion = vec![vec![0; num_classes]; num_classes];
        for (row, &label) in probabilities.chunks(num_classes).zip(labels) {
            confusion[label][argmax(row)] += 1;
        }
        let bins = reliability(probabilities, labels, num_classes);
        let tiles = labels.len();
        let right = (0..num_classes).map(|class| confusion[class][class]).sum();
        let classes: Vec<_> = (0..num_classes).map(|class| class_figures(&confusion, class)).collect();
        let present = classes.iter().filter(|figures| figures.tiles > 0);
        let balanced_accuracy =
            present.clone().map(|figures| figures.recall).sum::<f64>() / present.count() as f64;
        Self {
            tiles,
            right,
            accuracy: right as f64 / tiles as f64,
            interval: wilson_interval(right, tiles),
            balanced_accuracy,
            loss: cross_entropy(probabilities, labels, &vec![1.0; num_classes]),
            calibration_error: bins.iter().map(ReliabilityBin::gap).sum::<f64>() / tiles as f64,
            classes,
            confusion,
        }
    }
}

/// Mean cross-entropy of `probabilities` `[tiles, num_classes]`, in which a tile counts as much as its class.
pub(super) fn cross_entropy(probabilities: &[f32], labels: &[usize], class_weights: &[f32]) -> f64 {
    let (mut loss, mut weights) = (0.0, 0.0);
    for (row, &label) in probabilities.chunks(class_weights.len()).zip(labels) {
        let weight = f64::from(class_weights[label]);
        loss -= weight * f64::from(row[label].max(f32::MIN_POSITIVE)).ln();
        weights += weight;
    }
    loss / weights
}

fn class_figures(confusion: &[Vec<usize>], class: usize) -> ClassFigures {
    let right = confusion[class][class];
    let tiles = confusion[class].iter().sum();
    let predicted: usize = confusion.iter().map(|row| row[class]).sum();
    ClassFigures {
        tiles,
        precision: share(right, predicted),
        recall: share(right, tiles),
        f1: share(2 * right, predicted + tiles),
    }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Predictions of about the same confidence: a point of a reliability diagram.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify), serde(rename_all = "camelCase"))]
pub struct ReliabilityBin {
    /// Predictions in it.
    pub tiles: usize,
    /// The sum of their confidences.
    pub confidence: f64,
    /// How many of them are right.
    pub right: usize,
}

impl ReliabilityBin {
    /// Tiles × |mean confidence − accuracy|.
    fn gap(&self) -> f64 {
        (self.confidence - self.right as f64).abs()
    }
}

/// Predictions by confidence, in ten bins from 0 to 1.
pub fn reliability(probabilities: &[f32], labels: &[usize], num_classes: usize) -> Vec<ReliabilityBin> {
    let mut bins = vec![ReliabilityBin::default(); CALIBRATION_BINS];
    for (row, &label) in probabilities.chunks(num_classes).zip(labels) {
        let predicted = argmax(row);
        let confidence = f64::from(row[predicted]);
        let bin = ((confidence * CALIBRATION_BINS as f64) as usize).min(CALIBRATION_BINS - 1);
        bins[bin].tiles += 1;
        bins[bin].confidence += confidence;
        bins[bin].right += usize::from(predicted == label);
    }
    bins
}

/// The most probable class.
pub fn argmax(probabilities: &[f32]) -> usize {
    (0..probabilities.len())
        .max_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]).then(b.cmp(&a)))
        .expect("a model has classes")
}

/// 95 % interval of a share, sound for small counts and shares near 0 or 1 (Wilson 1927).
pub fn wilson_interval(right: usize, total: usize) -> [f64; 2] {
    wilson(right as f64 / total as f64, total as f64)
}

/// The same where tiles of one group are alike: they count for fewer, by Kish's design effect, which is the variance of
/// the share between groups (linearised: Cochran, "Sampling Techniques", 1977) over that of tiles drawn one by one.
/// Where all are right, or all wrong, that shows nothing, and a group counts for one.
pub fn grouped_interval(right: &[bool], groups: &[usize]) -> [f64; 2] {
    let tiles = right.len() as f64;
    let share = right.iter().filter(|right| **right).count() as f64 / tiles;
    let variance = variance_by_groups(right, groups, share);
    let alone = share * (1.0 - share);
    let counted = if alone > 0.0 {
        (tiles * alone / ((tiles - 1.0) * variance)).min(tiles)
    } else {
        groups.iter().collect::<BTreeSet<_>>().len() as f64
    };
    wilson(share, counted)
}

/// The variance of a share, by how much groups differ from it.
fn variance_by_groups(right: &[bool], groups: &[usize], share: f64) -> f64 {
    let mut totals: BTreeMap<usize, f64> = BTreeMap::new();
    for (&right, &group) in right.iter().zip(groups) {
        *totals.entry(group).or_default() += f64::from(u8::from(right)) - share;
    }
    let count = totals.len() as f64;
    let squares: f64 = totals.values().map(|total| total * total).sum();
    count / (count - 1.0).max(1.0) * squares / (right.len() as f64).powi(2)
}

fn wilson(share: f64, n: f64) -> [f64; 2] {
    let scale = 1.0 / (1.0 + Z_95 * Z_95 / n);
    let middle = (share + Z_95 * Z_95 / (2.0 * n)) * scale;
    let half = Z_95 * scale * (share * (1.0 - share) / n + Z_95 * Z_95 / (4.0 * n * n)).sqrt();
    [(middle - half).max(0.0), (middle + half).min(1.0)]
}

/// How probable it is that two classifiers of the same worth differ on as many tiles as these, and so unevenly: `a`
/// tiles that the first alone has right, `b` that the second alone has (McNemar's test, exact).
fn paired_p_value(a: usize, b: usize) -> f64 {
    let differing = a + b;
    // The binomial coefficients of a fair coin, by logarithms: 2^-1000 is no f64.
    let ln_factorial = |n: usize| (2..=n).map(|i| (i as f64).ln()).sum::<f64>();
    let probability = |k: usize| {
        let ways = ln_factorial(differing) - ln_factorial(k) - ln_factorial(differing - k);
        (ways - differing as f64 * 2.0_f64.ln()).exp()
    };
    (2.0 * (0..=a.min(b)).map(probability).sum::<f64>()).min(1.0)
}

/// How one classifier does against another on the same tiles.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify), serde(rename_all = "camelCase"))]
pub struct Comparison {
    /// Tiles that both were judged by.
    pub tiles: usize,
    /// Tiles that the first has right.
    pub right: usize,
    /// Tiles that the second has right.
    pub other_right: usize,
    /// What these tiles can show.
    pub verdict: Verdict,
}

/// What a paired comparison shows at the 5 % level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify))]
pub enum Verdict {
    /// The first is better.
    Better,
    /// The first is worse.
    Worse,
    /// The tiles are too few, or the two too much alike, to tell.
    NoDifference,
}

impl Comparison {
    /// Compares by which tiles each has right (McNemar's test, exact).
    pub fn new(right: &[bool], other_right: &[bool]) -> Self {
        let pairs = || right.iter().zip(other_right);
        let ahead = pairs().filter(|&(&first, &second)| first && !second).count();
        let behind = pairs().filter(|&(&first, &second)| !first && second).count();
        let count = |right: &[bool]| right.iter().filter(|&&right| right).count();
        let verdict = match paired_p_value(ahead, behind) {
            p if p >= SIGNIFICANCE => Verdict::NoDifference,
            _ if ahead > behind => Verdict::Better,
            _ => Verdict::Worse,
        };
        Self { tiles: right.len(), right: count(right), other_right: count(other_right), verdict }
    }

    /// How far the first is ahead, in points of accuracy.
    pub fn points(&self) -> f64 {
        (self.right as f64 - self.other_right as f64) / self.tiles as f64 * 100.0
    }
}

/// Mean and half of its 95 % interval, of repeated draws (Student's t would widen it by 7 % at 20 draws).
pub fn mean_interval(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    (mean, Z_95 * (variance / n).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SciPy: `binomtest(1, 10).pvalue`, `binomtest(40, 100).pvalue`.
    #[test]
    fn a_paired_p_value_is_that_of_the_exact_test() {
        assert!((paired_p_value(9, 1) - 0.021_484).abs() < 1e-6);
        assert!((paired_p_value(40, 60) - 0.056_888).abs() < 1e-6);
        assert_eq!(paired_p_value(0, 0), 1.0);
    }

    /// statsmodels 0.15.0: the variance of `OLS(right, 1).fit(cov_type="cluster")`, and `proportion_confint(method="wilson")`
    /// for as many tiles as have that variance when each is drawn by itself.
    #[test]
    fn tiles_of_one_group_count_for_fewer() {
        let right: Vec<bool> = (0..40).map(|tile| tile % 10 < 7 || tile > 33).collect();
        let groups: Vec<usize> = (0..40).map(|tile| tile / 4).collect();
        let share = right.iter().filter(|right| **right).count() as f64 / 40.0;
        assert!((variance_by_groups(&right, &groups, share) - 0.007_569_444_4).abs() < 1e-9);
        let [low, high] = grouped_interval(&right, &groups);
        assert!((low - 0.575_716).abs() < 1e-6 && (high - 0.897_367).abs() < 1e-6, "{low} {high}");
        // Each by itself: as if drawn. All right: five groups say no more than five tiles.
        let alone: Vec<usize> = (0..40).collect();
        assert_eq!(grouped_interval(&right, &alone), wilson_interval(31, 40));
        assert_eq!(grouped_interval(&[true; 40], &[0, 1, 2, 3, 4].repeat(8)), wilson_interval(5, 5));
    }

    /// Figures by scikit-learn 1.9.1's `classification_report` and `log_loss`, the calibration error by hand.
    #[test]
    fn figures_of_a_small_set_are_those_of_scikit_learn() {
        let probabilities =
            [[0.9, 0.05, 0.05], [0.4, 0.5, 0.1], [0.2, 0.7, 0.1], [0.1, 0.65, 0.25], [0.3, 0.3, 0.4]];
        let found = Evaluation::new(probabilities.as_flattened(), &[0, 0, 1, 1, 1], 3);
        assert_eq!(found.confusion, [[1, 1, 0], [0, 2, 1], [0, 0, 0]]);
        assert_eq!((found.right, found.accuracy), (3, 0.6));
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-6, "{a} is not {b}");
        close(found.classes[0].precision, 1.0);
        close(found.classes[0].recall, 0.5);
        close(found.classes[1].precision, 2.0 / 3.0);
        close(found.classes[1].f1, 2.0 / 3.0);
        close(found.classes[2].precision, 0.0);
        close(found.balanced_accuracy, (0.5 + 2.0 / 3.0) / 2.0);
        close(found.loss, 0.602_616);
        // Bins: 0.9 and right; 0.5 and wrong; 0.7 and 0.65, both right; 0.4 and wrong.
        close(found.calibration_error, (0.1 + 0.5 + 0.3 + 0.35 + 0.4) / 5.0);
        close(found.interval[0], 0.230_724);
        close(found.interval[1], 0.882_379);
    }
}
