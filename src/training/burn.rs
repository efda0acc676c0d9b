//! Networks in burn in training: heads on GPUs, heads with the last blocks of their backbone, yardsticks.

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Initializer, Linear, LinearConfig};
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Gradients, Int, Tensor, TensorData};

use super::learner::{ADAM_BETA_1, ADAM_BETA_2, ADAM_EPSILON, Batch, Dropout, Learner, Sums};
use super::samples::Subset;
use super::trainer::TrainingConfig;
use crate::device::{DeviceError, read};
use crate::model::burn::classification::Head;
use crate::model::burn::layers::global_average_pool;
use crate::model::burn::mobilenet_v3::Tail;

/// How much slower the backbone's last blocks learn than the head: they know something already.
const TAIL_LEARNING_RATE_FACTOR: f64 = 0.1;

/// A network that reads one row of numbers a sample and answers with logits.
pub trait Network: Module {
    /// `[batch, width]` → logits `[batch, num_classes]`.
    fn forward(&self, inputs: Tensor<2>, dropout: &mut Dropout) -> Tensor<2>;

    /// One step of the optimizer.
    fn step(self, learning_rate: f64, optimizer: &mut ModuleOptimizer, gradients: Gradients) -> Self {
        let gradients = GradientsParams::from_grads(gradients, &self);
        optimizer.step(learning_rate, self, gradients)
    }
}

impl Dropout {
    /// `[batch, features]` → the same shape, on any device.
    fn forward(&mut self, features: Tensor<2>) -> Tensor<2> {
        if let Self::Off = self {
            return features;
        }
        let shape: [usize; 2] = features.dims();
        let mut mask = vec![1.0; shape[0] * shape[1]];
        self.apply(&mut mask);
        let mask = Tensor::from_data(TensorData::new(mask, shape), &features.device());
        features * mask
    }
}

/// A network in burn with what trains it.
pub struct BurnLearner<N> {
    network: N,
    label_smoothing: Option<f32>,
    optimizer: ModuleOptimizer,
    /// Loss and right answers so far, summed on the device.
    sums: [Tensor<1>; 2],
    device: Device,
}

impl<N: Network> BurnLearner<N> {
    /// Begins to train `network` as `config` says on `device`, where it is.
    pub fn new(network: N, config: &TrainingConfig, device: &Device) -> Self {
        let device = device.clone().without_autodiff();
        let adam = AdamWConfig::new()
            .with_beta_1(ADAM_BETA_1)
            .with_beta_2(ADAM_BETA_2)
            .with_epsilon(ADAM_EPSILON)
            .with_weight_decay(config.weight_decay as f32);
        Self {
            network: network.train(),
            label_smoothing: (config.label_smoothing > 0.0).then_some(config.label_smoothing as f32),
            optimizer: adam.init(),
            sums: [0, 1].map(|_| Tensor::zeros([1], &device)),
            device,
        }
    }
}

impl<N: Network> Learner for BurnLearner<N> {
    type Network = N;

    fn step(&mut self, batch: Batch, learning_rate: f64, dropout: &mut Dropout) {
        let device = self.device.clone().autodiff();
        let (samples, weights) = (batch.labels.len(), batch.class_weights.to_vec());
        let is_weighted = weights.iter().any(|&weight| weight != 1.0);
        let loss = CrossEntropyLossConfig::new()
            .with_weights(is_weighted.then_some(weights))
            .with_smoothing(self.label_smoothing)
            .init(&device);
        let shape = [samples, batch.inputs.len() / samples];
        let inputs = Tensor::from_data(TensorData::new(batch.inputs, shape), &device);
        let logits = self.network.forward(inputs, dropout);
        let labels: Vec<i32> = batch.labels.iter().map(|&label| label as i32).collect();
        let labels = Tensor::<1, Int>::from_ints(labels.as_slice(), &device);
        let predicted = logits.clone().inner().argmax(1).squeeze_dim(1);
        let right = predicted.equal(labels.clone().inner()).float().sum();
        let loss = loss.forward(logits, labels);
        let [total_loss, total_right] = self.sums.clone();
        self.sums = [total_loss + loss.clone().inner() * samples as f32, total_right + right];
        let gradients = loss.backward();
        self.network = self.network.clone().step(learning_rate, &mut self.optimizer, gradients);
    }

