//! A regular sample of a file's numbers: what the stretch is taken from, of one file or of all that came together.

use super::open::{Colour, Raster};
use super::stretch::{Range, Rule, Stretch, distinct};
use super::{RasterError, SampleKind, Window};

/// Pixels that are looked at in a file: QGIS takes as many for its default stretch.
const SAMPLED_PIXELS: u64 = 250_000;

/// A file without overviews that has more pixels than this is read in places only.
const READ_WHOLE_PIXELS: u64 = 4 * SAMPLED_PIXELS;

/// Places a side in a large file without overviews, and their side in pixels.
const PLACES: u32 = 8;
const PLACE_PX: u32 = 62;

/// Pixels that are kept of all files together.
const MOST_PIXELS: usize = 1_000_000;

/// Numbers that writers use for no data without saying so: GDAL's, Earth Engine's and SNAP's habits.
const USUAL_NO_DATA: [f64; 6] = [-9999.0, -32768.0, -32767.0, -99999.0, f32::MIN as f64, f64::MIN];

/// From this share of pixels on, zero in every band is taken for no data when the range is looked for.
const ZERO_SHARE: f64 = 0.05;

/// Numbers of pixels that hold data, by band.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sample {
    /// For each band the same count of numbers.
    pub bands: Vec<Vec<f64>>,
    /// What is taken for no data although no file declares it.
    pub no_data: Option<f64>,
    /// Pixels looked at.
    pub seen: usize,
    /// Those of them that hold data.
    pub valid: usize,
    /// Only every so many pixels are kept.
    step: usize,
    /// What the band holds that is said to be opacity.
    pub(super) opacity: Opacity,
}

/// Counts of numbers in a band that is said to be opacity.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Opacity {
    pub seen: usize,
    /// Fully transparent.
    pub zero: usize,
    /// Fully opaque.
    pub full: usize,
    pub lowest: f64,
    pub highest: f64,
}

impl Opacity {
    fn add(&mut self, value: f64, full: f64) {
        let (lowest, highest) = if self.seen == 0 { (value, value) } else { (self.lowest, self.highest) };
        self.lowest = lowest.min(value);
        self.highest = highest.max(value);
        self.seen += 1;
        self.zero += usize::from(value == 0.0);
        self.full += usize::from(value == full);
    }

    /// Opacity is nearly always all or nothing, and somewhere there is something.
    pub fn is_plausible(&self) -> bool {
        self.full > 0 && 2 * (self.zero + self.full) >= self.seen
    }
}

impl Sample {
    /// Looks at `bands` (from 0), each once, and at the band that is said to be opacity.
    ///
    /// # Errors
    ///
    /// [`RasterError`] for blocks that cannot be read.
    pub fn take(raster: &mut Raster<'_>, bands: &[usize]) -> Result<Self, RasterError> {
        let distinct = distinct(bands);
        let description = raster.description();
        let alpha = description.bands.iter().position(|band| band.colour == Colour::Alpha);
        let full = if description.kind == SampleKind::Float {
            1.0
        } else {
            2_f64.powi(description.bits as i32) - 1.0
        };
        let asked: Vec<usize> = distinct.iter().copied().chain(alpha).collect();
        let count = distinct.len();
        let mut sample = Self { bands: vec![Vec::new(); count], step: 1, ..Self::default() };
        let (level, windows, step) = places(raster)?;
        for window in windows {
            let numbers = raster.read(level, window, &asked)?;
            for y in (0..window.height).filter(|y| (window.y + y) % step == 0) {
                for x in (0..window.width).filter(|x| (window.x + x) % step == 0) {
                    let pixel = (y * window.width + x) as usize;
                    sample.seen += 1;
                    if let Some(alpha) = numbers.bands.get(count) {
                        sample.opacity.add(alpha[pixel], full);
                    }
                    // What is infinite is no end of a range.
                    if numbers.valid[pixel] && numbers.bands.iter().all(|band| band[pixel].is_finite()) {
                        sample
                            .bands
                            .iter_mut()
                            .zip(&numbers.bands)
                            .for_each(|(kept, band)| kept.push(band[pixel]));
                        sample.valid += 1;
                    }
                }
            }
        }
        let declared =
            distinct.iter().any(|&band| raster.description().bands[band].metadata.no_data.is_some());
        if !declared && !raster.description().has_mask {
            sample.leave_out_undeclared();
        }
        Ok(sample)
    }

    /// Of pixels that are in memory already; where there are many, of every so many-th.
    pub fn of_pixels(
        pixels: usize,
        bands: usize,
        holds_data: impl Fn(usize) -> bool,
        number: impl Fn(usize, usize) -> f64,
    ) -> Self {
        let step = pixels.div_ceil(SAMPLED_PIXELS as usize).max(1);
        let kept: Vec<usize> = (0..pixels).step_by(step).filter(|&pixel| holds_data(pixel)).collect();
        let of_band = |band: usize| kept.iter().map(|&pixel| number(pixel, band)).collect();
        let bands = (0..bands).map(of_band).collect();
        let mut sample =
            Self { bands, seen: pixels.div_ceil(step), valid: kept.len(), step: 1, ..Self::default() };
        sample.leave_out_undeclared();
        sample
    }

