//! fast_image_resize for RGB pixels.

use fast_image_resize::images::{Image, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

/// A picture's pixels, row by row.
#[derive(Debug, Clone, Copy)]
pub struct RgbPixels<'a> {
    /// Pixels of a row.
    pub width_px: u32,
    /// Rows.
    pub height_px: u32,
    /// `width_px × height_px × 3` bytes.
    pub rgb: &'a [u8],
}

/// How the value between pixels is found. Where a picture shrinks, both are widened, as Pillow's are: antialiased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// A triangle of two pixels.
    Bilinear,
    /// A cubic of four pixels, smoother where a picture grows.
    CatmullRom,
}

/// A part of `picture`, given as left, top, width and height in its pixels, as `width_px × height_px` RGB pixels: three
/// bytes each, row by row.
///
/// # Panics
///
/// When `picture` has not the bytes of its pixels, has none, or the part does not lie in it.
pub fn resize(
    picture: RgbPixels<'_>,
    [left, top, width, height]: [f64; 4],
    width_px: u32,
    height_px: u32,
    filter: Filter,
) -> Vec<u8> {
    let source = TypedImageRef::<U8x3>::from_buffer(picture.width_px, picture.height_px, picture.rgb)
        .expect("a picture has the bytes of its pixels");
    let mut target = Image::new(width_px, height_px, PixelType::U8x3);
    let mut pixels = target.typed_image_mut::<U8x3>().expect("just made of that type");
    let filter = match filter {
        Filter::Bilinear => FilterType::Bilinear,
        Filter::CatmullRom => FilterType::CatmullRom,
    };
    let options =
        ResizeOptions::new().crop(left, top, width, height).resize_alg(ResizeAlg::Convolution(filter));
    Resizer::new().resize_typed(&source, &mut pixels, &options).expect("both have pixels");
    target.into_vec()
}
