//! Compressed bytes of a block → its rows.

use std::io::{Cursor, Read};

use image_webp::WebPDecoder;
use lerc::SampleData;
use tilelens_pixels::{DecodeErrors, JpegDecoder};
use weezl::BitOrder;
use weezl::decode::Configuration;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;

use super::super::RasterError;
use super::image::Image;
use super::tags::photometric;

/// What a block was compressed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// Not compressed.
    None,
    /// Runs of equal bytes (TIFF 6.0, section 9).
    PackBits,
    /// Lempel-Ziv-Welch (TIFF 6.0, section 13); blocks in the bit order of TIFF 5 are refused.
    Lzw,
    /// zlib's DEFLATE, under either of its two numbers.
    Deflate,
    /// Zstandard, as GDAL writes it.
    Zstd,
    /// JPEG with tables in the directory (TIFF Technical Note 2).
    Jpeg,
    /// WebP, as GDAL writes it: bands of 8 bits.
    WebP,
    /// Esri's Limited Error Raster Compression, with DEFLATE or Zstandard around it or without.
    Lerc,
    /// Fax in one or two dimensions (T.4): one bit a pixel.
    CcittGroup3,
    /// Fax in two dimensions (T.6): one bit a pixel.
    CcittGroup4,
}

impl Codec {
    /// By the number of the tag Compression.
    ///
    /// # Errors
    ///
    /// [`RasterError::Codec`] with the name of one that is not read.
    pub fn from_tag(number: u64) -> Result<Self, RasterError> {
        let name = match number {
            1 => return Ok(Self::None),
            3 => return Ok(Self::CcittGroup3),
            4 => return Ok(Self::CcittGroup4),
            5 => return Ok(Self::Lzw),
            7 => return Ok(Self::Jpeg),
            8 | 32946 => return Ok(Self::Deflate),
            32773 => return Ok(Self::PackBits),
            34887 => return Ok(Self::Lerc),
            50000 => return Ok(Self::Zstd),
            50001 => return Ok(Self::WebP),
            2 => "CCITT RLE",
            6 => "old-style JPEG",
            9 | 10 | 34661 => "JBIG",
            32809 => "ThunderScan",
            33003 | 33004 | 33005 | 34712 => "JPEG 2000",
            34676 | 34677 => "SGI LogLuv",
            34892 => "lossy DNG",
            34925 => "LZMA",
            50002 | 52546 => "JPEG XL",
            other => return Err(RasterError::Codec(format!("an unknown (number {other})"))),
        };
        Err(RasterError::Codec(name.into()))
    }

    /// As GDAL calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "no compression",
            Self::PackBits => "PackBits",
            Self::Lzw => "LZW",
            Self::Deflate => "Deflate",
            Self::Zstd => "ZSTD",
            Self::Jpeg => "JPEG",
            Self::WebP => "WebP",
            Self::Lerc => "LERC",
            Self::CcittGroup3 => "CCITT Group 3",
            Self::CcittGroup4 => "CCITT Group 4",
        }
    }

    /// Whether a predictor may have been at work: libtiff knows it for these alone.
    pub(super) fn is_predicted(self) -> bool {
        matches!(self, Self::Lzw | Self::Deflate | Self::Zstd)
    }
}

/// The rows of a block: `rows` times [`Image::stride`] bytes, predicted and in the file's order of bytes.
///
/// # Errors
///
/// [`RasterError`] where the bytes make no such block.
pub fn decode(image: &Image, raw: &[u8], rows: u32) -> Result<Vec<u8>, RasterError> {
    let size = image.stride() as usize * rows as usize;
    let name = image.codec.name();
    // No decoder should panic; should one do, it costs one tile natively and not the whole run.
    let decoded = std::panic::catch_unwind(|| match image.codec {
        Codec::None => raw.get(..size).map(<[u8]>::to_vec).ok_or(RasterError::CutOff),
        Codec::PackBits => unpack_bits(raw, size),
        Codec::Lzw => lzw(raw, size),
        Codec::Deflate => read_exactly(flate2::read::ZlibDecoder::new(raw), size, name),
        Codec::Zstd => zstd(raw, size),
        Codec::Jpeg => jpeg(image, raw, rows),
        Codec::WebP => webp(image, raw, rows),
        Codec::Lerc => lerc(image, raw, rows, size),
        Codec::CcittGroup3 | Codec::CcittGroup4 => ccitt(image, raw, rows),
    });
    decoded.unwrap_or(Err(RasterError::Decoder(name)))
}

