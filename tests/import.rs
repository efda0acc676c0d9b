//! Checkpoints of other frameworks through our own import, against torchvision's answers.

#[path = "../src/onnx_messages.rs"]
#[allow(dead_code)]
mod onnx_messages;
mod parity;

use std::path::{Path, PathBuf};
use std::{fs, thread};

use onnx_messages::{FLOAT, GraphProto, ModelProto, NodeProto, StringStringEntryProto, TensorProto};
use parity::{TOLERANCE, fixture, kernel_differences, stage_differences, unpack};
use prost::Message;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use tilelens::device::Device;
use tilelens::import::{HiddenActivation, ImportError, ImportOptions, Imported, import};
use tilelens::model::burn::layers::Norms;
use tilelens::model::classifier::Classifier;
use tilelens::model::head::ClassifierConfig;
use tilelens::model::model_file::{ModelFile, WeightsDtype};
use tilelens::model::parameters::Parameters;
use tilelens::tile::{Preprocessing, decode};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/parity")
}

fn options(classes: usize) -> ImportOptions {
    ImportOptions::new("fixture", (0..classes).map(|class| format!("class {class}")).collect())
}

/// A folder of this test's own: tests run side by side, each in its thread.
fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{:?}", thread::current().id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Imports bytes as if they came in a file of that name.
fn import_noted(name: &str, bytes: &[u8], options: ImportOptions) -> Result<Imported, ImportError> {
    fs::write(folder().join(name), bytes).unwrap();
    import(&folder().join(name), options)
}

fn import_bytes(name: &str, bytes: &[u8], options: ImportOptions) -> Result<ModelFile, ImportError> {
    import_noted(name, bytes, options).map(|imported| imported.file)
}

fn unpacked(name: &str) -> Vec<u8> {
    unpack(&fs::read(fixtures().join(format!("{name}.gz"))).unwrap())
}

/// Imports a file of the fixture.
fn import_fixture(name: &str, options: ImportOptions) -> Result<ModelFile, ImportError> {
    import_bytes(name, &unpacked(name), options)
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
    let preprocessing = Preprocessing {
        resize_px: 256,
        crop_px: 224,
        mean: Preprocessing::IMAGENET_MEAN,
        std: Preprocessing::IMAGENET_STD,
    };
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
        ("onnx/nested.onnx", "holds no MobileNetV3"),
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
    let weight = TensorProto {
        name: "weight".into(),
        data_type: FLOAT,
        dims: vec![1, 2_700_000],
        raw_data: vec![0; 4 * 2_700_000],
        ..TensorProto::default()
    };
    let bias = constant("bias", &[1], &[0.0]);
    let conv = NodeProto {
        op_type: "Conv".into(),
        input: ["image", "weight", "bias"].map(String::from).to_vec(),
        ..NodeProto::default()
    };
    let graph = GraphProto { initializer: vec![weight, bias], node: vec![conv; 52], ..GraphProto::default() };
    let model = ModelProto { graph: Some(graph), ..ModelProto::default() };
    let error = import_bytes("repeated.onnx", &model.encode_to_vec(), options(0)).unwrap_err();
    assert!(matches!(error, ImportError::TooLarge), "{error}");
}

/// The fixture's backbone with other layers behind it, as safetensors of f32.
fn with_layers(layers: &[(&str, Vec<usize>, Vec<f32>)]) -> Vec<u8> {
    let file = import_fixture("head.safetensors", options(5)).unwrap();
    let backbone = file.parameters.iter().filter(|(name, _)| name.starts_with("features."));
    let backbone = backbone.map(|(name, layer)| (name.to_owned(), layer.shape.clone(), layer.values.clone()));
    let layers = layers.iter().map(|(name, shape, values)| (name.to_string(), shape.clone(), values.clone()));
    to_safetensors(backbone.chain(layers).collect())
}

