//! The layers that the blocks of MobileNetV3 are made of, each loaded by torchvision's names.

use burn::module::{Module, Param, RunningState};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::activation::{hard_sigmoid, hard_swish, relu};
use burn::tensor::{Device, Tensor};

use super::mobilenet_v3::BATCH_NORM_EPSILON;
use super::parameters::{LayerMismatch, Parameters};
use crate::device::DeviceError;

/// Squeeze-excitation narrows to a quarter of the channels (paper, section 5.3) …
const SQUEEZE_FACTOR: usize = 4;
/// … rounded to a multiple of 8, as torchvision's `_make_divisible`.
const CHANNEL_DIVISOR: usize = 8;

/// The hard sigmoid of MobileNetV3 (paper, section 5.2): relu6(x + 3) / 6, which is x · alpha + beta between 0 and 1.
pub(crate) const HARD_SIGMOID_ALPHA: f64 = 1.0 / 6.0;
/// See [`HARD_SIGMOID_ALPHA`].
pub(crate) const HARD_SIGMOID_BETA: f64 = 0.5;

/// The non-linearities of the paper's table 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// None: the linear bottleneck.
    Identity,
    /// `RE`.
    Relu,
    /// `HS`: x · relu6(x + 3) / 6.
    HardSwish,
}

impl Activation {
    fn forward<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Identity => x,
            Self::Relu => relu(x),
            Self::HardSwish => hard_swish(x),
        }
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

    fn config(self) -> Conv2dConfig {
        let padding = self.padding();
        Conv2dConfig::new([self.input, self.output], [self.kernel; 2])
            .with_stride([self.stride; 2])
            .with_groups(self.groups)
            .with_padding(PaddingConfig2d::Explicit(padding, padding, padding, padding))
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

/// Loads `{path}.weight` and, where the convolution has one, `{path}.bias`.
fn load_conv(
    shape: ConvShape,
    bias: bool,
    parameters: &Parameters,
    path: &str,
    device: &Device,
) -> Result<Conv2d, LayerMismatch> {
    let mut conv = shape.config().with_bias(bias).init(device);
    let weight = parameters.tensor(&format!("{path}.weight"), shape.weight(), device)?;
    conv.weight = Param::from_tensor(weight);
    if bias {
        let bias = parameters.tensor(&format!("{path}.bias"), [shape.output], device)?;
        conv.bias = Some(Param::from_tensor(bias));
    }
    Ok(conv)
}

/// Writes what [`load_conv`] reads.
async fn store_conv(conv: &Conv2d, parameters: &mut Parameters, path: &str) -> Result<(), DeviceError> {
    parameters.store(format!("{path}.weight"), conv.weight.val()).await?;
    if let Some(bias) = &conv.bias {
        parameters.store(format!("{path}.bias"), bias.val()).await?;
    }
    Ok(())
}

/// Loads `{path}.weight` (PyTorch's `[output, input]`) and `{path}.bias`.
pub(super) fn load_linear(
    [input, output]: [usize; 2],
    parameters: &Parameters,
    path: &str,
    device: &Device,
) -> Result<Linear, LayerMismatch> {
    let mut linear = LinearConfig::new(input, output).init(device);
    let weight: Tensor<2> = parameters.tensor(&format!("{path}.weight"), [output, input], device)?;
    linear.weight = Param::from_tensor(weight.transpose());
    let bias = parameters.tensor(&format!("{path}.bias"), [output], device)?;
    linear.bias = Some(Param::from_tensor(bias));
    Ok(linear)
}

/// Writes what [`load_linear`] reads.
pub(super) async fn store_linear(
    linear: &Linear,
    parameters: &mut Parameters,
    path: &str,
) -> Result<(), DeviceError> {
    parameters.store(format!("{path}.weight"), linear.weight.val().transpose()).await?;
    let bias = linear.bias.as_ref().expect("every dense layer here has a bias");
    parameters.store(format!("{path}.bias"), bias.val()).await
}

fn load_batch_norm(
    channels: usize,
    parameters: &Parameters,
    path: &str,
    device: &Device,
) -> Result<BatchNorm, LayerMismatch> {
    let vector = |name: &str| parameters.tensor(&format!("{path}.{name}"), [channels], device);
    let mut norm = BatchNormConfig::new(channels).with_epsilon(BATCH_NORM_EPSILON).init(device);
    norm.gamma = Param::from_tensor(vector("weight")?);
    norm.beta = Param::from_tensor(vector("bias")?);
    norm.running_mean = RunningState::new(vector("running_mean")?);
    norm.running_var = RunningState::new(vector("running_var")?);
    Ok(norm)
}

/// Convolution without bias → batch norm → activation; torchvision's `Conv2dNormActivation`.
#[derive(Module, Debug)]
pub struct ConvNormActivation {
    conv: Conv2d,
    norm: BatchNorm,
    #[module(skip)]
    activation: Activation,
}

impl ConvNormActivation {
    /// Loads `{path}.0` (convolution) and `{path}.1` (batch norm).
    pub(super) fn load(
        layer: &ConvNormLayer,
        parameters: &Parameters,
        device: &Device,
    ) -> Result<Self, LayerMismatch> {
        let ConvNormLayer { path, shape, activation } = layer;
        Ok(Self {
            conv: load_conv(*shape, false, parameters, &format!("{path}.0"), device)?,
            norm: load_batch_norm(shape.output, parameters, &format!("{path}.1"), device)?,
            activation: *activation,
        })
    }

    /// Writes the convolution that [`load`](Self::load) reads; the batch norm is never trained here.
    pub(super) async fn store(&self, parameters: &mut Parameters, path: &str) -> Result<(), DeviceError> {
        store_conv(&self.conv, parameters, &format!("{path}.0")).await
    }

    /// The same layer with its batch norm frozen: neither its statistics nor its scale are trained.
    pub(super) fn with_frozen_norm(self) -> Self {
        Self { norm: self.norm.freeze(), ..self }
    }

    /// `[batch, input, height, width]` → `[batch, output, height / stride, width / stride]`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.activation.forward(self.norm.forward(self.conv.forward(x)))
    }
}

