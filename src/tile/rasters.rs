//! TIFF → [`Tile`], by `raster/`: a whole file, or a window of a scene.

use image::RgbImage;
use image::metadata::Orientation;

use super::decode::{Decoded, check_expansion, check_size, finish};
use super::no_data::{Mask, black_edge};
use super::{LEAST_DATA, Note, Tile, TileError};
use crate::raster::{Prepared, Raster, Rule, Stretch, Window, prepare, prepare_alike};

const NAME: &str = "TIFF";

/// A file by itself: its own numbers say what is black and what is white.
pub(super) fn decode_alone(bytes: &[u8]) -> Result<Tile, TileError> {
    whole(bytes, prepare)
}

/// Decodes the bytes of a TIFF file by a stretch that was chosen before.
pub(super) fn decode_stretched(bytes: &[u8], stretch: &Stretch) -> Result<Tile, TileError> {
    whole(bytes, |raster| prepare_alike(raster, stretch.clone()))
}

fn whole(
    bytes: &[u8],
    prepare: impl FnOnce(&mut Raster<'_>) -> Result<Prepared, crate::raster::RasterError>,
) -> Result<Tile, TileError> {
    let mut raster = Raster::open(bytes)?;
    let (width, height) = (raster.description().width, raster.description().height);
    check_size(width, height)?;
    check_expansion(bytes.len(), 3 * u64::from(width) * u64::from(height), NAME)?;
    let prepared = prepare(&mut raster)?;
    tile_of_raster(&mut raster, Window::all(width, height), &prepared)
}

/// A window of an open raster as a tile.
///
/// # Errors
///
/// [`TileError`] for blocks that cannot be read, and where too little of the window holds data.
pub fn tile_of_raster(
    raster: &mut Raster<'_>,
    window: Window,
    prepared: &Prepared,
) -> Result<Tile, TileError> {
    check_size(window.width, window.height)?;
    let picture = raster.picture(0, window, prepared)?;
    let description = raster.description();
    let mut notes: Vec<Note> = prepared.notes.iter().cloned().map(Note::Text).collect();
    let [red, green, blue] = prepared.stretch.bands;
    if red == green && green == blue && description.palette.is_empty() {
        notes.push(Note::Greyscale);
    }
    notes.extend(pages_note(description.page, description.pages).map(Note::Text));
    let mut data = Mask(picture.valid);
    if !picture.zero.is_empty() {
        let black = black_edge(&picture.zero, window.width as usize);
        if black.missing_share() > 0.0 {
            notes.push(Note::Text("What is zero in every band along the edge is taken for no data.".into()));
            data.0.iter_mut().zip(&black.0).for_each(|(data, &black)| *data &= black);
        }
    }
    notes.extend(out_of_range(&picture.rgb, &data, &prepared.stretch));
    let rgb = RgbImage::from_raw(window.width, window.height, picture.rgb).ok_or(TileError::Decoder(NAME))?;
    // A map is not turned: its georeference says where north is.
    let is_map = description.georeference.transform.is_some();
    let orientation =
        u8::try_from(description.orientation).ok().filter(|_| !is_map).and_then(Orientation::from_exif);
    let orientation = orientation.unwrap_or(Orientation::NoTransforms);
    finish(Decoded { rgb, data, orientation, notes }, NAME)
}

/// Whether so little of a window holds data that it would have no class.
///
/// # Errors
///
/// [`TileError`] for blocks that cannot be read.
pub fn holds_little(raster: &mut Raster<'_>, window: Window, prepared: &Prepared) -> Result<bool, TileError> {
    let picture = raster.picture(0, window, prepared)?;
    let zero = picture.zero.iter().filter(|&&zero| zero).count();
    let data = picture.valid.iter().filter(|&&valid| valid).count().saturating_sub(zero);
    Ok((data as f32) < LEAST_DATA * picture.valid.len() as f32)
}

/// From this share of pixels on that are only black or only white, a range that was chosen for other files may be wrong.
const LOST_SHARE: f32 = 0.5;

/// A note where the range leaves little of a tile to be seen.
pub(super) fn out_of_range(rgb: &[u8], data: &Mask, stretch: &Stretch) -> Option<Note> {
    if stretch.rule == Rule::AsIs {
        return None;
    }
    let (pixels, _) = rgb.as_chunks::<3>();
    let holds_data = |index: usize| data.0.get(index).copied().unwrap_or(true);
    let shown = pixels.iter().enumerate().filter(|(index, _)| holds_data(*index));
    let (mut all, mut lost) = (0, 0);
    for (_, pixel) in shown {
        all += 1;
        lost += usize::from(*pixel == [0; 3] || *pixel == [u8::MAX; 3]);
    }
    let share = lost as f32 / all.max(1) as f32;
    (share > LOST_SHARE).then(|| {
        Note::Text(format!(
            "{:.0} % of its pixels lie beyond the range that is shown: check the range.",
            share * 100.0
        ))
    })
}

/// Which of several pictures was taken.
fn pages_note(page: usize, pages: usize) -> Option<String> {
    match (page, pages) {
        (_, 0 | 1) => None,
        (0, pages) => Some(format!("Of {pages} pictures in the file the first is taken.")),
        (page, pages) => Some(format!(
            "Of {pages} pictures in the file number {} is taken: the first is its preview.",
            page + 1
        )),
    }
}
