//! Small files that unpack to a thousand times their size.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::originals::Original;
use super::png::{self, Header};

const MEGABYTE: u64 = 1 << 20;

fn header(width: u32, height: u32, depth: u8, colour: u8) -> Header {
    Header { width, height, depth, colour, interlace: 0 }
}

/// The bomb is beside the picture, or the picture claims less or more than there is.
pub fn small(_: &[Original], random: &mut ChaCha8Rng) -> Vec<u8> {
    let tiny = header(32, 32, 8, 2);
    let picture = png::chunk(b"IDAT", &png::zeros(tiny.data_bytes()));
    let packed = png::zeros([8, 24, 48][random.random_range(0..3)] * MEGABYTE);
    match random.random_range(0..6) {
        0 => png::file(tiny, &[png::chunk(b"iCCP", &[&b"profile\0\0"[..], &packed].concat()), picture]),
        1 => png::file(tiny, &[png::chunk(b"zTXt", &[&b"Comment\0\0"[..], &packed].concat()), picture]),
        2 => {
            png::file(tiny, &[png::chunk(b"iTXt", &[&b"Comment\0\x01\0\0\0"[..], &packed].concat()), picture])
        }
        // More data than rows.
        3 => png::file(tiny, &[png::chunk(b"IDAT", &packed)]),
        // More rows than data: 20,000 x 20,000, and what only just is no longer too large.
        4 => png::file(header(20_000, 20_000, 8, 2), &[png::chunk(b"IDAT", &packed)]),
        _ => png::file(header(7_071, 7_071, 16, 6), &[picture]),
    }
}

/// The largest pictures that are accepted, with all their data.
pub fn large(_: &[Original], random: &mut ChaCha8Rng) -> Vec<u8> {
    png::speckled(largest(random))
}

/// The same, black all over.
pub fn large_bomb(_: &[Original], random: &mut ChaCha8Rng) -> Vec<u8> {
    png::black(largest(random))
}

/// In the colour types that need most memory.
fn largest(random: &mut ChaCha8Rng) -> Header {
    let (depth, colour) = [(8, 0), (8, 2), (8, 6), (16, 2), (16, 6)][random.random_range(0..5)];
    header(7_071, 7_071, depth, colour)
}