    /// The stretch of `bands` (from 0), which were sampled, by a rule.
    pub fn stretch(&self, rule: Rule, bands: [usize; 3]) -> Stretch {
        let unranged = Range { black: 0.0, white: 1.0 };
        let bands = bands.map(|band| band as u16 + 1);
        let mut stretch = Stretch { bands, ranges: [unranged; 3], rule, no_data: self.no_data };
        let (_, channels) = stretch.distinct_bands();
        let ranges: Vec<Range> = self.bands.iter().map(|numbers| rule.range(&mut numbers.clone())).collect();
        stretch.ranges = channels.map(|channel| ranges.get(channel).copied().unwrap_or(unranged));
        stretch
    }

    /// Puts the numbers of another file to these; both are of files alike.
    pub fn merge(&mut self, other: Self) {
        if self.bands.is_empty() {
            *self = other;
            return;
        }
        self.no_data = self.no_data.or(other.no_data);
        self.seen += other.seen;
        self.valid += other.valid;
        for (mine, theirs) in self.bands.iter_mut().zip(other.bands) {
            mine.extend(theirs.into_iter().step_by(self.step.max(1)));
        }
        while self.bands.first().is_some_and(|band| band.len() > MOST_PIXELS) {
            self.step = self.step.max(1) * 2;
            for band in &mut self.bands {
                *band = band.iter().copied().step_by(2).collect();
            }
        }
    }

    /// Numbers that stand for no data in many files that do not say so.
    fn leave_out_undeclared(&mut self) {
        let lowest = self.bands.iter().flatten().copied().fold(f64::INFINITY, f64::min);
        if USUAL_NO_DATA.contains(&lowest) {
            let next = self
                .bands
                .iter()
                .flatten()
                .copied()
                .filter(|&value| value != lowest)
                .fold(f64::INFINITY, f64::min);
            // Depths of the sea may reach there, and then what follows is near.
            if next.is_finite() && next > lowest / 2.0 {
                self.no_data = Some(lowest);
                self.retain(|pixel| pixel.iter().all(|&value| value != lowest));
                return;
            }
        }
        let pixels = self.bands.first().map_or(0, Vec::len);
        let zero = (0..pixels).filter(|&pixel| self.bands.iter().all(|band| band[pixel] == 0.0)).count();
        if zero < pixels && zero as f64 >= ZERO_SHARE * pixels as f64 {
            self.retain(|pixel| pixel.iter().any(|&value| value != 0.0));
        }
    }

    fn retain(&mut self, keep: impl Fn(&[f64]) -> bool) {
        let pixels = self.bands.first().map_or(0, Vec::len);
        let mut numbers = Vec::with_capacity(self.bands.len());
        let kept: Vec<usize> = (0..pixels)
            .filter(|&pixel| {
                numbers.clear();
                numbers.extend(self.bands.iter().map(|band| band[pixel]));
                keep(&numbers)
            })
            .collect();
        for band in &mut self.bands {
            *band = kept.iter().map(|&pixel| band[pixel]).collect();
        }
    }
}

/// Which level, which windows of it, and every how many-th pixel across and down.
fn places(raster: &Raster<'_>) -> Result<(usize, Vec<Window>, u32), RasterError> {
    let pixels = |level: usize| {
        let image = &raster.levels[level].image;
        u64::from(image.width) * u64::from(image.height)
    };
    let level = (0..raster.levels.len()).rev().find(|&level| pixels(level) >= SAMPLED_PIXELS).unwrap_or(0);
    let image = &raster.levels[level].image;
    let (width, height) = (image.width, image.height);
    if pixels(level) > READ_WHOLE_PIXELS && width > PLACES * PLACE_PX && height > PLACES * PLACE_PX {
        let start = |index: u32, side: u32| {
            ((side - PLACE_PX) as u64 * u64::from(index) / u64::from(PLACES - 1)) as u32
        };
        let grid = (0..PLACES).flat_map(|row| (0..PLACES).map(move |column| (column, row)));
        let windows = grid.map(|(column, row)| Window {
            x: start(column, width),
            y: start(row, height),
            width: PLACE_PX,
            height: PLACE_PX,
        });
        return Ok((level, windows.collect(), 1));
    }
    let step = (pixels(level) as f64 / SAMPLED_PIXELS as f64).sqrt().ceil().max(1.0) as u32;
    Ok((level, raster.row_windows(level, Window::all(width, height))?, step))
}
