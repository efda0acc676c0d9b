//! Depthwise convolutions: each channel by itself.

use std::array;

use super::lanes::{Lanes, dispatch, tile_starts};
use super::{Activation, BLOCK, Maps};

/// The weights of a depthwise convolution.
#[derive(Debug)]
pub struct Depthwise {
    kernel: usize,
    stride: usize,
    /// `[channels / 8, kernel, kernel, 8]`.
    weight: Vec<f32>,
    bias: Vec<f32>,
    activation: Activation,
}

impl Depthwise {
    /// Takes `weight` as `[channels, kernel, kernel]` and `bias` as `[channels]`.
    ///
    /// # Panics
    ///
    /// When the sizes do not fit, when the kernel is neither 3 nor 5 or the stride neither 1 nor 2.
    pub fn new(kernel: usize, stride: usize, weight: &[f32], bias: Vec<f32>, activation: Activation) -> Self {
        assert!(matches!((kernel, stride), (3 | 5, 1 | 2)));
        let area = kernel * kernel;
        assert_eq!((weight.len(), bias.len() % BLOCK), (area * bias.len(), 0));
        let weight = weight.chunks_exact(BLOCK * area).flat_map(|block| {
            (0..area).flat_map(move |tap| (0..BLOCK).map(move |channel| block[channel * area + tap]))
        });
        Self { kernel, stride, weight: weight.collect(), bias, activation }
    }

    /// Pixels of border that the input must have.
    pub fn border(&self) -> usize {
        self.kernel / 2
    }
}

/// The convolution of `input`; `output` gets no border.
pub fn depthwise(layer: &Depthwise, input: &Maps, output: &mut Maps) {
    let [height, width] = input.size().map(|side| side.div_ceil(layer.stride));
    assert_eq!((input.channels(), input.border()), (layer.bias.len(), layer.border()));
    output.reshape(layer.bias.len(), height, width, 0);
    convolve(layer, input, output);
}

dispatch! { fn convolve(layer: &Depthwise, input: &Maps, output: &mut Maps) = convolve_with }

#[inline(always)]
fn convolve_with<L: Lanes, const VECTORS: usize, const PIXELS: usize>(
    layer: &Depthwise,
    input: &Maps,
    output: &mut Maps,
) {
    match (layer.kernel, layer.stride) {
        (3, 1) => convolve_sized::<L, VECTORS, PIXELS, 3, 1>(layer, input, output),
        (3, 2) => convolve_sized::<L, VECTORS, PIXELS, 3, 2>(layer, input, output),
        (5, 1) => convolve_sized::<L, VECTORS, PIXELS, 5, 1>(layer, input, output),
        _ => convolve_sized::<L, VECTORS, PIXELS, 5, 2>(layer, input, output),
    }
}

#[inline(always)]
fn convolve_sized<
    L: Lanes,
    const VECTORS: usize,
    const PIXELS: usize,
    const KERNEL: usize,
    const STRIDE: usize,
>(
    layer: &Depthwise,
    input: &Maps,
    output: &mut Maps,
) {
    let [_, width] = output.size();
    let (output_plane, input_row) = (output.plane(), input.padded_width() * BLOCK);
    let planes =
        input.values().chunks_exact(input.plane()).zip(output.values_mut().0.chunks_exact_mut(output_plane));
    let weights = layer.weight.chunks_exact(KERNEL * KERNEL * BLOCK).zip(layer.bias.chunks_exact(BLOCK));
    for ((input, output), (weight, bias)) in planes.zip(weights) {
        for (y, output) in output.chunks_exact_mut(width * BLOCK).enumerate() {
            let rows = &input[y * STRIDE * input_row..][..KERNEL * input_row];
            for vector in 0..VECTORS {
                let lane = vector * L::WIDTH;
                let strip = Strip {
                    rows,
                    row: input_row,
                    weight,
                    bias: L::load(&bias[lane..]),
                    lane,
                    activation: layer.activation,
                };
                if width < PIXELS {
                    for x in 0..width {
                        strip.tile::<KERNEL, STRIDE, 1>(x, output);
                    }
                    continue;
                }
                for x in tile_starts(width, PIXELS) {
                    strip.tile::<KERNEL, STRIDE, PIXELS>(x, output);
                }
            }
        }
    }
}

/// What a row of output pixels is computed from: some of a block's eight channels.
struct Strip<'a, L> {
    /// `[kernel, padded width, 8]`.
    rows: &'a [f32],
    /// Floats in a row.
    row: usize,
    /// `[kernel, kernel, 8]`.
    weight: &'a [f32],
    bias: L,
    /// The first of the channels.
    lane: usize,
    activation: Activation,
}

impl<L: Lanes> Strip<'_, L> {
    /// Computes `PIXELS` pixels of the row beginning with `first`. Every input pixel is loaded once for all outputs.
    #[inline(always)]
    fn tile<const KERNEL: usize, const STRIDE: usize, const PIXELS: usize>(
        &self,
        first: usize,
        output: &mut [f32],
    ) {
        let mut sums = [self.bias; PIXELS];
        let span = (PIXELS - 1) * STRIDE + KERNEL;
        for (row, weight) in self.rows.chunks_exact(self.row).zip(self.weight.chunks_exact(KERNEL * BLOCK)) {
            let weight: [L; KERNEL] = array::from_fn(|tap| L::load(&weight[tap * BLOCK + self.lane..]));
            let row = &row[first * STRIDE * BLOCK..][..span * BLOCK];
            for x in 0..span {
                let value = L::load(&row[x * BLOCK + self.lane..]);
                for (pixel, sum) in sums.iter_mut().enumerate() {
                    let tap = x.wrapping_sub(pixel * STRIDE);
                    if tap < KERNEL {
                        *sum = value.mul_add(weight[tap], *sum);
                    }
                }
            }
        }
        let output = &mut output[first * BLOCK..][..PIXELS * BLOCK];
        for (pixel, sum) in sums.into_iter().enumerate() {
            self.activation.apply(sum).store(&mut output[pixel * BLOCK + self.lane..]);
        }
    }
}
