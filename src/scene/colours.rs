//! A colour for each class: those that the page gives to classes in turn.

use std::f64::consts::PI;

/// Tableau's ten (d3-scale-chromatic's `schemeTableau10`).
const TABLEAU_10: [[u8; 3]; 10] = [
    [0x4e, 0x79, 0xa7],
    [0xf2, 0x8e, 0x2c],
    [0xe1, 0x57, 0x59],
    [0x76, 0xb7, 0xb2],
    [0x59, 0xa1, 0x4f],
    [0xed, 0xc9, 0x49],
    [0xaf, 0x7a, 0xa1],
    [0xff, 0x9d, 0xa7],
    [0x9c, 0x75, 0x5f],
    [0xba, 0xb0, 0xab],
];

/// A step of the golden ratio around the colour circle never comes near where it was soon before.
const GOLDEN_RATIO: f64 = 0.618_033_988_75;

/// What is undecided: lighter than any class.
pub(super) const UNDECIDED_COLOUR: [u8; 3] = [0xf0, 0xf0, 0xf0];

/// Red, green and blue of a class, from 0.
pub fn colour_of_class(class: usize) -> [u8; 3] {
    TABLEAU_10.get(class).copied().unwrap_or_else(|| {
        // d3-scale-chromatic's `interpolateSinebow`.
        let angle = (0.5 - (class as f64 * GOLDEN_RATIO) % 1.0) * PI;
        [0.0, 1.0, 2.0].map(|third| ((angle + third * PI / 3.0).sin().powi(2) * 255.0) as u8)
    })
}
