//! The network as burn modules: what runs on GPUs, what can be trained with its backbone, and the reference of the CPU's
//! kernels.

pub mod classification;
pub mod layers;
pub mod mobilenet_v3;
mod tensors;

use burn::tensor::{Device, Tensor, TensorData};

use self::classification::Classification;
use self::layers::{Norms, global_average_pool};
use self::mobilenet_v3::MobileNetV3Small;
use super::architecture::FEATURES;
use super::classifier::ClassifyError;
use super::head::ClassifierConfig;
use super::parameters::{LayerMismatch, Parameters};
use crate::device::{DeviceError, read};

/// Backbone and classifier on one of burn's devices.
#[derive(Debug)]
pub(super) struct Modules {
    backbone: MobileNetV3Small,
    classification: Option<Classification>,
    device: Device,
}

impl Modules {
    pub(super) fn load(
        config: &ClassifierConfig,
        parameters: &Parameters,
        device: &Device,
    ) -> Result<Self, LayerMismatch> {
        Ok(Self {
            backbone: MobileNetV3Small::load(parameters, Norms::Folded, device)?,
            classification: Classification::load(config, parameters, device)?,
            device: device.clone(),
        })
    }

    fn pooled(&self, images: Vec<f32>, side: usize) -> Tensor<2> {
        let shape = [images.len() / (3 * side * side), 3, side, side];
        let images = Tensor::from_data(TensorData::new(images, shape), &self.device);
        global_average_pool(self.backbone.forward(images)).flatten(1, 3)
    }

    fn classification(&self) -> Result<&Classification, ClassifyError> {
        self.classification.as_ref().ok_or(ClassifyError::NoClassifier)
    }

    /// `[batch, 3, side, side]` → `[batch, 576]`.
    pub(super) async fn features(&self, images: Vec<f32>, side: usize) -> Result<Vec<f32>, DeviceError> {
        read(self.pooled(images, side)).await
    }

    /// `[batch, 576]` → `[batch, num_classes]`.
    pub(super) async fn logits(&self, features: Vec<f32>) -> Result<Vec<f32>, ClassifyError> {
        let shape = [features.len() / FEATURES, FEATURES];
        let features = Tensor::from_data(TensorData::new(features, shape), &self.device);
        Ok(read(self.classification()?.forward(features)).await?)
    }

    /// Both of `[batch, 3, side, side]`, waiting for the device once.
    pub(super) async fn features_and_logits(
        &self,
        images: Vec<f32>,
        side: usize,
    ) -> Result<(Vec<f32>, Vec<f32>), ClassifyError> {
        let features = self.pooled(images, side);
        let logits = self.classification()?.forward(features.clone());
        let [batch, _] = features.dims();
        let values = read(Tensor::cat(vec![features, logits], 1)).await?;
        let rows = values.chunks_exact(values.len() / batch).map(|row| row.split_at(FEATURES));
        let (features, logits): (Vec<_>, Vec<_>) = rows.unzip();
        Ok((features.concat(), logits.concat()))
    }
}
