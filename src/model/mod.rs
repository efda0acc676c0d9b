//! The network: backbone, heads, the file that carries them, and the classifier over all three.

pub mod architecture;
pub mod classifier;
pub mod cpu;
mod folding;
pub mod head;
pub mod model_file;
#[cfg(feature = "burn")]
pub mod modules;
pub mod parameters;
