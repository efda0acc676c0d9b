//! The network: backbone, heads, the file that carries them, and the classifier over all three.
//!
//! Each file needs only those above it in this table.
//!
//! | file | what it holds |
//! |---|---|
//! | [`architecture`] | the table of layers |
//! | [`parameters`], `folding` | weights by their names |
//! | [`head`] | what turns features into classes, by its weights |
//! | [`manifest`], [`model_file`], [`parts`] | the file: what it says, its bytes, one backbone and its heads apart |
//! | [`cpu`], `burn` | the network where it runs |
//! | [`backbone`], [`classification`] | either of them, behind one face |
//! | [`heatmap`] | where in a tile a class is seen |
//! | [`classifier`] | a backbone with its heads: tiles in, probabilities out |

pub mod architecture;
pub mod backbone;
#[cfg(feature = "burn")]
pub mod burn;
pub mod classification;
pub mod classifier;
pub mod cpu;
mod folding;
pub mod head;
pub mod heatmap;
pub(crate) mod inference_error;
pub mod manifest;
pub mod model_file;
pub mod parameters;
pub mod parts;

pub use inference_error::InferenceError;
