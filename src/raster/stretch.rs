//! Which numbers become black and white. One value that travels with a project, its exports and its models, so that
//! nobody has to guess afterwards how colours were made.

use serde::{Deserialize, Serialize};

/// How the range of a band is found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify))]
pub enum Rule {
    /// Levels of up to 8 bits, or colours of a palette, as they are.
    AsIs,
    /// From the 2nd to the 98th hundredth of the numbers, as QGIS does.
    CumulativeCut,
    /// From the smallest to the largest number.
    MinMax,
    /// Two standard deviations around the mean.
    Deviations,
    /// Told by the user.
    Fixed,
}

/// The number that becomes black and the one that becomes white; reversed where small numbers are bright.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify))]
pub struct Range {
    /// This number, and all on its side of the range, becomes level 0.
    pub black: f64,
    /// This number, and all on its side of the range, becomes level 255.
    pub white: f64,
}

/// How the numbers of a raster become colours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify))]
pub struct Stretch {
    /// The bands that serve as red, green and blue, counted from 1.
    pub bands: [u16; 3],
    /// The range of each of the three.
    pub ranges: [Range; 3],
    /// How the ranges were found, so that the same can be done again with other files.
    pub rule: Rule,
    /// What is taken for no data although the file does not declare it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_data: Option<f64>,
}

/// How tiles of one kind became colours: what a model says of those that it learnt from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct Preparation {
    /// What names files of this kind; empty for pictures of 8 bits, which need no stretch.
    pub alike: String,
    /// `None` for pictures of 8 bits.
    pub stretch: Option<Stretch>,
}

impl Range {
    /// 0 to 255.
    pub fn level(self, value: f64) -> u8 {
        let span = self.white - self.black;
        if span == 0.0 {
            // All numbers are one: neither black nor white says anything.
            return 127;
        }
        // Rounded: `f64::round` is a call in WebAssembly. Not a number is cut to zero; such pixels hold no data.
        ((value - self.black) / span * 255.0 + 0.5) as u8
    }

    /// The level of each whole number of 16 bits.
    #[cfg(feature = "raster")]
    pub(super) fn levels(self) -> Box<[u8; 1 << 16]> {
        let last = u16::MAX;
        let place = |number: f64| usize::from(number as u16);
        // Beyond the range all are alike.
        let (first, end) = (place(self.black.min(self.white)), place(self.black.max(self.white).ceil()));
        let mut levels = vec![self.level(0.0); usize::from(last) + 1];
        levels[first..end]
            .iter_mut()
            .zip(first..)
            .for_each(|(level, number)| *level = self.level(number as f64));
        levels[end..].fill(self.level(last.into()));
        levels.try_into().expect("as many as there are numbers of 16 bits")
    }
}

impl Rule {
    /// The range of a band by its numbers, which are put into another order. An empty band has the range 0 to 1.
    pub fn range(self, numbers: &mut [f64]) -> Range {
        let count = numbers.len();
        if count == 0 {
            return Range { black: 0.0, white: 1.0 };
        }
        match self {
            Self::Deviations => {
                let mean = numbers.iter().sum::<f64>() / count as f64;
                let variance = numbers.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count as f64;
                let spread = 2.0 * variance.sqrt();
                Range { black: mean - spread, white: mean + spread }
            }
            Self::MinMax | Self::AsIs | Self::Fixed => {
                let black = numbers.iter().copied().fold(f64::INFINITY, f64::min);
                Range { black, white: numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max) }
            }
            Self::CumulativeCut => {
                let mut at = |share: f64| {
                    let rank = (share * (count - 1) as f64).round() as usize;
                    *numbers.select_nth_unstable_by(rank, f64::total_cmp).1
                };
                let (black, white) = (at(0.02), at(0.98));
                // A picture of one number but for specks: better specks than nothing.
                if black < white { Range { black, white } } else { Self::MinMax.range(numbers) }
            }
        }
    }
}

impl Stretch {
    /// The bands from 0.
    pub fn band_indices(&self) -> [usize; 3] {
        self.bands.map(|band| usize::from(band).saturating_sub(1))
    }

