//! `tilelens train`: a new head on labelled tiles, and whether transfer was worth it.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use clap::Args;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tilelens::model::classifier::Classifier;
use tilelens::model::head::{ClassifierConfig, Head};
use tilelens::model::mobilenet_v3::{BLOCKS, Tail};
use tilelens::model::model_file::{Manifest, ModelFile, Provenance, hex};
use tilelens::training::baselines::{HISTOGRAM_BINS, LinearClassifier, random_backbone};
use tilelens::training::calibration::fit_temperature;
use tilelens::training::metrics::Evaluation;
use tilelens::training::network::{HeadAndTail, Network};
use tilelens::training::samples::{Samples, Split};
use tilelens::training::trainer::{TrainingConfig, logits, probabilities};

use super::DeviceChoice;
use super::dataset::{Dataset, LabelledFile};
use super::files::{open_model, read_lines, write, write_model};
use super::import::Dtype;
use super::report::{class_table, confusion_table, table, with_interval};
use super::samples::{features, histograms, maps};
use super::settings::{Settings, fit};

/// Maps of more than this are not kept for every view of a tile.
const MAX_MAPS_BYTES: usize = 2 << 30;

#[derive(Args)]
pub struct TrainArgs {
    /// A folder with a folder of tiles for each class.
    data: PathBuf,
    /// The model file to write.
    #[arg(long, short)]
    output: PathBuf,
    /// The model file whose backbone gives the features.
    #[arg(long, short, default_value = "models/land-cover.safetensors")]
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
    #[arg(long, default_value_t = 0.2)]
    validation_fraction: f64,
    #[command(flatten)]
    settings: Settings,
    /// Phase 2: train the backbone's last N blocks too, ten times slower than the head.
    #[arg(long, value_name = "N", default_value_t = 0)]
    unfreeze: usize,
    /// Passes over the training tiles in phase 2.
    #[arg(long, default_value_t = 15)]
    unfreeze_epochs: usize,
    /// Do not train the heads that show what could be had without transfer.
    #[arg(long)]
    no_baselines: bool,
    /// A text file with a label for each class folder, in the folders' order; else the folders' names.
    #[arg(long)]
    labels: Option<PathBuf>,
    /// The model's name.
    #[arg(long, default_value = "Fine-tuned")]
    name: String,
    /// What the model was trained on and how.
    #[arg(long, default_value = "")]
    description: String,
    /// The terms under which the weights may be used.
    #[arg(long, default_value = "")]
    licence: String,
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
    /// Whether it stands on what the backbone learnt before.
    transferred: bool,
    #[serde(flatten)]
    evaluation: Evaluation,
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
        let listed = |list: &PathBuf| Dataset::listed(&args.data, list, &args.classes);
        let test = args.test_list.as_ref().map(listed).transpose()?.map(|dataset| dataset.files);
        if let (Some(train_list), Some(validation_list)) = (&args.train_list, &args.validation_list) {
            let Dataset { classes, files } = listed(train_list)?;
            return Ok(Self { classes, training: files, validation: listed(validation_list)?.files, test });
        }
        let Dataset { classes, files } = Dataset::read(&args.data, &args.classes)?;
        let labels: Vec<usize> = files.iter().map(|file| file.class).collect();
        let split = Split::stratified(&labels, args.validation_fraction, args.settings.seed);
        let chosen = |indices: &[usize]| indices.iter().map(|&index| files[index].clone()).collect();
        Ok(Self { training: chosen(&split.training), validation: chosen(&split.validation), classes, test })
    }

    fn judges(&self) -> &[LabelledFile] {
        self.test.as_deref().unwrap_or(&self.validation)
    }
}

pub fn run(args: TrainArgs) -> Result<()> {
    if args.unfreeze > BLOCKS {
        bail!("--unfreeze {}: the backbone has {BLOCKS} blocks", args.unfreeze);
    }
    let base = open_model(&args.model)?;
    let tiles = Tiles::read(&args)?;
    let labels = match &args.labels {
        Some(path) => read_lines(path)?,
        None => tiles.classes.clone(),
    };
    if labels.len() != tiles.classes.len() {
        bail!("{} labels for {} classes: {}", labels.len(), tiles.classes.len(), tiles.classes.join(", "));
    }
    let run = Run { device: args.device.open()?, config: args.settings.config(), base, tiles, args };
    let (head, tail, temperature, mut contenders) = run.train()?;
    if !run.args.no_baselines {
        contenders.extend(run.baselines()?);
    }
    run.report(&contenders, &labels)?;
    let model = run.model_file(labels, &head, tail.as_ref(), temperature)?;
    write_model(&run.args.output, &model, run.args.dtype.into())
}

/// What stays the same through one run.
struct Run {
    args: TrainArgs,
    base: ModelFile,
    tiles: Tiles,
    config: TrainingConfig,
    device: Device,
}

