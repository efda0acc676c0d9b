//! `tilelens few-shot`: how good a head gets from a few labelled tiles a class, by one setting or by several.
//!
//! Every setting is tried on the same draws. The features of a tile are computed once; then all draws of all settings
//! share the cores.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, bail};
use clap::Args;
use tilelens::model::backbone::Backbone;
use tilelens::model::model_file::ModelFile;
use tilelens::training::baselines::random_backbone;
use tilelens::training::samples::class_counts;

use super::DeviceChoice;
use super::dataset::{DataArgs, Dataset, label_index};
use super::files::{open_model, write};
use super::model::BACKBONE;
use super::report::{percent, table};
use super::samples::{features, histograms};
use super::settings::Settings;
use super::sweep::{Setting, read_sweep};
use super::trials::{Contender, Draw, Kind, try_all};

/// Labelled tiles a class, where none are asked for.
const SHOTS: [usize; 4] = [5, 10, 20, 50];

#[derive(Args)]
pub struct FewShotArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The model file whose backbone gives the features.
    #[arg(long, short, default_value = BACKBONE)]
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
