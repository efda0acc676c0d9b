//! The map as GeoJSON (RFC 7946): longitude and latitude on WGS 84, outlines counterclockwise, cut at the date line.

use std::borrow::Cow;
use std::io::{self, Write};

use serde_json::{Map, Number, Value, json};

use super::longitudes::{extent, run_on, turned};
use super::regions::{Region, corners_of, regions};
use super::{ClassMap, Grid, Place, PlaceError};

/// Digits behind the point of a degree: a hundredth of a millimetre.
const DIGITS: usize = 10;

/// What becomes a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shapes {
    /// Each cell.
    Cells,
    /// Neighbours of one class together.
    Regions,
}

/// A ring of longitudes and latitudes, the first point not repeated.
type Ring = Vec<[f64; 2]>;

/// Writes all cells that have a class or are undecided: `class_id`, `class_name`, `score`, `area_ha`, `cells`, and
/// `score_NAME` for each class; of a region the means of its cells, and their sum for areas.
///
/// # Errors
///
/// Those of `out`, and [`PlaceError`] as `InvalidInput` where a corner has no longitude and latitude.
pub fn write_geojson(map: &ClassMap, place: &Place, shapes: Shapes, out: &mut impl Write) -> io::Result<()> {
    let globe = Globe { grid: map.grid(), place };
    let mut kinds = Vec::with_capacity(map.cells().len());
    for cell in 0..map.cells().len() {
        let kind = match map.id(cell) {
            0 => None,
            id => Some((id, globe.side(cell).map_err(invalid)?)),
        };
        // A cell on the date line is cut, and so stays by itself.
        let by_itself = shapes == Shapes::Cells || matches!(kind, Some((_, None)));
        kinds.push(kind.map(|(id, side)| (id, side, by_itself.then_some(cell))));
    }
    let names = map.names();
    let mut features = Features::begin(out)?;
    for region in regions(&kinds, map.grid().columns()) {
        let (_, side, _) = kinds[region.cells[0]].expect("regions have a kind");
        let geometry = globe.geometry(&region, side).map_err(invalid)?;
        features.add(&geometry, properties(map, &names, place, &region))?;
    }
    features.end()
}

pub(super) fn invalid(error: PlaceError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}

fn properties(map: &ClassMap, names: &[&str], place: &Place, region: &Region) -> Map<String, Value> {
    let id = map.id(region.cells[0]);
    let count = region.cells.len() as f64;
    let mean = |of: &dyn Fn(usize) -> f32| {
        let sum: f64 = region.cells.iter().map(|&cell| f64::from(of(cell))).sum();
        // As many digits as the scores have.
        rounded(sum / count, 6)
    };
    let area: Option<f64> = region.cells.iter().map(|&cell| map.area_m2(cell, place)).sum();
    let mut properties = Map::new();
    properties.insert("class_id".into(), json!(id));
    properties.insert("class_name".into(), json!(names[usize::from(id) - 1]));
    properties.insert("score".into(), mean(&|cell| map.cells()[cell].score));
    properties.insert("cells".into(), json!(region.cells.len()));
    properties.insert("area_ha".into(), area.map_or(Value::Null, |area| rounded(area / 10_000.0, 6)));
    for (class, name) in map.labels().iter().enumerate() {
        properties.insert(format!("score_{name}"), mean(&|cell| map.scores(cell)[class]));
    }
    properties
}

fn rounded(value: f64, digits: i32) -> Value {
    let scale = 10_f64.powi(digits);
    Number::from_f64((value * scale).round() / scale).map_or(Value::Null, Value::Number)
}

/// Writes a FeatureCollection feature by feature.
pub(super) struct Features<'a, W: Write> {
    out: &'a mut W,
    count: usize,
}

impl<'a, W: Write> Features<'a, W> {
    pub fn begin(out: &'a mut W) -> io::Result<Self> {
        out.write_all(b"{\"type\":\"FeatureCollection\",\"features\":[")?;
        Ok(Self { out, count: 0 })
    }

    /// A feature of polygons: each an outline and its holes.
    pub fn add(&mut self, polygons: &[Vec<Ring>], properties: Map<String, Value>) -> io::Result<()> {
        let comma = if self.count == 0 { "\n" } else { ",\n" };
        self.count += 1;
        let written: Vec<String> = polygons.iter().map(|polygon| polygon_text(polygon)).collect();
        let (kind, coordinates) = match &written[..] {
            [one] => ("Polygon", Cow::from(one)),
            several => ("MultiPolygon", format!("[{}]", several.join(",")).into()),
        };
        let properties = Value::Object(properties);
        write!(
            self.out,
            "{comma}{{\"type\":\"Feature\",\"properties\":{properties},\"geometry\":{{\"type\":\"{kind}\",\"coordinates\":{coordinates}}}}}"
        )
    }

