//! A head, or another classifier, where it runs: features in, probabilities out.

#[cfg(feature = "burn")]
use super::burn;
use super::cpu;
use super::inference_error::{InferenceError, check_finite, check_rows};
use super::model_file::ModelFile;
use super::parameters::LayerMismatch;
use crate::device::Device;

/// A classifier on its device, with its labels.
#[derive(Debug)]
pub struct Classification {
    labels: Vec<String>,
    temperature: f32,
    /// Numbers in a row of features.
    width: usize,
    network: Network,
}

#[derive(Debug)]
enum Network {
    Cpu(cpu::classification::Classification),
    #[cfg(feature = "burn")]
    Burn(Box<burn::Head>),
}

impl Classification {
    /// Puts the classifier of a file on `device`; none where the file is a backbone alone.
    ///
    /// # Errors
    ///
    /// [`LayerMismatch`] when the file's weights are not those of the classifier that it describes.
    pub fn load(file: &ModelFile, device: &Device) -> Result<Option<Self>, LayerMismatch> {
        let ModelFile { manifest, parameters } = file;
        let (config, width) = (&manifest.classifier, manifest.architecture.features());
        let network = match device {
            Device::Cpu => {
                cpu::classification::Classification::load(config, width, parameters)?.map(Network::Cpu)
            }
            #[cfg(feature = "burn")]
            Device::Burn(device) => {
                burn::Head::load(config, width, parameters, device)?.map(|head| Network::Burn(Box::new(head)))
            }
        };
        Ok(network.map(|network| Self {
            labels: manifest.labels.clone(),
            temperature: manifest.temperature,
            width,
            network,
        }))
    }

    /// The classes, in the order of the probabilities.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The network, where it runs in burn.
    #[cfg(feature = "burn")]
    pub(super) fn on_burn(&self) -> Option<&burn::Head> {
        match &self.network {
            Network::Cpu(_) => None,
            Network::Burn(head) => Some(head),
        }
    }

    /// Class scores before softmax: `[batch, width]` → `[batch, num_classes]`.
    ///
    /// # Errors
    ///
    /// [`InferenceError`] when `features` is no whole number of rows, or the device fails.
    pub async fn logits(&self, features: Vec<f32>) -> Result<Vec<f32>, InferenceError> {
        check_rows(&features, self.width)?;
        if features.is_empty() {
            return Ok(Vec::new());
        }
        match &self.network {
            Network::Cpu(classification) => Ok(classification.logits(&features)),
            #[cfg(feature = "burn")]
            Network::Burn(head) => Ok(head.logits(features, self.width).await?),
        }
    }

    /// Class probabilities of rows of features: `[batch, width]` → `[batch, num_classes]`.
    ///
    /// # Errors
    ///
    /// As [`logits`](Self::logits), or when the answer is not a number.
    pub async fn probabilities(&self, features: Vec<f32>) -> Result<Vec<f32>, InferenceError> {
        let logits = self.logits(features).await?;
        self.probabilities_of(logits)
    }

    /// Logits → probabilities, both `[batch, num_classes]`.
    pub(super) fn probabilities_of(&self, logits: Vec<f32>) -> Result<Vec<f32>, InferenceError> {
        check_finite(&logits)?;
        Ok(softmax(logits, self.labels.len(), self.temperature))
    }
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

/// The mean of each class over the rows of one tile's views: `[tiles, views, num_classes]` → `[tiles, num_classes]`.
///
/// # Panics
///
/// When `probabilities` is no whole number of tiles.
pub fn mean_over_views(probabilities: &[f32], views: usize, num_classes: usize) -> Vec<f32> {
    assert_eq!(probabilities.len() % (views * num_classes), 0);
    let mut means = Vec::with_capacity(probabilities.len() / views);
    for tile in probabilities.chunks_exact(views * num_classes) {
        let sum = |class: usize| tile.iter().skip(class).step_by(num_classes).sum::<f32>();
        means.extend((0..num_classes).map(|class| sum(class) / views as f32));
    }
    means
}
