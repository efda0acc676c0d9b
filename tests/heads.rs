//! One backbone and its heads: apart, together, and several at once.

#![cfg(not(target_family = "wasm"))]

use std::fs;
use std::path::Path;

use pollster::block_on;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use tilelens::ErrorCode;
use tilelens::device::Device;
use tilelens::export::to_onnx;
use tilelens::model::backbone::{Backbone, VIEWS};
use tilelens::model::classifier::Classifier;
use tilelens::model::head::{ClassifierConfig, Head, HeadConfig};
use tilelens::model::manifest::{Kind, Manifest};
use tilelens::model::model_file::{ModelFile, WeightsDtype};
use tilelens::tile::{Tile, decode};

fn read(relative: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)).unwrap()
}

/// A combined file of ours.
fn combined() -> ModelFile {
    let [backbone, head] = ["models/overhead.safetensors", "models/overhead-scenes.safetensors"]
        .map(|name| ModelFile::from_bytes(&read(name)).unwrap());
    backbone.join(&head).unwrap()
}

/// The same head on a backbone of other weights.
fn on_another_backbone() -> ModelFile {
    let mut file = combined();
    file.manifest.backbone_name = "another".into();
    file.parameters.insert("features.0.1.bias", vec![16], vec![0.5; 16]);
    file
}

/// Another head of three classes on the same backbone, as a file of its own.
fn other_head() -> ModelFile {
    let backbone = combined().backbone().unwrap();
    let config = HeadConfig { inputs: 576, dropout_rate: 0.1, dense_neurons: 8, num_classes: 3 };
    let head = Head::random(config.clone(), &mut ChaCha8Rng::seed_from_u64(3));
    let manifest = Manifest {
        name: "three".into(),
        purpose: "Tells three things apart.".into(),
        ground_resolution_m: Some([0.3, 1.0]),
        data: "nothing".into(),
        labels: ["a", "b", "c"].map(String::from).into(),
        classifier: ClassifierConfig::Head(config),
        backbone: Some(backbone.backbone_reference()),
        ..backbone.manifest
    };
    ModelFile { manifest, parameters: head.parameters().clone() }
}

fn written(file: &ModelFile) -> ModelFile {
    ModelFile::from_bytes(&file.to_bytes(WeightsDtype::Lossless).unwrap()).unwrap()
}

fn tile() -> Tile {
    decode(&read("www/samples/synthetic-grass.jpg")).unwrap()
}

