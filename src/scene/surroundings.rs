//! What of a polygon on the globe lies around a scene. A longitude is the same a turn further, and what is far away has no
//! place in the scene's projection: so polygons are cut off before they are projected, and never point by point.

use super::Place;
use super::longitudes::{self, extent, near};
use super::polygons::Polygon;

type Ring = Vec<[f64; 2]>;

/// So far beyond the scene's edge polygons are kept, in degrees: their edges near it stay as they are.
const MARGIN_DEG: f64 = 1.0;

/// Points on each edge of the scene that are asked where they lie.
const STEPS: u32 = 32;

/// Half a turn, so little less that the longitude stays on its side of the scene.
const HALF_TURN_DEG: f64 = 180.0 - 1e-9;

/// The longitudes and latitudes around a scene, in degrees; longitudes may lie beyond 180.
pub(super) struct Surroundings {
    low: [f64; 2],
    high: [f64; 2],
}

impl Surroundings {
    /// Nothing where no longitude and latitude of the scene is known.
    pub fn of(place: &Place) -> Option<Self> {
        let [width, height] = place.size_px().map(f64::from);
        let [middle, _] = place.lon_lat_of_pixel([width / 2.0, height / 2.0]).ok()?;
        let border = (0..=STEPS).map(|step| f64::from(step) / f64::from(STEPS)).flat_map(|share| {
            let (x, y) = (share * width, share * height);
            [[x, 0.0], [x, height], [0.0, y], [width, y]]
        });
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        // Where the projection ends, there is nothing to be covered.
        for [lon, lat] in border.filter_map(|pixel| place.lon_lat_of_pixel(pixel).ok()) {
            let point = [near(lon, middle), lat];
            for axis in [0, 1] {
                low[axis] = low[axis].min(point[axis] - MARGIN_DEG);
                high[axis] = high[axis].max(point[axis] + MARGIN_DEG);
            }
        }
        Some(Self {
            low: [low[0].max(middle - HALF_TURN_DEG), low[1].max(-90.0)],
            high: [high[0].min(middle + HALF_TURN_DEG), high[1].min(90.0)],
        })
    }

    /// The parts of a polygon around the scene, each on a turn of its own; their longitudes go on from the scene's.
    pub fn parts(&self, Polygon(rings): &Polygon) -> Vec<Polygon> {
        let (west, east) = extent(rings.iter().flatten());
        if west > east {
            return Vec::new();
        }
        let first = ((self.low[0] - east) / 360.0).ceil() as i32;
        let last = ((self.high[0] - west) / 360.0).floor() as i32;
        let part = |turn: i32| {
            let turned =
                |ring: &Ring| ring.iter().map(|&[lon, lat]| [lon + 360.0 * f64::from(turn), lat]).collect();
            let cut = rings.iter().map(|ring| self.cut(turned(ring)));
            Polygon(cut.filter(|ring| !ring.is_empty()).collect())
        };
        (first..=last).map(part).filter(|Polygon(rings)| !rings.is_empty()).collect()
    }

    /// Cuts a ring off at the four edges, one after the other (Sutherland and Hodgman 1974).
    fn cut(&self, mut ring: Ring) -> Ring {
        for (axis, edge, sign) in
            [(0, self.low[0], 1.0), (0, self.high[0], -1.0), (1, self.low[1], 1.0), (1, self.high[1], -1.0)]
        {
            let depth = |point: [f64; 2]| sign * (point[axis] - edge);
            let mut kept = Ring::with_capacity(ring.len());
            for (&point, &next) in ring.iter().zip(ring.iter().cycle().skip(1)) {
                if depth(point) >= 0.0 {
                    kept.push(point);
                }
                if (depth(point) >= 0.0) != (depth(next) >= 0.0) {
                    let share = depth(point) / (depth(point) - depth(next));
                    let mut crossing = [0, 1].map(|axis| point[axis] + share * (next[axis] - point[axis]));
                    crossing[axis] = edge;
                    kept.push(crossing);
                }
            }
            ring = kept;
        }
        ring
    }
}

/// Lets the longitudes of a polygon run on where it leaps over the date line, and says whether it did. GeoJSON wants such
/// polygons cut there (RFC 7946, section 3.1.9), but many programs write points of either side instead. What is wider than
/// half the Earth, and narrower when it runs on, is taken for one of those; a polygon that ends at the date line was cut.
pub(super) fn run_on(Polygon(rings): &mut Polygon) -> bool {
    let (west, east) = extent(rings.iter().flatten());
    if east - west <= 180.0 || west <= -180.0 || east >= 180.0 {
        return false;
    }
    let mut running: Vec<Ring> = rings.clone();
    // A hole begins beside the outline's end, which is its beginning.
    longitudes::run_on(running.iter_mut().flatten());
    let (west, east) = extent(running.iter().flatten());
    let is_narrower = east - west < 180.0;
    if is_narrower {
        *rings = running;
    }
    is_narrower
}
