//! Which windows of a scene are classified, and which cells the map has.
//!
//! Windows of `cell` pixels begin every `step` pixels. The map has a cell for each step: where windows overlap, a cell
//! of the map is seen by several of them. Without overlap a window is a cell.

use std::str::FromStr;

use thiserror::Error;

use crate::ErrorCode;
use crate::limits::{MAX_TILE_PIXELS, MIN_TILE_SIDE_PX};
use crate::raster::Window;

/// The most cells of a map.
pub const MOST_CELLS: u64 = 1_000_000;

/// Windows of a tiled scene are gone through in squares of at least this side, in pixels, so that few blocks are
/// decoded twice.
const GROUP_PX: u32 = 1024;

/// A length on a scene: `256px` or `640m`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Length {
    /// Pixels of the scene, whatever they measure on the ground.
    Pixels(f64),
    /// Metres on the ground; whole pixels are made of them by the scene's resolution.
    Metres(f64),
}

/// Why a scene cannot be cut so.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum GridError {
    /// No length.
    #[error("`{0}` is no length: write it in pixels, 256px, or in metres, 640m")]
    NoLength(String),
    /// Metres on a scene without them.
    #[error("the scene does not say how large its pixels are: give the cell in pixels, 256px say")]
    NoMetres,
    /// A cell too small to classify.
    #[error(
        "cells of {0} × {1} pixels are too small to classify: they must have at least {MIN_TILE_SIDE_PX} × {MIN_TILE_SIDE_PX}"
    )]
    TooSmall(u32, u32),
    /// A cell too large to classify.
    #[error("cells of {0} × {1} pixels are too large to classify: make them smaller")]
    TooLarge(u32, u32),
    /// A cell larger than the scene.
    #[error("no cell of {0} × {1} pixels fits into the scene of {2} × {3}: make the cells smaller")]
    SceneTooSmall(u32, u32, u32, u32),
    /// Windows that do not share a grid.
    #[error(
        "a step of {0} × {1} pixels does not divide cells of {2} × {3}: take a half, a third or a quarter of the cell"
    )]
    Step(u32, u32, u32, u32),
    /// An offset beyond the first step.
    #[error("an offset of {0} × {1} pixels is not less than the step of {2} × {3}")]
    Offset(u32, u32, u32, u32),
    /// More than [`MOST_CELLS`].
    #[error(
        "{0} cells are more than the {MOST_CELLS} that a map may have: make the cells or the step larger"
    )]
    TooMany(u64),
}

impl ErrorCode for GridError {
    fn code(&self) -> &'static str {
        "scene.grid"
    }
}

impl FromStr for Length {
    type Err = GridError;

    fn from_str(text: &str) -> Result<Self, GridError> {
        let none = || GridError::NoLength(text.into());
        let text = text.trim();
        let (number, make): (_, fn(f64) -> Self) = match (text.strip_suffix("px"), text.strip_suffix('m')) {
            (Some(number), _) => (number, Self::Pixels),
            (None, Some(number)) => (number, Self::Metres),
            (None, None) => return Err(none()),
        };
        let number: f64 = number.trim().parse().map_err(|_| none())?;
        if number.is_finite() && number >= 0.0 { Ok(make(number)) } else { Err(none()) }
    }
}

impl Length {
    /// Whole pixels across and down, where a pixel is so many metres wide and high.
    ///
    /// # Errors
    ///
    /// [`GridError::NoMetres`] for metres on a scene without them.
    pub fn in_pixels(self, pixel_m: Option<[f64; 2]>) -> Result<[u32; 2], GridError> {
        match (self, pixel_m) {
            (Self::Pixels(pixels), _) => Ok([pixels.round() as u32; 2]),
            (Self::Metres(metres), Some(pixel_m)) => Ok(pixel_m.map(|side| (metres / side).round() as u32)),
            (Self::Metres(_), None) => Err(GridError::NoMetres),
        }
    }
}

