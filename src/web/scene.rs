//! A scene in a worker: what it is, how it looks, its cells, and the map of their classes.

use std::rc::Rc;

use js_sys::Function;
use serde::Serialize;
use tsify::Tsify;
use wasm_bindgen::prelude::*;

use super::raster::open_beside;
use super::{failure, throwable, to_js};
use crate::raster::{self, Prepared, Stretch, Window, summary};
use crate::scene::{
    Accuracy, Answer, Area, AreaOfInterest, Checked, ClassMap, Grid, Length, Place, Property, Shapes, State,
    Stratum, VectorLabels, Vectors, Votes, aux_xml, class_geotiff, confidence_geotiff, draw_sample, estimate,
    qml, resolution_hint, tiff_of_picture, view, write_csv, write_geojson,
};
use crate::tile::{Picture, holds_little};

/// What a page is told of a scene.
#[derive(Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
struct SceneInfo {
    width_px: u32,
    height_px: u32,
    /// From pixels to coordinates of the CRS, in GDAL's order; null where the scene has no place.
    transform: Option<[f64; 6]>,
    /// The CRS as the file names it.
    crs: Option<String>,
    /// Whether longitude and latitude can be computed.
    has_lon_lat: bool,
    /// Width and height of a pixel in the middle, in metres.
    pixel_m: Option<[f64; 2]>,
    /// Widths and heights of its overviews.
    overviews: Vec<[u32; 2]>,
    /// Width and height of a block of the file; null for strips.
    block_px: Option<[u32; 2]>,
    /// What it is, as `tilelens info` says it.
    lines: Vec<String>,
    stretch: Stretch,
    /// What was guessed of its colours and of its place.
    notes: Vec<String>,
}

/// How a scene is cut. Windows are counted row by row; so are the cells of the map, of which there is one a step.
#[derive(Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
struct GridInfo {
    cell_px: [u32; 2],
    step_px: [u32; 2],
    offset_px: [u32; 2],
    /// Windows across and down.
    windows: [u32; 2],
    /// Cells of the map across and down.
    cells: [u32; 2],
    /// Width and height of a window in metres.
    cell_m: Option<[f64; 2]>,
}

/// The classes of the cells, and their areas.
#[derive(Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
struct MapSummary {
    /// Columns and rows.
    cells: [u32; 2],
    /// Classes, and what is undecided, with cells, square metres and shares.
    areas: Vec<MapArea>,
    /// Cells that are cut by the edge of the scene.
    outside: usize,
    /// Cells outside the area of interest, and those whose windows are no tiles any more.
    left_out: usize,
    /// Cells that the majority around them changed.
    filtered: usize,
}

/// The cells of a class.
#[derive(Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
struct MapArea {
    /// The number in the map.
    id: u8,
    name: String,
    colour: String,
    cells: usize,
    square_m: Option<f64>,
    share: f64,
}

/// What a file of polygons says.
#[derive(Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
struct VectorsInfo {
    /// Shapes that lie on the scene.
    count: usize,
    /// What was guessed and left out.
    notes: Vec<String>,
    /// What the shapes say of themselves; first what probably names classes.
    properties: Vec<VectorProperty>,
}

/// A property of shapes.
#[derive(Serialize, Tsify)]
struct VectorProperty {
    name: String,
    /// By name, with the number of shapes that have each.
    values: Vec<(String, usize)>,
}

/// Windows with the classes that polygons give them.
#[derive(Serialize, Tsify)]
struct WindowLabels {
    names: Vec<String>,
    /// Windows, and the places of their classes among the names.
    windows: Vec<(usize, usize)>,
}

/// What a window of the map says: `0` it was classified, `1` it holds too little data, `2` it cannot be read, `3` it is left
/// out, and whatever else, nobody has looked at it.
const CLASSIFIED: u8 = 0;
const UNREADABLE: u8 = 2;
const LEFT_OUT: u8 = 3;
const OPEN: u8 = 4;

