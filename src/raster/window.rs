//! Windows of numbers.

use std::ops::RangeInclusive;

use super::open::{Level, Raster};
use super::tiff::{Blocks, Image, Place, copy_row};
use super::{RasterError, SampleKind, Source};

/// A rectangle of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Column of its left edge.
    pub x: u32,
    /// Row of its upper edge.
    pub y: u32,
    /// Pixels from the left to the right edge.
    pub width: u32,
    /// Pixels from the upper to the lower edge.
    pub height: u32,
}

impl Window {
    /// All of a picture.
    pub fn all(width: u32, height: u32) -> Self {
        Self { x: 0, y: 0, width, height }
    }

    pub(super) fn pixels(self) -> usize {
        self.width as usize * self.height as usize
    }
}

/// The numbers of a window.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbers {
    /// Which pixels these are, counted in the picture or the overview that was read.
    pub window: Window,
    /// `width × height` numbers for each band that was asked for, row by row, as they stand in the file: neither scaled
    /// nor shifted. Whole numbers beyond 2⁵³ are rounded.
    pub bands: Vec<Vec<f64>>,
    /// Which pixels hold data, by what the file says: its mask, and what it declares as no data.
    pub valid: Vec<bool>,
}

impl Raster<'_> {
    /// The numbers of `bands` (from 0) in a window of the picture (`level` 0) or of an overview (1, 2 …).
    ///
    /// A pixel is without data where the mask is zero, where any of its numbers is none (NaN) or is declared as no data.
    /// Zero, and any number of 8 bits, may also be a dark or bright pixel in one band: there all must be no data.
    ///
    /// # Errors
    ///
    /// [`RasterError`] for a window outside of the raster, and for blocks that cannot be read.
    pub fn read(&mut self, level: usize, window: Window, bands: &[usize]) -> Result<Numbers, RasterError> {
        let (valid, numbers) = {
            let Self { source, levels, blocks, .. } = self;
            let level_number = level;
            let level = level_of(levels, level)?;
            check(&level.image, window, bands)?;
            let place = 2 * level_number;
            let numbers = read_bands(&**source, blocks, &level.image, place, window, bands)?;
            let valid = match &level.mask {
                None => vec![true; window.pixels()],
                Some(mask) => {
                    let mask = read_bands(&**source, blocks, mask, place + 1, window, &[0])?;
                    mask[0].iter().map(|&value| value != 0.0).collect()
                }
            };
            (valid, numbers)
        };
        let mut numbers = Numbers { window, bands: numbers, valid };
        self.leave_out_no_data(&mut numbers, bands);
        Ok(numbers)
    }

    /// Where in the file that is stored which [`Raster::read`] would fetch for a window: offsets and lengths. Whoever fetches
    /// slowly may have it at hand in time.
    ///
    /// # Errors
    ///
    /// [`RasterError`] for a window outside of the raster.
    pub fn parts(
        &self,
        level: usize,
        window: Window,
        bands: &[usize],
    ) -> Result<Vec<(u64, u64)>, RasterError> {
        let (place, level) = (2 * level, level_of(&self.levels, level)?);
        check(&level.image, window, bands)?;
        let mut planes = if level.image.planar { bands.to_vec() } else { vec![0] };
        planes.sort_unstable();
        planes.dedup();
        let picture = planes.iter().map(|&plane| (&level.image, place, plane));
        let mask = level.mask.iter().map(|mask| (mask, place + 1, 0));
        let mut parts = Vec::new();
        for (image, place, plane) in picture.chain(mask) {
            for row in blocks_across(window.y, window.height, image.block_height) {
                for column in blocks_across(window.x, window.width, image.block_width) {
                    let place = Place { image: place, plane, column, row };
                    parts.extend(self.blocks.missing(image, place));
                }
            }
        }
        Ok(parts)
    }

    fn leave_out_no_data(&self, numbers: &mut Numbers, bands: &[usize]) {
        let description = self.description();
        let declared: Vec<Option<f64>> =
            bands.iter().map(|&band| description.bands[band].metadata.no_data).collect();
        if declared.iter().all(Option::is_none) && description.kind != SampleKind::Float {
            return;
        }
        let is_zero_or_byte = |value: f64| value == 0.0 || description.bits <= 8;
        let all_must_be = declared.iter().flatten().all(|&value| is_zero_or_byte(value));
        for (pixel, valid) in numbers.valid.iter_mut().enumerate() {
            let is_none = |band: usize| {
                let value = numbers.bands[band][pixel];
                declared[band].is_some_and(|none| same(value, none))
            };
            let missing = if all_must_be {
                !bands.is_empty() && (0..bands.len()).all(is_none)
            } else {
                (0..bands.len()).any(is_none)
            };
            let is_number = numbers.bands.iter().all(|band| !band[pixel].is_nan());
            *valid &= !missing && is_number;
        }
    }
}

