//! The classifiers as burn modules.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Linear};
use burn::tensor::activation::{hard_swish, relu};
use burn::tensor::{Device, Tensor};

use super::layers::{load_linear, store_linear};
use crate::device::DeviceError;
use crate::model::head::{ClassifierConfig, HeadConfig, IMAGENET_NEURONS};
use crate::model::parameters::{LayerMismatch, Parameters};

/// torchvision's classifier drops this share in training.
const IMAGENET_DROPOUT_RATE: f64 = 0.2;

/// Dropout → Dense(ReLU) → Dense over pooled features.
///
/// Dropout acts in training alone, where [`crate::training::burn`] draws it: its input is the head's.
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
        let HeadConfig { inputs, dense_neurons, num_classes, .. } = *config;
        let linear = |shape, name| load_linear(shape, parameters, name, device);
        Ok(Self {
            dense: linear([inputs, dense_neurons], "head.dense")?,
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

    /// `[batch, features]` → logits `[batch, num_classes]`.
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
    fn load(
        [features, num_classes]: [usize; 2],
        parameters: &Parameters,
        device: &Device,
    ) -> Result<Self, LayerMismatch> {
        let linear = |shape, name| load_linear(shape, parameters, name, device);
        Ok(Self {
            hidden: linear([features, IMAGENET_NEURONS], "classifier.0")?,
            dropout: DropoutConfig::new(IMAGENET_DROPOUT_RATE).init(),
            output: linear([IMAGENET_NEURONS, num_classes], "classifier.3")?,
        })
    }

    /// `[batch, features]` → logits `[batch, num_classes]`.
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
    /// Loads the classifier that `config` describes, over a backbone of `features` features; none where it says so.
    ///
    /// # Errors
    ///
    /// [`LayerMismatch`] naming the first layer that is missing or has another shape.
    pub fn load(
        config: &ClassifierConfig,
        features: usize,
        parameters: &Parameters,
        device: &Device,
    ) -> Result<Option<Self>, LayerMismatch> {
        Ok(match config {
            ClassifierConfig::Head(config) => Some(Self::Head(Head::load(config, parameters, device)?)),
            ClassifierConfig::ImageNet { num_classes } => {
                Some(Self::ImageNet(ImageNetClassifier::load([features, *num_classes], parameters, device)?))
            }
            ClassifierConfig::None => None,
        })
    }

    /// `[batch, features]` → logits `[batch, num_classes]`.
    pub fn forward(&self, features: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Head(head) => head.forward(features),
            Self::ImageNet(classifier) => classifier.forward(features),
        }
    }
}
