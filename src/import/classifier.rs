//! Whatever dense layers stand on a checkpoint's backbone → one of the two classifiers that a model file has.
//!
//! A head is Dense(ReLU) → Dense. That is more than it seems: `z = relu(z) − relu(−z)`, so that a single layer is a head
//! of twice as many neurons as classes, exact to the last bit; so is any activation made of straight lines.

use crate::model::architecture::Architecture;
use crate::model::head::{ClassifierConfig, HeadConfig, IMAGENET_NEURONS};
use crate::model::parameters::Parameters;

const FEATURES: usize = Architecture::MobileNetV3Small.features();

/// What stands behind a dense layer.
#[derive(Debug, Clone, PartialEq)]
pub enum Activation {
    /// Nothing.
    Identity,
    /// max(x, 0).
    Relu,
    /// min(max(x, 0), 6).
    Relu6,
    /// x above zero, a share of it below.
    LeakyRelu(f32),
    /// x · relu6(x + 3) / 6.
    HardSwish,
    /// One that neither classifier can express, by its name.
    Other(String),
}

/// A dense layer: `weight · x + bias`.
#[derive(Debug, Clone, PartialEq)]
pub struct Dense {
    inputs: usize,
    /// `[outputs, inputs]`.
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Dense {
    /// # Panics
    ///
    /// When `weight` is not `[bias.len(), inputs]`.
    pub fn new(inputs: usize, weight: Vec<f32>, bias: Vec<f32>) -> Self {
        assert_eq!(weight.len(), inputs * bias.len());
        Self { inputs, weight, bias }
    }

    fn outputs(&self) -> usize {
        self.bias.len()
    }

    fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.weight.chunks(self.inputs.max(1))
    }

    /// The layer whose output is `scale · y + shift` of this one's.
    fn scaled(&self, scale: impl Fn(usize) -> f64, shift: impl Fn(usize) -> f64) -> Self {
        let rows = self.rows().enumerate();
        let weight = rows
            .flat_map(|(row, values)| values.iter().map(move |&value| (row, value)))
            .map(|(row, value)| (f64::from(value) * scale(row)) as f32);
        let bias = self.bias.iter().enumerate();
        let bias = bias.map(|(row, &value)| (f64::from(value) * scale(row) + shift(row)) as f32);
        Self { inputs: self.inputs, weight: weight.collect(), bias: bias.collect() }
    }

    /// The layer that does what this one does to an input of `scale · x + shift`.
    fn behind(&self, scale: &[f64], shift: &[f64]) -> Self {
        let moved = |row: &[f32]| -> f64 {
            row.iter().zip(shift).map(|(&value, shift)| f64::from(value) * shift).sum()
        };
        let bias =
            self.rows().zip(&self.bias).map(|(row, &bias)| (f64::from(bias) + moved(row)) as f32).collect();
        let scaled = |row: &[f32]| -> Vec<f32> {
            row.iter().zip(scale).map(|(&value, scale)| (f64::from(value) * scale) as f32).collect()
        };
        Self { inputs: self.inputs, weight: self.rows().flat_map(scaled).collect(), bias }
    }

    /// This layer and then `next`, with nothing in between, as one.
    fn then(&self, next: &Self) -> Self {
        let mut weight = vec![0.0_f64; next.outputs() * self.inputs];
        for (sums, row) in weight.chunks_mut(self.inputs).zip(next.rows()) {
            for (own, &factor) in self.rows().zip(row) {
                sums.iter_mut()
                    .zip(own)
                    .for_each(|(sum, &value)| *sum += f64::from(value) * f64::from(factor));
            }
        }
        let bias = next.rows().zip(&next.bias).map(|(row, &bias)| {
            let sum: f64 = row.iter().zip(&self.bias).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
            (sum + f64::from(bias)) as f32
        });
        let bias = bias.collect();
        Self { inputs: self.inputs, weight: weight.into_iter().map(|value| value as f32).collect(), bias }
    }

    /// Both layers' outputs, one after the other.
    fn beside(mut self, other: Self) -> Self {
        self.weight.extend(other.weight);
        self.bias.extend(other.bias);
        self
    }

