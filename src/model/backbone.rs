//! The backbone where it runs: tiles in, features out.

use super::architecture::Architecture;
#[cfg(feature = "burn")]
use super::burn;
use super::classification::Classification;
use super::cpu;
use super::cpu::backbone::LayerTime;
use super::inference_error::{InferenceError, check_finite, check_rows};
use super::model_file::ModelFile;
use super::parameters::LayerMismatch;
use crate::device::Device;
use crate::tile::{Preprocessing, Tile};

/// Colours of an image.
const CHANNELS: usize = 3;

/// Flips and right-angle turns of a tile.
pub const VIEWS: usize = 8;

/// A backbone on its device.
#[derive(Debug)]
pub struct Backbone {
    architecture: Architecture,
    preprocessing: Preprocessing,
    network: Network,
}

#[derive(Debug)]
enum Network {
    Cpu(cpu::backbone::Backbone),
    #[cfg(feature = "burn")]
    Burn(Box<burn::Backbone>),
}

/// Features, and the maps that they are the means of.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureMaps {
    /// `[batch, width]` in row-major order.
    pub features: Vec<f32>,
    /// `[batch, width, side, side]` in row-major order.
    pub maps: Vec<f32>,
    /// Pixels of a side of a map: 7 for an image of 224.
    pub side: usize,
}

impl Backbone {
    /// Puts the backbone of a file on `device`.
    ///
    /// # Errors
    ///
    /// [`LayerMismatch`] when the file's weights are not those of the architecture.
    pub fn load(file: &ModelFile, device: &Device) -> Result<Self, LayerMismatch> {
        let ModelFile { manifest, parameters } = file;
        let architecture = manifest.architecture;
        let network = match device {
            Device::Cpu => Network::Cpu(cpu::backbone::Backbone::load(architecture, parameters)?),
            #[cfg(feature = "burn")]
            Device::Burn(device) => {
                Network::Burn(Box::new(burn::Backbone::load(architecture, parameters, device)?))
            }
        };
        Ok(Self { architecture, preprocessing: manifest.preprocessing.clone(), network })
    }

    /// Numbers in a row of features.
    pub fn width(&self) -> usize {
        self.architecture.features()
    }

    /// How a tile becomes the network's input.
    pub fn preprocessing(&self) -> &Preprocessing {
        &self.preprocessing
    }

    fn side(&self) -> usize {
        self.preprocessing.crop_px as usize
    }

    /// Numbers in an image.
    pub fn image_len(&self) -> usize {
        CHANNELS * self.side().pow(2)
    }

    /// The network's input for `tiles`: `[tiles, 3, crop_px, crop_px]`, normalised.
    pub fn images(&self, tiles: &[&Tile]) -> Vec<f32> {
        let mut values = Vec::with_capacity(tiles.len() * self.image_len());
        for tile in tiles {
            self.preprocessing.append(tile, &mut values);
        }
        values
    }

    /// The network's input for a tile in its eight flips and right-angle turns, `[8, 3, crop_px, crop_px]`; the
    /// first is as it stands. Overhead imagery has no up: all of them are views of the same ground.
    pub fn views(&self, tile: &Tile) -> Vec<f32> {
        let (image, side) = (self.images(&[tile]), self.side());
        let mut views = Vec::with_capacity(VIEWS * image.len());
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

    /// The features, averaged over each image: `[batch, 3, crop_px, crop_px]` → `[batch, width]`.
    ///
    /// # Errors
    ///
    /// [`InferenceError`] when `images` is no whole number of images, the device fails, or the answer is not a number.
    pub async fn features(&self, images: Vec<f32>) -> Result<Vec<f32>, InferenceError> {
        if self.is_empty(&images)? {
            return Ok(Vec::new());
        }
        let features = match &self.network {
            Network::Cpu(backbone) => backbone.features(&images, self.side()),
            #[cfg(feature = "burn")]
            Network::Burn(backbone) => backbone.features(images, self.side()).await?,
        };
        check_finite(&features)?;
        Ok(features)
    }

    /// The same, with the maps that the features are the means of: where in an image a class is seen.
    ///
    /// # Errors
    ///
    /// As [`features`](Self::features).
    pub async fn features_and_maps(&self, images: Vec<f32>) -> Result<FeatureMaps, InferenceError> {
        let side = self.architecture.map_side(self.side());
        if self.is_empty(&images)? {
            return Ok(FeatureMaps { features: Vec::new(), maps: Vec::new(), side });
        }
        let (features, maps) = match &self.network {
            Network::Cpu(backbone) => backbone.features_and_maps(&images, self.side()),
            #[cfg(feature = "burn")]
            Network::Burn(backbone) => backbone.features_and_maps(images, self.side()).await?,
        };
        check_finite(&maps)?;
        Ok(FeatureMaps { features, maps, side })
    }

    /// Features, and what a head on the same device makes of them, waiting for the device once.
    ///
    /// # Errors
    ///
    /// As [`features`](Self::features).
    pub(super) async fn features_and_logits(
        &self,
        images: Vec<f32>,
        classification: &Classification,
    ) -> Result<(Vec<f32>, Vec<f32>), InferenceError> {
        #[cfg(feature = "burn")]
        if let (Network::Burn(backbone), Some(head)) = (&self.network, classification.on_burn())
            && !self.is_empty(&images)?
        {
            let (features, logits) = backbone.features_and_logits(images, self.side(), head).await?;
            check_finite(&features)?;
            return Ok((features, logits));
        }
        let features = self.features(images).await?;
        let logits = classification.logits(features.clone()).await?;
        Ok((features, logits))
    }

    /// What each layer takes for one image as [`images`](Self::images) makes them, by the clock that is given; nothing
    /// on a GPU, which does not say.
    ///
    /// # Errors
    ///
    /// [`InferenceError::Shape`] when `image` is not one image.
    pub fn layer_times(
        &self,
        image: &[f32],
        now_ms: impl FnMut() -> f64,
    ) -> Result<Vec<LayerTime>, InferenceError> {
        if image.len() != self.image_len() {
            return Err(InferenceError::Shape { found: image.len(), row: self.image_len() });
        }
        Ok(match &self.network {
            Network::Cpu(backbone) => backbone.layer_times(image, self.side(), now_ms),
            #[cfg(feature = "burn")]
            Network::Burn(_) => Vec::new(),
        })
    }

    /// Whether there is no image, where there are whole images.
    fn is_empty(&self, images: &[f32]) -> Result<bool, InferenceError> {
        check_rows(images, self.image_len())?;
        Ok(images.is_empty())
    }
}
