//! JPEG, as browsers read it: junk between segments and a missing end marker cost nothing, missing rows are seen.

use image::RgbImage;
use image::metadata::Orientation;
use tilelens_pixels::{DecodeErrors, JpegDecoder};
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;

use super::containers::JpegStructure;
use super::decode::{Decoded, check_expansion, check_size};
use super::no_data::Mask;
use super::{LEAST_DATA, Note, TileError};

const NAME: &str = "JPEG";

/// What the decoder may still read behind the data of a scan: it looks ahead, and without these bytes the last row of
/// a whole picture would seem to be missing.
const PADDING: [u8; 16] = [0; 16];

/// Behind a last interval that is full there is no restart; the decoder looks for one, and misses the last row without it.
const RESTART: [u8; 2] = [0xff, 0xd0];

const END_OF_IMAGE: [u8; 2] = [0xff, 0xd9];

/// Kinds of JPEG that few programs read.
const RESAVE: &str = "save it again as an ordinary JPEG, which every image editor does";

/// Decodes a JPEG.
pub(super) fn decode(bytes: &[u8]) -> Result<Decoded, TileError> {
    let structure = JpegStructure::read(bytes).ok_or(TileError::Truncated(NAME))?;
    if let Some(kind) = structure.rare_kind() {
        return Err(TileError::Unsupported(format!("A JPEG with {kind}"), RESAVE));
    }
    let end = structure.data_end;
    let data = &bytes[..end];
    let mut decoder = open(&[data, &END_OF_IMAGE].concat())?;
    let (width_px, height_px) = decoder.size_px().ok_or(TileError::Truncated(NAME))?;
    check_size(width_px, height_px)?;
    check_expansion(bytes.len(), 3 * u64::from(width_px) * u64::from(height_px), NAME)?;
    let stored = decoder.input_colorspace();
    let orientation =
        decoder.exif().and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms);

    let is_halved = decoder.has_halved_colour();
    let (pixels, rows) = if structure.is_progressive || structure.scans > 1 {
        let whole = !structure.is_progressive || all_scans(data, structure.scans)?;
        let pixels = if !is_halved {
            decoder.decode().map_err(failure)?
        } else if let Some(pixels) = decoder.decode_halved_colour() {
            pixels
        } else {
            open(&[data, &END_OF_IMAGE].concat())?.decode().map_err(failure)?
        };
        (pixels, if whole { height_px } else { 0 })
    } else {
        let interval = structure.restart_interval;
        let is_full = interval > 0 && decoder.units().is_some_and(|units| units.is_multiple_of(interval));
        let behind: &[u8] = if is_full && structure.has_end { &RESTART } else { &[] };
        match is_halved.then(|| whole_scan(data, behind, height_px)).flatten() {
            Some(pixels) => (pixels, height_px),
            None => single_scan(data, behind)?,
        }
    };
    let rows = rows.min(height_px);
    let missing_share = 1.0 - rows as f32 / height_px as f32;
    if missing_share > 1.0 - LEAST_DATA {
        return Err(TileError::Truncated(NAME));
    }
    let rgb = RgbImage::from_raw(width_px, height_px, pixels).ok_or(TileError::Decoder(NAME))?;

    let mut notes = Vec::new();
    let mut mask = Mask::default();
    if rows < height_px {
        let note = format!(
            "The file ends too early: the lowest {} of {height_px} rows are missing.",
            height_px - rows
        );
        notes.push(Note::Text(note));
        let row = |y| std::iter::repeat_n(y < rows, width_px as usize);
        mask = Mask((0..height_px).flat_map(row).collect());
    } else if !structure.has_end {
        notes.push(Note::Text("The end of the file is missing, but every pixel is there.".into()));
    }
    match stored {
        Some(ColorSpace::Luma) => notes.push(Note::Greyscale),
        Some(ColorSpace::CMYK | ColorSpace::YCCK) => notes.push(Note::Cmyk),
        _ => {}
    }
    Ok(Decoded { rgb, data: mask, orientation, notes })
}

/// A decoder that has read the headers.
fn open(bytes: &[u8]) -> Result<JpegDecoder, TileError> {
    let options = DecoderOptions::default()
        .set_max_width(0xffff)
        .set_max_height(0xffff)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new(bytes.to_vec(), options);
    decoder.decode_headers().map_err(failure)?;
    Ok(decoder)
}

/// Pixels of a picture in one scan, if it is whole and its colours are halved. The decoder takes the end of the image for that
/// of the scan wherever it comes, but the count of rows (DNL, ITU T.81, B.2.5) it expects nowhere else than behind the last one.
fn whole_scan(data: &[u8], behind: &[u8], height_px: u32) -> Option<Vec<u8>> {
    let [.., high, low] = height_px.to_be_bytes();
    let row_count = [0xff, 0xdc, 0, 4, high, low];
    open(&[data, behind, &PADDING, &row_count, &END_OF_IMAGE].concat()).ok()?.decode_halved_colour()
}

/// Pixels of a picture in one scan, and how many rows of it there are. The decoder, which fills a picture that ends too
/// early with grey, tells so only where it may hope for more.
fn single_scan(data: &[u8], behind: &[u8]) -> Result<(Vec<u8>, u32), TileError> {
    let mut decoder = open(&[data, behind, &PADDING].concat())?;
    decoder.set_incremental_mode(true);
    let size = decoder.output_buffer_size().ok_or(TileError::TooMuchMemory(NAME))?;
    let mut pixels = vec![0; size];
    match decoder.decode_into(&mut pixels) {
        Ok(()) => {}
        Err(error) if error.is_recoverable_eof() => {}
        Err(error) => return Err(failure(error)),
    }
    let rows = decoder.decoded_scanlines().unwrap_or(0);
    Ok((pixels, rows as u32))
}

/// Whether the last of so many scans is whole, too.
fn all_scans(data: &[u8], scans: usize) -> Result<bool, TileError> {
    let mut decoder = open(&[data, &PADDING].concat())?;
    decoder.set_incremental_mode(true);
    let size = decoder.output_buffer_size().ok_or(TileError::TooMuchMemory(NAME))?;
    match decoder.decode_into(&mut vec![0; size]) {
        Ok(()) => Ok(true),
        Err(error) if error.is_recoverable_eof() => {
            Ok(decoder.decoded_scans().is_some_and(|read| read >= scans))
        }
        Err(error) => Err(failure(error)),
    }
}

fn failure(error: DecodeErrors) -> TileError {
    if error.is_recoverable_eof() {
        return TileError::Truncated(NAME);
    }
    let detail = match error {
        DecodeErrors::FormatStatic(detail) => detail.to_owned(),
        DecodeErrors::Format(detail)
        | DecodeErrors::HuffmanDecode(detail)
        | DecodeErrors::DqtError(detail)
        | DecodeErrors::SosError(detail)
        | DecodeErrors::SofError(detail)
        | DecodeErrors::MCUError(detail) => detail.replace('\n', " "),
        DecodeErrors::ZeroError => "it has no width or no height".to_owned(),
        DecodeErrors::Unsupported(_) => "it is stored in a way that few programs read".to_owned(),
        _ => "it cannot be decoded".to_owned(),
    };
    TileError::Corrupt { format: NAME, detail }
}
