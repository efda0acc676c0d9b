//! Where the pixels of a scene lie on Earth, and how large they are there.

use std::f64::consts::PI;

use proj4rs::Proj;
use proj4rs::adaptors::transform_xy;
use thiserror::Error;

use super::longitudes::{near, turned};
use crate::ErrorCode;
use crate::raster::{Description, Georeference};

/// Semi-major axis and flattening of WGS 84 and, to a tenth of a millimetre, of GRS 80.
const SEMI_MAJOR_M: f64 = 6_378_137.0;
const FLATTENING: f64 = 1.0 / 298.257_223_563;

/// How far there and back may be off, in degrees: less than a metre.
const THERE_AND_BACK_DEG: f64 = 1e-6;

/// What is said where there is no longitude and latitude.
const REPROJECT: &str = "longitude and latitude are known for UTM, Web Mercator and geographic CRSs; `gdalwarp -t_srs EPSG:4326` makes those";

/// A scene's place on Earth.
pub struct Place {
    georeference: Georeference,
    size_px: [u32; 2],
    surface: Surface,
    lon_lat: LonLat,
}

/// What a unit of the CRS is on the ground.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Surface {
    /// Nothing says it.
    Unknown,
    /// A plane of so many metres a unit.
    Plane {
        metres: f64,
    },
    Degrees,
    WebMercator,
    /// Mercator's projection of another kind: a unit is shorter on the ground by an amount that is not known here.
    Mercator,
}

/// The way to longitude and latitude.
enum LonLat {
    Unknown,
    AsIs,
    By(Box<[Proj; 2]>),
}

/// Why a point has no longitude and latitude.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum PlaceError {
    /// There is no CRS, no transform, or a CRS that is not known here.
    #[error("{0}")]
    Unknown(String),
    /// Beyond what the projection is defined for.
    #[error("the scene reaches beyond the part of the Earth that its CRS is for, near x {0}, y {1}")]
    Beyond(f64, f64),
}

impl ErrorCode for PlaceError {
    fn code(&self) -> &'static str {
        "scene.place"
    }
}

impl Place {
    /// The place of a raster.
    pub fn of(description: &Description) -> Self {
        let georeference = description.georeference.clone();
        let size_px = [description.width, description.height];
        let known = known_crs(&georeference);
        let surface = match &known {
            _ if georeference.transform.is_none() => Surface::Unknown,
            Some(Known::Geographic) => Surface::Degrees,
            Some(Known::WebMercator) => Surface::WebMercator,
            Some(Known::Utm { .. }) => {
                Surface::Plane { metres: georeference.metres_per_unit().unwrap_or(1.0) }
            }
            None if georeference.is_geographic() && georeference.is_in_degrees() => Surface::Degrees,
            None if georeference.is_geographic() => Surface::Unknown,
            None if georeference.is_mercator() => Surface::Mercator,
            None => {
                georeference.metres_per_unit().map_or(Surface::Unknown, |metres| Surface::Plane { metres })
            }
        };
        let projection = |from: String, to: &str| {
            let pair = [Proj::from_proj_string(&from), Proj::from_proj_string(to)];
            match pair {
                [Ok(from), Ok(to)] => LonLat::By(Box::new([from, to])),
                _ => LonLat::Unknown,
            }
        };
        let lon_lat = match known.filter(|_| georeference.transform.is_some()) {
            None => LonLat::Unknown,
            Some(Known::Geographic) => LonLat::AsIs,
            // A sphere there and back: Web Mercator takes the latitudes of the ellipsoid for those of a sphere.
            Some(Known::WebMercator) => projection(
                "+proj=merc +a=6378137 +b=6378137 +lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +k=1 +units=m +no_defs"
                    .into(),
                "+proj=longlat +a=6378137 +b=6378137 +no_defs",
            ),
            Some(Known::Utm { zone, south, ellipsoid }) => projection(
                format!(
                    "+proj=utm +zone={zone} {}+ellps={ellipsoid} +units=m +no_defs",
                    if south { "+south " } else { "" }
                ),
                &format!("+proj=longlat +ellps={ellipsoid} +no_defs"),
            ),
        };
        Self { georeference, size_px, surface, lon_lat }
    }

    /// What the file says of its place.
    pub fn georeference(&self) -> &Georeference {
        &self.georeference
    }

    /// Width and height in pixels.
    pub fn size_px(&self) -> [u32; 2] {
        self.size_px
    }

    /// The point of the CRS at a pixel; nothing where the scene has no place.
    pub fn crs_of_pixel(&self, [column, row]: [f64; 2]) -> Option<[f64; 2]> {
        let [x, xx, xy, y, yx, yy] = self.georeference.transform?;
        Some([x + xx * column + xy * row, y + yx * column + yy * row])
    }

    /// Longitude and latitude in degrees at a pixel, the longitude as the projection gives it.
    ///
    /// # Errors
    ///
    /// [`PlaceError`] saying why there is none.
    pub fn lon_lat_of_pixel(&self, pixel: [f64; 2]) -> Result<[f64; 2], PlaceError> {
        self.lon_lat_of_crs(self.crs_of_pixel(pixel).ok_or_else(|| PlaceError::Unknown(self.missing()))?)
    }