    pub fn end(self) -> io::Result<()> {
        self.out.write_all(b"\n]}\n")
    }
}

fn polygon_text(rings: &[Ring]) -> String {
    let point = |[lon, lat]: &[f64; 2]| format!("[{lon:.DIGITS$},{lat:.DIGITS$}]");
    let ring = |ring: &Ring| {
        let points: Vec<String> = ring.iter().chain(ring.first()).map(point).collect();
        format!("[{}]", points.join(","))
    };
    format!("[{}]", rings.iter().map(ring).collect::<Vec<_>>().join(","))
}

/// The cells of a map on the globe.
pub(super) struct Globe<'a> {
    pub grid: &'a Grid,
    pub place: &'a Place,
}

impl Globe<'_> {
    /// How many turns around the Earth a cell's longitudes are off, those of most projections being none; nothing for
    /// a cell on the date line.
    fn side(&self, cell: usize) -> Result<Option<i32>, PlaceError> {
        let quad = self.quad(cell)?;
        let turns = |lon: f64| ((lon + 180.0) / 360.0).floor();
        let (west, east) = extent(&quad);
        // The date line itself belongs to both of its sides.
        let (first, last) = (turns(west + 1e-11), turns(east - 1e-11));
        Ok((first == last).then_some(first as i32))
    }

    /// The corners of a cell, its longitudes without a jump.
    fn quad(&self, cell: usize) -> Result<Ring, PlaceError> {
        let points = corners_of(self.grid.column_row(cell))
            .map(|corner| self.place.lon_lat_of_pixel(self.grid.corner_px(corner)));
        let mut ring = points.into_iter().collect::<Result<Ring, _>>()?;
        run_on(&mut ring);
        Ok(ring)
    }

    /// The polygons of a single cell, wherever it lies.
    pub fn cell(&self, cell: usize) -> Result<Vec<Vec<Ring>>, PlaceError> {
        let side = self.side(cell)?;
        let ring = corners_of(self.grid.column_row(cell)).to_vec();
        self.geometry(&Region { cells: vec![cell], rings: vec![ring] }, side)
    }

    fn geometry(&self, region: &Region, side: Option<i32>) -> Result<Vec<Vec<Ring>>, PlaceError> {
        let quad = self.quad(region.cells[0])?;
        let Some(turns) = side else {
            return Ok(cut(&quad).into_iter().map(|ring| vec![ring]).collect());
        };
        // Longitudes of the region itself, so that corners on the date line come to the right side of it.
        let (west, east) = extent(&quad);
        let middle = (west + east) / 2.0 - 360.0 * f64::from(turns);
        let mut rings = Vec::with_capacity(region.rings.len());
        for (index, corners) in region.rings.iter().enumerate() {
            let points =
                corners.iter().map(|&corner| self.place.lon_lat_of_pixel(self.grid.corner_px(corner)));
            let mut ring = points.collect::<Result<Ring, _>>()?;
            ring.iter_mut().for_each(|[lon, _]| *lon = within(*lon, middle));
            turn(&mut ring, index == 0);
            rings.push(ring);
        }
        Ok(vec![rings])
    }
}

/// A longitude from −180 to 180, on the date line with the sign of `middle`.
fn within(lon: f64, middle: f64) -> f64 {
    let turned = turned(lon);
    let is_on_the_line = 180.0 - turned.abs() < 1e-9;
    if is_on_the_line { 180.0_f64.copysign(middle) } else { turned }
}

/// The parts of a convex ring on either side of the date line.
fn cut(ring: &Ring) -> Vec<Ring> {
    let (west, east) = extent(ring);
    // The line between them: an odd multiple of 180.
    let line = ((east + 180.0) / 360.0).floor() * 360.0 - 180.0;
    let turns = (line + 180.0) / 360.0;
    debug_assert!(west < line && line < east);
    let part = |keep: &dyn Fn(f64) -> bool, shift: f64| {
        let mut kept = Vec::new();
        for (index, &[lon, lat]) in ring.iter().enumerate() {
            let [next_lon, next_lat] = ring[(index + 1) % ring.len()];
            if keep(lon) {
                kept.push([lon + shift, lat]);
            }
            if (lon - line) * (next_lon - line) < 0.0 {
                let share = (line - lon) / (next_lon - lon);
                kept.push([line + shift, lat + share * (next_lat - lat)]);
            }
        }
        turn(&mut kept, true);
        kept
    };
    vec![part(&|lon| lon <= line, -360.0 * (turns - 1.0)), part(&|lon| lon >= line, -360.0 * turns)]
}

/// Outlines run counterclockwise, holes clockwise.
fn turn(ring: &mut Ring, is_outline: bool) {
    let next = ring.iter().cycle().skip(1);
    let area: f64 = ring.iter().zip(next).map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum();
    if (area > 0.0) != is_outline {
        ring.reverse();
    }
}
