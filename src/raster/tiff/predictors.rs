//! What was done to rows before they were compressed, undone (TIFF 6.0, section 14; Adobe's technical note 3).

use super::super::RasterError;
use super::image::{Image, SampleKind};

/// Brings the rows of a block to plain numbers, lowest byte first.
///
/// # Errors
///
/// [`RasterError::Layout`] for a predictor that these numbers cannot have had.
pub fn undo(image: &Image, data: &mut [u8]) -> Result<(), RasterError> {
    let predictor = if image.codec.is_predicted() { image.predictor } else { 1 };
    let width = image.bits as usize / 8;
    let stride = image.stride() as usize;
    let samples = image.stored_in_block();
    match (predictor, image.bits) {
        (0 | 1, _) => image.to_little_endian(data),
        (2, 8 | 16 | 32 | 64) => {
            image.to_little_endian(data);
            for row in data.chunks_exact_mut(stride) {
                add_left(row, width, samples);
            }
        }
        (3, 16 | 32 | 64) if image.kind == SampleKind::Float => {
            let mut planes = vec![0; stride];
            for row in data.chunks_exact_mut(stride) {
                add_left(row, 1, samples);
                planes.copy_from_slice(row);
                // The highest bytes of all numbers come first, then the next lower ones.
                let count = stride / width;
                for (index, number) in row.chunks_exact_mut(width).enumerate() {
                    for (byte, target) in number.iter_mut().rev().enumerate() {
                        *target = planes[byte * count + index];
                    }
                }
            }
        }
        (predictor, bits) => {
            return Err(RasterError::Layout(format!("predictor {predictor} on numbers of {bits} bits")));
        }
    }
    Ok(())
}

impl Image {
    /// Turns the bytes of each number around where the file has the highest first.
    fn to_little_endian(&self, data: &mut [u8]) {
        let bytes = self.bits as usize / 8;
        // libtiff does so whatever the codec, with LERC's numbers, too.
        let swapped = self.order == super::directory::ByteOrder::Big;
        if swapped && self.bits.is_multiple_of(8) && matches!(bytes, 2 | 4 | 8) {
            data.chunks_exact_mut(bytes).for_each(<[u8]>::reverse);
        }
    }
}

/// Adds to each number that of the same band in the pixel before it.
fn add_left(row: &mut [u8], width: usize, samples: usize) {
    macro_rules! add {
        ($number:ty) => {{
            let (numbers, _) = row.as_chunks_mut::<{ size_of::<$number>() }>();
            for index in samples..numbers.len() {
                let left = <$number>::from_le_bytes(numbers[index - samples]);
                let sum = <$number>::from_le_bytes(numbers[index]).wrapping_add(left);
                numbers[index] = sum.to_le_bytes();
            }
        }};
    }
    match width {
        1 => add!(u8),
        2 => add!(u16),
        4 => add!(u32),
        _ => add!(u64),
    }
}
