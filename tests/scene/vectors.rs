//! Polygons against GDAL: `tests/fixtures/scene/make_vectors.py`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use tilelens::raster::{GeoKeys, Transform};
use tilelens::scene::{Answer, Grid, Place, State, VectorError, Vectors, Votes, covered_pixels};

use super::{description, labels, place};

#[derive(Deserialize)]
struct Fixture {
    epsg: u16,
    size_px: [u32; 2],
    cell_px: u32,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    transform: Transform,
    geojson: Value,
    /// By class: pixels that GDAL burns in each whole cell, row by row.
    pixels: BTreeMap<String, Vec<u32>>,
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("../fixtures/scene/vectors.json")).unwrap()
}

/// The features of a class.
fn only(geojson: &Value, class: &str) -> Value {
    let features = geojson["features"].as_array().unwrap();
    let of_class = features.iter().filter(|feature| feature["properties"]["kind"] == class);
    json!({ "type": "FeatureCollection", "features": of_class.collect::<Vec<_>>() })
}

fn read(geojson: &Value, place: &Place) -> Result<Vectors, VectorError> {
    Vectors::read(geojson.to_string().as_bytes(), place)
}

#[test]
fn the_pixels_are_those_that_gdal_burns_and_the_class_is_that_of_most_of_them() {
    let Fixture { epsg, size_px, cell_px, cases } = fixture();
    for Case { transform, geojson, pixels } in cases {
        let place = place(epsg, transform, size_px);
        let grid = Grid::new(size_px, [cell_px; 2], [cell_px; 2], [0; 2]).unwrap();
        let whole = |counts: &[u32]| -> Vec<u32> {
            (0..grid.windows()).map(|window| counts[grid.cells_in_window(window).next().unwrap()]).collect()
        };
        for (class, burned) in &pixels {
            let vectors = read(&only(&geojson, class), &place).unwrap();
            assert_eq!(&whole(&covered_pixels(&grid, &vectors.area().0)), burned, "{class}");
        }

        let vectors = read(&geojson, &place).unwrap();
        let found = vectors.labels(&grid, "kind", 0.5);
        let expected = (0..grid.windows()).filter_map(|window| {
            let (class, most) = pixels.iter().rev().max_by_key(|(_, burned)| burned[window])?;
            (2 * most[window] >= cell_px * cell_px).then_some((window, class.as_str()))
        });
        let found: Vec<(usize, &str)> =
            found.windows.iter().map(|&(window, class)| (window, found.names[class].as_str())).collect();
        assert_eq!(found, expected.collect::<Vec<_>>());
        assert!(found.len() > 20, "{}", found.len());
    }
}

