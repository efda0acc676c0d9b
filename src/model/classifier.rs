//! Backbone + classifier + labels: tiles in, probabilities out.

use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, TensorData};
use thiserror::Error;

use super::architecture::FEATURES;
use super::head::Classification;
use super::layers::global_average_pool;
use super::mobilenet_v3::MobileNetV3Small;
use super::model_file::{Manifest, ModelFile};
use super::parameters::LayerMismatch;
use crate::ErrorCode;
use crate::device::{DeviceError, read};
use crate::tile::Tile;

/// A model ready to classify, on one device.
#[derive(Debug)]
pub struct Classifier {
    manifest: Manifest,
    backbone: MobileNetV3Small,
    classification: Option<Classification>,
    device: Device,
}

/// What a model says of tiles, tile by tile.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answers {
    /// `[tiles, 576]` in row-major order.
    pub features: Vec<f32>,
    /// `[tiles, num_classes]` in row-major order, classes in the order of the labels.
    pub probabilities: Vec<f32>,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum ClassifyError {
    /// The model is a backbone alone.
    #[error("this model is a backbone without a classifier: it knows features and no classes")]
    NoClassifier,
    /// The device failed.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The answer holds NaN or infinity.
    #[error("the device gave an answer that is not a number; try the CPU instead")]
    NotFinite,
}

impl ErrorCode for ClassifyError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoClassifier => "model.no_classifier",
            Self::Device(error) => error.code(),
            Self::NotFinite => "device.not_finite",
        }
    }
}

impl Classifier {
    /// Puts the model on `device`.
    ///
    /// # Errors
    ///
    /// [`LayerMismatch`] when the file's weights are not those of the network that it describes.
    pub fn load(file: &ModelFile, device: &Device) -> Result<Self, LayerMismatch> {
        let ModelFile { manifest, parameters } = file;
        Ok(Self {
            backbone: MobileNetV3Small::load(parameters, device)?,
            classification: Classification::load(&manifest.classifier, parameters, device)?,
            manifest: manifest.clone(),
            device: device.clone(),
        })
    }

    /// What the model file says of the model.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The network's input for `tiles`: `[tiles, 3, crop_px, crop_px]`, normalised.
    pub fn images(&self, tiles: &[&Tile]) -> Tensor<4> {
        let preprocessing = &self.manifest.preprocessing;
        let side = preprocessing.crop_px as usize;
        let mut values = Vec::with_capacity(tiles.len() * 3 * side * side);
        for tile in tiles {
            preprocessing.append(tile, &mut values);
        }
        let data = TensorData::new(values, [tiles.len(), 3, side, side]);
        Tensor::from_data(data, &self.device)
    }

    /// The network's input for a tile in its eight flips and right-angle turns, `[8, 3, crop_px, crop_px]`; the
    /// first is as it stands. Overhead imagery has no up: all of them are views of the same ground.
    pub fn views(&self, tile: &Tile) -> Tensor<4> {
        let image = self.images(&[tile]);
        let transposed = image.clone().swap_dims(2, 3);
        let mirrored = |image: Tensor<4>| {
            [image.clone(), image.clone().flip([2]), image.clone().flip([3]), image.flip([2, 3])]
        };
        Tensor::cat([mirrored(image), mirrored(transposed)].concat(), 0)
    }

    /// Where the model is.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The backbone.
    pub fn backbone(&self) -> &MobileNetV3Small {
        &self.backbone
    }

    /// The backbone's features, averaged over the image: `[batch, 3, height, width]` →
    /// `[batch, 576]`.
    pub fn features(&self, images: Tensor<4>) -> Tensor<2> {
        global_average_pool(self.backbone.forward(images)).flatten(1, 3)
    }

    /// Class scores before softmax: `[batch, 576]` → `[batch, num_classes]`.
    ///
    /// # Errors
    ///
    /// [`ClassifyError::NoClassifier`] when the model is a backbone alone.
    pub fn logits(&self, features: Tensor<2>) -> Result<Tensor<2>, ClassifyError> {
        let classification = self.classification.as_ref().ok_or(ClassifyError::NoClassifier)?;
        Ok(classification.forward(features))
    }

    /// Classifies tiles, and gives the features that the classes rest on.
    ///
    /// # Errors
    ///
    /// [`ClassifyError`] when the model has no classifier, or the device fails or answers with values
    /// that are not numbers.
    pub async fn classify(&self, tiles: &[&Tile]) -> Result<Answers, ClassifyError> {
        if tiles.is_empty() {
            return Ok(Answers::default());
        }
        let features = self.features(self.images(tiles));
        let probabilities = self.probabilities(features.clone())?;
        // One reading for both: a GPU is waited for once.
        let values = read_finite(Tensor::cat(vec![features, probabilities], 1)).await?;
        let mut answers = Answers::default();
        for row in values.chunks(values.len() / tiles.len()) {
            let (features, probabilities) = row.split_at(FEATURES);
            answers.features.extend_from_slice(features);
            answers.probabilities.extend_from_slice(probabilities);
        }
        Ok(answers)
    }

    /// Class probabilities of tiles whose features are known, `[tiles, 576]` in row-major order:
    /// `tiles × num_classes` values.
    ///
    /// # Errors
    ///
    /// As [`classify`](Self::classify).
    ///
    /// # Panics
    ///
    /// When `features` is no whole number of rows.
    pub async fn classify_features(&self, features: Vec<f32>) -> Result<Vec<f32>, ClassifyError> {
        assert_eq!(features.len() % FEATURES, 0);
        if features.is_empty() {
            return Ok(Vec::new());
        }
        let shape = [features.len() / FEATURES, FEATURES];
        let features = Tensor::from_data(TensorData::new(features, shape), &self.device);
        read_finite(self.probabilities(features)?).await
    }

    fn probabilities(&self, features: Tensor<2>) -> Result<Tensor<2>, ClassifyError> {
        Ok(softmax(self.logits(features)? / self.manifest.temperature, 1))
    }
}

async fn read_finite(tensor: Tensor<2>) -> Result<Vec<f32>, ClassifyError> {
    let values = read(tensor).await?;
    if values.iter().all(|value| value.is_finite()) { Ok(values) } else { Err(ClassifyError::NotFinite) }
}
