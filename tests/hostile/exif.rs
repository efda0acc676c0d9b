//! JPEG files with an EXIF block that is deep, endless or a lie (Exif 2.32, section 4.5; TIFF 6.0, section 2).

use image::ImageFormat;
use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::damage::pick_of;
use super::originals::Original;

const ORIENTATION: u16 = 0x0112;
const EXIF_DIRECTORY: u16 = 0x8769;
const LONGEST_SEGMENT: usize = 65_533;

/// An entry of a directory: tag, type, count, value or offset.
fn entry(tag: u16, kind: u16, count: u32, value: u32) -> Vec<u8> {
    [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value.to_le_bytes()].concat()
}

fn directory(entries: &[Vec<u8>], next: u32) -> Vec<u8> {
    [&(entries.len() as u16).to_le_bytes()[..], &entries.concat(), &next.to_le_bytes()].concat()
}

pub fn deep(originals: &[Original], random: &mut ChaCha8Rng) -> Vec<u8> {
    const FIRST: u32 = 8;
    let tiff = match random.random_range(0..5) {
        // Follows itself.
        0 => directory(&[entry(ORIENTATION, 3, 1, 6), entry(EXIF_DIRECTORY, 4, 1, FIRST)], FIRST),
        // A chain of directories to the end of the segment, each within the other.
        1 => (0..3_000u32)
            .flat_map(|level| {
                directory(&[entry(EXIF_DIRECTORY, 4, 1, FIRST + 18 * (level + 1))], FIRST + 18 * (level + 1))
            })
            .collect(),
        // Says that it has more entries than there are bytes.
        2 => [&u16::MAX.to_le_bytes()[..], &entry(ORIENTATION, 3, 1, 8)].concat(),
        // Values without end, and elsewhere.
        3 => {
            directory(&[entry(ORIENTATION, random.random_range(0..20), u32::MAX, random.random())], u32::MAX)
        }
        // A way up that does not exist, or does.
        _ => directory(&[entry(ORIENTATION, random.random_range(0..14), 1, random.random_range(0..12))], 0),
    };
    let mut payload = [&b"Exif\0\0II*\0"[..], &FIRST.to_le_bytes(), &tiff].concat();
    payload.truncate(LONGEST_SEGMENT);
    let segment = [&[0xff, 0xe1][..], &(payload.len() as u16 + 2).to_be_bytes(), &payload].concat();
    let mut bytes = pick_of(originals, ImageFormat::Jpeg, random).to_vec();
    let times = random.random_range(1..4);
    bytes.splice(2..2, segment.repeat(times));
    bytes
}
