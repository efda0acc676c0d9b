//! The training loop, one epoch at a time.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::learner::{Batch, Dropout, Learner};
use super::metrics::{Evaluation, cross_entropy};
use super::samples::{EVALUATION_BATCH, Subset, class_counts};
use crate::ErrorCode;
use crate::device::DeviceError;
use crate::limits::{MAX_DENSE_NEURONS, MAX_EPOCHS};
use crate::model::classification::softmax;
use crate::model::head::HeadConfig;

/// What a run of training is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify), serde(rename_all = "camelCase"))]
pub struct TrainingConfig {
    /// Adam's step size.
    pub learning_rate: f64,
    /// What each step takes off every weight, as a share of the learning rate (AdamW); 0 is Adam.
    pub weight_decay: f64,
    /// Share of the target that is spread over all classes, 0 to 1 (label smoothing).
    pub label_smoothing: f64,
    /// Whether the head learns from features of mean 0 and deviation 1; it is written so that it reads them as they are.
    pub standardised: bool,
    /// Share of the features that are dropped in training, 0 to 1.
    pub dropout_rate: f64,
    /// Width of the head's hidden layer.
    pub dense_neurons: usize,
    /// Passes over the training samples, at most.
    pub epochs: usize,
    /// Samples a step.
    pub batch_size: usize,
    /// Epochs without a lower validation loss after which training stops.
    pub patience: usize,
    /// Whether rare classes count for more, so that each class weighs the same in all.
    pub class_weighting: bool,
    /// Where first weights, batches and dropout are drawn from.
    pub seed: u64,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            learning_rate: 1e-3,
            weight_decay: 0.0,
            // Worth one point at 5 to 20 labels a class, in `models/overhead.md`.
            label_smoothing: 0.1,
            standardised: false,
            dropout_rate: 0.2,
            dense_neurons: 128,
            epochs: 100,
            batch_size: 32,
            patience: 15,
            class_weighting: false,
            seed: 0,
        }
    }
}

impl TrainingConfig {
    /// The head that such a run trains, on `inputs` features.
    pub fn head(&self, inputs: usize, num_classes: usize) -> HeadConfig {
        let Self { dropout_rate, dense_neurons, .. } = *self;
        HeadConfig { inputs, dropout_rate, dense_neurons, num_classes }
    }

    /// The generator of a run: everything random in it comes from here.
    pub fn random(&self) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(self.seed)
    }

    /// Whether every setting makes sense.
    ///
    /// # Errors
    ///
    /// [`TrainingError::Setting`] naming the one that does not.
    pub fn check(&self) -> Result<(), TrainingError> {
        let refuse = |what: String| Err(TrainingError::Setting(what));
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            return refuse(format!("learning_rate is {}; it must be above 0", self.learning_rate));
        }
        if !(0.0..1.0).contains(&self.dropout_rate) {
            return refuse(format!("dropout_rate is {}; it must be from 0 to below 1", self.dropout_rate));
        }
        if !(self.weight_decay >= 0.0 && self.weight_decay * self.learning_rate < 1.0) {
            return refuse(format!(
                "weight_decay is {}; it must be from 0 to below {} at this learning_rate",
                self.weight_decay,
                1.0 / self.learning_rate
            ));
        }
        if !(0.0..1.0).contains(&self.label_smoothing) {
            return refuse(format!(
                "label_smoothing is {}; it must be from 0 to below 1",
                self.label_smoothing
            ));
        }
        for (name, value, most) in [
            ("dense_neurons", self.dense_neurons, MAX_DENSE_NEURONS),
            ("epochs", self.epochs, MAX_EPOCHS),
            ("batch_size", self.batch_size, usize::MAX),
            ("patience", self.patience, usize::MAX),
        ] {
            if value == 0 {
                return refuse(format!("{name} is 0; it must be at least 1"));
            }
            if value > most {
                return refuse(format!("{name} is {value}; it must be at most {most}"));
            }
        }
        Ok(())
    }
}

/// Why there is no trained network, or no better one.
#[derive(Debug, Error)]
pub enum TrainingError {
    /// A setting is outside what makes sense.
    #[error("{0}")]
    Setting(String),
    /// Fewer than two classes have tiles to learn from.
    #[error("training needs tiles of at least two classes")]
    OneClass,
    /// The numbers went to infinity. The best network before that is kept.
    #[error("training diverged in epoch {epoch}: choose a lower learning_rate")]
    Diverged {
        /// The epoch, counted from 1.
        epoch: usize,
    },
    /// It was stopped before the first epoch was done.
    #[error("training was stopped before its first epoch was done: there is no new head")]
    Stopped,
    /// The device failed.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

impl ErrorCode for TrainingError {
    fn code(&self) -> &'static str {
        match self {
            Self::Setting(_) => "training.setting",
            Self::OneClass => "training.one_class",
            Self::Diverged { .. } => "training.diverged",
            Self::Stopped => "training.stopped",
            Self::Device(error) => error.code(),
        }
    }
}

/// What an epoch came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Epoch {
    /// Counted from 1.
    pub number: usize,
    /// Mean training loss over the epoch's batches, dropout at work.
    pub loss: f64,
    /// Share of the training samples that were right, dropout at work.
    pub accuracy: f64,
    /// The figures on the validation samples afterwards, if there are any.
    pub validation: Option<Evaluation>,
}

/// Trains a network on samples. The network of the epoch with the lowest validation loss is kept; with class weights,
/// the loss that they weigh.
pub struct Trainer<L: Learner> {
    config: TrainingConfig,
    learner: L,
    best: L::Network,
    best_epoch: usize,
    best_loss: f64,
    /// What a sample of each class counts.
    class_weights: Vec<f32>,
    training: Subset,
    validation: Subset,
    num_classes: usize,
    order: ChaCha8Rng,
    dropout: Dropout,
    epoch: usize,
    /// Probabilities of the validation samples after the last epoch.
    answers: Vec<f32>,
}