/// An open scene.
#[wasm_bindgen]
pub struct Scene {
    inner: raster::Raster<'static>,
    prepared: Prepared,
    place: Rc<Place>,
}

#[wasm_bindgen]
impl Scene {
    /// Opens a TIFF of `size` bytes, of which `read(offset, length)` gives any, with the texts of the world file and of the
    /// `.aux.xml` that stood beside it. Without a stretch one is chosen by its own numbers.
    pub fn open(
        size: f64,
        read: Function,
        world: Option<String>,
        #[wasm_bindgen(js_name = auxXml)] aux_xml: Option<String>,
        #[wasm_bindgen(unchecked_param_type = "Stretch | null")] stretch: JsValue,
    ) -> Result<Scene, JsValue> {
        let (inner, prepared) = open_beside(size, read, world, aux_xml, stretch)?;
        let place = Rc::new(Place::of(inner.description()));
        Ok(Self { prepared, inner, place })
    }

    /// What it is, and how it is shown.
    #[wasm_bindgen(unchecked_return_type = "SceneInfo")]
    pub fn describe(&self) -> JsValue {
        let description = self.inner.description();
        let place = &description.georeference;
        let notes = self.prepared.notes.iter().cloned().chain(self.place.notes()).collect();
        to_js(&SceneInfo {
            width_px: description.width,
            height_px: description.height,
            transform: place.transform,
            crs: place.epsg().map(|code| format!("EPSG:{code}")).or_else(|| place.crs_name()),
            has_lon_lat: self.place.has_lon_lat(),
            pixel_m: self.place.pixel_m(),
            overviews: description.overviews.clone(),
            block_px: description.tile,
            lines: summary(description, &self.prepared),
            stretch: self.prepared.stretch.clone(),
            notes,
        })
    }

    /// A window (column and row of its upper left pixel, width and height) as `outWidth × outHeight` RGBA pixels, which are
    /// no more than the window has.
    #[wasm_bindgen(js_name = view)]
    pub fn view(
        &mut self,
        x: u32,
        y: u32,
        width: u32,
        height: u32,
        #[wasm_bindgen(js_name = outWidth)] out_width: u32,
        #[wasm_bindgen(js_name = outHeight)] out_height: u32,
    ) -> Result<wasm_bindgen::Clamped<Vec<u8>>, JsValue> {
        let window = Window { x, y, width, height };
        let rgba = view(&mut self.inner, &self.prepared, window, [out_width, out_height]);
        rgba.map(wasm_bindgen::Clamped).map_err(failure)
    }

    /// Longitude and latitude at a point in pixels; empty where they are not known.
    #[wasm_bindgen(js_name = lonLat)]
    pub fn lon_lat(&self, column: f64, row: f64) -> Vec<f64> {
        self.place.lon_lat_written([column, row]).map_or_else(Vec::new, Vec::from)
    }

    /// How lengths such as `256px` or `640m` cut it.
    #[wasm_bindgen(unchecked_return_type = "GridInfo")]
    pub fn grid(&self, cell: &str, step: &str, offset: &str) -> Result<JsValue, JsValue> {
        let grid = self.grid_of(cell, step, offset)?;
        let [width, height] = grid.cell_px().map(f64::from);
        Ok(to_js(&GridInfo {
            cell_px: grid.cell_px(),
            step_px: grid.step_px(),
            offset_px: grid.corner_px([0, 0]).map(|side| side as u32),
            windows: grid.windows_across_down(),
            cells: [grid.columns(), grid.rows()],
            cell_m: self.place.pixel_m().map(|[across, down]| [width * across, height * down]),
        }))
    }

    /// A sentence where its pixels are far from those that a model was made for, between `low` and `high` metres.
    pub fn hint(
        &self,
        model: &str,
        low: f32,
        high: f32,
        #[wasm_bindgen(js_name = cellPx)] cell_px: u32,
    ) -> Option<String> {
        let [across, down] = self.place.pixel_m()?;
        resolution_hint(model, [low, high], (across * down).sqrt(), cell_px)
    }

