//! What turns pooled features into class logits: the trainable head, or the classifier that an
//! ImageNet checkpoint was trained with.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Linear};
use burn::tensor::activation::{hard_swish, relu};
use burn::tensor::{Device, Tensor};
use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::layers::{load_linear, store_linear};
use super::architecture::FEATURES;
use super::parameters::{LayerMismatch, Parameters};
use crate::device::DeviceError;

/// Width of the hidden layer of torchvision's classifier (paper, table 2: 1×1, 1024).
pub(crate) const IMAGENET_NEURONS: usize = 1024;

/// torchvision's classifier drops this share in training.
const IMAGENET_DROPOUT_RATE: f64 = 0.2;

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

    /// All parameters of a head in one row.
    ///
    /// # Errors
    ///
    /// [`DeviceError::Failed`] when the device fails.
    pub async fn flatten(&self, head: &Head) -> Result<Vec<f32>, DeviceError> {
        let mut parameters = Parameters::default();
        head.store(&mut parameters).await?;
        let values = |(name, shape, _): (&str, Vec<usize>, usize)| {
            parameters.get(name, &shape).map(|parameter| parameter.values.clone())
        };
        let values: Result<Vec<_>, _> = self.shapes().into_iter().map(values).collect();
        Ok(values.map_err(|error| DeviceError::Failed(error.to_string()))?.concat())
    }

    /// The head of a row that [`flatten`](Self::flatten) made; none of a row of another length.
    pub fn unflatten(&self, row: &[f32], device: &Device) -> Option<Head> {
        let (mut parameters, mut rest) = (Parameters::default(), row);
        for (name, shape, _) in self.shapes() {
            let (values, others) = rest.split_at_checked(shape.iter().product())?;
            parameters.insert(name, shape, values.to_vec());
            rest = others;
        }
        rest.is_empty().then(|| Head::load(self, &parameters, device).ok())?
    }

    /// Weights to begin with, each between ±1/√inputs, as PyTorch and burn draw them for a dense layer.
    fn random_parameters(&self, random: &mut ChaCha8Rng) -> Parameters {
        let mut parameters = Parameters::default();
        for (name, shape, inputs) in self.shapes() {
            let bound = 1.0 / (inputs as f32).sqrt();
            let count = shape.iter().product::<usize>();
            parameters.insert(name, shape, (0..count).map(|_| random.random_range(-bound..bound)).collect());
        }
        parameters
    }

    /// A new head with [`random_parameters`](Self::random_parameters), on `device`.
    pub fn init(&self, random: &mut ChaCha8Rng, device: &Device) -> Head {
        Head::load(self, &self.random_parameters(random), device).expect("the weights are made for this head")
    }

    /// A new head that begins with what `known`, a head's parameters, has learnt: its hidden layer where that is as
    /// wide, and its output for each class that `known_class` finds in it. What it does not know is drawn.
    pub fn init_from(
        &self,
        known: &Parameters,
        known_class: impl Fn(usize) -> Option<usize>,
        random: &mut ChaCha8Rng,
        device: &Device,
    ) -> Head {
        let mut parameters = self.random_parameters(random);
        if known.shape("head.dense.weight") == parameters.shape("head.dense.weight") {
            for name in ["head.dense.weight", "head.dense.bias"] {
                parameters.copy_rows(known, name, |row| Some(row));
            }
            for name in ["head.output.weight", "head.output.bias"] {
                parameters.copy_rows(known, name, &known_class);
            }
        }
        Head::load(self, &parameters, device).expect("the weights are made for this head")
    }
}

/// Dropout → Dense(ReLU) → Dense over pooled features.
///
/// Dropout acts in training alone, where [`crate::training::network`] draws it: its input is the head's.
#[derive(Module, Debug)]
pub struct Head {
    dense: Linear,
    output: Linear,
}

impl Head {
    /// Loads `head.dense` and `head.output`.
    ///
    /// # Errors
    ///
    /// [`LayerMismatch`] naming the layer that is missing or has another shape.
    pub fn load(
        config: &HeadConfig,
        parameters: &Parameters,
        device: &Device,
    ) -> Result<Self, LayerMismatch> {
        let HeadConfig { dense_neurons, num_classes, .. } = *config;
        let linear = |shape, name| load_linear(shape, parameters, name, device);
        Ok(Self {
            dense: linear([FEATURES, dense_neurons], "head.dense")?,
            output: linear([dense_neurons, num_classes], "head.output")?,
        })
    }

    /// Writes what [`load`](Self::load) reads.
    ///
    /// # Errors
    ///
    /// [`DeviceError::Failed`] when the device fails.
    pub async fn store(&self, parameters: &mut Parameters) -> Result<(), DeviceError> {
        store_linear(&self.dense, parameters, "head.dense").await?;
        store_linear(&self.output, parameters, "head.output").await
    }

    /// `[batch, 576]` → logits `[batch, num_classes]`.
    pub fn forward(&self, features: Tensor<2>) -> Tensor<2> {
        self.output.forward(relu(self.dense.forward(features)))
    }
}

/// torchvision's classifier: Dense(hard-swish) → Dropout → Dense.
#[derive(Module, Debug)]
pub struct ImageNetClassifier {
    hidden: Linear,
    dropout: Dropout,
    output: Linear,
}

impl ImageNetClassifier {
    /// Loads `classifier.0` and `classifier.3`.
    fn load(num_classes: usize, parameters: &Parameters, device: &Device) -> Result<Self, LayerMismatch> {
        let linear = |shape, name| load_linear(shape, parameters, name, device);
        Ok(Self {
            hidden: linear([FEATURES, IMAGENET_NEURONS], "classifier.0")?,
            dropout: DropoutConfig::new(IMAGENET_DROPOUT_RATE).init(),
            output: linear([IMAGENET_NEURONS, num_classes], "classifier.3")?,
        })
    }

    /// `[batch, 576]` → logits `[batch, num_classes]`.
    pub fn forward(&self, features: Tensor<2>) -> Tensor<2> {
        let hidden = hard_swish(self.hidden.forward(features));
        self.output.forward(self.dropout.forward(hidden))
    }
}

/// Either classifier, behind one `forward`.
#[derive(Module, Debug)]
pub enum Classification {
    /// The trainable head.
    Head(Head),
    /// The checkpoint's own classifier.
    ImageNet(ImageNetClassifier),
}

impl Classification {
    /// Loads the classifier that `config` describes; none where it says so.
    ///
    /// # Errors
    ///
    /// [`LayerMismatch`] naming the first layer that is missing or has another shape.
    pub fn load(
        config: &ClassifierConfig,
        parameters: &Parameters,
        device: &Device,
    ) -> Result<Option<Self>, LayerMismatch> {
        Ok(match config {
            ClassifierConfig::Head(config) => Some(Self::Head(Head::load(config, parameters, device)?)),
            ClassifierConfig::ImageNet { num_classes } => {
                Some(Self::ImageNet(ImageNetClassifier::load(*num_classes, parameters, device)?))
            }
            ClassifierConfig::None => None,
        })
    }

    /// `[batch, 576]` → logits `[batch, num_classes]`.
    pub fn forward(&self, features: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Head(head) => head.forward(features),
            Self::ImageNet(classifier) => classifier.forward(features),
        }
    }
}
