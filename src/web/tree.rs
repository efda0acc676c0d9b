//! Paths of dropped files → classes, by the rule of the command line.

use serde::Serialize;
use tsify::Tsify;
use wasm_bindgen::prelude::*;

use super::{throwable, to_js};
use crate::dataset::{ClassFrom, Note, Tree, clutter_of};

/// What dropped files are as a data set.
#[derive(Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
#[tsify(missing_as_null)]
pub struct TreeReading {
    /// Sorted, each in one spelling (NFC).
    classes: Vec<String>,
    /// For each path its place among the classes, or none.
    class_of: Vec<Option<usize>>,
    /// The paths that are no tiles, by their place.
    skipped: Vec<usize>,
    /// How many of which kind were skipped, as a sentence; empty where none were.
    skipped_sentence: String,
    /// Classes by the first folder and by the last, where the two differ.
    readings: Option<Readings>,
    /// What was guessed or left out, a sentence each.
    notes: Vec<String>,
}

/// Two ways to tell classes.
#[derive(Serialize, Tsify)]
pub struct Readings {
    first: Vec<String>,
    last: Vec<String>,
}

/// Reads paths that begin with the folder that was dropped; `class_from` is `first` or `last`. Gives a `TreeReading`.
#[wasm_bindgen(js_name = readTree, unchecked_return_type = "TreeReading")]
pub fn read_tree(
    paths: Vec<String>,
    #[wasm_bindgen(js_name = classFrom)] class_from: &str,
) -> Result<JsValue, JsValue> {
    let class_from = match class_from {
        "first" => ClassFrom::First,
        "last" => ClassFrom::Last,
        other => return Err(throwable("request.class_from", format!("{other} is neither first nor last"))),
    };
    let tree = Tree::read_dropped(&paths, class_from);
    let mut class_of = vec![None; paths.len()];
    tree.tiles.iter().for_each(|tile| class_of[tile.path] = Some(tile.class));
    let mut reading = TreeReading {
        classes: tree.classes,
        class_of,
        skipped: (0..paths.len()).filter(|&path| clutter_of(&paths[path]).is_some()).collect(),
        skipped_sentence: if tree.skipped.count() > 0 { format!("{}.", tree.skipped) } else { String::new() },
        readings: None,
        notes: Vec::new(),
    };
    for note in tree.notes {
        match note {
            Note::TwoReadings { first, last, .. } => reading.readings = Some(Readings { first, last }),
            // The page says of labelled tiles which classes are too small, and shows tiles without a label.
            Note::SingleTile(_) | Note::Loose { .. } => {}
            other => reading.notes.push(other.to_string()),
        }
    }
    Ok(to_js(&reading))
}
