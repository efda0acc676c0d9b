//! Tilelens classifies satellite tiles by transfer learning, natively and inside a browser tab.
//!
//! Data flows one way: the bytes of a file become a [`tile::Tile`], tiles become a normalised
//! batch `[batch, 3, 224, 224]`, the backbone turns it into features `[batch, 576]`, and a head
//! turns those into class probabilities.
//!
//! | module | what it holds |
//! |---|---|
//! | [`dataset`] | a tree of folders → classes and splits; copies of one picture |
//! | [`raster`] | a file of bands → windows of numbers, where they lie on Earth, and how they become colours |
//! | `scene` | one large raster → the class of each of its cells: a map, and its files (feature `scene`) |
//! | [`tile`] | bytes → [`tile::Tile`] → the network's input |
//! | [`kernels`] | the network's operators on the CPU |
//! | [`limits`] | what is accepted: sizes and counts |
//! | [`model`] | MobileNetV3-Small, the heads, the model file, the classifier |
//! | [`training`] | labelled features → a new head, and how good it is |
//! | [`device`] | where the network runs: the CPU with SIMD, or the GPU |
//! | [`import`] | checkpoints of PyTorch, safetensors, ONNX and Keras → our parameters |
//! | [`export`] | our model file → ONNX |
//! | `web` | the wasm-bindgen surface (wasm only) |
//!
//! Without the feature `burn` the crate computes on the CPU alone, with its own kernels: what a browser without WebGPU
//! downloads is a sixth of the engine that has both.

#![warn(missing_docs)]

pub mod dataset;
pub mod device;
mod error;
pub mod export;
pub mod import;
pub mod kernels;
pub mod limits;
pub mod model;
mod onnx_messages;
pub mod raster;
#[cfg(feature = "scene")]
pub mod scene;
pub mod tile;
pub mod training;
#[cfg(target_family = "wasm")]
pub mod web;

pub use error::ErrorCode;
