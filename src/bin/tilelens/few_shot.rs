//! `tilelens few-shot`: how good a head gets from a few labelled tiles a class, by one setting or by several.
//!
//! Every setting is tried on the same draws. The features of a tile are computed once; then all draws of all settings
//! share the cores.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, bail};
use clap::Args;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use serde::Serialize;
use tilelens::device::Device;
use tilelens::model::backbone::Backbone;
use tilelens::model::classification::{mean_over_views, softmax};
use tilelens::model::head::Head;
use tilelens::model::model_file::ModelFile;
use tilelens::training::baselines::random_backbone;
use tilelens::training::burn::{BurnLearner, LinearClassifier};
use tilelens::training::head_learner::{HeadLearner, Start};
use tilelens::training::learner::Learner;
use tilelens::training::metrics::{argmax, mean_interval};
use tilelens::training::samples::{Samples, Statistics, Subset, class_counts};
use tilelens::training::trainer::{Trainer, TrainingConfig};

use super::DeviceChoice;
use super::dataset::{Dataset, label_index};
use super::files::{open_model, write};
use super::report::{percent, table};
use super::samples::{features, histograms};
use super::settings::Settings;
use super::sweep::{Setting, read_sweep};
use super::tiles::{on_all_cores, progress_bar};

/// Labelled tiles a class, where none are asked for.
const SHOTS: [usize; 4] = [5, 10, 20, 50];

/// Tiles that are judged at once.
const JUDGED_AT_ONCE: usize = 256;

#[derive(Args)]
pub struct FewShotArgs {
    /// A folder with a folder of tiles for each class.
    data: PathBuf,
    /// The model file whose backbone gives the features.
    #[arg(long, short, default_value = "models/land-cover.safetensors")]
    model: PathBuf,
    /// The classes to tell apart; choose such as the backbone never saw.
    #[arg(long, value_delimiter = ',')]
    classes: Vec<String>,
    /// Take so many tiles of each class alone, drawn by the seed: a large set is not read whole.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..))]
    tiles_per_class: Option<u64>,
    /// Labelled tiles a class; of 5, 10, 20 and 50 those that leave tiles to judge by, where none are given.
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u64).range(1..))]
    shots: Vec<u64>,
    /// Draws of labelled tiles; every other tile judges.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(2..))]
    draws: u64,
    #[command(flatten)]
    settings: Settings,
    /// Judge by the mean over a tile's eight flips and turns.
    #[arg(long)]
    view_average: bool,
    /// Try the settings of a JSON file, a list of objects: each has a `name` and what differs from the settings of the
    /// command line, such as {"name": "decay", "weight_decay": 0.05, "augmentation": false, "view_average": true}.
    #[arg(long, value_name = "FILE")]
    sweep: Option<PathBuf>,
    /// Show what heads reach on a random backbone and on colour histograms, too.
    #[arg(long)]
    baselines: bool,
    /// Where to compute the features.
    #[arg(long, value_enum, default_value_t = DeviceChoice::Cpu)]
    device: DeviceChoice,
    /// Write the figures as JSON, too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// One way to classify with so many labels.
#[derive(Serialize)]
struct Row {
    classifier: String,
    shots: usize,
    mean: f64,
    /// Half of the mean's 95 % interval over the draws.
    interval: f64,
    accuracies: Vec<f64>,
}

/// A way to learn from labelled tiles.
struct Contender {
    name: String,
    samples: Arc<Samples>,
    setting: Setting,
    kind: Kind,
}

enum Kind {
    /// A head on the backbone's features.
    Head,
    /// The same, on features that have any scale.
    HeadOnRandom,
    /// One dense layer on colour histograms.
    Linear,
}

/// The labelled tiles of one draw, and those that judge.
struct Draw {
    shots: usize,
    seed: u64,
    labelled: Vec<usize>,
    others: Vec<usize>,
}