    /// [`Place::lon_lat_of_pixel`] as people write it: the longitude from −180 to 180.
    pub fn lon_lat_written(&self, pixel: [f64; 2]) -> Option<[f64; 2]> {
        self.lon_lat_of_pixel(pixel).ok().map(|[lon, lat]| [turned(lon), lat])
    }

    fn lon_lat_of_crs(&self, [x, y]: [f64; 2]) -> Result<[f64; 2], PlaceError> {
        let found = match &self.lon_lat {
            LonLat::Unknown => return Err(PlaceError::Unknown(self.missing())),
            LonLat::AsIs => Some([x, y]),
            LonLat::By(projections) => {
                let [from, to] = &**projections;
                transform_xy(from, to, x, y).ok().map(|(lon, lat)| [lon.to_degrees(), lat.to_degrees()])
            }
        };
        let is_on_earth = |[lon, lat]: &[f64; 2]| lon.abs() <= 720.0 && lat.abs() <= 90.0 + 1e-9;
        found.filter(is_on_earth).ok_or(PlaceError::Beyond(x, y))
    }

    /// The pixel at a point of the CRS, the inverse of [`Place::crs_of_pixel`].
    pub fn pixel_of_crs(&self, [x, y]: [f64; 2]) -> Option<[f64; 2]> {
        let [x0, xx, xy, y0, yx, yy] = self.georeference.transform?;
        let determinant = xx * yy - xy * yx;
        let [x, y] = [x - x0, y - y0];
        let pixel = [(x * yy - y * xy) / determinant, (y * xx - x * yx) / determinant];
        pixel.iter().all(|place| place.is_finite()).then_some(pixel)
    }

    /// The pixel at a longitude and latitude in degrees, the inverse of [`Place::lon_lat_of_pixel`]; nothing where they
    /// are not known, or so far away that the CRS has no place for it. A longitude is the same a turn further.
    pub fn pixel_of_lon_lat(&self, [lon, lat]: [f64; 2]) -> Option<[f64; 2]> {
        let [middle, _] = self.lon_lat_of_pixel(self.size_px.map(|side| f64::from(side) / 2.0)).ok()?;
        let lon = near(lon, middle);
        let [x, y] = match &self.lon_lat {
            LonLat::Unknown => return None,
            LonLat::AsIs => [lon, lat],
            LonLat::By(projections) => {
                let [crs, lon_lat] = &**projections;
                let (x, y) = transform_xy(lon_lat, crs, lon.to_radians(), lat.to_radians()).ok()?;
                // Where a projection ends, some formulas go on, and lay the point somewhere else.
                let back = self.lon_lat_of_crs([x, y]).ok()?;
                let is_there = (back[0] - lon).abs().max((back[1] - lat).abs()) <= THERE_AND_BACK_DEG;
                is_there.then_some([x, y])?
            }
        };
        self.pixel_of_crs([x, y])
    }

    /// Whether longitude and latitude can be computed.
    pub fn has_lon_lat(&self) -> bool {
        !matches!(self.lon_lat, LonLat::Unknown)
    }

    /// Width and height of a pixel in the middle of the scene, in metres.
    pub fn pixel_m(&self) -> Option<[f64; 2]> {
        let [_, xx, xy, _, yx, yy] = self.georeference.transform?;
        let [across, down] = self.metres_a_unit(self.size_px.map(|side| f64::from(side) / 2.0))?;
        Some([(xx * across).hypot(yx * down), (xy * across).hypot(yy * down)])
    }

    /// The area of `width × height` pixels around a pixel, in square metres: in the plane of a projection, on the
    /// ellipsoid for degrees and for Web Mercator, which enlarges all but the equator.
    pub fn area_m2(&self, middle_px: [f64; 2], size_px: [u32; 2]) -> Option<f64> {
        let [_, xx, xy, _, yx, yy] = self.georeference.transform?;
        let [across, down] = self.metres_a_unit(middle_px)?;
        let pixel = (xx * yy - xy * yx).abs() * across * down;
        Some(pixel * f64::from(size_px[0]) * f64::from(size_px[1]))
    }

    /// Metres on the ground in a unit of x and of y, around a pixel.
    fn metres_a_unit(&self, pixel: [f64; 2]) -> Option<[f64; 2]> {
        match self.surface {
            Surface::Unknown | Surface::Mercator => None,
            Surface::Plane { metres } => Some([metres; 2]),
            Surface::Degrees => {
                let [_, latitude] = self.crs_of_pixel(pixel)?;
                Some(metres_a_radian(latitude.to_radians()).map(|metres| metres * PI / 180.0))
            }
            Surface::WebMercator => {
                let [_, y] = self.crs_of_pixel(pixel)?;
                let latitude = (y / SEMI_MAJOR_M).sinh().atan();
                let [east, north] = metres_a_radian(latitude);
                Some([east / SEMI_MAJOR_M, north * latitude.cos() / SEMI_MAJOR_M])
            }
        }
    }

