//! Exported models: the same answers in onnxruntime, and the same weights when they are imported again.

#[path = "../src/onnx_messages.rs"]
#[allow(dead_code)]
mod onnx_messages;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{fs, io, thread};

use flate2::read::GzDecoder;
use onnx_messages::ModelProto;
use prost::Message;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use tilelens::ErrorCode;
use tilelens::device::Device;
use tilelens::export::{LABELS_KEY, MANIFEST_KEY, PREPROCESSING_KEY, to_onnx};
use tilelens::import::{ImportOptions, import};
use tilelens::model::classification::softmax;
use tilelens::model::classifier::Classifier;
use tilelens::model::head::{ClassifierConfig, Head, HeadConfig};
use tilelens::model::manifest::{FORMAT, Manifest};
use tilelens::model::model_file::{ModelFile, WeightsDtype};
use tilelens::tile::{Preprocessing, Tile, decode};

/// Both compute in f32 and add up in another order.
const TOLERANCE: f32 = 1e-4;

fn path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

/// A folder of the running test's own.
fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("export-{:?}", thread::current().id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The shipped backbone with a shipped head.
fn shipped() -> ModelFile {
    let [backbone, head] = ["models/overhead.safetensors", "models/overhead-scenes.safetensors"]
        .map(|name| ModelFile::from_bytes(&fs::read(path(name)).unwrap()).unwrap());
    backbone.join(&head).unwrap()
}

/// The shipped backbone with a new head, and with other values wherever a model may have its own.
fn small_head() -> ModelFile {
    let ModelFile { manifest, mut parameters } = shipped();
    let config = HeadConfig { inputs: 576, dropout_rate: 0.5, dense_neurons: 33, num_classes: 3 };
    let head = Head::random(config.clone(), &mut ChaCha8Rng::seed_from_u64(7));
    parameters.remove(&["head."]);
    parameters.extend(head.parameters());
    let manifest = Manifest {
        labels: ["water", "\"quoted\", and a comma", "Wald – ünïcode"].map(String::from).into(),
        preprocessing: Preprocessing {
            resize_px: 176,
            crop_px: 160,
            mean: [0.5, 0.25, 0.75],
            std: [0.5, 0.125, 0.3],
        },
        classifier: ClassifierConfig::Head(config),
        temperature: 0.37,
        ..manifest
    };
    ModelFile { manifest, parameters }
}

/// torchvision's own classifier, with the weights of the parity fixture.
fn imagenet() -> ModelFile {
    let checkpoint = folder().join("classifier.pth");
    let packed = fs::File::open(path("tests/fixtures/parity/classifier.pth.gz")).unwrap();
    io::copy(&mut GzDecoder::new(packed), &mut fs::File::create(&checkpoint).unwrap()).unwrap();
    import(&checkpoint, options(1000)).unwrap().file
}

fn options(classes: usize) -> ImportOptions {
    ImportOptions {
        resize_px: 256,
        ..ImportOptions::new("fixture", (0..classes).map(|class| format!("class {class}")).collect())
    }
}

fn tiles() -> Vec<Tile> {
    let names = ["synthetic-field", "synthetic-industry", "synthetic-river-lake"];
    let files = names.map(|name| fs::read(path(&format!("www/samples/{name}.jpg"))).unwrap());
    files.map(|bytes| decode(&bytes).unwrap()).into()
}

/// What the network of this crate answers: each output of the graph by its name.
fn own_answers(file: &ModelFile, tiles: &[&Tile]) -> Vec<(&'static str, Vec<f32>)> {
    let classifier = Classifier::load(file, &Device::Cpu).unwrap();
    let features =
        pollster::block_on(classifier.backbone().features(classifier.backbone().images(tiles))).unwrap();
    let logits = pollster::block_on(classifier.logits(features.clone())).unwrap();
    let probabilities = softmax(logits.clone(), file.manifest.labels.len(), file.manifest.temperature);
    vec![("features", features), ("logits", logits), ("probabilities", probabilities)]
}

/// What onnxruntime answers to the tiles' pixels, by the names of the outputs.
fn onnxruntime_answers(file: &ModelFile, tiles: &[&Tile]) -> HashMap<String, Vec<f32>> {
    let folder = folder();
    let (model, images) = (folder.join("model.onnx"), folder.join("images.f32"));
    fs::write(&model, to_onnx(file).unwrap()).unwrap();
    let preprocessing = &file.manifest.preprocessing;
    let mut planes = Vec::new();
    for tile in tiles {
        let pixels = preprocessing.crop(tile);
        for channel in 0..3 {
            let plane = pixels.iter().skip(channel).step_by(3);
            planes.extend(plane.flat_map(|&value| f32::from(value).to_le_bytes()));
        }
    }
    fs::write(&images, planes).unwrap();
    let output = Command::new("node")
        .arg(path("tests/export/onnxruntime.mjs"))
        .args([model, images])
        .arg(preprocessing.crop_px.to_string())
        .output()
        .expect("node is there after ./build.sh setup");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Compares the answers to one tile and to three: the extent of the batch is the caller's.
fn assert_same_answers(name: &str, file: &ModelFile) {
    let tiles = tiles();
    for count in [1, tiles.len()] {
        let tiles: Vec<&Tile> = tiles[..count].iter().collect();
        let found = onnxruntime_answers(file, &tiles);
        assert_eq!(found.len(), 3);
        for (output, expected) in own_answers(file, &tiles) {
            let found = &found[output];
            assert_eq!(found.len(), expected.len(), "{name}, {output}");
            let worst = expected.iter().zip(found).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            let largest = expected.iter().fold(0.0, |largest: f32, value| largest.max(value.abs()));
            println!("{name}, {count} tiles, {output} up to {largest:.3}: max abs difference {worst:.1e}");
            assert!(found.iter().all(|value| value.is_finite()), "{name}, {output}");
            assert!(worst <= TOLERANCE, "{name}, {output}: {worst:e}");
        }
    }
}

#[test]
fn the_shipped_model_answers_the_same_in_onnxruntime() {
    assert_same_answers("overhead scenes", &shipped());
}

#[test]
fn a_head_and_a_preprocessing_of_other_sizes_answer_the_same_in_onnxruntime() {
    assert_same_answers("small head", &small_head());
}

#[test]
fn an_imagenet_classifier_answers_the_same_in_onnxruntime() {
    assert_same_answers("ImageNet", &imagenet());
}

#[test]
fn an_exported_model_is_imported_again_with_equal_weights() {
    for file in [shipped(), small_head(), imagenet()] {
        let exported = folder().join("again.onnx");
        fs::write(&exported, to_onnx(&file).unwrap()).unwrap();
        let found = import(&exported, options(file.manifest.labels.len())).unwrap().file;
        assert_eq!(found.manifest.temperature, file.manifest.temperature);
        assert_eq!(found.manifest.classifier.num_classes(), file.manifest.classifier.num_classes());
        assert_eq!(found.parameters, file.parameters);
    }
}

#[test]
fn labels_preprocessing_and_the_whole_manifest_travel_along() {
    let file = small_head();
    let model = ModelProto::decode(&to_onnx(&file).unwrap()[..]).unwrap();
    let entry =
        |key: &str| model.metadata_props.iter().find(|entry| entry.key == key).unwrap().value.as_str();
    let labels: Vec<String> = serde_json::from_str(entry(LABELS_KEY)).unwrap();
    let preprocessing: Preprocessing = serde_json::from_str(entry(PREPROCESSING_KEY)).unwrap();
    let manifest: Manifest = serde_json::from_str(entry(MANIFEST_KEY)).unwrap();
    assert_eq!(labels, file.manifest.labels);
    assert_eq!(preprocessing, file.manifest.preprocessing);
    assert_eq!(manifest, file.manifest);
    assert!(model.doc_string.contains("shorter side to 176 pixels"), "{}", model.doc_string);
}

#[test]
fn what_is_no_classifier_is_refused() {
    let mut file = shipped();
    file.manifest.classifier = ClassifierConfig::None;
    file.manifest.labels.clear();
    let error = to_onnx(&file).unwrap_err();
    assert_eq!(error.code(), "export.no_classifier");
    assert!(error.to_string().contains("train a head first"), "{error}");

    let mut file = shipped();
    file.manifest.labels.pop();
    assert_eq!(to_onnx(&file).unwrap_err().code(), "export.manifest");

    let mut file = shipped();
    file.parameters.remove(&["features.4.block.1.0"]);
    let error = to_onnx(&file).unwrap_err();
    assert_eq!(error.code(), "export.layer");
    assert!(error.to_string().contains("`features.4.block.1.0.weight`"), "{error}");
}

/// `tilelens export` of the shipped model.
fn export(output: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tilelens"))
        .arg("export")
        .arg(path("models/overhead.safetensors"))
        .arg("--head")
        .arg(path("models/overhead-scenes.safetensors"))
        .arg("--output")
        .arg(output)
        .output()
        .unwrap()
}

#[test]
fn the_command_line_exports_by_the_ending_of_the_output() {
    let (folder, file) = (folder(), shipped());
    let onnx = folder.join("new/mine.onnx");
    assert!(export(&onnx).status.success());
    assert_eq!(fs::read(onnx).unwrap(), to_onnx(&file).unwrap());

    let safetensors = folder.join("mine.safetensors");
    assert!(export(&safetensors).status.success());
    let bytes = fs::read(safetensors).unwrap();
    // What is written has the newest format.
    let manifest = Manifest { format: FORMAT, ..file.manifest };
    assert_eq!(ModelFile::from_bytes(&bytes).unwrap(), ModelFile { manifest, ..file });
    assert!(bytes.len() > 4_000_000, "four bytes a weight make more than {}", bytes.len());

    let refused = export(&folder.join("mine.pth"));
    assert!(!refused.status.success());
    let message = String::from_utf8_lossy(&refused.stderr);
    assert!(message.contains("mine.pth is none of .onnx, .safetensors"), "{message}");
}

#[test]
fn the_command_line_splits_a_model_and_joins_it_again() {
    let folder = folder();
    let [backbone, head, whole] =
        ["backbone", "head", "whole"].map(|name| folder.join(format!("{name}.safetensors")));
    let run =
        |arguments: &[&Path]| Command::new(env!("CARGO_BIN_EXE_tilelens")).args(arguments).output().unwrap();
    let of = |name: &'static str| Path::new(name);
    let model = folder.join("model.safetensors");
    fs::write(&model, shipped().to_bytes(WeightsDtype::Lossless).unwrap()).unwrap();
    assert!(run(&[of("split"), &model, of("--backbone"), &backbone, of("--head"), &head]).status.success());
    assert!(run(&[of("join"), &backbone, &head, of("--output"), &whole]).status.success());
    let joined = ModelFile::from_bytes(&fs::read(&whole).unwrap()).unwrap();
    assert_eq!(
        (joined.parameters, joined.manifest.labels),
        (shipped().parameters, shipped().manifest.labels)
    );

    let sample = path("www/samples/synthetic-grass.jpg");
    let asked = |model: &[&Path]| run(&[&[of("classify"), &sample, of("--model")], model].concat());
    let (apart, together) = (asked(&[&backbone, of("--head"), &head]), asked(&[&model]));
    assert!(apart.status.success());
    assert_eq!(apart.stdout, together.stdout);
    let refused = asked(&[&backbone]);
    assert!(!refused.status.success());
    let message = String::from_utf8_lossy(&refused.stderr);
    assert!(message.contains("name a head by --head"), "{message}");
}