pub fn run(args: FewShotArgs) -> Result<()> {
    let base = open_model(&args.model)?;
    let settings = settings(&args)?;
    let mut dataset = Dataset::read(&args.data, &args.classes)?;
    if let Some(most) = args.tiles_per_class {
        dataset = dataset.at_most(most as usize, args.settings.seed);
    }
    let known = |class: &&String| label_index(class, &base.manifest.labels).is_ok();
    for class in dataset.classes.iter().filter(known) {
        eprintln!("The backbone was trained on the class `{class}`: the figures may flatter it.");
    }
    let contenders = contenders(&args, &base, &dataset, settings)?;
    let samples = &contenders[0].samples;
    let classes = dataset.classes.len();
    let shots = shots(&args, samples.labels(), classes)?;
    let draws: Vec<Draw> = shots
        .iter()
        .flat_map(|&shots| (0..args.draws).map(move |draw| (shots, args.settings.seed + draw)))
        .map(|(shots, seed)| Draw::new(samples.labels(), classes, shots, seed))
        .collect();
    let rows = try_all(&contenders, &draws, classes)?;

    println!("{} tiles of {}; {} draws", samples.len(), dataset.classes.join(", "), args.draws);
    let header: Vec<String> = shots.iter().map(|shots| format!("{shots} labels a class")).collect();
    let mut figures =
        table(&[&["classifier"], &*header.iter().map(String::as_str).collect::<Vec<_>>()].concat());
    for rows in rows.chunks(shots.len()) {
        let cells = rows.iter().map(|row| format!("{} ± {:.1}", percent(row.mean), row.interval * 100.0));
        figures.add_row([rows[0].classifier.clone()].into_iter().chain(cells));
    }
    println!("{figures}");
    if let Some(path) = &args.json {
        write(path, serde_json::to_string_pretty(&rows)?.as_bytes())?;
    }
    Ok(())
}

/// The setting of the command line, or those of the sweep.
fn settings(args: &FewShotArgs) -> Result<Vec<Setting>> {
    let setting = Setting {
        name: "head on this backbone".into(),
        config: args.settings.config()?,
        augmentation: args.settings.augmentation(),
        view_average: args.view_average,
    };
    match &args.sweep {
        Some(path) => read_sweep(path, &setting),
        None => Ok(vec![setting]),
    }
}

fn contenders(
    args: &FewShotArgs,
    base: &ModelFile,
    dataset: &Dataset,
    settings: Vec<Setting>,
) -> Result<Vec<Contender>> {
    let device = args.device.open()?;
    let needs_views = settings.iter().any(|setting| setting.augmentation || setting.view_average);
    let of_backbone = |model: &ModelFile, what: &str, all_views: bool| {
        anyhow::Ok(Arc::new(features(&dataset.files, &Backbone::load(model, &device)?, all_views, what)?))
    };
    let transferred = of_backbone(base, "Features", needs_views)?;
    let head = |setting: Setting| Contender {
        name: setting.name.clone(),
        samples: Arc::clone(&transferred),
        setting,
        kind: Kind::Head,
    };
    let baseline = settings[0].clone();
    let mut contenders: Vec<Contender> = settings.into_iter().map(head).collect();
    if args.baselines {
        let random = random_backbone(base, &mut baseline.config.random());
        contenders.push(Contender {
            name: "head on a random backbone".into(),
            samples: of_backbone(&random, "Random features", baseline.augmentation)?,
            setting: Setting { view_average: false, ..baseline.clone() },
            kind: Kind::HeadOnRandom,
        });
        contenders.push(Contender {
            name: "linear on colour histograms".into(),
            samples: Arc::new(histograms(&dataset.files)?),
            setting: Setting { view_average: false, ..baseline },
            kind: Kind::Linear,
        });
    }
    Ok(contenders)
}

/// The numbers of labels that leave a tile of every class to judge by.
fn shots(args: &FewShotArgs, labels: &[usize], classes: usize) -> Result<Vec<usize>> {
    let fewest = class_counts(labels, classes).into_iter().min().unwrap_or(0);
    if args.shots.is_empty() {
        let (fitting, others): (Vec<_>, Vec<_>) = SHOTS.into_iter().partition(|&shots| shots < fewest);
        if fitting.is_empty() {
            bail!("a class has {fewest} tiles: too few to label {} and judge by others", SHOTS[0]);
        }
        if !others.is_empty() {
            eprintln!("The smallest class has {fewest} tiles: {others:?} labels a class are left out.");
        }
        return Ok(fitting);
    }
    let shots: Vec<usize> = args.shots.iter().map(|&shots| shots as usize).collect();
    if let Some(most) = shots.iter().find(|&&shots| shots >= fewest) {
        bail!("a class has {fewest} tiles: too few to label {most} and judge by others");
    }
    Ok(shots)
}

