//! A device and the model on it.

use serde::Serialize;
use wasm_bindgen::prelude::*;

use super::tile::Tile;
use super::{device_kind, failure, now_ms, throwable, to_js};
use crate::device::{Device, DeviceKind};
use crate::model::classifier::{self, Classifier, ClassifyError};
use crate::model::model_file::{Manifest, ModelFile};
use crate::tile;

/// How far the probabilities of two devices may lie apart. f32 sums in another order differ by about
/// 1e-5; a wrong kernel is off by far more.
const AGREEMENT: f32 = 1e-3;

/// The side of a probe tile in pixels.
const PROBE_SIDE_PX: u32 = 256;

/// How a device compares with the CPU on known tiles.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Verification {
    max_abs_difference: f32,
    agrees: bool,
    cpu_ms: f64,
    device_ms: f64,
}

/// A device and the model on it.
#[wasm_bindgen]
pub struct Engine {
    kind: DeviceKind,
    pub(super) device: Device,
    loaded: Option<Loaded>,
}

/// A model and the file that it came from, kept for the comparison with the CPU and for the models that are trained
/// from it.
pub(super) struct Loaded {
    pub(super) classifier: Classifier,
    pub(super) file: ModelFile,
}

/// What the page is told of a model.
#[derive(Serialize)]
struct ModelInfo<'a> {
    #[serde(flatten)]
    manifest: &'a Manifest,
    backbone: &'a str,
}

/// What a model says of tiles, tile by tile.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Answers {
    inner: classifier::Answers,
}

#[wasm_bindgen]
impl Answers {
    /// `tiles × labels.length` values.
    #[wasm_bindgen(getter)]
    pub fn probabilities(&self) -> Vec<f32> {
        self.inner.probabilities.clone()
    }

    /// `tiles × 576` values.
    #[wasm_bindgen(getter)]
    pub fn features(&self) -> Vec<f32> {
        self.inner.features.clone()
    }
}

#[wasm_bindgen]
impl Engine {
    /// Opens `cpu` or `webgpu`.
    pub async fn create(device: String) -> Result<Engine, JsValue> {
        let kind = device_kind(&device)?;
        let device = kind.open().await.map_err(failure)?;
        Ok(Self { kind, device, loaded: None })
    }

    /// `cpu` or `webgpu`.
    #[wasm_bindgen(getter)]
    pub fn device(&self) -> String {
        match self.kind {
            DeviceKind::Cpu => "cpu".into(),
            DeviceKind::WebGpu => "webgpu".into(),
        }
    }

    /// Verifies and loads a model file; on an error the model before stays. Returns the manifest and
    /// what names the backbone.
    #[wasm_bindgen(js_name = loadModel)]
    pub fn load_model(&mut self, bytes: &[u8]) -> Result<JsValue, JsValue> {
        let file = ModelFile::from_bytes(bytes).map_err(failure)?;
        let classifier = Classifier::load(&file, &self.device).map_err(failure)?;
        if file.manifest.labels.is_empty() {
            return Err(failure(ClassifyError::NoClassifier));
        }
        let info = to_js(&ModelInfo { manifest: &file.manifest, backbone: &file.backbone_sha256() });
        self.loaded = Some(Loaded { classifier, file });
        Ok(info)
    }

    /// Classifies `tile_count` known tiles here and on the CPU, and compares the probabilities.
    pub async fn verify(&self, tile_count: u32) -> Result<JsValue, JsValue> {
        let Loaded { classifier, file } = self.loaded()?;
        let tiles: Vec<_> = (0..tile_count.max(1)).map(probe_tile).collect();
        let tiles: Vec<_> = tiles.iter().collect();
        let reference = Classifier::load(file, &Device::Cpu).map_err(failure)?;
        let (expected, cpu_ms) = timed_warm(&reference, &tiles).await?;
        let (found, device_ms) = timed_warm(classifier, &tiles).await?;
        let max_abs_difference =
            expected.iter().zip(&found).map(|(expected, found)| (expected - found).abs()).fold(0.0, f32::max);
        Ok(to_js(&Verification {
            max_abs_difference,
            agrees: max_abs_difference <= AGREEMENT,
            cpu_ms,
            device_ms,
        }))
    }

