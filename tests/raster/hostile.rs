//! Damaged rasters of every layout: a sentence, and neither a panic nor much memory.

use std::panic::catch_unwind;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use tilelens::tile::decode;

use super::fixtures::{fixture, names};

const EACH: u64 = 40;

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

#[test]
fn damaged_rasters_are_read_or_refused_in_a_sentence() {
    let (mut read, mut refused) = (0, 0);
    for (index, name) in names().into_iter().enumerate() {
        let whole = fixture(&name);
        for number in 0..EACH {
            let mut random = ChaCha8Rng::seed_from_u64(index as u64 * EACH + number);
            let bytes = damaged(&whole, &mut random);
            let result = catch_unwind(|| decode(&bytes));
            match result.unwrap_or_else(|_| panic!("{name}, damaged by {number}, makes the reader panic")) {
                Ok(tile) => {
                    assert_eq!(tile.rgb.len(), (tile.width_px * tile.height_px * 3) as usize);
                    read += 1;
                }
                Err(error) => {
                    let sentence = error.to_string();
                    assert!(
                        sentence.contains(' ') && !sentence.contains('\n') && sentence.len() < 400,
                        "{name}, {number}: {sentence:?}"
                    );
                    refused += 1;
                }
            }
        }
    }
    // Damage that is always found, or never, would test nothing.
    assert!(read > 200 && refused > 200, "{read} read, {refused} refused");
}
