//! The shipped models do what their cards say, on the test tiles that their training never saw.
//!
//! The tiles may not be redistributed: they are read from `$TILELENS_DATA`, else from `../shared/data`. Where
//! neither is there, these tests have nothing to judge by and say so.

#![cfg(not(target_family = "wasm"))]

use std::path::{Path, PathBuf};
use std::{env, fs};

use burn::tensor::{Tensor, TensorData};
use pollster::block_on;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tilelens::ErrorCode;
use tilelens::device::{Device, read};
use tilelens::export::to_onnx;
use tilelens::model::architecture::Architecture;
use tilelens::model::burn::classification;
use tilelens::model::burn::layers::{Norms, global_average_pool};
use tilelens::model::burn::mobilenet_v3::MobileNetV3Small;
use tilelens::model::classification::softmax;
use tilelens::model::classifier::Classifier;
use tilelens::model::cpu::backbone::Backbone;
use tilelens::model::cpu::classification::Classification;
use tilelens::model::head::{ClassifierConfig, Head};
use tilelens::model::model_file::{ModelFile, WeightsDtype, hex};
use tilelens::model::parameters::Parameters;
use tilelens::tile::{Tile, decode};
use tilelens::training::burn::{BurnLearner, HeadAndTail, logits};
use tilelens::training::head_learner::{HeadLearner, Start};
use tilelens::training::metrics::{Evaluation, argmax};
use tilelens::training::samples::{Samples, Subset};
use tilelens::training::trainer::{Trainer, TrainingConfig};

const FEATURES: usize = Architecture::MobileNetV3Small.features();

/// Ten labels a class of RSSCN7's seven; 87 % are reached with this seed, 85 % by the mean of 20 draws. The backbone saw other
/// tiles of these classes: what it does for classes that it never saw is in its card.
const TEN_SHOT_ACCURACY: f64 = 0.83;

/// Tiles of which PyTorch says the same, from the same files.
const AGREEING: f64 = 0.999;
/// How far apart two classes may be where it does not.
const MOST_LEAD: f32 = 0.05;

const FOLDERS: [&str; 7] = ["field", "forest", "grass", "industry", "parking", "residential", "river_lake"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of the sets of tiles, `aid`, `eurosat` and `rsscn7`.
fn real_tiles() -> Option<PathBuf> {
    let named = env::var_os("TILELENS_DATA").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| root().join("../shared/data"));
    if !folder.join("rsscn7").is_dir() {
        eprintln!("skipped: no real tiles; set TILELENS_DATA to a folder with aid, eurosat and rsscn7");
        return None;
    }
    Some(folder)
}

fn tile(file: &Path) -> Tile {
    decode(&fs::read(file).unwrap()).unwrap()
}

fn file(name: &str) -> ModelFile {
    ModelFile::from_bytes(&fs::read(root().join("models").join(name)).unwrap()).unwrap()
}

/// The shipped backbone with a shipped head.
fn model(head: &str) -> ModelFile {
    file("overhead.safetensors").join(&file(&format!("{head}.safetensors"))).unwrap()
}

fn classifier(model: &ModelFile) -> Classifier {
    Classifier::load(model, &Device::Cpu).unwrap()
}

#[derive(Deserialize)]
struct Card {
    labels: Vec<String>,
    tiles: usize,
    right: usize,
    calibration_error: f64,
}

/// A test tile by its name below the sets' folder, its class, and PyTorch's class and confidence.
#[derive(Deserialize)]
struct Expected(String, String, usize, f32);

/// `BareLand` and `Bare land` alike.
fn spelling(class: &str) -> String {
    class.chars().filter(|letter| letter.is_alphabetic()).flat_map(char::to_lowercase).collect()
}

