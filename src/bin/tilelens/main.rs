//! The library on the command line: import checkpoints, describe models, classify tiles, train heads, judge them and
//! export models.

mod classify;
mod confusion_picture;
mod dataset;
mod evaluate;
mod export;
mod few_shot;
mod files;
mod import;
mod raster_info;
mod report;
mod samples;
mod settings;
mod tiles;
mod train;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};
use tilelens::device::{Device, DeviceKind};

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
    Import(import::ImportArgs),
    /// Turn a model file into one that other runtimes read (.onnx, or .safetensors with f32 weights).
    Export(export::ExportArgs),
    /// Say what a model file or a raster (TIFF, GeoTIFF, COG) holds.
    Info {
        /// The model file or the raster.
        file: PathBuf,
    },
    /// Classify image files and folders of them.
    Classify(classify::ClassifyArgs),
    /// Judge a model on labelled tiles: accuracy, F1, confusion matrix, calibration, speed.
    Evaluate(evaluate::EvaluateArgs),
    /// Train a head on labelled tiles, and say whether transfer was worth it.
    Train(train::TrainArgs),
    /// How good heads get from a few labelled tiles, beside baselines that know nothing.
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

fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Import(args) => import::run(args),
        Command::Export(args) => export::run(args),
        Command::Info { file } if raster_info::is_raster(&file) => raster_info::run(&file),
        Command::Info { file } => {
            println!("{}", serde_json::to_string_pretty(&files::open_model(&file)?.manifest)?);
            Ok(())
        }
        Command::Classify(args) => classify::run(args),
        Command::Evaluate(args) => evaluate::run(args),
        Command::Train(args) => train::run(args),
        Command::FewShot(args) => few_shot::run(args),
    }
}
