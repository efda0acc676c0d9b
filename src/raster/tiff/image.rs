//! One directory, understood: size, kind of numbers, and where its blocks are.

use super::super::{RasterError, Source};
use super::codecs::Codec;
use super::directory::{ByteOrder, Directory};
use super::tags::{self, photometric};

/// More blocks than a raster of a terapixel in tiles of 512 has.
const MOST_BLOCKS: u64 = 8 << 20;

/// The largest block that is decoded at once, in bytes: one strip of 50 megapixels with four channels of 16 bits.
const LARGEST_BLOCK_BYTES: u64 = 400 << 20;

/// Uncompressed strips larger than this are read row by row.
const CHOPPED_STRIP_BYTES: u64 = 256 << 10;

/// What the bits of a number mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleKind {
    /// Whole numbers from 0 on.
    Unsigned,
    /// Whole numbers below and above 0, in two's complement.
    Signed,
    /// Floating-point numbers (IEEE 754).
    Float,
}

/// An image of a TIFF file.
#[derive(Debug, Clone)]
pub struct Image {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Numbers a pixel, as they come out of a block.
    pub samples: usize,
    /// Bits a number.
    pub bits: u32,
    pub kind: SampleKind,
    pub photometric: u16,
    pub codec: Codec,
    pub extra_samples: Vec<u64>,
    /// Red, green and blue of each index, 16 bits each; empty without a palette.
    pub palette: Vec<[u16; 3]>,
    /// EXIF's orientation.
    pub orientation: u64,
    pub subfile_type: u64,
    pub tiled: bool,
    /// Whether each band has blocks of its own.
    pub planar: bool,
    /// Width of a block in pixels.
    pub block_width: u32,
    /// Height of a block in pixels; the last strip may have fewer.
    pub block_height: u32,
    pub(super) order: ByteOrder,
    pub(super) reversed_bits: bool,
    pub(super) predictor: u64,
    pub(super) jpeg_tables: Vec<u8>,
    /// Whether JPEG holds YCbCr, which its decoder then turns into RGB.
    pub(super) jpeg_is_ycbcr: bool,
    /// With which codec LERC's blobs are compressed once more.
    pub(super) lerc_inner: u64,
    /// Options of CCITT Group 3.
    pub(super) t4_options: u64,
    /// Numbers a pixel in the file, before inks become colours.
    pub(super) stored_samples: usize,
    /// Offset and length of each block: plane by plane, row by row.
    pub(super) blocks: Vec<(u64, u64)>,
}

impl Image {
    /// Whether its numbers are unsigned ones of up to 16 bits.
    pub fn fits_u16(&self) -> bool {
        self.kind == SampleKind::Unsigned && self.bits <= 16
    }

    /// Reads what a directory says.
    ///
    /// # Errors
    ///
    /// [`RasterError`] for a contradiction, and for a kind that is not read.
    pub fn read(source: &dyn Source, directory: &Directory) -> Result<Self, RasterError> {
        let number = |tag, default| directory.number_or(source, tag, default);
        let side = |tag| match number(tag, 0)? {
            side @ 1..=0xffff_ffff => Ok(side as u32),
            side => Err(RasterError::damaged(format!("a side of {side} pixels"))),
        };
        let (width, height) = (side(tags::IMAGE_WIDTH)?, side(tags::IMAGE_LENGTH)?);
        let stored_samples = number(tags::SAMPLES_PER_PIXEL, 1)?;
        if stored_samples == 0 || stored_samples > 0xffff {
            return Err(RasterError::damaged(format!("{stored_samples} bands")));
        }
        let codec = Codec::from_tag(number(tags::COMPRESSION, 1)?)?;
        let (bits, kind) = numbers(source, directory)?;
        let photometric = number(tags::PHOTOMETRIC, u64::from(photometric::BLACK_IS_ZERO))? as u16;
        let tiled = directory.has(tags::TILE_WIDTH);
        let (block_width, block_height) = if tiled {
            (side(tags::TILE_WIDTH)?, side(tags::TILE_LENGTH)?)
        } else {
            let rows = number(tags::ROWS_PER_STRIP, u64::from(height))?.clamp(1, u64::from(height));
            (width, rows as u32)
        };
        let mut image = Self {
            width,
            height,
            samples: stored_samples as usize,
            bits,
            kind,
            photometric,
            codec,
            extra_samples: directory.numbers(source, tags::EXTRA_SAMPLES)?,
            palette: palette(source, directory, photometric)?,
            orientation: number(tags::ORIENTATION, 1)?,
            subfile_type: number(tags::NEW_SUBFILE_TYPE, 0)?,
            tiled,
            planar: number(tags::PLANAR_CONFIGURATION, 1)? == 2 && stored_samples > 1,
            block_width,
            block_height,
            order: directory.order,
            reversed_bits: number(tags::FILL_ORDER, 1)? == 2,
            predictor: number(tags::PREDICTOR, 1)?,
            jpeg_tables: directory.bytes(source, tags::JPEG_TABLES)?,
            jpeg_is_ycbcr: photometric == photometric::YCBCR,
            lerc_inner: directory.numbers(source, tags::LERC_PARAMETERS)?.get(1).copied().unwrap_or(0),
            t4_options: number(tags::T4_OPTIONS, 0)?,
            stored_samples: stored_samples as usize,
            blocks: Vec::new(),
        };
        image.check_colours()?;
        image.check_block()?;
        image.find_blocks(source, directory)?;
        Ok(image)
    }

