//! How the trained heads compare.

use anyhow::{Context, Result};
use serde::Serialize;
use tilelens::training::metrics::{Comparison, Evaluation, Verdict};

use super::super::files::write;
use super::super::report::{class_table, confusion_table, table, with_interval};
use super::Run;
use super::baselines::BASELINES;

/// A trained classifier and how it does on the tiles that judge.
#[derive(Serialize)]
pub struct Contender {
    pub name: String,
    /// Whether it is what the model file holds.
    pub written: bool,
    #[serde(flatten)]
    pub evaluation: Evaluation,
    /// Whether it has each tile right.
    #[serde(skip)]
    pub right: Vec<bool>,
}

impl Run {
    pub fn report(&self, contenders: &[Contender]) -> Result<()> {
        let mut figures = table(&["trained on the same tiles", "accuracy (95 %)", "cross-entropy", "ECE"]);
        for Contender { name, written, evaluation, .. } in contenders {
            figures.add_row([
                format!("{name}{}", if *written { " (written)" } else { "" }),
                with_interval(evaluation.accuracy, evaluation.interval),
                format!("{:.3}", evaluation.loss),
                format!("{:.3}", evaluation.calibration_error),
            ]);
        }
        println!("{figures}");
        let written = contenders.iter().find(|contender| contender.written);
        let written = written.context("one of them is always written")?;
        println!("{}: {} tiles", written.name, written.evaluation.tiles);
        println!("{}", class_table(&written.evaluation, &self.labels));
        println!("{}", confusion_table(&written.evaluation, &self.labels));
        if self.tiles.test.is_none() {
            println!(
                "The tiles that judge are those that chose the epoch and the temperature: --test-list is stricter."
            );
        }
        for baseline in contenders.iter().filter(|contender| BASELINES.contains(&contender.name.as_str())) {
            println!("{}", verdict(written, baseline));
        }
        if let Some(path) = &self.args.json {
            write(path, serde_json::to_string_pretty(contenders)?.as_bytes())?;
        }
        Ok(())
    }
}

/// Whether what the backbone learnt before was of use, in words.
fn verdict(written: &Contender, baseline: &Contender) -> String {
    let comparison = Comparison::new(&written.right, &baseline.right);
    let (name, tiles, points) = (&baseline.name, comparison.tiles, comparison.points());
    match comparison.verdict {
        Verdict::NoDifference => format!(
            "Transfer makes no difference to `{name}` that {tiles} tiles could show ({points:+.1} points)."
        ),
        Verdict::Better => format!("Transfer helps: {points:+.1} points over `{name}`."),
        Verdict::Worse => format!(
            "Transfer hurts: {points:+.1} points against `{name}`. Tiles like these need another backbone."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contender(right: usize, of: usize) -> Contender {
        let right: Vec<bool> = (0..of).map(|tile| tile < right).collect();
        let evaluation = Evaluation::new(&[1.0, 0.0], &[0], 2);
        Contender { name: "the other".into(), written: false, evaluation, right }
    }

    #[test]
    fn the_verdict_says_plainly_when_transfer_does_not_help() {
        let of = |with: usize, without: usize| verdict(&contender(with, 100), &contender(without, 100));
        assert!(of(90, 60).starts_with("Transfer helps: +30.0 points"));
        assert!(of(60, 90).starts_with("Transfer hurts: -30.0 points"));
        assert!(of(62, 60).starts_with("Transfer makes no difference"));
    }
}
