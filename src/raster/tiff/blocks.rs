//! Blocks on demand: fetched, decompressed, and kept while they are likely to be asked for again.

use std::rc::Rc;

use super::super::{RasterError, Source};
use super::codecs::{self, Codec};
use super::directory::{unreadable, within};
use super::image::Image;
use super::predictors;
use super::samples::Block;
use super::tags::photometric;

/// What is kept beside the blocks of the row of blocks in use, in bytes.
const KEPT_BYTES: usize = 16 << 20;

/// A row of blocks in use may take this much: as much as the largest block.
const MOST_ROW_BYTES: u64 = 400 << 20;

/// Decoded blocks, the latest last.
#[derive(Default)]
pub struct Blocks {
    kept: Vec<(Place, Rc<Block>)>,
}

/// Which image of the file, and which of its blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub image: usize,
    pub plane: usize,
    pub column: u32,
    pub row: u32,
}

impl Blocks {
    /// A decoded block of `image`.
    ///
    /// # Errors
    ///
    /// [`RasterError`] where it cannot be fetched or decoded.
    pub fn get(
        &mut self,
        source: &dyn Source,
        image: &Image,
        place: Place,
    ) -> Result<Rc<Block>, RasterError> {
        if let Some(index) = self.kept.iter().position(|(kept, _)| *kept == place) {
            let found = self.kept.remove(index);
            self.kept.push(found);
            return Ok(self.kept.last().expect("just pushed").1.clone());
        }
        self.make_room(row_bytes(image));
        let block = Rc::new(decode(source, image, place)?);
        self.kept.push((place, block.clone()));
        Ok(block)
    }

    /// Where in the file a block is stored, offset and length, unless it is at hand; nothing of one that a sparse file leaves
    /// out.
    pub fn missing(&self, image: &Image, place: Place) -> Option<(u64, u64)> {
        let is_kept = self.kept.iter().any(|(kept, _)| *kept == place);
        Some(stored(image, place)).filter(|&(_, length)| length > 0 && !is_kept)
    }

    /// Lets go of what was used longest ago.
    fn make_room(&mut self, limit: usize) {
        let mut bytes: usize = self.kept.iter().map(|(_, block)| block.data.len()).sum();
        while bytes > limit {
            let (_, oldest) = self.kept.remove(0);
            bytes -= oldest.data.len();
        }
    }
}

/// The bytes of all blocks that one row of pixels runs through, and what else may be kept.
fn row_bytes(image: &Image) -> usize {
    let (across, _) = image.grid();
    let planes = if image.planar { image.samples as u64 } else { 1 };
    let block = image.stride() * u64::from(image.block_height);
    let row = block.checked_mul(u64::from(across)).and_then(|row| row.checked_mul(planes));
    let row = row.unwrap_or(u64::MAX).min(MOST_ROW_BYTES.saturating_sub(block));
    KEPT_BYTES.max(row as usize)
}

/// Where in the file a block is stored, offset and length; of no bytes where a sparse file leaves it out.
fn stored(image: &Image, place: Place) -> (u64, u64) {
    let (across, down) = image.grid();
    let index = place.plane * across as usize * down as usize + (place.row * across + place.column) as usize;
    image.blocks[index]
}

fn decode(source: &dyn Source, image: &Image, place: Place) -> Result<Block, RasterError> {
    let (offset, length) = stored(image, place);
    let rows = image.rows_of(place.row);
    let stride = image.stride() as usize;
    if length == 0 {
        // A sparse file leaves out what is empty; GDAL reads zeros there.
        let samples = image.samples_in_block();
        return Ok(Block { data: vec![0; stride * rows as usize], stride, samples });
    }
    within(source, offset, length)?;
    let length = usize::try_from(length).map_err(|_| RasterError::CutOff)?;
    let length = if image.codec == Codec::None { length.min(stride * rows as usize) } else { length };
    let mut raw = source.read(offset, length).map_err(unreadable)?;
    if image.reversed_bits && image.codec != Codec::Jpeg {
        raw.to_mut().iter_mut().for_each(|byte| *byte = byte.reverse_bits());
    }
    let mut data = codecs::decode(image, &raw, rows)?;
    drop(raw);
    predictors::undo(image, &mut data)?;
    if image.photometric == photometric::CMYK {
        let (pixels, _) = data.as_chunks::<4>();
        data = pixels.iter().flat_map(|&ink| rgb_of_inks(ink)).collect();
        return Ok(Block { data, stride: image.block_width as usize * 3, samples: 3 });
    }
    Ok(Block { data, stride, samples: image.samples_in_block() })
}

/// Without a colour profile each ink takes its colour away.
fn rgb_of_inks([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; 3] {
    let light = |ink: u8| ((255 - u16::from(ink)) * (255 - u16::from(black)) + 127) / 255;
    [light(cyan), light(magenta), light(yellow)].map(|value| value as u8)
}
