//! What the windows say → the class of each cell of the map.

use thiserror::Error;

use super::colours::{UNDECIDED_COLOUR, colour_of_class};
use super::{AreaOfInterest, Grid, Place};
use crate::ErrorCode;
use crate::training::metrics::argmax;

/// The most classes of a map: its numbers are bytes, 0 is no data, and one more is for what is undecided.
const MOST_CLASSES: usize = 254;

/// The name of cells whose class is too uncertain.
pub const UNDECIDED: &str = "Undecided";

/// What a window says.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Class probabilities, `[classes]`.
    Scores(Vec<f32>),
    /// Too little of it holds data.
    NoData,
    /// Its pixels cannot be read.
    Unreadable,
    /// It is not to be classified.
    LeftOut,
    /// It was not classified yet.
    Open,
}

/// What a cell of the map is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It has a class.
    Classified,
    /// Its best class is less probable than was asked for.
    Undecided,
    /// More than half of it is without data.
    NoData,
    /// It reaches beyond the edge of the scene.
    Outside,
    /// Its pixels cannot be read.
    Unreadable,
    /// It lies outside the area of interest, or its window was not to be classified.
    LeftOut,
    /// No window that sees it was classified yet.
    Open,
}

/// A cell of the map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// Whether the cell has a class, and if not, why.
    pub state: State,
    /// The class, from 0; of an undecided cell the most probable one; without meaning in other states.
    pub class: usize,
    /// How probable it is, from 0 to 1.
    pub score: f32,
}

/// Why there is no map.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum MapError {
    /// More than a byte can number.
    #[error(
        "a map has {MOST_CLASSES} classes at most, and this model knows {0}: train a head on those that you need"
    )]
    TooManyClasses(usize),
    /// A share of which nothing is below.
    #[error("{0} is no share of 100: what is undecided lies between 0 and 100 %")]
    Share(f32),
}

impl ErrorCode for MapError {
    fn code(&self) -> &'static str {
        "scene.map"
    }
}

/// The windows' answers as they come, in any order for cells that one window sees; where windows overlap, the mean
/// over windows is the same to the last bit only in the same order.
pub struct Votes {
    grid: Grid,
    labels: Vec<String>,
    /// `[cells, classes]`: sums over the windows that see a cell.
    sums: Vec<f32>,
    /// How many windows gave each cell scores.
    votes: Vec<u32>,
    /// What a cell is that no window gave scores.
    states: Vec<State>,
    /// Which cells are without data themselves.
    is_empty: Vec<bool>,
}

impl Votes {
    /// No answers yet.
    ///
    /// # Errors
    ///
    /// [`MapError::TooManyClasses`].
    pub fn new(grid: Grid, labels: Vec<String>) -> Result<Self, MapError> {
        if labels.len() > MOST_CLASSES {
            return Err(MapError::TooManyClasses(labels.len()));
        }
        let cells = grid.cells();
        let state = |cell| if grid.cell_window(cell).is_some() { State::NoData } else { State::Outside };
        Ok(Self {
            sums: vec![0.0; cells * labels.len()],
            votes: vec![0; cells],
            states: (0..cells).map(state).collect(),
            is_empty: vec![false; cells],
            grid,
            labels,
        })
    }

    /// The answer of a window. Cells of `empty` are without data, whatever windows around them say.
    pub fn add(&mut self, window: usize, answer: &Answer, empty: &[usize]) {
        let classes = self.labels.len();
        for cell in self.grid.cells_in_window(window) {
            match answer {
                Answer::Scores(scores) => {
                    let sums = &mut self.sums[cell * classes..][..classes];
                    sums.iter_mut().zip(scores).for_each(|(sum, score)| *sum += score);
                    self.votes[cell] += 1;
                }
                Answer::NoData => {}
                Answer::Unreadable => self.states[cell] = State::Unreadable,
                Answer::LeftOut => self.states[cell] = State::LeftOut,
                Answer::Open => self.states[cell] = State::Open,
            }
        }
        self.leave_out(empty);
    }

