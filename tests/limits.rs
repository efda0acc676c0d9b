//! The page and the engine obey the same limits.

#![cfg(not(target_family = "wasm"))]

use std::path::Path;
use std::{env, fs};

#[test]
fn the_page_has_the_limits_of_the_engine() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("www/engine/limits.js");
    let expected = tilelens::limits::to_javascript();
    if env::var_os("WRITE_LIMITS").is_some() {
        fs::write(&file, &expected).unwrap();
    }
    let found = fs::read_to_string(&file).unwrap();
    assert_eq!(
        found, expected,
        "write www/engine/limits.js anew with WRITE_LIMITS=1 cargo test --test limits"
    );
}
