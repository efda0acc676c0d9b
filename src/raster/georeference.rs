//! Where a raster lies on Earth: GeoTIFF 1.1's tags, a world file, or GDAL's `.aux.xml` beside the image.

use super::tiff::{Directory, tags};
use super::{RasterError, Source};

/// Keys of GeoTIFF 1.1 (OGC 19-008r4).
pub(super) mod key {
    pub const MODEL_TYPE: u16 = 1024;
    pub const RASTER_TYPE: u16 = 1025;
    pub const CITATION: u16 = 1026;
    pub const GEOGRAPHIC_CRS: u16 = 2048;
    pub const GEOGRAPHIC_CITATION: u16 = 2049;
    pub const ANGULAR_UNIT: u16 = 2054;
    pub const PROJECTED_CRS: u16 = 3072;
    pub const PROJECTED_CITATION: u16 = 3073;
    pub const PROJECTION_METHOD: u16 = 3075;
    pub const LINEAR_UNIT: u16 = 3076;
    pub const LINEAR_UNIT_SIZE: u16 = 3077;
}

pub(super) const MODEL_PROJECTED: u16 = 1;
pub(super) const MODEL_GEOGRAPHIC: u16 = 2;
/// CT_Mercator of GeoTIFF's list of projections.
const METHOD_MERCATOR: u16 = 7;
pub(super) const PIXEL_IS_AREA: u16 = 1;
const PIXEL_IS_POINT: u16 = 2;
const USER_DEFINED: u16 = 32767;
// EPSG's codes of units; the first foot is the international one, the other that of the US survey.
const DEGREE: u16 = 9102;
pub(super) const METRE: u16 = 9001;
pub(super) const FOOT: u16 = 9002;
pub(super) const US_FOOT: u16 = 9003;

/// From pixels to coordinates of the CRS, in GDAL's order: `x = t[0] + t[1]·column + t[2]·row`,
/// `y = t[3] + t[4]·column + t[5]·row`. Columns and rows count from the upper left corner of the upper left pixel.
pub type Transform = [f64; 6];

/// GeoTIFF's keys, as they stand in the file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GeoKeys {
    /// Tag 34735: a header of four numbers, then four for each key.
    pub directory: Vec<u16>,
    /// Tag 34736.
    pub doubles: Vec<f64>,
    /// Tag 34737, bytes in whatever letters the writer had: the keys count them.
    pub ascii: Vec<u8>,
}

/// Where a raster lies.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Georeference {
    /// Empty where the file has none.
    pub keys: GeoKeys,
    /// Missing where nothing says it, or where only control points do.
    pub transform: Option<Transform>,
    /// Whether the file's numbers belong to points; [`Transform`] counts from corners in either case, as GDAL does.
    pub pixel_is_point: bool,
    /// Ground control points that a transform would have to be fitted to.
    pub control_points: usize,
}

impl GeoKeys {
    fn entries(&self) -> impl Iterator<Item = [u16; 4]> + '_ {
        self.directory.get(4..).unwrap_or_default().as_chunks::<4>().0.iter().copied()
    }

    /// A key whose value stands in the directory itself.
    fn short(&self, wanted: u16) -> Option<u16> {
        self.entries().find(|&[key, place, _, _]| key == wanted && place == 0).map(|[.., value]| value)
    }

    fn double(&self, wanted: u16) -> Option<f64> {
        let [.., offset] =
            self.entries().find(|&[key, place, ..]| key == wanted && place == tags::GEO_DOUBLE_PARAMS)?;
        self.doubles.get(usize::from(offset)).copied()
    }

    fn text(&self, wanted: u16) -> Option<String> {
        let [_, _, count, offset] =
            self.entries().find(|&[key, place, ..]| key == wanted && place == tags::GEO_ASCII_PARAMS)?;
        let (start, end) = (usize::from(offset), usize::from(offset) + usize::from(count));
        let text = String::from_utf8_lossy(self.ascii.get(start..end.min(self.ascii.len()))?);
        Some(text.trim_end_matches(['|', '\0']).to_owned()).filter(|text| !text.is_empty())
    }
}

