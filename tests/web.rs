//! The wasm surface in a real browser, in a worker as on the page: `./build.sh test chromium firefox`.

#![cfg(target_family = "wasm")]

mod parity;

use js_sys::Reflect;
use tilelens::device::{Device, DeviceKind};
use tilelens::import::read_safetensors;
use tilelens::model::burn::layers::Norms;
use tilelens::model::head::{ClassifierConfig, HeadConfig};
use tilelens::model::parameters::Parameters;
use tilelens::web::{
    Engine, Features, backbone_of_model, decode_tile, head_of_model, measure_training, order_to_label,
    similar_tiles,
};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

const BACKBONE: &[u8] = include_bytes!("../models/overhead.safetensors");
const HEAD: &[u8] = include_bytes!("../models/sentinel-2.safetensors");
/// torchvision's network with a head of 5 classes.
const FIXTURE: &[u8] = include_bytes!("fixtures/parity/head.safetensors.gz");
const SAMPLE: &[u8] = include_bytes!("../www/samples/synthetic-forest.jpg");

fn code(thrown: &JsValue) -> String {
    Reflect::get(thrown, &"code".into()).unwrap().as_string().unwrap()
}

async fn engine(device: &str) -> Engine {
    let mut engine = Engine::create(device.into()).await.unwrap();
    engine.load_model(BACKBONE).unwrap();
    let added = engine.add_head(HEAD).unwrap();
    engine.use_head(Reflect::get(&added, &"id".into()).unwrap().as_string()).unwrap();
    engine
}

async fn probabilities(engine: &Engine) -> Vec<f32> {
    let tiles = vec![decode_tile(SAMPLE).unwrap(), decode_tile(SAMPLE).unwrap()];
    engine.classify(tiles).await.unwrap().take_probabilities()
}

fn assert_parity(device: &str, compared: Vec<(String, f32)>) {
    for (stage, difference) in compared {
        console_log!("{device} {stage}: max abs difference {difference:.1e}");
        assert!(difference <= parity::TOLERANCE, "{stage}: {difference:e}");
    }
}

fn fixture_parameters() -> Parameters {
    read_safetensors(&parity::unpack(FIXTURE), None).unwrap()
}

#[wasm_bindgen_test]
fn every_stage_equals_torchvision_on_the_cpu() {
    assert_parity("CPU", parity::kernel_differences(&fixture_parameters()));
}

#[wasm_bindgen_test]
async fn every_stage_equals_torchvision_on_webgpu() {
    let Device::Burn(device) = DeviceKind::WebGpu.open().await.unwrap() else { unreachable!("no GPU") };
    let head = ClassifierConfig::Head(HeadConfig {
        inputs: 576,
        dropout_rate: 0.2,
        dense_neurons: 32,
        num_classes: 5,
    });
    let parameters = fixture_parameters();
    let compared =
        parity::stage_differences(&parameters, &head, "head.probabilities", Norms::Folded, &device).await;
    assert_parity("WebGPU", compared);
}

#[wasm_bindgen_test]
async fn webgpu_and_the_cpu_give_the_same_probabilities() {
    let cpu = probabilities(&engine("cpu").await).await;
    let gpu_engine = engine("webgpu").await;
    let gpu = probabilities(&gpu_engine).await;
    assert!((cpu.iter().sum::<f32>() - 2.0).abs() < 1e-5, "two rows, each of sum 1: {cpu:?}");
    assert!(cpu.iter().zip(&gpu).all(|(a, b)| (a - b).abs() < 1e-4), "{cpu:?} {gpu:?}");

    let verification = gpu_engine.verify(1.0).await.unwrap();
    assert_eq!(Reflect::get(&verification, &"agrees".into()).unwrap(), JsValue::TRUE);
}

/// The class and the cells of a heatmap.
async fn heat(engine: &Engine, class: Option<f64>) -> Result<(usize, Vec<f32>), JsValue> {
    let heatmap = engine.heatmap(decode_tile(SAMPLE).unwrap(), class).await?;
    Ok((heatmap.class_index(), heatmap.values()))
}

#[wasm_bindgen_test]
async fn where_a_class_is_seen_is_told_by_shares() {
    let cpu = engine("cpu").await;
    let (class, values) = heat(&cpu, None).await.unwrap();
    assert_eq!((values.len(), values.iter().copied().fold(0.0, f32::max)), (49, 1.0));
    assert_eq!(heat(&cpu, Some(class as f64)).await.unwrap(), (class, values));
    assert_eq!(code(&heat(&cpu, Some(10.0)).await.unwrap_err()), "request.number");
    let whole = cpu.heatmap(decode_tile(SAMPLE).unwrap(), None).await.unwrap();
    assert_eq!(whole.over_tile(20.0, 10.0).unwrap().len(), 200);
}