    /// Every row followed by the same row times `factor`: what reads two copies of its input.
    fn doubled(&self, factor: f32) -> Self {
        let weight = self
            .rows()
            .flat_map(|row| row.iter().copied().chain(row.iter().map(move |value| value * factor)));
        Self { inputs: 2 * self.inputs, weight: weight.collect(), bias: self.bias.clone() }
    }
}

/// Dense layers one after the other, each with what stands behind it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Chain {
    layers: Vec<(Dense, Activation)>,
    /// `scale · x + shift` of the features in front of the first layer.
    before: Option<(Vec<f64>, Vec<f64>)>,
    /// A step that has no place in a head.
    obstacle: Option<String>,
    /// By what the logits are divided in front of the softmax; one where it is not said.
    pub temperature: Option<f32>,
}

impl Chain {
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty() && self.before.is_none() && self.obstacle.is_none()
    }

    /// Numbers that come out in the end.
    pub fn outputs(&self) -> usize {
        self.layers.last().map_or(FEATURES, |(dense, _)| dense.outputs())
    }

    fn block(&mut self, what: impl Into<String>) {
        self.obstacle.get_or_insert(what.into());
    }

    /// Adds a layer.
    pub fn push(&mut self, mut dense: Dense) {
        if dense.inputs != self.outputs() {
            let (found, expected) = (dense.inputs, self.outputs());
            return self.block(format!("a layer reads {found} numbers where {expected} come in"));
        }
        if let Some((scale, shift)) = self.before.take() {
            dense = dense.behind(&scale, &shift);
        }
        match self.layers.last_mut() {
            Some((before, Activation::Identity)) => *before = before.then(&dense),
            _ => self.layers.push((dense, Activation::Identity)),
        }
    }

    /// Adds an activation behind the last layer.
    pub fn activate(&mut self, activation: Activation) {
        match self.layers.last_mut() {
            Some((_, last @ Activation::Identity)) if self.before.is_none() => *last = activation,
            _ => self.block("an activation stands where no dense layer is before it"),
        }
    }

    /// Adds `scale(v) · y + shift(v)`, `values` being one number for each output or one for all. False where they are
    /// neither.
    pub fn affine(&mut self, scale: impl Fn(f64) -> f64, shift: impl Fn(f64) -> f64, values: &[f32]) -> bool {
        if values.len() != 1 && values.len() != self.outputs() {
            return false;
        }
        let value = |row: usize| f64::from(values[if values.len() == 1 { 0 } else { row }]);
        let scales = (0..self.outputs()).map(|row| scale(value(row))).collect();
        let shifts = (0..self.outputs()).map(|row| shift(value(row))).collect();
        self.scale_and_shift(scales, shifts);
        true
    }

    /// Adds a batch norm: its weight, bias, mean and variance.
    pub fn norm(&mut self, [weight, bias, mean, variance]: [Vec<f32>; 4], epsilon: f64) {
        if [&weight, &bias, &mean, &variance].iter().any(|part| part.len() != self.outputs()) {
            return self.block("a batch norm is of another size than what comes in");
        }
        let scales: Vec<f64> = weight
            .iter()
            .zip(&variance)
            .map(|(&weight, &variance)| f64::from(weight) / (f64::from(variance) + epsilon).sqrt())
            .collect();
        let shifts = bias.iter().zip(&mean).zip(&scales);
        let shifts =
            shifts.map(|((&bias, &mean), scale)| f64::from(bias) - f64::from(mean) * scale).collect();
        self.scale_and_shift(scales, shifts);
    }

    fn scale_and_shift(&mut self, scales: Vec<f64>, shifts: Vec<f64>) {
        match self.layers.last_mut() {
            Some((dense, Activation::Identity)) => {
                *dense = dense.scaled(|row| scales[row], |row| shifts[row])
            }
            _ if self.before.is_some() => self.block("two norms follow one another"),
            _ => self.before = Some((scales, shifts)),
        }
    }

    /// The classifier that gives the same logits, or why there is none.
    pub fn express(mut self, dropout_rate: f64) -> Result<(ClassifierConfig, Parameters), String> {
        if let Some(obstacle) = self.obstacle {
            return Err(obstacle);
        }
        if self.before.is_some() {
            return Err("a norm stands behind the last layer's activation".into());
        }
        if let Some((last, Activation::Identity)) = self.layers.last_mut()
            && last.outputs() == 1
        {
            // sigmoid(z) is the second share of softmax(0, z).
            *last = Dense::new(last.inputs, vec![0.0; last.inputs], vec![0.0]).beside(last.clone());
        }
        match self.layers.as_slice() {
            [(only, Activation::Identity)] => {
                let both = only.clone().beside(only.scaled(|_| -1.0, |_| 0.0));
                Ok(head(&both, &identity(only.outputs()).doubled(-1.0), dropout_rate))
            }
            [(hidden, activation), (output, Activation::Identity)] => match activation {
                Activation::Relu => Ok(head(hidden, output, dropout_rate)),
                // relu6(x) = relu(x) − relu(x − 6).
                Activation::Relu6 => {
                    let both = hidden.clone().beside(hidden.scaled(|_| 1.0, |_| -6.0));
                    Ok(head(&both, &output.doubled(-1.0), dropout_rate))
                }
                // leaky(x) = relu(x) − slope · relu(−x).
                Activation::LeakyRelu(slope) => {
                    let both = hidden.clone().beside(hidden.scaled(|_| -1.0, |_| 0.0));
                    Ok(head(&both, &output.doubled(-slope), dropout_rate))
                }
                Activation::HardSwish => imagenet(hidden, output),
                other => Err(format!("its hidden layer is activated by {other:?}, a head's by ReLU")),
            },
            [] => Err("it has no dense layer".into()),
            [.., (_, Activation::Identity)] => {
                Err(format!("it has {} dense layers, a head has two", self.layers.len()))
            }
            _ => Err("its last layer is activated".into()),
        }
    }
}

