//! The head in training on whichever device.

use super::cpu_head::{CpuHead, CpuHeadWeights};
use super::learner::{Batch, Dropout, Learner, Sums};
#[cfg(feature = "burn")]
use super::modules::ModuleLearner;
use crate::device::{Device, DeviceError};
use crate::model::head::Head;
#[cfg(feature = "burn")]
use crate::model::{head::HeadConfig, modules::classification, parameters::Parameters};

/// A head in training.
pub enum HeadLearner {
    /// With this crate's kernels.
    Cpu(Box<CpuHead>),
    /// With burn.
    #[cfg(feature = "burn")]
    Modules(Box<ModuleLearner<classification::Head>>, HeadConfig),
}

/// A head that was trained, where it was trained.
#[derive(Debug, Clone)]
pub enum TrainedHead {
    /// In the CPU's memory.
    Cpu(CpuHeadWeights),
    /// On a device of burn's.
    #[cfg(feature = "burn")]
    Modules(classification::Head, HeadConfig),
}

impl HeadLearner {
    /// Begins to train `head` on `device`.
    pub fn new(head: &Head, device: &Device) -> Self {
        match device {
            Device::Cpu => Self::Cpu(Box::new(CpuHead::new(head))),
            #[cfg(feature = "burn")]
            Device::Burn(device) => {
                let module = classification::Head::load(head.config(), head.parameters(), device)
                    .expect("a head has all its parameters");
                Self::Modules(Box::new(ModuleLearner::new(module, device)), head.config().clone())
            }
        }
    }
}

impl TrainedHead {
    /// The head in plain memory.
    ///
    /// # Errors
    ///
    /// [`DeviceError::Failed`] when its device fails.
    pub async fn read(&self) -> Result<Head, DeviceError> {
        match self {
            Self::Cpu(weights) => Ok(weights.to_head()),
            #[cfg(feature = "burn")]
            Self::Modules(module, config) => {
                let mut parameters = Parameters::default();
                module.store(&mut parameters).await?;
                Ok(Head::new(config.clone(), &parameters).expect("a head has all its parameters"))
            }
        }
    }
}

impl Learner for HeadLearner {
    type Network = TrainedHead;

    fn step(&mut self, batch: Batch, learning_rate: f64, dropout: &mut Dropout) {
        match self {
            Self::Cpu(learner) => learner.step(batch, learning_rate, dropout),
            #[cfg(feature = "burn")]
            Self::Modules(learner, _) => learner.step(batch, learning_rate, dropout),
        }
    }

    async fn take_sums(&mut self) -> Result<Sums, DeviceError> {
        match self {
            Self::Cpu(learner) => learner.take_sums().await,
            #[cfg(feature = "burn")]
            Self::Modules(learner, _) => learner.take_sums().await,
        }
    }

    async fn logits(&self, inputs: Vec<f32>, samples: usize) -> Result<Vec<f32>, DeviceError> {
        match self {
            Self::Cpu(learner) => learner.logits(inputs, samples).await,
            #[cfg(feature = "burn")]
            Self::Modules(learner, _) => learner.logits(inputs, samples).await,
        }
    }

    fn network(&self) -> TrainedHead {
        match self {
            Self::Cpu(learner) => TrainedHead::Cpu(learner.network()),
            #[cfg(feature = "burn")]
            Self::Modules(learner, config) => TrainedHead::Modules(learner.network(), config.clone()),
        }
    }
}
