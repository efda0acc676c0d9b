//! Files that came together: one stretch for all that are alike, since colours that change from tile to tile would
//! change their classes.

use std::collections::BTreeMap;

use serde::Serialize;

use super::decode::{decode, decode_stretched, is_deep_png};
use super::{Tile, TileError, deep};
use crate::limits::MAX_TILE_BYTES;
use crate::raster::{
    self, Band, Preparation, Raster, Rule, Sample, SampleKind, Sidecars, Source, Stretch, choose, distinct,
};

/// No share is larger: a reflectance of snow may lie above 1.
const MOST_SHARE: f64 = 2.0;

/// Columns of a histogram.
const COLUMNS: usize = 64;

/// The share of numbers at either end that a histogram leaves to its outermost columns.
const TAIL_SHARE: f64 = 0.002;

/// Bytes that tell what a file is.
const HEAD_BYTES: u64 = 32;

/// What the files of a batch have in common.
#[derive(Debug, Default)]
pub struct Together {
    groups: BTreeMap<String, Group>,
    /// Whether levels of 8 bits are looked at, too, which need no stretch.
    measures_all: bool,
    /// The bands, from 0, that were chosen for all of them.
    bands: Option<[usize; 3]>,
    /// Whether there are files that need no stretch.
    has_others: bool,
}

/// Files with the same bands of the same kind of numbers.
#[derive(Debug)]
struct Group {
    looked: Looked,
    files: usize,
    stretch: Option<Stretch>,
}

/// What is seen of a file before it is decoded.
#[derive(Debug)]
struct Looked {
    /// Names of the bands.
    names: Vec<String>,
    numbers: String,
    /// The bands that are shown, from 0.
    bands: [usize; 3],
    notes: Vec<String>,
    /// The stretch of levels that are colours already.
    as_is: Option<Stretch>,
    is_picture: bool,
    sample: Sample,
}

/// Like files, and how they may be shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify))]
pub struct LikeFiles {
    /// What names files of this kind.
    pub alike: String,
    /// How many there are.
    pub files: usize,
    /// Names of the bands; empty where one has none.
    pub bands: Vec<String>,
    /// The type of the numbers, for people.
    pub numbers: String,
    /// The stretch that is taken unless somebody chooses another one.
    pub stretch: Stretch,
    /// What may be chosen of the same bands.
    pub choices: Vec<Stretch>,
    /// Of the bands that serve as red, green and blue.
    pub histograms: Vec<Histogram>,
    /// What was guessed.
    pub notes: Vec<String>,
}

/// How often numbers occur in a band.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify))]
pub struct Histogram {
    /// Where the first column begins.
    pub low: f64,
    /// Where the last column ends. The outermost columns hold what lies beyond, too.
    pub high: f64,
    /// How many of the sampled numbers fall into each column, from `low` to `high`.
    pub counts: Vec<u32>,
}

impl Together {
    /// Of files whose levels of 8 bits are looked at, too, by the bands (from 0) that somebody chose for all of them.
    pub fn measuring(bands: Option<[usize; 3]>) -> Self {
        Self { measures_all: true, bands, ..Self::default() }
    }

