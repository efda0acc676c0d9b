//! Good files of every format, colour type and depth that is accepted.

use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, ImageFormat, RgbaImage};

use super::png;

/// A good file.
pub struct Original {
    pub format: ImageFormat,
    pub bytes: Vec<u8>,
}

const WIDTH_PX: u32 = 40;
const HEIGHT_PX: u32 = 24;

/// Of the rasters' fixtures, which are many, every so many-th.
const RASTERS_BY: usize = 3;

/// The fixtures that can be read, and what the encoders write of one picture.
pub fn all() -> Vec<Original> {
    let mut originals = fixtures("images", 1);
    originals.extend(fixtures("raster", RASTERS_BY));
    for (image, formats) in variants() {
        for format in formats {
            let mut bytes = Cursor::new(Vec::new());
            image.write_to(&mut bytes, format).expect("the encoder takes this colour type");
            originals.push(Original { format, bytes: bytes.into_inner() });
        }
    }
    originals.extend(png::legal_kinds().map(|bytes| Original { format: ImageFormat::Png, bytes }));
    originals
}

fn fixtures(folder: &str, by: usize) -> Vec<Original> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    // The order in which a disk lists them would make other files on other machines.
    paths.sort();
    paths
        .into_iter()
        .step_by(by)
        .filter_map(|path| {
            let bytes = std::fs::read(path).unwrap();
            tilelens::tile::decode(&bytes).ok()?;
            // BigTIFF is not known to all.
            let format = image::guess_format(&bytes).unwrap_or(ImageFormat::Tiff);
            Some(Original { format, bytes })
        })
        .collect()
}

/// The picture in every colour type, and the formats that have it.
fn variants() -> Vec<(DynamicImage, Vec<ImageFormat>)> {
    use ImageFormat::{Bmp, Gif, Png, WebP};
    let picture = DynamicImage::from(RgbaImage::from_fn(WIDTH_PX, HEIGHT_PX, |x, y| {
        let [across, down] = [x * 255 / WIDTH_PX, y * 255 / HEIGHT_PX].map(|value| value as u8);
        image::Rgba([across, down, across ^ down, if x < y { 255 } else { down }])
    }));
    vec![
        (picture.to_luma8().into(), vec![Png, Bmp]),
        (picture.to_luma_alpha8().into(), vec![Png]),
        (picture.to_rgb8().into(), vec![Png, WebP, Gif, Bmp]),
        (picture.to_rgba8().into(), vec![Png, WebP, Gif, Bmp]),
        (picture.to_luma16().into(), vec![Png]),
        (picture.to_luma_alpha16().into(), vec![Png]),
        (picture.to_rgb16().into(), vec![Png]),
        (picture.to_rgba16().into(), vec![Png]),
    ]
}