impl Georeference {
    pub(super) fn read(source: &dyn Source, directory: &Directory) -> Result<Self, RasterError> {
        let mut ascii = directory.bytes(source, tags::GEO_ASCII_PARAMS)?;
        // What ends a text in C is none of it.
        ascii.truncate(ascii.len() - ascii.iter().rev().take_while(|&&byte| byte == 0).count());
        let keys = GeoKeys {
            directory: directory
                .numbers(source, tags::GEO_KEY_DIRECTORY)?
                .into_iter()
                .map(|v| v as u16)
                .collect(),
            doubles: directory.floats(source, tags::GEO_DOUBLE_PARAMS)?,
            ascii,
        };
        let pixel_is_point = keys.short(key::RASTER_TYPE) == Some(PIXEL_IS_POINT);
        let scale = directory.floats(source, tags::MODEL_PIXEL_SCALE)?;
        let ties = directory.floats(source, tags::MODEL_TIEPOINT)?;
        let matrix = directory.floats(source, tags::MODEL_TRANSFORMATION)?;
        let mut transform = match (&scale[..], &ties[..], &matrix[..]) {
            (&[across, down, ..], &[column, row, _, x, y, _], _) if across != 0.0 && down != 0.0 => {
                // GDAL takes a negative scale for a positive one: writers disagree about the sign.
                Some([x - column * across, across, 0.0, y + row * down.abs(), 0.0, -down.abs()])
            }
            (_, _, &[xx, xy, _, x, yx, yy, _, y, ..]) => Some([x, xx, xy, y, yx, yy]),
            _ => None,
        };
        if let Some([x, xx, xy, y, yx, yy]) = transform.as_mut().filter(|_| pixel_is_point) {
            *x -= (*xx + *xy) / 2.0;
            *y -= (*yx + *yy) / 2.0;
        }
        let transform = transform.filter(|transform| transform.iter().all(|value| value.is_finite()));
        let control_points = if transform.is_none() { ties.len() / 6 } else { 0 };
        Ok(Self { keys, transform, pixel_is_point, control_points })
    }

    /// What stands in an `.aux.xml` counts more than what the file says itself, as GDAL has it.
    pub(super) fn overlay(&mut self, keys: Option<GeoKeys>, transform: Option<Transform>) {
        if let Some(keys) = keys {
            // A transform counts from corners in either case; only the keys say whose the file's numbers are.
            (self.keys, self.pixel_is_point) = (keys, false);
        }
        self.transform = transform.or(self.transform);
    }

    /// The EPSG code of the CRS, where the keys name one. A projection without a code is not the geographic CRS that it
    /// is made from.
    pub fn epsg(&self) -> Option<u32> {
        let named = |wanted| self.keys.short(wanted).filter(|&code| code != 0 && code != USER_DEFINED);
        let is_projected = self.keys.short(key::MODEL_TYPE) == Some(MODEL_PROJECTED)
            || self.keys.short(key::PROJECTED_CRS).is_some();
        named(if is_projected { key::PROJECTED_CRS } else { key::GEOGRAPHIC_CRS }).map(u32::from)
    }

    /// Whether its projection is Mercator's, which enlarges whatever lies off the equator.
    pub fn is_mercator(&self) -> bool {
        self.keys.short(key::PROJECTION_METHOD) == Some(METHOD_MERCATOR)
            || matches!(self.epsg(), Some(3395 | 3832 | 3994))
    }

    /// What the file calls its CRS.
    pub fn crs_name(&self) -> Option<String> {
        let names = [key::PROJECTED_CITATION, key::CITATION, key::GEOGRAPHIC_CITATION];
        names.into_iter().find_map(|name| self.keys.text(name))
    }

    /// Whether coordinates are degrees of longitude and latitude.
    pub fn is_geographic(&self) -> bool {
        self.keys.short(key::MODEL_TYPE) == Some(MODEL_GEOGRAPHIC)
    }

    /// Metres in a unit of a projected CRS, where the keys say it.
    pub fn metres_per_unit(&self) -> Option<f64> {
        match self.keys.short(key::LINEAR_UNIT)? {
            METRE => Some(1.0),
            FOOT => Some(0.3048),
            US_FOOT => Some(1200.0 / 3937.0),
            USER_DEFINED => self.keys.double(key::LINEAR_UNIT_SIZE).filter(|&size| size > 0.0),
            _ => None,
        }
    }

    /// Whether the angles of a geographic CRS are degrees, as they are unless the keys say otherwise.
    pub fn is_in_degrees(&self) -> bool {
        self.keys.short(key::ANGULAR_UNIT).is_none_or(|unit| unit == DEGREE)
    }

    /// Width and height of a pixel, in units of the CRS.
    pub fn pixel_size(&self) -> Option<[f64; 2]> {
        self.transform.map(|[_, xx, xy, _, yx, yy]| [xx.hypot(yx), xy.hypot(yy)])
    }
}

/// The transform of a world file (`.tfw`, `.jgw` …): six lines, which count from the centre of the first pixel.
pub fn world_file(text: &str) -> Option<Transform> {
    let numbers: Vec<f64> =
        text.split_whitespace().map_while(|word| word.replace(',', ".").parse().ok()).collect();
    let &[xx, yx, xy, yy, x, y] = &numbers[..] else { return None };
    let transform = [x - (xx + xy) / 2.0, xx, xy, y - (yx + yy) / 2.0, yx, yy];
    transform.iter().all(|value| value.is_finite()).then_some(transform)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_file_counts_from_the_centre_of_the_first_pixel() {
        assert_eq!(
            world_file("10.0\n0\n0\n-10.0\n500005.0\n5399995.0\n"),
            Some([5e5, 10.0, 0.0, 5.4e6, 0.0, -10.0])
        );
        assert_eq!(world_file("10.0\n0\n0\n-10.0\n500005.0\n"), None);
        assert_eq!(world_file("a map\n"), None);
    }
}