fn devices() -> Vec<Device> {
    #[cfg(feature = "burn")]
    return vec![Device::Cpu, Device::Burn(burn::tensor::Device::flex())];
    #[cfg(not(feature = "burn"))]
    vec![Device::Cpu]
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn a_model_is_split_and_joined_without_loss() {
    let whole = written(&combined());
    let (backbone, head) = (written(&whole.backbone().unwrap()), written(&whole.head().unwrap()));
    assert_eq!([whole.kind(), backbone.kind(), head.kind()], [Kind::Model, Kind::Backbone, Kind::Head]);
    assert_eq!(backbone.join(&head).unwrap(), whole);
    let bytes = |file: &ModelFile| file.to_bytes(WeightsDtype::Lossless).unwrap();
    assert_eq!(bytes(&backbone.join(&head).unwrap()), bytes(&whole));
    // All of them name the same features and the same answers.
    assert_eq!(
        [backbone.backbone_sha256(), head.backbone_sha256()],
        [whole.backbone_sha256(), whole.backbone_sha256()]
    );
    assert_eq!(head.head_sha256(), whole.head_sha256());
    assert_ne!(head.head_sha256(), other_head().head_sha256());
    assert!(bytes(&head).len() < 350_000, "{}", bytes(&head).len());
    assert!(head.parameters.iter().all(|(name, _)| name.starts_with("head.")));
    assert!(backbone.parameters.iter().all(|(name, _)| name.starts_with("features.")));
}

#[test]
fn what_a_head_says_of_itself_travels_in_its_file() {
    let head = written(&other_head());
    assert_eq!(head.manifest.purpose, "Tells three things apart.");
    assert_eq!(head.manifest.ground_resolution_m, Some([0.3, 1.0]));
    assert_eq!(head.manifest.data, "nothing");
    let whole = written(&combined().join(&head).unwrap());
    assert_eq!((whole.kind(), whole.manifest.labels.len()), (Kind::Model, 3));
    assert_eq!(whole.manifest.purpose, head.manifest.purpose);
    assert_eq!(written(&whole.head().unwrap()), head);
    assert_eq!(whole.backbone().unwrap().manifest.name, combined().manifest.backbone_name);
}

#[test]
fn heads_of_one_backbone_are_switched_at_once_and_answer_as_their_combined_files() {
    let tile = tile();
    for device in devices() {
        let mut classifier = Classifier::load(&combined().backbone().unwrap(), &device).unwrap();
        let shipped = classifier.add_head(&combined().head().unwrap()).unwrap();
        let three = classifier.add_head(&other_head()).unwrap();
        // A combined file of the same backbone brings the same head.
        assert_eq!(classifier.add_head(&combined()).unwrap(), shipped);
        let ask = |classifier: &Classifier| block_on(classifier.classify(&[&tile])).unwrap();
        assert!(ask(&classifier).probabilities.is_empty());

        for (id, whole) in [(&shipped, combined()), (&three, combined().join(&other_head()).unwrap())] {
            classifier.use_head(Some(id)).unwrap();
            assert_eq!(classifier.labels(), whole.manifest.labels);
            let alone = Classifier::load(&whole, &device).unwrap();
            assert_eq!(ask(&classifier), ask(&alone));
            let features = ask(&classifier).features;
            let found = block_on(classifier.classify_features(features)).unwrap();
            assert!(largest_difference(&found, &ask(&alone).probabilities) < 1e-5);
        }
        classifier.remove_head(&three).unwrap();
        assert!(classifier.head_in_use().is_none() && classifier.labels().is_empty());
        assert_eq!(classifier.use_head(Some(&three)).unwrap_err().code(), "model.no_such_head");
        assert_eq!(classifier.remove_head(&three).unwrap_err().code(), "model.no_such_head");
        classifier.use_head(Some(&shipped)).unwrap();
        assert_eq!(ask(&classifier).probabilities.len(), combined().manifest.labels.len());
    }
}

#[test]
fn a_backbone_alone_gives_features_and_says_that_it_knows_no_classes() {
    let backbone = combined().backbone().unwrap();
    let classifier = Classifier::load(&backbone, &Device::Cpu).unwrap();
    let features = block_on(classifier.classify(&[&tile()])).unwrap().features;
    assert_eq!(features.len(), classifier.backbone().width());
    let error = block_on(classifier.classify_features(features)).unwrap_err();
    assert_eq!(error.code(), "model.no_classifier");
    assert_eq!(to_onnx(&backbone).unwrap_err().code(), "export.no_classifier");
}

#[test]
fn a_file_that_is_not_the_part_that_is_needed_is_refused_in_a_sentence() {
    let (backbone, head) = (combined().backbone().unwrap(), combined().head().unwrap());
    let mut classifier = Classifier::load(&backbone, &Device::Cpu).unwrap();
    let refused = |error: &dyn ErrorCode, code: &str, word: &str| {
        assert_eq!(error.code(), code);
        assert!(error.to_string().contains(word), "{error}");
    };
    let other = on_another_backbone();
    refused(&classifier.add_head(&other).unwrap_err(), "model.other_backbone", "`another`");
    refused(
        &classifier.add_head(&other.head().unwrap()).unwrap_err(),
        "model.other_backbone",
        "train a new head",
    );
    refused(&classifier.add_head(&backbone).unwrap_err(), "model.no_classifier", "no classes");
    refused(&Classifier::load(&head, &Device::Cpu).unwrap_err(), "model.head_alone", "open the backbone");
    refused(&other.join(&head).unwrap_err(), "model.other_backbone", "`another`");
    refused(&head.join(&head).unwrap_err(), "model.head_alone", "open the backbone");
    refused(&to_onnx(&head).unwrap_err(), "export.head_alone", "join it");
    assert!(classifier.head_in_use().is_none());

    let mut stuffed = head.clone();
    stuffed.parameters.extend(&backbone.parameters);
    let bytes = stuffed.to_bytes(WeightsDtype::Lossless).unwrap();
    refused(&ModelFile::from_bytes(&bytes).unwrap_err(), "model.manifest", "features.");
    let mut odd = head;
    odd.manifest.ground_resolution_m = Some([1.0, 0.5]);
    refused(&odd.to_bytes(WeightsDtype::Lossless).unwrap_err(), "model.manifest", "ground resolution");
    let mut bare = backbone.clone();
    bare.manifest.backbone = Some(backbone.backbone_reference());
    refused(&bare.to_bytes(WeightsDtype::Lossless).unwrap_err(), "model.manifest", "without a classifier");
}

#[test]
fn the_last_maps_are_what_the_features_are_the_means_of() {
    let file = combined();
    for device in devices() {
        let backbone = Backbone::load(&file, &device).unwrap();
        let images = backbone.views(&tile());
        let features = block_on(backbone.features(images.clone())).unwrap();
        let found = block_on(backbone.features_and_maps(images)).unwrap();
        assert_eq!((found.side, found.maps.len()), (7, VIEWS * 576 * 49));
        let means: Vec<f32> = found.maps.chunks(49).map(|map| map.iter().sum::<f32>() / 49.0).collect();
        assert!(largest_difference(&means, &features) < 1e-4);
        assert!(largest_difference(&found.features, &features) < 1e-6);
    }
}

#[test]
fn the_answer_for_all_views_is_the_mean_of_theirs() {
    let classifier = Classifier::load(&combined(), &Device::Cpu).unwrap();
    let tile = tile();
    let images = classifier.backbone().views(&tile);
    let each = block_on(classifier.classify_images(images)).unwrap();
    let found = block_on(classifier.classify_views(&tile)).unwrap();
    assert_eq!(found.features, each.features);
    for (class, mean) in found.probabilities.iter().enumerate() {
        let sum: f32 =
            each.probabilities.chunks(combined().manifest.labels.len()).map(|row| row[class]).sum();
        assert!((mean - sum / 8.0).abs() < 1e-6);
    }
    let known = block_on(classifier.classify_view_features(found.features.clone())).unwrap();
    assert_eq!(known, found.probabilities);
    let cut = found.features[..7 * 576].to_vec();
    assert_eq!(block_on(classifier.classify_view_features(cut)).unwrap_err().code(), "features.shape");
}
