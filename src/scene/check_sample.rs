//! Cells to be checked by a person: drawn from every class, written as a list to be labelled, and read back.

use std::io::{self, Write};

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::geojson::{Features, Globe, invalid};
use super::table::{CELL_COLUMNS, cell_columns};
use super::{ClassMap, Place, Stratum};
use crate::ErrorCode;

/// The column that a person fills in.
const TRUTH: &str = "truth";

/// The column that says of which map the cells were drawn.
const MAP_ID: &str = "map_id";

/// A variance needs two.
const LEAST_OF_A_CLASS: usize = 2;

/// A list of cells to be checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// What names the map that the cells were drawn from ([`map_id`]); nothing where the list does not say it.
    pub map_id: Option<String>,
    /// The cells.
    pub cells: Vec<Checked>,
}

/// A cell with what a person found there.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// Column and row of the cell.
    pub cell: [u32; 2],
    /// The class's name or number; empty where nobody looked.
    pub truth: String,
}

/// Why a sample cannot be drawn or used.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SampleError {
    /// A map without classes.
    #[error("the map has no cell with a class: there is nothing to check")]
    Nothing,
    /// Fewer cells than classes need.
    #[error("{asked} cells are too few to check {classes} classes: take {least} or more")]
    TooSmall {
        /// How many cells were to be drawn.
        asked: usize,
        /// How many classes have cells on the map; undecided cells count as a class.
        classes: usize,
        /// The smallest sample that gives each class two cells, or the one that it has.
        least: usize,
    },
    /// No list of checked cells.
    #[error("this is no list of checked cells ({0}): it needs the columns column, row and truth")]
    NoList(String),
    /// A map that was made anew, or another one.
    #[error(
        "its cells were drawn from another map than this one: draw a sample of this one, with tilelens map --check-sample"
    )]
    OtherMap,
    /// A cell that the map does not have.
    #[error("the map has no cell in column {0}, row {1}: the list belongs to another map")]
    NoSuchCell(u32, u32),
    /// A cell in the list twice.
    #[error("the cell in column {0}, row {1} is in the list twice")]
    Twice(u32, u32),
    /// A class that the map does not know.
    #[error("column {0}, row {1}: the map has no class \"{2}\"; it has {3}")]
    NoSuchClass(u32, u32, String, String),
}

impl ErrorCode for SampleError {
    fn code(&self) -> &'static str {
        "scene.sample"
    }
}

/// Draws cells at random from every class that the map has, half of them evenly among the classes and half by how many
/// cells a class has, two at least: small classes get enough to say something of them, and large ones weigh most in the
/// areas (Olofsson et al. 2014, section 3.3). The numbers of the cells, in order; a seed draws the
/// same ones each time.
///
/// # Errors
///
/// [`SampleError`] for fewer than two cells a class, and for a map without classes.
pub fn draw_sample(map: &ClassMap, count: usize, seed: u64) -> Result<Vec<usize>, SampleError> {
    let mut strata: Vec<Vec<usize>> = vec![Vec::new(); map.names().len()];
    for cell in 0..map.cells().len() {
        if let Some(stratum) = usize::from(map.id(cell)).checked_sub(1) {
            strata[stratum].push(cell);
        }
    }
    strata.retain(|cells| !cells.is_empty());
    if strata.is_empty() {
        return Err(SampleError::Nothing);
    }
    let sizes: Vec<usize> = strata.iter().map(Vec::len).collect();
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut drawn: Vec<usize> = Vec::new();
    for (cells, count) in strata.iter_mut().zip(allocate(&sizes, count)?) {
        // The first steps of Fisher and Yates.
        for index in 0..count {
            let other = generator.random_range(index..cells.len());
            cells.swap(index, other);
        }
        drawn.extend(&cells[..count]);
    }
    drawn.sort_unstable();
    Ok(drawn)
}

