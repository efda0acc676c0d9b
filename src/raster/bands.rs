//! Which bands serve as red, green and blue: by what the file says of them, by their names, by their number.

use super::open::{Band, Colour, Description};

/// Bands for red, green and blue, from 0, and what was guessed.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The bands that serve as red, green and blue, counted from 0; one of them may stand there three times.
    pub bands: [usize; 3],
    /// Sentences for whoever looks at the picture.
    pub notes: Vec<String>,
}

impl Choice {
    /// Whether one band serves as all three.
    pub fn is_grey(&self) -> bool {
        self.bands.iter().all(|&band| band == self.bands[0])
    }

    fn grey(band: usize, notes: Vec<String>) -> Self {
        Self { bands: [band; 3], notes }
    }

    /// A note that names the bands, and why it is these.
    fn guessed(bands: [usize; 3], why: &str) -> Self {
        let [red, green, blue] = bands.map(|band| band + 1);
        let note = format!("Bands {red}, {green} and {blue} serve as red, green and blue: {why}.");
        Self { bands, notes: vec![note] }
    }
}

/// The bands that a picture is made of.
pub fn choose(description: &Description) -> Choice {
    let bands = &description.bands;
    if !description.palette.is_empty() {
        return Choice::grey(0, vec!["The colours are those of the file's palette.".into()]);
    }
    let by_colour = |colour| bands.iter().position(|band| band.colour == colour);
    if let (Some(red), Some(green), Some(blue)) =
        (by_colour(Colour::Red), by_colour(Colour::Green), by_colour(Colour::Blue))
    {
        let chosen = [red, green, blue];
        return Choice { bands: chosen, notes: left_out(bands, chosen) };
    }
    if let Some((chosen, why)) = by_names(bands) {
        return Choice::guessed(chosen, why);
    }
    let shown: Vec<usize> = (0..bands.len()).filter(|&band| bands[band].colour != Colour::Alpha).collect();
    let at = |chosen: [usize; 3]| chosen.map(|band| shown[band - 1]);
    match shown.len() {
        0 | 1 => Choice::grey(shown.first().copied().unwrap_or(0), Vec::new()),
        2 => {
            let note = "Of two bands the first serves as red, green and blue.".into();
            Choice::grey(shown[0], vec![note])
        }
        3 => Choice::guessed(at([1, 2, 3]), "the file does not say what its three bands are"),
        4 if description.bits == 8 => Choice::guessed(
            at([1, 2, 3]),
            "four bands of 8 bits are usually red, green, blue and near infrared",
        ),
        4 => Choice::guessed(at([3, 2, 1]), "four bands are usually blue, green, red and near infrared"),
        5 => Choice::guessed(at([3, 2, 1]), "five bands are usually blue, green, red and two of infrared"),
        6 => {
            Choice::guessed(at([3, 2, 1]), "six bands are usually Landsat's from blue to short-wave infrared")
        }
        7 => Choice::guessed(at([4, 3, 2]), "seven bands are usually those of Landsat 8 and 9"),
        8 => Choice::guessed(at([6, 4, 2]), "eight bands are usually PlanetScope's"),
        10 => Choice::guessed(at([3, 2, 1]), "ten bands are usually Sentinel-2's of 10 and 20 m"),
        11 => Choice::guessed(at([4, 3, 2]), "eleven bands are usually all of Landsat 8 and 9"),
        12 | 13 => Choice::guessed(at([4, 3, 2]), "so many bands are usually all of Sentinel-2"),
        _ => Choice::guessed(at([1, 2, 3]), "nothing says what the bands are, so check them"),
    }
}

/// What is not shown, opacity aside.
fn left_out(bands: &[Band], chosen: [usize; 3]) -> Vec<String> {
    let others: Vec<_> = (0..bands.len())
        .filter(|band| !chosen.contains(band) && bands[*band].colour != Colour::Alpha)
        .collect();
    match others[..] {
        [] => Vec::new(),
        [one] => vec![format!("Band {} is left out: it is not red, green or blue.", one + 1)],
        [first, .., last] => {
            vec![format!(
                "Bands {} to {} are left out: they are not red, green or blue.",
                first + 1,
                last + 1
            )]
        }
    }
}

/// By names such as `red`, `B04` or `SR_B4`.
fn by_names(bands: &[Band]) -> Option<([usize; 3], &'static str)> {
    let names: Vec<String> = bands
        .iter()
        .map(|band| band.metadata.name.as_deref().unwrap_or_default().to_ascii_lowercase())
        .collect();
    let all = |find: &dyn Fn(usize) -> Option<usize>| Some([find(0)?, find(1)?, find(2)?]);
    let colour = |index: usize| {
        let word = ["red", "green", "blue"][index];
        let is_it = |name: &String| {
            let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
            // `red edge` and `coastal blue` are bands of their own.
            words.clone().any(|other| other == word)
                && !words.any(|other| matches!(other, "edge" | "coastal" | "yellow"))
        };
        names.iter().position(is_it)
    };
    if let Some(chosen) = all(&colour) {
        return Some((chosen, "their names say so"));
    }
    let numbered = |number: u32| {
        names.iter().position(|name| {
            let digits = name.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
            let before = name[..name.len() - digits.len()].trim_end_matches('_');
            digits.parse() == Ok(number) && before.ends_with('b')
        })
    };
    // Landsat 5 and 7 have no band 6 among the reflective ones; Landsat 8 and 9 and Sentinel-2 count alike.
    let is_old_landsat = names.iter().any(|name| name.starts_with("sr_b"))
        && numbered(7).is_some()
        && numbered(6).is_none()
        && numbered(8).is_none();
    let chosen = if is_old_landsat {
        all(&|index| numbered(3 - index as u32))
    } else {
        all(&|index| numbered(4 - index as u32))
    };
    chosen.map(|chosen| (chosen, "their names are those of Landsat or Sentinel-2"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::BandMetadata;

    fn chosen(names: &[&str]) -> Option<[usize; 3]> {
        let band = |name: &&str| Band {
            colour: Colour::Undefined,
            metadata: BandMetadata { name: Some(name.to_string()), ..BandMetadata::default() },
        };
        by_names(&names.iter().map(band).collect::<Vec<_>>()).map(|(chosen, _)| chosen)
    }

    #[test]
    fn bands_are_known_by_the_names_that_sensors_and_people_give_them() {
        assert_eq!(chosen(&["B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A"]), Some([3, 2, 1]));
        assert_eq!(chosen(&["B02", "B03", "B04", "B08"]), Some([2, 1, 0]));
        assert_eq!(chosen(&["SR_B1", "SR_B2", "SR_B3", "SR_B4", "SR_B5", "SR_B7"]), Some([2, 1, 0]));
        assert_eq!(chosen(&["SR_B2", "SR_B3", "SR_B4", "SR_B5", "SR_B6", "SR_B7"]), Some([2, 1, 0]));
        assert_eq!(chosen(&["Coastal Blue", "Blue", "Green", "Red", "Red Edge", "NIR"]), Some([3, 2, 1]));
        assert_eq!(chosen(&["rededge", "red", "green", "blue"]), Some([1, 2, 3]));
        assert_eq!(chosen(&["VV", "VH", "angle"]), None);
        assert_eq!(chosen(&["web4", "", "b3"]), None);
    }
}
