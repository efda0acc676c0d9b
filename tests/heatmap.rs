//! Where in a tile a class is seen, against Grad-CAM by PyTorch's autograd (`tests/fixtures/parity/make_heatmaps.py`).

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use pollster::block_on;
use serde::Deserialize;
use tilelens::ErrorCode;
use tilelens::device::Device;
use tilelens::import::{ImportOptions, import};
use tilelens::model::classifier::Classifier;
use tilelens::model::heatmap::Heatmap;
use tilelens::model::model_file::ModelFile;
use tilelens::tile::{Tile, decode};

/// Of the values as they are, and of their shares of the largest: those are drawn. Rounding makes 2e-5 of difference.
const TOLERANCE: f32 = 1e-4;

#[derive(Deserialize)]
struct Expected {
    classifier: String,
    class: usize,
    values: Vec<f32>,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/parity")
}

fn devices() -> Vec<Device> {
    #[cfg(feature = "burn")]
    return vec![Device::Cpu, Device::Burn(burn::tensor::Device::flex())];
    #[cfg(not(feature = "burn"))]
    vec![Device::Cpu]
}

/// torchvision's classifier of 1000 classes, or a head of 5, for tiles as large as the fixture's.
fn model(name: &str) -> ModelFile {
    let (file, classes) = if name == "head" { ("head.safetensors", 5) } else { ("classifier.pth", 1000) };
    let mut bytes = Vec::new();
    let packed = fs::File::open(fixtures().join(format!("{file}.gz"))).unwrap();
    GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    fs::write(&path, bytes).unwrap();
    let labels = (0..classes).map(|class| format!("class {class}")).collect();
    let mut model = import(&path, ImportOptions::new("fixture", labels)).unwrap().file;
    model.manifest.preprocessing.resize_px = model.manifest.preprocessing.crop_px;
    model
}

fn tile() -> Tile {
    decode(&fs::read(fixtures().join("input.png")).unwrap()).unwrap()
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    // f32::max would drop a NaN.
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, |worst, next| if next > worst || next.is_nan() { next } else { worst })
}

fn shares(values: &[f32]) -> Vec<f32> {
    let largest = values.iter().copied().fold(0.0, f32::max);
    values.iter().map(|value| if largest > 0.0 { value / largest } else { 0.0 }).collect()
}

#[test]
fn heatmaps_of_every_classifier_and_device_equal_pytorch_s() {
    let expected = fs::read_to_string(fixtures().join("heatmaps.json")).unwrap();
    let expected: Vec<Expected> = serde_json::from_str(&expected).unwrap();
    let tile = tile();
    for name in ["imagenet", "head"] {
        let file = model(name);
        for device in devices() {
            let classifier = Classifier::load(&file, &device).unwrap();
            for Expected { class, values, .. } in expected.iter().filter(|map| map.classifier == name) {
                let found = block_on(classifier.heatmap(&tile, Some(*class))).unwrap();
                assert_eq!((found.class, found.side), (*class, 7));
                let raw = largest_difference(&found.values, values);
                let drawn = largest_difference(&found.shares(), &shares(values));
                println!("{name} {class} {device:?}: {raw:.1e}, of shares {drawn:.1e}");
                assert!(raw <= TOLERANCE && drawn <= TOLERANCE, "{name} {class}: {raw:e} {drawn:e}");
            }
        }
    }
}

#[test]
fn without_a_name_the_class_is_the_answer_and_others_are_refused() {
    let tile = tile();
    let file = model("head");
    let classifier = Classifier::load(&file, &Device::Cpu).unwrap();
    let probabilities = block_on(classifier.classify(&[&tile])).unwrap().probabilities;
    let best = (0..5).max_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b])).unwrap();
    let found = block_on(classifier.heatmap(&tile, None)).unwrap();
    assert_eq!(found, block_on(classifier.heatmap(&tile, Some(best))).unwrap());
    let refusal = block_on(classifier.heatmap(&tile, Some(5))).unwrap_err();
    assert_eq!((refusal.code(), refusal.to_string().contains("5 classes")), ("model.no_such_class", true));
    let bare = Classifier::load(&file.backbone().unwrap(), &Device::Cpu).unwrap();
    assert_eq!(block_on(bare.heatmap(&tile, None)).unwrap_err().code(), "model.no_classifier");
}

#[test]
fn it_lies_over_the_part_of_a_tile_that_the_network_sees() {
    let mut values = vec![0.0; 49];
    // The lower left corner, and half of it in the middle.
    (values[42], values[24]) = (0.5, 0.25);
    let heatmap = Heatmap { class: 0, side: 7, values, seen: [0.25, 0.0, 0.75, 1.0] };
    assert_eq!(heatmap.strongest(), 0.5);
    let over = heatmap.over_tile(140, 70);
    let at = |x: usize, y: usize| over[y * 140 + x];
    for (x, y) in [(0, 0), (34, 69), (105, 35), (139, 0)] {
        assert!(at(x, y).is_nan(), "{x}, {y} is not seen");
    }
    assert!(over.iter().filter(|share| !share.is_nan()).all(|share| (0.0..=1.0).contains(share)));
    // Centres of cells have the cells' values.
    assert!(at(39, 65) > 0.95 && (at(70, 35) - 0.5).abs() < 0.05 && at(100, 5) < 0.01);
    assert_eq!(heatmap.over_tile(1, 1).len(), 1);
    let nowhere = Heatmap { values: vec![0.0; 49], seen: [0.0, 0.0, 1.0, 1.0], ..heatmap };
    assert!(nowhere.over_tile(9, 9).iter().all(|&share| share == 0.0), "a class that nothing speaks for");
}
