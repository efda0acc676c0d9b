//! Ten thousand bad files: none makes the decoder panic, hang or take more memory than is stated, and each that is
//! refused gets an error of its own.

mod hostile;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::time::Duration;

use cpu_time::ThreadTime;
use tilelens::ErrorCode;
use tilelens::tile::{Preprocessing, TileError, decode, square_thumbnail};

use hostile::{HostileImage, HostileImages};

const FILES: u64 = 10_000;
const SEED: u64 = 1;
const THUMBNAIL_PX: u32 = 256;

const PREPROCESSING: Preprocessing = Preprocessing {
    resize_px: 256,
    crop_px: 224,
    mean: Preprocessing::IMAGENET_MEAN,
    std: Preprocessing::IMAGENET_STD,
};

/// A page that waits longer for one file seems to hang. The thread's own time: a busy machine does not count.
const LONGEST: Duration = Duration::from_secs(2);

/// The largest tile, 50 megapixels of four channels at 16 bits, takes 400 MB as it is decoded, and 200 MB more while
/// it becomes 8 bits; 40 MB are left for what the decoders keep beside it.
const MOST_BYTES: usize = 640_000_000;

/// Counts what each thread holds.
struct Counting;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static MOST_HELD: Cell<usize> = const { Cell::new(0) };
}

fn count(more: usize, less: usize) {
    HELD.set((HELD.get() + more).saturating_sub(less));
    MOST_HELD.set(MOST_HELD.get().max(HELD.get()));
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, layout.size());
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both are there while the bytes move.
        count(size, 0);
        count(0, layout.size());
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What became of a file.
struct Outcome {
    name: String,
    result: Result<(), TileError>,
    time: Duration,
    bytes: usize,
}

/// All that the page does with a file before the network sees it.
fn take(HostileImage { name, bytes }: HostileImage) -> Outcome {
    let held = HELD.get();
    MOST_HELD.set(held);
    let start = ThreadTime::now();
    let result = catch_unwind(|| {
        decode(&bytes).map(|tile| {
            assert_eq!(
                PREPROCESSING.crop(&tile).len(),
                (PREPROCESSING.crop_px * PREPROCESSING.crop_px * 3) as usize
            );
            assert_eq!(
                square_thumbnail(&tile, THUMBNAIL_PX).len(),
                (THUMBNAIL_PX * THUMBNAIL_PX * 3) as usize
            );
        })
    });
    let (time, bytes) = (start.elapsed(), MOST_HELD.get() - held);
    Outcome { result: result.unwrap_or_else(|_| panic!("{name} made the decoder panic")), name, time, bytes }
}

#[test]
fn ten_thousand_bad_files_are_read_or_refused_one_by_one() {
    let images = HostileImages::new(SEED);
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
        let images = &images;
        let workers: Vec<_> = (0..cores)
            .map(|worker| {
                scope.spawn(move || {
                    (worker..FILES)
                        .step_by(cores as usize)
                        .map(|number| take(images.make(number)))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    assert_eq!(outcomes.len() as u64, FILES);

    let slowest = outcomes.iter().max_by_key(|outcome| outcome.time).unwrap();
    println!("slowest: {} in {:?}", slowest.name, slowest.time);
    let largest = outcomes.iter().max_by_key(|outcome| outcome.bytes).unwrap();
    println!("most memory: {} with {} MB", largest.name, largest.bytes / 1_000_000);
    let mut counts = BTreeMap::new();
    for Outcome { name, result, .. } in &outcomes {
        let code = result.as_ref().map_or_else(|error| error.code(), |()| "read");
        *counts.entry(code).or_insert(0) += 1;
        if let Err(error) = result {
            let sentence = error.to_string();
            assert!(
                sentence.contains(' ') && !sentence.contains('\n') && sentence.len() < 400,
                "{name}: {sentence:?}"
            );
        }
    }
    println!("{counts:?}");
    assert!(slowest.time <= LONGEST, "{} took {:?}", slowest.name, slowest.time);
    assert!(largest.bytes <= MOST_BYTES, "{} took {} bytes", largest.name, largest.bytes);
    // A generator whose files are all refused by their first bytes would test nothing.
    for code in [
        "read",
        "image.corrupt",
        "image.truncated",
        "image.too_large",
        "image.too_small",
        "image.unsupported",
    ] {
        assert!(counts.get(code).is_some_and(|&count| count >= 50), "{code} in {counts:?}");
    }
}
