//! Checkpoints of other frameworks through our own import, against torchvision's answers.

mod parity;

use std::path::{Path, PathBuf};
use std::{fs, thread};

use onnx_ir::{Message, ModelProto, NodeProto, TensorProto};
use parity::{TOLERANCE, fixture, kernel_differences, stage_differences, unpack};
use tilelens::device::Device;
use tilelens::import::{ImportError, ImportOptions, import};
use tilelens::model::burn::layers::Norms;
use tilelens::model::head::ClassifierConfig;
use tilelens::model::model_file::{ModelFile, WeightsDtype};
use tilelens::model::parameters::Parameters;
use tilelens::tile::{Preprocessing, decode};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/parity")
}

fn options(classes: usize) -> ImportOptions {
    ImportOptions {
        name: "fixture".into(),
        purpose: String::new(),
        ground_resolution_m: None,
        data: String::new(),
        labels: (0..classes).map(|class| format!("class {class}")).collect(),
        preprocessing: Preprocessing {
            resize_px: 224,
            crop_px: 224,
            mean: Preprocessing::IMAGENET_MEAN,
            std: Preprocessing::IMAGENET_STD,
        },
        dropout_rate: 0.2,
        prefix: None,
        description: String::new(),
        licence: String::new(),
    }
}

/// Imports bytes as if they came in a file of that name. Tests run side by side, each in its thread.
fn import_bytes(name: &str, bytes: &[u8], options: ImportOptions) -> Result<ModelFile, ImportError> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{:?}", thread::current().id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), bytes).unwrap();
    import(&folder.join(name), options)
}

/// Imports a file of the fixture.
fn import_fixture(name: &str, options: ImportOptions) -> Result<ModelFile, ImportError> {
    let packed = fs::read(fixtures().join(format!("{name}.gz"))).unwrap();
    import_bytes(name, &unpack(&packed), options)
}

fn assert_parity(file: &ModelFile, probabilities: &str) {
    let ModelFile { manifest, parameters } = file;
    let device = Device::Cpu.to_burn();
    let of_burn = |norms| {
        pollster::block_on(stage_differences(parameters, &manifest.classifier, probabilities, norms, &device))
    };
    let compared = [of_burn(Norms::Apart), of_burn(Norms::Folded), kernel_differences(parameters)];
    for (stage, difference) in compared.concat() {
        println!("{stage}: max abs difference {difference:.1e}");
        assert!(difference <= TOLERANCE, "{stage}: {difference:e}");
    }
}

#[test]
fn a_pytorch_checkpoint_under_module_equals_torchvision() {
    let file = import_fixture("classifier.pth", options(1000)).unwrap();
    assert_eq!(file.manifest.classifier, ClassifierConfig::ImageNet { num_classes: 1000 });
    assert_parity(&file, "probabilities");
}

#[test]
fn a_safetensors_backbone_with_a_head_equals_torchvision() {
    let file = import_fixture("head.safetensors", options(5)).unwrap();
    assert_parity(&file, "head.probabilities");
}

/// One with the batch norms folded into the convolutions (the older exporter), one as the newer exporter
/// names and shares its constants.
#[test]
fn onnx_exports_equal_torchvision() {
    for name in ["folded.onnx", "named.onnx"] {
        let file = import_fixture(name, options(1000)).unwrap();
        assert_parity(&file, "probabilities");
    }
}

#[test]
fn a_backbone_alone_needs_no_labels() {
    let mut file = import_fixture("head.safetensors", options(5)).unwrap();
    let mut backbone = Parameters::default();
    for (name, parameter) in file.parameters.iter().filter(|(name, _)| name.starts_with("features.")) {
        backbone.insert(name, parameter.shape.clone(), parameter.values.clone());
    }
    file.parameters = backbone;
    file.manifest.classifier = ClassifierConfig::None;
    file.manifest.labels.clear();
    let bytes = file.to_bytes(WeightsDtype::F32).unwrap();
    let found = import_bytes("backbone.safetensors", &bytes, options(0)).unwrap();
    assert_eq!(found.manifest.classifier, ClassifierConfig::None);
    assert_eq!(found.parameters, file.parameters);
}

#[test]
fn both_weight_types_survive_the_model_file() {
    // The fixture's weights are exact in f16, so that both must come back to the bit.
    let file = import_fixture("head.safetensors", options(5)).unwrap();
    for dtype in [WeightsDtype::F16, WeightsDtype::F32] {
        assert_eq!(ModelFile::from_bytes(&file.to_bytes(dtype).unwrap()).unwrap(), file);
    }
}

#[test]
fn a_changed_byte_anywhere_is_found() {
    let file = import_fixture("head.safetensors", options(5)).unwrap();
    let bytes = file.to_bytes(WeightsDtype::F16).unwrap();
    for at in (0..bytes.len()).step_by(bytes.len() / 97) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        assert!(ModelFile::from_bytes(&changed).is_err(), "byte {at} of {}", bytes.len());
    }
    for length in [0, 7, 100, bytes.len() / 2, bytes.len() - 1] {
        assert!(ModelFile::from_bytes(&bytes[..length]).is_err(), "cut to {length} bytes");
    }
}