#[test]
fn what_names_classes_comes_first_and_is_counted() {
    let square = |properties: Value| {
        json!({ "type": "Feature", "properties": properties,
            "geometry": { "type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, -1], [0, -1], [0, 0]]] } })
    };
    let all = json!({ "type": "FeatureCollection", "features": [
        square(json!({ "Class": " Wald ", "fid": 1, "note": null })),
        square(json!({ "Class": "Wald", "fid": 2, "note": "" })),
        square(json!({ "Class": "Water", "fid": 2.5, "nested": { "a": 1 } })),
        square(Value::Null),
    ] });
    let vectors = read(&all, &place(4326, [0.0, 0.01, 0.0, 0.0, 0.0, -0.01], [100, 100])).unwrap();
    let properties = vectors.properties();
    assert_eq!(
        properties.iter().map(|property| property.name.as_str()).collect::<Vec<_>>(),
        ["Class", "fid"]
    );
    assert_eq!(properties[0].values, BTreeMap::from([("Wald".into(), 2), ("Water".into(), 1)]));
    assert_eq!(properties[1].values.keys().collect::<Vec<_>>(), ["1", "2", "2.5"]);
    assert_eq!(vectors.len(), 4);
}

#[test]
fn coordinates_are_those_of_the_crs_that_the_file_names_and_a_guess_is_said() {
    let utm = place(32633, [5e5, 10.0, 0.0, 5.4e6, 0.0, -10.0], [100, 100]);
    let square = |[x, y]: [f64; 2], side: f64| {
        json!([[[x, y], [x + side, y], [x + side, y - side], [x, y - side], [x, y]]])
    };
    let file = |crs: Value, coordinates: Value| {
        json!({ "type": "FeatureCollection", "crs": crs, "features": [
            { "type": "Feature", "properties": {}, "geometry": { "type": "Polygon", "coordinates": coordinates } },
        ] })
    };
    let named = |name: &str| json!({ "type": "name", "properties": { "name": name } });
    let own = square([5e5, 5.4e6], 160.0);
    let degrees = square([15.0, 48.752], 0.003);

    let here = read(&file(named("urn:ogc:def:crs:EPSG::32633"), own.clone()), &utm).unwrap();
    assert_eq!(here.area().0[0].0[0][..2], [[0.0, 0.0], [16.0, 0.0]]);
    assert!(here.notes().is_empty());
    let guessed = read(&file(Value::Null, own.clone()), &utm).unwrap();
    assert_eq!(guessed.area(), here.area());
    assert!(guessed.notes()[0].contains("taken for those of the scene's CRS"), "{:?}", guessed.notes());
    for crs in [Value::Null, named("urn:ogc:def:crs:OGC:1.3:CRS84"), named("EPSG:4326")] {
        assert!(read(&file(crs, degrees.clone()), &utm).unwrap().notes().is_empty());
    }

    let refused = |geojson: &Value, place: &Place| read(geojson, place).unwrap_err().to_string();
    let other = refused(&file(named("urn:ogc:def:crs:EPSG::32632"), own.clone()), &utm);
    assert!(other.contains("EPSG::32632") && other.contains("-t_srs EPSG:32633"), "{other}");
    let lambert = place(2154, [6.5e5, 10.0, 0.0, 6.86e6, 0.0, -10.0], [100, 100]);
    assert!(refused(&file(Value::Null, degrees.clone()), &lambert).contains("EPSG:2154 is not known here"));
    assert!(read(&file(named("EPSG:2154"), square([6.5e5, 6.86e6], 100.0)), &lambert).is_ok());
    let nowhere = Place::of(&description(GeoKeys::default(), None, [100, 100]));
    assert_eq!(read(&file(Value::Null, degrees), &nowhere), Err(VectorError::NoPlace));
}

#[test]
fn what_covers_no_cell_is_refused_or_said() {
    let utm = place(32633, [5e5, 10.0, 0.0, 5.4e6, 0.0, -10.0], [100, 100]);
    let at = |lon: f64, lat: f64| json!({ "type": "Polygon", "coordinates": [[[lon, lat], [lon + 0.003, lat], [lon, lat - 0.003], [lon, lat]]] });
    let error = |text: &str| Vectors::read(text.as_bytes(), &utm).unwrap_err();
    for text in [
        "",
        "{}",
        "[1, 2]",
        "{\"type\":\"Polygon\",\"coordinates\":[[[1]]]}",
        "PK\u{3}\u{4}",
        "{\"type\":\"Topology\"}",
    ] {
        assert!(matches!(error(text), VectorError::NoGeoJson(_)), "{text}: {:?}", error(text));
    }
    assert_eq!(error("{\"type\":\"Point\",\"coordinates\":[15,48.75]}"), VectorError::NoPolygon);
    assert_eq!(error("{\"type\":\"FeatureCollection\",\"features\":[]}"), VectorError::NoPolygon);
    for (lon, lat) in [(16.0, 48.75), (-165.0, 48.75), (15.0, -48.75), (105.0, 0.0), (105.1, 89.0)] {
        assert_eq!(error(&at(lon, lat).to_string()), VectorError::Elsewhere, "{lon}, {lat}");
    }
    let mixed = json!({ "type": "GeometryCollection", "geometries": [
        { "type": "Point", "coordinates": [15, 48.75] }, at(15.001, 48.75),
    ] });
    let all = json!({ "type": "FeatureCollection", "features": [
        { "type": "Feature", "properties": {}, "geometry": mixed },
        { "type": "Feature", "properties": {}, "geometry": at(16.0, 48.75) },
        { "type": "Feature", "properties": {}, "geometry": null },
    ] });
    let vectors = read(&all, &utm).unwrap();
    assert_eq!(
        vectors.notes(),
        [
            "1 of 2 shapes lie outside the scene.",
            "1 points and lines are left out: only polygons cover cells."
        ]
    );
    let byte_order_mark = format!("\u{feff}{}", at(15.001, 48.75));
    assert_eq!(Vectors::read(byte_order_mark.as_bytes(), &utm).unwrap().len(), 1);

    let zigzag: Vec<[f64; 2]> =
        (0..4_000_000).map(|index| [15.001, if index % 2 == 0 { 48.75 } else { 48.745 }]).collect();
    let fine = json!({ "type": "Polygon", "coordinates": [zigzag] });
    assert_eq!(error(&fine.to_string()), VectorError::TooFine);
}

#[test]
fn a_polygon_is_found_a_turn_of_the_earth_further() {
    let fiji = place(32601, [163_000.0, 100.0, 0.0, 20_000.0, 0.0, -100.0], [400, 300]);
    let [lon, lat] = fiji.lon_lat_of_pixel([200.0, 150.0]).unwrap();
    for turn in [-360.0, 0.0, 360.0] {
        let [column, row] = fiji.pixel_of_lon_lat([lon + turn, lat]).unwrap();
        assert!((column - 200.0).abs() < 1e-6 && (row - 150.0).abs() < 1e-6, "{column}, {row}");
    }
}

/// A box of longitudes and latitudes as a polygon.
fn rectangle([west, south]: [f64; 2], [east, north]: [f64; 2]) -> Value {
    json!([[[west, south], [east, south], [east, north], [west, north], [west, south]]])
}

#[test]
fn a_polygon_that_reaches_far_beyond_the_scene_covers_what_it_would() {
    // From 10° to 30° east, a cell for each degree.
    let degrees = place(4326, [10.0, 0.125, 0.0, 60.0, 0.0, -0.125], [160, 160]);
    let grid = Grid::new([160, 160], [8; 2], [8; 2], [0; 2]).unwrap();
    let columns = |place: &Place, grid: &Grid, rings: Value| {
        let found = read(&json!({ "type": "Polygon", "coordinates": rings }), place).unwrap();
        let cells = found.area().cells(grid);
        let row: String =
            cells[..grid.columns() as usize].iter().map(|&inside| if inside { 'x' } else { '.' }).collect();
        (row, found.notes().len())
    };
    let (whole, half) = ("x".repeat(20), format!("{}{}", "x".repeat(10), ".".repeat(10)));
    assert_eq!(columns(&degrees, &grid, rectangle([-180.0, 0.0], [20.0, 90.0])), (half.clone(), 0));
    assert_eq!(columns(&degrees, &grid, rectangle([-180.0, -90.0], [180.0, 90.0])), (whole, 0));
    assert_eq!(columns(&degrees, &grid, rectangle([-360.0, 0.0], [-340.0, 90.0])), (half, 0));
    // Points of either side of the date line, on a scene that lies on it.
    let fiji = place(4326, [178.0, 0.125, 0.0, -10.0, 0.0, -0.125], [32, 32]);
    let four = Grid::new([32, 32], [8; 2], [8; 2], [0; 2]).unwrap();
    assert_eq!(columns(&fiji, &four, rectangle([179.0, -20.0], [-179.0, 0.0])), (".xx.".into(), 1));
    // Russia reaches from 27° to 190° east: of that a zone of UTM shows a little.
    let moscow = place(32637, [4e5, 100.0, 0.0, 6.2e6, 0.0, -100.0], [320, 320]);
    let parts = json!({ "type": "MultiPolygon", "coordinates": [rectangle([27.0, 45.0], [180.0, 77.0]), rectangle([-180.0, 60.0], [-169.0, 71.0])] });
    let found = read(&parts, &moscow).unwrap();
    let ten = Grid::new([320, 320], [32; 2], [32; 2], [0; 2]).unwrap();
    assert!(
        found.area().cells(&ten).iter().all(|&inside| inside) && found.notes().is_empty(),
        "{:?}",
        found.notes()
    );
}

#[test]
fn cells_outside_the_area_are_left_out_though_a_window_sees_them() {
    let grid = Grid::new([64, 32], [32; 2], [16, 32], [0; 2]).unwrap();
    let place = place(4326, [0.0, 0.01, 0.0, 0.0, 0.0, -0.01], [64, 32]);
    let first =
        json!({ "type": "Polygon", "coordinates": [[[0, 0], [0.17, 0], [0.17, -0.32], [0, -0.32], [0, 0]]] });
    let area = read(&first, &place).unwrap().area();
    assert_eq!(area.windows(&grid), [true, false, false]);
    let mut votes = Votes::new(grid, labels()).unwrap();
    votes.add(0, &Answer::Scores(vec![0.0, 1.0, 0.0]), &[]);
    [1, 2].into_iter().for_each(|window| votes.add(window, &Answer::LeftOut, &[]));
    votes.limit_to(&area);
    let states: Vec<State> = votes.finish().cells().iter().map(|cell| cell.state).collect();
    assert_eq!(states, [State::Classified, State::LeftOut, State::LeftOut, State::LeftOut]);
}