#[test]
fn the_cards_state_what_the_heads_do_and_pytorch_says_the_same_of_every_tile() {
    let Some(folder) = real_tiles() else { return };
    for head in ["overhead-scenes", "sentinel-2"] {
        let json = |path: String| fs::read(root().join(path)).unwrap();
        let card: Card = serde_json::from_slice(&json(format!("models/{head}.json"))).unwrap();
        let expected: Vec<Expected> =
            serde_json::from_slice(&json(format!("tests/fixtures/model/{head}.json"))).unwrap();
        let classifier = classifier(&model(head));
        let (mut found, mut labels, mut agreeing, mut differences) = (Vec::new(), Vec::new(), 0, 0.0_f32);
        for Expected(name, class, predicted, confidence) in &expected {
            let probabilities =
                block_on(classifier.classify(&[&tile(&folder.join(name))])).unwrap().probabilities;
            let found_class = argmax(&probabilities);
            agreeing += usize::from(found_class == *predicted);
            // A decoder's roundings may tip a tile that lies between two classes, and no other.
            let lead = probabilities[found_class] - probabilities[*predicted];
            assert!(lead < MOST_LEAD, "{name}: PyTorch's class is behind by {lead}");
            differences += (probabilities[*predicted] - confidence).abs();
            found.extend(probabilities);
            labels.push(card.labels.iter().position(|label| spelling(label) == spelling(class)).unwrap());
        }
        let difference = differences / expected.len() as f32;
        println!(
            "{head}: {agreeing} of {} classes are PyTorch's; confidences differ by {difference:.4} on average",
            expected.len()
        );
        assert!(agreeing as f64 >= AGREEING * expected.len() as f64, "{agreeing} of {}", expected.len());
        // The decoders differ by a level in every hundredth number. Where tiles are scaled within columns first, or colours
        // are rounded twice, this is 0.0016 and more.
        assert!(difference <= 0.001, "{difference}");
        let evaluation = Evaluation::new(&found, &labels, card.labels.len());
        assert_eq!((evaluation.tiles, evaluation.right), (card.tiles, card.right));
        assert!((evaluation.calibration_error - card.calibration_error).abs() < 1e-3);
    }
}

#[test]
fn a_head_learns_from_ten_tiles_a_class_and_is_judged_by_others() {
    let Some(folder) = real_tiles() else { return };
    let backbone = classifier(&file("overhead.safetensors"));
    let list = fs::read_to_string(root().join("models/recipe/splits/rsscn7.test.txt")).unwrap();
    let mut samples = Samples::new(FEATURES, 1);
    for name in list.lines() {
        let class = FOLDERS.iter().position(|class| name.starts_with(class)).unwrap();
        let images = backbone.backbone().images(&[&tile(&folder.join("rsscn7").join(name))]);
        samples.push(&block_on(backbone.backbone().features(images)).unwrap(), class);
    }
    // Ten from all over each class's list, because it goes by ground scale.
    let labels = samples.labels();
    let of = |class: usize| (0..labels.len()).filter(move |&tile| labels[tile] == class);
    let labelled: Vec<usize> = (0..FOLDERS.len()).flat_map(|class| of(class).step_by(5).take(10)).collect();
    let others: Vec<usize> = (0..samples.len()).filter(|tile| !labelled.contains(tile)).collect();
    let (labelled, others) = (Subset::from(samples.select(&labelled)), samples.select(&others));

    let config = TrainingConfig::default();
    let start = Start::Scratch(Head::random(config.head(FEATURES, FOLDERS.len()), &mut config.random()));
    let learner = HeadLearner::new(&start, &config, &labelled, &Device::Cpu);
    let nothing = Samples::new(FEATURES, 1);
    let mut trainer = Trainer::new(config, learner, FOLDERS.len(), labelled, nothing).unwrap();
    block_on(trainer.train(|_| ())).unwrap();
    let head = block_on(trainer.best().read()).unwrap();
    let found = Classification::of_head(&head).logits(&others.first_views(0..others.len()));
    let evaluation = Evaluation::new(&softmax(found, FOLDERS.len(), 1.0), others.labels(), FOLDERS.len());
    println!("{} of {} right", evaluation.right, evaluation.tiles);
    assert!(evaluation.accuracy >= TEN_SHOT_ACCURACY, "{}", evaluation.accuracy);
}

/// Sides that no register tile divides, down to maps of one pixel.
#[test]
fn the_kernels_give_burns_features_for_images_of_any_side() {
    let parameters = model("overhead-scenes").parameters;
    let device = Device::Cpu.to_burn();
    let kernels = Backbone::load(Architecture::MobileNetV3Small, &parameters).unwrap();
    let reference = MobileNetV3Small::load(&parameters, Norms::Apart, &device).unwrap();
    for side in [32, 75, 200, 257] {
        let image: Vec<f32> = (0..3 * side * side)
            .map(|index| ((index * 37 + index / side * 11) % 101) as f32 / 25.0 - 2.0)
            .collect();
        let maps =
            reference.forward(Tensor::from_data(TensorData::new(image.clone(), [1, 3, side, side]), &device));
        let expected = block_on(read(global_average_pool(maps))).unwrap();
        let found = kernels.features(&image, side);
        let worst = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(found.len() == FEATURES && worst <= 1e-4, "side {side}: {worst:e}");
    }
}

