//! From the bytes of an image file to the network's input.

mod containers;
mod decode;
#[cfg(feature = "raster")]
mod deep;
mod error;
mod jpeg;
mod no_data;
mod pictures;
mod preprocessing;
#[cfg(feature = "raster")]
mod rasters;
#[cfg(feature = "raster")]
mod together;

use std::borrow::Cow;

#[cfg(feature = "raster")]
pub use decode::decode_stretched;
#[cfg(feature = "raster")]
pub use decode::{Picture, decode_picture, is_picture};
pub use decode::{Reader, decode, reader_of};
use error::LEAST_DATA;
pub use error::TileError;
pub use preprocessing::{Preprocessing, scaled, square_thumbnail};
#[cfg(feature = "raster")]
pub use rasters::{holds_little, tile_of_raster};
#[cfg(feature = "raster")]
pub use together::{Histogram, LikeFiles, Together};

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

impl Tile {
    /// The share of the tile that holds no data, from 0 to 1: it is filled with the other side of the tile.
    pub fn no_data_share(&self) -> f32 {
        let share = |note: &Note| if let Note::NoData { share } = note { Some(*share) } else { None };
        self.notes.iter().find_map(share).unwrap_or(0.0)
    }
}

/// Something that decoding changed, guessed or left out.
#[derive(Debug, Clone, PartialEq)]
pub enum Note {
    /// Only the first frame was taken.
    Animated,
    /// Deeper channels were scaled to 8 bits.
    DeepChannels,
    /// Pixels without data were filled with those of the other side.
    NoData {
        /// Their share, from 0 to 1.
        share: f32,
    },
    /// CMYK or YCCK inks were converted to RGB without a colour profile.
    Cmyk,
    /// One channel was repeated three times.
    Greyscale,
    /// Turned or mirrored as EXIF says.
    Reoriented,
    /// What is told of this file alone.
    Text(String),
}

impl Note {
    /// The note as a sentence.
    pub fn sentence(&self) -> Cow<'static, str> {
        match self {
            Self::Animated => "Animated: only the first frame is classified.".into(),
            Self::DeepChannels => "More than 8 bits a channel, scaled down to 8.".into(),
            Self::NoData { share } => {
                let percent = (share * 100.0).clamp(1.0, 99.0);
                format!("{percent:.0} % of the tile is without data: the other side of it is seen there, mirrored.")
                    .into()
            }
            Self::Cmyk => "Converted from CMYK inks without a colour profile.".into(),
            Self::Greyscale => "Greyscale: the one channel serves as red, green and blue.".into(),
            Self::Reoriented => "Turned upright as its EXIF orientation says.".into(),
            Self::Text(text) => Cow::Owned(text.clone()),
        }
    }
}