#[wasm_bindgen_test]
async fn a_class_is_seen_at_the_same_places_on_webgpu_as_on_the_cpu() {
    let (cpu, gpu) = (engine("cpu").await, engine("webgpu").await);
    let (class, values) = heat(&cpu, None).await.unwrap();
    let (of_gpu, on_gpu) = heat(&gpu, None).await.unwrap();
    assert!(of_gpu == class && values.iter().zip(&on_gpu).all(|(a, b)| (a - b).abs() < 1e-3), "{on_gpu:?}");
}

#[wasm_bindgen_test]
fn a_file_that_is_no_image_is_thrown_with_a_code() {
    let thrown = decode_tile(b"no image").err().unwrap();
    assert_eq!(code(&thrown), "image.unsupported");
}

#[wasm_bindgen_test]
async fn a_tampered_model_is_refused_and_the_one_before_stays() {
    let mut engine = engine("cpu").await;
    let before = probabilities(&engine).await;
    let mut tampered = BACKBONE.to_vec();
    *tampered.last_mut().unwrap() ^= 1;
    assert_eq!(code(&engine.load_model(&tampered).unwrap_err()), "model.checksum");
    assert_eq!(probabilities(&engine).await, before);
}

#[wasm_bindgen_test]
async fn without_a_model_there_is_no_answer() {
    let engine = Engine::create("cpu".into()).await.unwrap();
    let thrown = engine.classify(vec![decode_tile(SAMPLE).unwrap()]).await.unwrap_err();
    assert_eq!(code(&thrown), "model.none");
}

#[wasm_bindgen_test]
async fn a_backbone_gives_features_and_its_heads_are_added_and_switched() {
    let mut engine = Engine::create("cpu".into()).await.unwrap();
    let info = engine.load_model(BACKBONE).unwrap();
    assert_eq!(Reflect::get(&info, &"kind".into()).unwrap(), JsValue::from("backbone"));
    assert!(Reflect::get(&info, &"headId".into()).unwrap().is_null());
    assert!(probabilities(&engine).await.is_empty());

    let added = engine.add_head(HEAD).unwrap();
    let id = Reflect::get(&added, &"id".into()).unwrap().as_string().unwrap();
    engine.use_head(Some(id)).unwrap();
    assert_eq!(probabilities(&engine).await, probabilities(&self::engine("cpu").await).await);
    let joined = engine.join_head(HEAD).unwrap();
    assert_eq!(head_of_model(&joined).unwrap(), HEAD);
    // The backbone tells less of itself than before, since a whole model has one description; its weights are the same.
    let mut other = Engine::create("cpu".into()).await.unwrap();
    other.load_model(&backbone_of_model(&joined).unwrap()).unwrap();
    let head = other.add_head(HEAD).unwrap();
    other.use_head(Reflect::get(&head, &"id".into()).unwrap().as_string()).unwrap();
    assert_eq!(probabilities(&other).await, probabilities(&engine).await);
    assert_eq!(code(&engine.load_model(HEAD).unwrap_err()), "model.head_alone");
    assert_eq!(engine.head_file().unwrap().unwrap(), HEAD);
    engine.use_head(None).unwrap();
    assert!(engine.head_file().unwrap().is_none());
    assert_eq!(code(&engine.use_head(Some("no head".into())).unwrap_err()), "model.no_such_head");
}

#[wasm_bindgen_test]
async fn numbers_that_make_no_sense_are_refused_in_words() {
    let features = || {
        let mut features = Features::new(2.0, 3.0).unwrap();
        features.push(&[1.0, 0.0, 0.0, 1.0, 1.0, 1.0]).unwrap();
        features
    };
    assert_eq!(similar_tiles(features(), 0.0, 1.0).unwrap(), [2]);
    for query in [3.0, -1.0, 0.5, f64::NAN, 1e300] {
        assert_eq!(code(&similar_tiles(features(), query, 5.0).unwrap_err()), "request.number", "{query}");
    }
    let order =
        |probabilities, classes| order_to_label(features(), vec![0.5; probabilities], classes, features());
    assert_eq!(order(6, 2.0).unwrap().len(), 3);
    assert_eq!(code(&order(6, 0.0).unwrap_err()), "request.number");
    assert_eq!(code(&order(5, 2.0).unwrap_err()), "request.length");
    assert_eq!(code(&features().push(&[1.0]).unwrap_err()), "features.shape");
    assert_eq!(code(&Features::new(0.0, 1.0).err().unwrap()), "request.number");
    let measured = |neurons, classes| measure_training(576.0, "cpu".into(), neurons, classes, 8.0);
    assert_eq!(code(&measured(8.0, 0.0).await.unwrap_err()), "request.number");
    assert_eq!(code(&measured(1e9, 2.0).await.unwrap_err()), "request.number");
}
