//! Backbone + classifier + labels: tiles in, probabilities out.

use thiserror::Error;

use super::architecture::FEATURES;
use super::cpu;
use super::cpu::backbone::LayerTime;
use super::model_file::{Manifest, ModelFile};
#[cfg(feature = "burn")]
use super::modules;
use super::parameters::LayerMismatch;
use crate::ErrorCode;
use crate::device::{Device, DeviceError};
use crate::tile::Tile;

/// Colours of an image.
const CHANNELS: usize = 3;

/// A model ready to classify, on one device.
#[derive(Debug)]
pub struct Classifier {
    manifest: Manifest,
    network: Network,
}

/// The network where it runs.
#[derive(Debug)]
#[cfg_attr(feature = "burn", expect(clippy::large_enum_variant, reason = "a classifier has one"))]
enum Network {
    Cpu {
        backbone: cpu::backbone::Backbone,
        classification: Option<cpu::classification::Classification>,
    },
    #[cfg(feature = "burn")]
    Burn(modules::Modules),
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
    /// Numbers that are no whole number of images or of feature rows.
    #[error("{found} numbers are no whole number of rows of {row}")]
    Shape {
        /// Numbers that came.
        found: usize,
        /// Numbers in an image or a row of features.
        row: usize,
    },
    /// The device failed.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The answer holds NaN or infinity: weights can be numbers, and their sums none.
    #[error(
        "the answer is not a number: the model's weights are of no use, or the device fails; try another model, or the CPU"
    )]
    NotFinite,
}

impl ErrorCode for ClassifyError {
    fn code(&self) -> &'static str {
        match self {
            Self::NoClassifier => "model.no_classifier",
            Self::Shape { .. } => "features.shape",
            Self::Device(error) => error.code(),
            Self::NotFinite => "model.not_finite",
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
        let network = match device {
            Device::Cpu => Network::Cpu {
                backbone: cpu::backbone::Backbone::load(parameters)?,
                classification: cpu::classification::Classification::load(&manifest.classifier, parameters)?,
            },
            #[cfg(feature = "burn")]
            Device::Burn(device) => {
                Network::Burn(modules::Modules::load(&manifest.classifier, parameters, device)?)
            }
        };
        Ok(Self { manifest: manifest.clone(), network })
    }

    /// What the model file says of the model.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What each layer takes for one image as [`images`](Self::images) makes them, by the clock that is given; nothing
    /// on a GPU, which does not say.
    ///
    /// # Panics
    ///
    /// When `image` is not one image.
    pub fn layer_times(&self, image: &[f32], now_ms: impl FnMut() -> f64) -> Vec<LayerTime> {
        match &self.network {
            Network::Cpu { backbone, .. } => backbone.layer_times(image, self.side(), now_ms),
            #[cfg(feature = "burn")]
            Network::Burn(_) => Vec::new(),
        }
    }

    fn side(&self) -> usize {
        self.manifest.preprocessing.crop_px as usize
    }

    /// The network's input for `tiles`: `[tiles, 3, crop_px, crop_px]`, normalised.
    pub fn images(&self, tiles: &[&Tile]) -> Vec<f32> {
        let mut values = Vec::with_capacity(tiles.len() * CHANNELS * self.side().pow(2));
        for tile in tiles {
            self.manifest.preprocessing.append(tile, &mut values);
        }
        values
    }

    /// The network's input for a tile in its eight flips and right-angle turns, `[8, 3, crop_px, crop_px]`; the
    /// first is as it stands. Overhead imagery has no up: all of them are views of the same ground.
    pub fn views(&self, tile: &Tile) -> Vec<f32> {
        let (image, side) = (self.images(&[tile]), self.side());
        let mut views = Vec::with_capacity(8 * image.len());
        for is_transposed in [false, true] {
            for [flips_rows, flips_columns] in [[false, false], [true, false], [false, true], [true, true]] {
                for plane in image.chunks_exact(side * side) {
                    for y in 0..side {
                        let y = if flips_rows { side - 1 - y } else { y };
                        views.extend((0..side).map(|x| {
                            let x = if flips_columns { side - 1 - x } else { x };
                            if is_transposed { plane[x * side + y] } else { plane[y * side + x] }
                        }));
                    }
                }
            }
        }
        views
    }

