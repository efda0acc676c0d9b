//! Cells of one kind that lie side by side → regions and their outlines.

use std::collections::HashMap;

/// A corner of cells: column and row of the cell to its lower right.
pub type Corner = [u32; 2];

/// The corners of a cell, clockwise from its upper left one.
pub fn corners_of([column, row]: [u32; 2]) -> [Corner; 4] {
    [[column, row], [column + 1, row], [column + 1, row + 1], [column, row + 1]]
}

/// Cells that hang together by their sides.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    pub cells: Vec<usize>,
    /// The outline first, then the holes: every corner of a cell on the way, the first one not repeated. In the map,
    /// with rows downwards, the outline runs clockwise and holes the other way around.
    pub rings: Vec<Vec<Corner>>,
}

/// The regions of a map of `columns` whose cells have the kinds `kinds`, row by row; cells without one are in none.
pub fn regions<K: PartialEq + Copy>(kinds: &[Option<K>], columns: u32) -> Vec<Region> {
    let mut region_of: Vec<Option<usize>> = vec![None; kinds.len()];
    let mut regions = Vec::new();
    for first in 0..kinds.len() {
        if kinds[first].is_none() || region_of[first].is_some() {
            continue;
        }
        let number = regions.len();
        region_of[first] = Some(number);
        let (mut cells, mut next) = (vec![first], 0);
        while let Some(&cell) = cells.get(next) {
            next += 1;
            for near in neighbours(cell, columns as usize, kinds.len()) {
                if region_of[near].is_none() && kinds[near] == kinds[first] {
                    region_of[near] = Some(number);
                    cells.push(near);
                }
            }
        }
        cells.sort_unstable();
        regions.push(cells);
    }
    let is_in = |number: usize, cell: Option<usize>| cell.is_some_and(|cell| region_of[cell] == Some(number));
    let outlined = regions.into_iter().enumerate().map(|(number, cells)| {
        let rings = outlines(&cells, columns, kinds.len(), |cell| is_in(number, cell));
        Region { cells, rings }
    });
    outlined.collect()
}

/// The cells beside a cell.
fn neighbours(cell: usize, columns: usize, cells: usize) -> impl Iterator<Item = usize> {
    beside(cell, columns, cells).into_iter().flatten()
}

/// The cells above, to the right, below and to the left.
fn beside(cell: usize, columns: usize, cells: usize) -> [Option<usize>; 4] {
    let column = cell % columns;
    [
        cell.checked_sub(columns),
        (column + 1 < columns).then_some(cell + 1),
        Some(cell + columns).filter(|&below| below < cells),
        (column > 0).then(|| cell - 1),
    ]
}

/// Steps right, down, left and up: the sides of a cell, clockwise from its upper left corner.
const STEPS: [[i64; 2]; 4] = [[1, 0], [0, 1], [-1, 0], [0, -1]];

/// Rings with the region to their right. Where the region touches itself at a corner, the ring crosses to the other
/// cell: so an outline never meets itself, and what it encloses is a hole that touches it in one point, as OGC wants it.
fn outlines(
    cells: &[usize],
    columns: u32,
    all: usize,
    is_in: impl Fn(Option<usize>) -> bool,
) -> Vec<Vec<Corner>> {
    let mut sides: HashMap<(Corner, usize), bool> = HashMap::new();
    let mut order = Vec::new();
    for &cell in cells {
        let starts = corners_of([cell as u32 % columns, cell as u32 / columns]);
        for (direction, near) in beside(cell, columns as usize, all).into_iter().enumerate() {
            if !is_in(near) {
                sides.insert((starts[direction], direction), false);
                order.push((starts[direction], direction));
            }
        }
    }
    let mut rings = Vec::new();
    for start in order {
        if sides[&start] {
            continue;
        }
        let (mut ring, mut side) = (Vec::new(), start);
        loop {
            sides.insert(side, true);
            ring.push(side.0);
            let [x, y] = STEPS[side.1];
            let corner = [(i64::from(side.0[0]) + x) as u32, (i64::from(side.0[1]) + y) as u32];
            // Left first: that is across the corner, where two cells of the region touch there.
            let turns = [side.1 + 3, side.1, side.1 + 1].map(|direction| (corner, direction % 4));
            side = turns.into_iter().find(|turn| sides.contains_key(turn)).expect("sides make rings");
            if side == start {
                break;
            }
        }
        rings.push(ring);
    }
    // The first side of the first cell, which has none of the region above it, is one of the outline.
    rings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(map: &str) -> (Vec<Option<char>>, u32) {
        let rows: Vec<&str> = map.split_whitespace().collect();
        let kinds = rows.concat().chars().map(|kind| (kind != '.').then_some(kind)).collect();
        (kinds, rows[0].len() as u32)
    }

    /// Twice the area that a ring encloses; positive where it runs clockwise with rows downwards.
    fn area(ring: &[Corner]) -> i64 {
        let next = ring.iter().cycle().skip(1);
        ring.iter()
            .zip(next)
            .map(|(a, b)| i64::from(a[0]) * i64::from(b[1]) - i64::from(b[0]) * i64::from(a[1]))
            .sum()
    }

    #[test]
    fn regions_hang_together_by_sides_and_not_by_corners() {
        let (kinds, columns) = drawn("aab bba a.a");
        let found = regions(&kinds, columns);
        let cells: Vec<_> = found.iter().map(|region| region.cells.clone()).collect();
        assert_eq!(cells, [vec![0, 1], vec![2], vec![3, 4], vec![5, 8], vec![6]]);
    }

    #[test]
    fn outlines_and_holes_enclose_the_cells() {
        let (kinds, columns) = drawn("aaaa a..a aa.a aaaa");
        let found = regions(&kinds, columns);
        assert_eq!(found.len(), 1);
        let areas: Vec<i64> = found[0].rings.iter().map(|ring| area(ring)).collect();
        assert_eq!(areas, [32, -6]);
        assert_eq!(found[0].rings[0].len(), 16);
    }

    #[test]
    fn an_outline_never_meets_itself_where_a_region_touches_itself() {
        // A C that closes at a corner, and a hole of two cells that touch at a corner.
        for (map, expected) in [("aaa a.a aa. ", vec![16, -2]), ("aaaa a.aa aa.a aaaa", vec![32, -2, -2])] {
            let (kinds, columns) = drawn(map);
            let found = regions(&kinds, columns);
            let rings = &found[0].rings;
            assert_eq!(rings.iter().map(|ring| area(ring)).collect::<Vec<_>>(), expected, "{map}");
            for ring in rings {
                let mut corners = ring.clone();
                corners.sort_unstable();
                corners.dedup();
                assert_eq!(corners.len(), ring.len(), "{map}");
            }
        }
    }
}