    /// What a person should know of the place: what is missing, and what was taken for granted.
    pub fn notes(&self) -> Vec<String> {
        let place = &self.georeference;
        let mut notes = Vec::new();
        if !self.has_lon_lat() {
            notes.push(capital(&self.missing()));
        }
        let Some([_, xx, xy, _, yx, yy]) = place.transform else { return notes };
        match self.surface {
            Surface::Unknown => {
                notes.push("Areas are counted in cells: nothing says how long a unit is.".into())
            }
            Surface::Plane { .. } if self.has_lon_lat() => {}
            Surface::Plane { .. } => notes.push(
                "Areas and lengths are measured in the plane of its CRS: where that enlarges, so do they.".into(),
            ),
            Surface::Mercator => notes.push(
                "Areas are counted in cells: its projection is Mercator's, which enlarges them the more the further they lie from the equator."
                    .into(),
            ),
            Surface::Degrees => {
                notes.push("Areas are those on the ellipsoid: the scene is in degrees.".into())
            }
            Surface::WebMercator => {
                notes.push("Areas are those on the ellipsoid: Web Mercator enlarges them.".into());
            }
        }
        if xy != 0.0 || yx != 0.0 {
            notes.push("The scene is turned or sheared, and so are the cells of the map.".into());
        } else if yy > 0.0 {
            notes.push("The scene has south at its top, and so has the map.".into());
        } else if xx < 0.0 {
            notes.push("The scene is mirrored, and so is the map.".into());
        }
        let is_wgs_84 =
            matches!(place.epsg(), Some(4326 | 4979 | 3857 | 3785 | 32601..=32660 | 32701..=32760));
        if self.has_lon_lat() && !is_wgs_84 {
            notes.push(
                "Its datum is taken for WGS 84 where longitude and latitude are written: they differ by two metres at most."
                    .into(),
            );
        }
        notes
    }

    /// Why there is no longitude and latitude.
    fn missing(&self) -> String {
        let place = &self.georeference;
        match (place.transform, place.control_points, place.epsg(), place.crs_name()) {
            (None, 0, ..) => {
                "the scene does not say where it lies, so that the map is in pixels: no GeoJSON, no areas".into()
            }
            (None, points, ..) => format!(
                "the scene has {points} control points and no transform, so that the map is in pixels: `gdalwarp in.tif out.tif` puts it in its place"
            ),
            (_, _, Some(epsg), _) => format!("EPSG:{epsg} is not known here, so that there is no GeoJSON: {REPROJECT}"),
            (_, _, None, Some(name)) => {
                format!("the CRS \"{name}\" is not known here, so that there is no GeoJSON: {REPROJECT}")
            }
            (_, _, None, None) => {
                "the scene does not say its CRS, and it is not guessed, so that there is no GeoJSON: `gdal_edit.py -a_srs EPSG:32633 scene.tif` tells it".into()
            }
        }
    }
}

/// A CRS whose longitudes and latitudes are known.
enum Known {
    Geographic,
    WebMercator,
    Utm { zone: u32, south: bool, ellipsoid: &'static str },
}

/// By EPSG's code alone; names are too many. Beside WGS 84 those datums that stay within two metres of it.
fn known_crs(place: &Georeference) -> Option<Known> {
    let utm = |zone: u32, south: bool, ellipsoid| Some(Known::Utm { zone, south, ellipsoid });
    let is_metric = place.metres_per_unit().is_none_or(|metres| metres == 1.0);
    match place.epsg()? {
        // WGS 84, its three-dimensional twin, ETRS89, NAD83, SIRGAS 2000, GDA94, GDA2020.
        4326 | 4979 | 4258 | 4269 | 4674 | 4283 | 7844 => place.is_in_degrees().then_some(Known::Geographic),
        _ if !is_metric => None,
        3857 | 3785 => Some(Known::WebMercator),
        code @ 32601..=32660 => utm(code - 32600, false, "WGS84"),
        code @ 32701..=32760 => utm(code - 32700, true, "WGS84"),
        // ETRS89, NAD83, SIRGAS 2000, GDA94 and GDA2020.
        code @ 25828..=25838 => utm(code - 25800, false, "GRS80"),
        code @ 26901..=26923 => utm(code - 26900, false, "GRS80"),
        code @ 31965..=31976 => utm(code - 31954, false, "GRS80"),
        code @ 31977..=31985 => utm(code - 31960, true, "GRS80"),
        code @ 28348..=28358 => utm(code - 28300, true, "GRS80"),
        code @ 7846..=7859 => utm(code - 7800, true, "GRS80"),
        _ => None,
    }
}

/// Metres in a radian of longitude and of latitude, on the ellipsoid.
fn metres_a_radian(latitude: f64) -> [f64; 2] {
    let squared_eccentricity = FLATTENING * (2.0 - FLATTENING);
    let root = 1.0 - squared_eccentricity * latitude.sin().powi(2);
    let prime_vertical = SEMI_MAJOR_M / root.sqrt();
    [prime_vertical * latitude.cos(), prime_vertical * (1.0 - squared_eccentricity) / root]
}

/// With a capital at its beginning and a full stop at its end.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str())
}
