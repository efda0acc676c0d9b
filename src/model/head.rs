//! What turns pooled features into class logits: the trainable head, or the classifier that an
//! ImageNet checkpoint was trained with.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::architecture::FEATURES;
use super::cpu::classification::Classification;
use super::parameters::{LayerMismatch, Parameters};

/// Width of the hidden layer of torchvision's classifier (paper, table 2: 1×1, 1024).
pub(crate) const IMAGENET_NEURONS: usize = 1024;

/// The shape of a classifier, as the model file states it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum ClassifierConfig {
    /// The trainable head: Dropout → Dense(ReLU) → Dense.
    Head(HeadConfig),
    /// The checkpoint's own classifier: Dense(hard-swish) → Dropout → Dense.
    ImageNet {
        /// Classes; 1000 for ImageNet.
        num_classes: usize,
    },
    /// None: a backbone that waits for a head.
    None,
}

impl ClassifierConfig {
    /// Number of classes that the classifier tells apart.
    pub fn num_classes(&self) -> usize {
        match self {
            Self::Head(config) => config.num_classes,
            Self::ImageNet { num_classes } => *num_classes,
            Self::None => 0,
        }
    }
}

/// The parameters of the trainable head.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeadConfig {
    /// Share of the features that are set to zero in training, 0 to 1.
    pub dropout_rate: f64,
    /// Width of the hidden layer.
    pub dense_neurons: usize,
    /// Number of classes.
    pub num_classes: usize,
}

impl HeadConfig {
    /// Its parameters: name, shape, and the inputs of the layer that each belongs to.
    fn shapes(&self) -> [(&'static str, Vec<usize>, usize); 4] {
        let Self { dense_neurons, num_classes, .. } = *self;
        [
            ("head.dense.weight", vec![dense_neurons, FEATURES], FEATURES),
            ("head.dense.bias", vec![dense_neurons], FEATURES),
            ("head.output.weight", vec![num_classes, dense_neurons], dense_neurons),
            ("head.output.bias", vec![num_classes], dense_neurons),
        ]
    }
}

/// A head: Dropout → Dense(ReLU) → Dense, by its weights. Where it runs it is loaded from them.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    config: HeadConfig,
    parameters: Parameters,
}

impl Head {
    /// The head among `parameters`.
    ///
    /// # Errors
    ///
    /// [`LayerMismatch`] naming the layer that is missing or has another shape.
    pub fn new(config: HeadConfig, parameters: &Parameters) -> Result<Self, LayerMismatch> {
        let mut own = Parameters::default();
        for (name, shape, _) in config.shapes() {
            own.insert(name, shape.clone(), parameters.get(name, &shape)?.values.clone());
        }
        Ok(Self { config, parameters: own })
    }

    /// A head that knows nothing: weights between ±1/√inputs, as PyTorch and burn draw them for a dense layer.
    pub fn random(config: HeadConfig, random: &mut ChaCha8Rng) -> Self {
        let mut parameters = Parameters::default();
        for (name, shape, inputs) in config.shapes() {
            let bound = 1.0 / (inputs as f32).sqrt();
            let count = shape.iter().product::<usize>();
            parameters.insert(name, shape, (0..count).map(|_| random.random_range(-bound..bound)).collect());
        }
        Self { config, parameters }
    }

    /// A head that begins with what `known`, a head's parameters, has learnt: its hidden layer where that is as wide,
    /// and its output for each class that `known_class` finds in it. What it does not know is drawn.
    pub fn going_on(
        config: HeadConfig,
        known: &Parameters,
        known_class: impl Fn(usize) -> Option<usize>,
        random: &mut ChaCha8Rng,
    ) -> Self {
        let mut head = Self::random(config, random);
        let parameters = &mut head.parameters;
        if known.shape("head.dense.weight") == parameters.shape("head.dense.weight") {
            for name in ["head.dense.weight", "head.dense.bias"] {
                parameters.copy_rows(known, name, Some);
            }
            for name in ["head.output.weight", "head.output.bias"] {
                parameters.copy_rows(known, name, &known_class);
            }
        }
        head
    }

    /// Its shape.
    pub fn config(&self) -> &HeadConfig {
        &self.config
    }

    /// `head.dense` and `head.output`.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Values of one of its parameters.
    pub(crate) fn values(&self, name: &str) -> &[f32] {
        let parameter = self.parameters.iter().find(|(found, _)| *found == name);
        &parameter.expect("a head has all its parameters").1.values
    }

    /// `[batch, 576]` → logits `[batch, num_classes]`, on the CPU.
    pub fn logits(&self, features: &[f32]) -> Vec<f32> {
        let config = ClassifierConfig::Head(self.config.clone());
        let classification =
            Classification::load(&config, &self.parameters).expect("a head has all its parameters");
        classification.expect("a head is a classifier").logits(features)
    }

    /// All parameters in one row.
    pub fn flatten(&self) -> Vec<f32> {
        self.config.shapes().iter().flat_map(|(name, ..)| self.values(name)).copied().collect()
    }

    /// The head of a row that [`flatten`](Self::flatten) made; none of a row of another length.
    pub fn unflatten(config: HeadConfig, row: &[f32]) -> Option<Self> {
        let (mut parameters, mut rest) = (Parameters::default(), row);
        for (name, shape, _) in config.shapes() {
            let (values, others) = rest.split_at_checked(shape.iter().product())?;
            parameters.insert(name, shape, values.to_vec());
            rest = others;
        }
        rest.is_empty().then_some(Self { config, parameters })
    }
}