    async fn take_sums(&mut self) -> Result<Sums, DeviceError> {
        let sums = read(Tensor::cat(self.sums.to_vec(), 0)).await?;
        self.sums = [0, 1].map(|_| Tensor::zeros([1], &self.device));
        Ok(Sums { loss: f64::from(sums[0]), right: f64::from(sums[1]) })
    }

    async fn logits(&self, inputs: Vec<f32>, samples: usize) -> Result<Vec<f32>, DeviceError> {
        forward(&self.network.valid(), inputs, samples, &self.device).await
    }

    fn network(&self) -> N {
        self.network.valid()
    }
}

/// Logits of every sample's first view, `[samples, num_classes]` in row-major order.
///
/// # Errors
///
/// [`DeviceError::Failed`] when the device fails.
pub async fn logits<N: Network>(
    network: &N,
    samples: &Subset,
    device: &Device,
) -> Result<Vec<f32>, DeviceError> {
    let mut logits = Vec::new();
    for (inputs, count) in samples.evaluation_batches(samples.len()) {
        logits.extend(forward(network, inputs, count, device).await?);
    }
    Ok(logits)
}

async fn forward<N: Network>(
    network: &N,
    inputs: Vec<f32>,
    samples: usize,
    device: &Device,
) -> Result<Vec<f32>, DeviceError> {
    let shape = [samples, inputs.len() / samples];
    let inputs = Tensor::from_data(TensorData::new(inputs, shape), device);
    read(network.forward(inputs, &mut Dropout::Off)).await
}

impl Network for Head {
    /// Reads features, `[batch, width]`.
    fn forward(&self, features: Tensor<2>, dropout: &mut Dropout) -> Tensor<2> {
        Head::forward(self, dropout.forward(features))
    }
}

/// The head and the backbone's last blocks, trained together: phase 2 of transfer learning.
#[derive(Module, Debug)]
pub struct HeadAndTail {
    /// The blocks that are trained.
    pub tail: Tail,
    /// The head on them.
    pub head: Head,
    /// Channels, height and width of the maps that the tail reads.
    #[module(skip)]
    pub map_shape: [usize; 3],
}

impl Network for HeadAndTail {
    /// Reads flattened maps, `[batch, channels × height × width]`.
    fn forward(&self, maps: Tensor<2>, dropout: &mut Dropout) -> Tensor<2> {
        let [batch, _] = maps.dims();
        let [channels, height, width] = self.map_shape;
        let maps = self.tail.forward(maps.reshape([batch, channels, height, width]));
        Network::forward(&self.head, global_average_pool(maps).flatten(1, 3), dropout)
    }

    fn step(self, learning_rate: f64, optimizer: &mut ModuleOptimizer, mut gradients: Gradients) -> Self {
        let Self { tail, head, map_shape } = self;
        let of_tail = GradientsParams::from_module(&mut gradients, &tail);
        let of_head = GradientsParams::from_module(&mut gradients, &head);
        Self {
            tail: optimizer.step(learning_rate * TAIL_LEARNING_RATE_FACTOR, tail, of_tail),
            head: optimizer.step(learning_rate, head, of_head),
            map_shape,
        }
    }
}

/// One dense layer: multinomial logistic regression.
#[derive(Module, Debug)]
pub struct LinearClassifier {
    output: Linear,
}

impl LinearClassifier {
    /// All weights zero, where every class is as probable as the others.
    pub fn new(width: usize, num_classes: usize, device: &Device) -> Self {
        Self {
            output: LinearConfig::new(width, num_classes).with_initializer(Initializer::Zeros).init(device),
        }
    }
}

impl Network for LinearClassifier {
    fn forward(&self, inputs: Tensor<2>, _: &mut Dropout) -> Tensor<2> {
        self.output.forward(inputs)
    }
}
