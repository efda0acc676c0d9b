//! The wasm-bindgen surface: thin and typed. What goes wrong is thrown as `{ code, message }`.
//!
//! It comes as modules that are fetched when they are needed, each a feature: `engine` is the network and the usual kinds of
//! pictures, `training` what is done with labelled tiles, `raster` rasters and the rarer kinds of pictures, `scene` maps.
//! They share no memory: a tile that one decodes is handed to another by `Tile.ofRgb`, features by `Features`.

#[cfg(feature = "engine")]
mod engine;
#[cfg(feature = "training")]
mod features;
#[cfg(feature = "engine")]
mod heatmap;
#[cfg(feature = "training")]
mod model_files;
#[cfg(feature = "engine")]
mod model_info;
#[cfg(feature = "training")]
mod neighbours;
#[cfg(any(feature = "engine", feature = "training"))]
mod numbers;
#[cfg(feature = "raster")]
mod raster;
#[cfg(feature = "engine")]
mod relabel;
#[cfg(feature = "scene")]
mod scene;
#[cfg(any(feature = "engine", feature = "raster"))]
mod tile;
#[cfg(feature = "training")]
mod training;
#[cfg(feature = "training")]
mod tree;

use serde::Serialize;
use tsify::Tsify;
use wasm_bindgen::prelude::*;

#[cfg(feature = "raster")]
pub use raster::{Batch, Raster, decode_raster};
#[cfg(feature = "scene")]
pub use scene::{Scene, SceneMap};
#[cfg(feature = "engine")]
pub use tile::reader_of;
#[cfg(any(feature = "engine", feature = "raster"))]
pub use tile::{Tile, decode_tile};
#[cfg(feature = "engine")]
pub use {
    engine::{Answers, Engine},
    heatmap::Heatmap,
    relabel::relabel_model,
};
#[cfg(feature = "training")]
pub use {
    features::Features,
    model_files::{backbone_of_model, head_of_model, to_f32_model, to_onnx_model},
    neighbours::{order_to_label, similar_tiles, unfamiliar_tiles},
    training::{FineTunedHead, HeadTraining, measure_training},
    tree::read_tree,
};

use crate::ErrorCode;
#[cfg(any(feature = "engine", feature = "training"))]
use crate::device::DeviceKind;

/// What JavaScript catches.
#[derive(Serialize, Tsify)]
pub struct Failure {
    /// A dotted name for programs.
    code: String,
    /// A sentence for people.
    message: String,
}

fn failure(error: impl ErrorCode) -> JsValue {
    throwable(error.code(), error.to_string())
}

fn throwable(code: &str, message: String) -> JsValue {
    to_js(&Failure { code: code.to_owned(), message })
}

fn to_js(value: &impl Serialize) -> JsValue {
    value.serialize(&serde_wasm_bindgen::Serializer::json_compatible()).expect("plain data")
}

/// Milliseconds since the worker began.
#[cfg(any(feature = "engine", feature = "training"))]
fn now_ms() -> f64 {
    js_sys::global()
        .unchecked_into::<web_sys::WorkerGlobalScope>()
        .performance()
        .map_or(0.0, |clock| clock.now())
}

/// `cpu` or `webgpu`.
#[cfg(any(feature = "engine", feature = "training"))]
fn device_kind(name: &str) -> Result<DeviceKind, JsValue> {
    match name {
        "cpu" => Ok(DeviceKind::Cpu),
        "webgpu" => Ok(DeviceKind::WebGpu),
        other => {
            let message = format!("there is no device called {other}: ask for cpu or webgpu");
            Err(throwable("device.unknown", message))
        }
    }
}

/// Sends the message of a panic to the console, where a trap alone would say `unreachable`.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}