impl Run {
    fn num_classes(&self) -> usize {
        self.tiles.classes.len()
    }

    /// The head, the last blocks if they were trained to the better, the temperature, and the figures.
    fn train(&self) -> Result<(Head, Option<Tail>, f32, Vec<Contender>)> {
        let classifier = Classifier::load(&self.base, &self.device)?;
        let [training, validation, judges] = self.features(&classifier, "Features")?;
        let (head, epoch) = self.fit_head((training, validation.clone()), "Head")?;
        println!("Head: the best epoch is {epoch}.");
        let temperature = self.temperature(&head, &validation)?;
        let evaluation = self.judge(&head, &judges, temperature)?;
        let name = "head on the frozen backbone".to_owned();
        let mut contenders = vec![Contender { name, transferred: true, evaluation }];
        if self.args.unfreeze == 0 {
            return Ok((head, None, temperature, contenders));
        }
        let before = self.judge(&head, &validation, 1.0)?;
        let (network, validation, judges) = self.fine_tune(&classifier, head.clone())?;
        let after = self.judge(&network, &validation, 1.0)?;
        let tuned_temperature = self.temperature(&network, &validation)?;
        let evaluation = self.judge(&network, &judges, tuned_temperature)?;
        let gain = (evaluation.accuracy - contenders[0].evaluation.accuracy) * 100.0;
        println!("Phase 2 changes the accuracy by {gain:+.1} points over the frozen backbone.");
        let name = format!("head and the last {} blocks", self.args.unfreeze);
        contenders.push(Contender { name, transferred: true, evaluation });
        if after.loss < before.loss {
            return Ok((network.head, Some(network.tail), tuned_temperature, contenders));
        }
        println!("Phase 2 does not lower the validation loss: the model is written without it.");
        Ok((head, None, temperature, contenders))
    }

    /// Features of the tiles to learn from, to choose by, to judge by.
    fn features(&self, classifier: &Classifier, what: &str) -> Result<[Samples; 3]> {
        let of = |files: &[LabelledFile], all_views: bool| -> Result<Samples> {
            if files.is_empty() { Ok(Samples::new(1, 1)) } else { features(files, classifier, all_views, what) }
        };
        let validation = of(&self.tiles.validation, false)?;
        let judges = match &self.tiles.test {
            Some(test) => of(test, false)?,
            None => validation.clone(),
        };
        Ok([of(&self.tiles.training, self.args.settings.augmentation())?, validation, judges])
    }

    fn fit_head(&self, samples: (Samples, Samples), what: &str) -> Result<(Head, usize)> {
        let head = self.config.head(self.num_classes());
        let parameters = head.random_parameters(&mut self.config.random());
        let network = Head::load(&head, &parameters, &self.device)?;
        fit(&self.config, network, self.num_classes(), samples, &self.device, what)
    }

    /// Trains head and last blocks together, from `head` on.
    fn fine_tune(&self, classifier: &Classifier, head: Head) -> Result<(HeadAndTail, Samples, Samples)> {
        let (trunk, tail) = classifier.backbone().clone().split(self.args.unfreeze);
        let of = |files: &[LabelledFile], all_views| maps(files, classifier, &trunk, all_views, "Maps");
        let (validation, map_shape) = of(&self.tiles.validation, false)?;
        let bytes = 8 * map_shape.iter().product::<usize>() * size_of::<f32>() * self.tiles.training.len();
        let all_views = self.args.settings.augmentation() && bytes <= MAX_MAPS_BYTES;
        let (training, _) = of(&self.tiles.training, all_views)?;
        let judges = match &self.tiles.test {
            Some(test) => of(test, false)?.0,
            None => validation.clone(),
        };
        let config = TrainingConfig { epochs: self.args.unfreeze_epochs, ..self.config.clone() };
        let network = HeadAndTail { tail, head, map_shape };
        let samples = (training, validation.clone());
        let (network, epoch) = fit(&config, network, self.num_classes(), samples, &self.device, "Last blocks")?;
        println!("Phase 2: the best epoch is {epoch}.");
        Ok((network, validation, judges))
    }

    fn temperature<N: Network>(&self, network: &N, validation: &Samples) -> Result<f32> {
        let logits = pollster::block_on(logits(network, validation, &self.device))?;
        Ok(fit_temperature(&logits, validation.labels(), self.num_classes()))
    }

    fn judge<N: Network>(&self, network: &N, judges: &Samples, temperature: f32) -> Result<Evaluation> {
        if judges.is_empty() {
            bail!("there are no tiles to judge by: raise --validation-fraction");
        }
        let probabilities = pollster::block_on(probabilities(network, judges, temperature, &self.device))?;
        Ok(Evaluation::new(&probabilities, judges.labels(), self.num_classes()))
    }

