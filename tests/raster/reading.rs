//! Windows: any part of a raster without the rest.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::io;

use tilelens::ErrorCode;
use tilelens::raster::{FileSource, Raster, RasterError, Sidecars, Source, Window, prepare, summary};

use super::fixtures::{fixture, names};

/// Counts what is read of it.
struct Counted<'a> {
    bytes: &'a [u8],
    read: &'a Cell<usize>,
}

impl Source for Counted<'_> {
    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read(&self, offset: u64, length: usize) -> io::Result<Cow<'_, [u8]>> {
        self.read.set(self.read.get() + length);
        Source::read(&self.bytes, offset, length)
    }
}

#[test]
fn a_window_is_that_part_of_the_whole() {
    for name in names() {
        let bytes = fixture(&name);
        let mut raster = Raster::open(&bytes[..]).unwrap();
        let (width, height) = (raster.description().width, raster.description().height);
        let bands: Vec<usize> = (0..raster.description().bands.len()).collect();
        let whole = raster.read(0, Window::all(width, height), &bands).unwrap();
        // Across the borders of blocks, at each edge, and of one pixel.
        let (right, bottom) = (width - 12, height - 3);
        for [x, y, w, h] in [[3, 5, 11, 7], [0, 0, 1, 1], [right, bottom, 12, 3], [0, bottom, width, 3]] {
            let part = raster.read(0, Window { x, y, width: w, height: h }, &bands).unwrap();
            for (band, numbers) in part.bands.iter().enumerate() {
                for (index, number) in numbers.iter().enumerate() {
                    let (column, row) = (x + index as u32 % w, y + index as u32 / w);
                    let wanted = whole.bands[band][(row * width + column) as usize];
                    assert!(
                        *number == wanted || number.is_nan() && wanted.is_nan(),
                        "{name}, {column}, {row}"
                    );
                }
            }
        }
    }
}

#[test]
fn bands_come_in_the_order_in_which_they_are_asked_for() {
    for name in ["deflate-tiles-band.tif", "deflate-tiles-pixel.tif"] {
        let bytes = fixture(name);
        let mut raster = Raster::open(&bytes[..]).unwrap();
        let window = Window { x: 10, y: 10, width: 9, height: 9 };
        let [all, some] = [&[0, 1, 2][..], &[2, 0]].map(|bands| raster.read(0, window, bands).unwrap().bands);
        assert_eq!(some, [all[2].clone(), all[0].clone()], "{name}");
    }
}

#[test]
fn a_window_reads_its_blocks_and_no_more() {
    // Of 5,000 × 5,000 pixels in one strip without compression: 50 MB, of which a window of 20 rows has 0.2 MB.
    let (side, window) = (5000_u32, Window { x: 100, y: 2490, width: 20, height: 20 });
    let tags = [
        (256, side),
        (257, side),
        (258, 16),
        (259, 1),
        (262, 1),
        (273, 200),
        (277, 1),
        (278, side),
        (279, side * side * 2),
    ];
    let mut bytes = b"II*\0\x08\0\0\0".to_vec();
    bytes.extend((tags.len() as u16).to_le_bytes());
    for (tag, value) in tags {
        bytes.extend(
            [
                &(tag as u16).to_le_bytes()[..],
                &4_u16.to_le_bytes(),
                &1_u32.to_le_bytes(),
                &value.to_le_bytes(),
            ]
            .concat(),
        );
    }
    bytes.resize(200, 0);
    bytes.extend((0..side * side).flat_map(|pixel| ((pixel % 60_000) as u16).to_le_bytes()));
    let read = Cell::new(0);
    let mut raster = Raster::open(Counted { bytes: &bytes, read: &read }).unwrap();
    let numbers = raster.read(0, window, &[0]).unwrap();
    assert_eq!(numbers.bands[0][21], f64::from((2491 * side + 101) % 60_000));
    assert!(read.get() < 1_000_000, "{} bytes were read", read.get());
}