    /// The backbone's features, averaged over each image: `[batch, 3, crop_px, crop_px]` → `[batch, 576]`.
    ///
    /// # Errors
    ///
    /// [`ClassifyError`] when `images` is no whole number of images, the device fails, or the answer is not a number.
    pub async fn features(&self, images: Vec<f32>) -> Result<Vec<f32>, ClassifyError> {
        let side = self.side();
        check_rows(&images, CHANNELS * side * side)?;
        if images.is_empty() {
            return Ok(Vec::new());
        }
        let features = match &self.network {
            Network::Cpu { backbone, .. } => backbone.features(&images, side),
            #[cfg(feature = "burn")]
            Network::Burn(modules) => modules.features(images, side).await?,
        };
        check_finite(&features)?;
        Ok(features)
    }

    /// Class scores before softmax: `[batch, 576]` → `[batch, num_classes]`.
    ///
    /// # Errors
    ///
    /// [`ClassifyError`] when the model is a backbone alone, `features` is no whole number of rows, or the device
    /// fails.
    pub async fn logits(&self, features: Vec<f32>) -> Result<Vec<f32>, ClassifyError> {
        check_rows(&features, FEATURES)?;
        if features.is_empty() {
            return Ok(Vec::new());
        }
        match &self.network {
            Network::Cpu { classification, .. } => {
                Ok(classification.as_ref().ok_or(ClassifyError::NoClassifier)?.logits(&features))
            }
            #[cfg(feature = "burn")]
            Network::Burn(modules) => modules.logits(features).await,
        }
    }

    /// Classifies tiles, and gives the features that the classes rest on.
    ///
    /// # Errors
    ///
    /// [`ClassifyError`] when the model has no classifier, or the device fails or answers with values
    /// that are not numbers.
    pub async fn classify(&self, tiles: &[&Tile]) -> Result<Answers, ClassifyError> {
        self.classify_images(self.images(tiles)).await
    }

    /// The same of images as [`images`](Self::images) makes them, `[batch, 3, crop_px, crop_px]`.
    ///
    /// # Errors
    ///
    /// As [`classify`](Self::classify), or when `images` is no whole number of images.
    pub async fn classify_images(&self, images: Vec<f32>) -> Result<Answers, ClassifyError> {
        let side = self.side();
        check_rows(&images, CHANNELS * side * side)?;
        if images.is_empty() {
            return Ok(Answers::default());
        }
        let (features, logits) = match &self.network {
            Network::Cpu { backbone, classification } => {
                let classification = classification.as_ref().ok_or(ClassifyError::NoClassifier)?;
                let features = backbone.features(&images, side);
                let logits = classification.logits(&features);
                (features, logits)
            }
            #[cfg(feature = "burn")]
            Network::Burn(modules) => modules.features_and_logits(images, side).await?,
        };
        let probabilities = self.probabilities(logits)?;
        check_finite(&features)?;
        Ok(Answers { features, probabilities })
    }

    /// Class probabilities of tiles whose features are known, `[tiles, 576]` in row-major order:
    /// `tiles × num_classes` values.
    ///
    /// # Errors
    ///
    /// As [`logits`](Self::logits), or when the answer is not a number.
    pub async fn classify_features(&self, features: Vec<f32>) -> Result<Vec<f32>, ClassifyError> {
        let logits = self.logits(features).await?;
        self.probabilities(logits)
    }

    fn probabilities(&self, logits: Vec<f32>) -> Result<Vec<f32>, ClassifyError> {
        check_finite(&logits)?;
        Ok(softmax(logits, self.manifest.labels.len(), self.manifest.temperature))
    }
}

/// Refuses numbers that are no whole number of rows: a page of another version may have kept them.
pub(crate) fn check_rows(values: &[f32], row: usize) -> Result<(), ClassifyError> {
    match values.len() % row {
        0 => Ok(()),
        _ => Err(ClassifyError::Shape { found: values.len(), row }),
    }
}

fn check_finite(values: &[f32]) -> Result<(), ClassifyError> {
    if values.iter().all(|value| value.is_finite()) { Ok(()) } else { Err(ClassifyError::NotFinite) }
}

/// Logits, divided by a temperature, → probabilities; both `[rows, num_classes]`.
///
/// The exponential is a library's and not the platform's, so that it is the same to the last bit everywhere.
pub fn softmax(mut logits: Vec<f32>, num_classes: usize, temperature: f32) -> Vec<f32> {
    for row in logits.chunks_mut(num_classes.max(1)) {
        let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        for value in &mut *row {
            *value = libm::expf((*value - largest) / temperature);
        }
        let sum: f32 = row.iter().sum();
        row.iter_mut().for_each(|value| *value /= sum);
    }
    logits
}
