//! A dense layer in training: gradients and AdamW in one pass over the weights.

use super::dense::{Product, multiply};
use super::lanes::{Lanes, dispatch, load_block, store_block};
use super::maps::{packed, unpacked};
use super::{Activation, BLOCK};

/// Inputs whose gradients are computed together.
const INPUTS: usize = 4;

/// AdamW at one step: Adam (Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, algorithm 1) with weight
/// decay apart from the gradient (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019, algorithm 2).
#[derive(Debug, Clone, Copy)]
pub struct AdamStep {
    /// Share of the first moment that is kept.
    pub beta_1: f32,
    /// Share of the second moment that is kept.
    pub beta_2: f32,
    /// What keeps the quotient finite.
    pub epsilon: f32,
    /// The step size, divided by the first moment's bias correction, `1 − β₁ᵗ`.
    pub step_size: f32,
    /// One over the second moment's bias correction, `1 − β₂ᵗ`.
    pub variance_scale: f32,
    /// What a weight is multiplied with before the step: 1 without weight decay.
    pub decay: f32,
}

/// Weights with the moments that Adam keeps of each.
#[derive(Debug, Clone)]
struct Trained {
    values: Vec<f32>,
    first_moments: Vec<f32>,
    second_moments: Vec<f32>,
}

impl Trained {
    fn new(values: Vec<f32>) -> Self {
        let zeros = vec![0.0; values.len()];
        Self { values, first_moments: zeros.clone(), second_moments: zeros }
    }
}

/// A dense layer that learns.
///
/// Rows of its inputs and outputs are padded to whole blocks; what fills a block is zero and stays so.
#[derive(Debug, Clone)]
pub struct LearningDense {
    inputs: usize,
    outputs: usize,
    /// `[padded outputs / 8, padded inputs, 8]`.
    weight: Trained,
    /// `[padded outputs]`.
    bias: Trained,
    activation: Activation,
}

impl LearningDense {
    /// Takes `weight` as `[outputs, inputs]` and `bias` as `[outputs]`. The activation is none or ReLU.
    ///
    /// # Panics
    ///
    /// When the sizes do not fit, or the activation is another.
    pub fn new(inputs: usize, weight: &[f32], mut bias: Vec<f32>, activation: Activation) -> Self {
        assert_eq!(weight.len(), inputs * bias.len());
        assert!(matches!(activation, Activation::Identity | Activation::Relu));
        let (outputs, padded) = (bias.len(), inputs.next_multiple_of(BLOCK));
        let mut rows = vec![0.0; outputs * padded];
        for (row, weight) in rows.chunks_exact_mut(padded).zip(weight.chunks_exact(inputs)) {
            row[..inputs].copy_from_slice(weight);
        }
        bias.resize(outputs.next_multiple_of(BLOCK), 0.0);
        Self {
            inputs,
            outputs,
            weight: Trained::new(packed(&rows, padded)),
            bias: Trained::new(bias),
            activation,
        }
    }

    /// The weights as they are now.
    pub fn weights(&self) -> DenseWeights {
        let Self { inputs, outputs, weight, bias, .. } = self;
        DenseWeights {
            inputs: *inputs,
            outputs: *outputs,
            weight: weight.values.clone(),
            bias: bias.values.clone(),
        }
    }

    /// Numbers in a row of inputs.
    pub fn padded_inputs(&self) -> usize {
        self.inputs.next_multiple_of(BLOCK)
    }

    /// Numbers in a row of outputs.
    pub fn padded_outputs(&self) -> usize {
        self.bias.values.len()
    }

    /// `[batch, padded inputs]` → `[batch, padded outputs]`.
    pub fn forward(&self, inputs: &[f32], outputs: &mut Vec<f32>) {
        let width = self.padded_inputs();
        outputs.resize(inputs.len() / width * self.padded_outputs(), 0.0);
        let Self { weight, bias, activation, .. } = self;
        let product =
            Product { inputs: width, weight: &weight.values, bias: &bias.values, activation: *activation };
        multiply(&product, inputs, outputs);
    }

