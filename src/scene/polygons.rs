//! Polygons on a scene: how much of each cell they cover.

use serde::{Deserialize, Serialize};

use super::Grid;

/// Rings of points in pixels of the scene, an outline and its holes; the first point of a ring need not be repeated. What
/// an odd number of rings surrounds is inside, whichever way they run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Polygon(pub Vec<Vec<[f64; 2]>>);

/// The part of a scene that is mapped.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct AreaOfInterest(pub Vec<Polygon>);

impl AreaOfInterest {
    /// Which cells of the map belong to it, row by row: those of which it covers half or more.
    pub fn cells(&self, grid: &Grid) -> Vec<bool> {
        let [width, height] = grid.step_px().map(u64::from);
        covered_pixels(grid, &self.0)
            .into_iter()
            .map(|pixels| 2 * u64::from(pixels) >= width * height)
            .collect()
    }

    /// Which windows show one of its cells: those that are classified.
    pub fn windows(&self, grid: &Grid) -> Vec<bool> {
        let cells = self.cells(grid);
        (0..grid.windows()).map(|window| grid.cells_in_window(window).any(|cell| cells[cell])).collect()
    }
}

/// Of each cell of the map, how many pixels have their middle inside one of the polygons: the pixels that GDAL burns.
/// Where polygons lie upon each other, a pixel counts once.
pub fn covered_pixels<'a>(grid: &Grid, polygons: impl IntoIterator<Item = &'a Polygon>) -> Vec<u32> {
    let mut covered = vec![0; grid.cells()];
    let mut spans: Vec<Span> =
        polygons.into_iter().flat_map(|polygon| spans_of(polygon, grid.scene_px())).collect();
    spans.sort_unstable();
    let mut spans = spans.into_iter().peekable();
    while let Some(Span { row, from, mut to }) = spans.next() {
        while let Some(next) = spans.next_if(|next| next.row == row && next.from <= to) {
            to = to.max(next.to);
        }
        count(&mut covered, grid, Span { row, from, to });
    }
    covered
}

/// Pixels side by side, the last one excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    row: u32,
    from: u32,
    to: u32,
}

/// The pixels of a polygon: each line through the middles of a row's pixels enters at one crossing and leaves at the next.
fn spans_of(Polygon(rings): &Polygon, [width, height]: [u32; 2]) -> Vec<Span> {
    let mut crossings: Vec<(u32, f64)> = Vec::new();
    for ring in rings {
        for (&start, &end) in ring.iter().zip(ring.iter().cycle().skip(1)) {
            let [[x, upper], [end_x, lower]] = if start[1] <= end[1] { [start, end] } else { [end, start] };
            // A line through a corner meets just one of its two edges.
            for row in first_middle(upper, height)..first_middle(lower, height) {
                let share = (f64::from(row) + 0.5 - upper) / (lower - upper);
                crossings.push((row, x + share * (end_x - x)));
            }
        }
    }
    crossings.sort_unstable_by(|(row, x), (other, other_x)| row.cmp(other).then(x.total_cmp(other_x)));
    let pairs = crossings.as_chunks::<2>().0.iter();
    let spans = pairs.map(|&[(row, enters), (_, leaves)]| Span {
        row,
        from: first_middle(enters, width),
        to: first_middle(leaves, width),
    });
    spans.filter(|span| span.from < span.to).collect()
}

/// The first of `count` pixels whose middle is not before a point; `count` where there is none.
fn first_middle(point: f64, count: u32) -> u32 {
    (point - 0.5).ceil().clamp(0.0, f64::from(count)) as u32
}

/// Adds the pixels of a span to the cells that they lie in.
fn count(covered: &mut [u32], grid: &Grid, span: Span) {
    let ([left, top], [width, height]) = (grid.offset_px(), grid.step_px());
    let Some(row) = span.row.checked_sub(top).map(|row| row / height) else { return };
    let mut from = span.from.max(left);
    while from < span.to {
        let column = (from - left) / width;
        let to = span.to.min(left + (column + 1) * width);
        covered[grid.cell_at([column, row])] += to - from;
        from = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polygon(rings: &[&[[f64; 2]]]) -> Polygon {
        Polygon(rings.iter().map(|ring| ring.to_vec()).collect())
    }

    fn rectangle([x, y]: [f64; 2], [right, lower]: [f64; 2]) -> Vec<[f64; 2]> {
        vec![[x, y], [right, y], [right, lower], [x, lower]]
    }

    #[test]
    fn pixels_count_once_by_their_middles_and_holes_are_left_out() {
        let grid = Grid::new([40, 24], [16, 16], [8, 8], [4, 0]).unwrap();
        let one = Polygon(vec![rectangle([4.0, 0.0], [20.0, 8.0]), rectangle([4.0, 0.0], [8.0, 4.0])]);
        let other = Polygon(vec![rectangle([10.4, 0.0], [20.6, 3.0])]);
        // Five columns: 4 to 12, …, 36 to 44, of which the last reaches beyond the scene.
        let covered = covered_pixels(&grid, &[one, other]);
        assert_eq!(covered[..5], [64 - 16, 64, 3, 0, 0]);
        assert_eq!(covered.iter().sum::<u32>(), 115);
    }

    #[test]
    fn what_lies_beyond_the_scene_or_is_no_polygon_covers_nothing_more() {
        let grid = Grid::new([32, 32], [16, 16], [16, 16], [0, 0]).unwrap();
        let all = Polygon(vec![rectangle([-1e12, -1e12], [1e12, 1e12])]);
        assert_eq!(covered_pixels(&grid, &[all]), [256; 4]);
        let none =
            [polygon(&[]), polygon(&[&[]]), polygon(&[&[[3.0, 3.0]]]), polygon(&[&[[1.0, 1.0], [9.0, 9.0]]])];
        assert_eq!(covered_pixels(&grid, &none), [0; 4]);
    }

    #[test]
    fn an_area_has_the_cells_that_it_covers_by_half_and_the_windows_that_show_one() {
        let grid = Grid::new([64, 16], [16, 16], [8, 16], [0, 0]).unwrap();
        let area = AreaOfInterest(vec![Polygon(vec![rectangle([12.0, 0.0], [27.0, 16.0])])]);
        assert_eq!(area.cells(&grid), [false, true, true, false, false, false, false, false]);
        assert_eq!(area.windows(&grid), [true, true, true, false, false, false, false]);
    }
}
