//! MobileNetV3-Small (Howard et al., "Searching for MobileNetV3", 2019, table 2), layer by layer as
//! torchvision's `mobilenet_v3_small`, whose parameter names it loads.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::layers::{Activation, ConvNormActivation, ConvNormLayer, ConvShape, SqueezeExcitation};
use super::parameters::{LayerMismatch, Parameters};
use crate::device::DeviceError;

/// The number of features that the backbone gives for a tile.
pub const FEATURES: usize = 576;

/// torchvision's MobileNetV3 builds its batch norms with this epsilon (PyTorch's own is 1e-5).
pub const BATCH_NORM_EPSILON: f64 = 1e-3;

/// Channels after the stem.
const STEM_CHANNELS: usize = 16;

/// Channels of the last block, before the closing 1×1 convolution widens them to [`FEATURES`].
const LAST_BLOCK_CHANNELS: usize = 96;

/// One row of the paper's table 2: a bottleneck block.
#[derive(Debug, Clone, Copy)]
struct Row {
    input: usize,
    kernel: usize,
    expanded: usize,
    output: usize,
    squeeze_excitation: bool,
    activation: Activation,
    stride: usize,
}

const fn row(
    (input, kernel, expanded, output): (usize, usize, usize, usize),
    squeeze_excitation: bool,
    activation: Activation,
    stride: usize,
) -> Row {
    Row { input, kernel, expanded, output, squeeze_excitation, activation, stride }
}

use Activation::{HardSwish as HS, Relu as RE};

/// Bottleneck blocks between the stem and the last convolution.
pub const BLOCKS: usize = 11;

/// Table 2 of the paper, the `bneck` rows.
#[rustfmt::skip]
const ROWS: [Row; BLOCKS] = [
    // input, kernel, expanded, output,  SE,   NL, stride
    row((16, 3,  16, 16), true,  RE, 2),
    row((16, 3,  72, 24), false, RE, 2),
    row((24, 3,  88, 24), false, RE, 1),
    row((24, 5,  96, 40), true,  HS, 2),
    row((40, 5, 240, 40), true,  HS, 1),
    row((40, 5, 240, 40), true,  HS, 1),
    row((40, 5, 120, 48), true,  HS, 1),
    row((48, 5, 144, 48), true,  HS, 1),
    row((48, 5, 288, 96), true,  HS, 2),
    row((96, 5, 576, 96), true,  HS, 1),
    row((96, 5, 576, 96), true,  HS, 1),
];

/// The layers of the network in the order in which they run: what is loaded, imported and exported.
#[derive(Debug)]
pub(crate) struct Layers {
    pub stem: ConvNormLayer,
    pub blocks: Vec<BlockLayers>,
    pub last: ConvNormLayer,
}

/// The layers of a bottleneck in the order in which they run.
#[derive(Debug)]
pub(crate) struct BlockLayers {
    pub path: String,
    pub expand: Option<ConvNormLayer>,
    pub depthwise: ConvNormLayer,
    /// The path of the squeeze-excitation over the depthwise convolution's channels.
    pub squeeze_excitation: Option<String>,
    pub project: ConvNormLayer,
    pub residual: bool,
}

/// The network that the table describes.
pub(crate) fn layers() -> Layers {
    let stem = ConvNormLayer {
        path: "features.0".into(),
        shape: ConvShape { input: 3, output: STEM_CHANNELS, kernel: 3, stride: 2, groups: 1 },
        activation: Activation::HardSwish,
    };
    let blocks = ROWS.iter().enumerate();
    let blocks = blocks.map(|(index, &row)| BlockLayers::new(row, format!("features.{}", index + 1)));
    let last = ConvNormLayer {
        path: format!("features.{}", BLOCKS + 1),
        shape: ConvShape::pointwise(LAST_BLOCK_CHANNELS, FEATURES),
        activation: Activation::HardSwish,
    };
    Layers { stem, blocks: blocks.collect(), last }
}

impl BlockLayers {
    fn new(row: Row, path: String) -> Self {
        let mut next = layer_paths(&path);
        let layer = |path, shape, activation| ConvNormLayer { path, shape, activation };
        let expand = (row.expanded != row.input)
            .then(|| layer(next(), ConvShape::pointwise(row.input, row.expanded), row.activation));
        let depthwise =
            layer(next(), ConvShape::depthwise(row.expanded, row.kernel, row.stride), row.activation);
        let squeeze_excitation = row.squeeze_excitation.then(&mut next);
        let project = layer(next(), ConvShape::pointwise(row.expanded, row.output), Activation::Identity);
        let residual = row.stride == 1 && row.input == row.output;
        Self { path, expand, depthwise, squeeze_excitation, project, residual }
    }
}

/// A convolution of the backbone, by the names of its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConvName {
    /// `{conv}.weight`, and `{conv}.bias` where there is no batch norm.
    pub conv: String,
    /// `{norm}.weight`, `.bias`, `.running_mean`, `.running_var`.
    pub norm: Option<String>,
}

/// Every convolution of the backbone in the order in which it runs: 52 of them.
pub fn convolutions() -> Vec<ConvName> {
    let normed = |ConvNormLayer { path, .. }: &ConvNormLayer| ConvName {
        conv: format!("{path}.0"),
        norm: Some(format!("{path}.1")),
    };
    let Layers { stem, blocks, last } = layers();
    let mut names = vec![normed(&stem)];
    for block in &blocks {
        names.extend(block.expand.as_ref().map(normed));
        names.push(normed(&block.depthwise));
        if let Some(path) = &block.squeeze_excitation {
            names.extend(["fc1", "fc2"].map(|fc| ConvName { conv: format!("{path}.{fc}"), norm: None }));
        }
        names.push(normed(&block.project));
    }
    names.push(normed(&last));
    names
}

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
    fn load(layers: &BlockLayers, parameters: &Parameters, device: &Device) -> Result<Self, LayerMismatch> {
        let BlockLayers { expand, depthwise, squeeze_excitation, project, .. } = layers;
        let conv = |layer| ConvNormActivation::load(layer, parameters, device);
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

/// The paths of a block's layers, one after the other: torchvision numbers only those that a row has.
fn layer_paths(path: &str) -> impl FnMut() -> String + use<> {
    let path = path.to_owned();
    let mut layers = (0..).map(move |index| format!("{path}.block.{index}"));
    move || layers.next().expect("endless")
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
    pub fn load(parameters: &Parameters, device: &Device) -> Result<Self, LayerMismatch> {
        let Layers { stem, blocks, last } = layers();
        let conv = |layer| ConvNormActivation::load(layer, parameters, device);
        Ok(Self {
            stem: conv(&stem)?,
            blocks: blocks
                .iter()
                .map(|block| InvertedResidual::load(block, parameters, device))
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
    /// When the network has fewer blocks ([`BLOCKS`]).
    pub fn split(mut self, blocks: usize) -> (Trunk, Tail) {
        let tail = self.blocks.split_off(BLOCKS - blocks);
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
        self.last.store(parameters, &format!("features.{}", BLOCKS + 1)).await
    }
}
