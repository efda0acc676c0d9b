//! `--model` and `--head`: a whole model from one file or two.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use tilelens::model::InferenceError;
use tilelens::model::classifier::{Answers, Classifier};
use tilelens::model::model_file::ModelFile;
use tilelens::tile::Tile;

use super::files::open_model;

/// The shipped backbone, and the head on it that answers where none is named.
pub const BACKBONE: &str = "models/overhead.safetensors";
const HEAD: &str = "models/overhead-scenes.safetensors";

#[derive(Args)]
pub struct ModelArgs {
    /// The model file: a whole model, or a backbone (default: the shipped backbone).
    #[arg(long, short)]
    pub model: Option<PathBuf>,
    /// A head for that backbone, instead of the model's own (default without --model: the head of overhead scenes).
    #[arg(long, value_name = "FILE")]
    pub head: Option<PathBuf>,
}

impl ModelArgs {
    /// The files that are named.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.model.iter().chain(&self.head)
    }

    /// Reads and verifies the files.
    pub fn open(&self) -> Result<ModelFile> {
        let (model, head) = match (&self.model, &self.head) {
            (Some(model), head) => (model.as_path(), head.as_deref()),
            (None, Some(head)) => (Path::new(BACKBONE), Some(head.as_path())),
            (None, None) => (Path::new(BACKBONE), Some(Path::new(HEAD))),
        };
        let model = open_model(model)?;
        let Some(path) = head else { return Ok(model) };
        model.join(&open_model(path)?).with_context(|| path.display().to_string())
    }

    /// The same, for a command that names classes.
    pub fn open_with_classes(&self) -> Result<ModelFile> {
        let model = self.open()?;
        if model.manifest.labels.is_empty() {
            bail!(
                "{} is a backbone without classes: name a head by --head, or train one",
                model.manifest.name
            );
        }
        Ok(model)
    }
}

#[derive(Args, Clone, Copy)]
pub struct AskingArgs {
    /// Take the mean over a tile's eight flips and turns: eight times slower, and often better.
    #[arg(long)]
    view_average: bool,
}

impl AskingArgs {
    /// Whether the answer is the mean over a tile's views.
    pub fn averages_views(self) -> bool {
        self.view_average
    }

    /// Class probabilities of a tile: `[num_classes]`.
    pub fn probabilities(self, classifier: &Classifier, tile: &Tile) -> Result<Vec<f32>, InferenceError> {
        let Answers { probabilities, .. } = pollster::block_on(async {
            if self.view_average {
                classifier.classify_views(tile).await
            } else {
                classifier.classify(&[tile]).await
            }
        })?;
        Ok(probabilities)
    }
}
