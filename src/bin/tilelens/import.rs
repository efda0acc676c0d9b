//! `tilelens import`: a checkpoint of another framework → a model file.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use tilelens::import::{HiddenActivation, ImportOptions, Imported, import};
use tilelens::model::model_file::WeightsDtype;

use super::files::{read_labels, write_model};
use super::purpose::PurposeArgs;

#[derive(Args)]
pub struct ImportArgs {
    /// The checkpoint of a MobileNetV3-Small, whatever it is called: .pth, .safetensors, .onnx, .h5, .keras …
    checkpoint: PathBuf,
    /// The model file to write.
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// The labels in the order of the logits: one a line, `0 label` a line, or JSON such as class_to_idx or id2label.
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// The model's name; the checkpoint's file name where none is given.
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    purpose: PurposeArgs,
    /// The shorter side of a tile is scaled to this many pixels.
    #[arg(long, value_name = "PIXELS", default_value_t = 224)]
    resize: u32,
    /// The side of the square cut from the centre, in pixels.
    #[arg(long, value_name = "PIXELS", default_value_t = 224)]
    crop: u32,
    /// Channel means that training normalised by, of values from 0 to 1, such as 0.485,0.456,0.406.
    #[arg(long, value_name = "R,G,B", value_delimiter = ',', requires = "std")]
    mean: Vec<f32>,
    /// Channel standard deviations that training normalised by, such as 0.229,0.224,0.225.
    #[arg(long, value_name = "R,G,B", value_delimiter = ',', requires = "mean")]
    std: Vec<f32>,
    /// What activates the classifier's hidden layer, where the checkpoint cannot tell.
    #[arg(long, value_enum)]
    hidden_activation: Option<Hidden>,
    /// The head's dropout rate in training.
    #[arg(long, default_value_t = 0.2)]
    dropout_rate: f64,
    /// How kernels and matrices are stored.
    #[arg(long, value_enum, default_value_t = Dtype::F16)]
    dtype: Dtype,
    /// Which network to take from a checkpoint that holds several, such as `ema.`.
    #[arg(long)]
    prefix: Option<String>,
    /// The terms under which the weights may be used.
    #[arg(long, default_value = "")]
    licence: String,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Dtype {
    F16,
    F32,
}

#[derive(Clone, Copy, ValueEnum)]
enum Hidden {
    Relu,
    HardSwish,
}

pub fn run(args: ImportArgs) -> Result<()> {
    let file_stem = args.checkpoint.file_stem().unwrap_or_default().to_string_lossy();
    let labels = args.labels.as_deref().map(read_labels).transpose()?.unwrap_or_default();
    let options = ImportOptions {
        name: args.name.unwrap_or_else(|| file_stem.into_owned()),
        purpose: args.purpose.purpose,
        ground_resolution_m: args.purpose.ground_resolution_m,
        data: args.purpose.trained_on,
        labels,
        resize_px: args.resize,
        crop_px: args.crop,
        normalisation: normalisation(&args.mean, &args.std)?,
        hidden_activation: args.hidden_activation.map(|activation| match activation {
            Hidden::Relu => HiddenActivation::Relu,
            Hidden::HardSwish => HiddenActivation::HardSwish,
        }),
        dropout_rate: args.dropout_rate,
        prefix: args.prefix,
        description: args.purpose.description,
        licence: args.licence,
    };
    let Imported { file, notes } = import(&args.checkpoint, options)?;
    notes.iter().for_each(|note| eprintln!("{note}"));
    write_model(&args.output, &file, args.dtype.into())
}

fn normalisation(mean: &[f32], std: &[f32]) -> Result<Option<([f32; 3], [f32; 3])>> {
    match (mean, std) {
        ([], []) => Ok(None),
        (&[a, b, c], &[d, e, f]) => Ok(Some(([a, b, c], [d, e, f]))),
        _ => bail!("--mean and --std need three numbers each, for red, green and blue"),
    }
}

impl From<Dtype> for WeightsDtype {
    fn from(dtype: Dtype) -> Self {
        match dtype {
            Dtype::F16 => Self::F16,
            Dtype::F32 => Self::F32,
        }
    }
}
