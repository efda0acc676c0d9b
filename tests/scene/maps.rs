//! The classes of cells, and the files of a map.

use serde_json::Value;
use tilelens::raster::{GeoKeys, Raster, Transform, Window};
use tilelens::scene::{
    Answer, ClassMap, Grid, Place, Shapes, State, Votes, aux_xml, category_names, class_geotiff,
    confidence_geotiff, draw_sample, qml, tiff_of_picture, write_csv, write_geojson, write_sample_geojson,
};

use tilelens::tile::{decode_picture, is_picture};

use super::{LABELS, description, keys, labels, map, place};

const NORTH_UP: Transform = [5e5, 10.0, 0.0, 5.4e6, 0.0, -10.0];

/// 3 × 2 whole cells of 32 pixels, and cells that the edge cuts to the right and below.
fn grid() -> Grid {
    Grid::new([100, 70], [32; 2], [32; 2], [0; 2]).unwrap()
}

fn states(map: &ClassMap) -> Vec<State> {
    map.cells().iter().map(|cell| cell.state).collect()
}

#[test]
fn cells_have_the_class_of_their_window_and_none_beyond_the_edge() {
    use State::{Classified, NoData, Outside};
    let map = map(&grid(), "01. 221");
    let expected = [
        [Classified, Classified, NoData, Outside],
        [Classified, Classified, Classified, Outside],
        [Outside; 4],
    ];
    assert_eq!(states(&map), expected.concat());
    assert_eq!((0..12).map(|cell| map.id(cell)).collect::<Vec<_>>(), [1, 2, 0, 0, 3, 3, 2, 0, 0, 0, 0, 0]);
    let areas = map.areas(&place(32633, NORTH_UP, [100, 70]));
    let hectares: Vec<_> = areas.iter().map(|area| (area.cells, area.square_m.unwrap() / 1e4)).collect();
    assert_eq!(hectares, [(1, 10.24), (2, 20.48), (2, 20.48)]);
    assert!((areas[1].share - 0.4).abs() < 1e-12);
}

#[test]
fn overlapping_windows_vote() {
    // Windows of two cells: the middle cell of three is seen by both.
    let grid = Grid::new([48, 32], [32; 2], [16, 32], [0; 2]).unwrap();
    let vote = |first: [f32; 3], second: Option<[f32; 3]>, empty: &[usize]| {
        let mut votes = Votes::new(grid.clone(), labels()).unwrap();
        votes.add(0, &Answer::Scores(first.into()), empty);
        votes.add(1, &second.map_or(Answer::NoData, |scores| Answer::Scores(scores.into())), &[]);
        let map = votes.finish();
        (0..3).map(|cell| (map.id(cell), map.cells()[cell].score)).collect::<Vec<_>>()
    };
    let found = vote([0.5, 0.25, 0.25], Some([0.25, 0.75, 0.0]), &[]);
    assert_eq!(found, [(1, 0.5), (2, 0.5), (2, 0.75)]);
    assert_eq!(vote([0.5, 0.25, 0.25], None, &[]), [(1, 0.5), (1, 0.5), (0, 0.0)]);
    // What is without data itself has no class, whatever is seen around it.
    assert_eq!(vote([0.5, 0.25, 0.25], Some([0.25, 0.75, 0.0]), &[1])[1], (0, 0.0));
}

#[test]
fn a_window_that_cannot_be_read_leaves_the_cells_that_others_see() {
    let grid = Grid::new([48, 32], [32; 2], [16, 32], [0; 2]).unwrap();
    let mut votes = Votes::new(grid, labels()).unwrap();
    votes.add(0, &Answer::Unreadable, &[]);
    votes.add(1, &Answer::Scores(vec![0.0, 1.0, 0.0]), &[]);
    assert_eq!(states(&votes.finish()), [State::Unreadable, State::Classified, State::Classified]);
}

#[test]
fn the_majority_of_nine_takes_over_single_cells_and_leaves_what_has_no_class() {
    let grid = Grid::new([40, 40], [8; 2], [8; 2], [0; 2]).unwrap();
    let mut map = map(&grid, "00000 01000 000.0 00022 00022");
    assert_eq!(map.majority_filter(), 1);
    assert_eq!((map.id(6), map.cells()[6].score), (1, 0.1));
    assert_eq!([13, 18, 19, 24].map(|cell| map.id(cell)), [0, 3, 3, 3]);
}