/// How many of each class: never more than it has.
fn allocate(sizes: &[usize], count: usize) -> Result<Vec<usize>, SampleError> {
    let all: usize = sizes.iter().sum();
    let mut counts: Vec<usize> = sizes.iter().map(|&size| size.min(LEAST_OF_A_CLASS)).collect();
    let least: usize = counts.iter().sum();
    if count < least {
        return Err(SampleError::TooSmall { asked: count, classes: sizes.len(), least });
    }
    let count = count.min(all);
    let wanted = |size: usize| count as f64 * (0.5 / sizes.len() as f64 + 0.5 * size as f64 / all as f64);
    // One by one to whom most is missing of what it should have; what a small class cannot take the others get.
    for _ in least..count {
        let missing = |index: usize| wanted(sizes[index]) - counts[index] as f64;
        let open = (0..sizes.len()).filter(|&index| counts[index] < sizes[index]);
        let next = open.max_by(|&a, &b| missing(a).total_cmp(&missing(b)).then(b.cmp(&a)));
        counts[next.expect("there are as many cells")] += 1;
    }
    Ok(counts)
}

/// What names a map: a digest of the numbers of its cells, row by row, and of the names of the numbers from 1 on. It does
/// not tell what a cell is.
pub fn map_id(ids: &[u8], names: &[impl AsRef<str>]) -> String {
    let mut digest = Sha256::new();
    for name in names {
        digest.update(name.as_ref());
        digest.update([0]);
    }
    digest.update(ids);
    digest.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// [`map_id`] of a map that is at hand.
pub fn map_id_of(map: &ClassMap) -> String {
    map_id(&map.ids(), &map.names())
}

/// Writes the list: where each cell lies, and an empty column for what is there. The map's own class is left out, so
/// that it sways nobody.
///
/// # Errors
///
/// Those of `out`.
pub fn write_sample_csv(
    map: &ClassMap,
    place: &Place,
    cells: &[usize],
    out: &mut impl Write,
) -> io::Result<()> {
    let mut rows = csv::Writer::from_writer(out);
    rows.write_record(CELL_COLUMNS.iter().chain(&[MAP_ID, TRUTH]))?;
    let id = map_id_of(map);
    for &cell in cells {
        rows.write_record(cell_columns(map, place, cell).into_iter().chain([id.clone(), String::new()]))?;
    }
    rows.flush()
}

/// The same as outlines, to be labelled in a GIS program.
///
/// # Errors
///
/// Those of `out`, and `InvalidInput` where a cell has no longitude and latitude.
pub fn write_sample_geojson(
    map: &ClassMap,
    place: &Place,
    cells: &[usize],
    out: &mut impl Write,
) -> io::Result<()> {
    let globe = Globe { grid: map.grid(), place };
    let mut features = Features::begin(out)?;
    let id = map_id_of(map);
    for &cell in cells {
        let polygons = globe.cell(cell).map_err(invalid)?;
        let [column, row] = map.grid().column_row(cell);
        let properties = json!({ "column": column, "row": row, MAP_ID: id, TRUTH: "" });
        let Value::Object(properties) = properties else { unreachable!("it was made of a map") };
        features.add(&polygons, properties)?;
    }
    features.end()
}

/// Reads a list that was labelled, CSV or GeoJSON.
///
/// # Errors
///
/// [`SampleError::NoList`].
pub fn read_sample(text: &str) -> Result<Sample, SampleError> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('{') { read_geojson(text) } else { read_table(text) }
}

fn read_geojson(text: &str) -> Result<Sample, SampleError> {
    let none = |why: &str| SampleError::NoList(why.into());
    let document: Value = serde_json::from_str(text).map_err(|error| none(&error.to_string()))?;
    let features = document["features"].as_array().ok_or_else(|| none("it is JSON, and no GeoJSON"))?;
    let read = features.iter().map(|feature| {
        let properties = &feature["properties"];
        let number = |name: &str| properties[name].as_u64().and_then(|number| u32::try_from(number).ok());
        let cell = number("column").zip(number("row")).ok_or_else(|| none("a feature names no cell"))?;
        let truth = match &properties[TRUTH] {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => String::new(),
        };
        Ok(Checked { cell: cell.into(), truth })
    });
    let map_id = features.iter().find_map(|feature| feature["properties"][MAP_ID].as_str()).map(String::from);
    Ok(Sample { map_id, cells: read.collect::<Result<_, _>>()? })
}

