//! A picture as a scene: JPEG, PNG and their like can only be decoded as a whole, so that they become a TIFF of which
//! windows can be read, with overviews.

use std::io::{Cursor, Seek, Write};

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use tiff::TiffResult;
use tiff::encoder::colortype::RGB8;
use tiff::encoder::compression::DeflateLevel;
use tiff::encoder::{Compression, TiffEncoder, TiffKind};
use tiff::tags::{ExtraSamples, Tag};

use crate::tile::{Picture, TileError, decode_picture};

/// Overviews are halved until they are no longer than that.
const SMALLEST_OVERVIEW_PX: u32 = 512;
/// Few rows a strip: a window does not decode much that it does not need.
const ROWS_A_STRIP: u32 = 32;

/// The picture as a TIFF. What is without data is transparent. It stands as its EXIF orientation says, unless a world file
/// `is_beside` it, which is about the pixels as they are stored.
///
/// # Errors
///
/// [`TileError`] saying what is wrong with the picture.
pub fn tiff_of_picture(bytes: &[u8], is_beside: bool) -> Result<Vec<u8>, TileError> {
    let Picture { mut size_px, mut pixels, has_opacity } = decode_picture(bytes, !is_beside)?;
    let mut file = Cursor::new(Vec::new());
    let fault = |_| TileError::Decoder("TIFF");
    let mut encoder = TiffEncoder::new(&mut file)
        .map_err(fault)?
        .with_compression(Compression::Deflate(DeflateLevel::Fast));
    let mut is_overview = false;
    loop {
        write(&mut encoder, size_px, &pixels, has_opacity, is_overview).map_err(fault)?;
        if size_px[0].max(size_px[1]) <= SMALLEST_OVERVIEW_PX {
            return Ok(file.into_inner());
        }
        (size_px, pixels) = halved(size_px, pixels, has_opacity);
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

/// Half as wide and high, each pixel the mean of four.
fn halved(size_px: [u32; 2], pixels: Vec<u8>, has_opacity: bool) -> ([u32; 2], Vec<u8>) {
    let kind = if has_opacity { PixelType::U8x4 } else { PixelType::U8x3 };
    let half = size_px.map(|side| side.div_ceil(2));
    let whole = ImageRef::new(size_px[0], size_px[1], &pixels, kind)
        .expect("the pixels are as many as the picture has");
    let mut smaller = Image::new(half[0], half[1], kind);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Box));
    Resizer::new().resize(&whole, &mut smaller, &options).expect("both are of one kind");
    (half, smaller.into_vec())
}