#[test]
fn what_is_undecided_stays_out_of_the_filter() {
    let grid = Grid::new([24, 8], [8; 2], [8; 2], [0; 2]).unwrap();
    let mut map = map(&grid, "010");
    assert!(map.leave_undecided_below(101.0).is_err());
    map.leave_undecided_below(80.0).unwrap();
    assert_eq!(map.count(State::Undecided), 0);
    map.leave_undecided_below(80.1).unwrap();
    assert_eq!((0..3).map(|cell| map.id(cell)).collect::<Vec<_>>(), [4; 3]);
    assert_eq!(map.names()[3], "Undecided");
    assert_eq!(map.majority_filter(), 0);
}

/// What GDAL would read, read by our own reader, which `tests/raster.rs` holds to GDAL.
#[test]
fn the_geotiff_lies_where_the_scene_does_and_has_its_keys() {
    let mut named = keys(32633);
    named.directory.extend([3073, 34737, 6, 0, 3078, 34736, 1, 0]);
    named.directory[3] += 2;
    (named.ascii, named.doubles) = (b"Zone \xe9|".to_vec(), vec![0.1 + 0.2]);
    let mut point = keys(32633);
    point.directory[11] = 2;
    let transforms: [Transform; 4] = [
        NORTH_UP,
        [5e5, 10.0, 0.0, 5.4e6, 0.0, 10.0],
        [5e5, 6.0, 8.0, 5.4e6, 8.5, -6.0],
        [5e5, -10.0, 0.0, 1.0, 0.0, -9.0],
    ];
    for keys in [named, point, GeoKeys::default()] {
        for transform in transforms {
            let grid = Grid::new([100, 70], [32; 2], [32; 2], [5, 3]).unwrap();
            let place = Place::of(&description(keys.clone(), Some(transform), [100, 70]));
            let map = map(&grid, "01 22");
            for bytes in [class_geotiff(&map, &place).unwrap(), confidence_geotiff(&map, &place).unwrap()] {
                let mut raster = Raster::open(&bytes[..]).unwrap();
                let found = raster.description().clone();
                assert_eq!(found.georeference.keys, keys);
                assert_eq!([found.width, found.height], [3, 3]);
                let [x, xx, xy, y, yx, yy] = found.georeference.transform.unwrap();
                let at = |[column, row]: [f64; 2]| [x + xx * column + xy * row, y + yx * column + yy * row];
                for [column, row] in [[0, 0], [3, 0], [3, 3], [0, 3]] {
                    let expected = place.crs_of_pixel(grid.corner_px([column, row])).unwrap();
                    let found = at([column, row].map(f64::from));
                    for (a, b) in expected.into_iter().zip(found) {
                        assert!((a - b).abs() < 1e-6, "{transform:?}: {expected:?} and {found:?}");
                    }
                }
                let numbers = raster.read(0, Window::all(3, 3), &[0]).unwrap();
                let valid = [true, true, false, true, true, false, false, false, false];
                assert_eq!(numbers.valid, valid);
                if found.bits == 8 {
                    assert_eq!(numbers.bands[0], [1.0, 2.0, 0.0, 3.0, 3.0, 0.0, 0.0, 0.0, 0.0]);
                    assert_eq!(found.palette[1], [0x4e4e, 0x7979, 0xa7a7]);
                }
            }
        }
    }
}

#[test]
fn a_scene_without_a_place_has_a_map_in_pixels() {
    let place = Place::of(&description(GeoKeys::default(), None, [100, 70]));
    let map = map(&grid(), "01. 221");
    let bytes = class_geotiff(&map, &place).unwrap();
    assert_eq!(Raster::open(&bytes[..]).unwrap().description().georeference.transform, None);
    let mut csv = Vec::new();
    write_csv(&map, &place, &mut csv).unwrap();
    let csv = String::from_utf8(csv).unwrap();
    let rows: Vec<&str> = csv.lines().collect();
    assert_eq!(rows[2], "1,0,48.0,16.0,,,,,classified,2,\"River & \"\"lake\"\", <wet>\",0.8,");
    assert_eq!(rows[3], "2,0,80.0,16.0,,,,,no data,,,,");
    assert!(write_geojson(&map, &place, Shapes::Cells, &mut Vec::new()).is_err());
}

