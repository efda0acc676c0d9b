//! The map as GeoTIFF: a pixel for each cell, in the CRS of the scene.

use std::borrow::Cow;
use std::io::Cursor;

use tiff::TiffResult;
use tiff::encoder::colortype::{ColorType, Gray32Float};
use tiff::encoder::compression::DeflateLevel;
use tiff::encoder::{Compression, DirectoryEncoder, TiffEncoder, TiffKind, TiffValue};
use tiff::tags::{PhotometricInterpretation, SampleFormat, Tag, Type};

use super::sidecars::escaped;
use super::{ClassMap, Place, State};

/// Where GDAL keeps what TIFF has no tag for.
const GDAL_METADATA: Tag = Tag::Unknown(42112);

/// Numbers with a palette.
struct Palette8;

impl ColorType for Palette8 {
    type Inner = u8;
    const TIFF_VALUE: PhotometricInterpretation = PhotometricInterpretation::RGBPalette;
    const BITS_PER_SAMPLE: &'static [u16] = &[8];
    const SAMPLE_FORMAT: &'static [SampleFormat] = &[SampleFormat::Uint];

    fn horizontal_predict(row: &[u8], result: &mut Vec<u8>) {
        result.extend_from_slice(row);
    }
}

/// Text in whatever letters it has: GDAL writes and reads UTF-8 there.
struct Text<'a>(&'a [u8]);

impl TiffValue for Text<'_> {
    const BYTE_LEN: u8 = 1;
    const FIELD_TYPE: Type = Type::ASCII;

    fn count(&self) -> usize {
        self.0.len() + 1
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Owned([self.0, &[0]].concat())
    }
}

/// The classes as bytes: 0 is no data, then the classes in the order of the labels, then what is undecided. Palette and
/// names are inside; GDAL reads the names from the `.aux.xml` beside it ([`super::aux_xml`]).
///
/// # Errors
///
/// None that is known: it is written into memory.
pub fn class_geotiff(map: &ClassMap, place: &Place) -> TiffResult<Vec<u8>> {
    let (mut file, grid) = (Cursor::new(Vec::new()), map.grid());
    let numbers = map.ids();
    let names = map.names();
    let colours = map.colours();
    let channel = |channel: usize| {
        (0..256_usize).map({
            let colours = &colours;
            move |id| {
                let colour = id.checked_sub(1).and_then(|index| colours.get(index));
                // Eight bits as sixteen.
                colour.map_or(0, |colour| u16::from(colour[channel]) * 257)
            }
        })
    };
    let palette: Vec<u16> = (0..3).flat_map(channel).collect();
    let items = names
        .iter()
        .enumerate()
        .map(|(index, name)| format!("<Item name=\"CLASS_{}\">{}</Item>\n", index + 1, escaped(name)));
    let metadata = items.collect::<String>() + &description("class");

    let mut encoder = encoder(&mut file)?;
    let mut image = encoder.new_image::<Palette8>(grid.columns(), grid.rows())?;
    let tags = image.encoder();
    tags.write_tag(Tag::ColorMap, &palette[..])?;
    tags.write_tag(Tag::GdalNodata, "0")?;
    write_metadata(tags, &metadata)?;
    write_place(tags, map, place)?;
    image.write_data(&numbers)?;
    Ok(file.into_inner())
}

/// The probability of each cell's class, from 0 to 1; not a number where there is no class. An undecided cell has that
/// of its most probable one.
///
/// # Errors
///
/// None that is known: it is written into memory.
pub fn confidence_geotiff(map: &ClassMap, place: &Place) -> TiffResult<Vec<u8>> {
    let (mut file, grid) = (Cursor::new(Vec::new()), map.grid());
    let has_score = |state| matches!(state, State::Classified | State::Undecided);
    let score = |cell: &super::Cell| if has_score(cell.state) { cell.score } else { f32::NAN };
    let numbers: Vec<f32> = map.cells().iter().map(score).collect();
    let mut encoder = encoder(&mut file)?;
    let mut image = encoder.new_image::<Gray32Float>(grid.columns(), grid.rows())?;
    let tags = image.encoder();
    tags.write_tag(Tag::GdalNodata, "nan")?;
    write_metadata(tags, &description("confidence"))?;
    write_place(tags, map, place)?;
    image.write_data(&numbers)?;
    Ok(file.into_inner())
}

fn encoder<W: std::io::Write + std::io::Seek>(file: W) -> TiffResult<TiffEncoder<W>> {
    Ok(TiffEncoder::new(file)?.with_compression(Compression::Deflate(DeflateLevel::Balanced)))
}

/// GDAL's name of the band.
fn description(name: &str) -> String {
    format!("<Item name=\"DESCRIPTION\" sample=\"0\" role=\"description\">{name}</Item>\n")
}

fn write_metadata<W: std::io::Write + std::io::Seek, K: TiffKind>(
    tags: &mut DirectoryEncoder<'_, W, K>,
    items: &str,
) -> TiffResult<()> {
    tags.write_tag(GDAL_METADATA, Text(format!("<GDALMetadata>\n{items}</GDALMetadata>\n").as_bytes()))
}

/// The scene's keys as they are, and the transform of the cells; nothing where the scene has no place.
fn write_place<W: std::io::Write + std::io::Seek, K: TiffKind>(
    tags: &mut DirectoryEncoder<'_, W, K>,
    map: &ClassMap,
    place: &Place,
) -> TiffResult<()> {
    let georeference = place.georeference();
    let Some([_, xx, xy, _, yx, yy]) = georeference.transform else { return Ok(()) };
    let grid = map.grid();
    let [step_x, step_y] = grid.step_px().map(f64::from);
    let (xx, xy, yx, yy) = (xx * step_x, xy * step_y, yx * step_x, yy * step_y);
    // Numbers that belong to points are placed by the middle of the first cell.
    let [column, row] = grid.corner_px([0, 0]);
    let half = if georeference.pixel_is_point { 0.5 } else { 0.0 };
    let first = place.crs_of_pixel([column + half * step_x, row + half * step_y]);
    let [x, y] = first.expect("there is a transform");
    if xy == 0.0 && yx == 0.0 && xx > 0.0 && yy < 0.0 {
        tags.write_tag(Tag::ModelPixelScaleTag, &[xx, -yy, 0.0][..])?;
        tags.write_tag(Tag::ModelTiepointTag, &[0.0, 0.0, 0.0, x, y, 0.0][..])?;
    } else {
        let matrix = [xx, xy, 0.0, x, yx, yy, 0.0, y, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0];
        tags.write_tag(Tag::ModelTransformationTag, &matrix[..])?;
    }
    let keys = &georeference.keys;
    if !keys.directory.is_empty() {
        tags.write_tag(Tag::GeoKeyDirectoryTag, &keys.directory[..])?;
    }
    if !keys.doubles.is_empty() {
        tags.write_tag(Tag::GeoDoubleParamsTag, &keys.doubles[..])?;
    }
    if !keys.ascii.is_empty() {
        tags.write_tag(Tag::GeoAsciiParamsTag, Text(&keys.ascii))?;
    }
    Ok(())
}
