//! Brightness and half as many columns of colour → RGB, with the arithmetic of libjpeg-turbo (jdsample.c and jdcolor.c), so that
//! a tile has the pixels that Pillow, OpenCV and PyTorch's datasets see.

/// One component of a picture, row by row.
pub(crate) struct Plane {
    pub samples: Vec<u8>,
    pub width: usize,
    pub height: usize,
    /// Samples from the beginning of one row to that of the next.
    pub stride: usize,
}

impl Plane {
    fn row(&self, row: usize) -> &[u8] {
        &self.samples[row * self.stride..][..self.width]
    }
}

/// Writes `3 × width × height` bytes, as many pixels as `luma` has. Both planes of colour have half as many columns, and as many
/// rows or half as many.
pub(crate) fn to_rgb(luma: &Plane, [blue, red]: [&Plane; 2], pixels: &mut [u8]) {
    let halved = blue.height < luma.height;
    let mut sums = vec![0; blue.width + 2];
    let mut rows = [(); 2].map(|()| vec![0; 2 * blue.width]);
    for (y, pixels) in pixels.chunks_exact_mut(3 * luma.width).enumerate() {
        // The row above the first is the first, and the one below the last is the last.
        let (near, far, rounding) = match (halved, y % 2) {
            (false, _) => (y, y, [4, 8]),
            (true, 0) => (y / 2, (y / 2).saturating_sub(1), [8, 7]),
            (true, _) => (y / 2, (y / 2 + 1).min(blue.height - 1), [8, 7]),
        };
        for (plane, row) in [blue, red].into_iter().zip(&mut rows) {
            for ((sum, &near), &far) in sums[1..].iter_mut().zip(plane.row(near)).zip(plane.row(far)) {
                *sum = 3 * u16::from(near) + u16::from(far);
            }
            spread(&mut sums, rounding, row);
        }
        let [blue, red] = &rows;
        convert(luma.row(y), blue, red, pixels);
    }
}

/// Two columns of each sum of four: three quarters of it, and a quarter of its neighbour on that side. The first and the last
/// sum are overwritten. The rounding differs from column to column, so that it evens out.
fn spread(sums: &mut [u16], rounding: [u16; 2], row: &mut [u8]) {
    let end = sums.len() - 1;
    sums[0] = sums[1];
    sums[end] = sums[end - 1];
    let (columns, _) = row.as_chunks_mut::<2>();
    for (columns, sums) in columns.iter_mut().zip(sums.windows(3)) {
        let near = 3 * sums[1];
        *columns = [near + sums[0] + rounding[0], near + sums[2] + rounding[1]].map(|sum| (sum >> 4) as u8);
    }
}

/// ITU-R BT.601 with the full range of JFIF, in fixed point of 16 bits.
fn convert(luma: &[u8], blue: &[u8], red: &[u8], pixels: &mut [u8]) {
    const HALF: i32 = 1 << 15;
    let (pixels, _) = pixels.as_chunks_mut::<3>();
    for (((pixel, &luma), &blue), &red) in pixels.iter_mut().zip(luma).zip(blue).zip(red) {
        let (luma, blue, red) = (i32::from(luma), i32::from(blue) - 128, i32::from(red) - 128);
        let levels = [
            luma + ((91_881 * red + HALF) >> 16),
            luma + ((-22_554 * blue - 46_802 * red + HALF) >> 16),
            luma + ((116_130 * blue + HALF) >> 16),
        ];
        *pixel = levels.map(|level| level.clamp(0, 255) as u8);
    }
}
