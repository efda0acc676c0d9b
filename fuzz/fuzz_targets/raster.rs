#![no_main]
//! Bytes of a raster → description, windows at its edges, and the tile that the network sees.

use libfuzzer_sys::fuzz_target;
use tilelens::raster::{Raster, Window};
use tilelens::tile::decode;
use tilelens_fuzz::assert_sentence;

/// Pixels a side of the windows.
const SIDE_PX: u32 = 32;

fuzz_target!(|bytes: &[u8]| {
    match Raster::open(bytes) {
        Ok(mut raster) => {
            let (width, height) = (raster.description().width, raster.description().height);
            let (w, h) = (width.min(SIDE_PX), height.min(SIDE_PX));
            let last = raster.description().bands.len() - 1;
            for (x, y) in [(0, 0), (width - w, height - h)] {
                match raster.read(0, Window { x, y, width: w, height: h }, &[0, last]) {
                    Ok(numbers) => assert_eq!(numbers.bands[1].len(), (w * h) as usize),
                    Err(error) => assert_sentence(&error),
                }
            }
        }
        Err(error) => assert_sentence(&error),
    }
    if let Err(error) = decode(bytes) {
        assert_sentence(&error);
    }
});