    /// Of files on a disk: looks at each and settles. What cannot be opened is left for whoever decodes it.
    #[cfg(not(target_family = "wasm"))]
    pub fn of_files<'a>(paths: impl IntoIterator<Item = &'a std::path::Path>, known: &[Preparation]) -> Self {
        let mut together = Self::default();
        for source in paths.into_iter().filter_map(|path| raster::FileSource::open(path).ok()) {
            together.look_at(source);
        }
        together.settle();
        together.prefer(known);
        together
    }

    /// Looks at a file before any is decoded, and says what names files of its kind. What needs no stretch costs no more
    /// than its header, and what cannot be read is left for [`Together::decode`] to complain about.
    pub fn look_at(&mut self, source: impl Source) -> Option<String> {
        self.look_at_beside(source, Sidecars::default())
    }

    /// The same, with what the files beside it say.
    pub fn look_at_beside(&mut self, source: impl Source, sidecars: Sidecars<'_>) -> Option<String> {
        let Some((alike, looked)) = self.look(source, sidecars) else {
            self.has_others = true;
            return None;
        };
        match self.groups.get_mut(&alike) {
            Some(group) => {
                group.files += 1;
                group.stretch = None;
                group.looked.sample.merge(looked.sample);
            }
            None => {
                self.groups.insert(alike.clone(), Group { looked, files: 1, stretch: None });
            }
        }
        Some(alike)
    }

    fn look(&self, source: impl Source, sidecars: Sidecars<'_>) -> Option<(String, Looked)> {
        let head = source.read(0, source.size().min(HEAD_BYTES) as usize).ok()?.into_owned();
        if is_deep_png(&head) {
            self.look_at_png(&source, &head)
        } else {
            self.look_at_raster(source, sidecars)
        }
    }

    fn look_at_raster(&self, source: impl Source, sidecars: Sidecars<'_>) -> Option<(String, Looked)> {
        let mut raster = Raster::open_beside(source, sidecars).ok()?;
        let choice = choose(raster.description());
        let bands = self.bands.unwrap_or(choice.bands);
        let as_is = raster.description().as_is(bands);
        // There is nothing to choose where three bands are colours already.
        let is_plain = as_is.is_some() && raster.description().bands.len() <= 3;
        if is_plain || as_is.is_some() && !self.measures_all {
            return None;
        }
        let (alike, sample) = kind_of(&mut raster, choice.bands)?;
        let sample = match sample.filter(|_| bands == choice.bands) {
            Some(sample) => sample,
            None => Sample::take(&mut raster, &bands).ok()?,
        };
        let description = raster.description();
        let name = |band: &Band| if band.is_nameless() { String::new() } else { band.name().into_owned() };
        let names = description.bands.iter().map(name).collect();
        let notes = if bands == choice.bands { choice.notes } else { Vec::new() };
        let numbers = raster::numbers(description);
        Some((alike, Looked { names, numbers, bands, notes, as_is, is_picture: false, sample }))
    }

    fn look_at_png(&self, source: &impl Source, head: &[u8]) -> Option<(String, Looked)> {
        if source.size() > MAX_TILE_BYTES {
            return None;
        }
        let bytes = source.read(0, source.size() as usize).ok()?;
        let deep::Looked { colours, bands, sample } = deep::look(&bytes, self.bands).ok()?;
        let names: &[&str] = if colours == 1 { &["grey"] } else { &["red", "green", "blue"] };
        let looked = Looked {
            names: names.iter().map(|&name| name.to_owned()).collect(),
            numbers: "16 bits, unsigned integers".into(),
            bands: self.bands.unwrap_or(bands),
            notes: Vec::new(),
            as_is: None,
            is_picture: true,
            sample,
        };
        Some((png_name(head), looked))
    }

    /// Chooses the stretch of each group by what was seen of it.
    pub fn settle(&mut self) {
        for group in self.groups.values_mut() {
            group.stretch = Some(group.looked.proposed());
        }
    }

    /// Takes the stretch by which a model's tiles were prepared for files of the same kind.
    pub fn prefer(&mut self, known: &[Preparation]) {
        for Preparation { alike, stretch } in known {
            if let (Some(group), Some(stretch)) = (self.groups.get_mut(alike), stretch) {
                group.stretch = Some(stretch.clone());
            }
        }
    }

    /// How the files of the batch become colours, kind by kind; nothing where none needs a stretch.
    pub fn preparations(&self) -> Vec<Preparation> {
        let of_group = |(alike, group): (&String, &Group)| Preparation {
            alike: alike.clone(),
            stretch: group.stretch.clone(),
        };
        let plain = (self.has_others && !self.groups.is_empty()).then(Preparation::default);
        self.groups.iter().map(of_group).chain(plain).collect()
    }

    /// Kind by kind, what the files are and how they may be shown.
    pub fn groups(&self) -> Vec<LikeFiles> {
        let like_files = |(alike, group): (&String, &Group)| {
            let Group { looked, files, stretch } = group;
            LikeFiles {
                alike: alike.clone(),
                files: *files,
                bands: looked.names.clone(),
                numbers: looked.numbers.clone(),
                stretch: stretch.clone().unwrap_or_else(|| looked.proposed()),
                choices: looked.choices(),
                histograms: looked.histograms(),
                notes: looked.notes.clone(),
            }
        };
        self.groups.iter().map(like_files).collect()
    }

    /// Decodes a file of the batch; a file that nobody looked at is decoded by itself.
    ///
    /// # Errors
    ///
    /// [`TileError`] saying what is wrong with the file.
    pub fn decode(&self, bytes: &[u8]) -> Result<Tile, TileError> {
        match self.stretch_of(bytes) {
            Some(stretch) => decode_stretched(bytes, stretch),
            None => decode(bytes),
        }
    }

    /// The stretch of a file of the batch; nothing where it needs none.
    pub fn stretch_of(&self, bytes: &[u8]) -> Option<&Stretch> {
        if self.groups.is_empty() {
            return None;
        }
        let alike = if is_deep_png(bytes) {
            png_name(bytes)
        } else if raster::is_tiff(bytes) {
            let mut raster = Raster::open(bytes).ok()?;
            let names = names_of(&raster.description().likeness()?);
            // Nothing is read of what is of no kind of the batch.
            if !names.iter().any(|name| self.groups.contains_key(name)) {
                return None;
            }
            let bands = choose(raster.description()).bands;
            kind_of(&mut raster, bands)?.0
        } else {
            return None;
        };
        self.groups.get(&alike)?.stretch.as_ref()
    }
}

