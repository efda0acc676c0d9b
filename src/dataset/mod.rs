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

use unicode_normalization::UnicodeNormalization;

/// The one spelling of a class: macOS writes `é` as a letter and an accent, and the two look the same (NFC, Unicode
/// Standard Annex 15).
pub fn class_name(folder: &str) -> String {
    folder.nfc().collect()
}
