//! The classifiers on the CPU.

use crate::kernels::{Activation, Dense, dense};
use crate::model::head::{ClassifierConfig, DenseLayers, Head};
use crate::model::parameters::{LayerMismatch, Parameters};

/// Features → logits: two dense layers, whichever classifier it is.
#[derive(Debug)]
pub struct Classification {
    hidden: Dense,
    output: Dense,
}

impl Classification {
    /// Loads the classifier that `config` describes, over a backbone of `features` features; none where it says so.
    ///
    /// # Errors
    ///
    /// [`LayerMismatch`] naming the first layer that is missing or has another shape.
    pub fn load(
        config: &ClassifierConfig,
        features: usize,
        parameters: &Parameters,
    ) -> Result<Option<Self>, LayerMismatch> {
        let Some(DenseLayers { names, neurons, activation }) = config.dense_layers() else { return Ok(None) };
        let layer = |name, [inputs, outputs]: [usize; 2], activation| {
            let weight = parameters.get(&format!("{name}.weight"), &[outputs, inputs])?;
            let bias = parameters.get(&format!("{name}.bias"), &[outputs])?;
            Ok(Dense::new(inputs, &weight.values, bias.values.clone(), activation))
        };
        Ok(Some(Self {
            hidden: layer(names[0], [features, neurons], activation)?,
            output: layer(names[1], [neurons, config.num_classes()], Activation::Identity)?,
        }))
    }

    /// A head's.
    pub fn of_head(head: &Head) -> Self {
        let (config, features) = (ClassifierConfig::Head(head.config().clone()), head.config().inputs);
        let loaded = Self::load(&config, features, head.parameters()).expect("a head has all its parameters");
        loaded.expect("a head is a classifier")
    }

    /// `[batch, features]` → logits `[batch, num_classes]`.
    pub fn logits(&self, features: &[f32]) -> Vec<f32> {
        let (mut hidden, mut logits) = (Vec::new(), Vec::new());
        dense(&self.hidden, features, &mut hidden);
        dense(&self.output, &hidden, &mut logits);
        logits
    }
}
