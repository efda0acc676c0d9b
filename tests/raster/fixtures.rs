//! Every fixture gives what GDAL reads of it (`tests/fixtures/raster/make_fixtures.py`).

use std::path::PathBuf;

use serde::Deserialize;
use sha2::{Digest, Sha256};
use tilelens::raster::{Colour, Raster, Window};

/// What GDAL reads of a file.
#[derive(Deserialize)]
struct Expected {
    file: String,
    width: u32,
    height: u32,
    bands: usize,
    numbers: String,
    some_numbers: Vec<f64>,
    tolerance: f64,
    colours: Vec<String>,
    no_data: Option<f64>,
    no_data_is_nan: bool,
    transform: Option<[f64; 6]>,
    epsg: Option<u32>,
    is_point: bool,
    names: Vec<Option<String>>,
    scales: Vec<f64>,
    offsets: Vec<f64>,
    control_points: usize,
    overviews: Vec<Overview>,
    mask: Option<String>,
}

#[derive(Deserialize)]
struct Overview {
    width: u32,
    height: u32,
    numbers: String,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/raster")
}

/// The bytes of a fixture.
pub fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// All fixtures, by name.
pub fn names() -> Vec<String> {
    expected().into_iter().map(|expected| expected.file).collect()
}

fn expected() -> Vec<Expected> {
    serde_json::from_slice(&std::fs::read(folder().join("expected.json")).unwrap()).unwrap()
}

/// Of the numbers of all bands, with one kind of NaN.
fn digest<'a>(bands: impl IntoIterator<Item = &'a Vec<f64>>) -> String {
    let mut sum = Sha256::new();
    for value in bands.into_iter().flatten() {
        sum.update(if value.is_nan() { f64::NAN } else { *value }.to_le_bytes());
    }
    sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn numbers_of_every_layout_codec_and_type_are_gdals() {
    for expected in expected() {
        let name = &expected.file;
        let bytes = fixture(name);
        let mut raster = Raster::open(&bytes[..]).unwrap_or_else(|error| panic!("{name}: {error}"));
        let (width, height) = (raster.description().width, raster.description().height);
        // What colours ink makes is for each program to say: GDAL leaves inks as they are.
        if name == "cmyk.tif" {
            continue;
        }
        assert_eq!(
            (width, height, raster.description().bands.len()),
            (expected.width, expected.height, expected.bands),
            "{name}"
        );
        let bands: Vec<usize> = (0..expected.bands).collect();
        let read = raster
            .read(0, Window::all(width, height), &bands)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        if expected.tolerance == 0.0 {
            assert_eq!(digest(&read.bands), expected.numbers, "{name}: {:?} …", &read.bands[0][..8]);
        } else {
            let places = (0..expected.bands).flat_map(|band| (0..height).step_by(5).map(move |y| (band, y)));
            let places = places
                .flat_map(|(band, y)| (0..width).step_by(5).map(move |x| (band, (y * width + x) as usize)));
            for ((band, pixel), wanted) in places.zip(&expected.some_numbers) {
                let found = read.bands[band][pixel];
                assert!(
                    (found - wanted).abs() <= expected.tolerance,
                    "{name}, band {band}, pixel {pixel}: {found}, not {wanted}"
                );
            }
        }
        for (level, overview) in expected.overviews.iter().enumerate() {
            let window = Window::all(overview.width, overview.height);
            let read =
                raster.read(level + 1, window, &bands).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(digest(&read.bands), overview.numbers, "{name}, overview {level}");
        }
        if let Some(mask) = &expected.mask {
            let alpha = raster.description().bands.iter().position(|band| band.colour == Colour::Alpha);
            let data: Vec<f64> = match alpha {
                Some(alpha) => {
                    read.bands[alpha].iter().map(|&alpha| f64::from(u8::from(alpha > 0.0))).collect()
                }
                None => read.valid.iter().map(|&valid| f64::from(u8::from(valid))).collect(),
            };
            assert_eq!(&digest([&data]), mask, "the mask of {name}");
        }
    }
}

#[test]
fn what_stands_beside_the_numbers_is_what_gdal_says() {
    for expected in expected() {
        let name = &expected.file;
        let bytes = fixture(name);
        let raster = Raster::open(&bytes[..]).unwrap();
        let description = raster.description();
        let place = &description.georeference;
        let close = |a: Option<[f64; 6]>, b: Option<[f64; 6]>| match (a, b) {
            (None, None) => true,
            (Some(a), Some(b)) => a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-9 * b.abs().max(1.0)),
            _ => false,
        };
        assert!(
            close(place.transform, expected.transform),
            "{name}: {:?}, not {:?}",
            place.transform,
            expected.transform
        );
        assert_eq!(place.epsg(), expected.epsg, "{name}");
        assert_eq!(place.pixel_is_point, expected.is_point, "{name}");
        assert_eq!(place.control_points, expected.control_points, "{name}");
        let sizes: Vec<_> =
            expected.overviews.iter().map(|overview| [overview.width, overview.height]).collect();
        assert_eq!(description.overviews, sizes, "{name}");
        if name == "cmyk.tif" {
            continue;
        }
        for (index, band) in description.bands.iter().enumerate() {
            let metadata = &band.metadata;
            assert_eq!(metadata.name, expected.names[index], "{name}");
            assert_eq!(metadata.scale.unwrap_or(1.0), expected.scales[index], "{name}");
            assert_eq!(metadata.offset.unwrap_or(0.0), expected.offsets[index], "{name}");
            assert_eq!(metadata.no_data.is_some_and(f64::is_nan), expected.no_data_is_nan, "{name}");
            // GDAL rounds it to the type of the band.
            let no_data = metadata.no_data.filter(|value| !value.is_nan()).map(|value| value as f32);
            assert_eq!(no_data, expected.no_data.map(|value| value as f32), "{name}");
            let colour = match expected.colours[index].as_str() {
                "gray" => Colour::Grey,
                "palette" => Colour::Palette,
                "red" => Colour::Red,
                "green" => Colour::Green,
                "blue" => Colour::Blue,
                "alpha" => Colour::Alpha,
                _ => Colour::Undefined,
            };
            // GDAL shows white-is-zero and black-and-white files by a palette that it makes up.
            if band.colour == Colour::Grey && colour == Colour::Palette {
                continue;
            }
            assert_eq!(band.colour, colour, "{name}, band {index}");
        }
    }
}