fn read_table(text: &str) -> Result<Sample, SampleError> {
    let none = |why: String| SampleError::NoList(why);
    let head = text.lines().next().unwrap_or_default();
    // Some spreadsheets write semicolons.
    let delimiter = if head.contains(';') && !head.contains(',') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|error| none(error.to_string()))?.clone();
    let find = |name: &str| {
        let found = headers.iter().position(|header| header.trim() == name);
        found.ok_or_else(|| none(format!("there is no column {name}")))
    };
    let columns = [find("column")?, find("row")?, find(TRUTH)?];
    let map_column = find(MAP_ID).ok();
    let mut map_id = None;
    let read = reader.records().map(|record| {
        let record = record.map_err(|error| none(error.to_string()))?;
        let said = map_column.and_then(|index| record.get(index)).map(str::trim).filter(|id| !id.is_empty());
        map_id = map_id.take().or_else(|| said.map(String::from));
        let [column, row, truth] = columns.map(|index| record.get(index).unwrap_or_default().trim());
        let number = |text: &str| text.parse().map_err(|_| none(format!("`{text}` is no column or row")));
        Ok(Checked { cell: [number(column)?, number(row)?], truth: truth.to_owned() })
    });
    let cells = read.collect::<Result<_, _>>()?;
    Ok(Sample { map_id, cells })
}

impl Stratum {
    /// The classes of a map with the cells of it that were checked: `ids` are its numbers row by row, `names` those of
    /// the numbers from 1 on, of which the first `class_count` are classes and one more is what is undecided, and `areas`
    /// the area of each cell.
    ///
    /// # Errors
    ///
    /// [`SampleError`] for cells and classes that the map does not have.
    pub fn of_map(
        ids: &[u8],
        columns: u32,
        names: &[String],
        class_count: usize,
        areas: &[f64],
        checked: &[Checked],
    ) -> Result<Vec<Self>, SampleError> {
        let classes = &names[..class_count.min(names.len())];
        let mut strata: Vec<Self> = names
            .iter()
            .enumerate()
            .map(|(index, name)| Self {
                name: name.clone(),
                class: (index < classes.len()).then_some(index),
                cells: 0,
                area: 0.0,
                counts: vec![0; classes.len()],
            })
            .collect();
        for (&id, area) in ids.iter().zip(areas) {
            if let Some(stratum) = usize::from(id).checked_sub(1).and_then(|index| strata.get_mut(index)) {
                stratum.cells += 1;
                stratum.area += area;
            }
        }
        let mut seen = std::collections::HashSet::new();
        for Checked { cell: [column, row], truth } in
            checked.iter().filter(|checked| !checked.truth.is_empty())
        {
            let index = u64::from(*row) * u64::from(columns) + u64::from(*column);
            let id =
                usize::try_from(index).ok().filter(|_| *column < columns).and_then(|index| ids.get(index));
            let stratum = id.and_then(|&id| strata.get_mut(usize::from(id).checked_sub(1)?));
            let stratum = stratum.ok_or(SampleError::NoSuchCell(*column, *row))?;
            if !seen.insert(index) {
                return Err(SampleError::Twice(*column, *row));
            }
            let class = class_of(truth, classes)
                .ok_or_else(|| SampleError::NoSuchClass(*column, *row, truth.clone(), classes.join(", ")))?;
            stratum.counts[class] += 1;
        }
        Ok(strata)
    }
}

/// The class that a person wrote: its name, or its number on the map where no class is called by a number.
fn class_of(truth: &str, classes: &[String]) -> Option<usize> {
    let by_name = classes.iter().position(|name| name == truth);
    let by_number = || {
        let are_named_by_numbers = classes.iter().any(|name| name.trim().parse::<f64>().is_ok());
        let number: usize = truth.parse().ok().filter(|_| !are_named_by_numbers)?;
        (1..=classes.len()).contains(&number).then(|| number - 1)
    };
    by_name.or_else(by_number)
}

