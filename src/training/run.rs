//! One run of fine-tuning: judged heads first, where tiles are few, then the head that is kept.

use std::sync::Arc;

use serde::Serialize;

use super::head_learner::{HeadLearner, Start};
use super::metrics::{argmax, cross_entropy};
use super::samples::{Samples, Subset, class_counts};
use super::trainer::{Trainer, TrainingConfig, TrainingError, balancing};
use super::validation::Validation;
use crate::device::{Device, DeviceError};
use crate::model::classification::softmax;
use crate::model::cpu::classification::Classification;
use crate::model::head::Head;

/// What is being trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify))]
pub enum Phase {
    /// The head, judged by held-out tiles.
    HeldOut,
    /// A head for each fold: they find the number of epochs and the figures.
    Folds,
    /// The head, on all tiles, for that number of epochs.
    All,
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(
    target_family = "wasm",
    derive(tsify::Tsify),
    serde(rename_all = "camelCase"),
    tsify(missing_as_null)
)]
pub struct Progress {
    /// What was trained.
    pub phase: Phase,
    /// The epoch that was done, counted from 1 in each phase.
    pub epoch: usize,
    /// Epochs in this phase, at most.
    pub epochs: usize,
    /// Mean training loss, dropout at work.
    pub loss: f64,
    /// Share of the training tiles that were right, dropout at work.
    pub accuracy: f64,
    /// Mean loss on the tiles that judge; none in [`Phase::All`].
    pub validation_loss: Option<f64>,
    /// Share of them that are right.
    pub validation_accuracy: Option<f64>,
    /// The epoch with the lowest validation loss so far.
    pub best_epoch: usize,
    /// Whether the run is done.
    pub finished: bool,
}

/// What a run came to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The new head.
    pub head: Head,
    /// The number of epochs that it was trained.
    pub epoch: usize,
    /// Probabilities of the tiles of [`Validation::tiles`], each from a head that never saw the tile.
    pub answers: Vec<f32>,
    /// The labelled tiles.
    pub samples: Arc<Samples>,
    /// By which of them the head is judged.
    pub validation: Validation,
}

/// The epoch that did best on the tiles that judge.
#[derive(Debug, Clone, Default)]
struct Best {
    epoch: usize,
    loss: f64,
    answers: Vec<f32>,
}

/// A run, one epoch at a time.
pub struct Run {
    config: TrainingConfig,
    num_classes: usize,
    /// What a tile of each class counts in the loss.
    class_weights: Vec<f32>,
    samples: Arc<Samples>,
    validation: Validation,
    /// Every head of the run begins as this one.
    start: Start,
    device: Device,
    phase: Phase,
    trainers: Vec<Trainer<HeadLearner>>,
    epoch: usize,
    best: Option<Best>,
}

impl Run {
    /// Prepares to train `start` on `device`.
    ///
    /// # Errors
    ///
    /// [`TrainingError`] when a setting makes no sense or one class alone has tiles.
    pub fn new(
        config: TrainingConfig,
        start: Start,
        samples: impl Into<Arc<Samples>>,
        validation: Validation,
        device: &Device,
    ) -> Result<Self, TrainingError> {
        let (num_classes, samples) = (start.head().config().num_classes, samples.into());
        let phase = match validation {
            Validation::HeldOut(_) => Phase::HeldOut,
            Validation::Folds(_) => Phase::Folds,
            Validation::Nothing => Phase::All,
        };
        let class_weights = if config.class_weighting {
            balancing(&class_counts(samples.labels(), num_classes))
        } else {
            vec![1.0; num_classes]
        };
        let mut run = Self {
            config,
            num_classes,
            class_weights,
            samples,
            validation,
            start,
            device: device.clone(),
            phase,
            trainers: Vec::new(),
            epoch: 0,
            best: None,
        };
        run.trainers = match phase {
            Phase::All => vec![run.trainer_of_all()?],
            Phase::HeldOut | Phase::Folds => run.judged_trainers()?,
        };
        Ok(run)
    }

    fn judged_trainers(&self) -> Result<Vec<Trainer<HeadLearner>>, TrainingError> {
        let splits = self.validation.splits().iter();
        splits.map(|split| self.trainer(split.training.clone(), split.validation.clone())).collect()
    }

    fn trainer_of_all(&self) -> Result<Trainer<HeadLearner>, TrainingError> {
        self.trainer((0..self.samples.len()).collect(), Vec::new())
    }

    fn trainer(
        &self,
        training: Vec<usize>,
        validation: Vec<usize>,
    ) -> Result<Trainer<HeadLearner>, TrainingError> {
        let [training, validation] = [training, validation].map(|tiles| Subset::new(&self.samples, tiles));
        let learner = HeadLearner::new(&self.start, &self.config, &training, &self.device);
        Trainer::new(self.config.clone(), learner, self.num_classes, training, validation)
    }