/// The windows of a scene, and the cells of its map.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    scene_px: [u32; 2],
    cell_px: [u32; 2],
    step_px: [u32; 2],
    offset_px: [u32; 2],
}

impl Grid {
    /// Windows of `cell_px` every `step_px`, the first at `offset_px`; each width and height.
    ///
    /// # Errors
    ///
    /// [`GridError`] for what gives no map.
    pub fn new(
        scene_px: [u32; 2],
        cell_px: [u32; 2],
        step_px: [u32; 2],
        offset_px: [u32; 2],
    ) -> Result<Self, GridError> {
        let ([width, height], [step_x, step_y]) = (cell_px, step_px);
        if width.min(height) < MIN_TILE_SIDE_PX {
            return Err(GridError::TooSmall(width, height));
        }
        if u64::from(width) * u64::from(height) > MAX_TILE_PIXELS {
            return Err(GridError::TooLarge(width, height));
        }
        if step_x == 0 || step_y == 0 || width % step_x != 0 || height % step_y != 0 {
            return Err(GridError::Step(step_x, step_y, width, height));
        }
        if offset_px[0] >= step_x || offset_px[1] >= step_y {
            return Err(GridError::Offset(offset_px[0], offset_px[1], step_x, step_y));
        }
        let fits = |axis: usize| scene_px[axis] >= offset_px[axis] + cell_px[axis];
        if !fits(0) || !fits(1) {
            return Err(GridError::SceneTooSmall(width, height, scene_px[0], scene_px[1]));
        }
        let grid = Self { scene_px, cell_px, step_px, offset_px };
        let cells = u64::from(grid.columns()) * u64::from(grid.rows());
        if cells > MOST_CELLS { Err(GridError::TooMany(cells)) } else { Ok(grid) }
    }

    /// The same with lengths, where a pixel is so many metres wide and high; without a step windows do not overlap.
    ///
    /// # Errors
    ///
    /// [`GridError`] for what gives no map.
    pub fn of_lengths(
        scene_px: [u32; 2],
        pixel_m: Option<[f64; 2]>,
        cell: Length,
        step: Option<Length>,
        offset: Length,
    ) -> Result<Self, GridError> {
        let mut cell_px = cell.in_pixels(pixel_m)?;
        let step_px = step.map(|step| step.in_pixels(pixel_m)).transpose()?.unwrap_or(cell_px);
        if let Some(Length::Metres(_)) = step {
            // Metres are rounded to pixels: so that the steps still divide the cell, it is made of them.
            cell_px = [0, 1].map(|axis| {
                let steps = (f64::from(cell_px[axis]) / f64::from(step_px[axis].max(1))).round().max(1.0);
                step_px[axis].saturating_mul(steps as u32)
            });
        }
        Self::new(scene_px, cell_px, step_px, offset.in_pixels(pixel_m)?)
    }

    /// Width and height of a window in pixels.
    pub fn cell_px(&self) -> [u32; 2] {
        self.cell_px
    }

    /// Width and height of a cell of the map in pixels.
    pub fn step_px(&self) -> [u32; 2] {
        self.step_px
    }

    /// Width and height of the scene in pixels.
    pub fn scene_px(&self) -> [u32; 2] {
        self.scene_px
    }

    /// The pixel in the upper left corner of the first cell.
    pub fn offset_px(&self) -> [u32; 2] {
        self.offset_px
    }

    /// Columns of the map; the last one may reach beyond the scene.
    pub fn columns(&self) -> u32 {
        (self.scene_px[0] - self.offset_px[0]).div_ceil(self.step_px[0])
    }

    /// Rows of the map; the last one may reach beyond the scene.
    pub fn rows(&self) -> u32 {
        (self.scene_px[1] - self.offset_px[1]).div_ceil(self.step_px[1])
    }

    /// Cells of the map.
    pub fn cells(&self) -> usize {
        self.columns() as usize * self.rows() as usize
    }