#[cfg(test)]
mod tests {
    use super::super::UNDECIDED;
    use super::*;

    #[test]
    fn every_class_is_checked_and_none_more_often_than_it_has_cells() {
        assert_eq!(allocate(&[1000, 1000], 100).unwrap(), [50, 50]);
        assert_eq!(allocate(&[9000, 1000], 100).unwrap(), [70, 30]);
        assert_eq!(allocate(&[9000, 10, 1], 100).unwrap(), [89, 10, 1]);
        assert_eq!(allocate(&[3, 2], 100).unwrap(), [3, 2]);
        let error = allocate(&[9000, 10, 1], 4).unwrap_err();
        assert_eq!(error, SampleError::TooSmall { asked: 4, classes: 3, least: 5 });
    }

    #[test]
    fn a_list_is_read_however_it_was_saved() {
        let expected = [
            Checked { cell: [3, 4], truth: "River, lake".into() },
            Checked { cell: [5, 6], truth: String::new() },
        ];
        let table = "\u{feff}row,column,truth,note\r\n4,3,\"River, lake\",x\r\n6,5,,\r\n";
        let semicolons = "column;row;truth\n3;4;River, lake\n5;6;\n";
        let geojson = r#"{"type":"FeatureCollection","features":[
            {"properties":{"column":3,"row":4,"truth":"River, lake"}},
            {"properties":{"column":5,"row":6,"truth":null}}]}"#;
        for text in [table, semicolons, geojson] {
            assert_eq!(read_sample(text).unwrap().cells, expected);
        }
        for wrong in ["", "a,b\n1,2\n", "column,row,truth\nx,1,y\n", "{}", "{\"features\":[{}]}"] {
            assert!(matches!(read_sample(wrong), Err(SampleError::NoList(_))), "{wrong}");
        }
    }

    #[test]
    fn what_does_not_belong_to_the_map_is_named() {
        let names = ["Forest".to_owned(), "Lake".to_owned(), UNDECIDED.to_owned()];
        let strata = |cell, truth: &str| {
            let checked =
                [Checked { cell: [0, 0], truth: "2".into() }, Checked { cell, truth: truth.into() }];
            Stratum::of_map(&[1, 1, 3, 0], 2, &names, 2, &[1.0; 4], &checked)
        };
        let found = strata([0, 1], "Forest").unwrap();
        let counts: Vec<_> = found.iter().map(|stratum| (stratum.cells, stratum.counts.clone())).collect();
        assert_eq!(counts, [(2, vec![0, 1]), (0, vec![0, 0]), (1, vec![1, 0])]);
        assert_eq!(strata([1, 1], "Forest").unwrap_err(), SampleError::NoSuchCell(1, 1));
        assert_eq!(strata([2, 0], "Forest").unwrap_err(), SampleError::NoSuchCell(2, 0));
        assert_eq!(strata([0, 0], "Forest").unwrap_err(), SampleError::Twice(0, 0));
        assert!(strata([1, 0], "Forset").unwrap_err().to_string().contains("it has Forest, Lake"));
    }

    #[test]
    fn a_class_that_is_called_by_a_number_is_not_taken_for_another_one() {
        let names = ["1".to_owned(), "10".to_owned(), "2".to_owned()];
        assert_eq!(class_of("2", &names), Some(2));
        assert_eq!(class_of("3", &names), None);
        // A class may be called as the undecided cells are.
        let names = ["Forest".to_owned(), UNDECIDED.to_owned()];
        let checked = [Checked { cell: [1, 0], truth: UNDECIDED.into() }];
        let strata = Stratum::of_map(&[1, 2], 2, &names, 2, &[1.0; 2], &checked).unwrap();
        assert_eq!((strata[1].class, &strata[1].counts[..]), (Some(1), &[0, 1][..]));
    }
}
