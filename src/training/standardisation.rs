//! Features brought to mean 0 and deviation 1 while a head learns, and the head that reads them as they are.

use super::samples::Subset;
use crate::model::head::Head;
use crate::model::parameters::Parameters;

/// Columns that vary less than this share of the mean deviation count as if they varied so much: a feature that is
/// nearly constant among a few tiles would else be blown up to the size of the others.
const MIN_SHARE_OF_DEVIATION: f32 = 0.1;

/// Means and deviations of the features that a head learns from.
///
/// Standardising is linear, and so is the head's first layer: what is learnt on standardised features is written into
/// that layer ([`fold`](Self::fold)), and the head reads features as the backbone gives them.
#[derive(Debug, Clone, PartialEq)]
pub struct Standardisation {
    mean: Vec<f32>,
    deviation: Vec<f32>,
}

impl Standardisation {
    /// Of the tiles in all their views.
    pub fn of(tiles: &Subset) -> Self {
        let (mean, mut deviation) = tiles.mean_and_deviation();
        let usual = deviation.iter().sum::<f32>() / deviation.len() as f32;
        // All tiles may be the same.
        let least = (usual * MIN_SHARE_OF_DEVIATION).max(f32::EPSILON);
        deviation.iter_mut().for_each(|value| *value = value.max(least));
        Self { mean, deviation }
    }

    /// Shifts and scales rows of features in place.
    pub fn apply(&self, rows: &mut [f32]) {
        for row in rows.chunks_mut(self.mean.len()) {
            for ((value, mean), deviation) in row.iter_mut().zip(&self.mean).zip(&self.deviation) {
                *value = (*value - mean) / deviation;
            }
        }
    }

    /// The head that says of features what `head` says of standardised ones: `w / σ` and `b − w · μ / σ`.
    pub fn fold(&self, head: &Head) -> Head {
        self.rewritten(head, |weight, column| weight / f64::from(self.deviation[column]), -1.0)
    }

    /// The head that says of standardised features what `head` says of features: [`fold`](Self::fold) undone.
    pub fn unfold(&self, head: &Head) -> Head {
        self.rewritten(head, |weight, column| weight * f64::from(self.deviation[column]), 1.0)
    }

    /// `scaled` gives the first layer's new weights; the bias moves by `sign` times what the means add to its sums by
    /// those weights of the two that are for features as they are.
    fn rewritten(&self, head: &Head, scaled: impl Fn(f64, usize) -> f64, sign: f64) -> Head {
        let width = self.mean.len();
        let (weight, bias) = (head.values("head.dense.weight"), head.values("head.dense.bias"));
        let (mut weights, mut biases) = (Vec::with_capacity(weight.len()), Vec::with_capacity(bias.len()));
        for (row, &bias) in weight.chunks(width).zip(bias) {
            let mut shift = 0.0;
            for (column, &weight) in row.iter().enumerate() {
                let new = scaled(f64::from(weight), column);
                let of_features = if sign < 0.0 { new } else { f64::from(weight) };
                shift += of_features * f64::from(self.mean[column]);
                weights.push(new as f32);
            }
            biases.push((f64::from(bias) + sign * shift) as f32);
        }
        let mut parameters = Parameters::default();
        parameters.extend(head.parameters());
        parameters.insert("head.dense.weight", vec![bias.len(), width], weights);
        parameters.insert("head.dense.bias", vec![bias.len()], biases);
        Head::new(head.config().clone(), &parameters).expect("the shapes stay")
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;

    use super::super::samples::Samples;
    use super::*;
    use crate::model::cpu::classification::Classification;
    use crate::model::head::HeadConfig;

    #[test]
    fn a_folded_head_says_of_features_what_it_said_of_standardised_ones_and_unfolds_again() {
        let mut samples = Samples::new(3, 2);
        for tile in 0..6 {
            let value = tile as f32;
            // The last column is constant.
            samples.push(&[value, 100.0 - 7.0 * value, 5.0, value + 0.5, 90.0, 5.0], 0);
        }
        let standardisation = Standardisation::of(&samples.clone().into());
        let config = HeadConfig { inputs: 3, dropout_rate: 0.0, dense_neurons: 4, num_classes: 2 };
        let head = Head::random(config, &mut ChaCha8Rng::seed_from_u64(1));
        let features = samples.first_views(0..6);
        let mut standardised = features.clone();
        standardisation.apply(&mut standardised);
        assert!((0..6).map(|tile| standardised[tile * 3]).sum::<f32>().abs() < 2.0);
        assert!(standardised.iter().all(|value| value.abs() < 3.0), "{standardised:?}");

        let folded = standardisation.fold(&head);
        let logits = |head: &Head, features: &[f32]| Classification::of_head(head).logits(features);
        for (a, b) in logits(&head, &standardised).iter().zip(logits(&folded, &features)) {
            assert!((a - b).abs() < 1e-5, "{a} is not {b}");
        }
        let unfolded = standardisation.unfold(&folded);
        for (a, b) in unfolded.flatten().iter().zip(head.flatten()) {
            assert!((a - b).abs() < 1e-5, "{a} is not {b}");
        }
    }
}