    /// Column and row of a cell of the map, counted row by row.
    pub fn column_row(&self, cell: usize) -> [u32; 2] {
        let columns = self.columns() as usize;
        [(cell % columns) as u32, (cell / columns) as u32]
    }

    /// The number of a cell of the map, the inverse of [`Grid::column_row`].
    pub fn cell_at(&self, [column, row]: [u32; 2]) -> usize {
        row as usize * self.columns() as usize + column as usize
    }

    /// The pixel of a cell's upper left corner; also one beyond the last cell.
    pub fn corner_px(&self, [column, row]: [u32; 2]) -> [f64; 2] {
        let at = |axis: usize, index: u32| {
            f64::from(self.offset_px[axis]) + f64::from(index) * f64::from(self.step_px[axis])
        };
        [at(0, column), at(1, row)]
    }

    /// The pixels of a cell of the map; nothing where it reaches beyond the scene.
    pub fn cell_window(&self, cell: usize) -> Option<Window> {
        self.window_of(self.column_row(cell), self.step_px)
    }

    /// Windows to classify, across and down.
    pub fn windows_across_down(&self) -> [u32; 2] {
        [0, 1].map(|axis| {
            (self.scene_px[axis] - self.offset_px[axis] - self.cell_px[axis]) / self.step_px[axis] + 1
        })
    }

    /// Windows to classify: those that lie within the scene.
    pub fn windows(&self) -> usize {
        let [across, down] = self.windows_across_down();
        across as usize * down as usize
    }

    /// The pixels of a window, counted row by row.
    pub fn window(&self, window: usize) -> Window {
        self.window_of(self.start(window), self.cell_px).expect("windows lie within the scene")
    }

    /// Column and row of the cell in a window's upper left corner.
    fn start(&self, window: usize) -> [u32; 2] {
        let across = self.windows_across_down()[0] as usize;
        [(window % across) as u32, (window / across) as u32]
    }

