//! `tilelens export`: a model file → a file that other runtimes read.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use tilelens::export::to_onnx;
use tilelens::model::model_file::WeightsDtype;

use super::files::{write, write_model};
use super::model::ModelArgs;

#[derive(Args)]
pub struct ExportArgs {
    /// The model file.
    model: PathBuf,
    /// A head for that backbone, instead of the model's own.
    #[arg(long, value_name = "FILE")]
    head: Option<PathBuf>,
    /// The file to write: `.onnx` for onnxruntime and the like, `.safetensors` for a model file with f32 weights.
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
}

pub fn run(ExportArgs { model, head, output }: ExportArgs) -> Result<()> {
    let model = ModelArgs { model: Some(model), head }.open()?;
    match output.extension().and_then(|extension| extension.to_str()) {
        Some("onnx") => {
            let bytes = to_onnx(&model)?;
            write(&output, &bytes)?;
            println!("{}: {} bytes", output.display(), bytes.len());
            Ok(())
        }
        Some("safetensors") => write_model(&output, &model, WeightsDtype::F32),
        _ => bail!("{} is none of .onnx, .safetensors", output.display()),
    }
}
