//! Maps of scenes: where they lie, what they say, and how they are written.

#![cfg(not(target_family = "wasm"))]

#[path = "scene/maps.rs"]
mod maps;
#[path = "scene/places.rs"]
mod places;
#[path = "scene/vectors.rs"]
mod vectors;

use tilelens::raster::{Description, GeoKeys, Georeference, Raster, Transform};
use tilelens::scene::{Answer, ClassMap, Grid, Place, Votes};

/// GeoTIFF's keys for a CRS by its EPSG code.
fn keys(epsg: u16) -> GeoKeys {
    let geographic = (4000..5000).contains(&epsg) || epsg == 7844;
    let (model, crs, unit) = if geographic { (2, 2048, [2054, 9102]) } else { (1, 3072, [3076, 9001]) };
    let entries = [[1024, model], [1025, 1], [crs, epsg], unit];
    let mut directory = vec![1, 1, 1, entries.len() as u16];
    let mut entries = entries.to_vec();
    entries.sort_unstable();
    directory.extend(entries.into_iter().flat_map(|[key, value]| [key, 0, 1, value]));
    GeoKeys { directory, ..GeoKeys::default() }
}

/// A raster of `width × height` somewhere.
fn description(keys: GeoKeys, transform: Option<Transform>, [width, height]: [u32; 2]) -> Description {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/raster/no-place.tif");
    let bytes = std::fs::read(file).unwrap();
    let described = Raster::open(&bytes[..]).unwrap().description().clone();
    let pixel_is_point = keys.directory.chunks(4).any(|entry| entry[..1] == [1025] && entry[3] == 2);
    let georeference = Georeference { keys, transform, pixel_is_point, control_points: 0 };
    Description { width, height, georeference, ..described }
}

fn place(epsg: u16, transform: Transform, size: [u32; 2]) -> Place {
    Place::of(&description(keys(epsg), Some(transform), size))
}

const LABELS: [&str; 3] = ["Forest", "River & \"lake\", <wet>", "Wald – grün"];

fn labels() -> Vec<String> {
    LABELS.map(String::from).into()
}

/// A map whose windows are as drawn: a digit is a class of 80 %, a dot has no data.
fn map(grid: &Grid, drawn: &str) -> ClassMap {
    let mut votes = Votes::new(grid.clone(), labels()).unwrap();
    let drawn: Vec<char> = drawn.chars().filter(|letter| !letter.is_whitespace()).collect();
    assert_eq!(drawn.len(), grid.windows());
    for (window, letter) in drawn.into_iter().enumerate() {
        let scores = |class| (0..3).map(|other| if other == class { 0.8 } else { 0.1 }).collect();
        let answer = letter.to_digit(10).map_or(Answer::NoData, |class| Answer::Scores(scores(class)));
        votes.add(window, &answer, &[]);
    }
    votes.finish()
}