    /// Classifies tiles, which are used up.
    pub async fn classify(&self, tiles: Vec<Tile>) -> Result<Answers, JsValue> {
        let Loaded { classifier, .. } = self.loaded()?;
        let tiles: Vec<_> = tiles.iter().map(|tile| &tile.inner).collect();
        classifier.classify(&tiles).await.map(|inner| Answers { inner }).map_err(failure)
    }

    /// What the network reads of tiles, `[tiles, 3, side, side]`: normalised planes of red, green and blue. The tiles
    /// are used up.
    pub fn images(&self, tiles: Vec<Tile>) -> Result<Vec<f32>, JsValue> {
        let tiles: Vec<_> = tiles.iter().map(|tile| &tile.inner).collect();
        Ok(self.loaded()?.classifier.images(&tiles))
    }

    /// Classifies such images.
    #[wasm_bindgen(js_name = classifyImages)]
    pub async fn classify_images(&self, images: Vec<f32>) -> Result<Answers, JsValue> {
        let Loaded { classifier, .. } = self.loaded()?;
        classifier.classify_images(images).await.map(|inner| Answers { inner }).map_err(failure)
    }

    /// Milliseconds of each layer for one such image, on the CPU: `{ stage, what, ms }`, layer by layer.
    #[wasm_bindgen(js_name = layerTimes)]
    pub fn layer_times(&self, image: &[f32]) -> Result<JsValue, JsValue> {
        Ok(to_js(&self.loaded()?.classifier.layer_times(image, now_ms)))
    }

    /// Class probabilities, row by row, of tiles whose features are known: `tiles × 576` values in,
    /// `tiles × labels.length` out.
    #[wasm_bindgen(js_name = classifyFeatures)]
    pub async fn classify_features(&self, features: Vec<f32>) -> Result<Vec<f32>, JsValue> {
        self.loaded()?.classifier.classify_features(features).await.map_err(failure)
    }

    /// Features of the tile's eight flips and turns, `8 × 576` values; the first is the tile as it stands. The tile is
    /// used up.
    #[wasm_bindgen(js_name = viewFeatures)]
    pub async fn view_features(&self, tile: Tile) -> Result<Vec<f32>, JsValue> {
        let Loaded { classifier, .. } = self.loaded()?;
        classifier.features(classifier.views(&tile.inner)).await.map_err(failure)
    }

    pub(super) fn loaded(&self) -> Result<&Loaded, JsValue> {
        self.loaded.as_ref().ok_or_else(|| throwable("model.none", "no model is loaded yet".into()))
    }
}

/// The answer of the first run, and how long the second took in milliseconds: the first compiles the
/// GPU's programs and warms the CPU's.
async fn timed_warm(classifier: &Classifier, tiles: &[&tile::Tile]) -> Result<(Vec<f32>, f64), JsValue> {
    let answers = classifier.classify(tiles).await.map_err(failure)?;
    let start_ms = now_ms();
    classifier.classify(tiles).await.map_err(failure)?;
    Ok((answers.probabilities, now_ms() - start_ms))
}

/// A tile with gradients, edges and fine texture in every channel; each index gives another one.
fn probe_tile(index: u32) -> tile::Tile {
    let pixel = |x: u32, y: u32| {
        let check = if (x / 16 + y / (8 + index)) % 2 == 0 { 60 } else { 0 };
        [x + check, y + check, (x * 7 + y * 13 * (index + 1)) % 251].map(|value| (value % 256) as u8)
    };
    let side = PROBE_SIDE_PX;
    let rows = (0..side).flat_map(|y| (0..side).map(move |x| (x, y)));
    tile::Tile {
        width_px: side,
        height_px: side,
        rgb: rows.flat_map(|(x, y)| pixel(x, y)).collect(),
        format: "probe",
        notes: Vec::new(),
    }
}