fn broken(name: &str, detail: impl std::fmt::Display) -> RasterError {
    // Decoders say it in several lines, or at any length.
    let detail: String =
        detail.to_string().split_whitespace().collect::<Vec<_>>().join(" ").chars().take(120).collect();
    RasterError::damaged(format!("a block of {name}: {detail}"))
}

/// All that is asked for, or that the block ends early.
fn read_exactly(mut reader: impl Read, size: usize, name: &str) -> Result<Vec<u8>, RasterError> {
    let mut data = Vec::new();
    let read = reader.by_ref().take(size as u64).read_to_end(&mut data);
    match read {
        _ if data.len() == size => Ok(data),
        Ok(_) => Err(broken(name, "it ends too early")),
        Err(error) => Err(broken(name, error)),
    }
}

/// Runs of bytes (TIFF 6.0, section 9).
fn unpack_bits(mut raw: &[u8], size: usize) -> Result<Vec<u8>, RasterError> {
    let mut data = Vec::new();
    while data.len() < size {
        let early = || broken("PackBits", "it ends too early");
        let (&control, rest) = raw.split_first().ok_or_else(early)?;
        raw = match control as i8 {
            literal @ 0.. => {
                let (bytes, rest) = rest.split_at_checked(literal as usize + 1).ok_or_else(early)?;
                data.extend_from_slice(bytes);
                rest
            }
            -128 => rest,
            repeated => {
                let (&byte, rest) = rest.split_first().ok_or_else(early)?;
                data.resize(data.len() + 1 + usize::from(repeated.unsigned_abs()), byte);
                rest
            }
        };
    }
    data.truncate(size);
    Ok(data)
}

/// A full block is whole, whether an end code follows or not: many writers leave it out (image-tiff #395).
fn lzw(raw: &[u8], size: usize) -> Result<Vec<u8>, RasterError> {
    // Files from before 1993 pack their codes from the other end (libtiff's "compat" mode).
    if raw.len() > 1 && raw[0] == 0 && raw[1] & 1 == 1 {
        return Err(RasterError::Codec("old-style LZW".into()));
    }
    let mut decoder =
        Configuration::with_tiff_size_switch(BitOrder::Msb, 8).with_yield_on_full_buffer(true).build();
    let mut data = Vec::new();
    let mut raw = raw;
    // Grown by pieces, so that a lie about the size costs no memory.
    while data.len() < size {
        let filled = data.len();
        data.resize(size.min(filled + (1 << 20)), 0);
        let result = decoder.decode_bytes(raw, &mut data[filled..]);
        data.truncate(filled + result.consumed_out);
        raw = &raw[result.consumed_in..];
        match result.status {
            _ if data.len() == size => break,
            Ok(weezl::LzwStatus::Ok) if result.consumed_in + result.consumed_out > 0 => {}
            Ok(_) => return Err(broken("LZW", "it ends too early")),
            Err(error) => return Err(broken("LZW", error)),
        }
    }
    Ok(data)
}

fn zstd(raw: &[u8], size: usize) -> Result<Vec<u8>, RasterError> {
    let decoder = ruzstd::decoding::StreamingDecoder::new(raw).map_err(|error| broken("ZSTD", error))?;
    read_exactly(decoder, size, "ZSTD")
}