/// Channel attention: pool → 1×1 → ReLU → 1×1 → hard sigmoid → scale (Hu et al., "Squeeze-and-
/// Excitation Networks", 2018, with the hard sigmoid of MobileNetV3).
#[derive(Module, Debug)]
pub struct SqueezeExcitation {
    squeeze: Conv2d,
    excite: Conv2d,
}

impl SqueezeExcitation {
    /// Loads `{path}.fc1` and `{path}.fc2`.
    pub(super) fn load(
        channels: usize,
        parameters: &Parameters,
        path: &str,
        device: &Device,
    ) -> Result<Self, LayerMismatch> {
        let squeezed = squeezed_channels(channels);
        let conv = |input, output, name: &str| {
            let shape = ConvShape::pointwise(input, output);
            load_conv(shape, true, parameters, &format!("{path}.{name}"), device)
        };
        Ok(Self { squeeze: conv(channels, squeezed, "fc1")?, excite: conv(squeezed, channels, "fc2")? })
    }

    /// Writes what [`load`](Self::load) reads.
    pub(super) async fn store(&self, parameters: &mut Parameters, path: &str) -> Result<(), DeviceError> {
        store_conv(&self.squeeze, parameters, &format!("{path}.fc1")).await?;
        store_conv(&self.excite, parameters, &format!("{path}.fc2")).await
    }

    /// `[batch, channels, height, width]` → the same shape, each channel scaled by 0 to 1.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let scale = self.squeeze.forward(global_average_pool(x.clone()));
        let scale = self.excite.forward(relu(scale));
        x * hard_sigmoid(scale, HARD_SIGMOID_ALPHA, HARD_SIGMOID_BETA)
    }
}

/// Mean over height and width: `[batch, channels, height, width]` → `[batch, channels, 1, 1]`.
pub fn global_average_pool(x: Tensor<4>) -> Tensor<4> {
    x.mean_dim(3).mean_dim(2)
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
