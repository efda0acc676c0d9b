//! The classifiers on the CPU.

use crate::kernels::{Activation, Dense, dense};
use crate::model::architecture::FEATURES;
use crate::model::head::{ClassifierConfig, HeadConfig, IMAGENET_NEURONS};
use crate::model::parameters::{LayerMismatch, Parameters};

/// Features → logits: two dense layers, whichever classifier it is.
#[derive(Debug)]
pub struct Classification {
    hidden: Dense,
    output: Dense,
}

impl Classification {
    /// Loads the classifier that `config` describes; none where it says so.
    ///
    /// # Errors
    ///
    /// [`LayerMismatch`] naming the first layer that is missing or has another shape.
    pub fn load(config: &ClassifierConfig, parameters: &Parameters) -> Result<Option<Self>, LayerMismatch> {
        let (neurons, names, activation) = match config {
            ClassifierConfig::Head(HeadConfig { dense_neurons, .. }) => {
                (*dense_neurons, ["head.dense", "head.output"], Activation::Relu)
            }
            ClassifierConfig::ImageNet { .. } => {
                (IMAGENET_NEURONS, ["classifier.0", "classifier.3"], Activation::HardSwish)
            }
            ClassifierConfig::None => return Ok(None),
        };
        let layer = |name, [inputs, outputs]: [usize; 2], activation| {
            let weight = parameters.get(&format!("{name}.weight"), &[outputs, inputs])?;
            let bias = parameters.get(&format!("{name}.bias"), &[outputs])?;
            Ok(Dense::new(inputs, &weight.values, bias.values.clone(), activation))
        };
        Ok(Some(Self {
            hidden: layer(names[0], [FEATURES, neurons], activation)?,
            output: layer(names[1], [neurons, config.num_classes()], Activation::Identity)?,
        }))
    }

    /// `[batch, 576]` → logits `[batch, num_classes]`.
    pub fn logits(&self, features: &[f32]) -> Vec<f32> {
        let (mut hidden, mut logits) = (Vec::new(), Vec::new());
        dense(&self.hidden, features, &mut hidden);
        dense(&self.output, &hidden, &mut logits);
        logits
    }
}
