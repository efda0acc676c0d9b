//! GeoJSON (RFC 7946, and the CRS member of its forerunner of 2008) → polygons on a scene, and the classes that they name.

use std::collections::{BTreeMap, BTreeSet};

use ::geojson::{Feature, GeoJson, Geometry, GeometryValue, JsonObject, Position};
use serde_json::Value;
use thiserror::Error;

use super::polygons::{AreaOfInterest, Polygon, covered_pixels};
use super::surroundings::{Surroundings, run_on};
use super::{Grid, Place};
use crate::ErrorCode;

/// The most crossings of outlines with rows of pixels: seconds of work.
const MOST_CROSSINGS: f64 = 1e8;

/// What properties that name classes are usually called, the likeliest first.
const USUAL_NAMES: [&str; 9] =
    ["class_name", "classname", "class", "label", "landcover", "land_cover", "category", "type", "name"];

/// Why there are no polygons.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum VectorError {
    /// Something else.
    #[error("it is no GeoJSON ({0}); `ogr2ogr shapes.geojson FILE` makes one of most vector files")]
    NoGeoJson(String),
    /// Points and lines, or nothing.
    #[error("it has no polygon, and only polygons cover cells")]
    NoPolygon,
    /// A scene of which nobody knows where it lies.
    #[error("the scene does not say where it lies, so that no polygon can be laid on it")]
    NoPlace,
    /// Two CRSs, and no way between them.
    #[error(
        "its coordinates are those of {0}, and the scene's are those of {1}: `ogr2ogr -t_srs {1} other.geojson FILE` makes them alike"
    )]
    OtherCrs(String, String),
    /// Degrees, on a scene whose longitudes and latitudes are unknown.
    #[error("its coordinates are longitudes and latitudes, and {0}")]
    NoLonLat(String),
    /// Nothing of it is on the scene.
    #[error(
        "none of its polygons touches the scene: is it of another place, or of another CRS than it says?"
    )]
    Elsewhere,
    /// Their outlines cross too many rows of pixels.
    #[error(
        "its outlines are too long and fine for this scene: `ogr2ogr -simplify 10 simpler.geojson FILE` makes them simpler"
    )]
    TooFine,
}

impl ErrorCode for VectorError {
    fn code(&self) -> &'static str {
        "scene.vectors"
    }
}

/// Polygons that lie on a scene, with what is said of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Vectors {
    shapes: Vec<Shape>,
    notes: Vec<String>,
}

/// A feature of the file.
#[derive(Debug, Clone, PartialEq)]
struct Shape {
    polygons: Vec<Polygon>,
    /// Those properties that have a text or a number.
    properties: BTreeMap<String, String>,
}

/// A property that features have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Its name in the file.
    pub name: String,
    /// Its values, and how many features have each.
    pub values: BTreeMap<String, usize>,
}

/// Windows of a grid with the classes that polygons give them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VectorLabels {
    /// The classes that some window has.
    pub names: Vec<String>,
    /// Windows, and the places of their classes among the names.
    pub windows: Vec<(usize, usize)>,
}

impl Vectors {
    /// Lays the polygons of a GeoJSON file on a scene. Without a CRS in the file its coordinates are longitudes and
    /// latitudes on WGS 84; where they cannot be, they are taken for those of the scene's CRS, which a note says.
    ///
    /// # Errors
    ///
    /// [`VectorError`] where there is no polygon on the scene.
    pub fn read(bytes: &[u8], place: &Place) -> Result<Self, VectorError> {
        // Some programs of Windows begin every text with a byte-order mark.
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let file = GeoJson::from_reader(bytes).map_err(|error| VectorError::NoGeoJson(error.to_string()))?;
        let (features, members) = match file {
            GeoJson::FeatureCollection(all) => (all.features, all.foreign_members),
            GeoJson::Feature(one) => (vec![one], None),
            GeoJson::Geometry(one) => (vec![Feature::from(one)], None),
        };
        let mut others = 0;
        let mut shapes = Vec::new();
        for Feature { geometry, properties, .. } in features {
            let mut polygons = Vec::new();
            if let Some(geometry) = geometry {
                others += gather(geometry, &mut polygons)?;
            }
            if !polygons.is_empty() {
                shapes.push(Shape { polygons, properties: texts(properties) });
            }
        }
        if shapes.is_empty() {
            return Err(VectorError::NoPolygon);
        }
        let (space, note) = Space::of(members.as_ref(), &shapes, place)?;
        let mut notes = Vec::from_iter(note);
        let all = shapes.len();
        let (mut beyond, mut over_date_line) = (0, 0);
        match space {
            Space::Scene => shapes.iter_mut().for_each(|shape| shape.lay_in_crs(place)),
            Space::LonLat => {
                let around = Surroundings::of(place);
                for shape in &mut shapes {
                    over_date_line += usize::from(shape.run_on());
                    beyond += usize::from(!shape.lay_on_globe(around.as_ref(), place));
                }
            }
        }
        shapes.retain(|shape| !shape.polygons.is_empty());
        if shapes.is_empty() {
            return Err(VectorError::Elsewhere);
        }
        let [_, height] = place.size_px().map(f64::from);
        let polygons = || shapes.iter().flat_map(|shape| &shape.polygons);
        if polygons().map(|polygon| crossings(polygon, height)).sum::<f64>() > MOST_CROSSINGS {
            return Err(VectorError::TooFine);
        }
        if shapes.len() < all {
            notes.push(format!("{} of {all} shapes lie outside the scene.", all - shapes.len()));
        }
        if over_date_line > 0 {
            notes.push(format!(
                "{over_date_line} shapes would reach around half the Earth and more: they are taken to cross the date line."
            ));
        }
        if beyond > 0 {
            notes.push(format!(
                "{beyond} shapes reach beyond what the scene's CRS can show, and those parts of them are left out."
            ));
        }
        if others > 0 {
            notes.push(format!("{others} points and lines are left out: only polygons cover cells."));
        }
        Ok(Self { shapes, notes })
    }

