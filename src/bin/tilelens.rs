//! The library on the command line: import checkpoints, describe models, classify tiles.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Serialize;
use tilelens::ErrorCode;
use tilelens::device::DeviceKind;
use tilelens::import::{ImportOptions, import};
use tilelens::model::classifier::Classifier;
use tilelens::model::model_file::{ModelFile, WeightsDtype};
use tilelens::tile::{Preprocessing, decode};
use walkdir::WalkDir;

/// Classify satellite tiles with MobileNetV3-Small.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Turn a checkpoint (.pth, .safetensors, .onnx) into a model file.
    Import(ImportArgs),
    /// Say what a model file holds.
    Info {
        /// The model file.
        model: PathBuf,
    },
    /// Classify image files and folders of them.
    Classify(ClassifyArgs),
}

#[derive(Args)]
struct ImportArgs {
    /// The checkpoint of a MobileNetV3-Small.
    checkpoint: PathBuf,
    /// The model file to write.
    #[arg(long, short)]
    output: PathBuf,
    /// A text file with one label a line, in the order of the logits.
    #[arg(long)]
    labels: Option<PathBuf>,
    /// The model's name; the checkpoint's file name where none is given.
    #[arg(long)]
    name: Option<String>,
    /// The shorter side of a tile is scaled to this many pixels.
    #[arg(long, value_name = "PIXELS", default_value_t = 224)]
    resize: u32,
    /// The side of the square cut from the centre, in pixels.
    #[arg(long, value_name = "PIXELS", default_value_t = 224)]
    crop: u32,
    /// The head's dropout rate in training.
    #[arg(long, default_value_t = 0.2)]
    dropout_rate: f64,
    /// How kernels and matrices are stored.
    #[arg(long, value_enum, default_value_t = Dtype::F16)]
    dtype: Dtype,
    /// Which network to take from a checkpoint that holds several, such as `ema.`.
    #[arg(long)]
    prefix: Option<String>,
    /// What the model was trained on and how.
    #[arg(long, default_value = "")]
    description: String,
    /// The terms under which the weights may be used.
    #[arg(long, default_value = "")]
    licence: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum Dtype {
    F16,
    F32,
}

#[derive(Args)]
struct ClassifyArgs {
    /// Image files, or folders that are searched for them.
    #[arg(required = true)]
    tiles: Vec<PathBuf>,
    /// The model file.
    #[arg(long, short, default_value = "models/land-cover.safetensors")]
    model: PathBuf,
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

#[derive(Clone, Copy, ValueEnum)]
enum DeviceChoice {
    Cpu,
    Webgpu,
}

fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Import(args) => run_import(args),
        Command::Info { model } => run_info(&model),
        Command::Classify(args) => run_classify(args),
    }
}

fn run_import(args: ImportArgs) -> Result<()> {
    let file_stem = args.checkpoint.file_stem().unwrap_or_default().to_string_lossy();
    let labels = match &args.labels {
        Some(path) => fs::read_to_string(path)
            .with_context(|| format!("{} cannot be read", path.display()))?
            .lines()
            .map(|line| line.trim().to_owned())
            .filter(|line| !line.is_empty())
            .collect(),
        None => Vec::new(),
    };
    let options = ImportOptions {
        name: args.name.unwrap_or_else(|| file_stem.into_owned()),
        labels,
        preprocessing: Preprocessing {
            resize_px: args.resize,
            crop_px: args.crop,
            mean: Preprocessing::IMAGENET_MEAN,
            std: Preprocessing::IMAGENET_STD,
        },
        dropout_rate: args.dropout_rate,
        prefix: args.prefix,
        description: args.description,
        licence: args.licence,
    };
    let dtype = match args.dtype {
        Dtype::F16 => WeightsDtype::F16,
        Dtype::F32 => WeightsDtype::F32,
    };
    let bytes = import(&args.checkpoint, options)?.to_bytes(dtype)?;
    if let Some(folder) = args.output.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&args.output, &bytes)
        .with_context(|| format!("{} cannot be written", args.output.display()))?;
    println!("{}: {} bytes", args.output.display(), bytes.len());
    Ok(())
}

fn run_info(path: &Path) -> Result<()> {
    let file = open_model(path)?;
    println!("{}", serde_json::to_string_pretty(&file.manifest)?);
    Ok(())
}

fn run_classify(args: ClassifyArgs) -> Result<()> {
    let model = open_model(&args.model)?;
    let kind = match args.device {
        DeviceChoice::Cpu => DeviceKind::Cpu,
        DeviceChoice::Webgpu => DeviceKind::WebGpu,
    };
    let device = pollster::block_on(kind.open())?;
    let classifier = Classifier::load(&model, &device)?;
    let mut report = Report::new(args.format, &model.manifest.labels)?;
    for root in &args.tiles {
        for entry in WalkDir::new(root).sort_by_file_name() {
            let entry = entry?;
            if entry.file_type().is_file() {
                report.write(entry.path(), classify_file(&classifier, entry.path()))?;
            }
        }
    }
    report.finish()
}

fn open_model(path: &Path) -> Result<ModelFile> {
    let bytes = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    ModelFile::from_bytes(&bytes).with_context(|| path.display().to_string())
}

/// The probabilities, or the error's code and sentence.
fn classify_file(classifier: &Classifier, path: &Path) -> Result<Vec<f32>, String> {
    let bytes = fs::read(path).map_err(|error| format!("file.unreadable: {error}"))?;
    let tile = decode(&bytes).map_err(|error| format!("{}: {error}", error.code()))?;
    pollster::block_on(classifier.classify(&[&tile])).map_err(|error| format!("{}: {error}", error.code()))
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

    fn write(&mut self, path: &Path, answer: Result<Vec<f32>, String>) -> Result<()> {
        let (probabilities, error) = match answer {
            Ok(probabilities) => (probabilities, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        self.written += 1;
        self.failed += usize::from(error.is_some());
        let top = (0..probabilities.len()).max_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]));
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
