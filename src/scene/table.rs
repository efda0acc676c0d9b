//! The map as CSV: a row for each cell.

use std::io::{self, Write};

use super::{ClassMap, Place, State};

/// Writes every cell: its column and row, the pixel and the point of its middle, what it is, and its area. What is not
/// known is left empty.
///
/// # Errors
///
/// Those of `out`.
pub fn write_csv(map: &ClassMap, place: &Place, out: &mut impl Write) -> io::Result<()> {
    let mut rows = csv::Writer::from_writer(out);
    let what = ["state", "class_id", "class_name", "score", "area_ha"];
    rows.write_record(CELL_COLUMNS.iter().chain(&what))?;
    let names = map.names();
    for (index, cell) in map.cells().iter().enumerate() {
        let state = match cell.state {
            State::Classified => "classified",
            State::Undecided => "undecided",
            State::NoData => "no data",
            State::Outside => "at the edge",
            State::Unreadable => "unreadable",
            State::LeftOut => "left out",
            State::Open => "not classified",
        };
        let of_class = match map.id(index) {
            0 => [const { String::new() }; 3],
            id => [id.to_string(), names[usize::from(id) - 1].to_owned(), cell.score.to_string()],
        };
        let area =
            map.area_m2(index, place).map_or_else(String::new, |area| format!("{:.6}", area / 10_000.0));
        let row = cell_columns(map, place, index).into_iter().chain([state.to_owned()]);
        rows.write_record(row.chain(of_class).chain([area]))?;
    }
    rows.flush()
}

/// Which cell, and its middle in the scene's pixels, in its CRS, and on WGS 84.
pub(super) const CELL_COLUMNS: [&str; 8] =
    ["column", "row", "pixel_x", "pixel_y", "x", "y", "longitude", "latitude"];

/// [`CELL_COLUMNS`] of a cell, empty where a space is not known.
pub(super) fn cell_columns(map: &ClassMap, place: &Place, cell: usize) -> [String; 8] {
    let [column, row] = map.grid().column_row(cell).map(|index| index.to_string());
    let middle = map.middle_px(cell);
    let pair = |point: Option<[f64; 2]>, digits: usize| {
        point.map_or([const { String::new() }; 2], |point| point.map(|value| format!("{value:.digits$}")))
    };
    let crs_digits = if place.georeference().is_geographic() { 10 } else { 3 };
    let [pixel_x, pixel_y] = pair(Some(middle), 1);
    let [x, y] = pair(place.crs_of_pixel(middle), crs_digits);
    let [lon, lat] = pair(place.lon_lat_written(middle), 10);
    [column, row, pixel_x, pixel_y, x, y, lon, lat]
}
