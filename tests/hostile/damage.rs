//! What happens to files on disks and on the way, and what people do to them on purpose.

use image::ImageFormat;
use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::originals::Original;

/// Headers lie here: half of all damage is done to them.
const HEADER_BYTES: usize = 64;

pub fn pick<'a>(originals: &'a [Original], random: &mut ChaCha8Rng) -> &'a Original {
    &originals[random.random_range(0..originals.len())]
}

/// A place in the file, as often in its header as in all of it.
fn place(bytes: &[u8], random: &mut ChaCha8Rng) -> usize {
    let end = if random.random_bool(0.5) { bytes.len().min(HEADER_BYTES) } else { bytes.len() };
    random.random_range(0..end)
}

pub fn untouched(originals: &[Original], random: &mut ChaCha8Rng) -> Vec<u8> {
    pick(originals, random).bytes.clone()
}

pub fn flipped_bits(originals: &[Original], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = untouched(originals, random);
    for _ in 0..1 << random.random_range(0..7) {
        let place = place(&bytes, random);
        bytes[place] ^= 1 << random.random_range(0..8);
    }
    bytes
}

/// Some bytes in a row become zeros, ones or noise.
pub fn runs(originals: &[Original], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = untouched(originals, random);
    for _ in 0..random.random_range(1..4) {
        let start = place(&bytes, random);
        let end = bytes.len().min(start + random.random_range(1..64));
        match random.random_range(0..3) {
            0 => bytes[start..end].fill(0x00),
            1 => bytes[start..end].fill(0xff),
            _ => random.fill(&mut bytes[start..end]),
        }
    }
    bytes
}

pub fn cut(originals: &[Original], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = untouched(originals, random);
    bytes.truncate(random.random_range(0..bytes.len()));
    bytes
}

/// The beginning of one file before the end of another.
pub fn spliced(originals: &[Original], random: &mut ChaCha8Rng) -> Vec<u8> {
    let head = untouched(originals, random);
    let tail = untouched(originals, random);
    let head_end = place(&head, random);
    // At the same place the fields of two files of one format stand under one another.
    let tail_start =
        if random.random_bool(0.5) { head_end.min(tail.len()) } else { random.random_range(0..tail.len()) };
    [&head[..head_end], &tail[tail_start..]].concat()
}

/// A piece stands elsewhere in the file, and its neighbours close up.
pub fn moved(originals: &[Original], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = untouched(originals, random);
    let start = place(&bytes, random);
    let end = random.random_range(start..bytes.len());
    let piece: Vec<u8> = bytes.drain(start..=end).collect();
    let to = random.random_range(0..=bytes.len());
    bytes.splice(to..to, piece);
    bytes
}

/// A piece comes again and again.
pub fn repeated(originals: &[Original], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = untouched(originals, random);
    let start = place(&bytes, random);
    let end = bytes.len().min(start + random.random_range(1..256));
    let piece = bytes[start..end].repeat(random.random_range(1..200));
    bytes.splice(end..end, piece);
    bytes
}

/// Noise behind the first bytes of a format.
pub fn noise_after_magic(originals: &[Original], random: &mut ChaCha8Rng) -> Vec<u8> {
    let original = pick(originals, random);
    let magic = random.random_range(2..original.bytes.len().min(HEADER_BYTES));
    let mut noise = vec![0; random.random_range(0..4096)];
    random.fill(noise.as_mut_slice());
    [&original.bytes[..magic], &noise].concat()
}

/// A file that is something else as well.
pub fn polyglot(originals: &[Original], random: &mut ChaCha8Rng) -> Vec<u8> {
    const OTHERS: [&[u8]; 6] = [
        b"PK\x03\x04\x14\0\0\0\0\0\0\0!\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0a",
        b"%PDF-1.7\n1 0 obj\n<< /OpenAction << /S /JavaScript /JS (app.alert(1)) >> >>\nendobj\n%%EOF\n",
        b"<!doctype html><script>document.title = 'run'</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='document.title = 1'/>",
        b"#!/bin/sh\nexit 1\n",
        b"\0asm\x01\0\0\0",
    ];
    let image = untouched(originals, random);
    let other = if random.random_bool(0.3) {
        untouched(originals, random)
    } else {
        OTHERS[random.random_range(0..OTHERS.len())].to_vec()
    };
    match random.random_range(0..3) {
        0 => [image, other].concat(),
        1 => [other, image].concat(),
        // In the middle, as a comment or in the data.
        _ => {
            let middle = place(&image, random);
            [&image[..middle], &other, &image[middle..]].concat()
        }
    }
}

/// The originals of one format.
pub fn pick_of<'a>(originals: &'a [Original], format: ImageFormat, random: &mut ChaCha8Rng) -> &'a [u8] {
    let of_format: Vec<_> = originals.iter().filter(|original| original.format == format).collect();
    &of_format[random.random_range(0..of_format.len())].bytes
}
