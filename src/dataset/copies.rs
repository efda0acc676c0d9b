//! Copies of one picture: to the byte, encoded anew, scaled, mirrored or turned.
//!
//! A picture on both sides of a split makes accuracy a fiction, and one under two labels teaches nothing. Two tiles are
//! taken for copies when their 16 × 16 grey thumbnails, in the best of the eight flips and turns, differ by less than
//! [`MAX_DIFFERENCE`] of the flatter one's contrast.
//!
//! Measured: tiles turned and encoded anew as JPEG of quality 60 differ by 0.2 at most on 320 × 320 pixels, and all but a
//! few in a thousand by less than 0.3 on 150 × 150. Among all pairs of 2,380 RSSCN7, 7,290 AID and 3,333 EuroSAT tiles
//! (35 million) the grey alone finds four; three show the same place, and two beaches are told apart by their colour.
//! Water and the like has no contrast to go by: there only equal pixels count.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use crate::tile::{Tile, square_thumbnail};

/// Side of the thumbnail.
const SIDE: usize = 16;
/// Root mean square of the difference, in units of the contrast.
const MAX_DIFFERENCE: f32 = 0.35;
/// Thumbnails with a standard deviation under this, in grey levels of 255, are too flat to be compared.
const MIN_CONTRAST: f32 = 3.0;
/// Brightness and contrast of a copy differ by less than this, in grey levels; measured: 1.4 at JPEG quality 15.
const MAX_SHIFT: f32 = 2.0;
/// The mean of a colour may differ by a little more: JPEG is less exact with colours. Two beaches can be alike in grey.
const MAX_COLOUR_SHIFT: f32 = 4.0;

/// What copies of a picture have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct Fingerprint {
    /// SHA-256 of the size and the pixels.
    pixels: [u8; 32],
    /// Mean of red, green and blue.
    colour: [f32; 3],
    /// Mean of the grey thumbnail.
    brightness: f32,
    /// Its standard deviation.
    contrast: f32,
    /// `SIDE × SIDE` grey levels less their mean.
    grey: Vec<f32>,
}

impl Fingerprint {
    /// The fingerprint of a tile.
    pub fn of(tile: &Tile) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(tile.width_px.to_le_bytes());
        hasher.update(tile.height_px.to_le_bytes());
        hasher.update(&tile.rgb);
        let thumbnail = square_thumbnail(tile, SIDE as u32);
        let pixels = thumbnail.as_chunks::<3>().0;
        let sum = |channel: usize| pixels.iter().map(|pixel| f32::from(pixel[channel])).sum::<f32>();
        let colour = [0, 1, 2].map(|channel| sum(channel) / pixels.len() as f32);
        // Luma of ITU-R BT.601.
        let luma = |&[red, green, blue]: &[u8; 3]| {
            0.299 * f32::from(red) + 0.587 * f32::from(green) + 0.114 * f32::from(blue)
        };
        let mut grey: Vec<f32> = pixels.iter().map(luma).collect();
        let brightness = grey.iter().sum::<f32>() / grey.len() as f32;
        grey.iter_mut().for_each(|value| *value -= brightness);
        let contrast = mean_square(&grey).sqrt();
        Self { pixels: hasher.finalize().into(), colour, brightness, contrast, grey }
    }

    /// Whether `other` is likely the same picture, though not to the last pixel.
    fn is_near(&self, other: &Self) -> bool {
        let contrast = self.contrast.min(other.contrast);
        if contrast < MIN_CONTRAST || (self.contrast - other.contrast).abs() > MAX_SHIFT {
            return false;
        }
        if (0..3).any(|channel| (self.colour[channel] - other.colour[channel]).abs() > MAX_COLOUR_SHIFT) {
            return false;
        }
        // A sum of squares, so that it can end early.
        let limit = (MAX_DIFFERENCE * contrast).powi(2) * (SIDE * SIDE) as f32;
        (0..8).any(|view| {
            let mut sum = 0.0;
            (0..SIDE).all(|y| {
                let row = (0..SIDE).map(|x| self.grey[y * SIDE + x] - other.grey[viewed(view, x, y)]);
                sum += row.map(|difference| difference * difference).sum::<f32>();
                sum <= limit
            })
        })
    }
}

/// Where the pixel (`x`, `y`) of one of the eight flips and turns is taken from.
fn viewed(view: usize, x: usize, y: usize) -> usize {
    let (x, y) = if view & 1 == 0 { (x, y) } else { (SIDE - 1 - x, y) };
    let (x, y) = if view & 2 == 0 { (x, y) } else { (x, SIDE - 1 - y) };
    if view & 4 == 0 { y * SIDE + x } else { x * SIDE + y }
}

fn mean_square(values: &[f32]) -> f32 {
    values.iter().map(|value| value * value).sum::<f32>() / values.len() as f32
}

/// Which tiles are copies of which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copies {
    originals: Vec<usize>,
    /// Tiles that equal an earlier one to the last pixel.
    pub exact: usize,
    /// Tiles that look like an earlier one and were encoded anew, scaled, mirrored or turned.
    pub near: usize,
}

