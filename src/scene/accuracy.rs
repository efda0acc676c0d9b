//! The checked cells of a map → areas and accuracies with their 95 % intervals, by the stratified estimator of Olofsson
//! et al. 2014, "Good practices for estimating area and assessing accuracy of land change", Remote Sensing of
//! Environment 148, equations 1 to 11.

use serde::Serialize;
use thiserror::Error;

use crate::ErrorCode;

/// Standard errors to either side of an estimate that are its 95 % interval.
const Z_95: f64 = 1.96;

/// The cells that the map gives one class, and what was found in those of them that were checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Stratum {
    /// The class's name, or what undecided cells are called.
    pub name: String,
    /// Which class that is, from 0; nothing for cells that the map leaves undecided.
    pub class: Option<usize>,
    /// How many cells there are.
    pub cells: usize,
    /// Their area, in any unit.
    pub area: f64,
    /// How many of the checked ones are of each class.
    pub counts: Vec<u32>,
}

/// A number and half the width of its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify))]
pub struct Estimate {
    /// The estimate itself: a share from 0 to 1, or an area.
    pub value: f64,
    /// The interval reaches from `value - plus_minus` to `value + plus_minus`; not cut off at 0 and 1.
    pub plus_minus: f64,
}

/// What is estimated of a class.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify))]
pub struct ClassAccuracy {
    /// The class's name.
    pub name: String,
    /// The cells of the map that have it, and their area.
    pub cells: usize,
    /// The area of those cells, in the unit of the strata.
    pub mapped_area: f64,
    /// How many of those cells were checked.
    pub checked: u32,
    /// How large it is in truth.
    pub area: Estimate,
    /// Of what the map calls so, the share that is; nothing where no cell of the map is of this class.
    pub users_accuracy: Option<Estimate>,
    /// Of what is so, the share that the map calls so; nothing where none was found.
    pub producers_accuracy: Option<Estimate>,
}

/// What is estimated of a map.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify))]
pub struct Accuracy {
    /// The share of the area where the map is right.
    pub overall: Estimate,
    /// What is known of each class, in the order of the labels.
    pub classes: Vec<ClassAccuracy>,
    /// Cells that were checked.
    pub checked: u32,
}

/// Why nothing can be estimated.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum AccuracyError {
    /// Nothing was checked.
    #[error("no cell of the list has a class: fill in the column truth")]
    NothingChecked,
    /// A class of the map of which too little was checked.
    #[error(
        "of {cells} cells that the map calls {name}, {checked} were checked, and an interval needs two at least: check more of them, or draw a larger sample"
    )]
    TooFew {
        /// The class's name.
        name: String,
        /// How many cells the map gives this class.
        cells: usize,
        /// How many of them were checked: 0 or 1.
        checked: u32,
    },
}

impl ErrorCode for AccuracyError {
    fn code(&self) -> &'static str {
        "scene.accuracy"
    }
}

