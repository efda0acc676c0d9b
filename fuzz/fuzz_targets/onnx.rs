#![no_main]
//! A .onnx checkpoint of anybody's → a model file.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| tilelens_fuzz::import_as("onnx", bytes));
