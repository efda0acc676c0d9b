//! What happens to each kind of file that a user may drop.

#[allow(dead_code, reason = "the makers of hostile images are not all used here")]
mod hostile;

use std::path::Path;

use hostile::png::{self, Header};
use tilelens::ErrorCode;
use tilelens::tile::{Note, Tile, TileError, decode};

fn fixture(name: &str) -> Result<Tile, TileError> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/images").join(name);
    decode(&std::fs::read(path).unwrap())
}

/// Whether two colours are the same but for what lossy formats change.
fn close(found: &[u8], expected: [u8; 3], tolerance: u8) -> bool {
    found.iter().zip(expected).all(|(&a, b)| a.abs_diff(b) <= tolerance)
}

fn pixel(tile: &Tile, x: u32, y: u32) -> &[u8] {
    let start = ((y * tile.width_px + x) * 3) as usize;
    &tile.rgb[start..start + 3]
}

/// Every good fixture shows one picture: red left, blue right, yellow in the top-left corner.
#[track_caller]
fn assert_shows_the_picture(name: &str, format: &str, notes: &[Note]) {
    let tile = fixture(name).unwrap();
    assert_eq!((tile.width_px, tile.height_px), (48, 32), "{name}");
    assert_eq!((tile.format, tile.notes.as_slice()), (format, notes), "{name}");
    // CMYK without a profile lands a good way off; the others are exact or JPEG at quality 95.
    let tolerance = if notes.contains(&Note::Cmyk) { 24 } else { 6 };
    for (x, y, expected) in [(4, 4, [240, 240, 80]), (18, 28, [200, 40, 40]), (40, 16, [40, 40, 200])] {
        let found = pixel(&tile, x, y);
        assert!(close(found, expected, tolerance), "{name} at {x}, {y}: {found:?}, not {expected:?}");
    }
}

#[test]
fn every_format_shows_the_same_picture() {
    assert_shows_the_picture("rgb.jpg", "JPEG", &[]);
    assert_shows_the_picture("rgb.png", "PNG", &[]);
    assert_shows_the_picture("rgb.webp", "WebP", &[]);
    assert_shows_the_picture("rgb.bmp", "BMP", &[]);
    assert_shows_the_picture("rgb.tiff", "TIFF", &[]);
    assert_shows_the_picture("palette.png", "PNG", &[]);
    assert_shows_the_picture("palette.gif", "GIF", &[]);
    assert_shows_the_picture("deep.png", "PNG", &[Note::DeepChannels]);
    assert_shows_the_picture("progressive.jpg", "JPEG", &[]);
    assert_shows_the_picture("cmyk.jpg", "JPEG", &[Note::Cmyk]);
    assert_shows_the_picture("exif-rotated.jpg", "JPEG", &[Note::Reoriented]);
    assert_shows_the_picture("animated.gif", "GIF", &[Note::Animated]);
    assert_shows_the_picture("animated.png", "PNG", &[Note::Animated]);
    assert_shows_the_picture("animated.webp", "WebP", &[Note::Animated]);
}

/// The decoders' transforms differ by a level here and there. Rounded twice, colours differ by a quarter of a level in the mean.
#[test]
fn colours_between_the_columns_of_a_jpeg_are_those_of_libjpeg_turbo() {
    for name in ["chroma-420", "chroma-422", "chroma-progressive", "chroma-restarts"] {
        let [tile, expected] =
            [fixture(&format!("{name}.jpg")).unwrap(), fixture(&format!("{name}.png")).unwrap()];
        assert_eq!((tile.width_px, tile.height_px, tile.notes.as_slice()), (61, 47, &[][..]), "{name}");
        let differences = tile.rgb.iter().zip(&expected.rgb).map(|(&a, &b)| u32::from(a.abs_diff(b)));
        let (sum, most) = differences.fold((0, 0), |(sum, most), one| (sum + one, most.max(one)));
        let mean = f64::from(sum) / tile.rgb.len() as f64;
        assert!(mean < 0.05 && most <= 3, "{name}: {mean} levels in the mean, {most} at most");
    }
}