#[test]
fn names_survive_whatever_letters_they_have() {
    let map = map(&grid(), "01. 221");
    assert_eq!(category_names(&aux_xml(&map))[1..], LABELS);
    let style = qml(&map);
    let style = style_entries(&style);
    assert_eq!(
        style,
        [("1", "#4e79a7", LABELS[0]), ("2", "#f28e2c", LABELS[1]), ("3", "#e15759", LABELS[2])]
            .map(|(value, colour, label)| [value.to_owned(), colour.to_owned(), label.to_owned()])
    );
}

/// Value, colour and label of each class in a style.
fn style_entries(qml: &str) -> Vec<[String; 3]> {
    let attribute = |line: &str, name: &str| {
        let start = line.find(&format!(" {name}=\"")).unwrap() + name.len() + 3;
        let text = &line[start..start + line[start..].find('"').unwrap()];
        text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    };
    let entries = qml.lines().filter(|line| line.contains("<paletteEntry"));
    entries.map(|line| ["value", "color", "label"].map(|name| attribute(line, name))).collect()
}

fn geojson(map: &ClassMap, place: &Place, shapes: Shapes) -> Vec<Value> {
    let mut text = Vec::new();
    write_geojson(map, place, shapes, &mut text).unwrap();
    let value: Value = serde_json::from_slice(&text).unwrap();
    value["features"].as_array().unwrap().clone()
}

fn ring(coordinates: &Value) -> Vec<[f64; 2]> {
    serde_json::from_value(coordinates.clone()).unwrap()
}

#[test]
fn neighbours_of_one_class_are_one_feature_with_their_means() {
    let place = place(4326, [10.0, 0.01, 0.0, 50.0, 0.0, -0.01], [100, 70]);
    let map = map(&grid(), "01. 221");
    let features = geojson(&map, &place, Shapes::Regions);
    let names: Vec<_> = features.iter().map(|feature| &feature["properties"]["class_name"]).collect();
    assert_eq!(names, [LABELS[0], LABELS[1], LABELS[2], LABELS[1]]);
    let lake = &features[2]["properties"];
    assert_eq!((&lake["class_id"], &lake["cells"], &lake["score"]), (&3.into(), &2.into(), &0.8.into()));
    assert_eq!(lake["score_Forest"], 0.1);
    // Counterclockwise, closed, a point at each corner of a cell.
    let outline = ring(&features[2]["geometry"]["coordinates"][0]);
    assert_eq!((outline.len(), outline.first()), (7, outline.last()));
    let area: f64 = outline.windows(2).map(|pair| pair[0][0] * pair[1][1] - pair[1][0] * pair[0][1]).sum();
    assert!((area / 2.0 - 0.32 * 0.64).abs() < 1e-9, "{area}");
    assert_eq!(geojson(&map, &place, Shapes::Cells).len(), 5);
}

#[test]
fn cells_on_the_date_line_are_cut_and_regions_end_there() {
    // 16 degrees a cell: from 164 to 180, from 180 on, and so on.
    let row = Grid::new([24, 8], [8; 2], [8; 2], [0; 2]).unwrap();
    let on_the_line = |west: f64| place(4326, [west, 2.0, 0.0, 10.0, 0.0, -2.0], [24, 8]);
    let extents = |west: f64| {
        let features = geojson(&map(&row, "000"), &on_the_line(west), Shapes::Regions);
        let mut extents: Vec<[f64; 2]> = Vec::new();
        for feature in &features {
            let geometry = &feature["geometry"];
            let polygons = match geometry["type"].as_str().unwrap() {
                "Polygon" => vec![geometry["coordinates"].clone()],
                _ => geometry["coordinates"].as_array().unwrap().clone(),
            };
            for polygon in polygons {
                let outline = ring(&polygon[0]);
                let area: f64 =
                    outline.windows(2).map(|pair| pair[0][0] * pair[1][1] - pair[1][0] * pair[0][1]).sum();
                assert!(area > 0.0, "clockwise: {outline:?}");
                let lon = outline.iter().map(|point| point[0]);
                extents.push([lon.clone().fold(f64::MAX, f64::min), lon.fold(f64::MIN, f64::max)]);
            }
        }
        extents
    };
    assert_eq!(extents(164.0), [[164.0, 180.0], [-180.0, -148.0]]);
    assert_eq!(extents(156.0), [[156.0, 172.0], [172.0, 180.0], [-180.0, -172.0], [-172.0, -156.0]]);
    assert_eq!(extents(-196.0), [[164.0, 180.0], [-180.0, -148.0]]);
    assert_eq!(extents(10.0), [[10.0, 58.0]]);
    // UTM's zone 1 begins at the line, and reaches over it where it is wider than its zone.
    let utm = place(32601, [166_000.0, 500.0, 0.0, 20_000.0, 0.0, -500.0], [24, 8]);
    let found = geojson(&map(&row, "000"), &utm, Shapes::Regions);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0]["geometry"]["type"], "MultiPolygon");
}