fn to_safetensors(tensors: Vec<(String, Vec<usize>, Vec<f32>)>) -> Vec<u8> {
    let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let stored: Vec<_> =
        tensors.into_iter().map(|(name, shape, values)| (name, shape, bytes(&values))).collect();
    let views = stored.iter().map(|(name, shape, bytes)| {
        (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
    });
    safetensors::serialize(views, None).unwrap()
}

/// Numbers around zero.
fn numbers(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|index| ((index * 37 + seed * 13) % 101) as f32 / 500.0 - 0.1).collect()
}

/// `weight · x + bias` in 64 bits.
fn dense(weight: &[f32], bias: &[f32], input: &[f32]) -> Vec<f32> {
    let sum =
        |row: &[f32]| -> f64 { row.iter().zip(input).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum() };
    weight.chunks(input.len()).zip(bias).map(|(row, &bias)| (sum(row) + f64::from(bias)) as f32).collect()
}

/// Features of a picture, and the logits that an imported model gives for it.
fn features_and_logits(file: &ModelFile) -> (Vec<f32>, Vec<f32>) {
    let classifier = Classifier::load(file, &Device::Cpu).unwrap();
    let tile = decode(&fs::read(fixtures().join("input.png")).unwrap()).unwrap();
    let features =
        pollster::block_on(classifier.backbone().features(classifier.backbone().images(&[&tile]))).unwrap();
    let logits = pollster::block_on(classifier.logits(features.clone())).unwrap();
    (features, logits)
}

fn assert_near(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-4, "{found} for {expected}");
    }
}

#[test]
fn a_checkpoint_is_told_by_its_bytes_whatever_it_is_called() {
    let bytes = unpacked("classifier.pth");
    let expected = import_bytes("a.pth", &bytes, options(1000)).unwrap().parameters;
    for name in ["best.pth.tar", "last.ckpt", "pytorch_model.bin", "MODEL.PT", "model.pkl", "weights"] {
        assert_eq!(import_bytes(name, &bytes, options(1000)).unwrap().parameters, expected, "{name}");
    }
    let safetensors = unpacked("head.safetensors");
    assert!(import_bytes("model.pth", &safetensors, options(5)).is_ok());
}

