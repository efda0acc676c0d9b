//! `--model` and `--head`: a whole model from one file or two.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use tilelens::model::model_file::ModelFile;

use super::files::open_model;

#[derive(Args)]
pub struct ModelArgs {
    /// The model file: a whole model, or a backbone.
    #[arg(long, short, default_value = "models/land-cover.safetensors")]
    pub model: PathBuf,
    /// A head on that backbone, in the place of the model's own.
    #[arg(long, value_name = "FILE")]
    pub head: Option<PathBuf>,
}

impl ModelArgs {
    /// Reads and verifies the files.
    pub fn open(&self) -> Result<ModelFile> {
        let model = open_model(&self.model)?;
        let Some(path) = &self.head else { return Ok(model) };
        model.join(&open_model(path)?).with_context(|| path.display().to_string())
    }
}
