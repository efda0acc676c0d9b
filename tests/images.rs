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
    assert_shows_the_picture("cmyk.jpg", "JPEG", &[Note::Cmyk]);
    assert_shows_the_picture("exif-rotated.jpg", "JPEG", &[Note::Reoriented]);
    assert_shows_the_picture("animated.gif", "GIF", &[Note::Animated]);
    assert_shows_the_picture("animated.png", "PNG", &[Note::Animated]);
    assert_shows_the_picture("animated.webp", "WebP", &[Note::Animated]);
}

#[test]
fn greyscale_serves_as_three_channels() {
    let tile = fixture("grey.png").unwrap();
    assert_eq!(tile.notes, [Note::Greyscale]);
    // Luma of (40, 40, 200) by ITU-R 601, which Pillow used.
    assert!(close(pixel(&tile, 40, 16), [58; 3], 1));
}

#[test]
fn transparent_pixels_are_laid_on_white() {
    let tile = fixture("alpha.png").unwrap();
    assert_eq!(tile.notes, [Note::Transparent]);
    assert_eq!(pixel(&tile, 40, 16), [255; 3]);
    assert_eq!(pixel(&tile, 18, 28), [200, 40, 40]);
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
