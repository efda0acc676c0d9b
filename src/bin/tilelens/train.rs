//! `tilelens train`: a new head on labelled tiles, and whether transfer was worth it.

use std::collections::HashSet;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tilelens::device::Device;
use tilelens::model::architecture::Architecture;
use tilelens::model::backbone::{Backbone, VIEWS};
use tilelens::model::burn::classification;
use tilelens::model::burn::layers::Norms;
use tilelens::model::burn::mobilenet_v3::{MobileNetV3Small, Tail};
use tilelens::model::classification::softmax;
use tilelens::model::cpu::classification::Classification;
use tilelens::model::head::{ClassifierConfig, Head};
use tilelens::model::manifest::{Manifest, Provenance};
use tilelens::model::model_file::{ModelFile, hex};
use tilelens::training::baselines::{HISTOGRAM_BINS, random_backbone};
use tilelens::training::burn::{BurnLearner, HeadAndTail, LinearClassifier, Network, logits};
use tilelens::training::calibration::fit_temperature;
use tilelens::training::head_learner::{HeadLearner, Start, TrainedHead};
use tilelens::training::metrics::{Comparison, Evaluation, Verdict, argmax};
use tilelens::training::samples::{Samples, Subset, class_counts};
use tilelens::training::split::Split;
use tilelens::training::trainer::TrainingConfig;

use super::DeviceChoice;
use super::dataset::{Dataset, LabelledFile};
use super::files::{open_model, read_lines, write, write_model};
use super::import::Dtype;
use super::report::{class_table, confusion_table, table, with_interval};
use super::samples::{features, histograms, map_shape, maps};
use super::settings::{Settings, fit};

/// Names of the heads that know nothing from before.
const BASELINES: [&str; 2] = ["head on a random backbone", "linear on colour histograms"];

/// Maps of more than this are not kept.
const MAX_MAPS_BYTES: usize = 2 << 30;

