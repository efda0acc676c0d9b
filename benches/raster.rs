//! Rasters: a window out of a file of 2 GB on the disk, and a tile of 16 bits beside a JPEG of the same size.
//!
//!     cargo bench --no-default-features --features raster --bench raster

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs::File;
use std::hint::black_box;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use criterion::{Criterion, criterion_group, criterion_main};
use flate2::{Compression, write::ZlibEncoder};
use tilelens::raster::{FileSource, Raster, Window, prepare};
use tilelens::tile::{decode, decode_stretched, tile_of_raster};

/// Side of the large raster in pixels, and of its blocks: three bands of 16 bits are 2.4 GB.
const SIDE: u32 = 20_480;
const BLOCK: u32 = 512;
/// Side of a window.
const WINDOW: u32 = 256;
/// Side of a tile: that of the JPEG beside it.
const TILE: u32 = 320;
/// Blocks that differ; the others are the same again, at places of their own.
const KINDS: u64 = 8;

/// Counts what is held.
struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        PEAK.fetch_max(HELD.fetch_add(layout.size(), Ordering::Relaxed) + layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Hills with a little noise, as reflectances are: 16 bits, three bands, lowest byte first.
fn numbers(side: u32, seed: u64) -> Vec<u8> {
    let mut noise = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity((side * side * 6) as usize);
    for index in 0..side * side {
        let (x, y) = (f64::from(index % side), f64::from(index / side));
        for band in 0..3 {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let hill = (x / 37.0 + f64::from(band)).sin() * (y / 23.0).cos();
            let number = 1200.0 + 700.0 * hill + (noise >> 58) as f64;
            bytes.extend((number as u16).to_le_bytes());
        }
    }
    bytes
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The directory of a BigTIFF of tiles by Deflate whose blocks lie at `places`, for the place `at`.
fn directory(at: u64, side: u32, block: u32, places: &[(u64, u64)]) -> Vec<u8> {
    let count = places.len() as u64;
    let (offsets, lengths) = (at + 8 + 12 * 20 + 8, at + 8 + 12 * 20 + 8 + 8 * count);
    let three = |number: u64| number | number << 16 | number << 32;
    // A single value stands in the tag itself.
    let list = |start: u64, only: u64| if count == 1 { only } else { start };
    let tags: [(u16, u16, u64, u64); 12] = [
        (256, 4, 1, side.into()),
        (257, 4, 1, side.into()),
        (258, 3, 3, three(16)),
        (259, 3, 1, 8),
        (262, 3, 1, 2),
        (277, 3, 1, 3),
        (284, 3, 1, 1),
        (322, 4, 1, block.into()),
        (323, 4, 1, block.into()),
        (324, 16, count, list(offsets, places[0].0)),
        (325, 16, count, list(lengths, places[0].1)),
        (339, 3, 3, three(1)),
    ];
    let mut bytes = (tags.len() as u64).to_le_bytes().to_vec();
    for (tag, kind, count, value) in tags {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend(count.to_le_bytes());
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend(0_u64.to_le_bytes());
    bytes.extend(places.iter().flat_map(|(offset, _)| offset.to_le_bytes()));
    bytes.extend(places.iter().flat_map(|(_, length)| length.to_le_bytes()));
    bytes
}

const HEADER: [u8; 16] = [b'I', b'I', 43, 0, 8, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0];

/// A file of 2 GB, of which the disk need hold little: what lies between its blocks is empty.
fn large(path: &Path) {
    let blocks: Vec<Vec<u8>> = (0..KINDS).map(|kind| deflated(&numbers(BLOCK, kind))).collect();
    let count = u64::from((SIDE / BLOCK).pow(2));
    let stride = 2_400_000_000 / count;
    let first = 1 << 20;
    let kind = |index: u64| &blocks[(index % KINDS) as usize];
    let places: Vec<_> = (0..count).map(|index| (first + index * stride, kind(index).len() as u64)).collect();
    let mut file = File::create(path).unwrap();
    file.write_all(&HEADER).unwrap();
    file.write_all(&directory(16, SIDE, BLOCK, &places)).unwrap();
    for (index, (offset, _)) in (0..).zip(&places) {
        file.seek(SeekFrom::Start(*offset)).unwrap();
        file.write_all(kind(index)).unwrap();
    }
}

/// A tile of 16 bits as a file.
fn small() -> Vec<u8> {
    let block = deflated(&numbers(TILE, 1));
    let start = HEADER.len() as u64;
    let mut bytes = HEADER.to_vec();
    let end = start + directory(start, TILE, TILE, &[(0, 0)]).len() as u64;
    bytes.extend(directory(start, TILE, TILE, &[(end, block.len() as u64)]));
    bytes.extend(block);
    bytes
}

fn rasters(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.tif");
    large(&path);
    let megabytes = std::fs::metadata(&path).unwrap().len() / 1_000_000;
    let prepared = prepare(&mut Raster::open(FileSource::open(&path).unwrap()).unwrap()).unwrap();
    let window = Window { x: 10_100, y: 7_300, width: WINDOW, height: WINDOW };
    let read = || {
        let mut raster = Raster::open(FileSource::open(&path).unwrap()).unwrap();
        tile_of_raster(&mut raster, window, &prepared).unwrap()
    };
    let before = HELD.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    black_box(read());
    println!("a window out of {megabytes} MB: {} kB at most", (PEAK.load(Ordering::Relaxed) - before) / 1000);

    let mut group = criterion.benchmark_group("raster");
    group.bench_function(
        format!("a window of 256 × 256 out of {megabytes} MB, from opening on"),
        |bencher| {
            bencher.iter(read);
        },
    );
    let deep = small();
    let stretch = prepare(&mut Raster::open(&deep[..]).unwrap()).unwrap().stretch;
    group.bench_function(format!("a tile of {TILE} × {TILE} × 3 of 16 bits"), |bencher| {
        bencher.iter(|| decode_stretched(black_box(&deep), &stretch).unwrap());
    });
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("www/samples/synthetic-forest.jpg");
    let jpeg = std::fs::read(sample).unwrap();
    let tile = decode(&jpeg).unwrap();
    let name = format!("a JPEG of {} × {} × 3", tile.width_px, tile.height_px);
    group.bench_function(name, |bencher| bencher.iter(|| decode(black_box(&jpeg)).unwrap()));
    group.finish();
}

criterion_group!(benches, rasters);
criterion_main!(benches);
