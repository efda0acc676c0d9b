#![no_main]
//! A model file's bytes → a classifier on the CPU, and back to bytes.
//!
//! The weights are two megabytes, which hold no secrets: the input is what stands before them.

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tilelens::device::Device;
use tilelens::model::classifier::Classifier;
use tilelens::model::model_file::{ModelFile, WeightsDtype};

static WEIGHTS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let file = include_bytes!("../../models/land-cover.safetensors");
    let (length, rest) = file.split_first_chunk::<8>().expect("a safetensors file");
    rest[u64::from_le_bytes(*length) as usize..].to_vec()
});

fuzz_target!(|header: &[u8]| {
    take(header);
    take(&[header, &WEIGHTS].concat());
});

fn take(bytes: &[u8]) {
    match ModelFile::from_bytes(bytes) {
        Ok(file) => {
            // The layers may be those of another network.
            let _ = Classifier::load(&file, &Device::Cpu);
            let written = file.to_bytes(WeightsDtype::F32).expect("what was read can be written");
            let again = ModelFile::from_bytes(&written).expect("what was written can be read");
            assert_eq!(again.to_bytes(WeightsDtype::F32).expect("it can be written again"), written);
        }
        Err(error) => assert!(error.to_string().contains(' '), "{error:?} has no sentence"),
    }
}