fn identity(size: usize) -> Dense {
    let weight = (0..size * size).map(|index| if index / size == index % size { 1.0 } else { 0.0 });
    Dense::new(size, weight.collect(), vec![0.0; size])
}

fn named(layers: [(&str, Dense); 2]) -> Parameters {
    let mut parameters = Parameters::default();
    for (name, Dense { inputs, weight, bias }) in layers {
        parameters.insert(format!("{name}.weight"), vec![bias.len(), inputs], weight);
        parameters.insert(format!("{name}.bias"), vec![bias.len()], bias);
    }
    parameters
}

fn head(hidden: &Dense, output: &Dense, dropout_rate: f64) -> (ClassifierConfig, Parameters) {
    let config = HeadConfig {
        inputs: FEATURES,
        dropout_rate,
        dense_neurons: hidden.outputs(),
        num_classes: output.outputs(),
    };
    let parameters = named([("head.dense", hidden.clone()), ("head.output", output.clone())]);
    (ClassifierConfig::Head(config), parameters)
}

/// torchvision's classifier has 1024 neurons; of a narrower one the others give zero.
fn imagenet(hidden: &Dense, output: &Dense) -> Result<(ClassifierConfig, Parameters), String> {
    let (neurons, classes) = (hidden.outputs(), output.outputs());
    let Some(missing) = IMAGENET_NEURONS.checked_sub(neurons) else {
        return Err(format!(
            "its hidden layer has {neurons} neurons with hard-swish, and {IMAGENET_NEURONS} is the most"
        ));
    };
    let padding = Dense::new(hidden.inputs, vec![0.0; missing * hidden.inputs], vec![0.0; missing]);
    let rows = output.rows().flat_map(|row| row.iter().copied().chain((0..missing).map(|_| 0.0)));
    let output = Dense::new(IMAGENET_NEURONS, rows.collect(), output.bias.clone());
    let layers = [("classifier.0", hidden.clone().beside(padding)), ("classifier.3", output)];
    Ok((ClassifierConfig::ImageNet { num_classes: classes }, named(layers)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::cpu::classification::Classification;

    fn dense(inputs: usize, outputs: usize, seed: usize) -> Dense {
        let value = |index: usize| ((index * 37 + seed * 11) % 101) as f32 / 50.0 - 1.0;
        Dense::new(inputs, (0..inputs * outputs).map(value).collect(), (0..outputs).map(value).collect())
    }

    fn apply(dense: &Dense, input: &[f32], activation: impl Fn(f64) -> f64) -> Vec<f32> {
        let sum =
            |row: &[f32]| -> f64 { row.iter().zip(input).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum() };
        dense
            .rows()
            .zip(&dense.bias)
            .map(|(row, &bias)| activation(sum(row) + f64::from(bias)) as f32)
            .collect()
    }

    /// Features as a backbone gives them: some below zero.
    fn features() -> Vec<f32> {
        (0..FEATURES).map(|index| (index * 29 % 83) as f32 / 200.0 - 0.1).collect()
    }

    fn assert_expresses(chain: Chain, expected: &[f32]) {
        let (config, parameters) = chain.express(0.2).unwrap();
        let classification = Classification::load(&config, FEATURES, &parameters).unwrap().unwrap();
        let found = classification.logits(&features());
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 2e-4, "{found} for {expected}");
        }
    }

    fn chain(steps: impl IntoIterator<Item = (Dense, Activation)>) -> Chain {
        let mut chain = Chain::default();
        for (dense, activation) in steps {
            chain.push(dense);
            if activation != Activation::Identity {
                chain.activate(activation);
            }
        }
        chain
    }

    #[test]
    fn a_single_layer_is_a_head_for_features_of_both_signs() {
        let only = dense(FEATURES, 3, 1);
        let expected = apply(&only, &features(), |x| x);
        assert!(expected.iter().any(|&logit| logit < 0.0), "{expected:?}");
        assert_expresses(chain([(only, Activation::Identity)]), &expected);
    }

    #[test]
    fn one_logit_becomes_two_classes() {
        let only = dense(FEATURES, 1, 4);
        let expected = apply(&only, &features(), |x| x);
        assert_expresses(chain([(only, Activation::Identity)]), &[0.0, expected[0]]);
    }

    #[test]
    fn every_activation_of_straight_lines_and_hard_swish_are_exact() {
        let hidden = || dense(FEATURES, 20, 2).scaled(|_| 0.3, |row| row as f64 - 9.0);
        let output = || dense(20, 4, 3);
        type Case = (Activation, fn(f64) -> f64);
        let cases: [Case; 4] = [
            (Activation::Relu, |x| x.max(0.0)),
            (Activation::Relu6, |x| x.clamp(0.0, 6.0)),
            (Activation::LeakyRelu(0.01), |x| if x > 0.0 { x } else { 0.01 * x }),
            (Activation::HardSwish, |x| x * (x + 3.0).clamp(0.0, 6.0) / 6.0),
        ];
        for (activation, function) in cases {
            let expected = apply(&output(), &apply(&hidden(), &features(), function), |x| x);
            assert_expresses(chain([(hidden(), activation), (output(), Activation::Identity)]), &expected);
        }
    }

    #[test]
    fn layers_with_nothing_between_them_and_batch_norms_are_one_layer() {
        let (one, other) = (dense(FEATURES, 6, 5), dense(6, 3, 6));
        let norm = || [vec![1.5; 6], vec![0.25; 6], vec![0.5; 6], vec![0.9; 6]];
        let normed = |x: f64| (x - 0.5) / (0.9_f64 + 1e-5).sqrt() * 1.5 + 0.25;
        let expected = apply(&other, &apply(&one, &features(), normed), |x| x);
        let mut merged = Chain::default();
        merged.push(one);
        merged.norm(norm(), 1e-5);
        merged.push(other);
        assert_expresses(merged, &expected);
    }

    #[test]
    fn what_no_head_can_express_says_why() {
        let three = [
            (dense(FEATURES, 8, 1), Activation::Relu),
            (dense(8, 8, 2), Activation::Relu),
            (dense(8, 3, 3), Activation::Identity),
        ];
        assert_eq!(chain(three).express(0.2).unwrap_err(), "it has 3 dense layers, a head has two");
        let wide =
            [(dense(FEATURES, 1025, 1), Activation::HardSwish), (dense(1025, 2, 2), Activation::Identity)];
        assert!(chain(wide).express(0.2).unwrap_err().contains("1025 neurons"));
        let other = [
            (dense(FEATURES, 8, 1), Activation::Other("Gelu".into())),
            (dense(8, 2, 2), Activation::Identity),
        ];
        assert!(chain(other).express(0.2).unwrap_err().contains("Gelu"));
        assert!(
            chain([(dense(FEATURES * 2, 8, 1), Activation::Identity)])
                .express(0.2)
                .unwrap_err()
                .contains("1152")
        );
    }
}
