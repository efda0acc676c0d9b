//! The library on the command line: import checkpoints, describe models, classify tiles, map scenes, train heads,
//! evaluate and export models.

mod area;
mod classify;
mod confusion_picture;
mod dataset;
mod evaluate;
mod export;
mod few_shot;
mod files;
mod heatmaps;
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
    /// Cores to use (default: all). The answers do not depend on it.
    #[arg(long, global = true, value_name = "N", display_order = 900)]
    threads: Option<NonZeroUsize>,
}

const EXIT_STATUS: &str = "\
Exit status: 0 done, 1 failed, 2 wrong arguments, 3 done, but classify, evaluate or map could not read some tiles or cells.";

#[derive(Subcommand)]
enum Command {
    /// Turn a checkpoint of PyTorch, safetensors, ONNX or Keras into a model file.
    #[command(after_help = "\
Examples: a checkpoint whose classes are listed in a text file, one per line; a backbone without classes; and a network that was
trained on numbers from -1 to 1:
  tilelens import mine.pth --labels labels.txt --output mine.safetensors
  tilelens import backbone.onnx --output backbone.safetensors
  tilelens import mine.pt --labels labels.txt --mean 0.5,0.5,0.5 --std 0.5,0.5,0.5 --output mine.safetensors")]
    Import(import::ImportArgs),
    /// Write a model file for other runtimes (.onnx, or .safetensors with f32 weights).
    #[command(after_help = "Example:\n  tilelens export mine.safetensors --output mine.onnx")]
    Export(export::ExportArgs),
    /// Describe a model file or a raster (TIFF, GeoTIFF, COG).
    #[command(
        after_help = "Examples:\n  tilelens info models/overhead.safetensors\n  tilelens info scene.tif"
    )]
    Info(info::InfoArgs),
    /// Write the backbone of a model, its head, or both to files of their own.
    #[command(after_help = "Example:\n  tilelens split mine.safetensors --head my-head.safetensors")]
    Split(parts::SplitArgs),
    /// Join a backbone and one of its heads into one model file.
    #[command(
        after_help = "Example:\n  tilelens join models/overhead.safetensors my-head.safetensors --output mine.safetensors"
    )]
    Join(parts::JoinArgs),
    /// Classify image files and folders.
    #[command(after_help = "\
Examples:
  tilelens classify tiles/ > classes.csv
  find /archive -name '*.jpg' | tilelens classify - --output classes.csv
  tilelens classify tiles/ --output classes.csv --resume     # after a run that was cut off
  tilelens classify tiles/ --view-average                    # slower, often better
  tilelens classify tiles/ --heatmap seen/ > classes.csv     # pictures of where each class was seen

Exit status 3: every file has a row, but some could not be read; the column `error` says why.")]
    Classify(classify::ClassifyArgs),
    /// Map the classes of whole scenes: GeoTIFF, GeoJSON, CSV, areas.
    #[command(after_help = "\
Examples:
  tilelens map scene.tif --head models/sentinel-2.safetensors --cell 640m --output map.tif
  tilelens map scene.tif --cell 256px --step 128px --majority --undecided 60 --output map.tif
  tilelens map scenes/*.tif --cell 640m --output maps/
  tilelens map scene.tif --cell 640m --output map.tif --resume         # after a run that was cut off
  tilelens map scene.tif --cell 640m --output map.tif --check-sample 200

A scene that several machines share, each with one part, and what makes the map of their answers:
  tilelens map scene.tif --cell 640m --output parts/3.tif --part 3/16
  cat parts/*.tif.part > map.tif.part && tilelens map scene.tif --cell 640m --output map.tif --resume

Beside map.tif there are map-confidence.tif, map.geojson (WGS 84), map.csv, and what tells GIS programs names and \
colours: map.qml and map.tif.aux.xml.

Exit status 3: the map is written, and some cells could not be read.")]
    Map(map::MapArgs),
    /// Estimate how large the classes of a map really are, from cells that a person checked.
    #[command(after_help = "\
Example: fill in the column truth of the check sample that tilelens map has drawn, then
  tilelens area map.tif map-check.csv

The estimator is that of Olofsson et al. 2014, Good practices for estimating area and assessing accuracy of land change.")]
    Area(area::AreaArgs),
    /// Evaluate a model on labelled tiles: accuracy, F1, confusion matrix, calibration, speed.
    #[command(after_help = "\
Example: a folder with forest/, river/ …, or with train/, val/ and test/ that contain them
  tilelens evaluate data/ --model mine.safetensors --svg confusion.svg

Exit status 3: the tiles that could be read were evaluated, and the others are listed.")]
    Evaluate(evaluate::EvaluateArgs),
    /// Train a head on labelled tiles, and say whether transfer learning was worth it.
    #[command(after_help = "\
Example: a folder with forest/, river/ …, or with train/, val/ and test/ that contain them
  tilelens train data/ --output mine.safetensors")]
    Train(train::TrainArgs),
    /// Measure how good heads get from a few labelled tiles, with one or several settings.
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
