//! The wasm surface in a real browser, in a worker as on the page: `wasm-pack test`.

#![cfg(target_family = "wasm")]

mod parity;

use js_sys::Reflect;
use tilelens::device::{Device, DeviceKind};
use tilelens::import::read_safetensors;
use tilelens::model::burn::layers::Norms;
use tilelens::model::head::{ClassifierConfig, HeadConfig};
use tilelens::model::parameters::Parameters;
use tilelens::web::{Engine, decode_tile};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

const MODEL: &[u8] = include_bytes!("../models/land-cover.safetensors");
/// torchvision's network with a head of 5 classes.
const FIXTURE: &[u8] = include_bytes!("fixtures/parity/head.safetensors.gz");
const SAMPLE: &[u8] = include_bytes!("../www/samples/synthetic-forest.jpg");

fn code(thrown: &JsValue) -> String {
    Reflect::get(thrown, &"code".into()).unwrap().as_string().unwrap()
}

async fn engine(device: &str) -> Engine {
    let mut engine = Engine::create(device.into()).await.unwrap();
    engine.load_model(MODEL).unwrap();
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

#[wasm_bindgen_test]
fn a_file_that_is_no_image_is_thrown_with_a_code() {
    let thrown = decode_tile(b"no image").err().unwrap();
    assert_eq!(code(&thrown), "image.unsupported");
}

#[wasm_bindgen_test]
async fn a_tampered_model_is_refused_and_the_one_before_stays() {
    let mut engine = engine("cpu").await;
    let before = probabilities(&engine).await;
    let mut tampered = MODEL.to_vec();
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