    /// What could be had without transfer, with the same settings on the same tiles.
    fn baselines(&self) -> Result<Vec<Contender>> {
        let contender = |name: &str, evaluation| Contender { name: name.into(), transferred: false, evaluation };
        let parameters = random_backbone(&self.base.parameters, &mut self.config.random());
        let random = ModelFile { parameters, ..self.base.clone() };
        let classifier = Classifier::load(&random, &self.device)?;
        let [training, validation, judges] = self.features(&classifier, "Random features")?;
        // A random network's features have any scale: the head gets them in one that it can learn from.
        let statistics = training.statistics();
        let [training, validation, judges] =
            [training, validation, judges].map(|samples| samples.standardised(&statistics));
        let (head, _) = self.fit_head((training, validation), "Head on random features")?;
        let on_random = self.judge(&head, &judges, 1.0)?;

        let training = histograms(&self.tiles.training)?;
        let statistics = training.statistics();
        let validation = histograms(&self.tiles.validation)?.standardised(&statistics);
        let judges = histograms(self.tiles.judges())?.standardised(&statistics);
        let network = LinearClassifier::new(HISTOGRAM_BINS, self.num_classes(), &self.device);
        let samples = (training.standardised(&statistics), validation);
        let (linear, _) =
            fit(&self.config, network, self.num_classes(), samples, &self.device, "Colour histograms")?;
        Ok(vec![
            contender("head on a random backbone", on_random),
            contender("linear on colour histograms", self.judge(&linear, &judges, 1.0)?),
        ])
    }

    fn report(&self, contenders: &[Contender], labels: &[String]) -> Result<()> {
        let mut figures = table(&["trained on the same tiles", "accuracy (95 %)", "cross-entropy", "ECE"]);
        for Contender { name, evaluation, .. } in contenders {
            figures.add_row([
                name.clone(),
                with_interval(evaluation.accuracy, evaluation.interval),
                format!("{:.3}", evaluation.loss),
                format!("{:.3}", evaluation.calibration_error),
            ]);
        }
        println!("{figures}");
        let transferred = contenders.iter().filter(|contender| contender.transferred);
        let best = transferred.max_by(|a, b| a.evaluation.accuracy.total_cmp(&b.evaluation.accuracy));
        let best = best.context("there is always a head")?;
        println!("{}: {} tiles", best.name, best.evaluation.tiles);
        println!("{}", class_table(&best.evaluation, labels));
        println!("{}", confusion_table(&best.evaluation, labels));
        if self.tiles.test.is_none() {
            println!("The tiles that judge are those that chose the epoch: --test-list would be stricter.");
        }
        if let Some(verdict) = verdict(contenders) {
            println!("{verdict}");
        }
        if let Some(path) = &self.args.json {
            write(path, serde_json::to_string_pretty(contenders)?.as_bytes())?;
        }
        Ok(())
    }

    fn model_file(
        &self,
        labels: Vec<String>,
        head: &Head,
        tail: Option<&Tail>,
        temperature: f32,
    ) -> Result<ModelFile> {
        let mut parameters = self.base.parameters.clone();
        parameters.remove(&["head.", "classifier."]);
        pollster::block_on(head.store(&mut parameters))?;
        if let Some(tail) = tail {
            pollster::block_on(tail.store(&mut parameters))?;
        }
        let source = self.args.model.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let manifest = Manifest {
            name: self.args.name.clone(),
            labels,
            classifier: ClassifierConfig::Head(self.config.head(self.num_classes())),
            temperature,
            provenance: Provenance {
                source,
                source_sha256: hex(&Sha256::digest(std::fs::read(&self.args.model)?)),
                description: self.args.description.clone(),
                licence: self.args.licence.clone(),
            },
            ..self.base.manifest.clone()
        };
        Ok(ModelFile { manifest, parameters })
    }
}

/// Whether what the backbone learnt before was of use, in words.
fn verdict(contenders: &[Contender]) -> Option<String> {
    let best = |transferred: bool| {
        let group = contenders.iter().filter(move |contender| contender.transferred == transferred);
        group.max_by(|a, b| a.evaluation.accuracy.total_cmp(&b.evaluation.accuracy))
    };
    let (with, without) = (best(true)?, best(false)?);
    let gain = (with.evaluation.accuracy - without.evaluation.accuracy) * 100.0;
    Some(if gain <= 0.0 {
        format!("Transfer does not help here: `{}` is as good or better ({:+.1} points).", without.name, -gain)
    } else if with.evaluation.interval[0] <= without.evaluation.interval[1] {
        format!(
            "Transfer is ahead of `{}` by {gain:.1} points, which is within the error of {} tiles.",
            without.name, with.evaluation.tiles
        )
    } else {
        format!("Transfer helps: {gain:.1} points over `{}`.", without.name)
    })
}
