//! `tilelens import`: a checkpoint of another framework → a model file.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};
use tilelens::import::{ImportOptions, import};
use tilelens::model::model_file::WeightsDtype;
use tilelens::tile::Preprocessing;

use super::files::{read_lines, write_model};

#[derive(Args)]
pub struct ImportArgs {
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
    /// What the model is for, in one line.
    #[arg(long, default_value = "")]
    purpose: String,
    /// The ground resolutions that it was made for, lowest and highest, in metres a pixel.
    #[arg(long, value_name = "LOW,HIGH", value_delimiter = ',', num_args = 2)]
    ground_resolution_m: Vec<f32>,
    /// What it was trained on, in one line.
    #[arg(long, default_value = "")]
    trained_on: String,
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
pub enum Dtype {
    F16,
    F32,
}

pub fn run(args: ImportArgs) -> Result<()> {
    let file_stem = args.checkpoint.file_stem().unwrap_or_default().to_string_lossy();
    let labels = args.labels.as_deref().map(read_lines).transpose()?.unwrap_or_default();
    let options = ImportOptions {
        name: args.name.unwrap_or_else(|| file_stem.into_owned()),
        purpose: args.purpose,
        ground_resolution_m: args.ground_resolution_m.try_into().ok(),
        data: args.trained_on,
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
    write_model(&args.output, &import(&args.checkpoint, options)?, args.dtype.into())
}

impl From<Dtype> for WeightsDtype {
    fn from(dtype: Dtype) -> Self {
        match dtype {
            Dtype::F16 => Self::F16,
            Dtype::F32 => Self::F32,
        }
    }
}