    /// Trains one epoch; of each fold, where there are folds.
    ///
    /// # Errors
    ///
    /// [`TrainingError::Diverged`] or [`TrainingError::Device`]; what was best before stays.
    pub async fn train_epoch(&mut self) -> Result<Progress, TrainingError> {
        if self.phase == Phase::Folds && self.is_exhausted() {
            self.begin_all()?;
        }
        self.epoch += 1;
        let (mut loss, mut accuracy) = (0.0, 0.0);
        for trainer in &mut self.trainers {
            let epoch = trainer.train_epoch().await?;
            loss += epoch.loss;
            accuracy += epoch.accuracy;
        }
        let validation = (self.phase != Phase::All).then(|| self.validate());
        let trainers = self.trainers.len() as f64;
        Ok(Progress {
            phase: self.phase,
            epoch: self.epoch,
            epochs: self.epochs(),
            loss: loss / trainers,
            accuracy: accuracy / trainers,
            validation_loss: validation.map(|(loss, _)| loss),
            validation_accuracy: validation.map(|(_, accuracy)| accuracy),
            best_epoch: self.best_epoch(),
            finished: self.phase != Phase::Folds && self.is_exhausted(),
        })
    }

    /// Loss and accuracy of the last epoch on the tiles that judge, all splits together.
    fn validate(&mut self) -> (f64, f64) {
        let answers: Vec<f32> = self.trainers.iter().flat_map(|trainer| trainer.answers()).copied().collect();
        let labels: Vec<usize> =
            self.validation.tiles().iter().map(|&tile| self.samples.labels()[tile]).collect();
        let loss = cross_entropy(&answers, &labels, &self.class_weights);
        let rows = answers.chunks(self.num_classes).zip(&labels);
        let right = rows.filter(|&(row, &label)| argmax(row) == label).count();
        let is_best = match self.phase {
            // The head that is kept is its trainer's best: the figures are to be that one's.
            Phase::HeldOut => self.trainers[0].best_epoch() == self.epoch,
            _ => self.best.as_ref().is_none_or(|best| loss < best.loss),
        };
        if is_best {
            self.best = Some(Best { epoch: self.epoch, loss, answers });
        }
        (loss, right as f64 / labels.len() as f64)
    }

    /// The epoch that the best head so far comes from: the last one, where nothing judges; 0 before the first.
    pub fn best_epoch(&self) -> usize {
        match &self.best {
            Some(best) => best.epoch,
            None if self.phase == Phase::All => self.trainers[0].best_epoch(),
            None => 0,
        }
    }

    /// Epochs in this phase, at most.
    fn epochs(&self) -> usize {
        match (self.phase, &self.best) {
            (Phase::All, Some(best)) => best.epoch,
            _ => self.config.epochs,
        }
    }

    /// Whether this phase has done all epochs, or its last ones brought nothing.
    fn is_exhausted(&self) -> bool {
        let is_patient = self.phase == Phase::All || self.epoch - self.best_epoch() < self.config.patience;
        self.epoch >= self.epochs() || !is_patient
    }

    fn begin_all(&mut self) -> Result<(), TrainingError> {
        self.trainers = vec![self.trainer_of_all()?];
        (self.phase, self.epoch) = (Phase::All, 0);
        Ok(())
    }

    /// The head that would be kept if the run ended now; none while folds are trained.
    ///
    /// # Errors
    ///
    /// [`DeviceError::Failed`] when the device fails.
    pub async fn checkpoint(&self) -> Result<Option<Head>, DeviceError> {
        match self.trainers.as_slice() {
            [trainer] if self.phase != Phase::Folds && trainer.best_epoch() > 0 => {
                trainer.best().read().await.map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Ends the run, done or not, with the best so far. Folds that were stopped are followed by the head on all tiles,
    /// trained for as many epochs as did best in them.
    ///
    /// # Errors
    ///
    /// [`TrainingError`] when that head cannot be trained, or when not one epoch was done.
    pub async fn conclude(mut self) -> Result<Outcome, TrainingError> {
        if self.best_epoch() == 0 {
            return Err(TrainingError::Stopped);
        }
        if self.phase == Phase::Folds {
            self.begin_all()?;
        }
        while self.phase == Phase::All && self.best.is_some() && !self.is_exhausted() {
            self.train_epoch().await?;
        }
        let [trainer] = self.trainers.as_slice() else { unreachable!("folds ended above") };
        Ok(Outcome {
            head: trainer.best().read().await?,
            epoch: self.best_epoch(),
            answers: self.best.map(|best| best.answers).unwrap_or_default(),
            samples: self.samples,
            validation: self.validation,
        })
    }

    /// Ends the run with a head of an earlier one that was cut off in `epoch`: a device that was lost takes the
    /// optimizer with it, and not the head.
    pub fn conclude_with(self, head: Head, epoch: usize) -> Outcome {
        let answers = match &self.validation {
            Validation::HeldOut(split) => {
                let features = self.samples.first_views(split.validation.iter().copied());
                let logits = Classification::of_head(&head).logits(&features);
                softmax(logits, self.num_classes, 1.0)
            }
            // The folds' answers went with the device.
            Validation::Folds(_) | Validation::Nothing => Vec::new(),
        };
        Outcome { head, epoch, answers, samples: self.samples, validation: self.validation }
    }
}
