//! The first convolution: three planes of colour in, blocks of channels out.

use super::lanes::{Lanes, dispatch, load_block, store_block, tile_starts};
use super::{Activation, BLOCK, Maps, packed};

const COLOURS: usize = 3;
const KERNEL: usize = 3;
const STRIDE: usize = 2;
/// Pixels of zero around an image.
const BORDER: usize = KERNEL / 2;

/// The weights of a 3×3 convolution of stride 2 over red, green and blue.
#[derive(Debug)]
pub struct Stem {
    /// `[outputs / 8, 3, 3, 3, 8]`: colour, row, column.
    weight: Vec<f32>,
    bias: Vec<f32>,
    activation: Activation,
}

impl Stem {
    /// Takes `weight` as `[outputs, 3, 3, 3]` and `bias` as `[outputs]`.
    ///
    /// # Panics
    ///
    /// When the sizes do not fit.
    pub fn new(weight: &[f32], bias: Vec<f32>, activation: Activation) -> Self {
        let taps = COLOURS * KERNEL * KERNEL;
        assert_eq!(weight.len(), taps * bias.len());
        Self { weight: packed(weight, taps), bias, activation }
    }
}

/// An image as planes of red, green and blue with a border of zeros.
#[derive(Debug, Default)]
pub struct Planes {
    height: usize,
    width: usize,
    values: Vec<f32>,
}

impl Planes {
    /// Takes an image as `[3, height, width]`.
    ///
    /// # Panics
    ///
    /// When the image has another size.
    pub fn set(&mut self, image: &[f32], height: usize, width: usize) {
        assert_eq!(image.len(), COLOURS * height * width);
        if [self.height, self.width] != [height, width] {
            let padded = COLOURS * (height + 2 * BORDER) * (width + 2 * BORDER);
            *self = Self { height, width, values: vec![0.0; padded] };
        }
        let (row, plane) = (self.row(), self.plane());
        for (plane, image) in self.values.chunks_exact_mut(plane).zip(image.chunks_exact(height * width)) {
            for (row, image) in plane.chunks_exact_mut(row).skip(BORDER).zip(image.chunks_exact(width)) {
                row[BORDER..BORDER + width].copy_from_slice(image);
            }
        }
    }

    fn row(&self) -> usize {
        self.width + 2 * BORDER
    }

    fn plane(&self) -> usize {
        (self.height + 2 * BORDER) * self.row()
    }
}

/// The convolution of an image; `output` gets a border of `border` pixels.
pub fn stem(layer: &Stem, image: &Planes, border: usize, output: &mut Maps) {
    let [height, width] = [image.height, image.width].map(|side| side.div_ceil(STRIDE));
    output.reshape(layer.bias.len(), height, width, border);
    convolve(layer, image, output);
}

dispatch! { fn convolve(layer: &Stem, image: &Planes, output: &mut Maps) = convolve_with }

#[inline(always)]
fn convolve_with<L: Lanes, const VECTORS: usize, const PIXELS: usize>(
    layer: &Stem,
    image: &Planes,
    output: &mut Maps,
) {
    let [height, width] = output.size();
    let plane = output.plane();
    let (values, offsets) = output.values_mut();
    let panels =
        layer.weight.chunks_exact(COLOURS * KERNEL * KERNEL * BLOCK).zip(layer.bias.chunks_exact(BLOCK));
    for ((weight, bias), output) in panels.zip(values.chunks_exact_mut(plane)) {
        for y in 0..height {
            let row = &mut output[offsets[y * width]..][..width * BLOCK];
            let panel = Panel { weight, bias, image, y, activation: layer.activation };
            if width < PIXELS {
                for x in 0..width {
                    panel.tile::<L, VECTORS, 1>(x, row);
                }
                continue;
            }
            for x in tile_starts(width, PIXELS) {
                panel.tile::<L, VECTORS, PIXELS>(x, row);
            }
        }
    }
}

/// What a row of a block of output channels is computed from.
struct Panel<'a> {
    /// `[3, 3, 3, 8]`.
    weight: &'a [f32],
    bias: &'a [f32],
    image: &'a Planes,
    y: usize,
    activation: Activation,
}

impl Panel<'_> {
    /// Computes `PIXELS` pixels of the row beginning with `first`.
    #[inline(always)]
    fn tile<L: Lanes, const VECTORS: usize, const PIXELS: usize>(&self, first: usize, output: &mut [f32]) {
        let mut sums = [load_block::<L, VECTORS>(self.bias); PIXELS];
        let (row, span) = (self.image.row(), (PIXELS - 1) * STRIDE + KERNEL);
        let rows = self.weight.chunks_exact(KERNEL * BLOCK).enumerate();
        for (index, weight) in rows {
            let (colour, ky) = (index / KERNEL, index % KERNEL);
            let start = colour * self.image.plane() + (self.y * STRIDE + ky) * row + first * STRIDE;
            let values = &self.image.values[start..][..span];
            for kx in 0..KERNEL {
                let weight = load_block::<L, VECTORS>(&weight[kx * BLOCK..]);
                for (pixel, sums) in sums.iter_mut().enumerate() {
                    let value = L::splat(values[pixel * STRIDE + kx]);
                    for (sum, weight) in sums.iter_mut().zip(weight) {
                        *sum = value.mul_add(weight, *sum);
                    }
                }
            }
        }
        let output = &mut output[first * BLOCK..][..PIXELS * BLOCK];
        for (place, sums) in output.chunks_exact_mut(BLOCK).zip(sums) {
            store_block(self.activation.apply_block(sums), place);
        }
    }
}
