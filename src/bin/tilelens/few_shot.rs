//! `tilelens few-shot`: how good a head gets from a few labelled tiles a class.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use serde::Serialize;
use tilelens::model::classifier::{Classifier, softmax};
use tilelens::model::head::Head;
use tilelens::model::model_file::ModelFile;
use tilelens::training::baselines::{HISTOGRAM_BINS, random_backbone};
use tilelens::training::head_learner::HeadLearner;
use tilelens::training::learner::Learner;
use tilelens::training::metrics::{Evaluation, mean_interval};
use tilelens::training::modules::{LinearClassifier, ModuleLearner};
use tilelens::training::samples::Samples;
use tilelens::training::trainer::{Trainer, TrainingConfig};

use super::DeviceChoice;
use super::dataset::{DataArgs, Dataset, label_index};
use super::files::{open_model, write};
use super::report::{percent, table};
use super::samples::{features, histograms};
use super::settings::Settings;
use super::tiles::progress_bar;

#[derive(Args)]
pub struct FewShotArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The model file whose backbone gives the features.
    #[arg(long, short, default_value = "models/land-cover.safetensors")]
    model: PathBuf,
    /// The classes to tell apart; choose such as the backbone never saw.
    #[arg(long, value_delimiter = ',')]
    classes: Vec<String>,
    /// Labelled tiles a class.
    #[arg(long, value_delimiter = ',', default_value = "5,10,20", value_parser = clap::value_parser!(u64).range(1..))]
    shots: Vec<u64>,
    /// Draws of labelled tiles; every other tile judges.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(2..))]
    draws: u64,
    #[command(flatten)]
    settings: Settings,
    /// Where to compute.
    #[arg(long, value_enum, default_value_t = DeviceChoice::Cpu)]
    device: DeviceChoice,
    /// Write the figures as JSON, too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// One kind of classifier with so many labels.
#[derive(Serialize)]
struct Row {
    classifier: &'static str,
    shots: usize,
    mean: f64,
    /// Half of the mean's 95 % interval over the draws.
    interval: f64,
    accuracies: Vec<f64>,
}

pub fn run(args: FewShotArgs) -> Result<()> {
    let base = open_model(&args.model)?;
    let device = args.device.open()?;
    let dataset = Dataset::read(&args.data, &args.classes)?;
    let classes = dataset.classes.len();
    let config = args.settings.config()?;
    let known = |class: &&String| label_index(class, &base.manifest.labels).is_ok();
    for class in dataset.classes.iter().filter(known) {
        eprintln!("The backbone was trained on the class `{class}`: the figures may flatter it.");
    }
    let of_backbone = |model: &ModelFile, what: &str| {
        features(&dataset.files, &Classifier::load(model, &device)?, args.settings.augmentation(), what)
    };
    let transferred = of_backbone(&base, "Features")?;
    let random = of_backbone(&random_backbone(&base, &mut config.random()), "Random features")?;
    let histograms = histograms(&dataset.files)?;

    let head = |config: &TrainingConfig| {
        HeadLearner::new(&Head::random(config.head(classes), &mut config.random()), &device)
    };
    let on_burn = device.to_burn();
    let linear = |_: &TrainingConfig| {
        ModuleLearner::new(LinearClassifier::new(HISTOGRAM_BINS, classes, &on_burn), &on_burn)
    };
    let bar = progress_bar(3 * args.shots.len() * args.draws as usize, "Draws");
    let mut rows = Vec::new();
    for &shots in &args.shots {
        let shots = shots as usize;
        let draws = Draws { count: args.draws, shots, classes, config: &config, bar: &bar };
        rows.push(draws.row("head on this backbone", &transferred, Scale::AsIs, head)?);
        rows.push(draws.row("head on a random backbone", &random, Scale::Standardised, head)?);
        rows.push(draws.row("linear on colour histograms", &histograms, Scale::Standardised, linear)?);
    }
    bar.finish_and_clear();

    println!("{} tiles of {}; {} draws", transferred.len(), dataset.classes.join(", "), args.draws);
    let header: Vec<String> = args.shots.iter().map(|shots| format!("{shots} labels a class")).collect();
    let mut figures =
        table(&[&["classifier"], &*header.iter().map(String::as_str).collect::<Vec<_>>()].concat());
    for kind in rows[..3].iter().map(|row| row.classifier) {
        let of_kind = rows.iter().filter(|row| row.classifier == kind);
        let cells = of_kind.map(|row| format!("{} ± {:.1}", percent(row.mean), row.interval * 100.0));
        figures.add_row([kind.to_owned()].into_iter().chain(cells));
    }
    println!("{figures}");
    if let Some(path) = &args.json {
        write(path, serde_json::to_string_pretty(&rows)?.as_bytes())?;
    }
    Ok(())
}

