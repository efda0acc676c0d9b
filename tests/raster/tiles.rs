//! Rasters as tiles: which bands, which range, what is no data, and what is said about it.

use tilelens::raster::{Preparation, Range, Raster, Rule, Stretch, prepare};
use tilelens::tile::{Note, Reader, Tile, TileError, Together, decode, decode_stretched, reader_of};

use super::fixtures::fixture;

fn tile(name: &str) -> Tile {
    decode(&fixture(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn notes(tile: &Tile) -> String {
    tile.notes.iter().map(|note| note.sentence().into_owned()).collect::<Vec<_>>().join("\n")
}

#[test]
fn eight_bits_are_colours_as_they_are() {
    let tile = tile("jpeg-ycbcr.tif");
    assert_eq!((tile.format, tile.notes.as_slice()), ("TIFF", &[][..]));
}

#[test]
fn deeper_numbers_are_stretched_over_the_file_and_that_is_said() {
    let tile = tile("int16.tif");
    let mut levels: Vec<u8> = tile.rgb.as_chunks::<3>().0.iter().map(|&[grey, ..]| grey).collect();
    levels.sort_unstable();
    let share = |level| levels.iter().filter(|&&found| found == level).count() as f64 / levels.len() as f64;
    // Two hundredths of the numbers at either end are black and white.
    assert!(
        (0.01..0.04).contains(&share(0)) && (0.01..0.04).contains(&share(255)),
        "{} {}",
        share(0),
        share(255)
    );
    assert!(notes(&tile).contains("the middle 96 % of them"), "{}", notes(&tile));
    assert!(tile.notes.contains(&Note::Greyscale));
}

#[test]
fn every_type_of_number_makes_the_same_picture() {
    // The fixtures hold the same hills over the range of each type.
    let reference = tile("uint16.tif");
    for name in [
        "int8.tif",
        "int16.tif",
        "uint32.tif",
        "int32.tif",
        "uint64.tif",
        "int64.tif",
        "float32.tif",
        "float64.tif",
        "float16.tif",
        "bits-12.tif",
    ] {
        let found = tile(name);
        let apart = found.rgb.iter().zip(&reference.rgb).map(|(&a, &b)| a.abs_diff(b)).max().unwrap();
        assert!(apart <= 3, "{name} is {apart} levels from uint16.tif");
    }
}

#[test]
fn bands_are_chosen_by_what_the_file_says_and_else_by_their_number() {
    for (name, bands, words) in [
        ("sentinel-2.tif", [4, 3, 2], "Sentinel-2"),
        ("named.tif", [3, 2, 1], "their names"),
        ("planet.tif", [3, 2, 1], "blue, green, red and near infrared"),
        ("bgr.tif", [3, 2, 1], ""),
        ("four-bands.tif", [1, 2, 3], "Band 4 is left out"),
        ("deflate-tiles-band.tif", [1, 2, 3], "does not say"),
        ("palette.tif", [1, 1, 1], "palette"),
    ] {
        let bytes = fixture(name);
        let prepared = prepare(&mut Raster::open(&bytes[..]).unwrap()).unwrap();
        assert_eq!(prepared.stretch.bands, bands, "{name}");
        assert!(
            prepared.notes.iter().any(|note| note.contains(words)) || words.is_empty(),
            "{name}: {:?}",
            prepared.notes
        );
    }
}

#[test]
fn infrared_is_not_opacity_whatever_a_file_calls_it() {
    let marked = tile("infrared-as-alpha.tif");
    assert_eq!(marked.rgb, tile("four-bands.tif").rgb);
    assert!(notes(&marked).contains("marked as opacity"), "{}", notes(&marked));
    assert_eq!(marked.no_data_share(), 0.0);
}

#[test]
fn no_data_is_left_out_of_the_range_and_is_not_black() {
    // 170 of 1,073 pixels: ten rows of the last 17 columns.
    for name in [
        "alpha.tif",
        "grey-alpha.tif",
        "nodata-int16.tif",
        "nodata-nan.tif",
        "nodata-float-lowest.tif",
        "mask.tif",
        "nodata-zero.tif",
        "undeclared-nodata.tif",
        "black-edge.tif",
    ] {
        let tile = tile(name);
        let share = f64::from(tile.no_data_share());
        assert!((share - 170.0 / 1073.0).abs() < 0.012, "{name}: {share}");
        let pixel = |x: usize, y: usize| tile.rgb[3 * (y * tile.width_px as usize + x)];
        assert_eq!(pixel(30, 2), pixel(6, 2), "{name}");
        assert!(pixel(30, 2) > 5, "{name} is black there");
    }
    assert!(notes(&tile("undeclared-nodata.tif")).contains("-9999 is taken for no data"));
    assert!(notes(&tile("black-edge.tif")).contains("along the edge"));
}

#[test]
fn a_tile_of_mostly_no_data_gets_no_class() {
    let bytes = fixture("sparse.tif");
    match decode(&bytes) {
        Err(TileError::NoData { share }) => assert!((0.7..0.8).contains(&share), "{share}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_preview_is_not_the_picture() {
    let found = tile("preview-first.tif");
    assert_eq!((found.width_px, found.height_px), (37, 29));
    assert!(notes(&found).contains("preview"), "{}", notes(&found));
    let found = tile("three-pages.tif");
    assert_eq!((found.width_px, found.height_px), (37, 29));
    assert!(notes(&found).contains("Of 3 pictures in the file the first"), "{}", notes(&found));
}

#[test]
fn small_numbers_are_white_where_the_file_says_so() {
    let (white, black) = (tile("min-is-white.tif"), tile("uint8.tif"));
    assert!(white.rgb.iter().zip(&black.rgb).all(|(&white, &black)| white == 255 - black));
}

#[test]
fn inks_become_colours() {
    // The fixture's inks are the hills turned around, and a little black over them.
    let tile = tile("cmyk.tif");
    assert_eq!(tile.rgb.len(), 37 * 29 * 3);
    assert!(tile.rgb.iter().any(|&level| level > 180) && tile.rgb.iter().any(|&level| level < 60));
}

#[test]
fn files_that_came_together_keep_the_colours_that_they_share() {
    // The second holds the first one's numbers, doubled: by itself it would look the same.
    let dark = fixture("named.tif");
    let mut together = Together::default();
    let alone = decode(&dark).unwrap();
    together.look_at(&dark[..]);
    together.settle();
    assert_eq!(together.decode(&dark).unwrap().rgb, alone.rgb);
    let stretch = together.stretch_of(&dark).unwrap().clone();
    assert_eq!((stretch.rule, stretch.bands), (Rule::CumulativeCut, [3, 2, 1]));

    let (first, second) = (fixture("uint16.tif"), fixture("bits-12.tif"));
    together.look_at(&first[..]);
    together.look_at(&second[..]);
    together.settle();
    // Of other bits, so of another group.
    assert_ne!(together.stretch_of(&first).unwrap().ranges, together.stretch_of(&second).unwrap().ranges);
    // Levels of 8 bits need none.
    let bytes = fixture("alpha.tif");
    together.look_at(&bytes[..]);
    together.settle();
    assert_eq!(together.stretch_of(&bytes), None);
}

#[test]
fn one_stretch_over_two_files_is_that_of_all_their_numbers() {
    let (low, high) = (sixteen_bits(|x, y| 100 + x + y), sixteen_bits(|x, y| 5000 + x + y));
    let mut together = Together::default();
    together.look_at(&low[..]);
    together.look_at(&high[..]);
    together.settle();
    let range = together.stretch_of(&low).unwrap().ranges[0];
    assert!((100.0..120.0).contains(&range.black) && (5100.0..5130.0).contains(&range.white), "{range:?}");
    let brightest = |bytes: &[u8]| *together.decode(bytes).unwrap().rgb.iter().max().unwrap();
    assert!(brightest(&low) < 10, "a dark tile stays dark beside a bright one: {}", brightest(&low));
    assert_eq!(brightest(&high), 255);
    // By itself it has black and white of its own.
    assert_eq!(decode(&low).unwrap().rgb.iter().max(), Some(&255));
}

/// A PNG of 16 bits in three bands that are three, two and one times `number`.
fn deep_png(number: impl Fn(u32, u32) -> u16) -> Vec<u8> {
    let picture = image::ImageBuffer::from_fn(32, 32, |x, y| {
        let number = number(x, y);
        image::Rgb([3 * number, 2 * number, number])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::DynamicImage::ImageRgb16(picture);
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[test]
fn pngs_of_sixteen_bits_share_a_stretch_as_tiffs_do() {
    let (low, high) = (deep_png(|x, y| 100 + (x + y) as u16), deep_png(|x, y| 2000 + (x + y) as u16));
    let mut together = Together::default();
    assert_eq!(together.look_at(&low[..]), together.look_at(&high[..]));
    together.settle();
    let brightest = |bytes: &[u8]| *together.decode(bytes).unwrap().rgb.iter().max().unwrap();
    assert!(brightest(&low) < 20 && brightest(&high) == 255, "{} {}", brightest(&low), brightest(&high));
    assert_eq!(decode(&low).unwrap().rgb.iter().max(), Some(&255), "by itself it has a range of its own");
    // A picture that uses all of its bits is no measurement, and shares the range of all pictures.
    let picture = deep_png(|x, _| 680 * x as u16);
    assert_eq!(decode(&picture).unwrap().notes, [Note::DeepChannels]);
}

#[test]
fn the_page_is_told_of_each_kind_how_it_may_be_shown() {
    let (four, deep) = (fixture("planet.tif"), deep_png(|x, y| (x + y) as u16));
    let picture = fixture("four-bands.tif");
    let mut batch = Together::measuring(None);
    let named = [&four, &deep, &picture, &four].map(|bytes| batch.look_at(&bytes[..]).unwrap());
    assert_eq!(named[0], named[3]);
    for name in ["palette.tif", "jpeg-ycbcr.tif", "uint8.tif"] {
        assert_eq!(batch.look_at(&fixture(name)[..]), None, "{name} has colours of its own");
    }
    batch.settle();
    let groups = batch.groups();
    let group = |alike: &str| groups.iter().find(|group| group.alike == alike).unwrap();
    let planet = group(&named[0]);
    assert_eq!((planet.files, planet.bands.len(), planet.stretch.bands), (2, 4, [3, 2, 1]));
    assert!(planet.notes[0].contains("near infrared"), "{:?}", planet.notes);
    let rules: Vec<_> = planet.choices.iter().map(|choice| choice.rule).collect();
    assert_eq!(rules, [Rule::CumulativeCut, Rule::MinMax, Rule::Deviations]);
    for histogram in &planet.histograms {
        assert_eq!(histogram.counts.iter().sum::<u32>(), 2 * 37 * 29, "each number of both files once");
    }
    assert_eq!(group(&named[2]).stretch.rule, Rule::AsIs);

    // Other bands, as the user chooses them.
    let mut batch = Together::measuring(Some([3, 3, 0]));
    batch.look_at(&four[..]);
    batch.settle();
    let [chosen] = &batch.groups()[..] else { panic!("one kind") };
    assert_eq!(chosen.stretch.bands, [4, 4, 1]);
    let tile = decode_stretched(&four, &chosen.stretch).unwrap();
    assert!(notes(&tile).contains("as you chose"), "{}", notes(&tile));
}

#[test]
fn shares_and_large_numbers_have_no_range_in_common() {
    let shares = uncompressed_floats(|x, y| (x + y) as f32 / 128.0);
    let large = uncompressed_floats(|x, y| (x + y) as f32 * 20.0);
    let mut together = Together::default();
    assert_ne!(together.look_at(&shares[..]).unwrap(), together.look_at(&large[..]).unwrap());
    together.settle();
    for bytes in [&shares, &large] {
        let tile = together.decode(bytes).unwrap();
        assert_eq!(tile.rgb.iter().max(), Some(&255), "{}", notes(&tile));
    }
}

#[test]
fn a_range_that_leaves_little_to_be_seen_is_told() {
    let bytes = sixteen_bits(|x, y| 5000 + x + y);
    let range = Range { black: 0.0, white: 300.0 };
    let stretch = Stretch { bands: [1; 3], ranges: [range; 3], rule: Rule::Fixed, no_data: None };
    let tile = decode_stretched(&bytes, &stretch).unwrap();
    assert!(notes(&tile).contains("100 % of its pixels lie beyond the range"), "{}", notes(&tile));
    let missing = Stretch { bands: [2, 1, 1], ..stretch };
    let error = decode_stretched(&bytes, &missing).unwrap_err();
    assert!(error.to_string().contains("no band 2"), "{error}");
}

#[test]
fn the_stretch_of_a_models_tiles_is_taken_for_files_of_that_kind() {
    let bytes = sixteen_bits(|x, y| 5000 + x + y);
    let mut together = Together::default();
    let alike = together.look_at(&bytes[..]).unwrap();
    together.settle();
    let own = together.stretch_of(&bytes).unwrap().clone();
    let learnt = Stretch { ranges: [Range { black: 0.0, white: 9000.0 }; 3], ..own };
    together.prefer(&[Preparation { alike: alike.clone(), stretch: Some(learnt.clone()) }]);
    assert_eq!(together.stretch_of(&bytes), Some(&learnt));
    together.look_at(&fixture("uint8.tif")[..]);
    let preparations = together.preparations();
    assert_eq!(preparations, [Preparation { alike, stretch: Some(learnt) }, Preparation::default()]);
}

#[test]
fn what_a_file_is_shows_in_its_first_bytes() {
    for (name, reader) in [
        ("rgb.jpg", Reader::Usual),
        ("rgb.webp", Reader::Usual),
        ("rgb.bmp", Reader::Rare),
        ("palette.gif", Reader::Rare),
        ("deep.png", Reader::Stretched),
        ("rgb.png", Reader::Usual),
        ("rgb.tiff", Reader::Stretched),
    ] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/images").join(name);
        assert_eq!(reader_of(&std::fs::read(path).unwrap()[..32]), reader, "{name}");
    }
}

#[test]
fn a_stretch_travels_as_json() {
    let bytes = fixture("undeclared-nodata.tif");
    let stretch = prepare(&mut Raster::open(&bytes[..]).unwrap()).unwrap().stretch;
    let text = serde_json::to_string(&stretch).unwrap();
    assert!(text.contains(r#""rule":"cumulative-cut""#) && text.contains(r#""no_data":-9999.0"#), "{text}");
    assert_eq!(serde_json::from_str::<tilelens::raster::Stretch>(&text).unwrap(), stretch);
}

/// A grey TIFF of 64 × 64 numbers of 16 bits.
fn sixteen_bits(number: impl Fn(u32, u32) -> u32) -> Vec<u8> {
    grey(1, |x, y| (number(x, y) as u16).to_le_bytes())
}

/// The same of floating-point numbers.
fn uncompressed_floats(number: impl Fn(u32, u32) -> f32) -> Vec<u8> {
    grey(3, |x, y| number(x, y).to_le_bytes())
}

/// The same of numbers of a sample format of TIFF.
fn grey<const BYTES: usize>(format: u32, number: impl Fn(u32, u32) -> [u8; BYTES]) -> Vec<u8> {
    let tags = [
        (256, 64),
        (257, 64),
        (258, 8 * BYTES as u32),
        (259, 1),
        (262, 1),
        (273, 200),
        (277, 1),
        (278, 64),
        (279, 64 * 64 * BYTES as u32),
        (339, format),
    ];
    let mut bytes = b"II*\0\x08\0\0\0".to_vec();
    bytes.extend((tags.len() as u16).to_le_bytes());
    for (tag, value) in tags {
        bytes.extend(
            [
                &(tag as u16).to_le_bytes()[..],
                &4_u16.to_le_bytes(),
                &1_u32.to_le_bytes(),
                &u32::to_le_bytes(value),
            ]
            .concat(),
        );
    }
    bytes.resize(200, 0);
    bytes.extend((0..64 * 64).flat_map(|pixel| number(pixel % 64, pixel / 64)));
    bytes
}