/// Whether a number is the declared one: GDAL compares 32-bit numbers as such, since the text may be rounded.
pub(super) fn same(value: f64, none: f64) -> bool {
    value == none
        || value as f32 == none as f32 && (value as f32).is_finite() && value.abs() > 1e30
        || none.is_nan() && value.is_nan()
}

/// The picture (0) or an overview.
pub(super) fn level_of(levels: &[Level], level: usize) -> Result<&Level, RasterError> {
    levels.get(level).ok_or_else(|| RasterError::Outside(format!("there is no overview {level}")))
}

fn check(image: &Image, window: Window, bands: &[usize]) -> Result<(), RasterError> {
    let Window { x, y, width, height } = window;
    let inside = |start: u32, length: u32, side: u32| {
        length > 0 && start.checked_add(length).is_some_and(|end| end <= side)
    };
    if !inside(x, width, image.width) || !inside(y, height, image.height) {
        return Err(RasterError::Outside(format!(
            "the window of {width} × {height} pixels at {x}, {y} is not within {} × {}",
            image.width, image.height
        )));
    }
    if let Some(band) = bands.iter().find(|&&band| band >= image.samples) {
        return Err(RasterError::Outside(format!(
            "there is no band {}: the raster has {}",
            band + 1,
            image.samples
        )));
    }
    Ok(())
}

/// The columns or rows of blocks that pixels from `start` on lie in.
fn blocks_across(start: u32, length: u32, block: u32) -> RangeInclusive<u32> {
    start / block..=(start + length - 1) / block
}

/// Numbers of bands, each `window.pixels()` long.
fn read_bands(
    source: &dyn Source,
    blocks: &mut Blocks,
    image: &Image,
    place: usize,
    window: Window,
    bands: &[usize],
) -> Result<Vec<Vec<f64>>, RasterError> {
    let mut numbers: Vec<Vec<f64>> = bands.iter().map(|_| vec![0.0; window.pixels()]).collect();
    let (bottom, right) = (window.y + window.height, window.x + window.width);
    for block_row in blocks_across(window.y, window.height, image.block_height) {
        let top = block_row * image.block_height;
        let rows = window.y.max(top)..bottom.min(top.saturating_add(image.block_height));
        for column in blocks_across(window.x, window.width, image.block_width) {
            let left = column * image.block_width;
            let columns = window.x.max(left)..right.min(left.saturating_add(image.block_width));
            for (numbers, &band) in numbers.iter_mut().zip(bands) {
                let (plane, within) = if image.planar { (band, 0) } else { (0, band) };
                let block =
                    blocks.get(source, image, Place { image: place, plane, column, row: block_row })?;
                for y in rows.clone() {
                    let start =
                        (y - window.y) as usize * window.width as usize + (columns.start - window.x) as usize;
                    let target = &mut numbers[start..start + columns.len()];
                    copy_row(
                        image,
                        &block,
                        within,
                        (y - top) as usize,
                        (columns.start - left) as usize,
                        target,
                    );
                }
            }
        }
    }
    Ok(numbers)
}
