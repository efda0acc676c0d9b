//! Feature maps as the kernels like them.

use super::lanes::{Lanes, dispatch, load_block, store_block};

/// Channels that lie side by side.
pub const BLOCK: usize = 8;

/// The feature maps of one image: `[channels / 8, height + 2 · border, width + 2 · border, 8]`. The border is zero: a
/// convolution that reads it needs no look at where an image ends.
#[derive(Debug, Default)]
pub struct Maps {
    channels: usize,
    height: usize,
    width: usize,
    border: usize,
    values: Vec<f32>,
    /// Where each pixel begins in a block of channels.
    offsets: Vec<usize>,
}

impl Maps {
    /// Gives the maps another shape. The border is zero afterwards, what is within it anything.
    ///
    /// # Panics
    ///
    /// When the channels are no whole number of blocks.
    pub fn reshape(&mut self, channels: usize, height: usize, width: usize, border: usize) {
        assert_eq!(channels % BLOCK, 0);
        if [self.height, self.width, self.border] != [height, width, border] {
            let row = width + 2 * border;
            let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (y, x)));
            self.offsets.clear();
            self.offsets.extend(pixels.map(|(y, x)| ((y + border) * row + x + border) * BLOCK));
        }
        (self.channels, self.height, self.width, self.border) = (channels, height, width, border);
        self.values.resize(channels / BLOCK * self.plane(), 0.0);
        self.clear_border();
    }

    fn clear_border(&mut self) {
        if self.border == 0 {
            return;
        }
        let (row, side) = (self.padded_width() * BLOCK, self.border * BLOCK);
        let plane = self.plane();
        for plane in self.values.chunks_mut(plane) {
            for (y, row) in plane.chunks_mut(row).enumerate() {
                if y < self.border || y >= self.border + self.height {
                    row.fill(0.0);
                } else {
                    row[..side].fill(0.0);
                    let end = row.len() - side;
                    row[end..].fill(0.0);
                }
            }
        }
    }

    /// Number of channels.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Height and width without the border.
    pub fn size(&self) -> [usize; 2] {
        [self.height, self.width]
    }

    pub(super) fn border(&self) -> usize {
        self.border
    }

    pub(super) fn padded_width(&self) -> usize {
        self.width + 2 * self.border
    }

    /// Floats in a block of channels.
    pub(super) fn plane(&self) -> usize {
        (self.height + 2 * self.border) * self.padded_width() * BLOCK
    }

    pub(super) fn values(&self) -> &[f32] {
        &self.values
    }

    /// The values, and where each pixel begins in a block of channels.
    pub(super) fn values_mut(&mut self) -> (&mut [f32], &[usize]) {
        (&mut self.values, &self.offsets)
    }

    /// The values in PyTorch's order, `[channels, height, width]`.
    pub fn to_planar(&self) -> Vec<f32> {
        let channels = 0..self.channels;
        let at = |channel: usize| channel / BLOCK * self.plane() + channel % BLOCK;
        channels
            .flat_map(|channel| self.offsets.iter().map(move |offset| self.values[at(channel) + offset]))
            .collect()
    }
}

dispatch! {
    /// The mean of each channel, without a border: `[channels]`.
    pub fn means(maps: &Maps, means: &mut Vec<f32>) = means_with
}

#[inline(always)]
fn means_with<L: Lanes, const VECTORS: usize, const PIXELS: usize>(maps: &Maps, means: &mut Vec<f32>) {
    assert_eq!(maps.border, 0);
    means.resize(maps.channels, 0.0);
    let scale = L::splat(1.0 / (maps.height * maps.width) as f32);
    for (plane, mean) in maps.values.chunks(maps.plane()).zip(means.chunks_mut(BLOCK)) {
        let mut sums = [L::splat(0.0); VECTORS];
        for pixel in plane.chunks_exact(BLOCK) {
            for (sum, value) in sums.iter_mut().zip(load_block::<L, VECTORS>(pixel)) {
                *sum = sum.add(value);
            }
        }
        for sum in &mut sums {
            *sum = sum.mul(scale);
        }
        store_block(sums, mean);
    }
}

dispatch! {
    /// Multiplies each channel, which has no border, by its factor: `[channels]`.
    pub fn scale(maps: &mut Maps, factors: &[f32]) = scale_with
}

#[inline(always)]
fn scale_with<L: Lanes, const VECTORS: usize, const PIXELS: usize>(maps: &mut Maps, factors: &[f32]) {
    assert_eq!((maps.border, maps.channels), (0, factors.len()));
    let plane = maps.plane();
    for (plane, factors) in maps.values.chunks_mut(plane).zip(factors.chunks(BLOCK)) {
        let factors = load_block::<L, VECTORS>(factors);
        for pixel in plane.chunks_exact_mut(BLOCK) {
            let mut values = load_block::<L, VECTORS>(pixel);
            for (value, factor) in values.iter_mut().zip(factors) {
                *value = value.mul(factor);
            }
            store_block(values, pixel);
        }
    }
}

/// `[outputs, inputs]` → `[padded outputs / 8, inputs, 8]`: what a block of outputs reads lies in one row. Outputs that
/// fill the last block are zero.
pub(super) fn packed(weight: &[f32], inputs: usize) -> Vec<f32> {
    let outputs = weight.len() / inputs;
    let mut values = vec![0.0; inputs * outputs.next_multiple_of(BLOCK)];
    for (output, row) in weight.chunks_exact(inputs).enumerate() {
        let panel = &mut values[output / BLOCK * inputs * BLOCK..][..inputs * BLOCK];
        for (place, &value) in panel.chunks_exact_mut(BLOCK).zip(row) {
            place[output % BLOCK] = value;
        }
    }
    values
}

/// The `[outputs, inputs]` that [`packed`] took.
pub(super) fn unpacked(values: &[f32], [outputs, inputs]: [usize; 2]) -> Vec<f32> {
    (0..outputs)
        .flat_map(|output| {
            let panel = &values[output / BLOCK * inputs * BLOCK..][..inputs * BLOCK];
            panel.chunks_exact(BLOCK).map(move |place| place[output % BLOCK])
        })
        .collect()
}