#[derive(Args)]
pub struct TrainArgs {
    /// A folder with a folder of tiles for each class.
    data: PathBuf,
    /// The model file to write.
    #[arg(long, short)]
    output: PathBuf,
    /// The model file whose backbone gives the features.
    #[arg(long, short, default_value = super::model::BACKBONE)]
    model: PathBuf,
    /// Train on these classes alone.
    #[arg(long, value_delimiter = ',')]
    classes: Vec<String>,
    /// Tiles to learn from, one `class/file` a line; else a share of all is drawn.
    #[arg(long, requires = "validation_list")]
    train_list: Option<PathBuf>,
    /// Tiles that choose the epoch and the temperature.
    #[arg(long, requires = "train_list")]
    validation_list: Option<PathBuf>,
    /// Tiles that judge in the end; the validation tiles where none are given.
    #[arg(long)]
    test_list: Option<PathBuf>,
    /// Share of each class that is drawn for validation.
    #[arg(long, default_value_t = 0.2, value_parser = fraction)]
    validation_fraction: f64,
    #[command(flatten)]
    settings: Settings,
    /// Phase 2: train the backbone's last N blocks too, ten times slower than the head.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=Architecture::MobileNetV3Small.blocks() as i64))]
    unfreeze: u8,
    /// Passes over the training tiles in phase 2.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u16).range(1..))]
    unfreeze_epochs: u16,
    /// Do not train the heads that show what could be had without transfer.
    #[arg(long)]
    no_baselines: bool,
    /// A text file with a label for each class, in the order of --classes, else of the folders' names.
    #[arg(long)]
    labels: Option<PathBuf>,
    /// The model's name.
    #[arg(long, default_value = "Fine-tuned")]
    name: String,
    /// What the model is for, in one line.
    #[arg(long, default_value = "")]
    purpose: String,
    /// The ground resolutions that it is made for, lowest and highest, in metres a pixel.
    #[arg(long, value_name = "LOW,HIGH", value_delimiter = ',', num_args = 2)]
    ground_resolution_m: Vec<f32>,
    /// What it was trained on, in one line.
    #[arg(long, default_value = "")]
    trained_on: String,
    /// What the model was trained on and how.
    #[arg(long, default_value = "")]
    description: String,
    /// The terms under which the weights may be used; those of the model that it starts from, if not given.
    #[arg(long)]
    licence: Option<String>,
    /// How kernels and matrices are stored.
    #[arg(long, value_enum, default_value_t = Dtype::F16)]
    dtype: Dtype,
    /// Where to compute.
    #[arg(long, value_enum, default_value_t = DeviceChoice::Cpu)]
    device: DeviceChoice,
    /// Write the figures as JSON, too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// A trained classifier and how it does on the tiles that judge.
#[derive(Serialize)]
struct Contender {
    name: String,
    /// Whether it is what the model file holds.
    written: bool,
    #[serde(flatten)]
    evaluation: Evaluation,
    /// Whether it has each tile right.
    #[serde(skip)]
    right: Vec<bool>,
}

fn fraction(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    if (0.0..=0.9).contains(&value) { Ok(value) } else { Err("it must be from 0 to 0.9".into()) }
}

/// The tiles of a run: to learn from, to choose by, to judge by.
struct Tiles {
    classes: Vec<String>,
    training: Vec<LabelledFile>,
    validation: Vec<LabelledFile>,
    test: Option<Vec<LabelledFile>>,
}

impl Tiles {
    fn read(args: &TrainArgs) -> Result<Self> {
        let lists = args.train_list.as_ref().zip(args.validation_list.as_ref());
        let Dataset { classes, files } = match lists {
            Some((train_list, _)) => Dataset::listed(&args.data, train_list, &args.classes)?,
            None => Dataset::read(&args.data, &args.classes)?,
        };
        if classes.len() < 2 {
            bail!("training needs at least two classes, and `{}` is the only one", classes[0]);
        }
        // The training tiles number the classes; a class that other lists lack would be judged by nothing.
        let listed = |list: &PathBuf| anyhow::Ok(Dataset::listed(&args.data, list, &classes)?.files);
        let test = args.test_list.as_ref().map(listed).transpose()?;
        let (training, validation) = match lists {
            Some((_, validation_list)) => (files, listed(validation_list)?),
            None => {
                let judging: HashSet<_> = test.iter().flatten().map(|file| &file.path).collect();
                let files: Vec<_> = files.into_iter().filter(|file| !judging.contains(&file.path)).collect();
                let labels: Vec<usize> = files.iter().map(|file| file.class).collect();
                let split = Split::stratified(&labels, args.validation_fraction, args.settings.seed);
                let chosen = |indices: &[usize]| indices.iter().map(|&index| files[index].clone()).collect();
                (chosen(&split.training), chosen(&split.validation))
            }
        };
        let tiles = Self { classes, training, validation, test };
        let learnt: HashSet<_> = tiles.training.iter().map(|file| &file.path).collect();
        let mut judging = tiles.validation.iter().chain(tiles.test.iter().flatten());
        if let Some(twice) = judging.find(|file| learnt.contains(&file.path)) {
            bail!("{} stands in the training list and in another", twice.path.display());
        }
        if tiles.judges().is_empty() {
            bail!("there are no tiles to judge by: raise --validation-fraction or label more tiles");
        }
        Ok(tiles)
    }

    fn judges(&self) -> &[LabelledFile] {
        self.test.as_deref().unwrap_or(&self.validation)
    }
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

/// What training came to.
struct Trained {
    head: Head,
    /// The backbone's last blocks, if training them was to the better.
    tail: Option<Tail>,
    temperature: f32,
    contenders: Vec<Contender>,
}

impl Run {
    fn num_classes(&self) -> usize {
        self.tiles.classes.len()
    }