    /// The gradient of the inputs from that of the sums: `[batch, padded outputs]` → `[batch, padded inputs]`.
    pub fn input_gradient(&self, gradient: &[f32], input_gradient: &mut Vec<f32>) {
        let width = self.padded_inputs();
        let rows = unpacked(&self.weight.values, [self.outputs, width]);
        input_gradient.resize(gradient.len() / self.padded_outputs() * width, 0.0);
        backward(&rows, self.padded_outputs(), gradient, width, input_gradient);
    }

    /// One step of AdamW, from the inputs of a batch and the gradient of the sums.
    pub fn update(&mut self, inputs: &[f32], gradient: &[f32], adam: AdamStep) {
        let (width, outputs) = (self.padded_inputs(), self.padded_outputs());
        let Self { weight, bias, .. } = self;
        update(weight, width, inputs, gradient, outputs, adam);
        // A bias is a weight whose input is always one.
        let ones = vec![1.0; gradient.len() / outputs];
        update(bias, 1, &ones, gradient, outputs, adam);
    }
}

/// The weights of a dense layer at one moment of its training.
#[derive(Debug, Clone)]
pub struct DenseWeights {
    inputs: usize,
    outputs: usize,
    /// `[padded outputs / 8, padded inputs, 8]`.
    weight: Vec<f32>,
    /// `[padded outputs]`.
    bias: Vec<f32>,
}

impl DenseWeights {
    /// The shape `[outputs, inputs]`, the weights in it, and the bias as `[outputs]`.
    pub fn unpacked(&self) -> ([usize; 2], Vec<f32>, Vec<f32>) {
        let Self { inputs, outputs, weight, bias } = self;
        let padded = inputs.next_multiple_of(BLOCK);
        let rows = unpacked(weight, [*outputs, padded]);
        let weight = rows.chunks_exact(padded).flat_map(|row| &row[..*inputs]).copied().collect();
        ([*outputs, *inputs], weight, bias[..*outputs].to_vec())
    }
}

/// The gradient of a ReLU's inputs from that of its outputs, in place: what it let nothing through of is zero.
pub fn relu_backward(gradient: &mut [f32], outputs: &[f32]) {
    for (gradient, &output) in gradient.iter_mut().zip(outputs) {
        *gradient = if output > 0.0 { *gradient } else { 0.0 };
    }
}

dispatch! {
    fn backward(
        weight: &[f32],
        outputs: usize,
        gradient: &[f32],
        width: usize,
        input_gradient: &mut [f32],
    ) = backward_with
}

#[inline(always)]
fn backward_with<L: Lanes, const VECTORS: usize, const PIXELS: usize>(
    weight: &[f32],
    outputs: usize,
    gradient: &[f32],
    width: usize,
    input_gradient: &mut [f32],
) {
    for (gradient, row) in gradient.chunks_exact(outputs).zip(input_gradient.chunks_exact_mut(width)) {
        for (block, place) in row.chunks_exact_mut(BLOCK).enumerate() {
            let mut sums = [L::splat(0.0); VECTORS];
            for (weight, &gradient) in weight.chunks_exact(width).zip(gradient) {
                for (sum, weight) in sums.iter_mut().zip(load_block::<L, VECTORS>(&weight[block * BLOCK..])) {
                    *sum = sum.add(weight.mul(L::splat(gradient)));
                }
            }
            store_block(sums, place);
        }
    }
}

dispatch! {
    fn update(
        weights: &mut Trained,
        width: usize,
        inputs: &[f32],
        gradient: &[f32],
        outputs: usize,
        adam: AdamStep,
    ) = update_with
}

#[inline(always)]
fn update_with<L: Lanes, const VECTORS: usize, const PIXELS: usize>(
    weights: &mut Trained,
    width: usize,
    inputs: &[f32],
    gradient: &[f32],
    outputs: usize,
    adam: AdamStep,
) {
    let size = width * BLOCK;
    let values = weights.values.chunks_exact_mut(size);
    let moments =
        weights.first_moments.chunks_exact_mut(size).zip(weights.second_moments.chunks_exact_mut(size));
    for (block, (values, (first, second))) in values.zip(moments).enumerate() {
        let panel = Panel { inputs, width, gradient, outputs, block };
        match width {
            1 => panel.update::<L, VECTORS, 1>([values, first, second], adam),
            _ => panel.update::<L, VECTORS, INPUTS>([values, first, second], adam),
        }
    }
}