#[test]
fn greyscale_serves_as_three_channels() {
    for name in ["grey.png", "grey.jpg"] {
        let tile = fixture(name).unwrap();
        assert_eq!(tile.notes, [Note::Greyscale]);
        // Luma of (40, 40, 200) by ITU-R 601, which Pillow used.
        assert!(close(pixel(&tile, 40, 16), [58; 3], 1), "{name}");
    }
}

#[test]
fn transparent_pixels_hold_no_data_and_are_filled_from_the_other_side() {
    let tile = fixture("alpha.png").unwrap();
    assert_eq!(tile.notes, [Note::NoData { share: 0.5 }]);
    assert_eq!(tile.no_data_share(), 0.5);
    assert_eq!(pixel(&tile, 18, 28), [200, 40, 40]);
    // Mirrored: red, and yellow in the upper corner.
    assert_eq!((pixel(&tile, 40, 20), pixel(&tile, 40, 4)), (&[200, 40, 40][..], &[240, 240, 80][..]));
}

fn png_of(image: image::DynamicImage) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn notes(tile: &Tile) -> String {
    tile.notes.iter().map(|note| note.sentence().into_owned()).collect::<Vec<_>>().join("\n")
}

#[test]
fn opacity_that_can_be_none_is_left_out() {
    for alpha in [0, 1, 128] {
        let picture =
            image::RgbaImage::from_fn(32, 32, |x, y| image::Rgba([8 * x as u8, 8 * y as u8, 90, alpha]));
        let tile = decode(&png_of(picture.into())).unwrap();
        assert!(notes(&tile).contains("opacity is left out"), "{alpha}: {}", notes(&tile));
        assert_eq!(pixel(&tile, 20, 10), [160, 80, 90]);
    }
    let nothing = image::RgbaImage::new(32, 32);
    assert_eq!(decode(&png_of(nothing.into())).unwrap_err(), TileError::NoData { share: 1.0 });
}

#[test]
fn a_black_edge_is_no_data_and_a_black_lake_is_ground() {
    let is_edge = |x: u32, y: u32| x + y < 30;
    let is_lake = |x: u32, y: u32| (40..50).contains(&x) && (40..50).contains(&y);
    let picture = image::RgbImage::from_fn(64, 64, |x, y| {
        image::Rgb(if is_edge(x, y) || is_lake(x, y) { [0; 3] } else { [90, 120, 3 * y as u8] })
    });
    let tile = decode(&png_of(picture.into())).unwrap();
    assert!(notes(&tile).contains("along the edge"), "{}", notes(&tile));
    assert_ne!(pixel(&tile, 3, 3), [0; 3]);
    assert_eq!(pixel(&tile, 45, 45), [0; 3]);
}

#[test]
fn sixteen_bits_that_fill_little_of_their_range_are_stretched() {
    let dark = image::ImageBuffer::from_fn(64, 64, |x, y| {
        image::Rgb([120 + 40 * x as u16, 300 + 20 * y as u16, 500 + x as u16])
    });
    let tile = decode(&png_of(image::DynamicImage::ImageRgb16(dark))).unwrap();
    assert!(notes(&tile).contains("the middle 96 % of them"), "{}", notes(&tile));
    assert_eq!([pixel(&tile, 0, 0)[0], pixel(&tile, 63, 63)[0]], [0, 255]);
}

/// The end marker of a JPEG is its last two bytes.
fn without_end(bytes: &[u8]) -> Vec<u8> {
    bytes[..bytes.len() - 2].to_vec()
}

fn image_bytes(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/images").join(name)).unwrap()
}