    fn train(&self) -> Result<Trained> {
        let backbone = Backbone::load(&self.base, &self.device)?;
        let [training, validation, judges] = self.features(&backbone, "Features")?;
        let counts = class_counts(training.labels(), self.num_classes());
        if let Some(class) = counts.iter().position(|&count| count == 0) {
            bail!(
                "no tile of the class `{}` can be read: there is nothing to learn it from",
                self.tiles.classes[class]
            );
        }
        let (head, epoch) = self.fit_head((training, validation.clone()), "Head")?;
        println!("Head: the best epoch is {epoch}.");
        let ask = |samples: &Samples| Ok(ask_head(&head, samples));
        let (temperature, frozen) = self.judge("head on the frozen backbone", ask, &validation, &judges)?;
        if self.args.unfreeze == 0 {
            let contenders = vec![Contender { written: true, ..frozen }];
            return Ok(Trained { head, tail: None, temperature, contenders });
        }
        let (network, validation_maps, judge_maps) = self.fine_tune(&backbone, &head)?;
        let name = format!("head and the last {} blocks", self.args.unfreeze);
        let ask_network = |maps: &Samples| self.ask(&network, maps);
        let (tuned_temperature, tuned) = self.judge(&name, ask_network, &validation_maps, &judge_maps)?;
        let gain = (tuned.evaluation.accuracy - frozen.evaluation.accuracy) * 100.0;
        println!("Phase 2 changes the accuracy by {gain:+.1} points over the frozen backbone.");
        let before = self.validation_loss(ask(&validation)?, &validation, temperature);
        let after = self.validation_loss(ask_network(&validation_maps)?, &validation_maps, tuned_temperature);
        let better = after < before;
        if !better {
            println!("Phase 2 does not lower the validation loss: the model is written without it.");
        }
        let contenders =
            vec![Contender { written: !better, ..frozen }, Contender { written: better, ..tuned }];
        Ok(match better {
            true => Trained {
                head: {
                    let config = head.config().clone();
                    pollster::block_on(TrainedHead::of_burn(network.head, config).read())?
                },
                tail: Some(network.tail),
                temperature: tuned_temperature,
                contenders,
            },
            false => Trained { head, tail: None, temperature, contenders },
        })
    }

    /// Features of the tiles to learn from, to choose by, to judge by.
    fn features(&self, backbone: &Backbone, what: &str) -> Result<[Samples; 3]> {
        self.samples(|files, all_views| features(files, backbone, all_views, what), self.augmentation())
    }

    fn augmentation(&self) -> bool {
        self.args.settings.augmentation()
    }

    fn samples(
        &self,
        of: impl Fn(&[LabelledFile], bool) -> Result<Samples>,
        all_views: bool,
    ) -> Result<[Samples; 3]> {
        let validation = of(&self.tiles.validation, false)?;
        let judges = match &self.tiles.test {
            Some(test) => of(test, false)?,
            None => validation.clone(),
        };
        Ok([of(&self.tiles.training, all_views)?, validation, judges])
    }

    fn fit_head(&self, (training, validation): (Samples, Samples), what: &str) -> Result<(Head, usize)> {
        let shape = self.config.head(training.width(), self.num_classes());
        let start = Start::Scratch(Head::random(shape, &mut self.config.random()));
        let training = Subset::from(training);
        let learner = HeadLearner::new(&start, &self.config, &training, &self.device);
        let samples = (training, validation.into());
        let (head, epoch) = fit(&self.config, learner, self.num_classes(), samples, what)?;
        Ok((pollster::block_on(head.read())?, epoch))
    }

    /// Trains head and last blocks together, from `head` on. Gives the maps to choose by and to judge by, too.
    fn fine_tune(&self, backbone: &Backbone, head: &Head) -> Result<(HeadAndTail, Samples, Samples)> {
        let device = self.device.to_burn();
        let network = MobileNetV3Small::load(&self.base.parameters, Norms::Apart, &device)?;
        let (trunk, tail) = network.split(self.args.unfreeze.into());
        let map_shape = map_shape(backbone, &trunk, &device);
        let bytes = |views: usize| {
            views * map_shape.iter().product::<usize>() * size_of::<f32>() * self.tiles.training.len()
        };
        if bytes(1) > MAX_MAPS_BYTES {
            bail!(
                "the maps of {} tiles take {} MB: unfreeze fewer blocks",
                self.tiles.training.len(),
                bytes(1) >> 20
            );
        }
        let all_views = self.augmentation() && bytes(VIEWS) <= MAX_MAPS_BYTES;
        if self.augmentation() && !all_views {
            println!(
                "Phase 2 sees every tile as it stands alone: maps of all its flips and turns would not fit."
            );
        }
        let on_device = (&trunk, &device);
        let [training, validation, judges] = self
            .samples(|files, all_views| maps(files, backbone, on_device, map_shape, all_views), all_views)?;
        let config = TrainingConfig { epochs: self.args.unfreeze_epochs.into(), ..self.config.clone() };
        let head = classification::Head::load(head.config(), head.parameters(), &device)?;
        let network = HeadAndTail { tail, head, map_shape };
        let samples = (training.into(), validation.clone().into());
        let learner = BurnLearner::new(network, &config, &device);
        let (network, epoch) = fit(&config, learner, self.num_classes(), samples, "Last blocks")?;
        println!("Phase 2: the best epoch is {epoch}.");
        Ok((network, validation, judges))
    }

