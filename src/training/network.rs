//! What can be trained: networks that read one row of numbers a sample and answer with logits.

use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Gradients, Tensor, TensorData};
use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use crate::model::head::Head;
use crate::model::layers::global_average_pool;
use crate::model::mobilenet_v3::Tail;

/// How much slower the backbone's last blocks learn than the head: they know something already.
const TAIL_LEARNING_RATE_FACTOR: f64 = 0.1;

/// A network in training.
pub trait Network: Module {
    /// `[batch, width]` → logits `[batch, num_classes]`.
    fn forward(&self, inputs: Tensor<2>, dropout: &mut Dropout) -> Tensor<2>;

    /// One step of the optimizer.
    fn step(self, learning_rate: f64, optimizer: &mut ModuleOptimizer, gradients: Gradients) -> Self {
        let gradients = GradientsParams::from_grads(gradients, &self);
        optimizer.step(learning_rate, self, gradients)
    }
}

/// Sets a share of the features to zero and scales the others up (Srivastava et al., "Dropout", 2014), drawn on
/// the CPU: the same seed gives the same run on every device.
#[derive(Debug)]
pub enum Dropout {
    /// Evaluation: features pass as they are.
    Off,
    /// Training.
    On {
        /// Share of the features that are dropped, 0 to 1.
        rate: f64,
        /// What it is drawn from.
        random: ChaCha8Rng,
    },
}

impl Dropout {
    /// `[batch, features]` → the same shape.
    pub fn forward(&mut self, features: Tensor<2>) -> Tensor<2> {
        match self {
            Self::On { rate, random } if *rate > 0.0 => {
                let shape: [usize; 2] = features.dims();
                let kept = 1.0 / (1.0 - *rate) as f32;
                let mask: Vec<f32> = (0..shape[0] * shape[1])
                    .map(|_| if random.random_bool(*rate) { 0.0 } else { kept })
                    .collect();
                let mask = Tensor::from_data(TensorData::new(mask, shape), &features.device());
                features * mask
            }
            _ => features,
        }
    }
}

impl Network for Head {
    /// Reads features, `[batch, 576]`.
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