/// Pixels of an embedded picture, which may be smaller or larger than the block, as the block's rows.
fn fitted(
    image: &Image,
    rows: u32,
    mut pixels: Vec<u8>,
    width: usize,
    name: &str,
) -> Result<Vec<u8>, RasterError> {
    let rows = rows as usize;
    let samples = image.stored_in_block();
    let (from, to) = (width * samples, image.stride() as usize);
    if from < to || pixels.len() / from < rows {
        return Err(broken(name, "it is smaller than its place"));
    }
    if from > to {
        for row in 0..rows {
            pixels.copy_within(row * from..row * from + to, row * to);
        }
    }
    pixels.truncate(rows * to);
    Ok(pixels)
}

/// JPEG, whose tables may stand apart (TIFF technical note 2). A block that ends early is an error, and not grey.
fn jpeg(image: &Image, raw: &[u8], rows: u32) -> Result<Vec<u8>, RasterError> {
    let damaged = |error: DecodeErrors| broken("JPEG", error);
    if image.bits != 8 {
        return Err(RasterError::Codec(format!("JPEG of {} bits", image.bits)));
    }
    let stream = match (image.jpeg_tables.strip_suffix(&[0xff, 0xd9]), raw.strip_prefix(&[0xff, 0xd8])) {
        (Some(tables), Some(rest)) => [tables, rest].concat(),
        _ => raw.to_vec(),
    };
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(0xffff)
        .set_max_height(0xffff)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new(stream, options);
    decoder.decode_headers().map_err(damaged)?;
    let header = (decoder.size_px(), decoder.components(), decoder.input_colorspace());
    let (Some((width, height)), Some(components), Some(stored)) = header else {
        return Err(broken("JPEG", "it has no header"));
    };
    if usize::from(components) != image.stored_in_block() {
        return Err(broken("JPEG", format!("{components} bands")));
    }
    let pixels = u64::from(width) * u64::from(height);
    if pixels > u64::from(image.block_width.max(8)) * u64::from(image.block_height.max(8)) * 4 {
        return Err(broken("JPEG", "it is far larger than its place"));
    }
    // Which colours are stored is told by the directory; the decoder, which guesses, converts only what it says.
    let colours = image.photometric == photometric::RGB && image.jpeg_is_ycbcr && stored == ColorSpace::YCbCr;
    decoder.set_options(options.jpeg_set_out_colorspace(if colours { ColorSpace::RGB } else { stored }));
    let pixels = decoder.decode().map_err(damaged)?;
    fitted(image, rows, pixels, width as usize, "JPEG")
}

fn webp(image: &Image, raw: &[u8], rows: u32) -> Result<Vec<u8>, RasterError> {
    let mut decoder = WebPDecoder::new(Cursor::new(raw)).map_err(|error| broken("WebP", error))?;
    let (width, height) = decoder.dimensions();
    let size = decoder.output_buffer_size().unwrap_or(usize::MAX);
    if width > image.block_width.max(8) * 2 || height > image.block_height.max(8) * 2 {
        return Err(broken("WebP", "it is far larger than its place"));
    }
    let mut pixels = vec![0; size];
    decoder.read_image(&mut pixels).map_err(|error| broken("WebP", error))?;
    // A tile without transparency has three channels, whatever the others have.
    let pixels = match (decoder.has_alpha(), image.stored_in_block()) {
        (false, 3) | (true, 4) => pixels,
        (false, 4) => pixels.as_chunks::<3>().0.iter().flat_map(|&[r, g, b]| [r, g, b, u8::MAX]).collect(),
        (true, 3) => pixels.as_chunks::<4>().0.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect(),
        (_, samples) => return Err(broken("WebP", format!("{samples} bands"))),
    };
    fitted(image, rows, pixels, width as usize, "WebP")
}

