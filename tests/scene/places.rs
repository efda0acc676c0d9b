//! Places against PROJ: `tests/fixtures/scene/make_places.py`.

use serde::Deserialize;
use tilelens::raster::GeoKeys;
use tilelens::scene::Place;

use super::{description, keys, place};

#[derive(Deserialize)]
struct Fixture {
    places: Vec<Points>,
    areas: Vec<Area>,
}

#[derive(Deserialize)]
struct Points {
    epsg: u16,
    /// x, y, longitude, latitude.
    points: Vec<[f64; 4]>,
}

#[derive(Deserialize)]
struct Area {
    epsg: u16,
    x: f64,
    y: f64,
    side: f64,
    area: f64,
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("../fixtures/scene/places.json")).unwrap()
}

#[test]
fn longitudes_and_latitudes_are_those_of_proj() {
    let mut worst = 0.0_f64;
    for Points { epsg, points } in fixture().places {
        for [x, y, lon, lat] in points {
            let found =
                place(epsg, [x, 1.0, 0.0, y, 0.0, -1.0], [10, 10]).lon_lat_of_pixel([0.0, 0.0]).unwrap();
            let apart =
                ((found[0] - lon + 180.0).rem_euclid(360.0) - 180.0).abs().max((found[1] - lat).abs());
            assert!(apart < 1e-9, "EPSG:{epsg} at {x}, {y}: {found:?} and {lon}, {lat}");
            worst = worst.max(apart);
            let there =
                place(epsg, [x, 1.0, 0.0, y, 0.0, -1.0], [10, 10]).pixel_of_lon_lat([lon, lat]).unwrap();
            let limit = if x.abs() > 360.0 || y.abs() > 90.0 { 1e-4 } else { 1e-9 };
            assert!(
                there[0].hypot(there[1]) < limit,
                "EPSG:{epsg} at {lon}, {lat}: {there:?} units from {x}, {y}"
            );
        }
    }
    println!("{worst:e} degrees apart at most");
}

#[test]
fn areas_are_those_on_the_ellipsoid() {
    for Area { epsg, x, y, side, area } in fixture().areas {
        let around =
            place(epsg, [x - side / 2.0, side / 10.0, 0.0, y + side / 2.0, 0.0, -side / 10.0], [10, 10]);
        let found = around.area_m2([5.0, 5.0], [10, 10]).unwrap();
        assert!((found / area - 1.0).abs() < 1e-6, "EPSG:{epsg}: {found} and {area}");
    }
    // In the plane of UTM, a pixel of 10 m is 100 m², turned or not.
    for transform in [[5e5, 10.0, 0.0, 5.4e6, 0.0, -10.0], [5e5, 6.0, 8.0, 5.4e6, 8.0, -6.0]] {
        let turned = place(32633, transform, [10, 10]);
        assert!((turned.area_m2([5.0, 5.0], [2, 3]).unwrap() - 600.0).abs() < 1e-9);
        let [across, down] = turned.pixel_m().unwrap();
        assert!((across - 10.0).abs() < 1e-9 && (down - 10.0).abs() < 1e-9);
    }
}

#[test]
fn a_unit_that_is_no_metre_is_minded() {
    let feet =
        GeoKeys { directory: vec![1, 1, 0, 2, 3072, 0, 1, 2263, 3076, 0, 1, 9003], ..GeoKeys::default() };
    let feet = Place::of(&description(feet, Some([1e6, 1.0, 0.0, 2e5, 0.0, -1.0]), [100, 100]));
    assert!((feet.area_m2([5.0, 5.0], [1, 1]).unwrap() - 0.092_903).abs() < 1e-6);
    assert!(feet.notes()[0].contains("EPSG:2263 is not known here"), "{:?}", feet.notes());
    assert!(!feet.has_lon_lat());
    // UTM in feet is no UTM that the code stands for.
    let odd =
        GeoKeys { directory: vec![1, 1, 0, 2, 3072, 0, 1, 32633, 3076, 0, 1, 9002], ..GeoKeys::default() };
    assert!(!Place::of(&description(odd, Some([5e5, 1.0, 0.0, 5e6, 0.0, -1.0]), [100, 100])).has_lon_lat());
}

