//! MobileNetV3-Small in burn, layer by layer as torchvision's `mobilenet_v3_small`, whose parameter names it loads: what
//! runs on GPUs, what can be trained, and the reference of the CPU's kernels.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::layers::{ConvNormActivation, Norms, SqueezeExcitation};
use crate::device::DeviceError;
use crate::model::architecture::{Architecture, BlockLayers, Layers, layer_paths};
use crate::model::parameters::{LayerMismatch, Parameters};

const ARCHITECTURE: Architecture = Architecture::MobileNetV3Small;

/// A bottleneck: expand 1×1 → depthwise k×k → squeeze-excitation → project 1×1, with a residual
/// connection where input and output agree (paper, figure 4).
#[derive(Module, Debug)]
pub struct InvertedResidual {
    expand: Option<ConvNormActivation>,
    depthwise: ConvNormActivation,
    squeeze_excitation: Option<SqueezeExcitation>,
    project: ConvNormActivation,
    residual: bool,
}

impl InvertedResidual {
    fn load(
        layers: &BlockLayers,
        norms: Norms,
        parameters: &Parameters,
        device: &Device,
    ) -> Result<Self, LayerMismatch> {
        let BlockLayers { expand, depthwise, squeeze_excitation, project, .. } = layers;
        let conv = |layer| ConvNormActivation::load(layer, norms, parameters, device);
        let channels = depthwise.shape.output;
        Ok(Self {
            expand: expand.as_ref().map(conv).transpose()?,
            depthwise: conv(depthwise)?,
            squeeze_excitation: squeeze_excitation
                .as_ref()
                .map(|path| SqueezeExcitation::load(channels, parameters, path, device))
                .transpose()?,
            project: conv(project)?,
            residual: layers.residual,
        })
    }

    /// Writes what [`load`](Self::load) reads, all but the batch norms.
    async fn store(&self, parameters: &mut Parameters, path: &str) -> Result<(), DeviceError> {
        let mut next = layer_paths(path);
        if let Some(expand) = &self.expand {
            expand.store(parameters, &next()).await?;
        }
        self.depthwise.store(parameters, &next()).await?;
        if let Some(squeeze_excitation) = &self.squeeze_excitation {
            squeeze_excitation.store(parameters, &next()).await?;
        }
        self.project.store(parameters, &next()).await
    }

    fn with_frozen_norms(self) -> Self {
        Self {
            expand: self.expand.map(ConvNormActivation::with_frozen_norm),
            depthwise: self.depthwise.with_frozen_norm(),
            project: self.project.with_frozen_norm(),
            ..self
        }
    }

    /// `[batch, input, height, width]` → `[batch, output, height / stride, width / stride]`.
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let mut x = input.clone();
        if let Some(expand) = &self.expand {
            x = expand.forward(x);
        }
        x = self.depthwise.forward(x);
        if let Some(squeeze_excitation) = &self.squeeze_excitation {
            x = squeeze_excitation.forward(x);
        }
        x = self.project.forward(x);
        if self.residual { x + input } else { x }
    }
}

/// The backbone: everything before the classifier.
#[derive(Module, Debug)]
pub struct MobileNetV3Small {
    stem: ConvNormActivation,
    blocks: Vec<InvertedResidual>,
    last: ConvNormActivation,
}

impl MobileNetV3Small {
    /// Loads `features.0` (stem) … `features.12` (last convolution).
    ///
    /// # Errors
    ///
    /// [`LayerMismatch`] naming the first layer, in the order of the network, that is missing or has
    /// another shape.
    pub fn load(parameters: &Parameters, norms: Norms, device: &Device) -> Result<Self, LayerMismatch> {
        let Layers { stem, blocks, last } = ARCHITECTURE.layers();
        let conv = |layer| ConvNormActivation::load(layer, norms, parameters, device);
        Ok(Self {
            stem: conv(&stem)?,
            blocks: blocks
                .iter()
                .map(|block| InvertedResidual::load(block, norms, parameters, device))
                .collect::<Result<_, _>>()?,
            last: conv(&last)?,
        })
    }

    /// The output of every stage, torchvision's `features.0` … `features.12`:
    /// `[batch, 3, 224, 224]` → `[batch, 16, 112, 112]`, …, `[batch, 576, 7, 7]`.
    pub fn stages(&self, images: Tensor<4>) -> Vec<Tensor<4>> {
        let mut x = self.stem.forward(images);
        let mut stages = vec![x.clone()];
        for block in &self.blocks {
            x = block.forward(x);
            stages.push(x.clone());
        }
        stages.push(self.last.forward(x));
        stages
    }

    /// The feature maps of the last stage: `[batch, 3, height, width]` → `[batch, 576, height / 32,
    /// width / 32]`.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        let mut x = self.stem.forward(images);
        for block in &self.blocks {
            x = block.forward(x);
        }
        self.last.forward(x)
    }

    /// Cuts the network before its last `blocks` blocks: the part that stays as it is, and the part that
    /// can be trained.
    ///
    /// # Panics
    ///
    /// When the network has fewer blocks.
    pub fn split(mut self, blocks: usize) -> (Trunk, Tail) {
        let tail = self.blocks.split_off(ARCHITECTURE.blocks() - blocks);
        let tail = Tail {
            first: self.blocks.len(),
            blocks: tail.into_iter().map(InvertedResidual::with_frozen_norms).collect(),
            last: self.last.with_frozen_norm(),
        };
        (Trunk { stem: self.stem, blocks: self.blocks }, tail)
    }
}

/// The first stages of the backbone.
#[derive(Module, Debug)]
pub struct Trunk {
    stem: ConvNormActivation,
    blocks: Vec<InvertedResidual>,
}

impl Trunk {
    /// `[batch, 3, height, width]` → the maps that the [`Tail`] reads.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        self.blocks.iter().fold(self.stem.forward(images), |x, block| block.forward(x))
    }
}

/// The last stages of the backbone, their batch norms frozen: statistics of a handful of tiles are worse than
/// those of the data that the backbone was trained on.
#[derive(Module, Debug)]
pub struct Tail {
    /// The index of the first block.
    #[module(skip)]
    first: usize,
    blocks: Vec<InvertedResidual>,
    last: ConvNormActivation,
}

impl Tail {
    /// The maps of the [`Trunk`] → `[batch, 576, height / 32, width / 32]`.
    pub fn forward(&self, maps: Tensor<4>) -> Tensor<4> {
        self.last.forward(self.blocks.iter().fold(maps, |x, block| block.forward(x)))
    }

    /// Writes the weights that training may have changed.
    ///
    /// # Errors
    ///
    /// [`DeviceError::Failed`] when the device fails.
    pub async fn store(&self, parameters: &mut Parameters) -> Result<(), DeviceError> {
        for (index, block) in self.blocks.iter().enumerate() {
            block.store(parameters, &format!("features.{}", self.first + index + 1)).await?;
        }
        self.last.store(parameters, &format!("features.{}", ARCHITECTURE.blocks() + 1)).await
    }
}
