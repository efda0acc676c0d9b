//! The layers that the blocks of MobileNetV3 are made of, each loaded by torchvision's names.

use burn::module::{Module, Param, RunningState};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::activation::{hard_sigmoid, hard_swish, relu};
use burn::tensor::{Device, Tensor, TensorData};

use crate::device::DeviceError;
use crate::kernels::{Activation, HARD_SIGMOID_ALPHA, HARD_SIGMOID_BETA};
use crate::model::architecture::{BATCH_NORM_EPSILON, ConvNormLayer, ConvShape, squeezed_channels};
use crate::model::folding::Convolution;
use crate::model::parameters::{LayerMismatch, Parameters};

fn activate<const D: usize>(activation: Activation, x: Tensor<D>) -> Tensor<D> {
    match activation {
        Activation::Identity => x,
        Activation::Relu => relu(x),
        Activation::HardSwish => hard_swish(x),
        Activation::HardSigmoid => hard_sigmoid(x, HARD_SIGMOID_ALPHA, HARD_SIGMOID_BETA),
    }
}

fn conv_config(shape: ConvShape) -> Conv2dConfig {
    let padding = shape.padding();
    Conv2dConfig::new([shape.input, shape.output], [shape.kernel; 2])
        .with_stride([shape.stride; 2])
        .with_groups(shape.groups)
        .with_padding(PaddingConfig2d::Explicit(padding, padding, padding, padding))
}

/// Whether batch norms are operators of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Norms {
    /// They are: what is trained further needs its convolutions as they were trained.
    Apart,
    /// They are folded into the convolutions before them: for answers alone, in fewer steps.
    Folded,
}

/// A convolution with a bias.
fn biased_conv(shape: ConvShape, convolution: Convolution, device: &Device) -> Conv2d {
    let Convolution { weight, bias } = convolution;
    let mut conv = conv_config(shape).with_bias(true).init(device);
    conv.weight = Param::from_tensor(Tensor::from_data(TensorData::new(weight, shape.weight()), device));
    conv.bias = Some(Param::from_tensor(Tensor::from_data(TensorData::new(bias, [shape.output]), device)));
    conv
}

/// Writes `{path}.weight` and, where the convolution has one, `{path}.bias`.
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
    norm: Option<BatchNorm>,
    #[module(skip)]
    activation: Activation,
}

impl ConvNormActivation {
    /// Loads `{path}.0` (convolution) and `{path}.1` (batch norm).
    pub(super) fn load(
        layer: &ConvNormLayer,
        norms: Norms,
        parameters: &Parameters,
        device: &Device,
    ) -> Result<Self, LayerMismatch> {
        let ConvNormLayer { path, shape, activation } = layer;
        let (conv, norm) = match norms {
            Norms::Folded => (biased_conv(*shape, Convolution::folded(layer, parameters)?, device), None),
            Norms::Apart => {
                let mut conv = conv_config(*shape).with_bias(false).init(device);
                let weight = parameters.tensor(&format!("{path}.0.weight"), shape.weight(), device)?;
                conv.weight = Param::from_tensor(weight);
                (conv, Some(load_batch_norm(shape.output, parameters, &format!("{path}.1"), device)?))
            }
        };
        Ok(Self { conv, norm, activation: *activation })
    }

    /// Writes the convolution that [`load`](Self::load) reads, its norm apart; the batch norm is never trained here.
    pub(super) async fn store(&self, parameters: &mut Parameters, path: &str) -> Result<(), DeviceError> {
        store_conv(&self.conv, parameters, &format!("{path}.0")).await
    }

    /// The same layer with its batch norm frozen: neither its statistics nor its scale are trained.
    pub(super) fn with_frozen_norm(self) -> Self {
        Self { norm: self.norm.map(Module::freeze), ..self }
    }

    /// `[batch, input, height, width]` → `[batch, output, height / stride, width / stride]`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let x = self.conv.forward(x);
        let x = match &self.norm {
            Some(norm) => norm.forward(x),
            None => x,
        };
        activate(self.activation, x)
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
            let convolution = Convolution::plain(shape, parameters, &format!("{path}.{name}"))?;
            Ok(biased_conv(shape, convolution, device))
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
