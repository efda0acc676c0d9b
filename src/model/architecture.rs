//! MobileNetV3-Small as a table (Howard et al., "Searching for MobileNetV3", 2019, table 2) and by the names of its
//! parameters, which are torchvision's.

use serde::{Deserialize, Serialize};

use crate::kernels::Activation;

/// torchvision's MobileNetV3 builds its batch norms with this epsilon (PyTorch's own is 1e-5).
pub const BATCH_NORM_EPSILON: f64 = 1e-3;

/// Squeeze-excitation narrows to a quarter of the channels (paper, section 5.3) …
const SQUEEZE_FACTOR: usize = 4;
/// … rounded to a multiple of 8, as torchvision's `_make_divisible`.
const CHANNEL_DIVISOR: usize = 8;

/// Channels after the stem.
const STEM_CHANNELS: usize = 16;

/// Channels of the last block, before the closing 1×1 convolution widens them to [`FEATURES`].
const LAST_BLOCK_CHANNELS: usize = 96;

/// Channels after the closing convolution: the features of a tile.
const FEATURES: usize = 576;

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
const BLOCKS: usize = 11;

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

/// A kind of backbone: its layers and how many features it gives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Architecture {
    /// torchvision's `mobilenet_v3_small` up to its pooling.
    #[default]
    #[serde(rename = "mobilenet_v3_small")]
    MobileNetV3Small,
}

impl Architecture {
    /// The number of features that the backbone gives for a tile: the channels of its last maps.
    pub const fn features(self) -> usize {
        match self {
            Self::MobileNetV3Small => FEATURES,
        }
    }

    /// Bottleneck blocks between the stem and the last convolution.
    pub const fn blocks(self) -> usize {
        match self {
            Self::MobileNetV3Small => BLOCKS,
        }
    }

    /// The side of the last maps of an image of `side` pixels: each stride of two halves it, rounded up.
    pub fn map_side(self, side: usize) -> usize {
        let Layers { stem, blocks, .. } = self.layers();
        let strides = blocks.iter().map(|block| block.depthwise.shape.stride);
        strides.fold(side.div_ceil(stem.shape.stride), usize::div_ceil)
    }

    /// The layers, in the order in which they run.
    pub(crate) fn layers(self) -> Layers {
        match self {
            Self::MobileNetV3Small => mobilenet_v3_small(),
        }
    }

    /// Every convolution of the backbone in the order in which it runs: 52 of them.
    pub fn convolutions(self) -> Vec<ConvName> {
        let normed = |ConvNormLayer { path, .. }: &ConvNormLayer| ConvName {
            conv: format!("{path}.0"),
            norm: Some(format!("{path}.1")),
        };
        let Layers { stem, blocks, last } = self.layers();
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
}

/// What a convolution needs to know; padding keeps the size (`kernel / 2` on each side).
#[derive(Debug, Clone, Copy)]
pub struct ConvShape {
    /// Channels in.
    pub input: usize,
    /// Channels out.
    pub output: usize,
    /// Side of the square kernel.
    pub kernel: usize,
    /// Stride in both directions.
    pub stride: usize,
    /// Groups of channels; `input` of them make it depthwise.
    pub groups: usize,
}

impl ConvShape {
    /// A 1×1 convolution.
    pub fn pointwise(input: usize, output: usize) -> Self {
        Self { input, output, kernel: 1, stride: 1, groups: 1 }
    }

    /// One kernel a channel.
    pub fn depthwise(channels: usize, kernel: usize, stride: usize) -> Self {
        Self { input: channels, output: channels, kernel, stride, groups: channels }
    }

    /// Shape of the kernel, `[output, input / groups, kernel, kernel]`.
    pub(crate) fn weight(self) -> [usize; 4] {
        [self.output, self.input / self.groups, self.kernel, self.kernel]
    }

    /// Pixels of padding on each side.
    pub(crate) fn padding(self) -> usize {
        self.kernel / 2
    }
}

/// What a [`ConvNormActivation`] is made of, before it has weights.
#[derive(Debug, Clone)]
pub(crate) struct ConvNormLayer {
    /// `{path}.0` is the convolution, `{path}.1` the batch norm.
    pub path: String,
    pub shape: ConvShape,
    pub activation: Activation,
}

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
fn mobilenet_v3_small() -> Layers {
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

/// The paths of a block's layers, one after the other: torchvision numbers only those that a row has.
pub(crate) fn layer_paths(path: &str) -> impl FnMut() -> String + use<> {
    let path = path.to_owned();
    let mut layers = (0..).map(move |index| format!("{path}.block.{index}"));
    move || layers.next().expect("endless")
}

/// A convolution of the backbone, by the names of its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConvName {
    /// `{conv}.weight`, and `{conv}.bias` where there is no batch norm.
    pub conv: String,
    /// `{norm}.weight`, `.bias`, `.running_mean`, `.running_var`.
    pub norm: Option<String>,
}

/// The width between the two convolutions of a squeeze-excitation over `channels`.
pub(crate) fn squeezed_channels(channels: usize) -> usize {
    make_divisible(channels / SQUEEZE_FACTOR)
}

/// The nearest multiple of [`CHANNEL_DIVISOR`], never under 90 % of `channels` (torchvision's
/// `_make_divisible`).
fn make_divisible(channels: usize) -> usize {
    let rounded = (channels + CHANNEL_DIVISOR / 2) / CHANNEL_DIVISOR * CHANNEL_DIVISOR;
    let rounded = rounded.max(CHANNEL_DIVISOR);
    if rounded * 10 < channels * 9 { rounded + CHANNEL_DIVISOR } else { rounded }
}

#[cfg(test)]
mod tests {
    use super::squeezed_channels;

    #[test]
    fn squeeze_channels_are_those_of_torchvision() {
        let expanded = [16, 96, 240, 120, 144, 288, 576];
        let squeezed = [8, 24, 64, 32, 40, 72, 144];
        assert_eq!(expanded.map(squeezed_channels), squeezed);
    }
}