#[test]
fn a_jpeg_that_lacks_only_its_end_is_whole() {
    for name in ["rgb.jpg", "progressive.jpg", "noise.jpg"] {
        let (whole, bytes) = (fixture(name).unwrap(), image_bytes(name));
        let trailer = [&without_end(&bytes)[..], b"SEFT vendor's trailer"].concat();
        for cut in [without_end(&bytes), bytes[..bytes.len() - 1].to_vec(), trailer] {
            let tile = decode(&cut).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(tile.rgb, whole.rgb, "{name}");
            assert!(notes(&tile).contains("every pixel is there"), "{name}: {}", notes(&tile));
        }
    }
}

#[test]
fn missing_rows_of_a_jpeg_are_seen_whether_it_has_an_end_marker_or_not() {
    let bytes = image_bytes("noise.jpg");
    let cut = |share: f64, ending: &[u8]| {
        decode(&[&bytes[..(bytes.len() as f64 * share) as usize], ending].concat())
    };
    for ending in [&b""[..], b"\xff\xd9"] {
        assert_eq!(cut(0.4, ending).unwrap_err().code(), "image.truncated");
        let tile = cut(0.9, ending).unwrap();
        assert!((0.05..0.25).contains(&tile.no_data_share()), "{}", tile.no_data_share());
        assert!(notes(&tile).contains("rows are missing"), "{}", notes(&tile));
    }
    let bytes = image_bytes("progressive.jpg");
    let half = [&bytes[..bytes.len() * 2 / 3], b"\xff\xd9"].concat();
    assert_eq!(decode(&half).unwrap_err().code(), "image.truncated");
}

#[test]
fn junk_between_the_segments_of_a_jpeg_is_skipped() {
    let bytes = image_bytes("rgb.jpg");
    let whole = fixture("rgb.jpg").unwrap();
    // Behind the first segment, whose length follows its marker.
    let second = 4 + usize::from(u16::from_be_bytes([bytes[4], bytes[5]]));
    for junk in [&b"\0\0\0\0"[..], b"junk!", b"\xff\xff\xff"] {
        let tile = decode(&[&bytes[..second], junk, &bytes[second..]].concat()).unwrap();
        assert_eq!(tile, whole, "{junk:?}");
    }
}

#[test]
fn a_jpeg_with_a_scan_for_each_component_is_not_green() {
    let (one, other) = (fixture("one-scan-a-component.jpg").unwrap(), fixture("interleaved.jpg").unwrap());
    assert_eq!(one, other);
}

#[test]
fn rare_kinds_of_jpeg_are_called_by_their_names() {
    let bytes = image_bytes("rgb.jpg");
    let frame = bytes.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    let changed = |at: usize, value: u8| {
        let mut bytes = bytes.clone();
        bytes[frame + at] = value;
        let error = decode(&bytes).unwrap_err();
        assert_eq!(error.code(), "image.unsupported");
        error.to_string()
    };
    assert!(changed(1, 0xc9).contains("arithmetic coding"));
    assert!(changed(1, 0xc3).contains("lossless coding"));
    assert!(changed(4, 12).contains("12 bits"));
}

#[test]
fn damage_beside_the_pixels_of_a_png_is_passed_over_as_in_a_browser() {
    let bytes = image_bytes("rgb.png");
    let whole = fixture("rgb.png").unwrap();
    let text = png::chunk(b"tEXt", b"Comment\0a comment");
    let mut broken = text.clone();
    *broken.last_mut().unwrap() ^= 1;
    let with = |chunk: &[u8]| [&bytes[..33], chunk, &bytes[33..]].concat();
    let end = bytes.len() - 12;
    let mut wrong_end = bytes.clone();
    *wrong_end.last_mut().unwrap() ^= 1;
    for damaged in [with(&broken), bytes[..end].to_vec(), wrong_end, bytes[..end + 5].to_vec()] {
        let tile = decode(&damaged).unwrap();
        assert_eq!(tile.rgb, whole.rgb);
        assert!(notes(&tile).contains("left out"), "{}", notes(&tile));
    }
    for good in [with(&text), [&bytes[..], b"trailing"].concat()] {
        assert_eq!(decode(&good).unwrap(), whole);
    }
}

