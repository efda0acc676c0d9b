//! `tilelens train`: a new head on labelled tiles, and whether transfer was worth it.

mod baselines;
mod fine_tuning;
mod fitting;
mod places;
mod report;
mod tiles;
mod written;

use std::collections::HashSet;
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use regex::Regex;
use tilelens::device::Device;
use tilelens::model::architecture::Architecture;
use tilelens::model::model_file::ModelFile;
use tilelens::training::trainer::TrainingConfig;

use super::DeviceChoice;
use super::dataset::DataArgs;
use super::files::{open_model, read_lines, write_model};
use super::import::Dtype;
use super::model::BACKBONE;
use super::purpose::PurposeArgs;
use super::settings::Settings;
use tiles::Tiles;

#[derive(Args)]
pub struct TrainArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The model file to write.
    #[arg(long, short)]
    output: PathBuf,
    /// The model file whose backbone gives the features.
    #[arg(long, short, default_value = BACKBONE)]
    model: PathBuf,
    /// Train on these classes only.
    #[arg(long, value_delimiter = ',')]
    classes: Vec<String>,
    /// Tiles to train on, one `class/file` per line (default: as the folders train, val and test say; without them, a
    /// random share).
    #[arg(long, requires = "validation_list")]
    train_list: Option<PathBuf>,
    /// Validation tiles, by which the best epoch and the temperature of the softmax are chosen.
    #[arg(long, requires = "train_list")]
    validation_list: Option<PathBuf>,
    /// Test tiles: the final figures are theirs (default: the validation tiles).
    #[arg(long)]
    test_list: Option<PathBuf>,
    /// Share of each class to hold out for validation.
    #[arg(long, default_value_t = 0.2, value_parser = fraction)]
    validation_fraction: f64,
    /// Keep tiles of one place on one side when the share is drawn: a regular expression on their paths beneath DATA whose
    /// first group names the place, such as `site-(\d+)`.
    #[arg(long, value_name = "REGEX", value_parser = places::pattern)]
    group_by: Option<Regex>,
    #[command(flatten)]
    settings: Settings,
    /// Phase 2: also train the backbone's last N blocks, at a tenth of the head's learning rate.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=Architecture::MobileNetV3Small.blocks() as i64))]
    unfreeze: u8,
    /// Epochs of phase 2.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u16).range(1..))]
    unfreeze_epochs: u16,
    /// Skip the baselines that show what is possible without transfer learning.
    #[arg(long)]
    no_baselines: bool,
    /// A text file with a label for each class, in the order of --classes, else of the folders' names.
    #[arg(long)]
    labels: Option<PathBuf>,
    /// The model's name.
    #[arg(long, default_value = "Fine-tuned")]
    name: String,
    #[command(flatten)]
    purpose: PurposeArgs,
    /// The licence of the weights (default: that of the model it starts from).
    #[arg(long)]
    licence: Option<String>,
    /// How kernels and matrices are stored.
    #[arg(long, value_enum, default_value_t = Dtype::F16)]
    dtype: Dtype,
    /// Where to compute.
    #[arg(long, value_enum, default_value_t = DeviceChoice::Cpu)]
    device: DeviceChoice,
    /// Also write the figures as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn fraction(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    if (0.0..=0.9).contains(&value) { Ok(value) } else { Err("it must be from 0 to 0.9".into()) }
}

pub fn run(args: TrainArgs) -> Result<()> {
    let config = args.settings.config()?;
    let base = open_model(&args.model)?;
    let tiles = Tiles::read(&args)?;
    let labels = labels(&args, &tiles.classes)?;
    let run = Run { device: args.device.open()?, config, base, tiles, labels, args };
    let trained = run.train()?;
    write_model(&run.args.output, &run.model_file(&trained)?, run.args.dtype.into())?;
    let mut contenders = trained.contenders;
    if !run.args.no_baselines {
        contenders.extend(run.baselines()?);
    }
    run.report(&contenders)
}

/// The label of each class.
fn labels(args: &TrainArgs, classes: &[String]) -> Result<Vec<String>> {
    let Some(path) = &args.labels else { return Ok(classes.to_vec()) };
    let labels = read_lines(path)?;
    if labels.len() != classes.len() {
        bail!("{} labels for {} classes: {}", labels.len(), classes.len(), classes.join(", "));
    }
    let distinct: HashSet<_> = labels.iter().collect();
    if distinct.len() < labels.len() {
        bail!("{} names a label twice", path.display());
    }
    for (class, label) in classes.iter().zip(&labels) {
        println!("{class} is labelled {label}");
    }
    Ok(labels)
}

/// What stays the same through one run.
struct Run {
    args: TrainArgs,
    base: ModelFile,
    tiles: Tiles,
    labels: Vec<String>,
    config: TrainingConfig,
    device: Device,
}

impl Run {
    pub fn num_classes(&self) -> usize {
        self.tiles.classes.len()
    }
}
