//! Bad rasters, made from good ones of every layout, codec and type.

use std::path::Path;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::hostile::HostileImage;

/// The makers of hostile rasters with a seed.
pub struct HostileRasters {
    originals: Vec<(String, Vec<u8>)>,
    seed: u64,
}

impl HostileRasters {
    pub fn new(seed: u64) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/raster");
        let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut paths: Vec<_> =
            paths.filter(|path| path.extension().is_some_and(|end| end == "tif")).collect();
        paths.sort();
        let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
        let originals = paths.iter().map(|path| (name(path), std::fs::read(path).unwrap())).collect();
        Self { originals, seed }
    }

    /// The raster of that number.
    pub fn make(&self, number: u64) -> HostileImage {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed.wrapping_mul(1 << 32).wrapping_add(number));
        let (name, bytes) = &self.originals[number as usize % self.originals.len()];
        HostileImage { name: format!("{number:05}-{name}.tif"), bytes: damaged(bytes, &mut random) }
    }
}

/// Flipped bits and lies in the directory, and cuts.
fn damaged(bytes: &[u8], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let directory = bytes.get(4..8).map_or(8, |at| u32::from_le_bytes(at.try_into().unwrap()) as usize);
    for _ in 0..random.random_range(1..6) {
        match random.random_range(0..4) {
            0 => {
                let place = random.random_range(0..bytes.len());
                bytes[place] ^= 1 << random.random_range(0..8);
            }
            1 => {
                let end = random.random_range(bytes.len() / 2..=bytes.len());
                bytes.truncate(end.max(16));
            }
            // Types, counts and values of tags: what a reader believes.
            _ => {
                let place = directory.saturating_add(2 + random.random_range(0..220));
                let lie = [0, 1, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, u32::MAX, random.random()]
                    [random.random_range(0..8)];
                let bytes_of_it = random.random_range(1..=4);
                if let Some(field) = bytes.get_mut(place..place.saturating_add(bytes_of_it)) {
                    field.copy_from_slice(&lie.to_le_bytes()[..bytes_of_it]);
                }
            }
        }
    }
    bytes
}
