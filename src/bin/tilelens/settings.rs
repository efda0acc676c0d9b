//! The parameters of training, and training with a progress bar.

use anyhow::Result;
use clap::{ArgAction, Args};
use tilelens::training::learner::Learner;
use tilelens::training::samples::Subset;
use tilelens::training::trainer::{Trainer, TrainingConfig, TrainingError};

use super::tiles::progress_bar;

#[derive(Args)]
pub struct Settings {
    /// Adam's step size.
    #[arg(long, default_value_t = TrainingConfig::default().learning_rate)]
    learning_rate: f64,
    /// Weight decay per step, as a share of the learning rate (AdamW); 0 for none.
    #[arg(long, default_value_t = TrainingConfig::default().weight_decay)]
    weight_decay: f64,
    /// Share of the target that is spread over all classes (label smoothing).
    #[arg(long, default_value_t = TrainingConfig::default().label_smoothing)]
    label_smoothing: f64,
    /// Whether the head learns from features of mean 0 and deviation 1.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", default_value_t = TrainingConfig::default().standardised, action = ArgAction::Set)]
    standardised: bool,
    /// Share of the features that are dropped in training.
    #[arg(long, default_value_t = TrainingConfig::default().dropout_rate)]
    dropout_rate: f64,
    /// Width of the head's hidden layer.
    #[arg(long, default_value_t = TrainingConfig::default().dense_neurons)]
    dense_neurons: usize,
    /// Epochs, at most.
    #[arg(long, default_value_t = TrainingConfig::default().epochs)]
    epochs: usize,
    /// Tiles per step.
    #[arg(long, default_value_t = TrainingConfig::default().batch_size)]
    batch_size: usize,
    /// Epochs without a lower validation loss after which training stops.
    #[arg(long, default_value_t = TrainingConfig::default().patience)]
    patience: usize,
    /// Give rare classes more weight, so that every class counts the same overall.
    #[arg(long)]
    class_weighting: bool,
    /// Use each tile only as it is, not in its eight flips and turns.
    #[arg(long)]
    no_augmentation: bool,
    /// Random seed of the split, the first weights, the batches and dropout.
    #[arg(long, default_value_t = TrainingConfig::default().seed)]
    pub seed: u64,
}

impl Settings {
    /// The configuration, if every setting makes sense.
    pub fn config(&self) -> Result<TrainingConfig> {
        let config = TrainingConfig {
            learning_rate: self.learning_rate,
            weight_decay: self.weight_decay,
            label_smoothing: self.label_smoothing,
            standardised: self.standardised,
            dropout_rate: self.dropout_rate,
            dense_neurons: self.dense_neurons,
            epochs: self.epochs,
            batch_size: self.batch_size,
            patience: self.patience,
            class_weighting: self.class_weighting,
            seed: self.seed,
        };
        config.check()?;
        Ok(config)
    }

    pub fn augmentation(&self) -> bool {
        !self.no_augmentation
    }
}

/// Trains to the end and gives the best network, and the epoch that it comes from. Where training goes wrong after
/// that epoch, it says so.
pub fn fit<L: Learner>(
    config: &TrainingConfig,
    learner: L,
    num_classes: usize,
    (training, validation): (Subset, Subset),
    what: &str,
) -> Result<(L::Network, usize)>
where
    L::Network: Clone,
{
    let mut trainer = Trainer::new(config.clone(), learner, num_classes, training, validation)?;
    let bar = progress_bar(config.epochs, what);
    let outcome = pollster::block_on(trainer.train(|epoch| {
        bar.inc(1);
        let validation = epoch.validation.as_ref();
        let accuracy = validation.map(|figures| format!(", validation {:.1} %", figures.accuracy * 100.0));
        bar.set_message(format!("{what}: loss {:.3}{}", epoch.loss, accuracy.unwrap_or_default()));
    }));
    bar.finish_and_clear();
    match outcome {
        Err(error @ TrainingError::Diverged { .. }) if trainer.best_epoch() > 0 => {
            eprintln!("{what}: {error}")
        }
        outcome => outcome?,
    }
    Ok((trainer.best().clone(), trainer.best_epoch()))
}