    /// Fits the temperature on the validation tiles and judges by the others.
    fn judge(
        &self,
        name: &str,
        ask: impl Fn(&Samples) -> Result<Vec<f32>>,
        validation: &Samples,
        judges: &Samples,
    ) -> Result<(f32, Contender)> {
        let temperature = fit_temperature(&ask(validation)?, validation.labels(), self.num_classes());
        let probabilities = softmax(ask(judges)?, self.num_classes(), temperature);
        let rows = probabilities.chunks(self.num_classes()).zip(judges.labels());
        let contender = Contender {
            name: name.into(),
            written: false,
            evaluation: Evaluation::new(&probabilities, judges.labels(), self.num_classes()),
            right: rows.map(|(row, &label)| argmax(row) == label).collect(),
        };
        Ok((temperature, contender))
    }

    /// Logits of a network on burn's device.
    fn ask<N: Network>(&self, network: &N, samples: &Samples) -> Result<Vec<f32>> {
        Ok(pollster::block_on(logits(network, &samples.clone().into(), &self.device.to_burn()))?)
    }

    fn validation_loss(&self, logits: Vec<f32>, validation: &Samples, temperature: f32) -> f64 {
        if validation.is_empty() {
            return 0.0;
        }
        let probabilities = softmax(logits, self.num_classes(), temperature);
        Evaluation::new(&probabilities, validation.labels(), self.num_classes()).loss
    }

    /// What could be had without transfer, with the same settings on the same tiles.
    fn baselines(&self) -> Result<[Contender; 2]> {
        // Random features and histograms have any scale: their classifiers get them in one that they can learn from.
        let standardised = |samples: [Samples; 3]| {
            let statistics = samples[0].statistics();
            samples.map(|samples| samples.standardised(&statistics))
        };
        let random = random_backbone(&self.base, &mut self.config.random());
        let random = Backbone::load(&random, &self.device)?;
        let [training, validation, judges] = standardised(self.features(&random, "Random features")?);
        let (head, _) = self.fit_head((training, validation.clone()), "Head on random features")?;
        let ask = |samples: &Samples| Ok(ask_head(&head, samples));
        let (_, on_random) = self.judge(BASELINES[0], ask, &validation, &judges)?;

        let [training, validation, judges] = standardised(self.samples(|files, _| histograms(files), false)?);
        let device = self.device.to_burn();
        let network = LinearClassifier::new(HISTOGRAM_BINS, self.num_classes(), &device);
        let learner = BurnLearner::new(network, &self.config, &device);
        let samples = (training.into(), validation.clone().into());
        let (linear, _) = fit(&self.config, learner, self.num_classes(), samples, "Colour histograms")?;
        let ask = |samples: &Samples| self.ask(&linear, samples);
        let (_, on_colours) = self.judge(BASELINES[1], ask, &validation, &judges)?;
        Ok([on_random, on_colours])
    }

    fn report(&self, contenders: &[Contender]) -> Result<()> {
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

    fn model_file(&self, trained: &Trained) -> Result<ModelFile> {
        let mut parameters = self.base.backbone()?.parameters;
        parameters.extend(trained.head.parameters());
        if let Some(tail) = &trained.tail {
            pollster::block_on(tail.store(&mut parameters))?;
        }
        let base = &self.base.manifest;
        let source = self.args.model.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let manifest = Manifest {
            name: self.args.name.clone(),
            purpose: self.args.purpose.clone(),
            ground_resolution_m: self.args.ground_resolution_m.clone().try_into().ok(),
            data: self.args.trained_on.clone(),
            labels: self.labels.clone(),
            classifier: ClassifierConfig::Head(trained.head.config().clone()),
            temperature: trained.temperature,
            provenance: Provenance {
                source,
                source_sha256: hex(&Sha256::digest(std::fs::read(&self.args.model)?)),
                description: self.args.description.clone(),
                licence: self.args.licence.clone().unwrap_or_else(|| base.provenance.licence.clone()),
            },
            ..base.clone()
        };
        Ok(ModelFile { manifest, parameters })
    }
}

/// Logits of every sample's first view.
fn ask_head(head: &Head, samples: &Samples) -> Vec<f32> {
    Classification::of_head(head).logits(&samples.first_views(0..samples.len()))
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