    /// How many features lie on the scene.
    pub fn len(&self) -> usize {
        self.shapes.len()
    }

    /// Whether none does; [`Vectors::read`] refuses that.
    pub fn is_empty(&self) -> bool {
        self.shapes.is_empty()
    }

    /// What was guessed and left out.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// All of them as an area of interest.
    pub fn area(&self) -> AreaOfInterest {
        AreaOfInterest(self.shapes.iter().flat_map(|shape| &shape.polygons).cloned().collect())
    }

    /// What the features say of themselves; first what is called as names of classes usually are.
    pub fn properties(&self) -> Vec<Property> {
        let mut found: BTreeMap<&str, BTreeMap<String, usize>> = BTreeMap::new();
        for (name, value) in self.shapes.iter().flat_map(|shape| &shape.properties) {
            *found.entry(name).or_default().entry(value.clone()).or_default() += 1;
        }
        let mut properties: Vec<Property> =
            found.into_iter().map(|(name, values)| Property { name: name.into(), values }).collect();
        properties.sort_by_key(|property| {
            let name = property.name.to_lowercase();
            USUAL_NAMES.iter().position(|&usual| usual == name).unwrap_or(USUAL_NAMES.len())
        });
        properties
    }

    /// Gives each window the class that covers most of it, where that is `least_share` of it or more: of several that
    /// cover the same the first by name. The classes are the values of a property.
    pub fn labels(&self, grid: &Grid, property: &str, least_share: f64) -> VectorLabels {
        let mut polygons_of: BTreeMap<&String, Vec<&Polygon>> = BTreeMap::new();
        for shape in &self.shapes {
            if let Some(class) = shape.properties.get(property) {
                polygons_of.entry(class).or_default().extend(&shape.polygons);
            }
        }
        let [width, height] = grid.cell_px().map(f64::from);
        let least = (least_share * width * height).max(1.0);
        let mut best: Vec<Option<(u64, &String)>> = vec![None; grid.windows()];
        for (class, polygons) in polygons_of {
            let covered = covered_pixels(grid, polygons);
            for (window, best) in best.iter_mut().enumerate() {
                let pixels: u64 = grid.cells_in_window(window).map(|cell| u64::from(covered[cell])).sum();
                if pixels as f64 >= least && best.is_none_or(|(most, _)| pixels > most) {
                    *best = Some((pixels, class));
                }
            }
        }
        let used = BTreeSet::from_iter(best.iter().flatten().map(|&(_, class)| class));
        let place_of: BTreeMap<&String, usize> = used.iter().copied().zip(0..).collect();
        let windows = best.iter().enumerate();
        VectorLabels {
            names: used.into_iter().cloned().collect(),
            windows: windows
                .filter_map(|(window, best)| best.map(|(_, class)| (window, place_of[class])))
                .collect(),
        }
    }
}

/// What coordinates of a file are.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Space {
    LonLat,
    /// Those of the scene's CRS.
    Scene,
}

impl Space {
    /// What the file says, or else what its coordinates can be, with a note where that was guessed.
    fn of(
        members: Option<&JsonObject>,
        shapes: &[Shape],
        place: &Place,
    ) -> Result<(Self, Option<String>), VectorError> {
        if place.georeference().transform.is_none() {
            return Err(VectorError::NoPlace);
        }
        let scene = place.georeference().epsg();
        let lon_lat = || match place.lon_lat_of_pixel([0.0, 0.0]) {
            Err(error) if !place.has_lon_lat() => Err(VectorError::NoLonLat(error.to_string())),
            _ => Ok(Self::LonLat),
        };
        let said = members
            .and_then(|members| members.get("crs")?.get("properties")?.get("name")?.as_str())
            .map(|name| (name, name.rsplit(':').next().unwrap_or(name)));
        match said {
            Some((_, "CRS84" | "4326")) => Ok((lon_lat()?, None)),
            Some((_, code)) if scene.is_some_and(|scene| code == scene.to_string()) => {
                Ok((Self::Scene, None))
            }
            Some((name, _)) => {
                let scene =
                    scene.map(|code| format!("EPSG:{code}")).or_else(|| place.georeference().crs_name());
                Err(VectorError::OtherCrs(name.into(), scene.unwrap_or_else(|| "an unknown CRS".into())))
            }
            None if shapes.iter().all(Shape::can_be_degrees) => Ok((lon_lat()?, None)),
            None => {
                let note = "The file does not say its CRS, and its coordinates are too large for degrees: they are taken for those of the scene's CRS.";
                Ok((Self::Scene, Some(note.into())))
            }
        }
    }
}