#[test]
fn other_files_are_called_what_they_are() {
    let zip = |names: &[&str]| {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for name in names {
            writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    };
    let whole = unpacked("classifier.pth");
    let safetensors = unpacked("head.safetensors");
    for (bytes, sentence) in [
        (&b"version https://git-lfs.example/spec/v1\noid sha256:00\nsize 10306551\n"[..], "git lfs pull"),
        (b"\n<!DOCTYPE html><html><body>Sign in</body></html>", "a web page"),
        (b"\x1c\0\0\0TFL3\0\0", "TensorFlow Lite"),
        (&zip(&["m/data.pkl", "m/code/__torch__.py", "m/constants.pkl"]), "TorchScript"),
        (&zip(&["forest/1.jpg"]), "zip archive without a checkpoint"),
        (&whole[..whole.len() / 2], "half of a zip archive"),
        (&safetensors[..safetensors.len() / 2], "not whole"),
        (b"", "empty"),
        (b"\x1f\x8b\x08\0", "gzip"),
        (br#"{"architectures": ["MobileNetV3"]}"#, "JSON"),
        (b"epoch 1 loss 0.5\n", "a text file"),
        (b"\0\x01\x02\x03", "no checkpoint"),
    ] {
        let message = import_bytes("checkpoint.pth", bytes, options(0)).unwrap_err().to_string();
        assert!(message.starts_with("the file is ") && message.contains(sentence), "{sentence}: {message}");
    }
    let no_keras = zip(&["config.json", "metadata.json", "model.weights.h5"]);
    for bytes in [&b"\x89HDF\r\n\x1a\n\0\0\0\0"[..], &no_keras] {
        let message = import_bytes("checkpoint.pth", bytes, options(0)).unwrap_err().to_string();
        assert!(message.contains("cannot be read as Keras"), "{message}");
    }
    let message = import(&fixtures(), options(0)).unwrap_err().to_string();
    assert!(message.contains("a folder"), "{message}");
}

#[test]
fn a_single_layer_in_the_classifiers_place_is_imported_under_any_name() {
    let (weight, bias) = (numbers(3 * 576, 1), numbers(3, 2));
    for name in ["classifier", "classifier.1", "classifier.3.0", "fc", "head"] {
        let layers = [
            (&*format!("{name}.weight"), vec![3, 576], weight.clone()),
            (&*format!("{name}.bias"), vec![3], bias.clone()),
        ];
        let file = import_bytes("linear.safetensors", &with_layers(&layers), options(3)).unwrap();
        let (features, logits) = features_and_logits(&file);
        assert_near(&logits, &dense(&weight, &bias, &features));
    }
}

#[test]
fn two_layers_have_the_activation_that_is_told_or_a_note() {
    let (hidden, output) = (numbers(20 * 576, 3), numbers(2 * 20, 4));
    let layers = [
        ("classifier.0.weight", vec![20, 576], hidden.clone()),
        ("classifier.0.bias", vec![20], numbers(20, 5)),
        ("classifier.3.weight", vec![2, 20], output.clone()),
        ("classifier.3.bias", vec![2], numbers(2, 6)),
    ];
    let bytes = with_layers(&layers);
    let expected = |features: &[f32], activation: fn(f32) -> f32| {
        let hidden: Vec<f32> =
            dense(&hidden, &numbers(20, 5), features).into_iter().map(activation).collect();
        dense(&output, &numbers(2, 6), &hidden)
    };
    let Imported { file, notes } = import_noted("two.safetensors", &bytes, options(2)).unwrap();
    assert!(notes.iter().any(|note| note.contains("ReLU is assumed")), "{notes:?}");
    let (features, logits) = features_and_logits(&file);
    assert_near(&logits, &expected(&features, |x| x.max(0.0)));
    let told = ImportOptions { hidden_activation: Some(HiddenActivation::HardSwish), ..options(2) };
    let Imported { file, notes } = import_noted("two.safetensors", &bytes, told).unwrap();
    assert!(!notes.iter().any(|note| note.contains("assumed: ")), "{notes:?}");
    let (features, logits) = features_and_logits(&file);
    assert_near(&logits, &expected(&features, |x| x * (x + 3.0).clamp(0.0, 6.0) / 6.0));
}

#[test]
fn a_classifier_that_no_head_can_express_is_never_left_out_without_a_word() {
    let layers = [
        ("classifier.0.weight", vec![8, 576], numbers(8 * 576, 1)),
        ("classifier.2.weight", vec![8, 8], numbers(64, 2)),
        ("classifier.4.weight", vec![2, 8], numbers(16, 3)),
    ];
    let bytes = with_layers(&layers);
    let message = import_bytes("three.safetensors", &bytes, options(2)).unwrap_err().to_string();
    assert!(message.contains("3 dense layers, a head has two"), "{message}");
    let Imported { file, notes } = import_noted("three.safetensors", &bytes, options(0)).unwrap();
    assert_eq!(file.manifest.classifier, ClassifierConfig::None);
    assert!(notes.iter().any(|note| note.contains("left out (it has 3 dense layers")), "{notes:?}");
    let wide = [("fc.weight", vec![2, 1152], numbers(2 * 1152, 1))];
    let message = import_bytes("wide.safetensors", &with_layers(&wide), options(2)).unwrap_err().to_string();
    assert!(message.contains("`fc` reads 1152 numbers"), "{message}");
}

/// The names are those of timm's own state dict beside torchvision's, layer by layer. A norm of timm's has another
/// epsilon; with variances that make up for it the network is the fixture's.
#[test]
fn timms_names_are_read_with_their_epsilon() {
    let names = include_str!("fixtures/import/timm-names.txt");
    let names = names.lines().map(|line| line.split_once(' ').unwrap());
    let file = import_fixture("classifier.pth", options(1000)).unwrap();
    let timm = names.map(|(timm, torchvision)| {
        let (_, layer) = file.parameters.iter().find(|(name, _)| *name == torchvision).unwrap();
        let is_variance = torchvision.ends_with("running_var");
        let values = layer.values.iter().map(|&value| if is_variance { value + 1e-3 - 1e-5 } else { value });
        let shape = if timm == "conv_head.weight" { vec![1024, 576, 1, 1] } else { layer.shape.clone() };
        (timm.to_owned(), shape, values.collect())
    });
    let Imported { file, notes } =
        import_noted("model.safetensors", &to_safetensors(timm.collect()), options(1000)).unwrap();
    assert!(notes[0].contains("mobilenetv3_small_100"), "{notes:?}");
    assert_parity(&file, "probabilities");
}

#[test]
fn other_networks_are_refused_with_what_they_look_like() {
    let layer =
        |name: &str, shape: &[usize]| (name.to_owned(), shape.to_vec(), vec![0.5; shape.iter().product()]);
    for (layers, sentence) in [
        (vec![layer("features.0.0.weight", &[16, 4, 3, 3])], "images of 4 bands"),
        (
            vec![layer("features.0.0.weight", &[16, 3, 3, 3]), layer("features.16.0.weight", &[1])],
            "MobileNetV3-Large",
        ),
        (vec![layer("conv1.weight", &[1]), layer("layer1.0.conv1.weight", &[1])], "a ResNet"),
        (
            vec![
                layer("features.0.0.weight", &[16, 3, 3, 3]),
                layer("features.12.0.weight", &[432, 72, 1, 1]),
            ],
            "of width 0.75",
        ),
    ] {
        let message =
            import_bytes("other.safetensors", &to_safetensors(layers), options(0)).unwrap_err().to_string();
        assert!(message.contains(sentence), "{message}");
    }
}

/// The exported graph, changed, and what is imported of it.
fn import_changed(change: impl FnOnce(&mut ModelProto)) -> Result<Imported, ImportError> {
    let mut model = ModelProto::decode(&unpacked("folded.onnx")[..]).unwrap();
    change(&mut model);
    import_noted("changed.onnx", &model.encode_to_vec(), options(1000))
}

fn node(op_type: &str, inputs: &[&str], output: &str) -> NodeProto {
    NodeProto {
        op_type: op_type.into(),
        input: inputs.iter().map(|input| input.to_string()).collect(),
        output: vec![output.into()],
        ..NodeProto::default()
    }
}

fn constant(name: &str, dims: &[i64], values: &[f32]) -> TensorProto {
    TensorProto {
        name: name.into(),
        data_type: FLOAT,
        dims: dims.to_vec(),
        float_data: values.to_vec(),
        ..TensorProto::default()
    }
}

#[test]
fn onnx_weights_are_read_from_every_place_that_they_may_be_in() {
    let expected = import_fixture("folded.onnx", options(1000)).unwrap().parameters;
    let mut beside = Vec::new();
    let imported = import_changed(|model| {
        let constants = model.graph.as_mut().unwrap().initializer.iter_mut();
        for (index, tensor) in constants.filter(|tensor| tensor.data_type == 1).enumerate() {
            let values: Vec<f32> = tensor
                .raw_data
                .chunks(4)
                .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
                .collect();
            let half = |value: f32| half::f16::from_f32(value);
            match index % 3 {
                0 => {
                    let entries =
                        [("location", "weights.bin".to_owned()), ("offset", beside.len().to_string())];
                    beside.extend_from_slice(&tensor.raw_data);
                    for (key, value) in entries {
                        tensor.external_data.push(StringStringEntryProto { key: key.into(), value });
                    }
                    tensor.data_location = 1; // EXTERNAL
                }
                1 if values.iter().all(|&value| half(value).to_f32() == value) => {
                    tensor.data_type = 10; // FLOAT16
                    tensor.int32_data = values.iter().map(|&value| half(value).to_bits().into()).collect();
                }
                _ => {
                    tensor.data_type = 11; // DOUBLE
                    tensor.double_data = values.iter().map(|&value| value.into()).collect();
                }
            }
            tensor.raw_data = Vec::new();
        }
        fs::write(folder().join("weights.bin"), &beside).unwrap();
    });
    assert_eq!(imported.unwrap().file.parameters, expected);
    fs::write(folder().join("weights.bin"), &beside[..beside.len() - 1]).unwrap();
    let message = import(&folder().join("changed.onnx"), options(1000)).unwrap_err().to_string();
    assert!(message.contains("`weights.bin`, which ends too early"), "{message}");
}

#[test]
fn a_normalisation_inside_the_graph_becomes_the_models() {
    let (mean, std) = ([0.4, 0.5, 0.6], [0.2, 0.25, 0.3]);
    for (range, scale) in [(1.0, "0 to 1"), (255.0, "0 to 255")] {
        let Imported { file, notes } = import_changed(|model| {
            let graph = model.graph.as_mut().unwrap();
            let first = graph.node.iter_mut().find(|node| node.op_type == "Conv").unwrap();
            let image = std::mem::replace(&mut first.input[0], "normalised".into());
            graph.initializer.push(constant("range", &[], &[range]));
            graph.initializer.push(constant("mean", &[1, 3, 1, 1], &mean));
            graph.initializer.push(constant("std", &[1, 3, 1, 1], &std));
            let before = [
                node("Div", &[&image, "range"], "scaled"),
                node("Sub", &["scaled", "mean"], "centred"),
                node("Div", &["centred", "std"], "normalised"),
            ];
            graph.node.splice(0..0, before);
        })
        .unwrap();
        assert_near(&file.manifest.preprocessing.mean, &mean);
        assert_near(&file.manifest.preprocessing.std, &std);
        assert!(notes.iter().any(|note| note.contains(scale)), "{notes:?}");
        assert!(!notes.iter().any(|note| note.contains("ImageNet's mean")), "{notes:?}");
    }
}

#[test]
fn a_product_and_a_sum_are_a_dense_layer_and_a_softmax_is_the_models_own() {
    let expected = import_fixture("folded.onnx", options(1000)).unwrap().parameters;
    let imported = import_changed(|model| {
        let graph = model.graph.as_mut().unwrap();
        let output = graph.output[0].name.clone();
        let last =
            graph.node.iter().position(|node| node.op_type == "Gemm" && node.output[0] == output).unwrap();
        let gemm = graph.node.remove(last);
        let weight = graph.initializer.iter_mut().find(|tensor| tensor.name == gemm.input[1]).unwrap();
        let (rows, columns) = (weight.dims[0] as usize, weight.dims[1] as usize);
        let values: Vec<&[u8]> = weight.raw_data.chunks(4).collect();
        let turned: Vec<u8> = (0..rows * columns)
            .flat_map(|index| values[index % rows * columns + index / rows])
            .copied()
            .collect();
        (weight.raw_data, weight.dims) = (turned, vec![columns as i64, rows as i64]);
        graph.node.push(node("MatMul", &[&gemm.input[0], &gemm.input[1]], "product"));
        graph.node.push(node("Add", &["product", &gemm.input[2]], "logits"));
        graph.node.push(node("Softmax", &["logits"], &output));
    });
    assert_eq!(imported.unwrap().file.parameters, expected);
}

#[test]
fn a_classifier_that_begins_with_a_pointwise_convolution_as_timms_does_is_read() {
    let expected = import_fixture("folded.onnx", options(1000)).unwrap().parameters;
    let imported = import_changed(|model| {
        let graph = model.graph.as_mut().unwrap();
        let flatten = graph.node.iter().position(|node| node.op_type == "Flatten").unwrap();
        let mut flatten = graph.node.remove(flatten);
        let first = graph.node.iter_mut().find(|node| node.op_type == "Gemm").unwrap();
        let kernel = first.input[1].clone();
        first.op_type = "Conv".into();
        first.attribute.clear();
        first.input[0].clone_from(&flatten.input[0]);
        graph.initializer.iter_mut().find(|tensor| tensor.name == kernel).unwrap().dims.extend([1, 1]);
        let last = graph.node.iter().rposition(|node| node.op_type == "Gemm").unwrap();
        flatten.input[0] = std::mem::replace(&mut graph.node[last].input[0], flatten.output[0].clone());
        graph.node.insert(last, flatten);
    });
    assert_eq!(imported.unwrap().file.parameters, expected);
}

#[test]
fn an_activation_that_no_head_has_is_named() {
    let changed = import_changed(|model| {
        let graph = model.graph.as_mut().unwrap();
        let output = graph.output[0].name.clone();
        let last = graph.node.iter_mut().find(|node| node.output[0] == output).unwrap();
        let input = std::mem::replace(&mut last.input[0], "activated".into());
        graph.node.insert(graph.node.len() - 1, node("Tanh", &[&input], "activated"));
    });
    let message = changed.unwrap_err().to_string();
    assert!(message.contains("classifier cannot be taken"), "{message}");
}

#[test]
fn a_graph_padded_as_tensorflow_does_is_turned_and_another_stride_is_refused() {
    let set = |model: &mut ModelProto, name: &str, value: Vec<i64>| {
        let graph = model.graph.as_mut().unwrap();
        for node in graph.node.iter_mut().filter(|node| node.op_type == "Conv") {
            let is_strided = node.attribute.iter().any(|it| it.name == "strides" && it.ints == [2, 2]);
            for attribute in node.attribute.iter_mut().filter(|it| is_strided && it.name == name) {
                attribute.ints = match (name, &attribute.ints[..]) {
                    ("pads", [side, ..]) => vec![side - 1, side - 1, *side, *side],
                    _ => value.clone(),
                };
            }
        }
    };
    let upright = import_fixture("folded.onnx", options(1000)).unwrap().parameters;
    let Imported { file, notes } = import_changed(|model| set(model, "pads", vec![])).unwrap();
    assert!(notes[0].contains("turned by 180°"), "{notes:?}");
    let kernel = |parameters: &Parameters| {
        parameters.get("features.0.0.weight", &[16, 3, 3, 3]).unwrap().values.clone()
    };
    let reversed: Vec<f32> =
        kernel(&upright).chunks(9).flat_map(|kernel| kernel.iter().rev().copied()).collect();
    assert_eq!(kernel(&file.parameters), reversed);
    let message = import_changed(|model| set(model, "strides", vec![1, 1])).unwrap_err().to_string();
    assert!(message.contains("another stride"), "{message}");
}

#[test]
fn weights_beyond_half_precision_are_written_in_full_and_that_is_said() {
    let mut weight = numbers(2 * 576, 1);
    weight[7] = 70_000.0;
    let folder = folder();
    fs::write(folder.join("large.safetensors"), with_layers(&[("fc.weight", vec![2, 576], weight)])).unwrap();
    fs::write(folder.join("labels.json"), r#"{"sea": 0, "land": 1}"#).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tilelens"));
    let arguments =
        ["import", "large.safetensors", "--labels", "labels.json", "--output", "model.safetensors"];
    let output = command.current_dir(&folder).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("`head.dense.weight` holds numbers over 65504"), "{said}");
    let file = ModelFile::from_bytes(&fs::read(folder.join("model.safetensors")).unwrap()).unwrap();
    assert_eq!(file.manifest.labels, ["sea", "land"]);
    assert_eq!(file.parameters.get("head.dense.weight", &[4, 576]).unwrap().values[7], 70_000.0);
}
