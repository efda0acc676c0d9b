//! The network in burn: what runs on GPUs, what can be trained with its backbone, and the reference of the CPU's kernels.

pub mod classification;
pub mod layers;
pub mod mobilenet_v3;
mod tensors;

use burn::tensor::{Device, Tensor, TensorData};

use self::classification::Classification;
use self::layers::{Norms, global_average_pool};
use self::mobilenet_v3::MobileNetV3Small;
use super::architecture::Architecture;
use super::head::ClassifierConfig;
use super::parameters::{LayerMismatch, Parameters};
use crate::device::{DeviceError, read};

/// The backbone on one of burn's devices.
#[derive(Debug)]
pub(super) struct Backbone {
    network: MobileNetV3Small,
    device: Device,
}

impl Backbone {
    pub(super) fn load(
        architecture: Architecture,
        parameters: &Parameters,
        device: &Device,
    ) -> Result<Self, LayerMismatch> {
        let Architecture::MobileNetV3Small = architecture;
        let network = MobileNetV3Small::load(parameters, Norms::Folded, device)?;
        Ok(Self { network, device: device.clone() })
    }

    /// `[batch, 3, side, side]` → `[batch, 576, side / 32, side / 32]`.
    fn maps(&self, images: Vec<f32>, side: usize) -> Tensor<4> {
        let shape = [images.len() / (3 * side * side), 3, side, side];
        self.network.forward(Tensor::from_data(TensorData::new(images, shape), &self.device))
    }

    /// `[batch, 3, side, side]` → `[batch, 576]`.
    pub(super) async fn features(&self, images: Vec<f32>, side: usize) -> Result<Vec<f32>, DeviceError> {
        read(pooled(self.maps(images, side))).await
    }

    /// The same, and the maps that they are the means of, waiting for the device once.
    pub(super) async fn features_and_maps(
        &self,
        images: Vec<f32>,
        side: usize,
    ) -> Result<(Vec<f32>, Vec<f32>), DeviceError> {
        let maps = self.maps(images, side);
        read_both(pooled(maps.clone()), maps.flatten(1, 3)).await
    }

    /// Features and logits of `[batch, 3, side, side]`, waiting for the device once.
    pub(super) async fn features_and_logits(
        &self,
        images: Vec<f32>,
        side: usize,
        head: &Head,
    ) -> Result<(Vec<f32>, Vec<f32>), DeviceError> {
        let features = pooled(self.maps(images, side));
        let logits = head.classification.forward(features.clone());
        read_both(features, logits).await
    }
}

/// A classifier on one of burn's devices.
#[derive(Debug)]
pub(super) struct Head {
    classification: Classification,
    device: Device,
}

impl Head {
    /// The classifier that `config` describes; none where it says so.
    pub(super) fn load(
        config: &ClassifierConfig,
        features: usize,
        parameters: &Parameters,
        device: &Device,
    ) -> Result<Option<Self>, LayerMismatch> {
        let loaded = Classification::load(config, features, parameters, device)?;
        Ok(loaded.map(|classification| Self { classification, device: device.clone() }))
    }

    /// `[batch, width]` → `[batch, num_classes]`.
    pub(super) async fn logits(&self, features: Vec<f32>, width: usize) -> Result<Vec<f32>, DeviceError> {
        let shape = [features.len() / width, width];
        let features = Tensor::from_data(TensorData::new(features, shape), &self.device);
        read(self.classification.forward(features)).await
    }
}

/// `[batch, 576, height, width]` → `[batch, 576]`.
fn pooled(maps: Tensor<4>) -> Tensor<2> {
    global_average_pool(maps).flatten(1, 3)
}

/// Two tensors of as many rows, read from their device at once.
async fn read_both(first: Tensor<2>, second: Tensor<2>) -> Result<(Vec<f32>, Vec<f32>), DeviceError> {
    let ([batch, width], [_, other]) = (first.dims(), second.dims());
    let values = read(Tensor::cat(vec![first, second], 1)).await?;
    let mut rows = (Vec::with_capacity(batch * width), Vec::with_capacity(batch * other));
    for row in values.chunks_exact(width + other) {
        rows.0.extend_from_slice(&row[..width]);
        rows.1.extend_from_slice(&row[width..]);
    }
    Ok(rows)
}