    /// Blocks across and down.
    pub fn grid(&self) -> (u32, u32) {
        (self.width.div_ceil(self.block_width), self.height.div_ceil(self.block_height))
    }

    /// Rows of the blocks in this row of blocks.
    pub fn rows_of(&self, row: u32) -> u32 {
        if self.tiled {
            self.block_height
        } else {
            self.block_height.min(self.height - row * self.block_height)
        }
    }

    /// Numbers a pixel in one stored block.
    pub(super) fn stored_in_block(&self) -> usize {
        if self.planar { 1 } else { self.stored_samples }
    }

    /// Numbers a pixel in one decoded block.
    pub(super) fn samples_in_block(&self) -> usize {
        if self.planar { 1 } else { self.samples }
    }

    /// Bytes of a row of a stored block, padded to whole bytes.
    pub(super) fn stride(&self) -> u64 {
        (u64::from(self.block_width) * self.stored_in_block() as u64 * u64::from(self.bits)).div_ceil(8)
    }

    /// YCbCr becomes RGB where JPEG does it; inks become RGB here; other colour spaces are refused.
    fn check_colours(&mut self) -> Result<(), RasterError> {
        match self.photometric {
            photometric::YCBCR if matches!(self.codec, Codec::Jpeg | Codec::WebP) => {
                self.photometric = photometric::RGB
            }
            photometric::YCBCR => return Err(RasterError::Layout("YCbCr colours outside of JPEG".into())),
            photometric::CMYK if self.bits == 8 && self.samples == 4 && !self.planar => self.samples = 3,
            photometric::CMYK => return Err(RasterError::Layout("CMYK inks of this kind".into())),
            photometric::CIELAB | photometric::ICCLAB | photometric::ITULAB => {
                return Err(RasterError::Layout("CIE L*a*b* colours".into()));
            }
            photometric::PALETTE if self.palette.is_empty() => {
                return Err(RasterError::damaged("it has a palette without colours"));
            }
            _ => {}
        }
        Ok(())
    }

    fn check_block(&self) -> Result<(), RasterError> {
        let bytes = self.stride().checked_mul(u64::from(self.block_height));
        let chopped = self.codec == Codec::None && !self.tiled;
        match bytes {
            Some(bytes) if bytes <= LARGEST_BLOCK_BYTES => Ok(()),
            _ if chopped && self.stride() <= LARGEST_BLOCK_BYTES => Ok(()),
            _ => Err(RasterError::TooLarge(format!(
                "{} × {} pixels of {} numbers",
                self.block_width,
                self.block_height,
                self.stored_in_block()
            ))),
        }
    }

    fn find_blocks(&mut self, source: &dyn Source, directory: &Directory) -> Result<(), RasterError> {
        let (offsets_tag, counts_tag) = if self.tiled {
            (tags::TILE_OFFSETS, tags::TILE_BYTE_COUNTS)
        } else {
            (tags::STRIP_OFFSETS, tags::STRIP_BYTE_COUNTS)
        };
        let (across, down) = self.grid();
        let planes = if self.planar { self.stored_samples as u64 } else { 1 };
        let count = u64::from(across) * u64::from(down);
        let count = count.checked_mul(planes).filter(|&count| count <= MOST_BLOCKS);
        let count = count.ok_or_else(|| RasterError::TooLarge("too many small ones".into()))? as usize;
        let offsets = directory.numbers(source, offsets_tag)?;
        if offsets.len() < count {
            return Err(RasterError::damaged(format!("{} of its {count} blocks are there", offsets.len())));
        }
        let mut counts = directory.numbers(source, counts_tag)?;
        if counts.len() < count {
            if self.codec != Codec::None {
                return Err(RasterError::damaged("the lengths of its blocks are missing"));
            }
            let rows =
                |index: usize| u64::from(self.rows_of((index % (count / planes as usize)) as u32 / across));
            counts = (0..count).map(|index| self.stride() * rows(index)).collect();
        }
        self.blocks = offsets.into_iter().zip(counts).take(count).collect();
        if self.codec == Codec::None && !self.tiled {
            self.chop_strips(source);
        }
        Ok(())
    }

