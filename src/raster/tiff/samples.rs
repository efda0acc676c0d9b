//! The bytes of a decoded block → numbers.

use half::f16;

use super::image::{Image, SampleKind};

/// A decoded block: rows of numbers, lowest byte first.
pub struct Block {
    pub data: Vec<u8>,
    pub stride: usize,
    /// Numbers a pixel.
    pub samples: usize,
}

/// The numbers of one band from pixel `first` of a row on, into `target`.
pub fn copy_row(image: &Image, block: &Block, band: usize, row: usize, first: usize, target: &mut [f64]) {
    let line = &block.data[row * block.stride..(row + 1) * block.stride];
    let start = first * block.samples + band;
    macro_rules! copy {
        ($number:ty, $to_f64:expr) => {{
            let (numbers, _) = line.as_chunks::<{ size_of::<$number>() }>();
            let numbers = numbers[start..].iter().step_by(block.samples);
            for (target, &bytes) in target.iter_mut().zip(numbers) {
                *target = $to_f64(<$number>::from_le_bytes(bytes));
            }
        }};
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
            let bits = bits as usize;
            for (index, target) in target.iter_mut().enumerate() {
                *target = packed(line, (start + index * block.samples) * bits, bits);
            }
        }
    }
}

/// A number of any width, highest bit first, as TIFF packs them whatever the order of its bytes.
fn packed(line: &[u8], first_bit: usize, bits: usize) -> f64 {
    let last = (first_bit + bits - 1) / 8;
    let window = line[first_bit / 8..=last].iter().fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
    let beyond = (last + 1) * 8 - (first_bit + bits);
    ((window >> beyond) & ((1 << bits) - 1)) as f64
}
