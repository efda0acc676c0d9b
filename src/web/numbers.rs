//! Numbers that come from JavaScript, where each is a double: an index may be -1, a count 2.5.

use std::ops::RangeInclusive;

use wasm_bindgen::prelude::*;

use super::throwable;

/// The largest whole number that a double counts to without gaps, and that `usize` of wasm holds.
const MAX: f64 = u32::MAX as f64;

/// A count or an index within `bounds`.
///
/// # Errors
///
/// `{ code: "request.number", message }`, which names it.
pub fn whole(name: &str, value: f64, bounds: RangeInclusive<usize>) -> Result<usize, JsValue> {
    if value.fract() == 0.0 && (0.0..=MAX).contains(&value) && bounds.contains(&(value as usize)) {
        return Ok(value as usize);
    }
    let (least, most) = (bounds.start(), bounds.end());
    let message = format!("{name} is {value}; it must be a whole number from {least} to {most}");
    Err(throwable("request.number", message))
}

/// Refuses a list of another length than it must have.
#[cfg(feature = "training")]
pub fn check_len(what: &str, found: usize, expected: usize) -> Result<(), JsValue> {
    if found == expected {
        return Ok(());
    }
    Err(throwable("request.length", format!("{what} are {found} numbers; they must be {expected}")))
}
