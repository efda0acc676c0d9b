//! A command that did its work, though not on every tile.

use std::fmt;

/// The exit status that tells it from a failure.
pub const STATUS: u8 = 3;

/// Some tiles could not be read; the sentence says how many.
#[derive(Debug)]
pub struct SomeUnread(pub String);

impl fmt::Display for SomeUnread {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for SomeUnread {}