impl<L: Learner> Trainer<L> {
    /// Prepares to train a network, which may be new or trained before.
    ///
    /// `validation` may be empty: then the last epoch's network is the best.
    ///
    /// # Errors
    ///
    /// [`TrainingError`] when a setting makes no sense or one class alone has tiles to learn from.
    pub fn new(
        config: TrainingConfig,
        learner: L,
        num_classes: usize,
        training: impl Into<Subset>,
        validation: impl Into<Subset>,
    ) -> Result<Self, TrainingError> {
        config.check()?;
        let (training, validation) = (training.into(), validation.into());
        let counts = class_counts(training.labels(), num_classes);
        if counts.iter().filter(|&&count| count > 0).count() < 2 {
            return Err(TrainingError::OneClass);
        }
        let class_weights = if config.class_weighting { balancing(&counts) } else { vec![1.0; num_classes] };
        let mut order = config.random();
        // Two streams of one seed: the order of the batches does not depend on the dropout rate.
        let dropout = ChaCha8Rng::from_rng(&mut order);
        Ok(Self {
            best: learner.network(),
            best_epoch: 0,
            best_loss: f64::INFINITY,
            learner,
            class_weights,
            training,
            validation,
            num_classes,
            order,
            dropout: Dropout::On { rate: config.dropout_rate, random: Box::new(dropout) },
            epoch: 0,
            answers: Vec::new(),
            config,
        })
    }

    /// One pass over the training samples, then a look at the validation samples.
    ///
    /// # Errors
    ///
    /// [`TrainingError::Diverged`] when a loss is no number; [`TrainingError::Device`] when the device fails. The
    /// best network so far stays.
    pub async fn train_epoch(&mut self) -> Result<Epoch, TrainingError> {
        self.epoch += 1;
        let mut tiles: Vec<usize> = (0..self.training.len()).collect();
        tiles.shuffle(&mut self.order);
        for tiles in tiles.chunks(self.config.batch_size) {
            let batch = Batch {
                inputs: self.training.random_views(tiles, &mut self.order),
                labels: tiles.iter().map(|&tile| self.training.labels()[tile]).collect(),
                class_weights: &self.class_weights,
            };
            self.learner.step(batch, self.config.learning_rate, &mut self.dropout);
        }
        let sums = self.learner.take_sums().await?;
        let [loss, accuracy] = [sums.loss, sums.right].map(|sum| sum / tiles.len() as f64);
        // The loss is that before the last step; only answers tell whether that step went wrong.
        let (judges, asked) = match self.validation.len() {
            0 => (&self.training, self.training.len().min(EVALUATION_BATCH)),
            all => (&self.validation, all),
        };
        let logits = logits(&self.learner, judges, asked).await?;
        if !loss.is_finite() || !logits.iter().all(|logit| logit.is_finite()) {
            return Err(TrainingError::Diverged { epoch: self.epoch });
        }
        if self.validation.is_empty() {
            (self.best, self.best_epoch) = (self.learner.network(), self.epoch);
            return Ok(Epoch { number: self.epoch, loss, accuracy, validation: None });
        }
        let answers = softmax(logits, self.num_classes, 1.0);
        let judged = cross_entropy(&answers, self.validation.labels(), &self.class_weights);
        if judged < self.best_loss {
            (self.best, self.best_epoch, self.best_loss) = (self.learner.network(), self.epoch, judged);
        }
        let validation = Evaluation::new(&answers, self.validation.labels(), self.num_classes);
        self.answers = answers;
        Ok(Epoch { number: self.epoch, loss, accuracy, validation: Some(validation) })
    }

    /// Whether all epochs are done, or the last ones brought nothing.
    pub fn is_finished(&self) -> bool {
        self.epoch >= self.config.epochs || self.epoch - self.best_epoch >= self.config.patience
    }

    /// Trains to the end.
    ///
    /// # Errors
    ///
    /// As [`train_epoch`](Self::train_epoch).
    pub async fn train(&mut self, mut after_epoch: impl FnMut(&Epoch)) -> Result<(), TrainingError> {
        while !self.is_finished() {
            after_epoch(&self.train_epoch().await?);
        }
        Ok(())
    }

    /// The best network so far.
    pub fn best(&self) -> &L::Network {
        &self.best
    }

    /// The network as the last epoch left it.
    pub fn learner(&self) -> &L {
        &self.learner
    }

    /// Probabilities of the validation samples after the last epoch, `[tiles, num_classes]` in row-major order.
    pub fn answers(&self) -> &[f32] {
        &self.answers
    }

    /// The epoch that it comes from; 0 before the first.
    pub fn best_epoch(&self) -> usize {
        self.best_epoch
    }
}

/// Logits of the first views of the samples up to `count`, `[count, num_classes]` in row-major order.
async fn logits<L: Learner>(learner: &L, samples: &Subset, count: usize) -> Result<Vec<f32>, DeviceError> {
    let mut logits = Vec::new();
    for (inputs, count) in samples.evaluation_batches(count) {
        logits.extend(learner.logits(inputs, count).await?);
    }
    Ok(logits)
}

/// Weights under which every class counts the same in all; their mean over the samples is 1.
pub(super) fn balancing(counts: &[usize]) -> Vec<f32> {
    let total: usize = counts.iter().sum();
    let present = counts.iter().filter(|&&count| count > 0).count();
    counts.iter().map(|&count| total as f32 / (present * count.max(1)) as f32).collect()
}
