//! A scene: a grid of cells over a raster, the class of each cell, and the map of them as other programs read it.
//!
//! | file | what it holds |
//! |---|---|
//! | `grid.rs` | which windows are classified, and which cells the map has |
//! | `picture.rs` | a JPEG or PNG → a TIFF of which windows can be read |
//! | `view.rs` | a part of the scene in the size in which it is looked at |
//! | `hint.rs` | whether the ground resolution is one that the model knows |
//! | `place.rs` | where pixels lie on Earth, and how large they are there |
//! | `class_map.rs` | what the windows say → the class of each cell; votes, filter, what is undecided, areas |
//! | `colours.rs` | a colour for each class |
//! | `geotiff.rs` | the map as GeoTIFF: classes, and confidences |
//! | `sidecars.rs` | `.aux.xml` and `.qml`, so that GIS programs show names and colours |
//! | `regions.rs` | cells of one class that lie side by side → their outlines |
//! | `geojson.rs` | the map in longitude and latitude |
//! | `table.rs` | the map as CSV |
//! | `polygons.rs` | how much of each cell polygons cover; an area of interest |
//! | `vectors.rs` | GeoJSON → polygons on the scene, and the classes that they name |
//! | `check_sample.rs` | cells to be checked by a person, drawn from every class |
//! | `accuracy.rs` | the checked cells → areas and accuracies with their intervals |
//!
//! Spaces: a *pixel* is counted from the upper left corner of the scene, a *cell* by its column and row in the map, both
//! rows downwards; *crs* is what the file's CRS means by x and y, and *lon_lat* is in degrees on WGS 84. Whole numbers
//! name a pixel or a cell, fractions a point: 0.5, 0.5 is the middle of the first one.
//!
//! Nothing here reads or writes files, or starts threads: windows come from [`crate::raster`], bytes go to a `Write`.

mod accuracy;
mod check_sample;
mod class_map;
mod colours;
mod geojson;
mod geotiff;
mod grid;
mod hint;
mod longitudes;
mod picture;
mod place;
mod polygons;
mod regions;
mod sidecars;
mod surroundings;
mod table;
mod vectors;
mod view;

pub use accuracy::{Accuracy, AccuracyError, ClassAccuracy, Estimate, Stratum, estimate};
pub use check_sample::{
    Checked, Sample, SampleError, draw_sample, map_id, map_id_of, read_sample, write_sample_csv,
    write_sample_geojson,
};
pub use class_map::{Answer, Area, Cell, ClassMap, MapError, State, UNDECIDED, Votes, check_percent};
pub use colours::colour_of_class;
pub use geojson::{Shapes, write_geojson};
pub use geotiff::{class_geotiff, confidence_geotiff};
pub use grid::{Grid, GridError, Length, MOST_CELLS};
pub use hint::resolution_hint;
pub use picture::tiff_of_picture;
pub use place::{Place, PlaceError};
pub use polygons::{AreaOfInterest, Polygon, covered_pixels};
pub use sidecars::{aux_xml, category_names, qml};
pub use table::write_csv;
pub use vectors::{Property, VectorError, VectorLabels, Vectors};
pub use view::view;