    /// Makes small strips out of large uncompressed ones, so that a window reads only its rows.
    fn chop_strips(&mut self, source: &dyn Source) {
        let (stride, old_rows) = (self.stride(), self.block_height);
        let (_, down) = self.grid();
        if stride * u64::from(old_rows) <= CHOPPED_STRIP_BYTES {
            return;
        }
        let wanted = (CHOPPED_STRIP_BYTES / stride).max(1) as u32;
        // Strips that follow one another must each be made of whole new ones.
        let rows = if down == 1 {
            wanted
        } else {
            (1..=wanted).rev().find(|&rows| old_rows % rows == 0).unwrap_or(1)
        };
        let pieces = u64::from(self.height.div_ceil(rows)) * (self.blocks.len() as u64 / u64::from(down));
        // A file that has fewer bytes than that is cut off, which the reading of its one strip will say.
        if pieces > MOST_BLOCKS || stride.saturating_mul(u64::from(self.height)) > source.size() {
            return;
        }
        let mut chopped = Vec::with_capacity(pieces as usize);
        for (index, &(offset, bytes)) in self.blocks.iter().enumerate() {
            let strip_rows = self.rows_of(index as u32 % down);
            for first in (0..strip_rows).step_by(rows as usize) {
                let start = stride * u64::from(first);
                let needed = stride * u64::from(rows.min(strip_rows - first));
                let sparse = offset == 0 && bytes == 0;
                let piece = if sparse { (0, 0) } else { (offset.saturating_add(start), needed) };
                chopped.push(piece);
            }
        }
        self.blocks = chopped;
        self.block_height = rows;
    }
}

/// Bits a number and what they mean.
fn numbers(source: &dyn Source, directory: &Directory) -> Result<(u32, SampleKind), RasterError> {
    let same = |values: &[u64], what: &str| match values {
        [first, rest @ ..] if rest.iter().any(|other| other != first) => {
            Err(RasterError::Layout(format!("bands of different {what}")))
        }
        _ => Ok(values.first().copied()),
    };
    let bits = same(&directory.numbers(source, tags::BITS_PER_SAMPLE)?, "depth")?.unwrap_or(1);
    let format = same(&directory.numbers(source, tags::SAMPLE_FORMAT)?, "type")?.unwrap_or(1);
    const RESAVE: &str = "convert it with `gdal_translate -ot Float32 in.tif out.tif`";
    let kind = match format {
        1 | 4 => SampleKind::Unsigned,
        2 => SampleKind::Signed,
        3 => SampleKind::Float,
        5 | 6 => {
            let advice = "export the magnitude, in dB say, as one real band";
            return Err(RasterError::Numbers("complex numbers".into(), advice));
        }
        other => return Err(RasterError::damaged(format!("numbers of the unknown type {other}"))),
    };
    let known = match kind {
        SampleKind::Unsigned => matches!(bits, 1..=32 | 64),
        SampleKind::Signed => matches!(bits, 8 | 16 | 32 | 64),
        SampleKind::Float => matches!(bits, 16 | 32 | 64),
    };
    if !known {
        return Err(RasterError::Numbers(format!("numbers of {bits} bits"), RESAVE));
    }
    Ok((bits as u32, kind))
}

/// The colours of a palette: all reds, all greens, all blues (TIFF 6.0, section 5).
fn palette(
    source: &dyn Source,
    directory: &Directory,
    photometric: u16,
) -> Result<Vec<[u16; 3]>, RasterError> {
    if photometric != photometric::PALETTE {
        return Ok(Vec::new());
    }
    let values = directory.numbers(source, tags::COLOR_MAP)?;
    let count = values.len() / 3;
    Ok((0..count).map(|index| [0, 1, 2].map(|channel| values[channel * count + index] as u16)).collect())
}
