//! A picture as a scene: JPEG, PNG and their like can only be decoded as a whole, so that they become a TIFF of which
//! windows can be read, with overviews.

use std::io::{Cursor, Seek, Write};

use tiff::TiffResult;
use tiff::encoder::colortype::RGB8;
use tiff::encoder::compression::DeflateLevel;
use tiff::encoder::{Compression, TiffEncoder, TiffKind};
use tiff::tags::{ExtraSamples, Tag};

use crate::tile::Picture;

/// Overviews are halved until they are no longer than that.
const SMALLEST_OVERVIEW_PX: u32 = 512;
/// Few rows a strip: a window does not decode much that it does not need.
const ROWS_A_STRIP: u32 = 32;

/// The picture as a TIFF. What is without data is transparent.
///
/// # Errors
///
/// None that is known: it is written into memory.
pub fn tiff_of_picture(Picture { mut size_px, mut pixels, has_opacity }: Picture) -> TiffResult<Vec<u8>> {
    let mut file = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut file)?.with_compression(Compression::Deflate(DeflateLevel::Fast));
    let mut is_overview = false;
    loop {
        write(&mut encoder, size_px, &pixels, has_opacity, is_overview)?;
        if size_px[0].max(size_px[1]) <= SMALLEST_OVERVIEW_PX {
            return Ok(file.into_inner());
        }
        (size_px, pixels) = halved(size_px, &pixels, has_opacity);
        is_overview = true;
    }
}

fn write<W: Write + Seek, K: TiffKind>(
    encoder: &mut TiffEncoder<W, K>,
    [width, height]: [u32; 2],
    pixels: &[u8],
    has_opacity: bool,
    is_overview: bool,
) -> TiffResult<()> {
    let mut image = encoder.new_image::<RGB8>(width, height)?;
    image.rows_per_strip(ROWS_A_STRIP.min(height))?;
    if is_overview {
        image.encoder().write_tag(Tag::NewSubfileType, 1_u32)?;
    }
    if has_opacity {
        image.extra_samples(&[ExtraSamples::UnassociatedAlpha])?;
    }
    image.write_data(pixels)
}

/// Half as wide and high, each pixel the mean of four; at an odd edge, of the two that are there, counted twice.
fn halved(size_px: [u32; 2], pixels: &[u8], has_opacity: bool) -> ([u32; 2], Vec<u8>) {
    let channels = if has_opacity { 4 } else { 3 };
    let [width, height] = size_px.map(|side| side as usize);
    let half = size_px.map(|side| side.div_ceil(2));
    let mut smaller = Vec::with_capacity(half[0] as usize * half[1] as usize * channels);
    for top in (0..height).step_by(2) {
        let rows = [top, (top + 1).min(height - 1)];
        for left in (0..width).step_by(2) {
            let columns = [left, (left + 1).min(width - 1)];
            for channel in 0..channels {
                let at = |row: usize, column: usize| {
                    u16::from(pixels[(row * width + column) * channels + channel])
                };
                let sum: u16 = rows.iter().flat_map(|&row| columns.map(|column| at(row, column))).sum();
                smaller.push(((sum + 2) / 4) as u8);
            }
        }
    }
    (half, smaller)
}
