//! [`Tile`] → the network's input, as torchvision's `Resize` → `CenterCrop` → `ToTensor` →
//! `Normalize`.

use serde::{Deserialize, Serialize};
use tilelens_pixels::{Filter, RgbPixels, normalise, resize};

use super::Tile;
use crate::limits::MAX_INPUT_SIDE_PX;

/// How a tile becomes the network's input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Preprocessing {
    /// The shorter side is scaled to this, in pixels (bilinear, antialiased).
    pub resize_px: u32,
    /// The side of the square cut from the centre, in pixels.
    pub crop_px: u32,
    /// Channel means, of values from 0 to 1.
    pub mean: [f32; 3],
    /// Channel standard deviations, of values from 0 to 1.
    pub std: [f32; 3],
}

impl Preprocessing {
    /// ImageNet channel means (torchvision, `MobileNet_V3_Small_Weights.IMAGENET1K_V1.transforms`).
    pub const IMAGENET_MEAN: [f32; 3] = [0.485, 0.456, 0.406];
    /// ImageNet channel standard deviations (same source).
    pub const IMAGENET_STD: [f32; 3] = [0.229, 0.224, 0.225];

    /// Why these values cannot be used, if they cannot.
    pub(crate) fn check(&self) -> Result<(), String> {
        let Self { resize_px, crop_px, mean, std } = self;
        if *crop_px < 32 || resize_px < crop_px || *resize_px > MAX_INPUT_SIDE_PX {
            return Err(format!("resize to {resize_px} px, crop of {crop_px} px"));
        }
        if !mean.iter().all(|value| value.is_finite()) || !std.iter().all(|&value| value > 0.0) {
            return Err(format!("mean {mean:?}, standard deviation {std:?}"));
        }
        Ok(())
    }

    /// The pixels that the network sees: `crop_px × crop_px` RGB. Only those are computed: a tile of
    /// 8 × 6,000,000 pixels, scaled whole, would not fit into memory.
    pub fn crop(&self, tile: &Tile) -> Vec<u8> {
        resize(pixels(tile), self.seen(tile), self.crop_px, self.crop_px, Filter::Bilinear)
    }

    /// What the network sees of a tile: left, top, right and bottom, as shares of its width and height.
    pub fn seen_shares(&self, tile: &Tile) -> [f64; 4] {
        let [left, top, width, height] = self.seen(tile);
        let (of_width, of_height) = (f64::from(tile.width_px), f64::from(tile.height_px));
        [left / of_width, top / of_height, (left + width) / of_width, (top + height) / of_height]
    }

    /// The same: left, top, width and height, in pixels of the tile.
    fn seen(&self, tile: &Tile) -> [f64; 4] {
        let (width_px, height_px) = self.resized(tile.width_px, tile.height_px);
        // One pixel of the scaled image, in pixels of the tile.
        let (step_x, step_y) = (
            f64::from(tile.width_px) / f64::from(width_px),
            f64::from(tile.height_px) / f64::from(height_px),
        );
        let left = f64::from(center(width_px - self.crop_px)) * step_x;
        let top = f64::from(center(height_px - self.crop_px)) * step_y;
        let side = f64::from(self.crop_px);
        // The last bit of a product may lie beyond the edge, and the resizer refuses such a box.
        let width = (side * step_x).min(f64::from(tile.width_px) - left);
        let height = (side * step_y).min(f64::from(tile.height_px) - top);
        [left, top, width, height]
    }

    /// For each channel the scale and the shift that normalise a value from 0 to 255: value · scale − shift.
    pub(crate) fn normalisation(&self) -> [(f32, f32); 3] {
        [0, 1, 2].map(|channel| {
            let (mean, std) = (self.mean[channel], self.std[channel]);
            (1.0 / (255.0 * std), mean / std)
        })
    }

    /// Appends the normalised planes red, green, blue: `3 × crop_px × crop_px` values.
    pub(crate) fn append(&self, tile: &Tile, values: &mut Vec<f32>) {
        normalise(&self.crop(tile), self.normalisation(), values);
    }

    /// Width and height once the shorter side is `resize_px`; the longer one is cut to a whole
    /// pixel, as in torchvision.
    fn resized(&self, width_px: u32, height_px: u32) -> (u32, u32) {
        let shorter = u64::from(width_px.min(height_px));
        let scaled = |side: u32| (u64::from(self.resize_px) * u64::from(side) / shorter) as u32;
        (scaled(width_px), scaled(height_px))
    }
}

/// A `side_px × side_px` RGB picture of the tile's centre square.
pub fn square_thumbnail(tile: &Tile, side_px: u32) -> Vec<u8> {
    let square = f64::from(tile.width_px.min(tile.height_px));
    let left = (f64::from(tile.width_px) - square) / 2.0;
    let top = (f64::from(tile.height_px) - square) / 2.0;
    resize(pixels(tile), [left, top, square, square], side_px, side_px, Filter::Bilinear)
}

/// A `width_px × height_px` RGB picture of the whole tile.
pub fn scaled(tile: &Tile, width_px: u32, height_px: u32) -> Vec<u8> {
    let whole = [0.0, 0.0, f64::from(tile.width_px), f64::from(tile.height_px)];
    resize(pixels(tile), whole, width_px, height_px, Filter::Bilinear)
}

/// Half of the surplus, rounded half to even as Python's `round` does.
fn center(surplus: u32) -> u32 {
    (f64::from(surplus) / 2.0).round_ties_even() as u32
}

fn pixels(Tile { width_px, height_px, rgb, .. }: &Tile) -> RgbPixels<'_> {
    RgbPixels { width_px: *width_px, height_px: *height_px, rgb }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_of_tile_can_be_cut() {
        for (resize_px, crop_px) in [(224, 224), (256, 224)] {
            let (mean, std) = (Preprocessing::IMAGENET_MEAN, Preprocessing::IMAGENET_STD);
            let preprocessing = Preprocessing { resize_px, crop_px, mean, std };
            for side_px in 8..1024 {
                for (width_px, height_px) in [(side_px, side_px + 9), (side_px + 9, side_px), (9, side_px)] {
                    let rgb = vec![7; (width_px * height_px * 3) as usize];
                    let tile = Tile { width_px, height_px, rgb, format: "test", notes: Vec::new() };
                    let pixels = preprocessing.crop(&tile);
                    assert_eq!(pixels.len(), 3 * (crop_px * crop_px) as usize);
                    assert!(pixels.iter().all(|&value| value == 7), "{width_px} × {height_px}");
                }
            }
        }
    }
}
