//! Figures as text.

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};
use tilelens::training::metrics::Evaluation;

/// A share as a percentage with one decimal.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A share with its 95 % interval.
pub fn with_interval(share: f64, [low, high]: [f64; 2]) -> String {
    format!("{} ({:.1} to {:.1})", percent(share), low * 100.0, high * 100.0)
}

/// A table whose first column is words and whose others are numbers.
pub fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN).set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// Each class's precision, recall and F1.
pub fn class_table(evaluation: &Evaluation, labels: &[String]) -> Table {
    let mut table = table(&["class", "tiles", "precision", "recall", "F1"]);
    for (label, figures) in labels.iter().zip(&evaluation.classes) {
        let [precision, recall, f1] = [figures.precision, figures.recall, figures.f1]
            .map(|share| if figures.tiles == 0 { "–".into() } else { percent(share) });
        table.add_row([label.clone(), figures.tiles.to_string(), precision, recall, f1]);
    }
    table
}

/// The confusion matrix: a row a class, a column a prediction.
pub fn confusion_table(evaluation: &Evaluation, labels: &[String]) -> Table {
    let header = ["is ↓, called →"].into_iter().chain(labels.iter().map(String::as_str));
    let mut table = table(&header.collect::<Vec<_>>());
    for (label, row) in labels.iter().zip(&evaluation.confusion) {
        table.add_row([label.clone()].into_iter().chain(row.iter().map(usize::to_string)));
    }
    table
}
