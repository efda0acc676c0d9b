//! The library on the command line: import checkpoints, describe models, classify tiles, map scenes, train heads,
//! judge them and export models.

mod area;
mod classify;
mod confusion_picture;
mod dataset;
mod evaluate;
mod export;
mod few_shot;
mod files;
mod import;
mod info;
mod inputs;
mod listing;
mod map;
mod model;
mod parts;
mod purpose;
mod raster_info;
mod report;
mod rows;
mod samples;
mod scenes;
mod settings;
mod sweep;
mod tiles;
mod train;
mod trials;
mod unread;

use std::num::NonZeroUsize;
use std::panic;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};
use tilelens::device::{Device, DeviceKind};

/// Classify satellite tiles with MobileNetV3-Small.
#[derive(Parser)]
#[command(version, after_help = EXIT_STATUS)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Cores to use; all of them, if not given. The answers are the same.
    #[arg(long, global = true, value_name = "N")]
    threads: Option<NonZeroUsize>,
}

const EXIT_STATUS: &str = "\
Exit status: 0 when all was done, 1 when the command failed, 2 when it was called wrongly, 3 when classify, evaluate or \
map did their work and some tiles or cells could not be read.";

#[derive(Subcommand)]
enum Command {
    /// Turn a checkpoint of PyTorch, safetensors or ONNX into a model file.
    #[command(after_help = "\
Example, a checkpoint whose classes stand in a text file, one a line:
  tilelens import mine.pth --labels labels.txt --output mine.safetensors")]
    Import(import::ImportArgs),
    /// Turn a model file into one that other runtimes read (.onnx, or .safetensors with f32 weights).
    #[command(after_help = "Example:\n  tilelens export mine.safetensors --output mine.onnx")]
    Export(export::ExportArgs),
    /// Say what a model file or a raster (TIFF, GeoTIFF, COG) holds.
    #[command(
        after_help = "Examples:\n  tilelens info models/overhead.safetensors\n  tilelens info scene.tif"
    )]
    Info(info::InfoArgs),
    /// Write the backbone of a model, its head, or both as files of their own.
    #[command(after_help = "Example:\n  tilelens split mine.safetensors --head my-head.safetensors")]
    Split(parts::SplitArgs),
    /// Put a backbone and a head of it together into one model file.
    #[command(
        after_help = "Example:\n  tilelens join models/overhead.safetensors my-head.safetensors --output mine.safetensors"
    )]
    Join(parts::JoinArgs),
    /// Classify image files and folders of them.
    #[command(after_help = "\
Examples:
  tilelens classify tiles/ > classes.csv
  find /archive -name '*.jpg' | tilelens classify - --output classes.csv
  tilelens classify tiles/ --output classes.csv --resume     # after a run that was cut off
  tilelens classify tiles/ --view-average                    # slower, often better

Exit status 3: every file has its row, and some could not be read; their column `error` says why.")]
    Classify(classify::ClassifyArgs),
    /// Map the classes of whole scenes: GeoTIFF, GeoJSON, CSV, areas.
    #[command(after_help = "\
Examples:
  tilelens map scene.tif --head models/sentinel-2.safetensors --cell 640m --output map.tif
  tilelens map scene.tif --cell 256px --step 128px --majority --undecided 60 --output map.tif
  tilelens map scenes/*.tif --cell 640m --output maps/
  tilelens map scene.tif --cell 640m --output map.tif --resume         # after a run that was cut off
  tilelens map scene.tif --cell 640m --output map.tif --check-sample 200

Beside map.tif there are map-confidence.tif, map.geojson (WGS 84), map.csv, and what tells GIS programs names and \
colours: map.qml and map.tif.aux.xml.

Exit status 3: the map is written, and some cells could not be read.")]
    Map(map::MapArgs),
    /// Say how large the classes of a map are in truth, by cells that a person checked.
    #[command(after_help = "\
Example: fill in the column truth of the check sample that tilelens map has drawn, then
  tilelens area map.tif map-check.csv

The estimator is that of Olofsson et al. 2014, Good practices for estimating area and assessing accuracy of land change.")]
    Area(area::AreaArgs),
    /// Judge a model on labelled tiles: accuracy, F1, confusion matrix, calibration, speed.
    #[command(after_help = "\
Example, a folder that holds forest/, river/ …, or train/, val/ and test/ with those in them:
  tilelens evaluate data/ --model mine.safetensors --svg confusion.svg

Exit status 3: the tiles that could be read are judged, and the others named.")]
    Evaluate(evaluate::EvaluateArgs),
    /// Train a head on labelled tiles, and say whether transfer was worth it.
    #[command(after_help = "\
Example, a folder that holds forest/, river/ …, or train/, val/ and test/ with those in them:
  tilelens train data/ --output mine.safetensors")]
    Train(train::TrainArgs),
    /// How good heads get from a few labelled tiles, by one setting or by several.
    #[command(
        after_help = "Example:\n  tilelens few-shot data/ --model backbone.safetensors --shots 5,10,20"
    )]
    FewShot(few_shot::FewShotArgs),
}

#[derive(Clone, Copy, ValueEnum)]
enum DeviceChoice {
    Cpu,
    Webgpu,
}

impl DeviceChoice {
    fn open(self) -> Result<Device> {
        let kind = match self {
            Self::Cpu => DeviceKind::Cpu,
            Self::Webgpu => DeviceKind::WebGpu,
        };
        Ok(pollster::block_on(kind.open())?)
    }
}

fn main() -> ExitCode {
    panic::set_hook(Box::new(|fault| {
        eprintln!(
            "Tilelens met a fault of its own ({fault}). Please report it with the command that you gave."
        );
    }));
    let Err(error) = run(Cli::parse()) else { return ExitCode::SUCCESS };
    // One sentence with its reasons; the standard way would add a stack trace.
    eprintln!("error: {error:#}");
    if error.is::<unread::SomeUnread>() { unread::STATUS.into() } else { ExitCode::FAILURE }
}

fn run(Cli { command, threads }: Cli) -> Result<()> {
    rayon::ThreadPoolBuilder::new().num_threads(threads.map_or(0, NonZeroUsize::get)).build_global()?;
    match command {
        Command::Import(args) => import::run(args),
        Command::Export(args) => export::run(args),
        Command::Info(args) => info::run(args),
        Command::Split(args) => parts::split(args),
        Command::Join(args) => parts::join(args),
        Command::Classify(args) => classify::run(args),
        Command::Map(args) => map::run(args),
        Command::Area(args) => area::run(args),
        Command::Evaluate(args) => evaluate::run(args),
        Command::Train(args) => train::run(args),
        Command::FewShot(args) => few_shot::run(args),
    }
}
