//! Ten thousand bad files: none makes the decoder panic, hang or take more memory than is stated, and each that is
//! refused gets an error of its own. What a file costs is counted in bytes and allocations, which are the same on every
//! machine; its time is printed and decides nothing.

// It asks for the processor's time, which WebAssembly cannot.
#![cfg(not(target_family = "wasm"))]

mod hostile;
#[path = "hostile/rasters.rs"]
mod rasters;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::sync::Mutex;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use cpu_time::ThreadTime;
use tilelens::ErrorCode;
use tilelens::tile::{Preprocessing, TileError, decode, square_thumbnail};

use hostile::{HostileImage, HostileImages};
use rasters::HostileRasters;

const FILES: u64 = 10_000;
const SEED: u64 = 1;
const THUMBNAIL_PX: u32 = 256;

const PREPROCESSING: Preprocessing = Preprocessing {
    resize_px: 256,
    crop_px: 224,
    mean: Preprocessing::IMAGENET_MEAN,
    std: Preprocessing::IMAGENET_STD,
};

/// The largest tile, 50 megapixels of four channels at 16 bits, takes 400 MB as it is decoded, and 200 MB more while
/// it becomes 8 bits; 40 MB are left for what the decoders keep beside it.
const MOST_BYTES: usize = 640_000_000;

/// All that is ever asked for while a file is read, whether it is given back or not: the pixels as they are decoded, as
/// eight bits and as RGB, which of them are opaque, and buffers that grow.
const MOST_ALLOCATED: usize = 850_000_000;

/// A decoder that allocates row by row, or entry by entry, of what a header claims.
const MOST_ALLOCATIONS: usize = 5_000;

/// So long that only a file which is never done takes it, on however slow a machine.
const HANGS: Duration = Duration::from_secs(20 * 60);

/// What a thread has asked the allocator for.
#[derive(Clone, Copy, Default)]
struct Cost {
    /// The most that was held at one time, in bytes.
    peak: usize,
    /// All that was asked for, in bytes.
    allocated: usize,
    /// How often.
    allocations: usize,
}

/// Counts for each thread.
struct Counting;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static COST: Cell<Cost> = const { Cell::new(Cost { peak: 0, allocated: 0, allocations: 0 }) };
}

fn count(more: usize, less: usize) {
    HELD.set((HELD.get() + more).saturating_sub(less));
    let Cost { peak, allocated, allocations } = COST.get();
    COST.set(Cost {
        peak: peak.max(HELD.get()),
        allocated: allocated + more,
        allocations: allocations + usize::from(more > 0),
    });
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
    cost: Cost,
    time: Duration,
}

/// All that the page does with a file before the network sees it.
fn take(HostileImage { name, bytes }: HostileImage) -> Outcome {
    let held = HELD.get();
    COST.set(Cost { peak: held, ..Cost::default() });
    let start = ThreadTime::now();
    let result = catch_unwind(|| {
        decode(&bytes).map(|tile| {
            assert_eq!(tile.rgb.len(), (tile.width_px * tile.height_px * 3) as usize);
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
    let (time, cost) = (start.elapsed(), COST.get());
    let cost = Cost { peak: cost.peak - held, ..cost };
    Outcome { result: result.unwrap_or_else(|_| panic!("{name} made the decoder panic")), name, cost, time }
}

/// Takes all files that are made, on all cores.
fn take_all(make: impl Fn(u64) -> HostileImage + Sync) -> Vec<Outcome> {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let at_work: Vec<_> = (0..cores).map(|_| Mutex::new(String::new())).collect();
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for (worker, at_work) in (0..).zip(&at_work) {
            let (make, sender) = (&make, sender.clone());
            scope.spawn(move || {
                for number in (worker..FILES).step_by(cores as usize) {
                    let image = make(number);
                    image.name.clone_into(&mut at_work.lock().unwrap());
                    sender.send(take(image)).unwrap();
                }
            });
        }
        drop(sender);
        let mut outcomes = Vec::new();
        loop {
            match receiver.recv_timeout(HANGS) {
                Ok(outcome) => outcomes.push(outcome),
                Err(RecvTimeoutError::Disconnected) => return outcomes,
                Err(RecvTimeoutError::Timeout) => {
                    // A thread cannot be ended: the program can.
                    eprintln!("no file was done in {HANGS:?}: one of these hangs: {at_work:?}");
                    std::process::abort();
                }
            }
        }
    })
}

#[test]
fn ten_thousand_bad_files_are_read_or_refused_one_by_one() {
    let images = HostileImages::new(SEED);
    let codes = ["corrupt", "truncated", "too_large", "too_small", "unsupported"];
    judge(&take_all(|number| images.make(number)), &codes);
}

#[test]
fn ten_thousand_bad_rasters_are_read_or_refused_one_by_one() {
    let rasters = HostileRasters::new(SEED);
    let outcomes = take_all(|number| rasters.make(number));
    judge(&outcomes, &["corrupt", "truncated", "too_large", "unsupported"]);
    // Damage that is always found, or never, would test nothing.
    let read = outcomes.iter().filter(|outcome| outcome.result.is_ok()).count();
    assert!(read > 200 && outcomes.len() - read > 200, "{read} of {} are read", outcomes.len());
}

/// Each has a sentence where it is refused, none costs more than is allowed, and each of `codes` occurs.
fn judge(outcomes: &[Outcome], codes: &[&str]) {
    assert_eq!(outcomes.len() as u64, FILES);

    let slowest = outcomes.iter().max_by_key(|outcome| outcome.time).unwrap();
    println!("slowest: {} in {:?}", slowest.name, slowest.time);
    let dearest = |what: &str, cost: fn(&Cost) -> usize| {
        let outcome = outcomes.iter().max_by_key(|outcome| cost(&outcome.cost)).unwrap();
        println!("most {what}: {} with {}", outcome.name, cost(&outcome.cost));
        (&outcome.name, cost(&outcome.cost))
    };
    let peak = dearest("bytes at one time", |cost| cost.peak);
    let allocated = dearest("bytes in all", |cost| cost.allocated);
    let allocations = dearest("allocations", |cost| cost.allocations);
    let mut counts = BTreeMap::new();
    for Outcome { name, result, .. } in outcomes {
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
    for ((name, cost), most) in
        [(peak, MOST_BYTES), (allocated, MOST_ALLOCATED), (allocations, MOST_ALLOCATIONS)]
    {
        assert!(cost <= most, "{name} took {cost}, of {most} that a file may");
    }
    // A generator whose files are all refused by their first bytes would test nothing.
    let codes = codes.iter().map(|code| format!("image.{code}")).chain(["read".into()]);
    for code in codes {
        assert!(counts.get(&*code).is_some_and(|&count| count >= 50), "{code} in {counts:?}");
    }
}
