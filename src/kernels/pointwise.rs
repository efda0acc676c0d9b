//! 1×1 convolutions: a matrix product over all pixels.

use super::lanes::{Lanes, dispatch, load_block, store_block, tile_starts};
use super::{Activation, BLOCK, Maps, packed};

/// The weights of a 1×1 convolution.
#[derive(Debug)]
pub struct Pointwise {
    inputs: usize,
    /// `[outputs / 8, inputs, 8]`.
    weight: Vec<f32>,
    bias: Vec<f32>,
    activation: Activation,
}

impl Pointwise {
    /// Takes `weight` as `[outputs, inputs]` and `bias` as `[outputs]`.
    ///
    /// # Panics
    ///
    /// When the sizes do not fit, or are no whole number of blocks of channels.
    pub fn new(inputs: usize, weight: &[f32], bias: Vec<f32>, activation: Activation) -> Self {
        assert_eq!((weight.len(), inputs % BLOCK), (inputs * bias.len(), 0));
        Self { inputs, weight: packed(weight, inputs), bias, activation }
    }
}

/// The convolution of `input`, which has no border, plus `residual`, where there is one; `output` gets a border of
/// `border` pixels.
pub fn pointwise(layer: &Pointwise, input: &Maps, residual: Option<&Maps>, border: usize, output: &mut Maps) {
    let [height, width] = input.size();
    assert_eq!((input.channels(), input.border()), (layer.inputs, 0));
    output.reshape(layer.bias.len(), height, width, border);
    if let Some(residual) = residual {
        assert_eq!(
            (residual.channels(), residual.size(), residual.border()),
            (layer.bias.len(), [height, width], 0)
        );
    }
    convolve(layer, input.values(), residual.map(Maps::values), output);
}

dispatch! { fn convolve(layer: &Pointwise, input: &[f32], residual: Option<&[f32]>, output: &mut Maps) = convolve_with }

#[inline(always)]
fn convolve_with<L: Lanes, const VECTORS: usize, const PIXELS: usize>(
    layer: &Pointwise,
    input: &[f32],
    residual: Option<&[f32]>,
    output: &mut Maps,
) {
    let output_plane = output.plane();
    let (values, offsets) = output.values_mut();
    let plane = offsets.len() * BLOCK;
    let panels = layer.weight.chunks_exact(layer.inputs * BLOCK).zip(layer.bias.chunks_exact(BLOCK));
    for (index, ((panel, bias), output)) in panels.zip(values.chunks_exact_mut(output_plane)).enumerate() {
        let residual = residual.map(|values| &values[index * plane..][..plane]);
        let block = Panel { weight: panel, bias, input, plane, residual, activation: layer.activation };
        if offsets.len() < PIXELS {
            for pixel in 0..offsets.len() {
                block.tile::<L, VECTORS, 1>(pixel, offsets, output);
            }
            continue;
        }
        for pixel in tile_starts(offsets.len(), PIXELS) {
            block.tile::<L, VECTORS, PIXELS>(pixel, offsets, output);
        }
    }
}

/// What a block of output channels is computed from.
struct Panel<'a> {
    /// `[inputs, 8]`.
    weight: &'a [f32],
    bias: &'a [f32],
    /// `[inputs / 8, pixels, 8]`.
    input: &'a [f32],
    /// Floats in a block of input channels.
    plane: usize,
    residual: Option<&'a [f32]>,
    activation: Activation,
}

impl Panel<'_> {
    /// Computes `PIXELS` pixels beginning with `first`, their sums in registers.
    #[inline(always)]
    fn tile<L: Lanes, const VECTORS: usize, const PIXELS: usize>(
        &self,
        first: usize,
        offsets: &[usize],
        output: &mut [f32],
    ) {
        let mut sums = [load_block::<L, VECTORS>(self.bias); PIXELS];
        for (weight, plane) in
            self.weight.chunks_exact(BLOCK * BLOCK).zip(self.input.chunks_exact(self.plane))
        {
            let pixels = plane[first * BLOCK..][..PIXELS * BLOCK].as_chunks::<BLOCK>().0;
            for channel in 0..BLOCK {
                let weight = load_block::<L, VECTORS>(&weight[channel * BLOCK..]);
                for (sums, pixel) in sums.iter_mut().zip(pixels) {
                    let value = L::splat(pixel[channel]);
                    for (sum, weight) in sums.iter_mut().zip(weight) {
                        *sum = value.mul_add(weight, *sum);
                    }
                }
            }
        }
        for (pixel, sums) in (first..).zip(sums) {
            let mut values = self.activation.apply_block(sums);
            if let Some(residual) = self.residual {
                let residual = load_block::<L, VECTORS>(&residual[pixel * BLOCK..]);
                for (value, residual) in values.iter_mut().zip(residual) {
                    *value = value.add(residual);
                }
            }
            store_block(values, &mut output[offsets[pixel]..]);
        }
    }
}
