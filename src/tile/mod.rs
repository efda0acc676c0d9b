//! From the bytes of an image file to the network's input.

mod containers;
mod decode;
mod preprocessing;

pub use decode::{TileError, decode};
pub use preprocessing::{Preprocessing, square_thumbnail};

/// A decoded tile: 8-bit RGB, upright, opaque.
#[derive(Debug, Clone, PartialEq)]
pub struct Tile {
    /// Width in pixels, after the EXIF orientation was applied.
    pub width_px: u32,
    /// Height in pixels, after the EXIF orientation was applied.
    pub height_px: u32,
    /// `height_px × width_px × 3` bytes, row by row.
    pub rgb: Vec<u8>,
    /// The file's format: `JPEG`, `PNG`, …
    pub format: &'static str,
    /// What was done to the image that a viewer would want to know.
    pub notes: Vec<Note>,
}

/// Something that decoding changed or left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// Only the first frame was taken.
    Animated,
    /// Deeper channels were scaled to 8 bits.
    DeepChannels,
    /// Transparent pixels were laid on white.
    Transparent,
    /// CMYK or YCCK inks were converted to RGB without a colour profile.
    Cmyk,
    /// One channel was repeated three times.
    Greyscale,
    /// Turned or mirrored as EXIF says.
    Reoriented,
}

impl Note {
    /// The note as a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Animated => "Animated: only the first frame is classified.",
            Self::DeepChannels => "More than 8 bits a channel, scaled down to 8.",
            Self::Transparent => "Transparent parts are laid on white.",
            Self::Cmyk => "Converted from CMYK inks without a colour profile.",
            Self::Greyscale => "Greyscale: the one channel serves as red, green and blue.",
            Self::Reoriented => "Turned upright as its EXIF orientation says.",
        }
    }
}