/// Every contender on every draw, on all cores: a row for each contender and number of labels.
fn try_all(contenders: &[Contender], draws: &[Draw], classes: usize) -> Result<Vec<Row>> {
    let bar = progress_bar(contenders.len() * draws.len(), "Draws");
    let jobs: Vec<_> = contenders.iter().flat_map(|one| draws.iter().map(move |draw| (one, draw))).collect();
    let accuracies = on_all_cores(&jobs, |(contender, draw)| {
        let accuracy = contender.accuracy(draw, classes);
        bar.inc(1);
        accuracy
    });
    bar.finish_and_clear();
    let accuracies = accuracies.into_iter().collect::<Result<Vec<f64>>>()?;
    let tried: Vec<_> = jobs.into_iter().zip(accuracies).collect();
    let of_one = |((a, x), _): &((&Contender, &Draw), f64), ((b, y), _): &((&Contender, &Draw), f64)| {
        std::ptr::eq(*a, *b) && x.shots == y.shots
    };
    let row = |tried: &[((&Contender, &Draw), f64)]| {
        let accuracies: Vec<f64> = tried.iter().map(|(_, accuracy)| *accuracy).collect();
        let (mean, interval) = mean_interval(&accuracies);
        let (contender, draw) = tried[0].0;
        Row { classifier: contender.name.clone(), shots: draw.shots, mean, interval, accuracies }
    };
    Ok(tried.chunk_by(of_one).map(row).collect())
}

impl Draw {
    fn new(labels: &[usize], classes: usize, shots: usize, seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let (mut labelled, mut others) = (Vec::new(), Vec::new());
        for class in 0..classes {
            let mut tiles: Vec<usize> = (0..labels.len()).filter(|&tile| labels[tile] == class).collect();
            tiles.shuffle(&mut random);
            labelled.extend(&tiles[..shots]);
            others.extend(&tiles[shots..]);
        }
        Self { shots, seed, labelled, others }
    }
}

impl Contender {
    /// Trains on the labelled tiles and judges by all the others.
    fn accuracy(&self, draw: &Draw, classes: usize) -> Result<f64> {
        let config = TrainingConfig { seed: draw.seed, ..self.setting.config.clone() };
        let labelled = self.samples.select(&draw.labelled);
        let labelled = if self.setting.augmentation { labelled } else { labelled.as_they_stand() };
        // Random features and histograms have any scale: their classifiers get them in one that they can learn from.
        let statistics = (!matches!(self.kind, Kind::Head)).then(|| labelled.statistics());
        let labelled = match &statistics {
            Some(statistics) => labelled.standardised(statistics),
            None => labelled,
        };
        let (labelled, width) = (Subset::from(labelled), self.samples.width());
        let judge =
            Judge { samples: &self.samples, view_average: self.setting.view_average, statistics, classes };
        match self.kind {
            Kind::Head | Kind::HeadOnRandom => {
                let start = Start::Scratch(Head::random(config.head(width, classes), &mut config.random()));
                let learner = HeadLearner::new(&start, &config, &labelled, &Device::Cpu);
                judge.accuracy(trained(config, learner, classes, labelled)?.learner(), &draw.others)
            }
            Kind::Linear => {
                let device = Device::Cpu.to_burn();
                let network = LinearClassifier::new(width, classes, &device);
                let learner = BurnLearner::new(network, &config, &device);
                judge.accuracy(trained(config, learner, classes, labelled)?.learner(), &draw.others)
            }
        }
    }
}

/// So few tiles cannot spare any for validation: the last epoch counts.
fn trained<L: Learner>(
    config: TrainingConfig,
    learner: L,
    classes: usize,
    labelled: Subset,
) -> Result<Trainer<L>> {
    let nothing = Subset::from(Samples::new(1, 1));
    let mut trainer = Trainer::new(config, learner, classes, labelled, nothing)?;
    pollster::block_on(trainer.train(|_| ()))?;
    Ok(trainer)
}

/// Asks a trained network about tiles.
struct Judge<'a> {
    samples: &'a Samples,
    view_average: bool,
    statistics: Option<Statistics>,
    classes: usize,
}

impl Judge<'_> {
    /// The share of `tiles` that it has right.
    fn accuracy(&self, learner: &impl Learner, tiles: &[usize]) -> Result<f64> {
        let (samples, classes) = (self.samples, self.classes);
        let mut right = 0;
        for tiles in tiles.chunks(JUDGED_AT_ONCE) {
            let (mut rows, views) = match self.view_average {
                true => (samples.all_views(tiles.iter().copied()), samples.view_count()),
                false => (samples.first_views(tiles.iter().copied()), 1),
            };
            if let Some(statistics) = &self.statistics {
                statistics.standardise(&mut rows);
            }
            let logits = pollster::block_on(learner.logits(rows, tiles.len() * views))?;
            let probabilities = mean_over_views(&softmax(logits, classes, 1.0), views, classes);
            let answers = probabilities.chunks(classes).zip(tiles);
            right += answers.filter(|&(row, &tile)| argmax(row) == samples.labels()[tile]).count();
        }
        Ok(right as f64 / tiles.len() as f64)
    }
}