/// LERC blobs, which GDAL may have compressed once more. What is masked becomes NaN, or zero where there is none.
fn lerc(image: &Image, raw: &[u8], rows: u32, size: usize) -> Result<Vec<u8>, RasterError> {
    let most = size + size / 2 + (1 << 16);
    let inner = |reader: &mut dyn Read| {
        let mut blob = Vec::new();
        reader.take(most as u64).read_to_end(&mut blob).map_err(|error| broken("LERC", error))?;
        Ok::<_, RasterError>(blob)
    };
    let blob = match image.lerc_inner {
        0 => raw.to_vec(),
        1 => inner(&mut flate2::read::ZlibDecoder::new(raw))?,
        2 => {
            let decoder = ruzstd::decoding::StreamingDecoder::new(raw);
            inner(&mut decoder.map_err(|error| broken("LERC", error))?)?
        }
        other => return Err(RasterError::Codec(format!("LERC with an unknown (number {other})"))),
    };
    let damaged = |error: lerc::LercError| broken("LERC", error);
    let info = lerc::decode_info(&blob).map_err(damaged)?;
    let samples = image.stored_in_block();
    if info.width != image.block_width || info.height < rows || (info.depth * info.bands) as usize != samples
    {
        return Err(broken("LERC", format!("{} × {} pixels", info.width, info.height)));
    }
    if u64::from(info.height) > u64::from(image.block_height) {
        return Err(broken("LERC", "it is larger than its place"));
    }
    let decoded = lerc::decode(&blob).map_err(damaged)?;
    let pixels = info.width as usize * info.height as usize;
    // Numbers come pixel by pixel (depth) or band by band, and so do masks.
    let by_band = decoded.bands > 1;
    if by_band && decoded.depth > 1 {
        return Err(broken("LERC", "it has bands of several numbers"));
    }
    let place = |index: usize| if by_band { index % samples * pixels + index / samples } else { index };
    let is_valid = |index: usize| {
        let mask = decoded.valid_masks.get(if by_band { index % samples } else { 0 });
        mask.or(decoded.valid_masks.first()).is_none_or(|mask| mask.is_valid(index / samples))
    };
    macro_rules! bytes {
        ($values:expr, $missing:expr) => {{
            let number = |index: usize| if is_valid(index) { $values[place(index)] } else { $missing };
            if $values.len() != pixels * samples {
                return Err(broken("LERC", "it has another size than it says"));
            }
            (0..$values.len()).flat_map(|index| number(index).to_le_bytes()).collect::<Vec<u8>>()
        }};
    }
    let mut data = match &decoded.data {
        SampleData::I8(values) => bytes!(values, 0),
        SampleData::U8(values) => bytes!(values, 0),
        SampleData::I16(values) => bytes!(values, 0),
        SampleData::U16(values) => bytes!(values, 0),
        SampleData::I32(values) => bytes!(values, 0),
        SampleData::U32(values) => bytes!(values, 0),
        SampleData::F32(values) => bytes!(values, f32::NAN),
        SampleData::F64(values) => bytes!(values, f64::NAN),
    };
    if data.len() < size {
        return Err(broken("LERC", "its numbers are of another type"));
    }
    data.truncate(size);
    Ok(data)
}

/// Fax: black and white. A one is black, which its photometric interpretation then turns.
fn ccitt(image: &Image, raw: &[u8], rows: u32) -> Result<Vec<u8>, RasterError> {
    use fax::Color;
    use fax::decoder::{decode_g3, decode_g4, pels};
    if image.bits != 1 || image.stored_in_block() != 1 {
        return Err(broken("CCITT", "numbers of more than one bit"));
    }
    if image.codec == Codec::CcittGroup3 && image.t4_options & 1 == 1 {
        return Err(RasterError::Codec("two-dimensional CCITT Group 3".into()));
    }
    let stride = image.stride() as usize;
    let mut data = Vec::new();
    let mut add_row = |changes: &[_]| {
        if data.len() < stride * rows as usize {
            let start = data.len();
            data.resize(start + stride, 0);
            for (x, colour) in pels(changes, image.block_width).enumerate() {
                if colour == Color::Black {
                    data[start + x / 8] |= 0x80 >> (x % 8);
                }
            }
        }
    };
    let bytes = raw.iter().copied();
    match image.codec {
        Codec::CcittGroup3 => decode_g3(bytes, &mut add_row),
        _ => decode_g4(bytes, image.block_width, Some(rows), &mut add_row),
    };
    if data.len() < stride * rows as usize { Err(broken("CCITT", "it ends too early")) } else { Ok(data) }
}
