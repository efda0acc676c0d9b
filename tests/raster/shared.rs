//! Real rasters and files that people had trouble with, where they lie beside the repository: `../shared`.

use std::path::{Path, PathBuf};

use tilelens::ErrorCode;
use tilelens::raster::{Raster, Window};
use tilelens::tile::{Tile, TileError, decode};

fn shared(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(folder);
    let path = std::env::var_os("TILELENS_SHARED").map_or(path, |shared| PathBuf::from(shared).join(folder));
    if !path.is_dir() {
        println!("skipped: {} is not there", path.display());
        return None;
    }
    Some(path)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.is_file());
    files.sort();
    files
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

fn try_tile(path: &Path) -> Result<Tile, TileError> {
    decode(&std::fs::read(path).unwrap())
}

fn notes(tile: &Tile) -> String {
    tile.notes.iter().map(|note| note.sentence().into_owned()).collect::<Vec<_>>().join("\n")
}

/// The mean difference of levels.
fn apart(a: &Tile, b: &Tile) -> f64 {
    assert_eq!((a.width_px, a.height_px), (b.width_px, b.height_px));
    a.rgb.iter().zip(&b.rgb).map(|(&a, &b)| f64::from(a.abs_diff(b))).sum::<f64>() / a.rgb.len() as f64
}

#[test]
fn real_rasters_are_read() {
    let Some(folder) = shared("data/geotiff") else { return };
    for path in files(&folder) {
        let name = name(&path);
        let result = try_tile(&path);
        match name.as_str() {
            // Its blocks lie beyond its end.
            "corrupt.tif" => assert_eq!(result.unwrap_err().code(), "image.truncated"),
            // Three pixels by two.
            "float_nan.tif" => assert_eq!(result.unwrap_err().code(), "image.too_small"),
            // 62 megapixels are a scene and no tile, of which any window is read.
            "cog_cmap.tif" => {
                assert_eq!(result.unwrap_err().code(), "image.too_large");
                let bytes = std::fs::read(&path).unwrap();
                let mut raster = Raster::open(&bytes[..]).unwrap();
                let window = Window { x: 3000, y: 3000, width: 256, height: 256 };
                assert!(raster.read(0, window, &[0]).unwrap().bands[0].iter().all(|&index| index <= 12.0));
            }
            // Radar over a corner, and a scene at the edge of its sensor's swath.
            _ => match result {
                Ok(tile) => {
                    let (darkest, brightest) = (tile.rgb.iter().min(), tile.rgb.iter().max());
                    assert!(brightest.unwrap() - darkest.unwrap() > 100, "{name} is nearly one colour");
                }
                Err(TileError::NoData { share }) => assert!(share > 0.5, "{name}"),
                Err(error) => panic!("{name}: {error}"),
            },
        }
    }
}

#[test]
fn four_bands_look_like_their_first_three() {
    let Some(folder) = shared("cases/02-naip-four-bands/input") else { return };
    let reference = try_tile(&folder.join("forest-rgb-only.tif")).unwrap();
    for path in files(&folder).iter().filter(|path| name(path).starts_with("forest-")) {
        let tile = try_tile(path).unwrap();
        assert_eq!(tile.rgb, reference.rgb, "{}", path.display());
        let is_reference = name(path) == "forest-rgb-only.tif";
        assert!(is_reference || notes(&tile).contains("left out"), "{}: {}", path.display(), notes(&tile));
    }
}

#[test]
fn sixteen_bits_are_not_black() {
    let Some(folder) = shared("cases/03-sentinel2-uint16/input") else { return };
    for scene in ["forest", "residential"] {
        let tiles = ["rgb-uint16.tif", "rasterio-default.tif", "16bit.png"];
        let tiles = tiles.map(|kind| try_tile(&folder.join(format!("{scene}-{kind}"))).unwrap());
        for tile in &tiles {
            assert!(notes(tile).contains("from black to white"), "{}", notes(tile));
            assert!(apart(tile, &tiles[0]) < 1.0, "three ways to write one picture");
        }
    }
}