    /// Cells that are without data, whatever windows around them say.
    pub fn leave_out(&mut self, empty: &[usize]) {
        empty.iter().for_each(|&cell| self.is_empty[cell] = true);
    }

    /// Leaves out the whole cells that do not belong to an area, whatever windows around them say.
    pub fn limit_to(&mut self, area: &AreaOfInterest) {
        for (cell, is_inside) in area.cells(&self.grid).into_iter().enumerate() {
            if !is_inside && self.states[cell] != State::Outside {
                self.states[cell] = State::LeftOut;
                self.votes[cell] = 0;
            }
        }
    }

    /// The map: each cell has the class that is most probable over all windows that see it.
    pub fn finish(self) -> ClassMap {
        let Self { grid, labels, mut sums, votes, states, is_empty } = self;
        let classes = labels.len();
        let mut cells = Vec::with_capacity(votes.len());
        for (cell, (&votes, state)) in votes.iter().zip(states).enumerate() {
            let scores = &mut sums[cell * classes..][..classes];
            if votes == 0 || is_empty[cell] {
                scores.fill(0.0);
                cells.push(Cell { state, class: 0, score: 0.0 });
                continue;
            }
            scores.iter_mut().for_each(|score| *score /= votes as f32);
            let class = argmax(scores);
            cells.push(Cell { state: State::Classified, class, score: scores[class] });
        }
        let colours = (0..classes).map(colour_of_class).collect();
        ClassMap { grid, labels, colours, scores: sums, cells, has_undecided: false }
    }
}

/// Whether cells can be undecided below that many of 100.
///
/// # Errors
///
/// [`MapError::Share`] where they cannot.
pub fn check_percent(percent: f32) -> Result<(), MapError> {
    if (0.0..=100.0).contains(&percent) { Ok(()) } else { Err(MapError::Share(percent)) }
}

/// The class of each cell.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassMap {
    grid: Grid,
    labels: Vec<String>,
    /// Red, green and blue of each class.
    colours: Vec<[u8; 3]>,
    /// `[cells, classes]`; zeros for cells without class.
    scores: Vec<f32>,
    cells: Vec<Cell>,
    has_undecided: bool,
}

/// The cells of a class, or of what is undecided.
#[derive(Debug, Clone, PartialEq)]
pub struct Area {
    /// The number in the map: classes from 1 on, in the order of the labels.
    pub id: u8,
    /// The class's name as the model has it.
    pub name: String,
    /// How many cells of the map there are.
    pub cells: usize,
    /// Square metres, where the scene says how large its pixels are.
    pub square_m: Option<f64>,
    /// Of all cells that are on the map, from 0 to 1: of their area where that is known, else of their number.
    pub share: f64,
}

impl ClassMap {
    /// The grid of the cells.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The classes.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// All cells, row by row.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// Class probabilities of a cell: `[classes]`.
    pub fn scores(&self, cell: usize) -> &[f32] {
        &self.scores[cell * self.labels.len()..][..self.labels.len()]
    }

    /// The number of a cell in the map: 0 without class, then the classes, then what is undecided.
    pub fn id(&self, cell: usize) -> u8 {
        match self.cells[cell] {
            Cell { state: State::Classified, class, .. } => class as u8 + 1,
            Cell { state: State::Undecided, .. } => self.labels.len() as u8 + 1,
            _ => 0,
        }
    }

    /// The number of each cell, row by row.
    pub fn ids(&self) -> Vec<u8> {
        (0..self.cells.len()).map(|cell| self.id(cell)).collect()
    }

    /// The names of the numbers from 1 on.
    pub fn names(&self) -> Vec<&str> {
        let undecided = self.has_undecided.then_some(UNDECIDED);
        self.labels.iter().map(String::as_str).chain(undecided).collect()
    }

    /// The colours of the names: those of the classes, and behind them that of what is undecided.
    pub fn colours(&self) -> Vec<[u8; 3]> {
        let undecided = self.has_undecided.then_some(UNDECIDED_COLOUR);
        self.colours.iter().copied().chain(undecided).collect()
    }

