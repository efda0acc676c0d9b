//! The wasm-bindgen surface: thin and typed. What goes wrong is thrown as `{ code, message }`.

use burn::tensor::Device;
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::ErrorCode;
use crate::device::DeviceKind;
use crate::model::classifier::{Classifier, ClassifyError};
use crate::model::model_file::ModelFile;
use crate::tile::{self, Note, square_thumbnail};

/// How far the probabilities of two devices may lie apart. f32 sums in another order differ by about
/// 1e-5; a wrong kernel is off by far more.
const AGREEMENT: f32 = 1e-3;

/// The side of a probe tile in pixels.
const PROBE_SIDE_PX: u32 = 256;

/// What JavaScript catches.
#[derive(Serialize)]
struct Failure<'a> {
    code: &'a str,
    message: String,
}

fn failure(error: &impl ErrorCode) -> JsValue {
    throwable(error.code(), error.to_string())
}

fn throwable(code: &str, message: String) -> JsValue {
    to_js(&Failure { code, message })
}

fn to_js(value: &impl Serialize) -> JsValue {
    value.serialize(&serde_wasm_bindgen::Serializer::json_compatible()).expect("plain data")
}

/// Milliseconds since the worker began.
fn now_ms() -> f64 {
    js_sys::global()
        .unchecked_into::<web_sys::WorkerGlobalScope>()
        .performance()
        .map_or(0.0, |clock| clock.now())
}

/// Sends the message of a panic to the console, where a trap alone would say `unreachable`.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}

/// A decoded tile.
#[wasm_bindgen]
pub struct Tile {
    inner: tile::Tile,
}

/// Decodes the bytes of an image file.
#[wasm_bindgen(js_name = decodeTile)]
pub fn decode_tile(bytes: &[u8]) -> Result<Tile, JsValue> {
    tile::decode(bytes).map(|inner| Tile { inner }).map_err(|error| failure(&error))
}

#[wasm_bindgen]
impl Tile {
    /// Width in pixels, upright.
    #[wasm_bindgen(getter, js_name = widthPx)]
    pub fn width_px(&self) -> u32 {
        self.inner.width_px
    }

    /// Height in pixels, upright.
    #[wasm_bindgen(getter, js_name = heightPx)]
    pub fn height_px(&self) -> u32 {
        self.inner.height_px
    }

    /// The file's format: `JPEG`, `PNG`, …
    #[wasm_bindgen(getter)]
    pub fn format(&self) -> String {
        self.inner.format.into()
    }

    /// What decoding changed or left out, as sentences.
    #[wasm_bindgen(getter)]
    pub fn notes(&self) -> Vec<String> {
        self.inner.notes.iter().map(|note: &Note| note.sentence().into()).collect()
    }

    /// The tile's centre square as `sizePx × sizePx` RGBA pixels.
    pub fn thumbnail(&self, size_px: u32) -> wasm_bindgen::Clamped<Vec<u8>> {
        let rgb = square_thumbnail(&self.inner, size_px.clamp(1, 1024));
        let rgba = rgb.as_chunks::<3>().0.iter().flat_map(|&[r, g, b]| [r, g, b, u8::MAX]);
        wasm_bindgen::Clamped(rgba.collect())
    }
}

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
    device: Device,
    loaded: Option<Loaded>,
}

/// A model and the file that it came from, kept for the comparison with the CPU.
struct Loaded {
    classifier: Classifier,
    file: ModelFile,
}

#[wasm_bindgen]
impl Engine {
    /// Opens `cpu` or `webgpu`.
    pub async fn create(device: String) -> Result<Engine, JsValue> {
        let kind = match device.as_str() {
            "cpu" => DeviceKind::Cpu,
            "webgpu" => DeviceKind::WebGpu,
            other => {
                let message = format!("there is no device called {other}: ask for cpu or webgpu");
                return Err(throwable("device.unknown", message));
            }
        };
        let device = kind.open().await.map_err(|error| failure(&error))?;
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

    /// Verifies and loads a model file; on an error the model before stays. Returns the manifest.
    #[wasm_bindgen(js_name = loadModel)]
    pub fn load_model(&mut self, bytes: &[u8]) -> Result<JsValue, JsValue> {
        let file = ModelFile::from_bytes(bytes).map_err(|error| failure(&error))?;
        let classifier = Classifier::load(&file, &self.device).map_err(|error| failure(&error))?;
        if file.manifest.labels.is_empty() {
            return Err(failure(&ClassifyError::NoClassifier));
        }
        let manifest = to_js(&file.manifest);
        self.loaded = Some(Loaded { classifier, file });
        Ok(manifest)
    }

    /// Classifies `tile_count` known tiles here and on the CPU, and compares the probabilities.
    pub async fn verify(&self, tile_count: u32) -> Result<JsValue, JsValue> {
        let Loaded { classifier, file } = self.loaded()?;
        let tiles: Vec<_> = (0..tile_count.max(1)).map(probe_tile).collect();
        let tiles: Vec<_> = tiles.iter().collect();
        let cpu = DeviceKind::Cpu.open().await.map_err(|error| failure(&error))?;
        let reference = Classifier::load(file, &cpu).map_err(|error| failure(&error))?;
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

    /// Class probabilities, row by row: `tiles.length × labels.length` values. The tiles are used up.
    pub async fn classify(&self, tiles: Vec<Tile>) -> Result<Vec<f32>, JsValue> {
        let Loaded { classifier, .. } = self.loaded()?;
        let tiles: Vec<_> = tiles.iter().map(|tile| &tile.inner).collect();
        classifier.classify(&tiles).await.map_err(|error| failure(&error))
    }

    fn loaded(&self) -> Result<&Loaded, JsValue> {
        self.loaded.as_ref().ok_or_else(|| throwable("model.none", "no model is loaded yet".into()))
    }
}

/// The answer of the first run, and how long the second took in milliseconds: the first compiles the
/// GPU's programs and warms the CPU's.
async fn timed_warm(classifier: &Classifier, tiles: &[&tile::Tile]) -> Result<(Vec<f32>, f64), JsValue> {
    let thrown = |error: ClassifyError| failure(&error);
    let answer = classifier.classify(tiles).await.map_err(thrown)?;
    let start_ms = now_ms();
    classifier.classify(tiles).await.map_err(thrown)?;
    Ok((answer, now_ms() - start_ms))
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
