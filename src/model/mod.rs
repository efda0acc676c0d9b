//! The network: backbone, heads, the file that carries them, and the classifier over all three.

pub mod architecture;
pub mod classifier;
pub mod cpu_backbone;
mod folding;
pub mod head;
pub mod layers;
pub mod mobilenet_v3;
pub mod model_file;
pub mod parameters;
