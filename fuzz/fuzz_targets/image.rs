#![no_main]
//! Bytes of a file → tile → what the network and the page see of it.

use libfuzzer_sys::fuzz_target;
use tilelens::tile::{decode, square_thumbnail};
use tilelens_fuzz::{PREPROCESSING, assert_sentence};

fuzz_target!(|bytes: &[u8]| {
    match decode(bytes) {
        Ok(tile) => {
            assert_eq!(tile.rgb.len(), tile.width_px as usize * tile.height_px as usize * 3);
            PREPROCESSING.crop(&tile);
            square_thumbnail(&tile, 64);
        }
        Err(error) => assert_sentence(&error),
    }
});