impl Looked {
    fn proposed(&self) -> Stretch {
        match &self.as_is {
            Some(as_is) => as_is.clone(),
            None if self.is_picture => self.sample.deep_stretch(self.bands),
            None => self.sample.stretch(Rule::CumulativeCut, self.bands),
        }
    }

    fn choices(&self) -> Vec<Stretch> {
        let as_it_is = (self.as_is.is_some() || self.is_picture).then(|| self.proposed());
        let measured = [Rule::CumulativeCut, Rule::MinMax, Rule::Deviations];
        let measured = measured.map(|rule| self.sample.stretch(rule, self.bands));
        as_it_is.into_iter().filter(|stretch| stretch.rule == Rule::AsIs).chain(measured).collect()
    }

    fn histograms(&self) -> Vec<Histogram> {
        let distinct = distinct(&self.bands);
        let place = |band| distinct.iter().position(|&known| known == band).unwrap_or(0);
        let bands = self.bands.map(|band| self.sample.bands.get(place(band)));
        bands.into_iter().flatten().map(|numbers| Histogram::of(numbers)).collect()
    }
}

impl Histogram {
    fn of(numbers: &[f64]) -> Self {
        let mut sorted = numbers.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| sorted.get((share * sorted.len().saturating_sub(1) as f64).round() as usize);
        let low = at(TAIL_SHARE).copied().unwrap_or(0.0);
        let high = at(1.0 - TAIL_SHARE).copied().filter(|&high| high > low).unwrap_or(low + 1.0);
        let mut counts = vec![0; COLUMNS];
        for number in numbers {
            let column = (number - low) / (high - low) * COLUMNS as f64;
            counts[(column.max(0.0) as usize).min(COLUMNS - 1)] += 1;
        }
        Self { low, high, counts }
    }
}

/// What names files like this one, which is shown by `bands`, and the sample that it took to tell. Floating-point numbers
/// that are shares are told from others: reflectances of 0 to 1 and of 0 to 10,000 have no range in common.
fn kind_of(raster: &mut Raster<'_>, bands: [usize; 3]) -> Option<(String, Option<Sample>)> {
    let [name, of_shares] = names_of(&raster.description().likeness()?);
    if raster.description().kind != SampleKind::Float {
        return Some((name, None));
    }
    let sample = Sample::take(raster, &bands).ok()?;
    let are_shares = sample.bands.iter().flatten().all(|number| number.abs() <= MOST_SHARE);
    Some((if are_shares { of_shares } else { name }, Some(sample)))
}

/// What may name files of a likeness: any numbers, and shares.
fn names_of(likeness: &str) -> [String; 2] {
    [short_name(likeness), short_name(&format!("{likeness} shares"))]
}

/// A PNG's kind: its depth, and its type of colour.
fn png_name(head: &[u8]) -> String {
    format!("png-16-{}", head.get(25).copied().unwrap_or_default())
}

/// A likeness in few letters, the same for ever: projects and models keep it. FNV-1a.
fn short_name(likeness: &str) -> String {
    let sum = likeness
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("tiff-{sum:016x}")
}