/// Remembers where it was read.
struct Watched<'a> {
    bytes: &'a [u8],
    reads: &'a RefCell<Vec<(u64, usize)>>,
}

impl Source for Watched<'_> {
    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read(&self, offset: u64, length: usize) -> io::Result<Cow<'_, [u8]>> {
        self.reads.borrow_mut().push((offset, length));
        Source::read(&self.bytes, offset, length)
    }
}

#[test]
fn what_a_window_will_read_is_known_before() {
    for name in names() {
        let (bytes, reads) = (fixture(&name), RefCell::new(Vec::new()));
        let mut raster = Raster::open(Watched { bytes: &bytes, reads: &reads }).unwrap();
        let (width, height) = (raster.description().width, raster.description().height);
        let bands: Vec<usize> = (0..raster.description().bands.len()).collect();
        let window = Window { x: width / 3, y: height / 3, width: width / 2, height: height / 2 };
        let mut parts = raster.parts(0, window, &bands).unwrap();
        reads.borrow_mut().clear();
        raster.read(0, window, &bands).unwrap();
        let mut read = reads.take();
        parts.sort_unstable();
        read.sort_unstable();
        assert_eq!(parts.len(), read.len(), "{name}");
        for (part, read) in parts.iter().zip(&read) {
            assert!(part.0 == read.0 && part.1 >= read.1 as u64, "{name}: {part:?}, {read:?}");
        }
        assert_eq!(raster.parts(0, window, &bands).unwrap(), [], "{name}: its blocks are at hand");
    }
}

#[test]
fn a_file_on_the_disk_is_read_as_its_bytes_are() {
    let path = std::env::temp_dir().join(format!("tilelens-raster-{}.tif", std::process::id()));
    let bytes = fixture("overviews.tif");
    std::fs::write(&path, &bytes).unwrap();
    let mut from_file = Raster::open(FileSource::open(&path).unwrap()).unwrap();
    let mut from_bytes = Raster::open(&bytes[..]).unwrap();
    let window = Window { x: 30, y: 30, width: 40, height: 20 };
    assert_eq!(from_file.read(0, window, &[0]), from_bytes.read(0, window, &[0]));
    std::fs::remove_file(path).unwrap();
}

#[test]
fn what_lies_beside_the_image_counts() {
    let bytes = fixture("no-place.tif");
    let world = "10\n0\n0\n-10\n500005\n5399995\n";
    let aux = r#"<PAMDataset><PAMRasterBand band="1"><Description>B04</Description><NoDataValue>7</NoDataValue>
        <Metadata><MDI key="STATISTICS_MAXIMUM">3000</MDI></Metadata></PAMRasterBand></PAMDataset>"#;
    let raster =
        Raster::open_beside(&bytes[..], Sidecars { world: Some(world), aux_xml: Some(aux) }).unwrap();
    let description = raster.description();
    assert_eq!(description.georeference.transform, Some([5e5, 10.0, 0.0, 5.4e6, 0.0, -10.0]));
    let band = &description.bands[0].metadata;
    assert_eq!((band.name.as_deref(), band.no_data, band.maximum), (Some("B04"), Some(7.0), Some(3000.0)));
    let raster =
        Raster::open_beside(&bytes[..], Sidecars { world: Some("?"), aux_xml: Some("<PAMDataset><") })
            .unwrap();
    assert_eq!(raster.description().georeference.transform, None);
}