    /// Gives the classes other colours than the usual ones, in their order; those beyond the last keep theirs.
    pub fn set_colours(&mut self, colours: impl IntoIterator<Item = [u8; 3]>) {
        self.colours.iter_mut().zip(colours).for_each(|(colour, other)| *colour = other);
    }

    /// Lets cells whose best class is less probable than `percent` be undecided.
    ///
    /// # Errors
    ///
    /// [`MapError::Share`] for what is not between 0 and 100.
    pub fn leave_undecided_below(&mut self, percent: f32) -> Result<(), MapError> {
        check_percent(percent)?;
        self.has_undecided = percent > 0.0;
        let is_weak = |cell: &&mut Cell| cell.state == State::Classified && cell.score * 100.0 < percent;
        self.cells.iter_mut().filter(is_weak).for_each(|cell| cell.state = State::Undecided);
        Ok(())
    }

    /// Gives each cell the class that most of the nine around it have, and keeps its own where there is none such. Only
    /// cells with a class take part; the score becomes that of the new class in the cell itself. How many changed.
    pub fn majority_filter(&mut self) -> usize {
        let before = self.cells.clone();
        let [columns, rows] = [self.grid.columns(), self.grid.rows()];
        let mut changed = 0;
        let mut counts = vec![0_u32; self.labels.len()];
        for cell in 0..before.len() {
            if before[cell].state != State::Classified {
                continue;
            }
            let [column, row] = self.grid.column_row(cell);
            counts.fill(0);
            for row in row.saturating_sub(1)..rows.min(row + 2) {
                for column in column.saturating_sub(1)..columns.min(column + 2) {
                    let near = before[self.grid.cell_at([column, row])];
                    if near.state == State::Classified {
                        counts[near.class] += 1;
                    }
                }
            }
            let most = counts.iter().copied().max().unwrap_or(0);
            let is_alone = counts.iter().filter(|&&count| count == most).count() == 1;
            let class = counts.iter().position(|&count| count == most).unwrap_or(0);
            if is_alone && class != before[cell].class {
                let score = self.scores(cell)[class];
                self.cells[cell] = Cell { class, score, ..before[cell] };
                changed += 1;
            }
        }
        changed
    }

    /// A cell's area in square metres.
    pub fn area_m2(&self, cell: usize, place: &Place) -> Option<f64> {
        place.area_m2(self.middle_px(cell), self.grid.step_px())
    }

    /// The point in the middle of a cell, in pixels.
    pub fn middle_px(&self, cell: usize) -> [f64; 2] {
        let corner = self.grid.corner_px(self.grid.column_row(cell));
        let step = self.grid.step_px();
        [0, 1].map(|axis| corner[axis] + f64::from(step[axis]) / 2.0)
    }

    /// How many cells are in a state.
    pub fn count(&self, state: State) -> usize {
        self.cells.iter().filter(|cell| cell.state == state).count()
    }

    /// Cells and areas by class, those without cells among them.
    pub fn areas(&self, place: &Place) -> Vec<Area> {
        let names = self.names();
        let mut areas: Vec<Area> = names
            .iter()
            .zip(1_u8..)
            .map(|(name, id)| Area { id, name: name.to_string(), cells: 0, square_m: Some(0.0), share: 0.0 })
            .collect();
        for cell in 0..self.cells.len() {
            let Some(index) = usize::from(self.id(cell)).checked_sub(1) else { continue };
            let area = &mut areas[index];
            area.cells += 1;
            area.square_m = area.square_m.zip(self.area_m2(cell, place)).map(|(sum, more)| sum + more);
        }
        if areas.iter().any(|area| area.square_m.is_none()) {
            areas.iter_mut().for_each(|area| area.square_m = None);
        }
        let size = |area: &Area| area.square_m.unwrap_or(area.cells as f64);
        let all: f64 = areas.iter().map(size).sum();
        if all > 0.0 {
            areas.iter_mut().for_each(|area| area.share = size(area) / all);
        }
        areas
    }
}