    /// The distinct bands from 0, and which of them serves as red, green and blue.
    pub fn distinct_bands(&self) -> (Vec<usize>, [usize; 3]) {
        let distinct = distinct(&self.band_indices());
        let place = |band| distinct.iter().position(|&known| known == band).unwrap_or(0);
        let channels = self.band_indices().map(place);
        (distinct, channels)
    }

    /// What is taken for no data, as a sentence; nothing where nothing is guessed.
    pub fn no_data_sentence(&self) -> Option<String> {
        let none = self.no_data?;
        Some(format!("{} is taken for no data: the file does not say so.", short(none)))
    }

    /// What was done to the numbers, as a sentence; nothing where they are as they are.
    pub fn sentence(&self) -> Option<String> {
        let how = match self.rule {
            Rule::AsIs => return None,
            Rule::CumulativeCut => "the middle 96 % of them",
            Rule::MinMax => "all of them",
            Rule::Deviations => "two standard deviations around their mean",
            Rule::Fixed => "as you set it",
        };
        let [red, green, blue] =
            self.ranges.map(|Range { black, white }| format!("{} to {}", short(black), short(white)));
        if red == green && green == blue {
            return Some(format!("Numbers from {red} are shown from black to white: {how}."));
        }
        Some(format!("Numbers are shown from black to white: red {red}, green {green}, blue {blue}, {how}."))
    }
}

/// Each of these bands once, in the order in which they come first.
pub fn distinct(bands: &[usize]) -> Vec<usize> {
    let mut distinct = Vec::new();
    for band in bands {
        if !distinct.contains(band) {
            distinct.push(*band);
        }
    }
    distinct
}

/// A number in as few digits as say enough.
pub(super) fn short(value: f64) -> String {
    let size = value.abs();
    if value == value.trunc() && size < 1e9 {
        format!("{value:.0}")
    } else if (0.001..1e6).contains(&size) {
        let digits = (3 - size.log10().floor() as i32).clamp(0, 6) as usize;
        format!("{value:.digits$}")
    } else {
        format!("{value:.3e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_finds_its_range() {
        let numbers = || (0..=100).map(f64::from).collect::<Vec<_>>();
        assert_eq!(Rule::CumulativeCut.range(&mut numbers()), Range { black: 2.0, white: 98.0 });
        assert_eq!(Rule::MinMax.range(&mut numbers()), Range { black: 0.0, white: 100.0 });
        let Range { black, white } = Rule::Deviations.range(&mut numbers());
        assert!((black + 8.31).abs() < 0.01 && (white - 108.31).abs() < 0.01, "{black} to {white}");
        let mut specks = vec![5.0; 1000];
        specks[7] = 9.0;
        assert_eq!(Rule::CumulativeCut.range(&mut specks), Range { black: 5.0, white: 9.0 });
    }

    #[test]
    fn levels_run_from_black_to_white_and_stop_there() {
        let range = Range { black: 100.0, white: 355.0 };
        assert_eq!([99.0, 100.0, 227.4, 355.0, 1e9].map(|value| range.level(value)), [0, 0, 127, 255, 255]);
        let reversed = Range { black: 255.0, white: 0.0 };
        assert_eq!([0.0, 10.0, 255.0].map(|value| reversed.level(value)), [255, 245, 0]);
        assert_eq!(Range { black: 7.0, white: 7.0 }.level(7.0), 127);
    }

    #[test]
    fn levels_of_all_numbers_are_those_of_each() {
        let ends = [-5.0, 0.0, 0.4, 200.0, 200.5, 65_535.0, 70_000.5, f64::INFINITY, f64::NAN];
        for (black, white) in ends.iter().flat_map(|&black| ends.map(|white| (black, white))) {
            let range = Range { black, white };
            let levels = range.levels();
            let differs =
                (0..=u16::MAX).find(|&number| levels[usize::from(number)] != range.level(number.into()));
            assert_eq!(differs, None, "{black} to {white}");
        }
    }
}
