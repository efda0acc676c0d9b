//! What the fuzz targets share.

use std::error::Error;

use tilelens::import::{ImportOptions, import};
use tilelens::tile::Preprocessing;

pub const PREPROCESSING: Preprocessing = Preprocessing {
    resize_px: 256,
    crop_px: 224,
    mean: Preprocessing::IMAGENET_MEAN,
    std: Preprocessing::IMAGENET_STD,
};

/// Imports the bytes as the command line does, from a file of that extension.
pub fn import_as(extension: &str, bytes: &[u8]) {
    let file = std::env::temp_dir().join(format!("tilelens-fuzz-{}.{extension}", std::process::id()));
    std::fs::write(&file, bytes).expect("there is a folder for temporary files");
    let options = ImportOptions { resize_px: 256, ..ImportOptions::new("fuzzed", Vec::new()) };
    if let Err(error) = import(&file, options) {
        assert_sentence(&error);
    }
}

/// What is refused is refused in words.
pub fn assert_sentence(error: &dyn Error) {
    assert!(error.to_string().contains(' '), "{error:?} has no sentence");
}
