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
//! # A tile's class
//!
//! With `tilelens` and `pollster` among the dependencies, built with `--release` (without, a tile takes fifty times as long):
//!
//! ```
//! use tilelens::device::Device;
//! use tilelens::model::classifier::Classifier;
//! use tilelens::model::model_file::ModelFile;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let backbone = ModelFile::from_bytes(&std::fs::read("models/overhead.safetensors")?)?;
//! let head = ModelFile::from_bytes(&std::fs::read("models/overhead-scenes.safetensors")?)?;
//! let classifier = Classifier::load(&backbone.join(&head)?, &Device::Cpu)?;
//!
//! let tile = tilelens::tile::decode(&std::fs::read("www/samples/synthetic-forest.jpg")?)?;
//! // Asynchronous, because a browser's GPU is. On the CPU the future is ready at once.
//! let answers = pollster::block_on(classifier.classify(&[&tile]))?;
//!
//! let classes = classifier.labels().iter().zip(&answers.probabilities);
//! let (class, probability) = classes.max_by(|one, other| one.1.total_cmp(other.1)).unwrap();
//! assert_eq!(class, "Forest");
//! assert!(*probability > 0.5 && answers.features.len() == 576);
//! # Ok(())
//! # }
//! ```
//!
//! Rasters of numbers have to be stretched to colours. Those of one scene share a stretch if they go through
//! `tile::Together`; each by itself would get other colours, and so perhaps another class.
//!
//! The models lie in the repository's folder `models/`. `examples/` has more: a folder of tiles → classes
//! (`classify_folder.rs`), a folder of classes → a new head (`train_head.rs`), and a server on axum (`server/`).
//!
//! # Features
//!
//! | feature | what it adds | default |
//! |---|---|---|
//! | `cli` | the command line (with `import`, `scene`, `burn`) | yes |
//! | `raster` | TIFF files (bands, georeference, stretch), GIF, BMP, and PNG of 16 bits | yes |
//! | `scene` | class maps of whole scenes, and their files (with `raster`) | with `cli` |
//! | `import` | readers of PyTorch's, ONNX's and Keras's files | with `cli` |
//! | `burn` | the network as burn modules: training the backbone, and the reference of the kernels | with `cli` |
//! | `webgpu` | GPUs through burn: WebGPU in the browser; Vulkan, Metal or DirectX natively | no |
//! | `engine` | what JavaScript sees of the network, in the browser's builds | with `webgpu` |
//! | `training` | what JavaScript sees of training, in a module of its own | with `webgpu` |
//!
//! With `default-features = false` the crate decodes JPEG, PNG of 8 bits and WebP, classifies, and trains heads on the CPU, with its
//! own kernels alone. burn takes most of the time of a build with default features.
//!
//! # Errors
//!
//! Each module has an error of its own. Its text is a sentence for people, and may be reworded; [`ErrorCode::code`] is for
//! programs, and stays.

#![warn(missing_docs)]

pub mod dataset;
pub mod device;
mod error;
pub mod export;
pub mod import;
pub mod limits;
pub mod model;
mod onnx_messages;
pub mod raster;
#[cfg(feature = "scene")]
pub mod scene;
pub mod tile;
pub mod training;
#[cfg(all(target_family = "wasm", any(feature = "engine", feature = "training", feature = "raster")))]
pub mod web;

pub use error::ErrorCode;
pub use tilelens_kernels as kernels;