    /// Of the cells that `windows` answer for, those that hold too little data themselves: where windows overlap, a window
    /// of data may have cells without.
    #[wasm_bindgen(js_name = emptyCells)]
    pub fn empty_cells(
        &mut self,
        cell: &str,
        step: &str,
        offset: &str,
        windows: &[u32],
    ) -> Result<Vec<u32>, JsValue> {
        let grid = self.grid_of(cell, step, offset)?;
        let mut empty = Vec::new();
        for &window in windows.iter().filter(|&&window| (window as usize) < grid.windows()) {
            for cell in grid.own_cells(window as usize) {
                let Some(pixels) = grid.cell_window(cell) else { continue };
                // What cannot be read is said of the window.
                if holds_little(&mut self.inner, pixels, &self.prepared).unwrap_or(false) {
                    empty.push(cell as u32);
                }
            }
        }
        Ok(empty)
    }

    /// The map that windows make: `scores` has a probability for each label, window by window, `states` what each window
    /// says. `colours` are three bytes a label. Cells outside an `area` are left out.
    #[allow(clippy::too_many_arguments, reason = "JavaScript has no other way to give them than one by one")]
    pub fn map(
        &self,
        cell: &str,
        step: &str,
        offset: &str,
        labels: Vec<String>,
        colours: &[u8],
        scores: &[f32],
        states: &[u8],
        empty: &[u32],
        #[wasm_bindgen(unchecked_param_type = "[number, number][][][] | null")] area: JsValue,
        #[wasm_bindgen(js_name = undecidedPercent)] undecided_percent: f32,
        #[wasm_bindgen(js_name = isMajority)] is_majority: bool,
    ) -> Result<SceneMap, JsValue> {
        let grid = self.grid_of(cell, step, offset)?;
        let (windows, classes, cells) = (grid.windows(), labels.len(), grid.cells());
        if states.len() != windows || scores.len() != windows * classes {
            return Err(throwable("scene.map", "the answers are not those of this grid".into()));
        }
        let mut votes = Votes::new(grid, labels).map_err(failure)?;
        for (window, &state) in states.iter().enumerate() {
            let answer = match state {
                CLASSIFIED => Answer::Scores(scores[window * classes..][..classes].to_vec()),
                UNREADABLE => Answer::Unreadable,
                LEFT_OUT => Answer::LeftOut,
                OPEN => Answer::Open,
                _ => Answer::NoData,
            };
            votes.add(window, &answer, &[]);
        }
        let empty: Vec<usize> =
            empty.iter().map(|&cell| cell as usize).filter(|&cell| cell < cells).collect();
        votes.leave_out(&empty);
        if let Some(area) = area_of(area)? {
            votes.limit_to(&area);
        }
        let mut map = votes.finish();
        map.set_colours(colours.as_chunks::<3>().0.iter().copied());
        map.leave_undecided_below(undecided_percent).map_err(failure)?;
        let filtered = if is_majority { map.majority_filter() } else { 0 };
        Ok(SceneMap { map, place: self.place.clone(), filtered })
    }

    /// Polygons of a GeoJSON file on this scene.
    #[wasm_bindgen(js_name = readVectors)]
    pub fn read_vectors(&self, bytes: &[u8]) -> Result<SceneVectors, JsValue> {
        Vectors::read(bytes, &self.place).map(|inner| SceneVectors { inner }).map_err(failure)
    }

    /// The classes that polygons give the windows of which they cover `leastShare` or more.
    #[wasm_bindgen(js_name = labelsOf, unchecked_return_type = "WindowLabels")]
    pub fn labels_of(
        &self,
        vectors: &SceneVectors,
        cell: &str,
        step: &str,
        offset: &str,
        property: &str,
        #[wasm_bindgen(js_name = leastShare)] least_share: f64,
    ) -> Result<JsValue, JsValue> {
        let grid = self.grid_of(cell, step, offset)?;
        let VectorLabels { names, windows } = vectors.inner.labels(&grid, property, least_share);
        Ok(to_js(&WindowLabels { names, windows }))
    }

