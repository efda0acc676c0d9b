//! The operators of the network on the CPU, in 32-bit floats.
//!
//! burn's own CPU backend computes an operator at a time and knows nothing of what comes before or after it. These
//! kernels compute a convolution, the batch norm that is folded into it and the activation behind it in one pass, on
//! feature maps whose channels lie in blocks of eight ([`Maps`]), so that a vector of the processor is a piece of a
//! pixel in every one of them (the layout `nChw8c` of Intel's oneDNN). They know nothing of the network.

mod activation;
mod dense;
mod depthwise;
mod lanes;
mod learning;
mod maps;
mod pointwise;
mod stem;

pub use activation::{Activation, HARD_SIGMOID_ALPHA, HARD_SIGMOID_BETA};
pub use dense::{Dense, dense};
pub use depthwise::{Depthwise, depthwise};
pub use learning::{AdamStep, DenseWeights, LearningDense, relu_backward};
pub use maps::{BLOCK, Maps, means, scale};
pub use pointwise::{Pointwise, pointwise};
pub use stem::{Planes, Stem, stem};

use maps::packed;
