//! The head in training on the CPU.

use super::learner::{ADAM_BETA_1, ADAM_BETA_2, ADAM_EPSILON, Batch, Dropout, Learner, Sums};
use super::metrics::argmax;
use super::trainer::TrainingConfig;
use crate::device::DeviceError;
use crate::kernels::{Activation, AdamStep, DenseWeights, LearningDense, relu_backward};
use crate::model::classification::softmax;
use crate::model::head::{Head, HeadConfig};
use crate::model::parameters::Parameters;

/// A head with Adam's memory of it.
#[derive(Debug)]
pub struct CpuHead {
    config: HeadConfig,
    weight_decay: f64,
    label_smoothing: f32,
    hidden: LearningDense,
    output: LearningDense,
    /// β₁ and β₂ to the power of the steps so far.
    decays: [f64; 2],
    sums: Sums,
    scratch: Scratch,
}

/// The weights of such a head as the kernels have them: a best epoch is kept more often than its head is looked at.
#[derive(Debug, Clone)]
pub struct CpuHeadWeights {
    config: HeadConfig,
    hidden: DenseWeights,
    output: DenseWeights,
}

/// Buffers of a step, kept for the next.
#[derive(Debug, Default)]
struct Scratch {
    hidden: Vec<f32>,
    logits: Vec<f32>,
    hidden_gradient: Vec<f32>,
}

impl CpuHead {
    /// Begins to train `head` as `training` says.
    pub fn new(head: &Head, training: &TrainingConfig) -> Self {
        let config = head.config().clone();
        let layer = |name: &str, inputs, activation| {
            let [weight, bias] = ["weight", "bias"].map(|part| head.values(&format!("{name}.{part}")));
            LearningDense::new(inputs, weight, bias.to_vec(), activation)
        };
        Self {
            hidden: layer("head.dense", config.inputs, Activation::Relu),
            output: layer("head.output", config.dense_neurons, Activation::Identity),
            config,
            weight_decay: training.weight_decay,
            label_smoothing: training.label_smoothing as f32,
            decays: [1.0; 2],
            sums: Sums::default(),
            scratch: Scratch::default(),
        }
    }

    /// The weighted mean cross-entropy of a batch and its gradient by the logits, which it replaces.
    ///
    /// With label smoothing ε a sample's target is 1 − ε of its class and ε of all classes alike (Szegedy et al.,
    /// "Rethinking the Inception Architecture", 2016); class weights weigh each part, as PyTorch does.
    fn loss(&self, logits: &mut [f32], batch: &Batch) -> f64 {
        let width = self.output.padded_outputs();
        let weights = batch.labels.iter().map(|&label| batch.class_weights[label]);
        let total_weight: f32 = weights.sum();
        let mut loss = 0.0;
        for (row, &label) in logits.chunks_exact_mut(width).zip(&batch.labels) {
            let (row, padding) = row.split_at_mut(self.config.num_classes);
            padding.fill(0.0);
            let probabilities = softmax(row.to_vec(), row.len(), 1.0);
            let everywhere = self.label_smoothing / row.len() as f32;
            let target = |class: usize| {
                let whole = if class == label { 1.0 - self.label_smoothing } else { 0.0 };
                (whole + everywhere) * batch.class_weights[class] / total_weight
            };
            let mass: f32 = (0..row.len()).map(target).sum();
            for (class, (gradient, probability)) in row.iter_mut().zip(probabilities).enumerate() {
                let target = target(class);
                if target > 0.0 {
                    loss -= f64::from(target) * libm::log(f64::from(probability.max(f32::MIN_POSITIVE)));
                }
                *gradient = mass * probability - target;
            }
        }
        loss
    }

    fn adam(&mut self, learning_rate: f64) -> AdamStep {
        for (decay, beta) in self.decays.iter_mut().zip([ADAM_BETA_1, ADAM_BETA_2]) {
            *decay *= f64::from(beta);
        }
        let [first, second] = self.decays;
        AdamStep {
            beta_1: ADAM_BETA_1,
            beta_2: ADAM_BETA_2,
            epsilon: ADAM_EPSILON,
            step_size: (learning_rate / (1.0 - first)) as f32,
            variance_scale: (1.0 / (1.0 - second)) as f32,
            decay: (1.0 - learning_rate * self.weight_decay) as f32,
        }
    }
}

impl Learner for CpuHead {
    type Network = CpuHeadWeights;

    fn step(&mut self, mut batch: Batch, learning_rate: f64, dropout: &mut Dropout) {
        dropout.apply(&mut batch.inputs);
        let Scratch { mut hidden, mut logits, mut hidden_gradient } = std::mem::take(&mut self.scratch);
        self.hidden.forward(&batch.inputs, &mut hidden);
        self.output.forward(&hidden, &mut logits);
        let rows = logits.chunks_exact(self.output.padded_outputs()).zip(&batch.labels);
        let right = rows.filter(|(row, label)| argmax(&row[..self.config.num_classes]) == **label).count();
        self.sums.right += right as f64;
        self.sums.loss += self.loss(&mut logits, &batch) * batch.labels.len() as f64;

        self.output.input_gradient(&logits, &mut hidden_gradient);
        relu_backward(&mut hidden_gradient, &hidden);
        let adam = self.adam(learning_rate);
        self.output.update(&hidden, &logits, adam);
        self.hidden.update(&batch.inputs, &hidden_gradient, adam);
        self.scratch = Scratch { hidden, logits, hidden_gradient };
    }

    async fn take_sums(&mut self) -> Result<Sums, DeviceError> {
        Ok(std::mem::take(&mut self.sums))
    }

    async fn logits(&self, inputs: Vec<f32>, _: usize) -> Result<Vec<f32>, DeviceError> {
        let (mut hidden, mut logits) = (Vec::new(), Vec::new());
        self.hidden.forward(&inputs, &mut hidden);
        self.output.forward(&hidden, &mut logits);
        let rows = logits.chunks_exact(self.output.padded_outputs());
        Ok(rows.flat_map(|row| &row[..self.config.num_classes]).copied().collect())
    }

    fn network(&self) -> CpuHeadWeights {
        let [hidden, output] = [&self.hidden, &self.output].map(LearningDense::weights);
        CpuHeadWeights { config: self.config.clone(), hidden, output }
    }
}

impl CpuHeadWeights {
    /// The head.
    pub fn to_head(&self) -> Head {
        let mut parameters = Parameters::default();
        for (name, layer) in [("head.dense", &self.hidden), ("head.output", &self.output)] {
            let (shape, weight, bias) = layer.unpacked();
            parameters.insert(format!("{name}.bias"), vec![shape[0]], bias);
            parameters.insert(format!("{name}.weight"), shape.to_vec(), weight);
        }
        Head::new(self.config.clone(), &parameters).expect("they are this head's")
    }
}
