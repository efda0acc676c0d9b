//! The network on the CPU, made of [`crate::kernels`]; `super::burn` is its reference where that is built.

pub mod backbone;
pub mod classification;
