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
    let (kind, filter_px) = match filter {
        Filter::Bilinear => (FilterType::Bilinear, 1.0),
        Filter::CatmullRom => (FilterType::CatmullRom, 2.0),
    };
    // First within rows, then within columns. Between the two, values are rounded to bytes, so that the order shows: it is
    // Pillow's. Only rows within reach of the filter are needed.
    let reach = filter_px * (height / f64::from(height_px)).max(1.0) + 1.0;
    let first = (top - reach).max(0.0).floor();
    let rows = (top + height + reach).ceil().min(f64::from(picture.height_px)) - first;
    let mut narrowed = Image::new(width_px, rows as u32, PixelType::U8x3);
    convolve(&source, [left, first, width, rows], &mut narrowed, kind);
    let mut target = Image::new(width_px, height_px, PixelType::U8x3);
    let narrowed =
        TypedImageRef::<U8x3>::from_buffer(width_px, rows as u32, narrowed.buffer()).expect("just made so");
    convolve(&narrowed, [0.0, top - first, f64::from(width_px), height], &mut target, kind);
    target.into_vec()
}

fn convolve(
    source: &TypedImageRef<'_, U8x3>,
    [left, top, width, height]: [f64; 4],
    target: &mut Image<'_>,
    kind: FilterType,
) {
    let options =
        ResizeOptions::new().crop(left, top, width, height).resize_alg(ResizeAlg::Convolution(kind));
    let mut pixels = target.typed_image_mut::<U8x3>().expect("just made of that type");
    Resizer::new().resize_typed(source, &mut pixels, &options).expect("both have pixels");
}