#[test]
fn another_network_is_refused_by_its_first_layer_that_differs() {
    let mut file = import_fixture("head.safetensors", options(5)).unwrap();
    let wider = vec![0.1; 24 * 16 * 9];
    file.parameters.insert("features.1.block.0.0.weight", vec![24, 16, 3, 3], wider);
    file.parameters.insert("features.12.0.weight", vec![1], vec![0.1]);
    let bytes = file.to_bytes(WeightsDtype::F32).unwrap();
    let message = import_bytes("other.safetensors", &bytes, options(5)).unwrap_err().to_string();
    assert!(message.contains("`features.1.block.0.0.weight`"), "{message}");
    assert!(message.contains("[16, 1, 3, 3]") && message.contains("[24, 16, 3, 3]"), "{message}");
}

#[test]
fn labels_are_asked_for() {
    let message = import_fixture("head.safetensors", options(3)).unwrap_err().to_string();
    assert!(message.contains("5 classes but 3 labels"), "{message}");
}

#[test]
fn a_tile_is_scaled_and_cut_as_by_torchvision() {
    let tile = decode(&fs::read(fixtures().join("large.png")).unwrap()).unwrap();
    let preprocessing = Preprocessing { resize_px: 256, ..options(0).preprocessing };
    let pixels: Vec<f32> = preprocessing.crop(&tile).into_iter().map(f32::from).collect();
    // Both round to whole levels after each of two passes; 1 of 255 is one rounding apart.
    let difference = fixture().crop.difference(&pixels);
    println!("crop: max abs difference {difference}");
    assert!(difference <= 1.0, "{difference}");
}

/// The checkpoints that fuzzing begins with: one would run a command, one names a file outside of itself, one is two
/// hundred graphs within one another. The others are a few bytes that claim gigabytes.
#[test]
fn hostile_checkpoints_run_nothing_and_are_refused_in_a_sentence() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    for (name, sentence) in [
        ("pytorch/hostile.pth", "holds no MobileNetV3"),
        ("pytorch/expanded.pth", "take more than 512 MB"),
        ("pytorch/deflated.pth", "its files are compressed"),
        ("pytorch/sparse.pth", "it is a tar"),
        ("onnx/tiny.onnx", "is no constant"),
        ("onnx/outside.onnx", "in a second file"),
        ("onnx/hollow.onnx", "does not hold the values of its shape"),
        ("onnx/wrapping.onnx", "does not hold the values of its shape"),
        ("onnx/nested.onnx", "recursion limit"),
        ("safetensors/tiny.safetensors", "not a MobileNetV3-Small"),
    ] {
        let message = import(&seeds.join(name), options(0)).unwrap_err().to_string();
        assert!(message.contains(sentence), "{name}: {message}");
    }
    assert!(!Path::new("hostile-pickle-ran").exists());
}

#[test]
fn half_precision_counts_as_what_it_becomes() {
    let weights = 135_000_000;
    let header =
        format!(r#"{{"w":{{"dtype":"F16","shape":[{weights}],"data_offsets":[0,{}]}}}}"#, 2 * weights);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("half.safetensors");
    fs::write(&path, [&(header.len() as u64).to_le_bytes(), header.as_bytes()].concat()).unwrap();
    // Zeros that take no room on the disk.
    let length = 8 + header.len() as u64 + 2 * weights;
    fs::File::options().write(true).open(&path).unwrap().set_len(length).unwrap();
    let error = import(&path, options(0)).unwrap_err();
    assert!(matches!(error, ImportError::TooLarge), "{error}");
}

#[test]
fn a_constant_that_stands_for_every_layer_is_not_copied_without_end() {
    let mut weight = TensorProto::new();
    weight.name = "weight".into();
    weight.data_type = 1; // FLOAT
    weight.dims = vec![1, 2_700_000];
    weight.raw_data = vec![0; 4 * 2_700_000].into();
    let mut bias = TensorProto { name: "bias".into(), data_type: 1, dims: vec![1], ..TensorProto::new() };
    bias.float_data = vec![0.0];
    let conv = NodeProto {
        op_type: "Conv".into(),
        input: ["image", "weight", "bias"].map(String::from).to_vec(),
        ..NodeProto::new()
    };
    let mut model = ModelProto::new();
    let graph = model.graph.mut_or_insert_default();
    graph.initializer = vec![weight, bias];
    graph.node = vec![conv; 52];
    let error = import_bytes("repeated.onnx", &model.write_to_bytes().unwrap(), options(0)).unwrap_err();
    assert!(matches!(error, ImportError::TooLarge), "{error}");
}
