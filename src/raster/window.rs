//! Windows of numbers.

use std::ops::RangeInclusive;

use super::open::{Level, Raster};
use super::tiff::{Blocks, Image, Number, Place};
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
        let (bands, valid) = self.read_as(level, window, bands)?;
        Ok(Numbers { window, bands, valid })
    }

    /// [`Raster::read`] into numbers of a kind that holds those of the file: bands, and which pixels hold data.
    pub(super) fn read_as<T: Number>(
        &mut self,
        level: usize,
        window: Window,
        bands: &[usize],
    ) -> Result<(Vec<Vec<T>>, Vec<bool>), RasterError> {
        let Self { source, levels, blocks, .. } = self;
        let (place, level) = (2 * level, level_of(levels, level)?);
        check(&level.image, window, bands)?;
        let numbers: Vec<Vec<T>> = read_bands(&**source, blocks, &level.image, place, window, bands)?;
        let mut valid = match &level.mask {
            None => vec![true; window.pixels()],
            Some(mask) => {
                let mask: Vec<Vec<f64>> = read_bands(&**source, blocks, mask, place + 1, window, &[0])?;
                mask[0].iter().map(|&value| value != 0.0).collect()
            }
        };
        self.leave_out_no_data(&numbers, bands, &mut valid);
        Ok((numbers, valid))
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

    /// Band by band, since a loop over a band does many pixels at once.
    fn leave_out_no_data<T: Number>(&self, numbers: &[Vec<T>], bands: &[usize], valid: &mut [bool]) {
        let description = self.description();
        let declared: Vec<Option<f64>> =
            bands.iter().map(|&band| description.bands[band].metadata.no_data).collect();
        let is_zero_or_byte = |value: f64| value == 0.0 || description.bits <= 8;
        let all_must_be = declared.iter().flatten().all(|&value| is_zero_or_byte(value));
        if !all_must_be {
            for (numbers, declared) in numbers.iter().zip(&declared) {
                leave_out(numbers, *declared, valid);
            }
        } else if !bands.is_empty() && declared.iter().all(Option::is_some) {
            let mut missing = vec![true; valid.len()];
            for (numbers, declared) in numbers.iter().zip(&declared) {
                let none = declared.and_then(T::no_data);
                let is_none = |number: T| none.is_some_and(|none| number.is(none));
                missing.iter_mut().zip(numbers).for_each(|(missing, &number)| *missing &= is_none(number));
            }
            valid.iter_mut().zip(&missing).for_each(|(valid, missing)| *valid &= !missing);
        }
        if description.kind == SampleKind::Float {
            for numbers in numbers {
                valid.iter_mut().zip(numbers).for_each(|(valid, &number)| *valid &= !number.is_nan());
            }
        }
    }
}

/// Marks the pixels of a band that are what is taken for no data.
pub(super) fn leave_out<T: Number>(numbers: &[T], no_data: Option<f64>, valid: &mut [bool]) {
    if let Some(none) = no_data.and_then(T::no_data) {
        valid.iter_mut().zip(numbers).for_each(|(valid, &number)| *valid &= !number.is(none));
    }
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
fn read_bands<T: Number>(
    source: &dyn Source,
    blocks: &mut Blocks,
    image: &Image,
    place: usize,
    window: Window,
    bands: &[usize],
) -> Result<Vec<Vec<T>>, RasterError> {
    let mut numbers: Vec<Vec<T>> = bands.iter().map(|_| vec![T::default(); window.pixels()]).collect();
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
                    T::copy_row(
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::raster::Sidecars;

    /// That what GDAL's numbers are compared with, and what becomes colours, is the same.
    #[test]
    fn numbers_of_up_to_16_bits_are_the_same_in_either_kind() {
        let mut compared = 0;
        for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/raster")).unwrap() {
            let path = entry.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            let Ok(mut raster) = Raster::open(&bytes[..]) else { continue };
            if !raster.levels[0].image.fits_u16() {
                continue;
            }
            let (width, height) = (raster.description().width, raster.description().height);
            let bands: Vec<usize> = (0..raster.levels[0].image.samples).collect();
            // Inside of blocks, too.
            for window in
                [Window::all(width, height), Window { x: 3, y: 5, width: width - 6, height: height - 9 }]
            {
                let (numbers, valid) = raster.read_as::<u16>(0, window, &bands).unwrap();
                let expected = raster.read(0, window, &bands).unwrap();
                let numbers: Vec<Vec<f64>> =
                    numbers.iter().map(|band| band.iter().copied().map(f64::from).collect()).collect();
                assert!(numbers == expected.bands && valid == expected.valid, "{}", path.display());
            }
            compared += 1;
        }
        assert!(compared > 30, "{compared} fixtures are of such numbers");
    }

    #[test]
    fn declared_no_data_is_left_out_alike_in_either_kind() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/raster/uint16.tif");
        let bytes = fs::read(path).unwrap();
        let mut plain = Raster::open(&bytes[..]).unwrap();
        let window = Window::all(plain.description().width, plain.description().height);
        let bands: Vec<usize> = (0..plain.description().bands.len()).collect();
        let number = plain.read(0, window, &bands).unwrap().bands[0][7];
        for declared in [0.0, number, number + 0.5, 65_535.0, -9_999.0, f64::NAN] {
            for count in [1, bands.len()] {
                let of_band = |band: usize| {
                    format!(
                        "<PAMRasterBand band=\"{band}\"><NoDataValue>{declared}</NoDataValue></PAMRasterBand>"
                    )
                };
                let bands_text: String = (1..=count).map(of_band).collect();
                let aux_xml = format!("<PAMDataset>{bands_text}</PAMDataset>");
                let sidecars = Sidecars { world: None, aux_xml: Some(&aux_xml) };
                let mut raster = Raster::open_beside(&bytes[..], sidecars).unwrap();
                let (_, valid) = raster.read_as::<u16>(0, window, &bands).unwrap();
                assert_eq!(valid, raster.read(0, window, &bands).unwrap().valid, "{declared} in {count}");
                assert_eq!(valid[7], declared != number, "{declared}");
            }
        }
    }
}