#[test]
fn what_is_not_known_is_said_and_not_guessed() {
    let notes = |keys: GeoKeys, transform, points| {
        let mut described = description(keys, transform, [100, 100]);
        described.georeference.control_points = points;
        let place = Place::of(&described);
        assert!(!place.has_lon_lat());
        assert!(place.lon_lat_of_pixel([1.0, 1.0]).is_err());
        place.notes().join(" ")
    };
    let north_up = Some([1000.0, 1.0, 0.0, 1000.0, 0.0, -1.0]);
    let nothing = notes(GeoKeys::default(), None, 0);
    assert!(nothing.contains("The scene does not say where it lies"), "{nothing}");
    assert!(notes(keys(32633), None, 4).contains("4 control points"));
    let unnamed = notes(GeoKeys::default(), north_up, 0);
    assert!(unnamed.contains("does not say its CRS, and it is not guessed"), "{unnamed}");
    assert!(unnamed.contains("Areas are counted in cells"), "{unnamed}");
    assert!(notes(keys(2154), north_up, 0).contains("EPSG:2154 is not known here"));
    // A CRS of degrees, though of an unknown datum, has areas.
    let clarke = Place::of(&description(keys(4267), Some([-90.0, 0.01, 0.0, 40.0, 0.0, -0.01]), [100, 100]));
    assert!(!clarke.has_lon_lat() && clarke.area_m2([0.0, 0.0], [1, 1]).is_some());
}

/// As of the land cover of the United States: an Albers of its own on NAD83, in metres.
#[test]
fn a_projection_without_a_code_is_not_the_degrees_that_it_is_made_from() {
    let of = |directory: Vec<u16>| {
        let keys = GeoKeys { directory, ..GeoKeys::default() };
        Place::of(&description(keys, Some([1e6, 30.0, 0.0, 2e6, 0.0, -30.0]), [100, 100]))
    };
    let albers = of(vec![
        1, 1, 0, 5, 1024, 0, 1, 1, 2048, 0, 1, 4269, 3072, 0, 1, 32767, 3075, 0, 1, 11, 3076, 0, 1, 9001,
    ]);
    assert_eq!(albers.georeference().epsg(), None);
    assert_eq!(albers.pixel_m(), Some([30.0, 30.0]));
    assert!(!albers.has_lon_lat() && albers.notes().join(" ").contains("in the plane of its CRS"));
    let nameless = of(vec![1, 1, 0, 3, 1024, 0, 1, 1, 2048, 0, 1, 4326, 3076, 0, 1, 9001]);
    assert_eq!((nameless.georeference().epsg(), nameless.pixel_m()), (None, Some([30.0, 30.0])));
    // Mercator's on the ellipsoid enlarges, as Web Mercator does, by how much is not known here.
    for directory in [
        vec![1, 1, 0, 3, 1024, 0, 1, 1, 3072, 0, 1, 3395, 3076, 0, 1, 9001],
        vec![1, 1, 0, 4, 1024, 0, 1, 1, 3072, 0, 1, 32767, 3075, 0, 1, 7, 3076, 0, 1, 9001],
    ] {
        let mercator = of(directory);
        assert_eq!(mercator.area_m2([5.0, 5.0], [1, 1]), None);
        assert!(
            mercator.notes().join(" ").contains("Areas are counted in cells: its projection is Mercator's")
        );
    }
}

#[test]
fn the_way_that_a_scene_lies_is_said() {
    let note = |transform| place(32633, transform, [100, 100]).notes().join(" ");
    assert_eq!(note([5e5, 10.0, 0.0, 5.4e6, 0.0, -10.0]), "");
    assert!(note([5e5, 10.0, 0.0, 5.4e6, 0.0, 10.0]).contains("south at its top"));
    assert!(note([5e5, 6.0, 8.0, 5.4e6, 8.0, -6.0]).contains("turned or sheared"));
    assert!(note([5e5, -10.0, 0.0, 5.4e6, 0.0, -10.0]).contains("mirrored"));
    assert!(place(25832, [5e5, 10.0, 0.0, 5.4e6, 0.0, -10.0], [9, 9]).notes()[0].contains("two metres"));
    // Beyond the pole there is nothing.
    assert!(place(4326, [0.0, 1.0, 0.0, 95.0, 0.0, -1.0], [9, 9]).lon_lat_of_pixel([0.0, 0.0]).is_err());
}
