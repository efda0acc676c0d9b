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
mod info;
mod model;
mod parts;
mod report;
mod samples;
mod settings;
mod sweep;
mod tiles;
mod train;
mod trials;

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
    /// Say what a model file holds.
    Info(info::InfoArgs),
    /// Write the backbone of a model, its head, or both as files of their own.
    Split(parts::SplitArgs),
    /// Put a backbone and a head of it together into one model file.
    Join(parts::JoinArgs),
    /// Classify image files and folders of them.
    Classify(classify::ClassifyArgs),
    /// Judge a model on labelled tiles: accuracy, F1, confusion matrix, calibration, speed.
    Evaluate(evaluate::EvaluateArgs),
    /// Train a head on labelled tiles, and say whether transfer was worth it.
    Train(train::TrainArgs),
    /// How good heads get from a few labelled tiles, by one setting or by several.
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
        Command::Info(args) => info::run(args),
        Command::Split(args) => parts::split(args),
        Command::Join(args) => parts::join(args),
        Command::Classify(args) => classify::run(args),
        Command::Evaluate(args) => evaluate::run(args),
        Command::Train(args) => train::run(args),
        Command::FewShot(args) => few_shot::run(args),
    }
}
