//! Window + stretch → RGB, and which pixels hold data.

use super::bands::choose;
use super::open::{Colour, Description, Raster};
use super::sample::Sample;
use super::stretch::{Range, Rule, Stretch, short};
use super::tiff::Number;
use super::window::{leave_out, level_of};
use super::{RasterError, SampleKind, Window};

/// Pixels that are turned into numbers at once.
const PIXELS_AT_ONCE: u32 = 1 << 20;

/// How a raster is shown, and all that was guessed.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// Which bands are shown, and which numbers become black and white.
    pub stretch: Stretch,
    /// The band (from 0) that tells what is transparent.
    pub opacity: Option<usize>,
    /// Sentences for whoever looks at the picture.
    pub notes: Vec<String>,
}

impl Prepared {
    /// The bands that are read, from 0: each that is shown once, then opacity; and which of them is red, green and blue.
    fn bands(&self) -> (Vec<usize>, [usize; 3]) {
        let (mut bands, channels) = self.stretch.distinct_bands();
        bands.extend(self.opacity);
        (bands, channels)
    }
}

/// A window in colours.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// `width × height × 3` bytes, row by row.
    pub rgb: Vec<u8>,
    /// Which pixels hold data.
    pub valid: Vec<bool>,
    /// Which pixels are zero in every band that is shown, in a file that does not say what is no data.
    pub zero: Vec<bool>,
}

/// Looks at a raster and chooses bands and range: levels of up to 8 bits as they are, else the middle of the numbers.
///
/// # Errors
///
/// [`RasterError`] for blocks that cannot be read.
pub fn prepare(raster: &mut Raster<'_>) -> Result<Prepared, RasterError> {
    let choice = choose(raster.description());
    if let Some(stretch) = raster.description().as_is(choice.bands) {
        return with_opacity(raster, stretch, choice.notes);
    }
    let sample = Sample::take(raster, &choice.bands)?;
    let stretch = sample.stretch(Rule::CumulativeCut, choice.bands);
    let mut notes = choice.notes;
    notes.extend(stretch.sentence());
    if raster.description().is_small() {
        notes.push("That is the range of this file alone: tiles of one scene keep their colours if they come together.".into());
    }
    notes.extend(stretch.no_data_sentence());
    let (opacity, note) = opacity(raster, &sample);
    notes.extend(note);
    Ok(Prepared { stretch, opacity, notes })
}

/// The same with a stretch that was chosen before, from all files that came together, say.
///
/// # Errors
///
/// [`RasterError`] for bands that the raster does not have, and for blocks that cannot be read.
pub fn prepare_alike(raster: &mut Raster<'_>, stretch: Stretch) -> Result<Prepared, RasterError> {
    let chosen = choose(raster.description());
    let mut notes = if chosen.bands == stretch.band_indices() {
        chosen.notes
    } else {
        let [red, green, blue] = stretch.bands;
        vec![format!("Bands {red}, {green} and {blue} serve as red, green and blue, as you chose.")]
    };
    notes.extend(stretch.sentence());
    notes.extend(stretch.no_data_sentence());
    with_opacity(raster, stretch, notes)
}

impl Description {
    /// The stretch of levels that are colours already, of `bands` (from 0); nothing where the numbers are others.
    pub fn as_is(&self, bands: [usize; 3]) -> Option<Stretch> {
        if self.kind != SampleKind::Unsigned || self.bits > 8 {
            return None;
        }
        let most = f64::from((1_u32 << self.bits) - 1);
        let reversed = self.white_is_zero && self.palette.is_empty();
        let (black, white) = if reversed { (most, 0.0) } else { (0.0, most) };
        let bands = bands.map(|band| band as u16 + 1);
        Some(Stretch { bands, ranges: [Range { black, white }; 3], rule: Rule::AsIs, no_data: None })
    }
}

/// Looks at the band that is said to be opacity, where there is one.
fn with_opacity(
    raster: &mut Raster<'_>,
    stretch: Stretch,
    notes: Vec<String>,
) -> Result<Prepared, RasterError> {
    let mut notes = notes;
    let has_alpha = raster.description().bands.iter().any(|band| band.colour == Colour::Alpha);
    let opacity = if has_alpha {
        let sample = Sample::take(raster, &stretch.band_indices())?;
        let (opacity, note) = opacity(raster, &sample);
        notes.extend(note);
        opacity
    } else {
        None
    };
    Ok(Prepared { stretch, opacity, notes })
}

/// Whether what is said to be opacity can be: software marks near infrared so, too.
fn opacity(raster: &Raster<'_>, sample: &Sample) -> (Option<usize>, Option<String>) {
    let Some(band) = raster.description().bands.iter().position(|band| band.colour == Colour::Alpha) else {
        return (None, None);
    };
    let seen = sample.opacity;
    let nothing_anywhere = seen.highest == 0.0 && sample.bands.iter().flatten().all(|&value| value == 0.0);
    if seen.is_plausible() || nothing_anywhere {
        return (Some(band), None);
    }
    let note = format!(
        "Band {} is left out: it is marked as opacity, but its numbers, {} to {}, cannot be that.",
        band + 1,
        short(seen.lowest),
        short(seen.highest)
    );
    (None, Some(note))
}

