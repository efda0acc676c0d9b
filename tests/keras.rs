//! Keras models through our own import, against Keras's answers. The fixtures are those of
//! `tests/fixtures/keras/make_fixture.py`.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::{fs, thread};

use flate2::read::GzDecoder;
use tilelens::device::Device;
use tilelens::import::{ImportOptions, Imported, import};
use tilelens::model::classifier::Classifier;
use tilelens::tile::decode;

/// As for the other frameworks.
const TOLERANCE: f32 = 1e-4;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn options(classes: usize) -> ImportOptions {
    ImportOptions::new("fixture", (0..classes).map(|class| format!("class {class}")).collect())
}

/// Imports bytes under a name that tells nothing.
fn import_bytes(bytes: &[u8], classes: usize) -> Result<Imported, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{:?}", thread::current().id()));
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("weights.bin");
    fs::write(&path, bytes).unwrap();
    import(&path, options(classes)).map_err(|error| error.to_string())
}

fn fixture(name: &str) -> Vec<u8> {
    let packed = fs::read(fixtures().join("keras").join(format!("{name}.gz"))).unwrap();
    let mut bytes = Vec::new();
    GzDecoder::new(&packed[..]).read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn h5_and_keras_files_give_keras_s_own_answers() {
    let answers = fs::read(fixtures().join("keras/answers.json")).unwrap();
    let answers: serde_json::Value = serde_json::from_slice(&answers).unwrap();
    let tile = decode(&fs::read(fixtures().join("parity/input.png")).unwrap()).unwrap();
    for (name, expected) in answers.as_object().unwrap() {
        let expected: Vec<f32> =
            expected.as_array().unwrap().iter().map(|number| number.as_f64().unwrap() as f32).collect();
        let Imported { file, notes } = import_bytes(&fixture(name), expected.len()).unwrap();
        assert!(notes.iter().any(|note| note.contains("turned by 180°")), "{notes:?}");
        // One of them scales its images itself, and of the other it is assumed.
        assert_eq!(notes.iter().any(|note| note.contains("is assumed")), name == "whole.h5", "{notes:?}");
        assert_eq!((file.manifest.preprocessing.mean, file.manifest.preprocessing.std), ([0.5; 3], [0.5; 3]));
        let classifier = Classifier::load(&file, &Device::Cpu).unwrap();
        let found = pollster::block_on(classifier.classify(&[&tile])).unwrap().probabilities;
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() <= TOLERANCE, "{name}: {found} for {expected}");
        }
    }
}

#[test]
fn other_keras_networks_are_refused_by_name() {
    for (name, sentence) in [
        ("minimalistic", "It looks like the minimalistic MobileNetV3Small"),
        ("narrow", "It looks like a MobileNetV3Small of alpha 0.75"),
        ("large", "It looks like MobileNetV3Large"),
    ] {
        let refusal = import_bytes(&fixture(&format!("{name}.keras")), 2).unwrap_err();
        assert!(refusal.contains(sentence), "{refusal}");
    }
}

#[test]
fn half_a_file_and_damaged_ones_are_refused_in_a_sentence() {
    for name in ["tuned.keras", "whole.h5"] {
        let whole = fixture(name);
        for cut in [9, 100, 2000, whole.len() / 2, whole.len() - 1] {
            let refusal = import_bytes(&whole[..cut], 3).unwrap_err();
            assert!(!refusal.is_empty() && !refusal.contains("panicked"), "{name} {cut}: {refusal}");
        }
        for place in (8..whole.len()).step_by(whole.len() / 150) {
            let mut damaged = whole.clone();
            damaged[place] ^= 0xff;
            // A weight may be another one; what matters is that nothing falls over.
            let _ = import_bytes(&damaged, 3);
        }
    }
}