    /// The windows that show cells of an area, given as polygons, rings and points in pixels.
    #[wasm_bindgen(js_name = windowsInArea)]
    pub fn windows_in_area(
        &self,
        cell: &str,
        step: &str,
        offset: &str,
        #[wasm_bindgen(unchecked_param_type = "[number, number][][][]")] area: JsValue,
    ) -> Result<Vec<u32>, JsValue> {
        let grid = self.grid_of(cell, step, offset)?;
        let is_wanted = area_of(area)?.unwrap_or_default().windows(&grid);
        Ok((0..).zip(is_wanted).filter_map(|(window, is_wanted)| is_wanted.then_some(window)).collect())
    }

    fn grid_of(&self, cell: &str, step: &str, offset: &str) -> Result<Grid, JsValue> {
        let description = self.inner.description();
        let size = [description.width, description.height];
        let lengths = [cell, step, offset].map(str::parse::<Length>);
        let [cell, step, offset] = lengths;
        let grid =
            cell.and_then(|cell| Grid::of_lengths(size, self.place.pixel_m(), cell, Some(step?), offset?));
        grid.map_err(failure)
    }
}

/// Polygons on a scene.
#[wasm_bindgen]
pub struct SceneVectors {
    inner: Vectors,
}

#[wasm_bindgen]
impl SceneVectors {
    /// What their file says of the scene.
    #[wasm_bindgen(unchecked_return_type = "VectorsInfo")]
    pub fn describe(&self) -> JsValue {
        let property =
            |Property { name, values }| VectorProperty { name, values: values.into_iter().collect() };
        to_js(&VectorsInfo {
            count: self.inner.len(),
            notes: self.inner.notes().to_vec(),
            properties: self.inner.properties().into_iter().map(property).collect(),
        })
    }

    /// Their rings of points, in pixels.
    #[wasm_bindgen(unchecked_return_type = "[number, number][][][]")]
    pub fn area(&self) -> JsValue {
        to_js(&self.inner.area())
    }
}

/// The class of each cell of a scene.
#[wasm_bindgen]
pub struct SceneMap {
    map: ClassMap,
    place: Rc<Place>,
    filtered: usize,
}

#[wasm_bindgen]
impl SceneMap {
    /// Its size, and the areas of its classes.
    #[wasm_bindgen(unchecked_return_type = "MapSummary")]
    pub fn summary(&self) -> JsValue {
        let grid = self.map.grid();
        let colours = self.map.colours();
        let hex = |[red, green, blue]: [u8; 3]| format!("#{red:02x}{green:02x}{blue:02x}");
        let areas = self.map.areas(&self.place).into_iter().zip(colours);
        let areas = areas.map(|(Area { id, name, cells, square_m, share }, colour)| MapArea {
            id,
            name,
            colour: hex(colour),
            cells,
            square_m,
            share,
        });
        to_js(&MapSummary {
            cells: [grid.columns(), grid.rows()],
            areas: areas.collect(),
            outside: self.map.count(State::Outside),
            left_out: self.map.count(State::LeftOut),
            filtered: self.filtered,
        })
    }

    /// The number of each cell, row by row: 0 without class, then the labels, then what is undecided.
    pub fn ids(&self) -> Vec<u8> {
        self.map.ids()
    }

    /// How probable each cell's class is; 0 without class.
    pub fn confidences(&self) -> Vec<f32> {
        self.map.cells().iter().map(|cell| cell.score).collect()
    }

    /// The class GeoTIFF.
    #[wasm_bindgen(js_name = classGeotiff)]
    pub fn class_geotiff(&self) -> Result<Vec<u8>, JsValue> {
        class_geotiff(&self.map, &self.place).map_err(cannot_write)
    }

    /// The confidence GeoTIFF.
    #[wasm_bindgen(js_name = confidenceGeotiff)]
    pub fn confidence_geotiff(&self) -> Result<Vec<u8>, JsValue> {
        confidence_geotiff(&self.map, &self.place).map_err(cannot_write)
    }

