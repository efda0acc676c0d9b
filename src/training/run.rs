//! One run of fine-tuning: judged heads first, where tiles are few, then the head that is kept.

use std::sync::Arc;

use serde::Serialize;

use super::head_learner::{HeadLearner, Start};
use super::metrics::{argmax, cross_entropy};
use super::samples::{Samples, Subset, class_counts};
use super::trainer::{Trainer, TrainingConfig, TrainingError, balancing};
use super::validation::{Plan, Validation};
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
    /// Heads that show how good it would have looked, had neighbours judged each other. The head itself is done.
    AtRandom,
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
    /// Mean loss on the tiles that judge; none in [`Phase::All`], nor in an epoch of [`Phase::AtRandom`] that diverged.
    pub validation_loss: Option<f64>,
    /// Share of them that are right.
    pub validation_accuracy: Option<f64>,
    /// The epoch with the lowest validation loss so far, of the head that is kept.
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
    pub plan: Plan,
    /// Answers as above of the tiles of [`Plan::at_random`], from heads that learnt from their neighbours; none where it
    /// was not tried to the end.
    pub answers_at_random: Option<Vec<f32>>,
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
    plan: Plan,
    /// Every head of the run begins as this one.
    start: Start,
    device: Device,
    phase: Phase,
    trainers: Vec<Trainer<HeadLearner>>,
    epoch: usize,
    best: Option<Best>,
    /// In [`Phase::AtRandom`]: the trainer of the head that is kept, and what did best of the others.
    kept: Option<Trainer<HeadLearner>>,
    best_at_random: Option<Best>,
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
        plan: impl Into<Plan>,
        device: &Device,
    ) -> Result<Self, TrainingError> {
        let (num_classes, samples) = (start.head().config().num_classes, samples.into());
        let plan = plan.into();
        let phase = match plan.validation {
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
            plan,
            start,
            device: device.clone(),
            phase,
            trainers: Vec::new(),
            epoch: 0,
            best: None,
            kept: None,
            best_at_random: None,
        };
        run.trainers = run.trainers_of(phase)?;
        Ok(run)
    }

    fn trainers_of(&self, phase: Phase) -> Result<Vec<Trainer<HeadLearner>>, TrainingError> {
        if phase == Phase::All {
            return Ok(vec![self.trainer_of_all()?]);
        }
        let splits = self.judging(phase).splits().iter();
        splits.map(|split| self.trainer(split.training.clone(), split.validation.clone())).collect()
    }

    /// What judges in a phase.
    fn judging(&self, phase: Phase) -> &Validation {
        match (phase, self.plan.at_random()) {
            (Phase::AtRandom, Some(at_random)) => at_random,
            _ => &self.plan.validation,
        }
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
        if let Some(next) = self.next_phase().filter(|_| self.is_exhausted()) {
            self.begin(next)?;
        }
        self.epoch += 1;
        let (loss, accuracy) = match self.train().await {
            // The head is done, and shall not be lost by what it is compared with.
            Err(TrainingError::Diverged { .. }) if self.phase == Phase::AtRandom => return Ok(self.give_up()),
            trained => trained?,
        };
        let validation = (self.phase != Phase::All).then(|| self.validate());
        Ok(self.progress(loss, accuracy, validation))
    }

    /// Mean loss and accuracy of one epoch of each head of the phase.
    async fn train(&mut self) -> Result<(f64, f64), TrainingError> {
        let (mut loss, mut accuracy) = (0.0, 0.0);
        for trainer in &mut self.trainers {
            let epoch = trainer.train_epoch().await?;
            loss += epoch.loss;
            accuracy += epoch.accuracy;
        }
        let trainers = self.trainers.len() as f64;
        Ok((loss / trainers, accuracy / trainers))
    }

    /// Ends the run without a comparison.
    fn give_up(&mut self) -> Progress {
        self.best_at_random = None;
        self.epoch = self.config.epochs;
        self.progress(f64::INFINITY, 0.0, None)
    }

    fn progress(&self, loss: f64, accuracy: f64, validation: Option<(f64, f64)>) -> Progress {
        Progress {
            phase: self.phase,
            epoch: self.epoch,
            epochs: self.epochs(),
            loss,
            accuracy,
            validation_loss: validation.map(|(loss, _)| loss),
            validation_accuracy: validation.map(|(_, accuracy)| accuracy),
            best_epoch: self.best_epoch(),
            finished: self.next_phase().is_none() && self.is_exhausted(),
        }
    }

    /// Loss and accuracy of the last epoch on the tiles that judge, all splits together.
    fn validate(&mut self) -> (f64, f64) {
        let answers: Vec<f32> = self.trainers.iter().flat_map(|trainer| trainer.answers()).copied().collect();
        let tiles = self.judging(self.phase).tiles();
        let labels: Vec<usize> = tiles.iter().map(|&tile| self.samples.labels()[tile]).collect();
        let loss = cross_entropy(&answers, &labels, &self.class_weights);
        let rows = answers.chunks(self.num_classes).zip(&labels);
        let right = rows.filter(|&(row, &label)| argmax(row) == label).count();
        // The head that is kept of held-out tiles is its trainer's best: the figures are to be that one's.
        let is_trainers_best = self.trainers[0].best_epoch() == self.epoch;
        let best = if self.phase == Phase::AtRandom { &mut self.best_at_random } else { &mut self.best };
        let is_best = match self.phase {
            Phase::HeldOut => is_trainers_best,
            _ => best.as_ref().is_none_or(|best| loss < best.loss),
        };
        if is_best {
            *best = Some(Best { epoch: self.epoch, loss, answers });
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
        let best_epoch = match self.phase {
            // Nothing judges: every epoch is as good as the last one.
            Phase::All => self.epoch,
            Phase::AtRandom => self.best_at_random.as_ref().map_or(0, |best| best.epoch),
            Phase::HeldOut | Phase::Folds => self.best_epoch(),
        };
        self.epoch >= self.epochs() || self.epoch - best_epoch >= self.config.patience
    }

    /// What follows this phase.
    fn next_phase(&self) -> Option<Phase> {
        match self.phase {
            Phase::Folds => Some(Phase::All),
            Phase::HeldOut | Phase::All => self.plan.at_random().map(|_| Phase::AtRandom),
            Phase::AtRandom => None,
        }
    }

    fn begin(&mut self, phase: Phase) -> Result<(), TrainingError> {
        let trainers = self.trainers_of(phase)?;
        let before = std::mem::replace(&mut self.trainers, trainers);
        if phase == Phase::AtRandom {
            self.kept = before.into_iter().next();
        }
        (self.phase, self.epoch) = (phase, 0);
        Ok(())
    }

    /// The trainer of the head that is kept; none while folds are trained.
    fn keeper(&self) -> Option<&Trainer<HeadLearner>> {
        match self.phase {
            Phase::AtRandom => self.kept.as_ref(),
            Phase::Folds => None,
            Phase::HeldOut | Phase::All => self.trainers.first(),
        }
    }

    /// The head that would be kept if the run ended now; none while folds are trained.
    ///
    /// # Errors
    ///
    /// [`DeviceError::Failed`] when the device fails.
    pub async fn checkpoint(&self) -> Result<Option<Head>, DeviceError> {
        match self.keeper() {
            Some(trainer) if trainer.best_epoch() > 0 => trainer.best().read().await.map(Some),
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
            self.begin(Phase::All)?;
        }
        while self.phase == Phase::All && self.best.is_some() && !self.is_exhausted() {
            self.train_epoch().await?;
        }
        let is_compared = self.phase == Phase::AtRandom && self.is_exhausted();
        Ok(Outcome {
            head: self.keeper().expect("folds ended above").best().read().await?,
            epoch: self.best_epoch(),
            answers: self.best.map(|best| best.answers).unwrap_or_default(),
            answers_at_random: self.best_at_random.filter(|_| is_compared).map(|best| best.answers),
            samples: self.samples,
            plan: self.plan,
        })
    }

    /// Ends the run with a head of an earlier one that was cut off in `epoch`: a device that was lost takes the
    /// optimizer with it, and not the head.
    pub fn conclude_with(self, head: Head, epoch: usize) -> Outcome {
        let answers = match &self.plan.validation {
            Validation::HeldOut(split) => {
                let features = self.samples.first_views(split.validation.iter().copied());
                let logits = Classification::of_head(&head).logits(&features);
                softmax(logits, self.num_classes, 1.0)
            }
            // The folds' answers went with the device.
            Validation::Folds(_) | Validation::Nothing => Vec::new(),
        };
        let (samples, plan) = (self.samples, self.plan);
        Outcome { head, epoch, answers, samples, plan, answers_at_random: None }
    }
}
