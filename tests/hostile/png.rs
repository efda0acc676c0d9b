//! PNG files made chunk by chunk, so that a decoder gets past the checksums.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Mutex;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::originals::Original;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Colour types and the depths that the specification allows them (PNG, third edition, table 9).
const LEGAL: [(u8, &[u8]); 5] =
    [(0, &[1, 2, 4, 8, 16]), (2, &[8, 16]), (3, &[1, 2, 4, 8]), (4, &[8, 16]), (6, &[8, 16])];
const PALETTE: u8 = 3;
const MANY: u64 = 1 << 20;

/// What stands in the header.
#[derive(Clone, Copy)]
pub struct Header {
    pub width: u32,
    pub height: u32,
    pub depth: u8,
    pub colour: u8,
    pub interlace: u8,
}

impl Header {
    fn chunk(self) -> Vec<u8> {
        let sides = [self.width.to_be_bytes(), self.height.to_be_bytes()].concat();
        chunk(b"IHDR", &[&sides[..], &[self.depth, self.colour, 0, 0, self.interlace]].concat())
    }

    /// The bytes of all rows with their filters, without interlacing.
    pub fn data_bytes(self) -> u64 {
        let channels = [1, 1, 3, 1, 2, 1, 4].get(usize::from(self.colour)).copied().unwrap_or(4);
        let row_bits = u64::from(self.width) * channels * u64::from(self.depth);
        u64::from(self.height) * (1 + row_bits.div_ceil(8))
    }
}

pub fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut crc = Crc::new();
    crc.update(kind);
    crc.update(data);
    [&(data.len() as u32).to_be_bytes()[..], kind, data, &crc.sum().to_be_bytes()].concat()
}

/// A PNG with these chunks between header and end.
pub fn file(header: Header, chunks: &[Vec<u8>]) -> Vec<u8> {
    [SIGNATURE.to_vec(), header.chunk(), chunks.concat(), chunk(b"IEND", &[])].concat()
}

/// `count` zeros, compressed. Many are compressed once: that takes longer than all else that is done to a file.
pub fn zeros(count: u64) -> Vec<u8> {
    static MADE: Mutex<BTreeMap<u64, Vec<u8>>> = Mutex::new(BTreeMap::new());
    if count < MANY {
        return deflated(&[], count);
    }
    let mut made = MADE.lock().expect("nothing panics while it is held");
    made.entry(count).or_insert_with(|| deflated(&[], count)).clone()
}

/// `count` bytes, compressed: these, and then zeros.
fn deflated(first: &[u8], count: u64) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(first).expect("a vector takes all");
    let block = vec![0; 1 << 16];
    let mut left = count as usize - first.len();
    while left > 0 {
        let some = left.min(block.len());
        encoder.write_all(&block[..some]).expect("a vector takes all");
        left -= some;
    }
    encoder.finish().expect("a vector takes all")
}

/// A grey picture of that header, whole and legal where the header is.
pub fn black(header: Header) -> Vec<u8> {
    let palette =
        if header.colour == PALETTE { chunk(b"PLTE", &[0, 0, 0, 255, 255, 255]) } else { Vec::new() };
    file(header, &[palette, chunk(b"IDAT", &zeros(header.data_bytes()))])
}

/// A picture of that header that is noise in its first rows and black below.
pub fn speckled(header: Header) -> Vec<u8> {
    static MADE: Mutex<BTreeMap<u64, Vec<u8>>> = Mutex::new(BTreeMap::new());
    let count = header.data_bytes();
    let mut made = MADE.lock().expect("nothing panics while it is held");
    let data = made.entry(count).or_insert_with(|| {
        let mut noise = vec![0; (count / 32) as usize];
        ChaCha8Rng::seed_from_u64(count).fill(noise.as_mut_slice());
        // The first byte of a row names its filter, of which there are five.
        noise.iter_mut().for_each(|byte| *byte %= 5);
        deflated(&noise, count)
    });
    file(header, &[chunk(b"IDAT", data)])
}

/// One file of each legal kind.
pub fn legal_kinds() -> impl Iterator<Item = Vec<u8>> {
    LEGAL.into_iter().flat_map(|(colour, depths)| {
        depths.iter().map(move |&depth| black(Header { width: 20, height: 16, depth, colour, interlace: 0 }))
    })
}

/// Any colour type with any depth, interlaced or not, legal or not; chunks in an order that may be none.
pub fn any_kind(_: &[Original], random: &mut ChaCha8Rng) -> Vec<u8> {
    let header = Header {
        width: random.random_range(0..64),
        height: random.random_range(0..64),
        depth: [1, 2, 4, 8, 16, random.random()][random.random_range(0..6)],
        colour: random.random_range(0..8),
        interlace: random.random_range(0..3),
    };
    let mut noise = vec![0; random.random_range(0..300)];
    random.fill(noise.as_mut_slice());
    let kinds: [&[u8; 4]; 12] = [
        b"PLTE", b"tRNS", b"gAMA", b"iCCP", b"acTL", b"fcTL", b"fdAT", b"zTXt", b"eXIf", b"IHDR", b"IDAT",
        b"sBIT",
    ];
    let mut chunks = vec![chunk(b"IDAT", &zeros(header.data_bytes()))];
    for _ in 0..random.random_range(0..6) {
        let extra = chunk(kinds[random.random_range(0..kinds.len())], &noise);
        chunks.insert(random.random_range(0..=chunks.len()), extra);
    }
    file(header, &chunks)
}
