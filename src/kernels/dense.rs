//! A dense layer over one row of numbers.

use super::lanes::{Lanes, dispatch};
use super::{Activation, BLOCK, packed};

/// Sums that run side by side: one alone would wait for each product of a long row.
const CHAINS: usize = 4;

/// The weights of a dense layer.
#[derive(Debug)]
pub struct Dense {
    inputs: usize,
    /// `[outputs / 8, inputs, 8]`.
    weight: Vec<f32>,
    bias: Vec<f32>,
    activation: Activation,
}

impl Dense {
    /// Takes `weight` as `[outputs, inputs]` and `bias` as `[outputs]`.
    ///
    /// # Panics
    ///
    /// When the sizes do not fit, the inputs are no multiple of 4 or the outputs no multiple of 8.
    pub fn new(inputs: usize, weight: &[f32], bias: Vec<f32>, activation: Activation) -> Self {
        assert_eq!((weight.len(), inputs % CHAINS), (inputs * bias.len(), 0));
        Self { inputs, weight: packed(weight, inputs), bias, activation }
    }
}

/// `[inputs]` → `[outputs]`.
pub fn dense(layer: &Dense, input: &[f32], output: &mut Vec<f32>) {
    assert_eq!(input.len(), layer.inputs);
    output.resize(layer.bias.len(), 0.0);
    multiply(layer, input, output);
}

dispatch! { fn multiply(layer: &Dense, input: &[f32], output: &mut [f32]) = multiply_with }

#[inline(always)]
fn multiply_with<L: Lanes, const VECTORS: usize, const PIXELS: usize>(
    layer: &Dense,
    input: &[f32],
    output: &mut [f32],
) {
    let panels = layer.weight.chunks_exact(layer.inputs * BLOCK).zip(layer.bias.chunks_exact(BLOCK));
    for ((panel, bias), output) in panels.zip(output.chunks_exact_mut(BLOCK)) {
        let mut sums = [[L::splat(0.0); VECTORS]; CHAINS];
        for (values, weight) in input.chunks_exact(CHAINS).zip(panel.chunks_exact(CHAINS * BLOCK)) {
            for (chain, sums) in sums.iter_mut().enumerate() {
                for (vector, sum) in sums.iter_mut().enumerate() {
                    let weight = L::load(&weight[chain * BLOCK + vector * L::WIDTH..]);
                    *sum = L::splat(values[chain]).mul_add(weight, *sum);
                }
            }
        }
        for vector in 0..VECTORS {
            let start = L::load(&bias[vector * L::WIDTH..]);
            let sum = sums.iter().fold(start, |total, sums| total.add(sums[vector]));
            layer.activation.apply(sum).store(&mut output[vector * L::WIDTH..]);
        }
    }
}
