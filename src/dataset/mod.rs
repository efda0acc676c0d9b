//! How a tree of folders becomes labelled tiles: one rule, for the command line and for the page.
//!
//! Nothing here touches a disk. [`Tree::read`] sees the paths of files and says which class and which split each
//! belongs to, what it skipped, and whatever it had to guess.

mod clutter;
mod copies;
mod notes;
mod splits;
mod tree;

pub use clutter::{Clutter, Skipped, clutter_of};
pub use copies::{Copies, Fingerprint};
pub use notes::Note;
pub use splits::Subset;
pub use tree::{ClassFrom, Placed, Tree};

/// The one spelling of a class: macOS writes `é` as a letter and an accent, and the two look the same (NFC, Unicode
/// Standard Annex 15).
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub fn class_name(folder: &str) -> String {
    use unicode_normalization::UnicodeNormalization;

    folder.nfc().collect()
}

/// The same. A browser has Unicode's tables, which would be a tenth of the engine.
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub fn class_name(folder: &str) -> String {
    js_sys::JsString::from(folder).normalize("NFC").into()
}