impl Copies {
    /// Compares all tiles with one another.
    pub fn find(fingerprints: &[Fingerprint]) -> Self {
        let mut first = HashMap::new();
        let mut groups = Groups::new(fingerprints.len());
        let mut exact = 0;
        // One tile for each set of equal pixels.
        let mut distinct = Vec::new();
        for (tile, fingerprint) in fingerprints.iter().enumerate() {
            match first.get(&fingerprint.pixels) {
                Some(&earlier) => {
                    groups.join(earlier, tile);
                    exact += 1;
                }
                None => {
                    first.insert(fingerprint.pixels, tile);
                    distinct.push(tile);
                }
            }
        }
        // Only tiles of like brightness are compared: they are neighbours in this order.
        distinct.sort_by(|&a, &b| fingerprints[a].brightness.total_cmp(&fingerprints[b].brightness));
        for (at, &tile) in distinct.iter().enumerate() {
            let one = &fingerprints[tile];
            let others = distinct[at + 1..].iter();
            for &other in
                others.take_while(|&&other| fingerprints[other].brightness - one.brightness <= MAX_SHIFT)
            {
                if one.is_near(&fingerprints[other]) {
                    groups.join(tile, other);
                }
            }
        }
        let originals: Vec<usize> = (0..fingerprints.len()).map(|tile| groups.root(tile)).collect();
        let copies = originals.iter().enumerate().filter(|(tile, original)| tile != *original).count();
        Self { originals, exact, near: copies - exact }
    }

    /// For each tile the first one that it is a copy of; itself where there is none before it. These are the
    /// groups of [`Split::stratified_by_group`](crate::training::split::Split::stratified_by_group).
    pub fn originals(&self) -> &[usize] {
        &self.originals
    }

    /// The pictures that stand under more than one label: for each the first tile of every label.
    pub fn under_several_labels(&self, labels: &[usize]) -> Vec<Vec<usize>> {
        let mut of_original = vec![Vec::<usize>::new(); labels.len()];
        for (tile, &original) in self.originals.iter().enumerate() {
            let group = &mut of_original[original];
            if !group.iter().any(|&other| labels[other] == labels[tile]) {
                group.push(tile);
            }
        }
        of_original.retain(|group| group.len() > 1);
        of_original
    }
}

/// Sets of tiles that are copies of one another, each known by its first tile (union-find).
struct Groups {
    parents: Vec<usize>,
}

impl Groups {
    fn new(count: usize) -> Self {
        Self { parents: (0..count).collect() }
    }

    fn root(&mut self, mut tile: usize) -> usize {
        while self.parents[tile] != tile {
            self.parents[tile] = self.parents[self.parents[tile]];
            tile = self.parents[tile];
        }
        tile
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.parents[one.max(other)] = one.min(other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE_PX: u32 = 64;

    /// A tile of blotches that no other seed gives.
    fn tile(seed: u32, pixel: impl Fn(u32, u32) -> (u32, u32), noise: u32) -> Tile {
        let value = |x: u32, y: u32| {
            let cell = (x / 9).wrapping_mul(2_654_435_761)
                ^ (y / 7).wrapping_mul(40_503)
                ^ seed.wrapping_mul(97_531);
            let cell = cell.wrapping_mul(0x9e37_79b9) >> 24;
            let grain = (x * 31 + y * 17) % (noise + 1);
            // As bright on average as without it.
            (cell * 200 / 256 + 20 + grain - noise / 2) as u8
        };
        let pixels = (0..SIDE_PX).flat_map(|y| (0..SIDE_PX).map(move |x| (x, y)));
        let rgb = pixels.flat_map(|(x, y)| {
            let (x, y) = pixel(x, y);
            [value(x, y), value(x, y) / 2, value(y, x)]
        });
        Tile { width_px: SIDE_PX, height_px: SIDE_PX, rgb: rgb.collect(), format: "test", notes: Vec::new() }
    }

    fn upright(x: u32, y: u32) -> (u32, u32) {
        (x, y)
    }

    #[test]
    fn copies_are_found_turned_and_with_noise_and_other_pictures_are_none() {
        let turned = |x: u32, y: u32| (y, SIDE_PX - 1 - x);
        let tiles = [
            tile(1, upright, 0),
            tile(2, upright, 0),
            tile(1, upright, 0),
            tile(2, turned, 12),
            tile(3, upright, 0),
            tile(1, |x, y| (SIDE_PX - 1 - x, y), 8),
        ];
        let copies = Copies::find(&tiles.each_ref().map(Fingerprint::of));
        assert_eq!(copies.originals(), [0, 1, 0, 1, 4, 0]);
        assert_eq!((copies.exact, copies.near), (1, 2));
        assert_eq!(copies.under_several_labels(&[0, 1, 0, 0, 0, 1]), [vec![0, 5], vec![1, 3]]);
    }

    #[test]
    fn flat_tiles_are_copies_only_to_the_pixel() {
        let water = |level: u8| Tile { rgb: vec![level; 64 * 64 * 3], ..tile(1, upright, 0) };
        let copies = Copies::find(&[water(40), water(41), water(40)].each_ref().map(Fingerprint::of));
        assert_eq!((copies.originals(), copies.near), (&[0, 1, 0][..], 0));
    }
}
