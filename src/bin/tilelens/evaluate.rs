//! `tilelens evaluate`: a model judged on labelled tiles.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, bail};
use clap::Args;
use serde::Serialize;
use tilelens::dataset::Subset;
use tilelens::model::classifier::Classifier;
use tilelens::training::metrics::Evaluation;

use super::DeviceChoice;
use super::confusion_picture;
use super::dataset::{DataArgs, Dataset, LabelledFile};
use super::files::write;
use super::model::ModelArgs;
use super::report::{class_table, confusion_table, percent, with_interval};
use super::tiles::for_each_tile;
use super::unread::SomeUnread;

#[derive(Args)]
pub struct EvaluateArgs {
    #[command(flatten)]
    data: DataArgs,
    /// A text file with the tiles to judge by, one `class/file` a line; all where none is given.
    #[arg(long)]
    list: Option<PathBuf>,
    #[command(flatten)]
    model: ModelArgs,
    /// Where to compute.
    #[arg(long, value_enum, default_value_t = DeviceChoice::Cpu)]
    device: DeviceChoice,
    /// Write the figures as JSON, too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write a picture of the confusion matrix, too.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// What `--json` writes.
#[derive(Serialize)]
struct Judgement<'a> {
    model: &'a str,
    labels: &'a [String],
    temperature: f32,
    tiles_per_second: f64,
    #[serde(flatten)]
    evaluation: &'a Evaluation,
}

pub fn run(args: EvaluateArgs) -> Result<()> {
    let model = args.model.open()?;
    let labels = &model.manifest.labels;
    if labels.is_empty() {
        bail!("{} is a backbone without classes: name a head by --head", model.manifest.name);
    }
    let dataset = match &args.list {
        Some(list) => Dataset::listed(&args.data, list, &[])?,
        None => Dataset::read(&args.data, &[])?,
    };
    let label_of = dataset.label_indices(labels)?;
    let judges = if args.list.is_some() { dataset.files.clone() } else { judges(&dataset) };
    let files: Vec<_> =
        judges.iter().map(|file| LabelledFile { class: label_of[file.class], ..file.clone() }).collect();
    let classifier = Classifier::load(&model, &args.device.open()?)?;
    let start = Instant::now();
    let answers = for_each_tile(&files, "Classifying", |tile| {
        Ok(pollster::block_on(classifier.classify(&[tile]))?.probabilities)
    })?;
    let tiles_per_second = answers.len() as f64 / start.elapsed().as_secs_f64();
    let (probabilities, classes): (Vec<_>, Vec<_>) = answers.into_iter().unzip();
    let evaluation = Evaluation::new(&probabilities.concat(), &classes, labels.len());

    println!("{}", class_table(&evaluation, labels));
    println!("{}", confusion_table(&evaluation, labels));
    let Evaluation { tiles, right, accuracy, interval, .. } = evaluation;
    println!("accuracy           {}: {right} of {tiles}", with_interval(accuracy, interval));
    println!("balanced accuracy  {}", percent(evaluation.balanced_accuracy));
    println!("calibration error  {:.3}", evaluation.calibration_error);
    println!("cross-entropy      {:.3}", evaluation.loss);
    println!("tiles a second     {tiles_per_second:.1}");
    if let Some(path) = &args.json {
        let judgement = Judgement {
            model: &model.manifest.name,
            labels,
            temperature: model.manifest.temperature,
            tiles_per_second,
            evaluation: &evaluation,
        };
        write(path, serde_json::to_string_pretty(&judgement)?.as_bytes())?;
    }
    if let Some(path) = &args.svg {
        write(path, confusion_picture::draw(&evaluation, labels)?.as_bytes())?;
    }
    if tiles < files.len() {
        let left_out = files.len() - tiles;
        bail!(SomeUnread(format!("{left_out} of {} files were left out: see above", files.len())));
    }
    Ok(())
}

/// The tiles that judge: those of the test split, else of the validation split, else all.
fn judges(dataset: &Dataset) -> Vec<LabelledFile> {
    for subset in [Subset::Test, Subset::Validation] {
        let tiles = dataset.subset(subset);
        if !tiles.is_empty() {
            eprintln!("The {} tiles of the {} split judge.", tiles.len(), subset.name());
            return tiles;
        }
    }
    dataset.files.clone()
}
