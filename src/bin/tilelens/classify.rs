//! `tilelens classify`: files → classes, one row each.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use serde::Serialize;
use tilelens::model::classifier::Classifier;
use tilelens::training::metrics::argmax;
use walkdir::WalkDir;

use super::DeviceChoice;
use super::model::ModelArgs;
use super::tiles::{coded, read_tile};

#[derive(Args)]
pub struct ClassifyArgs {
    /// Image files, or folders that are searched for them.
    #[arg(required = true)]
    tiles: Vec<PathBuf>,
    #[command(flatten)]
    model: ModelArgs,
    /// How to print the answers.
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,
    /// Where to compute.
    #[arg(long, value_enum, default_value_t = DeviceChoice::Cpu)]
    device: DeviceChoice,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// One line a tile: file, class, confidence, a column a class, error.
    Csv,
    /// One JSON object a line.
    Json,
}

pub fn run(args: ClassifyArgs) -> Result<()> {
    let model = args.model.open()?;
    if model.manifest.labels.is_empty() {
        bail!("{} is a backbone without classes: name a head by --head", model.manifest.name);
    }
    let device = args.device.open()?;
    let classifier = Classifier::load(&model, &device)?;
    let mut report = Report::new(args.format, &model.manifest.labels)?;
    for root in &args.tiles {
        for entry in WalkDir::new(root).sort_by_file_name() {
            let entry = entry?;
            if entry.file_type().is_file() {
                let classify = |tile| {
                    let answers = pollster::block_on(classifier.classify(&[&tile])).map_err(coded)?;
                    Ok(answers.probabilities)
                };
                let answer = read_tile(entry.path()).and_then(classify);
                report.write(entry.path(), answer)?;
            }
        }
    }
    report.finish()
}

/// One line of the JSON output.
#[derive(Serialize)]
struct Row<'a> {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    probabilities: Vec<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Prints one row a tile and counts them, and those that failed.
struct Report<'a> {
    labels: &'a [String],
    csv: Option<csv::Writer<io::Stdout>>,
    written: usize,
    failed: usize,
}

impl<'a> Report<'a> {
    fn new(format: Format, labels: &'a [String]) -> Result<Self> {
        let csv = match format {
            Format::Json => None,
            Format::Csv => {
                let mut writer = csv::Writer::from_writer(io::stdout());
                let columns = ["file", "class", "confidence"].into_iter();
                let columns = columns.chain(labels.iter().map(String::as_str)).chain(["error"]);
                writer.write_record(columns)?;
                Some(writer)
            }
        };
        Ok(Self { labels, csv, written: 0, failed: 0 })
    }

    fn write(&mut self, path: &Path, answer: Result<Vec<f32>>) -> Result<()> {
        let (probabilities, error) = match answer {
            Ok(probabilities) => (probabilities, None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        self.written += 1;
        self.failed += usize::from(error.is_some());
        let top = (!probabilities.is_empty()).then(|| argmax(&probabilities));
        let row = Row {
            file: path.display().to_string(),
            class: top.map(|index| self.labels[index].as_str()),
            confidence: top.map(|index| probabilities[index]),
            probabilities,
            error,
        };
        let Some(csv) = &mut self.csv else {
            writeln!(io::stdout(), "{}", serde_json::to_string(&row)?)?;
            return Ok(());
        };
        let number = |value: Option<f32>| value.map_or_else(String::new, |value| value.to_string());
        let mut record = vec![row.file, row.class.unwrap_or_default().into(), number(row.confidence)];
        record.extend((0..self.labels.len()).map(|index| number(row.probabilities.get(index).copied())));
        record.push(row.error.unwrap_or_default());
        csv.write_record(record)?;
        Ok(())
    }

    fn finish(mut self) -> Result<()> {
        if let Some(csv) = &mut self.csv {
            csv.flush()?;
        }
        if self.failed > 0 {
            bail!("{} of {} files gave no class: their error says why", self.failed, self.written);
        }
        Ok(())
    }
}
