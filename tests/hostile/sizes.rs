//! Files whose header tells of other sizes than they have.

use image::ImageFormat;
use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::damage::pick_of;
use super::originals::Original;
use super::png::{self, Header};

/// Sizes that overflow, that fit no memory, and that only just do.
const SIZES: [u32; 14] = [
    0,
    1,
    7,
    8,
    0x7f,
    0xff,
    0x1000,
    0x7fff,
    0xffff,
    0x1_0000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fffe,
    0xffff_ffff,
];

pub fn lying(originals: &[Original], random: &mut ChaCha8Rng) -> Vec<u8> {
    use ImageFormat::{Bmp, Gif, Jpeg, Png, Tiff, WebP};
    let format = [Png, Jpeg, Gif, Bmp, WebP, Tiff][random.random_range(0..6)];
    let mut bytes = pick_of(originals, format, random).to_vec();
    let mut size = || SIZES[random.random_range(0..SIZES.len())];
    match format {
        Png => {
            let [width, height] = [size(), size()];
            bytes[16..20].copy_from_slice(&width.to_be_bytes());
            bytes[20..24].copy_from_slice(&height.to_be_bytes());
            let repaired = png::chunk(b"IHDR", &bytes[16..29]);
            bytes[8..33].copy_from_slice(&repaired);
        }
        Jpeg => {
            // Of the frame header: marker, length, precision, height, width (ITU T.81, B.2.2).
            if let Some(frame) = bytes.windows(2).position(|pair| matches!(pair, [0xff, 0xc0..=0xc2])) {
                bytes[frame + 5..frame + 7].copy_from_slice(&(size() as u16).to_be_bytes());
                bytes[frame + 7..frame + 9].copy_from_slice(&(size() as u16).to_be_bytes());
            }
        }
        Gif => {
            // The screen, and the first frame, which may lie outside of it.
            bytes[6..8].copy_from_slice(&(size() as u16).to_le_bytes());
            bytes[8..10].copy_from_slice(&(size() as u16).to_le_bytes());
            if let Some(frame) =
                bytes.iter().position(|&byte| byte == b',').filter(|frame| frame + 9 < bytes.len())
            {
                for field in 0..4 {
                    bytes[frame + 1 + 2 * field..frame + 3 + 2 * field]
                        .copy_from_slice(&(size() as u16).to_le_bytes());
                }
            }
        }
        Bmp => {
            // A negative height is a picture from top to bottom.
            for field in [10, 14, 18, 22, 34, 46] {
                if random.random_bool(0.4) {
                    let size = SIZES[random.random_range(0..SIZES.len())];
                    bytes[field..field + 4].copy_from_slice(&size.to_le_bytes());
                }
            }
        }
        WebP => {
            // Lengths of the file and of its first chunk, and the canvas behind them.
            for field in [4, 16, 20, 24, 26] {
                if random.random_bool(0.5) {
                    let size = SIZES[random.random_range(0..SIZES.len())];
                    bytes[field..field + 4].copy_from_slice(&size.to_le_bytes());
                }
            }
        }
        _ => lying_tags(&mut bytes, random),
    }
    bytes
}

/// Types, counts and values in the first directory of a TIFF file (TIFF 6.0, section 2).
fn lying_tags(bytes: &mut [u8], random: &mut ChaCha8Rng) {
    let Some(directory) =
        bytes.get(4..8).map(|offset| u32::from_le_bytes(offset.try_into().unwrap()) as usize)
    else {
        return;
    };
    let Some(entries) = bytes
        .get(directory..directory + 2)
        .map(|count| usize::from(u16::from_le_bytes([count[0], count[1]])))
    else {
        return;
    };
    for _ in 0..random.random_range(1..4) {
        let entry = directory + 2 + 12 * random.random_range(0..entries.max(1));
        let field = entry + [2, 4, 8][random.random_range(0..3)];
        if let Some(value) = bytes.get_mut(field..field + 4) {
            value.copy_from_slice(&SIZES[random.random_range(0..SIZES.len())].to_le_bytes());
        }
    }
}

/// One pixel or a few across, and as long as it gets.
pub fn thin(_: &[Original], random: &mut ChaCha8Rng) -> Vec<u8> {
    let side = [1, 7, 8][random.random_range(0..3)];
    let length = [100_000, 1_000_000, 6_000_000][random.random_range(0..3)];
    let (width, height) = if random.random_bool(0.5) { (side, length) } else { (length, side) };
    png::black(Header { width, height, depth: 8, colour: 0, interlace: 0 })
}
