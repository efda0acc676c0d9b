//! The confusion matrix as an SVG picture.

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use tilelens::training::metrics::Evaluation;

const CELL_PX: i32 = 64;
const MARGIN_PX: i32 = 150;
/// The colour of a cell that holds its whole row.
const FULL: RGBColor = RGBColor(20, 83, 116);
/// Room for the line below the matrix.
const CAPTION_PX: u32 = 640;
const FONT: (&str, i32) = ("sans-serif", 15);

/// Rows are classes, columns are predictions; a cell is the darker the larger its share of the row.
pub fn draw(evaluation: &Evaluation, labels: &[String]) -> Result<String> {
    let mut svg = String::new();
    let cells = CELL_PX * labels.len() as i32;
    {
        let side_px = (MARGIN_PX + cells + CELL_PX) as u32;
        let size = (side_px.max(CAPTION_PX), side_px);
        let canvas = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        canvas.fill(&WHITE)?;
        let text = |position: Pos, rotated: bool| {
            let style = TextStyle::from(FONT).pos(position);
            if rotated { style.transform(FontTransform::Rotate270) } else { style }
        };
        let right_aligned = text(Pos::new(HPos::Right, VPos::Center), false);
        let upward = text(Pos::new(HPos::Left, VPos::Center), true);
        let centered = text(Pos::new(HPos::Center, VPos::Center), false);
        for (index, label) in labels.iter().enumerate() {
            let middle = MARGIN_PX + CELL_PX * index as i32 + CELL_PX / 2;
            canvas.draw(&Text::new(label.as_str(), (MARGIN_PX - 10, middle), right_aligned.clone()))?;
            canvas.draw(&Text::new(label.as_str(), (middle, MARGIN_PX - 10), upward.clone()))?;
        }
        for (row, counts) in evaluation.confusion.iter().enumerate() {
            let tiles = counts.iter().sum::<usize>().max(1);
            for (column, &count) in counts.iter().enumerate() {
                let share = count as f64 / tiles as f64;
                let left = MARGIN_PX + CELL_PX * column as i32;
                let top = MARGIN_PX + CELL_PX * row as i32;
                let corners = [(left, top), (left + CELL_PX - 2, top + CELL_PX - 2)];
                // Square roots, so that a few mistakes are seen beside many right answers.
                let colour = FULL.mix(share.sqrt());
                canvas.draw(&Rectangle::new(corners, colour.filled()))?;
                if count > 0 {
                    let ink = if share.sqrt() > 0.5 { WHITE } else { BLACK };
                    let middle = (left + CELL_PX / 2, top + CELL_PX / 2);
                    let style = centered.clone().color(&ink);
                    canvas.draw(&Text::new(count.to_string(), middle, style))?;
                }
            }
        }
        let caption =
            format!("rows: the tile's class · columns: what it is called · {} tiles", evaluation.tiles);
        let below = (MARGIN_PX, MARGIN_PX + cells + CELL_PX / 2);
        canvas.draw(&Text::new(caption, below, text(Pos::new(HPos::Left, VPos::Center), false)))?;
        canvas.present()?;
    }
    Ok(svg)
}
