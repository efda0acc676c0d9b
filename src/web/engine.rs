//! A device, and one backbone with its heads on it.

use serde::Serialize;
use tsify::Tsify;
use wasm_bindgen::prelude::*;

use super::heatmap::Heatmap;
use super::model_info::{AddedHead, ModelInfo};
use super::numbers::whole;
use super::tile::Tile;
use super::{device_kind, failure, now_ms, throwable, to_js};
use crate::device::{Device, DeviceKind};
use crate::model::classifier::{self, Classifier};
use crate::model::model_file::{ModelFile, WeightsDtype};
use crate::tile;

/// How far the answers of two devices may lie apart, as a share of the largest where that is above 1. f32 sums in
/// another order differ by about 1e-5; a wrong kernel is off by far more.
const AGREEMENT: f32 = 1e-3;

/// The most tiles that a comparison of two devices takes.
const MAX_PROBE_TILES: usize = 64;

/// The side of a probe tile in pixels.
const PROBE_SIDE_PX: u32 = 256;

/// How a device compares with the CPU on known tiles.
#[derive(Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// Between the two devices' probabilities, or their features where no head is in use.
    max_difference: f32,
    /// Whether that is as little as rounding explains.
    agrees: bool,
    /// Milliseconds on the CPU.
    cpu_ms: f64,
    /// Milliseconds on the device.
    device_ms: f64,
}

/// A device, and one backbone with any number of heads on it.
#[wasm_bindgen]
pub struct Engine {
    kind: DeviceKind,
    device: Device,
    loaded: Option<Loaded>,
}

/// A backbone with its heads, and its file, kept for the comparison with the CPU and to join heads with.
struct Loaded {
    classifier: Classifier,
    backbone: ModelFile,
}

/// What a model says of tiles, tile by tile. Each of its two lists is handed out once, and not copied within the engine.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Answers {
    inner: classifier::Answers,
}

#[wasm_bindgen]
impl Answers {
    /// `tiles × labels.length` values; none where no head is in use. Empty when it is asked for again.
    #[wasm_bindgen(js_name = takeProbabilities)]
    pub fn take_probabilities(&mut self) -> Vec<f32> {
        std::mem::take(&mut self.inner.probabilities)
    }