impl Raster<'_> {
    /// Windows of whole rows that make up a window, each small enough to be held in numbers.
    pub(super) fn row_windows(&self, level: usize, window: Window) -> Result<Vec<Window>, RasterError> {
        let level = level_of(&self.levels, level)?;
        let Window { x, y, width, height } = window;
        let end = y.checked_add(height).filter(|&end| height > 0 && end <= level.image.height);
        let end = end.ok_or_else(|| RasterError::Outside("the window is not within the raster".into()))?;
        let most = (PIXELS_AT_ONCE / width.max(1)).max(1);
        let block = level.image.block_height;
        let mut windows = Vec::new();
        let mut start = y;
        while start < end {
            let mut stop = end.min(start.saturating_add(most));
            // At the edge of blocks, so that none is decoded twice.
            if stop < end && stop - stop % block > start {
                stop -= stop % block;
            }
            windows.push(Window { x, y: start, width, height: stop - start });
            start = stop;
        }
        Ok(windows)
    }

    /// A window of the raster (`level` 0) or of an overview in colours.
    ///
    /// # Errors
    ///
    /// [`RasterError`] for a window or bands outside of the raster, and for blocks that cannot be read.
    pub fn picture(
        &mut self,
        level: usize,
        window: Window,
        prepared: &Prepared,
    ) -> Result<Picture, RasterError> {
        let windows = self.row_windows(level, window)?;
        let pixels = window.pixels();
        let mut whole = Picture {
            rgb: Vec::with_capacity(3 * pixels),
            valid: Vec::with_capacity(pixels),
            zero: Vec::new(),
        };
        // Numbers take up to eight times the room of levels, so that few rows are numbers at once.
        for rows in windows {
            let part = self.rows_picture(level, rows, prepared)?;
            whole.rgb.extend(part.rgb);
            whole.valid.extend(part.valid);
            whole.zero.extend(part.zero);
        }
        Ok(whole)
    }

    /// As [`Raster::parts`], what [`Raster::picture`] would fetch.
    ///
    /// # Errors
    ///
    /// [`RasterError`] for a window or bands outside of the raster.
    pub fn picture_parts(
        &self,
        level: usize,
        window: Window,
        prepared: &Prepared,
    ) -> Result<Vec<(u64, u64)>, RasterError> {
        self.parts(level, window, &prepared.bands().0)
    }

    fn rows_picture(
        &mut self,
        level: usize,
        window: Window,
        prepared: &Prepared,
    ) -> Result<Picture, RasterError> {
        let ranges = prepared.stretch.ranges;
        if level_of(&self.levels, level)?.image.fits_u16() {
            let levels = ranges.map(Range::levels);
            let level_of = |channel: usize, number: u16| levels[channel][usize::from(number)];
            return self.picture_of_numbers(level, window, prepared, level_of);
        }
        let level_of = |channel: usize, number: f64| ranges[channel].level(number);
        self.picture_of_numbers(level, window, prepared, level_of)
    }

    /// `level_of` says which level from 0 to 255 a number is in red, green or blue.
    fn picture_of_numbers<T: Number>(
        &mut self,
        level: usize,
        window: Window,
        prepared: &Prepared,
        level_of: impl Fn(usize, T) -> u8,
    ) -> Result<Picture, RasterError> {
        let no_data = prepared.stretch.no_data;
        let (bands, channels) = prepared.bands();
        let count = bands.len() - usize::from(prepared.opacity.is_some());
        let (numbers, mut valid) = self.read_as::<T>(level, window, &bands)?;
        let shown = &numbers[..count];
        if prepared.opacity.is_some() {
            valid.iter_mut().zip(&numbers[count]).for_each(|(valid, &alpha)| *valid &= alpha != T::default());
        }
        shown.iter().for_each(|band| leave_out(band, no_data, &mut valid));
        let description = self.description();
        let mut rgb = vec![0; window.pixels() * 3];
        let (pixels, _) = rgb.as_chunks_mut::<3>();
        if description.palette.is_empty() {
            for channel in 0..3 {
                let band = &shown[channels[channel]];
                pixels
                    .iter_mut()
                    .zip(band)
                    .for_each(|(pixel, &number)| pixel[channel] = level_of(channel, number));
            }
        } else {
            let palette = bytes_of_palette(&description.palette);
            for ((pixel, &number), valid) in pixels.iter_mut().zip(&shown[0]).zip(&mut valid) {
                match palette.get(number.index()) {
                    Some(colour) => *pixel = *colour,
                    None => *valid = false,
                }
            }
        }
        let silent = description.palette.is_empty()
            && !description.has_mask
            && prepared.opacity.is_none()
            && no_data.is_none()
            && count == 3
            && description.bands.iter().all(|band| band.metadata.no_data.is_none());
        let zero = if silent {
            (0..window.pixels()).map(|pixel| shown.iter().all(|band| band[pixel] == T::default())).collect()
        } else {
            Vec::new()
        };
        Ok(Picture { rgb, valid, zero })
    }
}

/// Colours of 16 bits as 8, or of 8 as they are: some writers fill only the lower half (as libtiff's tools know).
fn bytes_of_palette(palette: &[[u16; 3]]) -> Vec<[u8; 3]> {
    let is_byte = palette.iter().flatten().all(|&value| value < 256);
    palette
        .iter()
        .map(|colour| colour.map(|value| if is_byte { value as u8 } else { (value >> 8) as u8 }))
        .collect()
}