impl Shape {
    fn can_be_degrees(&self) -> bool {
        let mut points = self.polygons.iter().flat_map(|polygon| &polygon.0).flatten();
        points.all(|[lon, lat]| lon.abs() <= 360.0 && lat.abs() <= 90.0)
    }

    /// Whether one of its polygons was taken to cross the date line.
    fn run_on(&mut self) -> bool {
        self.polygons.iter_mut().map(run_on).fold(false, |any, one| any | one)
    }

    /// Turns coordinates of the scene's CRS into pixels, and keeps the polygons that touch the scene.
    fn lay_in_crs(&mut self, place: &Place) {
        let laid =
            self.polygons.iter().filter_map(|polygon| in_pixels(polygon, |point| place.pixel_of_crs(point)));
        self.polygons = laid.filter(|polygon| touches(polygon, place)).collect();
    }

    /// The same of longitudes and latitudes; false where a part around the scene has no place in its projection.
    fn lay_on_globe(&mut self, around: Option<&Surroundings>, place: &Place) -> bool {
        let parts = self
            .polygons
            .iter()
            .flat_map(|polygon| around.map_or_else(Vec::new, |around| around.parts(polygon)));
        let parts: Vec<Polygon> = parts.collect();
        let laid = parts.iter().filter_map(|part| in_pixels(part, |point| place.pixel_of_lon_lat(point)));
        let laid: Vec<Polygon> = laid.collect();
        let is_whole = laid.len() == parts.len();
        self.polygons = laid.into_iter().filter(|polygon| touches(polygon, place)).collect();
        is_whole
    }
}

/// A polygon whose points all have a place.
fn in_pixels(Polygon(rings): &Polygon, pixel: impl Fn([f64; 2]) -> Option<[f64; 2]>) -> Option<Polygon> {
    let ring = |ring: &Vec<[f64; 2]>| ring.iter().map(|&point| pixel(point)).collect();
    rings.iter().map(ring).collect::<Option<_>>().map(Polygon)
}

/// Whether a polygon in pixels lies on the scene, as far as its width and height tell.
fn touches(Polygon(rings): &Polygon, place: &Place) -> bool {
    let size = place.size_px().map(f64::from);
    [0, 1].into_iter().all(|axis| {
        let along = || rings.iter().flatten().map(|point| point[axis]);
        along().any(|at| at > 0.0) && along().any(|at| at < size[axis])
    })
}

/// Takes the polygons of a geometry, and counts what is none.
fn gather(geometry: Geometry, polygons: &mut Vec<Polygon>) -> Result<usize, VectorError> {
    match geometry.value {
        GeometryValue::Polygon { coordinates } => polygons.push(polygon(&coordinates)?),
        GeometryValue::MultiPolygon { coordinates } => {
            for rings in &coordinates {
                polygons.push(polygon(rings)?);
            }
        }
        GeometryValue::GeometryCollection { geometries } => {
            return geometries.into_iter().map(|geometry| gather(geometry, polygons)).sum();
        }
        _ => return Ok(1),
    }
    Ok(0)
}

fn polygon(rings: &[Vec<Position>]) -> Result<Polygon, VectorError> {
    // Heights are of no use here.
    let point = |position: &Position| match position.as_slice() {
        &[x, y, ..] => Ok([x, y]),
        _ => Err(VectorError::NoGeoJson("a point has less than two numbers".into())),
    };
    let ring = |ring: &Vec<Position>| ring.iter().map(point).collect();
    rings.iter().map(ring).collect::<Result<_, _>>().map(Polygon)
}

/// Texts and numbers; what is empty says nothing.
fn texts(properties: Option<JsonObject>) -> BTreeMap<String, String> {
    let text = |value: Value| match value {
        Value::String(text) => Some(text.trim().to_string()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is_so) => Some(is_so.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    properties.into_iter().flatten().filter_map(|(name, value)| Some((name, text(value)?))).collect()
}

/// How often its outlines cross a row of the scene.
fn crossings(Polygon(rings): &Polygon, height: f64) -> f64 {
    let rows = |ring: &Vec<[f64; 2]>| {
        let ends = ring.iter().zip(ring.iter().cycle().skip(1));
        ends.map(|(a, b)| (a[1].clamp(0.0, height) - b[1].clamp(0.0, height)).abs()).sum::<f64>()
    };
    rings.iter().map(rows).sum()
}