    /// GDAL's `.aux.xml` of the class GeoTIFF.
    #[wasm_bindgen(js_name = auxXml)]
    pub fn aux_xml(&self) -> String {
        aux_xml(&self.map)
    }

    /// QGIS's style of the class GeoTIFF.
    pub fn qml(&self) -> String {
        qml(&self.map)
    }

    /// A row a cell.
    pub fn csv(&self) -> Result<Vec<u8>, JsValue> {
        let mut out = Vec::new();
        write_csv(&self.map, &self.place, &mut out).map_err(cannot_write)?;
        Ok(out)
    }

    /// GeoJSON on WGS 84: neighbours of one class as one feature, or each cell.
    pub fn geojson(&self, #[wasm_bindgen(js_name = isMerged)] is_merged: bool) -> Result<Vec<u8>, JsValue> {
        let shapes = if is_merged { Shapes::Regions } else { Shapes::Cells };
        let mut out = Vec::new();
        write_geojson(&self.map, &self.place, shapes, &mut out).map_err(cannot_write)?;
        Ok(out)
    }

    /// The numbers of cells that a person should check, drawn from every class.
    #[wasm_bindgen(js_name = drawSample)]
    pub fn draw_sample(&self, count: usize, seed: u32) -> Result<Vec<u32>, JsValue> {
        let drawn = draw_sample(&self.map, count, u64::from(seed)).map_err(failure)?;
        Ok(drawn.into_iter().map(|cell| cell as u32).collect())
    }

    /// Areas and accuracies with their 95 % intervals, by cells that a person checked and the names of what is there.
    /// Areas are in square metres, or in cells where nothing says how large those are.
    #[wasm_bindgen(unchecked_return_type = "Accuracy")]
    pub fn accuracy(&self, cells: &[u32], truths: Vec<String>) -> Result<JsValue, JsValue> {
        let grid = self.map.grid();
        let at = |&cell: &u32| grid.column_row(cell as usize);
        let checked: Vec<Checked> =
            cells.iter().map(at).zip(truths).map(|(cell, truth)| Checked { cell, truth }).collect();
        let names: Vec<String> = self.map.names().into_iter().map(String::from).collect();
        let areas: Option<Vec<f64>> =
            (0..grid.cells()).map(|cell| self.map.area_m2(cell, &self.place)).collect();
        let areas = areas.unwrap_or_else(|| vec![1.0; grid.cells()]);
        let strata =
            Stratum::of_map(&self.ids(), grid.columns(), &names, self.map.labels().len(), &areas, &checked)
                .map_err(failure)?;
        let accuracy: Accuracy = estimate(&strata, self.map.labels()).map_err(failure)?;
        Ok(to_js(&accuracy))
    }
}

/// A decoded picture as a TIFF of which windows can be read, with overviews: three bytes a pixel, or four with opacity.
#[wasm_bindgen(js_name = tiffOfPixels)]
pub fn tiff_of_pixels(
    width: u32,
    height: u32,
    pixels: Vec<u8>,
    #[wasm_bindgen(js_name = hasOpacity)] has_opacity: bool,
) -> Result<Vec<u8>, JsValue> {
    let channels = if has_opacity { 4 } else { 3 };
    if pixels.is_empty() || pixels.len() as u64 != u64::from(width) * u64::from(height) * channels {
        return Err(throwable("scene.picture", "the pixels are not as many as the picture has".into()));
    }
    tiff_of_picture(Picture { size_px: [width, height], pixels, has_opacity }).map_err(cannot_write)
}

fn area_of(value: JsValue) -> Result<Option<AreaOfInterest>, JsValue> {
    serde_wasm_bindgen::from_value(value)
        .map_err(|error| throwable("scene.area", format!("the area cannot be understood: {error}")))
}

fn cannot_write(error: impl std::fmt::Display) -> JsValue {
    throwable("scene.write", error.to_string())
}
