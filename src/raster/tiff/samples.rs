//! The bytes of a decoded block → numbers.

use half::f16;

use super::image::{Image, SampleKind};

/// What the numbers of a window are held as: [`f64`] holds any; `u16` takes a quarter of the room.
pub trait Number: Copy + Default + PartialEq {
    /// What is declared as no data, as such a number can be compared with it.
    type NoData: Copy;

    /// Nothing where no such number is it.
    fn no_data(declared: f64) -> Option<Self::NoData>;

    /// Whether it is what is declared as no data.
    fn is(self, none: Self::NoData) -> bool;

    /// Whether it is no number.
    fn is_nan(self) -> bool;

    /// As a place in a palette.
    fn index(self) -> usize;

    /// The numbers of one band from pixel `first` of a row on, into `target`.
    fn copy_row(image: &Image, block: &Block, band: usize, row: usize, first: usize, target: &mut [Self]);
}

/// Any number; whole ones beyond 2⁵³ are rounded.
impl Number for f64 {
    type NoData = f64;

    fn no_data(declared: f64) -> Option<f64> {
        Some(declared)
    }

    /// GDAL compares 32-bit numbers as such, since the text may be rounded.
    fn is(self, none: f64) -> bool {
        self == none
            || self as f32 == none as f32 && (self as f32).is_finite() && self.abs() > 1e30
            || none.is_nan() && self.is_nan()
    }

    fn is_nan(self) -> bool {
        f64::is_nan(self)
    }

    fn index(self) -> usize {
        self as usize
    }

    fn copy_row(image: &Image, block: &Block, band: usize, row: usize, first: usize, target: &mut [f64]) {
        let line = block.line(row);
        let start = first * block.samples + band;
        macro_rules! copy {
            ($number:ty, $to_f64:expr) => {
                copy_numbers(line, start, block.samples, target, |bytes| {
                    $to_f64(<$number>::from_le_bytes(bytes))
                })
            };
        }
        match (image.kind, image.bits) {
            (SampleKind::Unsigned, 8) => copy!(u8, f64::from),
            (SampleKind::Unsigned, 16) => copy!(u16, f64::from),
            (SampleKind::Unsigned, 32) => copy!(u32, f64::from),
            (SampleKind::Unsigned, 64) => copy!(u64, |value| value as f64),
            (SampleKind::Signed, 8) => copy!(i8, f64::from),
            (SampleKind::Signed, 16) => copy!(i16, f64::from),
            (SampleKind::Signed, 32) => copy!(i32, f64::from),
            (SampleKind::Signed, _) => copy!(i64, |value| value as f64),
            (SampleKind::Float, 16) => copy!(u16, |bits| f16::from_bits(bits).to_f64()),
            (SampleKind::Float, 32) => copy!(f32, f64::from),
            (SampleKind::Float, _) => copy!(f64, |value| value),
            (SampleKind::Unsigned, bits) => {
                copy_packed(line, start, block.samples, bits as usize, target, |number| number as f64);
            }
        }
    }
}

/// Unsigned numbers of up to 16 bits ([`Image::fits_u16`]).
impl Number for u16 {
    type NoData = u16;

    fn no_data(declared: f64) -> Option<u16> {
        Some(declared as u16).filter(|&none| f64::from(none) == declared)
    }

    fn is(self, none: u16) -> bool {
        self == none
    }

    fn is_nan(self) -> bool {
        false
    }

    fn index(self) -> usize {
        self.into()
    }

    fn copy_row(image: &Image, block: &Block, band: usize, row: usize, first: usize, target: &mut [u16]) {
        debug_assert!(image.fits_u16());
        let line = block.line(row);
        let start = first * block.samples + band;
        match image.bits {
            8 => copy_numbers(line, start, block.samples, target, |[byte]| byte.into()),
            16 => copy_numbers(line, start, block.samples, target, u16::from_le_bytes),
            bits => copy_packed(line, start, block.samples, bits as usize, target, |number| number as u16),
        }
    }
}

/// A decoded block: rows of numbers, lowest byte first.
pub struct Block {
    pub data: Vec<u8>,
    pub stride: usize,
    /// Numbers a pixel.
    pub samples: usize,
}

impl Block {
    fn line(&self, row: usize) -> &[u8] {
        &self.data[row * self.stride..(row + 1) * self.stride]
    }
}

/// Each `step`th number of `BYTES` bytes from the one at `start` on.
fn copy_numbers<const BYTES: usize, T>(
    line: &[u8],
    start: usize,
    step: usize,
    target: &mut [T],
    number: impl Fn([u8; BYTES]) -> T,
) {
    let (numbers, _) = line.as_chunks::<BYTES>();
    for (target, &bytes) in target.iter_mut().zip(numbers[start..].iter().step_by(step)) {
        *target = number(bytes);
    }
}

/// Each `step`th number of so many bits from the one at `start` on.
fn copy_packed<T>(
    line: &[u8],
    start: usize,
    step: usize,
    bits: usize,
    target: &mut [T],
    number: impl Fn(u64) -> T,
) {
    for (index, target) in target.iter_mut().enumerate() {
        *target = number(packed(line, (start + index * step) * bits, bits));
    }
}

/// A number of any width, highest bit first, as TIFF packs them whatever the order of its bytes.
fn packed(line: &[u8], first_bit: usize, bits: usize) -> u64 {
    let last = (first_bit + bits - 1) / 8;
    let window = line[first_bit / 8..=last].iter().fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
    let beyond = (last + 1) * 8 - (first_bit + bits);
    (window >> beyond) & ((1 << bits) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_declared_as_no_data_is_compared_with_numbers_that_can_be_it() {
        let declared = [0.0, 65_535.0, 65_536.0, -9_999.0, 0.5, f64::NAN, f64::INFINITY];
        let of_u16 = [Some(0), Some(65_535), None, None, None, None, None];
        assert_eq!(declared.map(<u16 as Number>::no_data), of_u16);
        // GDAL writes the lowest f32 with fewer digits than it has.
        assert!(Number::is(f64::from(f32::MIN), -3.402_823_47e38) && Number::is(f64::NAN, f64::NAN));
        assert!(!Number::is(1.0, 1.0 + 1e-9));
    }
}
