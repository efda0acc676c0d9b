#![no_main]
//! A model file's bytes → a classifier on the CPU and its answer, back to bytes under other labels, and to ONNX.
//!
//! The weights are two megabytes, which hold no secrets: the input is what stands before them.

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use pollster::block_on;
use tilelens::device::Device;
use tilelens::export::to_onnx;
use tilelens::model::classifier::Classifier;
use tilelens::model::model_file::{ModelFile, WeightsDtype};
use tilelens::tile::Tile;
use tilelens_fuzz::assert_sentence;

static MODEL: LazyLock<ModelFile> = LazyLock::new(|| {
    let [backbone, head]: [&[u8]; 2] = [
        include_bytes!("../../models/overhead.safetensors"),
        include_bytes!("../../models/sentinel-2.safetensors"),
    ];
    let [backbone, head] =
        [backbone, head].map(|bytes| ModelFile::from_bytes(bytes).expect("a shipped file"));
    backbone.join(&head).expect("they belong together")
});

static WEIGHTS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let file = MODEL.to_bytes(WeightsDtype::Lossless).expect("what was joined can be written");
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
            if let Ok(classifier) = Classifier::load(&file, &Device::Cpu) {
                answer(&classifier);
            }
            if let Err(error) = to_onnx(&file) {
                assert_sentence(&error);
            }
            relabel(file.clone());
            let written = file.to_bytes(WeightsDtype::F32).expect("what was read can be written");
            let again = ModelFile::from_bytes(&written).expect("what was written can be read");
            assert_eq!(again.to_bytes(WeightsDtype::F32).expect("it can be written again"), written);
        }
        Err(error) => assert_sentence(&error),
    }
}

/// Of the smallest image that there is: a larger one takes as long as hundreds of inputs.
fn answer(classifier: &Classifier) {
    if classifier.backbone().preprocessing().crop_px > 32 {
        return;
    }
    let tile = Tile {
        width_px: 2,
        height_px: 1,
        rgb: vec![0, 1, 2, 253, 254, 255],
        format: "fuzzed",
        notes: vec![],
    };
    match block_on(classifier.classify(&[&tile])) {
        Ok(answers) => assert_eq!(answers.probabilities.len(), classifier.labels().len()),
        Err(error) => assert_sentence(&error),
    }
}

/// As the page does when a class is renamed, with one label for each logit and with one too many.
fn relabel(mut file: ModelFile) {
    file.manifest.labels = (0..file.manifest.labels.len()).map(|class| format!("class {class}")).collect();
    let bytes = file.to_bytes(WeightsDtype::Lossless).expect("every class has a label of its own");
    let read = ModelFile::from_bytes(&bytes).expect("what was written can be read");
    assert_eq!(read.manifest.labels, file.manifest.labels);
    file.manifest.labels.push("one too many".into());
    file.to_bytes(WeightsDtype::Lossless).expect_err("a label without a class");
}
