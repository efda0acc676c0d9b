//! What is accepted, in one place: the reader, the exporter and the importer obey the same numbers, so that what was
//! let in can go out, and what went out can come in again.
//!
//! The page has them as `www/engine/limits.js`, which is made of this file: `cargo test --test limits` says when it is not,
//! and with `WRITE_LIMITS=1` writes it anew.

/// Declares constants, and all of them as a table for the page.
macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $name:ident: $type:ty = $value:expr;)+) => {
        $($(#[doc = $doc])+ pub const $name: $type = $value;)+

        /// Every limit: its name, its number and what it means.
        const ALL: &[(&str, u64, &str)] = &[$((stringify!($name), $name as u64, concat!($($doc),+))),+];
    };
}

limits! {
    /// The largest image file, in bytes; one that is larger is refused before it is read.
    MAX_TILE_BYTES: u64 = 200_000_000;
    /// The most pixels of an image: 50 megapixels are 400 MB at 16 bits and 4 channels, which a browser tab can hold.
    MAX_TILE_PIXELS: u64 = 50_000_000;
    /// The shortest side of an image, in pixels; smaller ones hold nothing to classify.
    MIN_TILE_SIDE_PX: u32 = 8;
    /// The longest side of an image, in pixels: all pixels in rows of the shortest.
    MAX_TILE_SIDE_PX: u32 = (MAX_TILE_PIXELS / MIN_TILE_SIDE_PX as u64) as u32;
    /// The most classes that a user tells apart.
    MAX_CLASSES: usize = 50;
    /// The most classes of a model file: ImageNet-21k has 21,841.
    MAX_MODEL_CLASSES: usize = 32_768;
    /// The widest hidden layer of a head: a wider one learns nothing more, and Adam keeps three numbers a weight.
    MAX_DENSE_NEURONS: usize = 4096;
    /// The most epochs of a run.
    MAX_EPOCHS: usize = 10_000;
    /// The largest side of a network's input, in pixels; a backbone of stride 32 has no use for more.
    MAX_INPUT_SIDE_PX: u32 = 1024;
    /// The largest model file or checkpoint, in bytes: a MobileNetV3-Small of 21,000 classes takes 90 MB, with what its optimiser keeps three times as much.
    MAX_MODEL_BYTES: u64 = 512 << 20;
    /// The most arrays of a model file or checkpoint: a MobileNetV3-Small has 244, with what its optimiser keeps three times as many.
    MAX_MODEL_ARRAYS: usize = 10_000;
}

/// The limits as a module of JavaScript.
pub fn to_javascript() -> String {
    let head =
        "/** What is accepted, made of `src/limits.rs` by `WRITE_LIMITS=1 cargo test --test limits`. */\n";
    let constants = ALL.iter().map(|(name, value, doc)| {
        format!("\n/**{} */\nexport const {name} = {};\n", doc.trim_end(), grouped(*value))
    });
    head.chars().chain(constants.collect::<String>().chars()).collect()
}

/// Digits in groups of three, as a reader and JavaScript like them.
fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    let groups: Vec<&str> = groups.map(|group| std::str::from_utf8(group).expect("digits")).collect();
    if digits.len() < 5 { digits } else { groups.join("_") }
}