#[test]
fn a_webp_is_turned_whether_its_exif_has_a_prefix_or_not() {
    let bytes = image_bytes("rgb.webp");
    // TIFF, one tag: orientation (0x0112), a short, 6: turn by 90 degrees.
    let exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let chunk = |name: &[u8; 4], data: &[u8]| {
        let mut chunk = [&name[..], &(data.len() as u32).to_le_bytes(), data].concat();
        chunk.resize(chunk.len().next_multiple_of(2), 0);
        chunk
    };
    for prefix in [&b""[..], b"Exif\0\0"] {
        // The extended header: EXIF is there; width and height less one.
        let header = chunk(b"VP8X", &[8, 0, 0, 0, 47, 0, 0, 31, 0, 0]);
        let body = [&b"WEBP"[..], &header, &bytes[12..], &chunk(b"EXIF", &[prefix, exif].concat())].concat();
        let tile = decode(&chunk(b"RIFF", &body)).unwrap();
        assert_eq!((tile.width_px, tile.height_px), (32, 48));
        assert_eq!(tile.notes, [Note::Reoriented]);
    }
}

#[test]
fn each_bad_file_has_an_error_of_its_own() {
    let code = |name| fixture(name).unwrap_err().code();
    assert_eq!(code("empty.jpg"), "image.empty");
    assert_eq!(code("not-an-image.jpg"), "image.unsupported");
    assert_eq!(code("photo.heic"), "image.unsupported");
    assert_eq!(code("document.pdf"), "image.unsupported");
    assert_eq!(code("truncated.jpg"), "image.truncated");
    assert_eq!(code("truncated.png"), "image.truncated");
    assert_eq!(code("damaged.png"), "image.corrupt");
    assert_eq!(code("one-pixel.png"), "image.too_small");
    assert_eq!(code("huge.png"), "image.too_large");
}

#[test]
fn an_unsupported_file_is_called_by_its_name() {
    let message = |name| fixture(name).unwrap_err().to_string();
    assert!(message("photo.heic").starts_with("A HEIC photo"));
    assert!(message("document.pdf").starts_with("A PDF document"));
    let named = |bytes: &[u8]| decode(bytes).unwrap_err().to_string();
    let jpeg_2000 = named(b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\0");
    assert!(
        jpeg_2000.starts_with("A JPEG 2000 image") && jpeg_2000.contains("gdal_translate"),
        "{jpeg_2000}"
    );
    assert!(named(b"\0\0\0\x0cJXL \r\n\x87\n").starts_with("A JPEG XL image"));
    assert!(named(b"\0\0\0\x1cftypavif\0\0\0\0").starts_with("An AVIF image"));
}

/// Found by the hostile images: the decoder would panic at it, which ends the whole engine in a browser.
#[test]
fn a_palette_that_is_none_is_damage() {
    for length in [1, 2, 767, 769, 771] {
        let header = Header { width: 16, height: 16, depth: 8, colour: 3, interlace: 0 };
        let data = png::chunk(b"IDAT", &png::zeros(header.data_bytes()));
        let file = png::file(header, &[png::chunk(b"PLTE", &vec![0; length]), data]);
        assert_eq!(decode(&file).unwrap_err().code(), "image.corrupt", "{length} bytes");
    }
}

/// Found by fuzzing: to see whether there is a second frame, four gigabytes were allocated for it.
#[test]
fn a_second_frame_of_any_size_costs_nothing() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/images/animated.gif");
    let mut file = std::fs::read(path).unwrap();
    // Descriptors: a comma, four zeros for the place, width, height.
    let second = file.windows(5).enumerate().filter(|(_, start)| start == b",\0\0\0\0").nth(1).unwrap().0;
    file[second + 5..second + 9].fill(0xff);
    let tile = decode(&file).unwrap();
    assert_eq!(tile.notes, [Note::Animated]);
}