/// What the gradients of a block's weights are computed from.
struct Panel<'a> {
    /// `[batch, width]`.
    inputs: &'a [f32],
    width: usize,
    /// `[batch, outputs]`.
    gradient: &'a [f32],
    outputs: usize,
    block: usize,
}

impl Panel<'_> {
    /// Moves the block's weights, `INPUTS` inputs at a time; a padded width is a multiple of that.
    #[inline(always)]
    fn update<L: Lanes, const VECTORS: usize, const INPUTS: usize>(
        &self,
        [values, first, second]: [&mut [f32]; 3],
        adam: AdamStep,
    ) {
        for start in (0..self.width).step_by(INPUTS) {
            let place = start * BLOCK;
            let gradients = self.gradients::<L, VECTORS, INPUTS>(start);
            step(&gradients, &mut values[place..], &mut first[place..], &mut second[place..], adam);
        }
    }

    /// Summed over the batch, for `INPUTS` inputs beginning with `start`.
    #[inline(always)]
    fn gradients<L: Lanes, const VECTORS: usize, const INPUTS: usize>(
        &self,
        start: usize,
    ) -> [[L; VECTORS]; INPUTS] {
        let mut sums = [[L::splat(0.0); VECTORS]; INPUTS];
        for (inputs, gradient) in
            self.inputs.chunks_exact(self.width).zip(self.gradient.chunks_exact(self.outputs))
        {
            let inputs = &inputs[start..][..INPUTS];
            let gradient = load_block::<L, VECTORS>(&gradient[self.block * BLOCK..]);
            for (sums, &input) in sums.iter_mut().zip(inputs) {
                for (sum, gradient) in sums.iter_mut().zip(gradient) {
                    *sum = sum.add(L::splat(input).mul(gradient));
                }
            }
        }
        sums
    }
}

/// Moves weights by their gradients.
#[inline(always)]
fn step<L: Lanes, const VECTORS: usize, const INPUTS: usize>(
    gradients: &[[L; VECTORS]; INPUTS],
    values: &mut [f32],
    first: &mut [f32],
    second: &mut [f32],
    adam: AdamStep,
) {
    let (beta_1, beta_2) = (L::splat(adam.beta_1), L::splat(adam.beta_2));
    let (rest_1, rest_2) = (L::splat(1.0 - adam.beta_1), L::splat(1.0 - adam.beta_2));
    let (epsilon, step_size) = (L::splat(adam.epsilon), L::splat(adam.step_size));
    let (variance_scale, decay) = (L::splat(adam.variance_scale), L::splat(adam.decay));
    for (vector, &gradient) in gradients.iter().flatten().enumerate() {
        let place = vector * L::WIDTH;
        let mean = L::load(&first[place..]).mul(beta_1).add(gradient.mul(rest_1));
        let square = L::load(&second[place..]).mul(beta_2).add(gradient.mul(gradient).mul(rest_2));
        let deviation = square.mul(variance_scale).sqrt().add(epsilon);
        let value = L::load(&values[place..]).mul(decay).sub(mean.mul(step_size).div(deviation));
        mean.store(&mut first[place..]);
        square.store(&mut second[place..]);
        value.store(&mut values[place..]);
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use crate::lanes::Portable;

    #[test]
    fn a_step_is_the_same_on_every_processor_to_the_last_bit() {
        let numbers = |count: usize| -> Vec<f32> {
            (0..count).map(|index| (index * 7919 % 1009) as f32 / 1009.0 - 0.5).collect()
        };
        let (width, outputs, batch) = (24, 16, 5);
        let adam = AdamStep {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
            step_size: 0.01,
            variance_scale: 1000.0,
            decay: 0.9,
        };
        let [mut widest, mut portable] = [0, 1].map(|_| Trained::new(numbers(width * outputs)));
        let (inputs, gradient) = (numbers(batch * width), numbers(batch * outputs));
        for _ in 0..3 {
            update(&mut widest, width, &inputs, &gradient, outputs, adam);
            update_with::<Portable, 2, 4>(&mut portable, width, &inputs, &gradient, outputs, adam);
        }
        assert_eq!(widest.values, portable.values);
        assert_eq!(widest.second_moments, portable.second_moments);
        assert_ne!(widest.values, numbers(width * outputs));
    }
}
