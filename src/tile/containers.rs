//! What a file's container says that the decoders do not tell, or do not look at.

use std::io::Cursor;

use image::ImageFormat;
use image::codecs::{png::PngDecoder, webp::WebPDecoder};

/// Whether the file has a second frame. It is not decoded: it may say that it is of any size.
pub(super) fn is_animated(bytes: &[u8], format: ImageFormat) -> bool {
    let input = Cursor::new(bytes);
    match format {
        ImageFormat::Gif => gif_frames(bytes).nth(1).is_some(),
        ImageFormat::Png => PngDecoder::new(input).and_then(|decoder| decoder.is_apng()).unwrap_or(false),
        ImageFormat::WebP => WebPDecoder::new(input).is_ok_and(|decoder| decoder.has_animation()),
        _ => false,
    }
}

/// Where the frames of a GIF begin (GIF89a specification, sections 18 to 26).
fn gif_frames(bytes: &[u8]) -> impl Iterator<Item = usize> + '_ {
    const EXTENSION: u8 = 0x21;
    const FRAME: u8 = 0x2c;
    /// The bytes of a colour table whose size stands in these flags.
    fn table(flags: u8) -> usize {
        if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
    }
    let mut position = 13 + bytes.get(10).map_or(0, |&flags| table(flags));
    std::iter::from_fn(move || {
        loop {
            let start = position;
            let block = *bytes.get(start)?;
            position += match block {
                EXTENSION => 2,
                // The descriptor, its table, and a byte before the data.
                FRAME => 11 + table(*bytes.get(start + 9)?),
                _ => return None,
            };
            // The data come in pieces, each with its length before it; an empty one is the last.
            while let Some(length) = bytes.get(position).filter(|&&length| length > 0) {
                position += 1 + usize::from(*length);
            }
            position += 1;
            if block == FRAME {
                return Some(start);
            }
        }
    })
}

/// Marker bytes of JPEG (ITU T.81, table B.1).
mod jpeg_marker {
    pub const START_OF_SCAN: u8 = 0xda;
    pub const END_OF_IMAGE: u8 = 0xd9;
}

/// The segments between a JPEG's start and its first scan: marker, and where the payload begins.
fn jpeg_segments(bytes: &[u8]) -> impl Iterator<Item = (u8, usize)> + '_ {
    let mut position = 2;
    std::iter::from_fn(move || {
        while bytes.get(position) == Some(&0xff) && bytes.get(position + 1) == Some(&0xff) {
            position += 1;
        }
        let &[0xff, marker, high, low] = bytes.get(position..position + 4)? else {
            return None;
        };
        let payload = position + 4;
        position += 2 + usize::from(u16::from_be_bytes([high, low]));
        Some((marker, payload))
    })
}

/// Whether the end marker stands behind the first scan. The decoder fills a cut-off image with grey
/// and says nothing. Inside a scan `0xff` is always escaped, so that the marker cannot occur by chance.
pub(super) fn jpeg_is_whole(bytes: &[u8]) -> bool {
    jpeg_segments(bytes)
        .find(|&(marker, _)| marker == jpeg_marker::START_OF_SCAN)
        .and_then(|(_, scan)| bytes.get(scan..))
        .is_some_and(|scan| scan.windows(2).any(|pair| pair == [0xff, jpeg_marker::END_OF_IMAGE]))
}

/// The number of colour components in the frame header; 4 means CMYK or YCCK.
pub(super) fn jpeg_components(bytes: &[u8]) -> Option<u8> {
    // Frame headers are 0xc0 … 0xcf without the Huffman table, extension and arithmetic markers.
    let (_, payload) = jpeg_segments(bytes)
        .find(|(marker, _)| matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc))?;
    bytes.get(payload + 5).copied()
}

/// Whether a palette has whole colours, and no more than an index can name (PNG, third edition, 11.2.2). The decoder
/// takes any and panics later. Files that end within a chunk are left to it.
pub(super) fn png_palette_is_legal(bytes: &[u8]) -> bool {
    const SIGNATURE_BYTES: usize = 8;
    const COLOUR_BYTES: usize = 3;
    const MOST_COLOURS: usize = 256;
    let mut position = SIGNATURE_BYTES;
    while let Some((&length, rest)) = bytes.get(position..).and_then(|chunk| chunk.split_first_chunk::<4>()) {
        let length = u32::from_be_bytes(length) as usize;
        if rest.starts_with(b"PLTE")
            && (!length.is_multiple_of(COLOUR_BYTES) || length > COLOUR_BYTES * MOST_COLOURS)
        {
            return false;
        }
        // Length, kind and checksum stand around the data.
        position = position.saturating_add(12).saturating_add(length);
    }
    true
}