#[test]
fn a_check_sample_has_every_class_and_hides_the_maps_answer() {
    let grid = Grid::new([800, 80], [8; 2], [8; 2], [0; 2]).unwrap();
    let drawn: String = (0..1000).map(|cell| if cell % 100 == 7 { '1' } else { '0' }).collect();
    let map = map(&grid, &drawn);
    let cells = draw_sample(&map, 50, 0).unwrap();
    assert_eq!(cells.len(), 50);
    assert_eq!(cells.iter().filter(|&&cell| map.id(cell) == 2).count(), 10);
    assert_eq!(cells, draw_sample(&map, 50, 0).unwrap());
    assert_ne!(cells, draw_sample(&map, 50, 1).unwrap());
    let mut text = Vec::new();
    write_sample_geojson(&map, &place(32633, NORTH_UP, [800, 80]), &cells, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(!LABELS.iter().any(|label| text.contains(label)));
    assert_eq!(tilelens::scene::read_sample(&text).unwrap().cells.len(), 50);
}

/// A picture whose right part is transparent, and stored lying on its side.
#[test]
fn a_picture_is_a_scene_with_overviews_and_what_is_transparent_is_without_data() {
    let picture = image::RgbaImage::from_fn(1100, 300, |x, y| {
        image::Rgba([(x / 8) as u8, (y / 2) as u8, 77, if x < 1000 { 255 } else { 0 }])
    });
    let mut png = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
    assert!(is_picture(&png.get_ref()[..32]));
    let tiff = tiff_of_picture(decode_picture(png.get_ref(), true).unwrap()).unwrap();
    assert!(!is_picture(&tiff[..32]));
    let mut raster = Raster::open(&tiff[..]).unwrap();
    let description = raster.description().clone();
    assert_eq!(
        ([description.width, description.height], &description.overviews[..]),
        ([1100, 300], &[[550, 150], [275, 75]][..])
    );
    let prepared = tilelens::raster::prepare(&mut raster).unwrap();
    let window = Window { x: 960, y: 100, width: 80, height: 60 };
    let seen = raster.picture(0, window, &prepared).unwrap();
    for (index, (pixel, &valid)) in seen.rgb.chunks(3).zip(&seen.valid).enumerate() {
        let (x, y) = (960 + index as u32 % 80, 100 + index as u32 / 80);
        assert_eq!(valid, x < 1000);
        assert!(!valid || pixel == &picture.get_pixel(x, y).0[..3], "{x}, {y}: {pixel:?}");
    }
    let halved = raster.picture(1, Window { x: 0, y: 0, width: 1, height: 1 }, &prepared).unwrap();
    assert_eq!(halved.rgb[2], 77);

    let sideways =
        std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/images/exif-rotated.jpg"))
            .unwrap();
    let size = |is_upright: bool| {
        let tiff = tiff_of_picture(decode_picture(&sideways, is_upright).unwrap()).unwrap();
        let raster = Raster::open(&tiff[..]).unwrap();
        [raster.description().width, raster.description().height]
    };
    let [width, height] = size(false);
    assert!(width != height);
    assert_eq!(size(true), [height, width]);
    assert!(decode_picture(&sideways[..200], true).is_err());
}