    /// The cells of the map that a window shows.
    pub fn cells_in_window(&self, window: usize) -> impl Iterator<Item = usize> + '_ {
        let start = self.start(window);
        let [across, down] = self.overlap();
        self.block_of_cells(start, [across, down])
    }

    /// Cells that this window alone answers for: its first one, and at the end of a row or column what follows. All
    /// windows together have each whole cell once.
    pub fn own_cells(&self, window: usize) -> impl Iterator<Item = usize> + '_ {
        let (start, last, overlap) = (self.start(window), self.windows_across_down(), self.overlap());
        let count = [0, 1].map(|axis| if start[axis] + 1 == last[axis] { overlap[axis] } else { 1 });
        self.block_of_cells(start, count)
    }

    /// Cells that a window has across and down: 1 and 1 without overlap.
    pub fn overlap(&self) -> [u32; 2] {
        [0, 1].map(|axis| self.cell_px[axis] / self.step_px[axis])
    }

    fn block_of_cells(
        &self,
        [column, row]: [u32; 2],
        [across, down]: [u32; 2],
    ) -> impl Iterator<Item = usize> + '_ {
        (row..row + down)
            .flat_map(move |row| (column..column + across).map(move |column| self.cell_at([column, row])))
    }

    fn window_of(&self, [column, row]: [u32; 2], [width, height]: [u32; 2]) -> Option<Window> {
        let x = self.offset_px[0] + column * self.step_px[0];
        let y = self.offset_px[1] + row * self.step_px[1];
        let inside = x + width <= self.scene_px[0] && y + height <= self.scene_px[1];
        inside.then_some(Window { x, y, width, height })
    }

    /// All windows, in groups that share blocks of the file: tiles of `block_px`, or strips where there is none. A
    /// group is best classified by one reader. There are `at_least` so many groups, if there are as many windows, so
    /// that everybody has some, though blocks are decoded twice for it.
    pub fn groups(&self, block_px: Option<[u32; 2]>, at_least: usize) -> Vec<Vec<usize>> {
        let [across, down] = self.windows_across_down();
        let side = |axis: usize, block: u32| {
            let blocks = (GROUP_PX / block.max(1)).max(1) * block;
            (blocks / self.step_px[axis]).max(1)
        };
        let [mut wide, mut high] = match block_px {
            Some([width, height]) => [side(0, width).min(across), side(1, height).min(down)],
            None => [across, side(1, 1).min(down)],
        };
        let count = |wide: u32, high: u32| across.div_ceil(wide) as usize * down.div_ceil(high) as usize;
        while count(wide, high) < at_least && wide * high > 1 {
            // A strip is best left whole.
            let halves_rows = high > 1 && (high >= wide || block_px.is_none());
            *(if halves_rows { &mut high } else { &mut wide }) /= 2;
        }
        let mut groups = Vec::new();
        for top in (0..down).step_by(high as usize) {
            for left in (0..across).step_by(wide as usize) {
                let rows = top..down.min(top + high);
                let columns = left..across.min(left + wide);
                let of_row = |row: u32| columns.clone().map(move |column| (row * across + column) as usize);
                groups.push(rows.flat_map(of_row).collect());
            }
        }
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_a_unit() {
        assert_eq!("256px".parse(), Ok(Length::Pixels(256.0)));
        assert_eq!("640 m".parse(), Ok(Length::Metres(640.0)));
        for wrong in ["256", "-4px", "km", "nanm", ""] {
            assert!(wrong.parse::<Length>().is_err(), "{wrong}");
        }
        assert_eq!(Length::Metres(640.0).in_pixels(Some([10.0, 20.0])), Ok([64, 32]));
        assert_eq!(Length::Metres(640.0).in_pixels(None), Err(GridError::NoMetres));
    }

    #[test]
    fn the_edge_of_the_scene_cuts_cells_and_no_window_reaches_beyond_it() {
        let grid = Grid::new([100, 70], [32, 32], [16, 16], [4, 0]).unwrap();
        assert_eq!([grid.columns(), grid.rows()], [6, 5]);
        assert_eq!(grid.windows_across_down(), [5, 3]);
        assert_eq!(grid.window(14), Window { x: 68, y: 32, width: 32, height: 32 });
        assert_eq!(grid.cells_in_window(0).collect::<Vec<_>>(), [0, 1, 6, 7]);
        let mut own: Vec<usize> = (0..grid.windows()).flat_map(|window| grid.own_cells(window)).collect();
        own.sort_unstable();
        let whole: Vec<usize> = (0..grid.cells()).filter(|&cell| grid.cell_window(cell).is_some()).collect();
        assert_eq!(own, whole);
        for block in [None, Some([16, 16]), Some([512, 512])] {
            for at_least in [1, 4, 100] {
                let groups = grid.groups(block, at_least);
                assert!(groups.len() >= at_least.min(grid.windows()), "{block:?}: {}", groups.len());
                let mut all: Vec<usize> = groups.concat();
                all.sort_unstable();
                assert_eq!(all, (0..grid.windows()).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn what_gives_no_map_is_refused() {
        let grid = |cell, step, offset| Grid::new([1000, 1000], [cell; 2], [step; 2], [offset; 2]);
        assert_eq!(grid(7, 7, 0), Err(GridError::TooSmall(7, 7)));
        assert_eq!(grid(64, 48, 0), Err(GridError::Step(48, 48, 64, 64)));
        assert_eq!(grid(64, 0, 0), Err(GridError::Step(0, 0, 64, 64)));
        assert_eq!(grid(64, 128, 0), Err(GridError::Step(128, 128, 64, 64)));
        assert_eq!(grid(64, 32, 32), Err(GridError::Offset(32, 32, 32, 32)));
        assert_eq!(grid(1001, 1001, 0), Err(GridError::SceneTooSmall(1001, 1001, 1000, 1000)));
        let huge = Grid::new([40_000, 40_000], [8; 2], [8; 2], [0; 2]);
        assert_eq!(huge, Err(GridError::TooMany(25_000_000)));
    }
}
