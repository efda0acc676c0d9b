//! `tilelens export`: a model file → a file that other runtimes read.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use tilelens::export::to_onnx;
use tilelens::model::model_file::WeightsDtype;

use super::files::{open_model, write, write_model};

#[derive(Args)]
pub struct ExportArgs {
    /// The model file.
    model: PathBuf,
    /// The file to write: `.onnx` for onnxruntime and the like, `.safetensors` for a model file with f32 weights.
    #[arg(long, short)]
    output: PathBuf,
}

pub fn run(ExportArgs { model, output }: ExportArgs) -> Result<()> {
    let model = open_model(&model)?;
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