#[test]
fn one_picture_in_every_codec_is_one_picture() {
    let Some(folder) = shared("cases/06-gdal-codecs/input") else { return };
    let reference = try_tile(&folder.join("none.tif")).unwrap();
    for path in files(&folder) {
        let tile = try_tile(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let lossy = name(&path).contains("jpeg");
        if tile.width_px == reference.width_px {
            assert!(apart(&tile, &reference) <= if lossy { 6.0 } else { 0.0 }, "{}", path.display());
        }
    }
}

#[test]
fn tiled_and_band_interleaved_and_lzw_are_what_their_twins_are() {
    let pairs = [
        ("cases/32-tiled-and-band-interleaved/input", "-band.tif", "-pixel.tif"),
        ("cases/35-tiled-lzw/input", "-lzw.tif", "-deflate.tif"),
    ];
    for (folder, ending, twin) in pairs {
        let Some(folder) = shared(folder) else { return };
        let some = files(&folder).into_iter().filter(|path| name(path).ends_with(ending));
        for path in some {
            let other = folder.join(name(&path).replace(ending, twin));
            assert_eq!(try_tile(&path).unwrap().rgb, try_tile(&other).unwrap().rgb, "{}", path.display());
        }
    }
}

#[test]
fn palettes_masks_single_bands_and_floats_are_seen() {
    for folder in [
        "cases/04-eurosat-ms-and-single-bands/input",
        "cases/05-earth-engine-types/input",
        "cases/07-palette-and-bilevel-tiff/input",
    ] {
        let Some(folder) = shared(folder) else { return };
        for path in files(&folder) {
            let tile = try_tile(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let mean = tile.rgb.iter().map(|&level| f64::from(level)).sum::<f64>() / tile.rgb.len() as f64;
            assert!((30.0..225.0).contains(&mean), "{} has the mean {mean}", path.display());
        }
    }
}

#[test]
fn opacity_and_black_edges_are_no_ground() {
    let Some(folder) = shared("cases/18-nodata-alpha/input") else { return };
    let reference = try_tile(&folder.join("reference.png")).unwrap();
    for name in ["edge-tile-nodata-alpha.png", "edge-tile-nodata-black.png", "mask-band-alpha.tif"] {
        let tile = try_tile(&folder.join(name)).unwrap();
        assert!((0.3..0.5).contains(&tile.no_data_share()), "{name}: {}", tile.no_data_share());
    }
    for name in ["all-transparent-but-coloured.png", "alpha-one-of-255.png"] {
        let tile = try_tile(&folder.join(name)).unwrap();
        assert_eq!(tile.rgb, reference.rgb, "{name}");
        assert!(notes(&tile).contains("opacity is left out"), "{}", notes(&tile));
    }
}

#[test]
fn damaged_jpegs_that_are_complete_look_like_whole_ones() {
    let Some(folder) = shared("cases/08-jpeg-without-eoi/input") else { return };
    for path in files(&folder) {
        let name = name(&path);
        let scene = name.split('-').next().unwrap();
        if name.contains("half-missing") {
            assert_eq!(try_tile(&path).unwrap_err().code(), "image.truncated", "{name}");
            continue;
        }
        let tile = try_tile(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        let whole = try_tile(&folder.join(format!("{scene}-whole.jpg"))).unwrap();
        assert!(apart(&tile, &whole) < 0.5, "{name}");
        assert_eq!(notes(&tile).contains("every pixel is there"), !name.contains("whole"), "{name}");
    }
    let Some(folder) = shared("cases/33-jpeg-junk-between-segments/input") else { return };
    let whole = try_tile(&folder.join("whole.jpg")).unwrap();
    for path in files(&folder) {
        assert_eq!(try_tile(&path).unwrap(), whole, "{}", path.display());
    }
    let Some(folder) = shared("cases/36-non-interleaved-jpeg/input") else { return };
    for path in files(&folder).iter().filter(|path| name(path).contains("one-scan")) {
        let twin = folder.join(name(path).replace("one-scan-a-component", "interleaved"));
        assert!(apart(&try_tile(path).unwrap(), &try_tile(&twin).unwrap()) < 0.5, "{}", path.display());
    }
}

#[test]
fn damaged_pngs_look_as_in_a_browser() {
    let Some(folder) = shared("cases/10-png-ancillary-crc/input") else { return };
    let plain = try_tile(&folder.join("plain.png")).unwrap();
    for path in files(&folder).iter().filter(|path| name(path) != "idat-bad-adler.png") {
        let tile = try_tile(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(tile.rgb, plain.rgb, "{}", path.display());
    }
}
