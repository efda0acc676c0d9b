//! What a [`super::trainer::Trainer`] trains, wherever it runs.

use rand::Rng;
use rand::rngs::ChaCha8Rng;

use crate::device::DeviceError;

/// PyTorch's settings of Adam, which are those of the paper.
pub const ADAM_BETA_1: f32 = 0.9;
/// See [`ADAM_BETA_1`].
pub const ADAM_BETA_2: f32 = 0.999;
/// See [`ADAM_BETA_1`].
pub const ADAM_EPSILON: f32 = 1e-8;

/// The samples of one step.
#[derive(Debug)]
pub struct Batch<'a> {
    /// `[samples, width]`.
    pub inputs: Vec<f32>,
    /// The class of each.
    pub labels: Vec<usize>,
    /// What a sample of each class counts in the loss.
    pub class_weights: &'a [f32],
}

/// What the steps of an epoch added up to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sums {
    /// Each batch's loss times its samples.
    pub loss: f64,
    /// Samples that were right, dropout at work.
    pub right: f64,
}

/// A network in training.
#[allow(async_fn_in_trait, reason = "its futures stay in the thread that trains")]
pub trait Learner {
    /// The network as it can be kept.
    type Network;

    /// One step of AdamW down the weighted mean cross-entropy of a batch.
    fn step(&mut self, batch: Batch, learning_rate: f64, dropout: &mut Dropout);

    /// The sums since they were last taken: a device is waited for once an epoch, not after each step.
    async fn take_sums(&mut self) -> Result<Sums, DeviceError>;

    /// `[samples, width]` → logits `[samples, num_classes]`, without dropout.
    async fn logits(&self, inputs: Vec<f32>, samples: usize) -> Result<Vec<f32>, DeviceError>;

    /// The network as it is now.
    fn network(&self) -> Self::Network;
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
        random: Box<ChaCha8Rng>,
    },
}

impl Dropout {
    /// Drops some of these features and scales the others.
    pub fn apply(&mut self, features: &mut [f32]) {
        let Self::On { rate, random } = self else { return };
        if *rate == 0.0 {
            return;
        }
        let kept = 1.0 / (1.0 - *rate) as f32;
        // Sixteen bits decide on a feature: drawing more took longer than the step itself.
        let most = (*rate * f64::from(1_u32 << 16)).round() as u32;
        let mut drawn = vec![0; 2 * features.len()];
        random.fill_bytes(&mut drawn);
        for (feature, bits) in features.iter_mut().zip(drawn.as_chunks().0) {
            *feature *= if u32::from(u16::from_le_bytes(*bits)) < most { 0.0 } else { kept };
        }
    }
}