/// What GDAL 3.11 writes beside a PNG.
#[test]
fn the_crs_of_a_sidecar_counts_as_that_of_the_file_would() {
    let datum = r#"DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]]"#;
    let degrees = r#"PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]]"#;
    let geographic = format!(
        r#"GEOGCS["WGS 84",{datum},{degrees},AXIS["Latitude",NORTH],AXIS["Longitude",EAST],AUTHORITY["EPSG","4326"]]"#
    );
    let projected = |name: &str, unit: &str, code: &str| {
        format!(
            r#"PROJCS["{name}",{geographic},PROJECTION["Transverse_Mercator"],PARAMETER["central_meridian",15],UNIT[{unit}],AXIS["Easting",EAST],AXIS["Northing",NORTH]{code}]"#
        )
    };
    let metre = r#""metre",1,AUTHORITY["EPSG","9001"]"#;
    let utm = projected("WGS 84 / UTM zone 33N", metre, r#",AUTHORITY["EPSG","32633"]"#);
    let feet = projected(
        "New York, [Long] Island",
        r#""US survey foot",0.304800609601219"#,
        r#",AUTHORITY["EPSG","2263"]"#,
    );
    let compound =
        format!(r#"COMPD_CS["both",{utm},VERT_CS["height",UNIT["metre",1],AUTHORITY["EPSG","5773"]]]"#);
    let newer = r#"PROJCRS["ETRS89 / UTM zone 32N",BASEGEOGCRS["ETRS89",ID["EPSG",4258]],CS[Cartesian,2],AXIS["(E)",east],AXIS["(N)",north],LENGTHUNIT["metre",1],ID["EPSG",25832]]"#;
    let uncoded = projected("unknown", metre, "");
    let bytes = fixture("no-place.tif");
    let place = |wkt: &str| {
        let aux = format!(
            "<PAMDataset><SRS>{wkt}</SRS><GeoTransform>500000, 10, 0, 5400000, 0, -10</GeoTransform></PAMDataset>"
        );
        let raster = Raster::open_beside(&bytes[..], Sidecars { world: None, aux_xml: Some(&aux) }).unwrap();
        raster.description().georeference.clone()
    };
    for (wkt, epsg, name, metres) in [
        (&utm[..], Some(32_633), Some("WGS 84 / UTM zone 33N"), Some(1.0)),
        (&feet, Some(2263), Some("New York, [Long] Island"), Some(1200.0 / 3937.0)),
        (&geographic, Some(4326), Some("WGS 84"), None),
        (&compound, Some(32_633), Some("WGS 84 / UTM zone 33N"), Some(1.0)),
        (newer, Some(25_832), Some("ETRS89 / UTM zone 32N"), Some(1.0)),
        // Said to be unknown, as before: its parameters are not read.
        (&uncoded, None, None, None),
        ("PROJCS[\"a\",]]", None, None, None),
    ] {
        let found = place(wkt);
        assert_eq!(
            (found.epsg(), found.crs_name().as_deref(), found.metres_per_unit()),
            (epsg, name, metres),
            "{wkt}"
        );
        assert_eq!(found.is_geographic(), wkt == geographic);
        assert_eq!(found.transform, Some([5e5, 10.0, 0.0, 5.4e6, 0.0, -10.0]));
    }
}

#[test]
fn what_is_not_read_is_called_by_its_name() {
    let sentence = |tag: u16, value: u16| {
        // The first entry of that tag in a classic little-endian file, whose value is a short.
        let mut bytes = fixture("deflate-strips-pixel.tif");
        let directory = u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize;
        let entries = usize::from(u16::from_le_bytes(bytes[directory..directory + 2].try_into().unwrap()));
        let entry = (0..entries).map(|index| directory + 2 + 12 * index);
        let entry = entry.into_iter().find(|&at| bytes[at..at + 2] == tag.to_le_bytes()).unwrap();
        bytes[entry + 8..entry + 10].copy_from_slice(&value.to_le_bytes());
        Raster::open(&bytes[..]).err().unwrap()
    };
    for (codec, name) in
        [(34712, "JPEG 2000"), (34925, "LZMA"), (50002, "JPEG XL"), (6, "old-style JPEG"), (12345, "12345")]
    {
        let error = sentence(259, codec);
        assert_eq!(error.code(), "image.unsupported");
        let words = error.to_string();
        assert!(words.contains(name) && words.contains("gdal_translate"), "{words}");
    }
    assert!(sentence(262, 8).to_string().contains("L*a*b*"));
    assert!(matches!(Raster::open(&b"II*\0"[..]), Err(RasterError::CutOff)));
    assert!(matches!(Raster::open(&b"GIF89a"[..]), Err(RasterError::NotTiff)));
}

#[test]
fn windows_outside_of_a_raster_are_errors() {
    let bytes = fixture("uint8.tif");
    let mut raster = Raster::open(&bytes[..]).unwrap();
    let outside = |x, y, width, height| Window { x, y, width, height };
    for window in [
        outside(0, 0, 38, 1),
        outside(37, 0, 1, 1),
        outside(0, 29, 1, 1),
        outside(0, 0, 0, 1),
        outside(u32::MAX, 0, 2, 1),
    ] {
        assert_eq!(raster.read(0, window, &[0]).unwrap_err().code(), "raster.outside", "{window:?}");
    }
    assert_eq!(raster.read(0, outside(0, 0, 1, 1), &[1]).unwrap_err().code(), "raster.outside");
    assert_eq!(raster.read(1, outside(0, 0, 1, 1), &[0]).unwrap_err().code(), "raster.outside");
}

#[test]
fn a_raster_is_described_in_a_few_lines() {
    let describe = |name: &str| {
        let bytes = fixture(name);
        let mut raster = Raster::open(&bytes[..]).unwrap();
        let prepared = prepare(&mut raster).unwrap();
        summary(raster.description(), &prepared).join("\n")
    };
    let text = describe("overviews.tif");
    assert!(text.starts_with("111 × 87 pixels, 1 band of 16 bits, unsigned integers\n"), "{text}");
    assert!(text.contains("tiles of 32 × 32, Deflate, overviews of 56 × 44, 28 × 22"), "{text}");
    assert!(
        text.contains(
            "EPSG:32633, WGS 84 / UTM zone 33N, 10 units a pixel, upper left corner at 500000, 5400000"
        ),
        "{text}"
    );
    let text = describe("named.tif");
    assert!(text.contains("band 1: B02, scale 1.000e-4, offset -0.1000"), "{text}");
    assert!(text.contains("shown in colours: bands 3, 2 and 1"), "{text}");
    assert!(describe("nodata-int16.tif").contains("no data: -9999"));
    assert!(describe("control-points.tif").contains("4 control points"));
}

/// A directory of a classic TIFF whose tags have one number each, and where the next one is.
fn directory(tags: &[(u16, u32)], next: u32) -> Vec<u8> {
    let mut bytes = (tags.len() as u16).to_le_bytes().to_vec();
    for (tag, value) in tags {
        bytes.extend(
            [&tag.to_le_bytes()[..], &4_u16.to_le_bytes(), &1_u32.to_le_bytes(), &value.to_le_bytes()]
                .concat(),
        );
    }
    bytes.extend(next.to_le_bytes());
    bytes
}

#[test]
fn overviews_below_a_directory_are_found() {
    let image = |side: u32, kind: u32, data: u32| {
        vec![
            (254, kind),
            (256, side),
            (257, side),
            (258, 8),
            (259, 1),
            (262, 1),
            (273, data),
            (277, 1),
            (278, side),
            (279, side * side),
        ]
    };
    let (main_at, sub_at, data_at) = (8, 200, 400);
    let mut main = image(16, 0, data_at);
    main.push((330, sub_at));
    let mut bytes = b"II*\0\x08\0\0\0".to_vec();
    bytes.extend(directory(&main, main_at));
    bytes.resize(sub_at as usize, 0);
    // It hangs itself below itself, too, as a hostile one may.
    let mut below = image(8, 1, data_at + 256);
    below.push((330, sub_at));
    bytes.extend(directory(&below, 0));
    bytes.resize(data_at as usize, 0);
    bytes.extend((0..=255_u8).chain(0..64));
    let mut raster = Raster::open(&bytes[..]).unwrap();
    assert_eq!((raster.description().overviews.as_slice(), raster.description().pages), (&[[8, 8]][..], 1));
    let numbers = raster.read(1, Window { x: 1, y: 0, width: 2, height: 1 }, &[0]).unwrap();
    assert_eq!(numbers.bands[0], [1.0, 2.0]);
}
