//! Every stage of the network against what torchvision answered (`tests/fixtures/parity`), on any device.

use std::io::Read;

use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, TensorData};
use flate2::read::GzDecoder;
use serde::Deserialize;
use tilelens::device::read;
use tilelens::model::architecture::Architecture;
use tilelens::model::burn::classification::Classification;
use tilelens::model::burn::layers::{Norms, global_average_pool};
use tilelens::model::burn::mobilenet_v3::MobileNetV3Small;
use tilelens::model::cpu::backbone::Backbone;
use tilelens::model::head::ClassifierConfig;
use tilelens::model::parameters::Parameters;
use tilelens::tile::{Preprocessing, Tile, decode};

/// f32 sums in another order differ by about 1e-5 on activations of up to 30; a wrong kernel, padding or
/// epsilon is off by 1e-2 and more.
pub const TOLERANCE: f32 = 1e-4;

const INPUT: &[u8] = include_bytes!("../fixtures/parity/input.png");
const STAGES: &str = include_str!("../fixtures/parity/stages.json");

/// What torchvision answered.
#[derive(Deserialize)]
pub struct Fixture {
    /// In the order of the network.
    pub stages: Vec<Sampled>,
    /// The pixels of `large.png` after `Resize(256)` and `CenterCrop(224)`.
    #[allow(dead_code, reason = "the native test alone compares it")]
    pub crop: Sampled,
}

/// Every `step`-th value of a tensor in row-major order.
#[derive(Deserialize)]
pub struct Sampled {
    pub name: String,
    pub shape: Vec<usize>,
    pub step: usize,
    pub values: Vec<f32>,
}

impl Sampled {
    /// The largest absolute difference from `found`, which holds the whole tensor.
    pub fn difference(&self, found: &[f32]) -> f32 {
        assert_eq!(found.len(), self.shape.iter().product::<usize>(), "{}", self.name);
        let sampled = found.iter().step_by(self.step);
        assert_eq!(sampled.len(), self.values.len(), "{}", self.name);
        // f32::max would drop a NaN.
        sampled
            .zip(&self.values)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, |worst, next| if next > worst || next.is_nan() { next } else { worst })
    }
}

pub fn fixture() -> Fixture {
    serde_json::from_str(STAGES).unwrap()
}

pub fn unpack(packed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
    bytes
}

pub fn input_tile() -> Tile {
    decode(INPUT).unwrap()
}

/// `[3, 224, 224]`, as the fixture's script normalised it.
fn normalised_input() -> Vec<f32> {
    let rgb = input_tile().rgb;
    let (mean, std) = (Preprocessing::IMAGENET_MEAN, Preprocessing::IMAGENET_STD);
    let plane =
        |c: usize| rgb.iter().skip(c).step_by(3).map(move |&v| (f32::from(v) / 255.0 - mean[c]) / std[c]);
    (0..3).flat_map(plane).collect()
}

/// `[1, 3, 224, 224]`, as the fixture's script normalised it.
pub fn images(device: &Device) -> Tensor<4> {
    let Tile { width_px, height_px, .. } = input_tile();
    Tensor::from_data(
        TensorData::new(normalised_input(), [1, 3, height_px as usize, width_px as usize]),
        device,
    )
}

/// Each stage of the network: its name and the largest absolute difference. `probabilities` names the
/// classifier's answer in the fixture.
pub async fn stage_differences(
    parameters: &Parameters,
    classifier: &ClassifierConfig,
    probabilities: &str,
    norms: Norms,
    device: &Device,
) -> Vec<(String, f32)> {
    let backbone = MobileNetV3Small::load(parameters, norms, device).unwrap();
    let features = Architecture::MobileNetV3Small.features();
    let classification = Classification::load(classifier, features, parameters, device).unwrap().unwrap();
    let mut found = Vec::new();
    let stages = backbone.stages(images(device));
    let pooled = global_average_pool(stages.last().unwrap().clone()).flatten::<2>(1, 3);
    for (index, stage) in stages.into_iter().enumerate() {
        found.push((format!("features.{index}"), read(stage).await.unwrap()));
    }
    found.push(("pooled".into(), read(pooled.clone()).await.unwrap()));
    let logits = classification.forward(pooled);
    if matches!(classifier, ClassifierConfig::ImageNet { .. }) {
        found.push(("logits".into(), read(logits.clone()).await.unwrap()));
    }
    found.push((probabilities.into(), read(softmax(logits, 1)).await.unwrap()));

    differences(found)
}

/// The same of the CPU's kernels, up to the features.
pub fn kernel_differences(parameters: &Parameters) -> Vec<(String, f32)> {
    let backbone = Backbone::load(Architecture::MobileNetV3Small, parameters).unwrap();
    let image = normalised_input();
    let side = input_tile().width_px as usize;
    let stages = backbone.stages(&image, side).into_iter().enumerate();
    let stages = stages.map(|(index, values)| (format!("features.{index}"), values));
    differences(stages.chain([("pooled".into(), backbone.features(&image, side))]).collect())
}

fn differences(found: Vec<(String, Vec<f32>)>) -> Vec<(String, f32)> {
    let fixture = fixture();
    let expected = |name: &str| fixture.stages.iter().find(|stage| stage.name == name).unwrap();
    found.into_iter().map(|(name, values)| (name.clone(), expected(&name).difference(&values))).collect()
}
