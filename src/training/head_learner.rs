//! The head in training on whichever device.

use std::sync::Arc;

use rand::rngs::ChaCha8Rng;

#[cfg(feature = "burn")]
use super::burn::BurnLearner;
use super::cpu::{CpuHead, CpuHeadWeights};
use super::learner::{Batch, Dropout, Learner, Sums};
use super::samples::Subset;
use super::standardisation::Standardisation;
use super::trainer::TrainingConfig;
use crate::device::{Device, DeviceError};
#[cfg(feature = "burn")]
use crate::model::burn::classification;
use crate::model::head::{Head, HeadConfig};
use crate::model::parameters::Parameters;

/// What a head is before it is trained.
#[derive(Debug, Clone)]
pub enum Start {
    /// Drawn: it has seen no features yet.
    Scratch(Head),
    /// It has learnt from features as the backbone gives them.
    Warm(Head),
}

impl Start {
    /// A head of this shape that begins with what `known`, a classifier's parameters, has learnt; drawn, where it has
    /// learnt nothing that such a head could begin with ([`Head::warm_start`]).
    pub fn warm(
        config: HeadConfig,
        known: &Parameters,
        known_class: impl Fn(usize) -> Option<usize>,
        random: &mut ChaCha8Rng,
    ) -> Self {
        match Head::warm_start(config.clone(), known, known_class, random) {
            Some(head) => Self::Warm(head),
            None => Self::Scratch(Head::random(config, random)),
        }
    }

    /// The head.
    pub fn head(&self) -> &Head {
        match self {
            Self::Scratch(head) | Self::Warm(head) => head,
        }
    }

    /// The head that begins to learn: one that knows features as they are is told how to read standardised ones.
    fn reading(&self, standardisation: Option<&Standardisation>) -> Head {
        match (self, standardisation) {
            (Self::Warm(head), Some(standardisation)) => standardisation.unfold(head),
            _ => self.head().clone(),
        }
    }
}

/// A head in training.
pub struct HeadLearner {
    network: Network,
    standardisation: Option<Arc<Standardisation>>,
}

enum Network {
    /// With this crate's kernels.
    Cpu(Box<CpuHead>),
    /// With burn.
    #[cfg(feature = "burn")]
    Burn(Box<BurnLearner<classification::Head>>, HeadConfig),
}

/// A head that was trained, where it was trained.
#[derive(Debug, Clone)]
pub struct TrainedHead {
    weights: Weights,
    standardisation: Option<Arc<Standardisation>>,
}

#[derive(Debug, Clone)]
enum Weights {
    /// In the CPU's memory.
    Cpu(CpuHeadWeights),
    /// On a device of burn's.
    #[cfg(feature = "burn")]
    Burn(classification::Head, HeadConfig),
}

impl HeadLearner {
    /// Begins to train a head as `config` says on `device`, with the tiles of `training`.
    pub fn new(start: &Start, config: &TrainingConfig, training: &Subset, device: &Device) -> Self {
        let standardisation = config.standardised.then(|| Arc::new(Standardisation::of(training)));
        let head = start.reading(standardisation.as_deref());
        let network = match device {
            Device::Cpu => Network::Cpu(Box::new(CpuHead::new(&head, config))),
            #[cfg(feature = "burn")]
            Device::Burn(device) => {
                let module = classification::Head::load(head.config(), head.parameters(), device)
                    .expect("a head has all its parameters");
                Network::Burn(Box::new(BurnLearner::new(module, config, device)), head.config().clone())
            }
        };
        Self { network, standardisation }
    }

    fn standardise(&self, rows: &mut [f32]) {
        if let Some(standardisation) = &self.standardisation {
            standardisation.apply(rows);
        }
    }
}

impl TrainedHead {
    /// A head that burn trained on features as they are.
    #[cfg(feature = "burn")]
    pub fn of_burn(head: classification::Head, config: HeadConfig) -> Self {
        Self { weights: Weights::Burn(head, config), standardisation: None }
    }

    /// The head in plain memory, as it reads features that are not standardised.
    ///
    /// # Errors
    ///
    /// [`DeviceError::Failed`] when its device fails.
    pub async fn read(&self) -> Result<Head, DeviceError> {
        let head = match &self.weights {
            Weights::Cpu(weights) => weights.to_head(),
            #[cfg(feature = "burn")]
            Weights::Burn(module, config) => {
                let mut parameters = Parameters::default();
                module.store(&mut parameters).await?;
                Head::new(config.clone(), &parameters).expect("a head has all its parameters")
            }
        };
        Ok(match &self.standardisation {
            Some(standardisation) => standardisation.fold(&head),
            None => head,
        })
    }
}

impl Learner for HeadLearner {
    type Network = TrainedHead;

    fn step(&mut self, mut batch: Batch, learning_rate: f64, dropout: &mut Dropout) {
        self.standardise(&mut batch.inputs);
        match &mut self.network {
            Network::Cpu(learner) => learner.step(batch, learning_rate, dropout),
            #[cfg(feature = "burn")]
            Network::Burn(learner, _) => learner.step(batch, learning_rate, dropout),
        }
    }

    async fn take_sums(&mut self) -> Result<Sums, DeviceError> {
        match &mut self.network {
            Network::Cpu(learner) => learner.take_sums().await,
            #[cfg(feature = "burn")]
            Network::Burn(learner, _) => learner.take_sums().await,
        }
    }

    async fn logits(&self, mut inputs: Vec<f32>, samples: usize) -> Result<Vec<f32>, DeviceError> {
        self.standardise(&mut inputs);
        match &self.network {
            Network::Cpu(learner) => learner.logits(inputs, samples).await,
            #[cfg(feature = "burn")]
            Network::Burn(learner, _) => learner.logits(inputs, samples).await,
        }
    }

    fn network(&self) -> TrainedHead {
        let weights = match &self.network {
            Network::Cpu(learner) => Weights::Cpu(learner.network()),
            #[cfg(feature = "burn")]
            Network::Burn(learner, config) => Weights::Burn(learner.network(), config.clone()),
        };
        TrainedHead { weights, standardisation: self.standardisation.clone() }
    }
}