/// Areas and accuracies of `classes`, of a map whose strata cover all of it.
///
/// # Errors
///
/// [`AccuracyError`] where too little was checked.
pub fn estimate(strata: &[Stratum], classes: &[String]) -> Result<Accuracy, AccuracyError> {
    let strata: Vec<&Stratum> = strata.iter().filter(|stratum| stratum.cells > 0).collect();
    let checked = |stratum: &Stratum| stratum.counts.iter().sum::<u32>();
    if strata.iter().all(|stratum| checked(stratum) == 0) {
        return Err(AccuracyError::NothingChecked);
    }
    for stratum in &strata {
        let (cells, checked) = (stratum.cells, checked(stratum));
        if checked < 2 && (checked as usize) < cells {
            return Err(AccuracyError::TooFew { name: stratum.name.clone(), cells, checked });
        }
    }
    let whole: f64 = strata.iter().map(|stratum| stratum.area).sum();
    let weight = |stratum: &Stratum| stratum.area / whole;
    // Of a stratum, the share of a class and the variance of that share.
    let share =
        |stratum: &Stratum, class: usize| f64::from(stratum.counts[class]) / f64::from(checked(stratum));
    let variance = |stratum: &Stratum, class: usize| {
        let share = share(stratum, class);
        // A stratum of one cell, which was checked, has none.
        share * (1.0 - share) / f64::from(checked(stratum) - 1).max(1.0)
    };
    let estimate =
        |value: f64, variance: f64| Estimate { value, plus_minus: Z_95 * variance.max(0.0).sqrt() };
    let own = |class: usize| strata.iter().find(|stratum| stratum.class == Some(class)).copied();

    let right = strata.iter().filter_map(|stratum| stratum.class.map(|class| (*stratum, class)));
    let overall = right.fold((0.0, 0.0), |(value, sum), (stratum, class)| {
        let weight = weight(stratum);
        (value + weight * share(stratum, class), sum + weight.powi(2) * variance(stratum, class))
    });
    let of_class = |(class, name): (usize, &String)| {
        let proportion: f64 = strata.iter().map(|stratum| weight(stratum) * share(stratum, class)).sum();
        let of_proportion: f64 =
            strata.iter().map(|stratum| weight(stratum).powi(2) * variance(stratum, class)).sum();
        let producers = (proportion > 0.0).then(|| {
            let found = own(class).map_or(0.0, |own| weight(own) * share(own, class)) / proportion;
            // Equation 7, by shares of the whole.
            let others: f64 = strata
                .iter()
                .filter(|stratum| stratum.class != Some(class))
                .map(|stratum| weight(stratum).powi(2) * variance(stratum, class))
                .sum();
            let own = own(class).map_or(0.0, |own| weight(own).powi(2) * variance(own, class));
            let sum = own * (1.0 - found).powi(2) + found.powi(2) * others;
            estimate(found, sum / proportion.powi(2))
        });
        ClassAccuracy {
            name: name.clone(),
            cells: own(class).map_or(0, |own| own.cells),
            mapped_area: own(class).map_or(0.0, |own| own.area),
            checked: own(class).map_or(0, checked),
            area: estimate(whole * proportion, whole.powi(2) * of_proportion),
            users_accuracy: own(class).map(|own| estimate(share(own, class), variance(own, class))),
            producers_accuracy: producers,
        }
    };
    Ok(Accuracy {
        overall: estimate(overall.0, overall.1),
        classes: classes.iter().enumerate().map(of_class).collect(),
        checked: strata.iter().map(|stratum| checked(stratum)).sum(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of section 5: deforestation, forest gain, stable forest and stable non-forest, in pixels of 900 m².
    fn paper() -> (Vec<Stratum>, Vec<String>) {
        let names = ["Deforestation", "Forest gain", "Stable forest", "Stable non-forest"].map(String::from);
        let rows = [
            (200_000, [66, 0, 5, 4]),
            (150_000, [0, 55, 8, 12]),
            (3_200_000, [1, 0, 153, 11]),
            (6_450_000, [2, 1, 9, 313]),
        ];
        let stratum = |(class, (pixels, counts)): (usize, (usize, [u32; 4]))| Stratum {
            name: names[class].clone(),
            class: Some(class),
            cells: pixels,
            area: pixels as f64 * 0.09,
            counts: counts.into(),
        };
        (rows.into_iter().enumerate().map(stratum).collect(), names.into())
    }

    fn is_near(found: Estimate, value: f64, plus_minus: f64, tolerance: f64) -> bool {
        (found.value - value).abs() <= tolerance && (found.plus_minus - plus_minus).abs() <= tolerance
    }

    #[test]
    fn the_example_of_the_paper() {
        let (strata, classes) = paper();
        let found = estimate(&strata, &classes).unwrap();
        assert_eq!(found.checked, 640);
        assert!(is_near(found.overall, 0.95, 0.02, 0.005), "{:?}", found.overall);
        // Area in hectares and user's accuracy as the paper has them; producer's accuracy by its equations 3 and 7 (the
        // mapped total of the class, the sum over the other strata), as the R package mapaccuracy has them too.
        let expected = [
            [(21_158.0, 6_158.0), (0.88, 0.07), (0.749, 0.213)],
            [(11_686.0, 3_756.0), (0.73, 0.10), (0.847, 0.254)],
            [(285_770.0, 15_510.0), (0.93, 0.04), (0.935, 0.034)],
            [(581_386.0, 16_282.0), (0.96, 0.02), (0.962, 0.018)],
        ];
        for (class, [area, users, producers]) in found.classes.iter().zip(expected) {
            assert!(is_near(class.area, area.0, area.1, 1.0), "{class:?}");
            assert!(is_near(class.users_accuracy.unwrap(), users.0, users.1, 0.006), "{class:?}");
            assert!(
                is_near(class.producers_accuracy.unwrap(), producers.0, producers.1, 0.0006),
                "{class:?}"
            );
        }
        let whole: f64 = found.classes.iter().map(|class| class.area.value).sum();
        assert!((whole - 900_000.0).abs() < 1e-6);
    }

    /// Deforestation, forest and no forest of Olofsson et al. 2013, with what the tests of the R package mapAccuracy
    /// expect of it: that one takes two standard errors for an interval.
    #[test]
    fn the_example_of_another_implementation() {
        let rows = [(22_353, [97, 0, 3]), (1_122_543, [3, 279, 18]), (610_228, [2, 1, 97])];
        let names = ["deforestation", "forest", "no forest"].map(String::from);
        let stratum = |(class, (cells, counts)): (usize, (usize, [u32; 3]))| Stratum {
            name: names[class].clone(),
            class: Some(class),
            cells,
            area: cells as f64,
            counts: counts.into(),
        };
        let strata: Vec<Stratum> = rows.into_iter().enumerate().map(stratum).collect();
        let found = estimate(&strata, &names).unwrap();
        assert!((found.overall.value - 0.944_416_8).abs() < 1e-7, "{:?}", found.overall);
        let expected = [
            (0.97, 0.480_630_8, 23_609.59, 66_615.21),
            (0.93, 0.994_188_7, 1_014_763.18, 1_085_371.36),
            (0.97, 0.896_925_9, 622_672.62, 697_216.04),
        ];
        for (class, (users, producers, low, high)) in found.classes.iter().zip(expected) {
            assert!((class.users_accuracy.unwrap().value - users).abs() < 1e-9, "{class:?}");
            assert!((class.producers_accuracy.unwrap().value - producers).abs() < 1e-7, "{class:?}");
            let interval = class.area.plus_minus / Z_95 * 2.0;
            assert!((class.area.value - interval - low).abs() < 0.01, "{class:?}");
            assert!((class.area.value + interval - high).abs() < 0.01, "{class:?}");
        }
    }

    #[test]
    fn what_the_map_leaves_undecided_is_part_of_the_areas() {
        let (mut strata, classes) = paper();
        let undecided = Stratum {
            name: "Undecided".into(),
            class: None,
            cells: 100,
            area: 1e5,
            counts: vec![0, 10, 0, 0],
        };
        strata.push(undecided);
        let found = estimate(&strata, &classes).unwrap();
        assert!(is_near(found.classes[1].area, 111_686.0, 3_756.0, 1.0), "{:?}", found.classes[1]);
        assert!(found.overall.value < 0.9);
    }

    #[test]
    fn a_class_of_which_too_little_was_checked_is_named() {
        let (mut strata, classes) = paper();
        strata[1].counts = vec![0, 1, 0, 0];
        let error = estimate(&strata, &classes).unwrap_err();
        let expected = AccuracyError::TooFew { name: "Forest gain".into(), cells: 150_000, checked: 1 };
        assert_eq!(error, expected);
        // A single cell that was checked leaves nothing open.
        strata[1].cells = 1;
        assert!(estimate(&strata, &classes).is_ok());
        strata.iter_mut().for_each(|stratum| stratum.counts = vec![0; 4]);
        assert_eq!(estimate(&strata, &classes), Err(AccuracyError::NothingChecked));
    }
}