/// Whether inputs have a scale that a head can learn from, or are brought to one by the labelled tiles' statistics.
#[derive(Clone, Copy)]
enum Scale {
    AsIs,
    Standardised,
}

/// The same draws for every kind of classifier.
struct Draws<'a> {
    count: u64,
    shots: usize,
    classes: usize,
    config: &'a TrainingConfig,
    bar: &'a indicatif::ProgressBar,
}

impl Draws<'_> {
    fn row<L: Learner>(
        &self,
        classifier: &'static str,
        samples: &Samples,
        scale: Scale,
        learner: impl Fn(&TrainingConfig) -> L,
    ) -> Result<Row> {
        let accuracies = (0..self.count)
            .map(|draw| {
                self.bar.inc(1);
                let config = TrainingConfig { seed: self.config.seed + draw, ..self.config.clone() };
                let learner = learner(&config);
                self.accuracy(config, samples, scale, learner)
            })
            .collect::<Result<Vec<f64>>>()?;
        let (mean, interval) = mean_interval(&accuracies);
        Ok(Row { classifier, shots: self.shots, mean, interval, accuracies })
    }

    /// Trains on `shots` tiles a class and judges by all the others.
    fn accuracy<L: Learner>(
        &self,
        config: TrainingConfig,
        samples: &Samples,
        scale: Scale,
        learner: L,
    ) -> Result<f64> {
        let (labelled, others) = self.draw(samples.labels(), config.seed)?;
        let (mut labelled, mut judges) = (samples.select(&labelled), samples.select(&others));
        if let Scale::Standardised = scale {
            let statistics = labelled.statistics();
            (labelled, judges) = (labelled.standardised(&statistics), judges.standardised(&statistics));
        }
        // So few tiles cannot spare any for validation: the last epoch counts.
        let nothing = samples.select(&[]);
        let mut trainer = Trainer::new(config, learner, self.classes, labelled, nothing)?;
        pollster::block_on(trainer.train(|_| ()))?;
        let features = judges.first_views(0..judges.len());
        let logits = pollster::block_on(trainer.learner().logits(features, judges.len()))?;
        let probabilities = softmax(logits, self.classes, 1.0);
        Ok(Evaluation::new(&probabilities, judges.labels(), self.classes).accuracy)
    }

    fn draw(&self, labels: &[usize], seed: u64) -> Result<(Vec<usize>, Vec<usize>)> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let (mut labelled, mut others) = (Vec::new(), Vec::new());
        for class in 0..self.classes {
            let mut tiles: Vec<usize> = (0..labels.len()).filter(|&tile| labels[tile] == class).collect();
            if tiles.len() <= self.shots {
                bail!(
                    "a class has {} tiles: too few to label {} and judge by others",
                    tiles.len(),
                    self.shots
                );
            }
            tiles.shuffle(&mut random);
            labelled.extend(&tiles[..self.shots]);
            others.extend(&tiles[self.shots..]);
        }
        Ok((labelled, others))
    }
}
