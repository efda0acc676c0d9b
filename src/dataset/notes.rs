//! What the rule guessed or left out, for people.

use std::fmt;

use super::splits::Subset;
use super::tree::ClassFrom;

/// How many names a note lists.
const NAMES: usize = 5;

/// Something about a tree that its owner should know before it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// Folders were read as splits: each with its name, what it is for, and its tiles.
    Splits(Vec<(String, Subset, usize)>),
    /// A folder beside splits is none.
    BesideSplits {
        /// Its name.
        folder: String,
        /// Tiles in it, all left out.
        tiles: usize,
    },
    /// Classes may be told by the first folder or by the last, and the two differ.
    TwoReadings {
        /// Classes by the first folder.
        first: Vec<String>,
        /// Classes by the last folder.
        last: Vec<String>,
        /// Which was taken.
        taken: ClassFrom,
    },
    /// Tiles lie in no class folder.
    Loose {
        /// How many.
        tiles: usize,
        /// One of them.
        example: String,
    },
    /// A class with one tile in all, or one to learn from.
    SingleTile(String),
    /// A class folder without tiles.
    EmptyFolder(String),
    /// Two classes whose names differ in case alone.
    CaseAlone(String, String),
}

/// A sentence.
impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Splits(splits) => {
                let split = |(folder, subset, tiles): &(String, Subset, usize)| {
                    format!("`{folder}` for {} ({tiles} tiles)", subset.name())
                };
                let splits = splits.iter().map(split).collect::<Vec<_>>().join(", ");
                write!(formatter, "The folders are read as splits: {splits}.")
            }
            Self::BesideSplits { folder, tiles } => {
                write!(
                    formatter,
                    "`{folder}` lies beside splits and is none: its {tiles} tiles are left out."
                )
            }
            Self::TwoReadings { first, last, taken } => {
                let other = match taken {
                    ClassFrom::First => "last",
                    ClassFrom::Last => "first",
                };
                let (taken, name, others) = match taken {
                    ClassFrom::First => (first, "first", last),
                    ClassFrom::Last => (last, "last", first),
                };
                write!(
                    formatter,
                    "{} by the {name} folder: {}. By the {other} folder there would be {}: {}. Choose with --class-from \
                     first or last.",
                    classes(taken.len()),
                    list(taken),
                    others.len(),
                    list(others)
                )
            }
            Self::Loose { tiles: 1, example } => {
                write!(formatter, "`{example}` lies in no class folder and is left out.")
            }
            Self::Loose { tiles, example } => {
                write!(
                    formatter,
                    "{tiles} files lie in no class folder and are left out, such as `{example}`."
                )
            }
            Self::SingleTile(class) => write!(
                formatter,
                "The class `{class}` has one tile: it is learnt from, and nothing judges the class. Add tiles to it."
            ),
            Self::EmptyFolder(folder) => {
                write!(formatter, "The folder `{folder}` holds no tiles: it becomes no class.")
            }
            Self::CaseAlone(one, other) => write!(
                formatter,
                "The classes `{one}` and `{other}` differ in case alone and stay two: rename one folder if they are one."
            ),
        }
    }
}

fn classes(count: usize) -> String {
    format!("{count} class{}", if count == 1 { "" } else { "es" })
}

fn list(names: &[String]) -> String {
    let shown = names.iter().take(NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > NAMES { format!("{shown} and {} more", names.len() - NAMES) } else { shown }
}
