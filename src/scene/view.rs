//! A part of a scene in the size in which it is looked at: from the overview that fits, each pixel the mean of those that
//! it stands for.

use crate::raster::{Prepared, Raster, RasterError, Window};

/// Rows of the picture are made in groups that need no more pixels of the scene than this.
const PIXELS_AT_ONCE: u64 = 4 << 20;

/// `width × height × 4` bytes of red, green, blue and opacity, row by row: the window of the scene, which is no smaller than
/// that in either direction. What is without data is transparent.
///
/// # Errors
///
/// [`RasterError`] for a window outside of the scene, and for blocks that cannot be read.
pub fn view(
    raster: &mut Raster<'_>,
    prepared: &Prepared,
    window: Window,
    [width, height]: [u32; 2],
) -> Result<Vec<u8>, RasterError> {
    let description = raster.description();
    let scene = [description.width, description.height];
    let Window { x, y, width: across, height: down } = window;
    let is_within =
        |start: u32, length: u32, side: u32| start.checked_add(length).is_some_and(|end| end <= side);
    if width == 0 || height == 0 || !is_within(x, across, scene[0]) || !is_within(y, down, scene[1]) {
        return Err(RasterError::Outside("the window is not within the raster".into()));
    }
    let (width, height) = (width.min(across), height.min(down));
    let (level, size) = level_for(scene, &description.overviews, [across, down], [width, height]);
    // Where pixel `index` of `count` begins, in pixels of the level.
    let edge = |start: u32, length: u32, index: u32, count: u32, axis: usize| {
        let in_scene = f64::from(start) + f64::from(length) * f64::from(index) / f64::from(count);
        (in_scene * f64::from(size[axis]) / f64::from(scene[axis])) as u32
    };
    let columns: Vec<u32> = (0..=width).map(|index| edge(x, across, index, width, 0)).collect();
    let rows: Vec<u32> = (0..=height).map(|index| edge(y, down, index, height, 1)).collect();
    let (left, right) = (columns[0].min(size[0] - 1), columns[width as usize].clamp(1, size[0]));
    let right = right.max(left + 1);
    let mut rgba = Vec::with_capacity(4 * width as usize * height as usize);
    let mut first = 0;
    while first < height as usize {
        let top = rows[first].min(size[1] - 1);
        let fits = |&last: &usize| u64::from(rows[last] - top) * u64::from(right - left) <= PIXELS_AT_ONCE;
        let last = (first + 1..=height as usize).rev().find(fits).unwrap_or(first + 1);
        let bottom = rows[last].clamp(top + 1, size[1]);
        let part = Window { x: left, y: top, width: right - left, height: bottom - top };
        let picture = raster.picture(level, part, prepared)?;
        for row in first..last {
            let inside = span(rows[row], rows[row + 1], top, bottom);
            for column in 0..width as usize {
                let along = span(columns[column], columns[column + 1], left, right);
                rgba.extend(mean(&picture.rgb, &picture.valid, part.width as usize, inside.clone(), along));
            }
        }
        first = last;
    }
    Ok(rgba)
}

/// The smallest overview whose pixels are no larger than those that are asked for, and its size; 0 is the scene itself.
fn level_for(
    scene: [u32; 2],
    overviews: &[[u32; 2]],
    window: [u32; 2],
    picture: [u32; 2],
) -> (usize, [u32; 2]) {
    let needed = |axis: usize| f64::from(picture[axis]) * f64::from(scene[axis]) / f64::from(window[axis]);
    // An overview's side is rounded.
    let is_fine = |size: &[u32; 2]| (0..2).all(|axis| f64::from(size[axis]) + 1.0 >= needed(axis));
    let fine = overviews.iter().enumerate().filter(|(_, size)| is_fine(size));
    fine.min_by_key(|(_, size)| size[0]).map_or((0, scene), |(index, size)| (index + 1, *size))
}

/// Pixels from `start` to `end`, one at least, counted from `first`.
fn span(start: u32, end: u32, first: u32, beyond: u32) -> std::ops::Range<usize> {
    let start = start.clamp(first, beyond - 1);
    let end = end.clamp(start + 1, beyond);
    (start - first) as usize..(end - first) as usize
}

/// The mean colour of those pixels that hold data, and how many of them do.
fn mean(
    rgb: &[u8],
    valid: &[bool],
    stride: usize,
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
) -> [u8; 4] {
    let mut sums = [0_u32; 3];
    let mut count = 0;
    let all = (rows.len() * columns.len()) as u32;
    for row in rows {
        for pixel in row * stride + columns.start..row * stride + columns.end {
            if valid[pixel] {
                sums.iter_mut().zip(&rgb[3 * pixel..]).for_each(|(sum, &level)| *sum += u32::from(level));
                count += 1;
            }
        }
    }
    if count == 0 {
        return [0; 4];
    }
    let [red, green, blue] = sums.map(|sum| ((sum + count / 2) / count) as u8);
    [red, green, blue, ((u32::from(u8::MAX) * count + all / 2) / all) as u8]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_overview_that_fits_is_the_coarsest_that_loses_nothing() {
        let overviews = [[500, 400], [250, 200], [125, 100]];
        let level = |window, picture| level_for([1000, 800], &overviews, window, picture).0;
        assert_eq!(level([1000, 800], [1000, 800]), 0);
        assert_eq!(level([1000, 800], [500, 400]), 1);
        assert_eq!(level([1000, 800], [300, 240]), 1);
        assert_eq!(level([1000, 800], [100, 80]), 3);
        assert_eq!(level([256, 256], [256, 256]), 0);
        assert_eq!(level([512, 512], [128, 128]), 2);
    }

    #[test]
    fn a_pixel_is_the_mean_of_those_with_data() {
        let rgb = [10, 20, 30, 20, 40, 60, 255, 255, 255, 0, 0, 0];
        let valid = [true, true, false, true];
        assert_eq!(mean(&rgb, &valid, 2, 0..1, 0..2), [15, 30, 45, 255]);
        assert_eq!(mean(&rgb, &valid, 2, 0..2, 0..1), [10, 20, 30, 128]);
        assert_eq!(mean(&rgb, &valid, 2, 1..2, 0..1), [0; 4]);
    }
}
