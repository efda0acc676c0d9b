//! Dense layers: rows of numbers times a matrix.
//!
//! No product is fused with a sum here, so that a head gives the same answers, and training the same head, to the last
//! bit on every processor.

use std::array;

use super::lanes::{Lanes, dispatch, load_block, store_block, tile_starts};
use super::{Activation, BLOCK, packed};

/// Sums that run side by side over one row: one alone would wait for each product.
const CHAINS: usize = 4;

/// The weights of a dense layer.
#[derive(Debug)]
pub struct Dense {
    inputs: usize,
    outputs: usize,
    /// `[padded outputs / 8, inputs, 8]`.
    weight: Vec<f32>,
    /// `[padded outputs]`.
    bias: Vec<f32>,
    activation: Activation,
}

impl Dense {
    /// Takes `weight` as `[outputs, inputs]` and `bias` as `[outputs]`.
    ///
    /// # Panics
    ///
    /// When the sizes do not fit.
    pub fn new(inputs: usize, weight: &[f32], mut bias: Vec<f32>, activation: Activation) -> Self {
        assert_eq!(weight.len(), inputs * bias.len());
        let outputs = bias.len();
        bias.resize(outputs.next_multiple_of(BLOCK), 0.0);
        Self { inputs, outputs, weight: packed(weight, inputs), bias, activation }
    }

    /// Numbers in a row of the answer.
    pub fn outputs(&self) -> usize {
        self.outputs
    }
}

/// `[rows, inputs]` → `[rows, outputs]`.
pub fn dense(layer: &Dense, rows: &[f32], output: &mut Vec<f32>) {
    let Dense { inputs, outputs, weight, bias, activation } = layer;
    let count = rows.len() / inputs;
    output.resize(count * bias.len(), 0.0);
    multiply(&Product { inputs: *inputs, weight, bias, activation: *activation }, rows, output);
    if *outputs < bias.len() {
        for row in 1..count {
            output.copy_within(row * bias.len()..row * bias.len() + outputs, row * outputs);
        }
        output.truncate(count * outputs);
    }
}

/// What rows are multiplied with.
pub(super) struct Product<'a> {
    pub inputs: usize,
    /// `[outputs / 8, inputs, 8]`.
    pub weight: &'a [f32],
    /// `[outputs]`.
    pub bias: &'a [f32],
    pub activation: Activation,
}

dispatch! {
    /// `[rows, inputs]` → `[rows, outputs]`, where outputs are whole blocks.
    pub(super) fn multiply(product: &Product, rows: &[f32], output: &mut [f32]) = multiply_with
}

#[inline(always)]
fn multiply_with<L: Lanes, const VECTORS: usize, const PIXELS: usize>(
    product: &Product,
    rows: &[f32],
    output: &mut [f32],
) {
    const ROWS: usize = 4;
    let Product { inputs, weight, bias, activation } = product;
    let (count, outputs) = (rows.len() / inputs, bias.len());
    assert_eq!((rows.len(), output.len(), weight.len()), (count * inputs, count * outputs, inputs * outputs));
    let panels = weight.chunks_exact(inputs * BLOCK).zip(bias.chunks_exact(BLOCK));
    for (block, (weight, bias)) in panels.enumerate() {
        let panel = Panel { weight, bias, activation: *activation };
        if count < ROWS {
            for (row, output) in rows.chunks_exact(*inputs).zip(output.chunks_exact_mut(outputs)) {
                panel.row::<L, VECTORS>(row, &mut output[block * BLOCK..][..BLOCK]);
            }
            continue;
        }
        for row in tile_starts(count, ROWS) {
            let inputs: [&[f32]; ROWS] = array::from_fn(|index| &rows[(row + index) * inputs..][..*inputs]);
            let sums = panel.tile::<L, VECTORS, ROWS>(inputs);
            for (row, sums) in (row..).zip(sums) {
                let output = &mut output[row * outputs + block * BLOCK..][..BLOCK];
                panel.finish(sums, output);
            }
        }
    }
}

/// What a block of eight outputs is computed from.
struct Panel<'a> {
    /// `[inputs, 8]`.
    weight: &'a [f32],
    bias: &'a [f32],
    activation: Activation,
}

impl Panel<'_> {
    #[inline(always)]
    fn tile<L: Lanes, const VECTORS: usize, const ROWS: usize>(
        &self,
        rows: [&[f32]; ROWS],
    ) -> [[L; VECTORS]; ROWS] {
        let mut sums = [load_block::<L, VECTORS>(self.bias); ROWS];
        for (input, weight) in self.weight.chunks_exact(BLOCK).enumerate() {
            let weight = load_block::<L, VECTORS>(weight);
            for (sums, row) in sums.iter_mut().zip(rows) {
                let value = L::splat(row[input]);
                for (sum, weight) in sums.iter_mut().zip(weight) {
                    *sum = sum.add(value.mul(weight));
                }
            }
        }
        sums
    }

    /// One row alone.
    #[inline(always)]
    fn row<L: Lanes, const VECTORS: usize>(&self, row: &[f32], output: &mut [f32]) {
        let mut sums = [[L::splat(0.0); VECTORS]; CHAINS];
        sums[0] = load_block(self.bias);
        for (values, weight) in row.chunks(CHAINS).zip(self.weight.chunks(CHAINS * BLOCK)) {
            for ((sums, &value), weight) in sums.iter_mut().zip(values).zip(weight.chunks_exact(BLOCK)) {
                for (sum, weight) in sums.iter_mut().zip(load_block::<L, VECTORS>(weight)) {
                    *sum = sum.add(L::splat(value).mul(weight));
                }
            }
        }
        let total: [L; VECTORS] = array::from_fn(|vector| {
            sums[1..].iter().fold(sums[0][vector], |total, sums| total.add(sums[vector]))
        });
        self.finish(total, output);
    }

    #[inline(always)]
    fn finish<L: Lanes, const VECTORS: usize>(&self, sums: [L; VECTORS], output: &mut [f32]) {
        store_block(self.activation.apply_block(sums), output);
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use crate::lanes::Portable;

    #[test]
    fn every_processor_gives_the_same_to_the_last_bit() {
        let numbers = |count: usize| -> Vec<f32> {
            (0..count).map(|index| ((index * 7919 % 1009) as f32 / 1009.0 - 0.5) * 3.0).collect()
        };
        let (inputs, outputs) = (30, 13);
        let layer = Dense::new(inputs, &numbers(inputs * outputs), numbers(outputs), Activation::HardSwish);
        let product =
            Product { inputs, weight: &layer.weight, bias: &layer.bias, activation: layer.activation };
        for rows in [1, 3, 4, 9] {
            let input = numbers(rows * inputs);
            let [mut widest, mut portable] = [0, 1].map(|_| vec![0.0; rows * layer.bias.len()]);
            multiply(&product, &input, &mut widest);
            multiply_with::<Portable, 2, 4>(&product, &input, &mut portable);
            assert_eq!(widest, portable);
        }
    }
}
