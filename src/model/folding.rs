//! Batch norms folded into the convolutions before them: the same numbers, one operator less.

use super::architecture::{BATCH_NORM_EPSILON, ConvNormLayer, ConvShape};
use super::parameters::{LayerMismatch, Parameters};

/// A convolution with a bias for each output channel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Convolution {
    /// `[output, input / groups, kernel, kernel]`.
    pub weight: Vec<f32>,
    /// `[output]`.
    pub bias: Vec<f32>,
}

impl Convolution {
    /// Loads `{path}.0` (convolution) with `{path}.1` (batch norm) folded in: what was `γ (w·x − μ) / √(σ² + ε) + β`
    /// is `w'·x + b'`.
    pub(crate) fn folded(layer: &ConvNormLayer, parameters: &Parameters) -> Result<Self, LayerMismatch> {
        let ConvNormLayer { path, shape, .. } = layer;
        let mut weight = parameters.get(&format!("{path}.0.weight"), &shape.weight())?.values.clone();
        let vector = |name: &str| {
            parameters.get(&format!("{path}.1.{name}"), &[shape.output]).map(|parameter| &parameter.values)
        };
        let (gamma, beta, mean, variance) =
            (vector("weight")?, vector("bias")?, vector("running_mean")?, vector("running_var")?);
        // In 64 bits: the square root of a small variance is a large factor.
        let factors: Vec<f64> = gamma
            .iter()
            .zip(variance)
            .map(|(&gamma, &variance)| f64::from(gamma) / (f64::from(variance) + BATCH_NORM_EPSILON).sqrt())
            .collect();
        let size = weight.len() / shape.output;
        for (weight, factor) in weight.chunks_mut(size).zip(&factors) {
            weight.iter_mut().for_each(|value| *value = (f64::from(*value) * factor) as f32);
        }
        let bias = beta.iter().zip(mean).zip(&factors);
        let bias = bias.map(|((&beta, &mean), factor)| (f64::from(beta) - f64::from(mean) * factor) as f32);
        Ok(Self { weight, bias: bias.collect() })
    }

    /// Loads `{path}.weight` and `{path}.bias`.
    pub(crate) fn plain(
        shape: ConvShape,
        parameters: &Parameters,
        path: &str,
    ) -> Result<Self, LayerMismatch> {
        Ok(Self {
            weight: parameters.get(&format!("{path}.weight"), &shape.weight())?.values.clone(),
            bias: parameters.get(&format!("{path}.bias"), &[shape.output])?.values.clone(),
        })
    }
}
