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

/// What a JPEG is made of, read as decoders do: what is no segment is skipped.
pub(super) struct JpegStructure {
    /// The marker of its frame header.
    frame: u8,
    /// Bits a channel.
    precision: u8,
    pub is_progressive: bool,
    /// After so many units of a scan comes a restart marker; never where it is zero.
    pub restart_interval: usize,
    /// How many scans begin.
    pub scans: usize,
    /// Where the end marker stands, or the end of the file.
    pub data_end: usize,
    /// Whether there is an end marker.
    pub has_end: bool,
}

impl JpegStructure {
    /// Nothing where the file ends before its first scan (markers: ITU T.81, table B.1).
    pub fn read(bytes: &[u8]) -> Option<Self> {
        const START_OF_SCAN: u8 = 0xda;
        const END_OF_IMAGE: u8 = 0xd9;
        let mut found = Self {
            frame: 0,
            precision: 8,
            is_progressive: false,
            restart_interval: 0,
            scans: 0,
            data_end: 0,
            has_end: false,
        };
        let mut position = 2;
        while let Some((marker, payload)) = next_marker(bytes, position) {
            let length = bytes
                .get(payload..payload + 2)
                .map(|length| usize::from(u16::from_be_bytes([length[0], length[1]])));
            match marker {
                // An end before the first scan ends a preview.
                END_OF_IMAGE if found.scans > 0 => {
                    found.data_end = payload - 2;
                    found.has_end = true;
                    return Some(found);
                }
                // Frame headers are 0xc0 … 0xcf without the Huffman table, extension and arithmetic markers.
                0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) && found.scans == 0 => {
                    found.frame = marker;
                    found.precision = *bytes.get(payload + 2)?;
                    found.is_progressive = matches!(marker, 0xc2 | 0xca);
                }
                0xdd => {
                    let interval = bytes.get(payload + 2..payload + 4)?;
                    found.restart_interval = usize::from(u16::from_be_bytes([interval[0], interval[1]]));
                }
                START_OF_SCAN => found.scans += 1,
                _ => {}
            }
            let standalone = matches!(marker, 0x01 | 0xd0..=0xd9);
            position = if standalone { payload } else { payload + length.unwrap_or(2) };
        }
        found.data_end = bytes.len();
        (found.scans > 0).then_some(found)
    }

    /// A kind that hardly any decoder reads, by its name.
    pub fn rare_kind(&self) -> Option<&'static str> {
        match self.frame {
            0xc3 => Some("lossless coding"),
            0xc5..=0xc7 | 0xcd..=0xcf => Some("hierarchical coding"),
            0xc9..=0xcb => Some("arithmetic coding"),
            _ if self.precision != 8 => Some("12 bits a channel"),
            _ => None,
        }
    }
}

/// The next marker from a position on, and what follows it. Within a scan `0xff` is escaped, and restarts are no end.
fn next_marker(bytes: &[u8], position: usize) -> Option<(u8, usize)> {
    let rest = bytes.get(position..)?;
    let at =
        rest.windows(2).position(|pair| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xd0..=0xd7 | 0xff))?;
    Some((rest[at + 1], position + at + 2))
}

/// A PNG as every browser takes it, if this one is damaged where nobody looks: parts beside the pixels whose checksum is
/// wrong are left out, a wrong checksum of the end is mended and a missing end put there. Nothing where all is right, or
/// where pixels are missing.
pub(super) fn png_as_browsers_read_it(bytes: &[u8]) -> Option<Vec<u8>> {
    const SIGNATURE_BYTES: usize = 8;
    const END: &[u8] = b"\0\0\0\0IEND\xaeB`\x82";
    let mut repaired = bytes.get(..SIGNATURE_BYTES)?.to_vec();
    let (mut is_damaged, mut has_data) = (false, false);
    let mut rest = &bytes[SIGNATURE_BYTES..];
    while let Some((&length, _)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(length) as usize;
        let Some((chunk, after)) = length.checked_add(12).and_then(|size| rest.split_at_checked(size)) else {
            break;
        };
        let kind = &chunk[4..8];
        if kind == b"IEND" {
            is_damaged |= chunk != END;
            break;
        }
        has_data |= kind == b"IDAT";
        // A small first letter marks what a decoder may skip; without transparency a picture would be another one.
        let may_be_skipped = kind[0].is_ascii_lowercase() && kind != b"tRNS";
        if may_be_skipped && !checksum_is_right(chunk) {
            is_damaged = true;
        } else {
            repaired.extend_from_slice(chunk);
        }
        rest = after;
    }
    is_damaged |= !rest.starts_with(END);
    // Cut within the pixels, or a chunk that lies about its length: that is not for us to mend.
    let ends_in_data = rest.get(4..8).is_some_and(|kind| kind == b"IDAT" || kind == b"fdAT");
    repaired.extend_from_slice(END);
    (is_damaged && has_data && !ends_in_data).then_some(repaired)
}

/// Whether a chunk's last four bytes are the checksum (CRC-32) of its kind and data.
fn checksum_is_right(chunk: &[u8]) -> bool {
    let (content, stated) = chunk[4..].split_at(chunk.len() - 8);
    let mut sum = u32::MAX;
    for &byte in content {
        sum ^= u32::from(byte);
        for _ in 0..8 {
            // The polynomial of the specification's annex D, from its lowest bit on.
            sum = if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 };
        }
    }
    stated == (!sum).to_be_bytes()
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