#[test]
fn the_temperature_travels_in_the_file_and_divides_the_logits() {
    let tile = decode(&fs::read(root().join("www/samples/synthetic-grass.jpg")).unwrap()).unwrap();
    let mut file = model("overhead-scenes");
    file.manifest.temperature = 3.0;
    let file = ModelFile::from_bytes(&file.to_bytes(WeightsDtype::F16).unwrap()).unwrap();
    assert_eq!(file.manifest.temperature, 3.0);
    let classifier = classifier(&file);
    let features = block_on(classifier.backbone().features(classifier.backbone().images(&[&tile]))).unwrap();
    let logits = block_on(classifier.logits(features)).unwrap();
    let powers: Vec<f32> = logits.iter().map(|logit| (logit / 3.0).exp()).collect();
    let found = block_on(classifier.classify(&[&tile])).unwrap().probabilities;
    for (found, power) in found.iter().zip(&powers) {
        assert!((found - power / powers.iter().sum::<f32>()).abs() < 1e-5);
    }
}

#[test]
fn a_file_from_before_temperatures_is_read_with_a_temperature_of_one() {
    let mut file = model("overhead-scenes");
    file.manifest.temperature = 3.0;
    file.parameters.remove(&["features."]);
    let bytes = file.to_bytes(WeightsDtype::F16).unwrap();
    // The manifest is JSON within JSON; spaces keep the length of the header.
    let mut old = replaced(&bytes, br#"\"format\":3"#, br#"\"format\":1"#);
    let entry = br#"\"temperature\":3.0,"#;
    old = replaced(&old, entry, &b" ".repeat(entry.len()));
    let read = ModelFile::from_bytes(&sealed(old)).unwrap();
    assert_eq!((read.manifest.format, read.manifest.temperature), (1, 1.0));
}

#[test]
fn a_tampered_byte_anywhere_is_found() {
    let mut parameters = Parameters::default();
    parameters.insert("features.0.0.weight", vec![2, 3], vec![0.5; 6]);
    let manifest = model("overhead-scenes").manifest;
    let bytes = ModelFile { manifest, parameters }.to_bytes(WeightsDtype::F32).unwrap();
    assert!(ModelFile::from_bytes(&bytes).is_ok());
    for place in 0..bytes.len() {
        for bit in [0, 5, 7] {
            let mut tampered = bytes.clone();
            tampered[place] ^= 1 << bit;
            assert!(ModelFile::from_bytes(&tampered).is_err(), "bit {bit} of byte {place}");
        }
        assert!(ModelFile::from_bytes(&bytes[..place]).is_err(), "the first {place} bytes");
    }
}

/// A checksum tells damage and not sense: whoever writes a file can seal nonsense.
#[test]
fn a_sealed_file_of_nonsense_is_refused_with_a_sentence_by_all_that_use_it() {
    let refused = |what: &str, change: &dyn Fn(&mut ModelFile)| {
        let mut file = model("overhead-scenes");
        change(&mut file);
        let file = ModelFile::from_bytes(&file.to_bytes(WeightsDtype::F32).unwrap()).unwrap();
        assert_eq!(Classifier::load(&file, &Device::Cpu).unwrap_err().code(), "model.layer", "{what}");
        assert_eq!(to_onnx(&file).unwrap_err().code(), "export.layer", "{what}");
    };
    fn replace(file: &mut ModelFile, name: &str, shape: &[usize], value: f32) {
        file.parameters.insert(name, shape.to_vec(), vec![value; shape.iter().product()]);
    }
    refused("more neurons than weights", &|file| {
        let ClassifierConfig::Head(head) = &mut file.manifest.classifier else { panic!("it has a head") };
        head.dense_neurons = 4096;
    });
    refused("a missing layer", &|file| file.parameters.remove(&["features.3."]));
    refused("a layer without weights", &|file| replace(file, "head.output.weight", &[30, 0], 0.0));
    refused("a bias of infinity", &|file| replace(file, "head.output.bias", &[30], f32::INFINITY));

    let mut file = model("overhead-scenes");
    replace(&mut file, "features.0.1.weight", &[16], f32::MAX);
    let tile = decode(&fs::read(root().join("www/samples/synthetic-grass.jpg")).unwrap()).unwrap();
    let classifier = classifier(&file);
    let answer = block_on(classifier.classify(&[&tile]));
    assert_eq!(answer.unwrap_err().code(), "model.not_finite");
    assert_eq!(
        block_on(classifier.backbone().features(classifier.backbone().views(&tile))).unwrap_err().code(),
        "model.not_finite"
    );
}

/// Such a file is not written here, but by others.
#[test]
fn a_sealed_manifest_that_contradicts_itself_is_not_read() {
    let mut head = file("sentinel-2.safetensors");
    head.manifest.temperature = 1.1;
    let bytes = head.to_bytes(WeightsDtype::Lossless).unwrap();
    for (old, new) in [
        (r#"dense_neurons\":128"#, r#"dense_neurons\":  0"#),
        (r#"num_classes\":10"#, r#"num_classes\":11"#),
        (r#"crop_px\":224"#, r#"crop_px\":  0"#),
        (r#"temperature\":1.1"#, r#"temperature\":0.0"#),
    ] {
        let file = sealed(replaced(&bytes, old.as_bytes(), new.as_bytes()));
        assert_eq!(ModelFile::from_bytes(&file).unwrap_err().code(), "model.manifest", "{new}");
    }
    assert!(ModelFile::from_bytes(&sealed(bytes)).is_ok());
}

/// The file with the checksum that its bytes have now.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let digits = bytes.windows(13).position(|window| window == br#"\"sha256\":\""#).unwrap() + 13;
    bytes[digits..digits + 64].fill(b'0');
    let checksum = hex(&Sha256::digest(&bytes));
    bytes[digits..digits + 64].copy_from_slice(checksum.as_bytes());
    bytes
}

fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let at = bytes.windows(old.len()).position(|window| window == old).unwrap();
    [&bytes[..at], new, &bytes[at + old.len()..]].concat()
}

#[test]
fn unfreezing_trains_the_last_blocks_and_leaves_the_others_and_the_batch_norms_alone() {
    let device = Device::Cpu.to_burn();
    let mut before = model("overhead-scenes");
    let sample = |name: &str| decode(&fs::read(root().join("www/samples").join(name)).unwrap()).unwrap();
    let tiles = [(sample("synthetic-forest.jpg"), 0), (sample("synthetic-field.jpg"), 1)];
    let classifier_before = classifier(&before);
    let (trunk, tail) = MobileNetV3Small::load(&before.parameters, Norms::Apart, &device).unwrap().split(2);
    let shape = TrainingConfig::default().head(FEATURES, 2);
    let image = |tile| TensorData::new(classifier_before.backbone().images(&[tile]), [1, 3, 224, 224]);
    let maps: Vec<Tensor<4>> =
        tiles.iter().map(|(tile, _)| trunk.forward(Tensor::from_data(image(tile), &device))).collect();
    let [_, channels, height, width] = maps[0].dims();
    let mut training = Samples::new(channels * height * width, 1);
    for (map, (_, class)) in maps.into_iter().zip(&tiles) {
        training.push(&block_on(read(map)).unwrap(), *class);
    }
    let head = Head::random(shape.clone(), &mut TrainingConfig::default().random());
    let head = classification::Head::load(&shape, head.parameters(), &device).unwrap();
    let network = HeadAndTail { tail, head, map_shape: [channels, height, width] };
    let config = TrainingConfig { epochs: 4, ..TrainingConfig::default() };
    let nothing = Samples::new(1, 1);
    let learner = BurnLearner::new(network, &config, &device);
    let mut trainer = Trainer::new(config, learner, 2, training.clone(), nothing).unwrap();
    let mut losses = Vec::new();
    block_on(trainer.train(|epoch| losses.push(epoch.loss))).unwrap();
    assert!(losses[3] < losses[0], "{losses:?}");

    let mut after = before.clone();
    after.parameters.remove(&["head."]);
    block_on(trainer.best().head.store(&mut after.parameters)).unwrap();
    block_on(trainer.best().tail.store(&mut after.parameters)).unwrap();
    before.parameters.remove(&["head."]);
    let changed = after.parameters.iter().filter(|(name, parameter)| {
        before.parameters.get(name, &parameter.shape).is_ok_and(|old| old != *parameter)
    });
    let changed: Vec<&str> = changed.map(|(name, _)| name).collect();
    assert!(changed.iter().any(|name| name.starts_with("features.10.")), "{changed:?}");
    let allowed = ["features.10.", "features.11.", "features.12."];
    assert!(changed.iter().all(|name| allowed.iter().any(|prefix| name.starts_with(prefix))), "{changed:?}");

    // The file that is written is the network that was trained; had training moved a batch norm, which is not
    // written, the answers would differ.
    after.manifest.labels = vec!["a".into(), "b".into()];
    after.manifest.classifier = ClassifierConfig::Head(shape);
    let reread = ModelFile::from_bytes(&after.to_bytes(WeightsDtype::F32).unwrap()).unwrap();
    let reread = classifier(&reread);
    let trained = block_on(logits(trainer.best(), &training.into(), &device)).unwrap();
    for ((tile, _), trained) in tiles.iter().zip(trained.chunks(2)) {
        let features = block_on(reread.backbone().features(reread.backbone().images(&[tile]))).unwrap();
        let found = block_on(reread.logits(features)).unwrap();
        for (a, b) in found.iter().zip(trained) {
            assert!((a - b).abs() < 1e-4, "{found:?} is not {trained:?}");
        }
    }
}