    /// `tiles × width` values, of `classifyViews` eight rows a tile. Empty when it is asked for again.
    #[wasm_bindgen(js_name = takeFeatures)]
    pub fn take_features(&mut self) -> Vec<f32> {
        std::mem::take(&mut self.inner.features)
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
    #[wasm_bindgen(getter, unchecked_return_type = "'cpu' | 'webgpu'")]
    pub fn device(&self) -> String {
        match self.kind {
            DeviceKind::Cpu => "cpu".into(),
            DeviceKind::WebGpu => "webgpu".into(),
        }
    }

    /// Verifies and loads a model file, a combined one or a backbone alone; its classifier, where it has one, is the head
    /// in use. The heads before are gone. On an error everything stays as it was.
    #[wasm_bindgen(js_name = loadModel, unchecked_return_type = "ModelInfo")]
    pub fn load_model(&mut self, bytes: &[u8]) -> Result<JsValue, JsValue> {
        let file = ModelFile::from_bytes(bytes).map_err(failure)?;
        let classifier = Classifier::load(&file, &self.device).map_err(failure)?;
        let head_id = classifier.head_in_use().map(|(id, _)| id);
        let info = to_js(&ModelInfo::new(&file, classifier.backbone_reference(), head_id));
        let backbone = file.into_backbone().map_err(failure)?;
        self.loaded = Some(Loaded { classifier, backbone });
        Ok(info)
    }

    /// Verifies a head's file and puts it on the device beside the others; a combined file of the same backbone will do,
    /// too. It is not in use yet. On an error everything stays as it was.
    #[wasm_bindgen(js_name = addHead, unchecked_return_type = "AddedHead")]
    pub fn add_head(&mut self, bytes: &[u8]) -> Result<JsValue, JsValue> {
        let classifier = &mut self.loaded_mut()?.classifier;
        let file = ModelFile::from_bytes(bytes).map_err(failure)?;
        let id = classifier.add_head(&file).map_err(failure)?;
        let info = ModelInfo::new(&file, classifier.backbone_reference(), Some(&id));
        Ok(to_js(&AddedHead { id, info }))
    }

    /// Lets another head answer at once, or none, where features alone are wanted.
    #[wasm_bindgen(js_name = useHead)]
    pub fn use_head(&mut self, id: Option<String>) -> Result<(), JsValue> {
        self.loaded_mut()?.classifier.use_head(id.as_deref()).map_err(failure)
    }

    /// Numbers in a row of features.
    #[wasm_bindgen(getter, js_name = featureWidth)]
    pub fn feature_width(&self) -> Result<usize, JsValue> {
        Ok(self.loaded()?.classifier.backbone().width())
    }

    /// What a head of this backbone begins with: the manifest, as JSON, that names the backbone. `HeadTraining` asks for it.
    #[wasm_bindgen(js_name = headManifest)]
    pub fn head_manifest(&self) -> Result<String, JsValue> {
        let manifest = self.loaded()?.backbone.manifest_of_head();
        Ok(serde_json::to_string(&manifest).expect("a manifest has no map with odd keys"))
    }

    /// The file of the head in use; none where none is.
    #[wasm_bindgen(js_name = headFile)]
    pub fn head_file(&self) -> Result<Option<Vec<u8>>, JsValue> {
        let head = self.loaded()?.classifier.head_in_use();
        head.map(|(_, head)| head.file().to_bytes(WeightsDtype::Lossless)).transpose().map_err(failure)
    }

    /// The combined file of the backbone that is loaded and a head's file.
    #[wasm_bindgen(js_name = joinHead)]
    pub fn join_head(&self, head: &[u8]) -> Result<Vec<u8>, JsValue> {
        let head = ModelFile::from_bytes(head).map_err(failure)?;
        let joined = self.loaded()?.backbone.join(&head).map_err(failure)?;
        joined.to_bytes(WeightsDtype::Lossless).map_err(failure)
    }

    /// Lets the device and the CPU answer for `tileCount` known tiles, and compares.
    #[wasm_bindgen(unchecked_return_type = "Verification")]
    pub async fn verify(
        &self,
        #[wasm_bindgen(js_name = tileCount)] tile_count: f64,
    ) -> Result<JsValue, JsValue> {
        let tile_count = whole("the number of tiles", tile_count, 1..=MAX_PROBE_TILES)?;
        let Loaded { classifier, backbone } = self.loaded()?;
        let tiles: Vec<_> = (0..tile_count as u32).map(probe_tile).collect();
        let tiles: Vec<_> = tiles.iter().collect();
        let mut reference = Classifier::load(backbone, &Device::Cpu).map_err(failure)?;
        if let Some((_, head)) = classifier.head_in_use() {
            let id = reference.add_head(head.file()).map_err(failure)?;
            reference.use_head(Some(&id)).map_err(failure)?;
        }
        let (expected, cpu_ms) = timed_warm(&reference, &tiles).await?;
        let (found, device_ms) = timed_warm(classifier, &tiles).await?;
        let largest = expected.iter().fold(1.0, |largest: f32, value| largest.max(value.abs()));
        let pairs = expected.iter().zip(&found);
        let max_difference = pairs.map(|(expected, found)| (expected - found).abs()).fold(0.0, f32::max);
        let agrees = max_difference <= AGREEMENT * largest;
        Ok(to_js(&Verification { max_difference, agrees, cpu_ms, device_ms }))
    }

    /// Classifies tiles, which are used up; without a head in use, their features alone.
    pub async fn classify(&self, tiles: Vec<Tile>) -> Result<Answers, JsValue> {
        let tiles: Vec<_> = tiles.iter().map(|tile| &tile.inner).collect();
        let answers = self.loaded()?.classifier.classify(&tiles).await;
        answers.map(|inner| Answers { inner }).map_err(failure)
    }

    /// Classifies a tile by the mean over its eight flips and turns, with the features of all of them, the tile as it
    /// stands first. The tile is used up.
    #[wasm_bindgen(js_name = classifyViews)]
    pub async fn classify_views(&self, tile: Tile) -> Result<Answers, JsValue> {
        let answers = self.loaded()?.classifier.classify_views(&tile.inner).await;
        answers.map(|inner| Answers { inner }).map_err(failure)
    }

    /// Where in a tile a class of the head in use is seen, by its place among the labels; the most probable class if none
    /// is named. The tile is used up.
    pub async fn heatmap(
        &self,
        tile: Tile,
        #[wasm_bindgen(js_name = classIndex)] class_index: Option<f64>,
    ) -> Result<Heatmap, JsValue> {
        let classifier = &self.loaded()?.classifier;
        let last = classifier.labels().len().saturating_sub(1);
        let class = class_index.map(|class| whole("the class", class, 0..=last)).transpose()?;
        classifier.heatmap(&tile.inner, class).await.map(Heatmap::new).map_err(failure)
    }

    /// What the network reads of tiles, `[tiles, 3, side, side]`: normalised planes of red, green and blue. The tiles
    /// are used up.
    pub fn images(&self, tiles: Vec<Tile>) -> Result<Vec<f32>, JsValue> {
        let tiles: Vec<_> = tiles.iter().map(|tile| &tile.inner).collect();
        Ok(self.loaded()?.classifier.backbone().images(&tiles))
    }

    /// Classifies such images.
    #[wasm_bindgen(js_name = classifyImages)]
    pub async fn classify_images(&self, images: Vec<f32>) -> Result<Answers, JsValue> {
        let answers = self.loaded()?.classifier.classify_images(images).await;
        answers.map(|inner| Answers { inner }).map_err(failure)
    }

    /// Milliseconds of each layer for one such image, on the CPU: `{ stage, what, ms }`, layer by layer.
    #[wasm_bindgen(js_name = layerTimes, unchecked_return_type = "LayerTime[]")]
    pub fn layer_times(&self, image: &[f32]) -> Result<JsValue, JsValue> {
        let times = self.loaded()?.classifier.backbone().layer_times(image, now_ms);
        Ok(to_js(&times.map_err(failure)?))
    }

    /// Class probabilities, row by row, of tiles whose features are known, by the head in use: `tiles × width` values
    /// in, `tiles × labels.length` out.
    #[wasm_bindgen(js_name = classifyFeatures)]
    pub async fn classify_features(&self, features: Vec<f32>) -> Result<Vec<f32>, JsValue> {
        self.loaded()?.classifier.classify_features(features).await.map_err(failure)
    }

    /// Class probabilities of tiles by the mean over their views, by the head in use: `tiles × 8 × width` features as
    /// `viewFeatures` gives them in, `tiles × labels.length` out.
    #[wasm_bindgen(js_name = classifyViewFeatures)]
    pub async fn classify_view_features(&self, features: Vec<f32>) -> Result<Vec<f32>, JsValue> {
        self.loaded()?.classifier.classify_view_features(features).await.map_err(failure)
    }

    /// Features of the tile's eight flips and turns, `8 × width` values; the first is the tile as it stands. The tile is
    /// used up.
    #[wasm_bindgen(js_name = viewFeatures)]
    pub async fn view_features(&self, tile: Tile) -> Result<Vec<f32>, JsValue> {
        let backbone = self.loaded()?.classifier.backbone();
        backbone.features(backbone.views(&tile.inner)).await.map_err(failure)
    }

    fn loaded(&self) -> Result<&Loaded, JsValue> {
        self.loaded.as_ref().ok_or_else(no_model)
    }

    fn loaded_mut(&mut self) -> Result<&mut Loaded, JsValue> {
        self.loaded.as_mut().ok_or_else(no_model)
    }
}

fn no_model() -> JsValue {
    throwable("model.none", "no model is loaded yet".into())
}

/// The answer of the first run, and how long the second took in milliseconds: the first compiles the
/// GPU's programs and warms the CPU's.
async fn timed_warm(classifier: &Classifier, tiles: &[&tile::Tile]) -> Result<(Vec<f32>, f64), JsValue> {
    let answers = classifier.classify(tiles).await.map_err(failure)?;
    let start_ms = now_ms();
    classifier.classify(tiles).await.map_err(failure)?;
    let elapsed_ms = now_ms() - start_ms;
    let has_classes = !answers.probabilities.is_empty();
    Ok((if has_classes { answers.probabilities } else { answers.features }, elapsed_ms))
}

/// A tile with gradients, edges and fine texture in every channel; each index gives another one.
fn probe_tile(index: u32) -> tile::Tile {
    let pixel = |x: u32, y: u32| {
        let check = if (x / 16 + y / (8 + index)).is_multiple_of(2) { 60 } else { 0 };
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
