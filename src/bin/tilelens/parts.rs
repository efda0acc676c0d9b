//! `tilelens split` and `tilelens join`: one backbone and its heads, apart and together.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use tilelens::model::model_file::WeightsDtype;

use super::files::{open_model, write_model};

#[derive(Args)]
pub struct SplitArgs {
    /// The model file.
    model: PathBuf,
    /// Where to write its backbone.
    #[arg(long, value_name = "FILE", required_unless_present = "head")]
    backbone: Option<PathBuf>,
    /// Where to write its head.
    #[arg(long, value_name = "FILE")]
    head: Option<PathBuf>,
}

#[derive(Args)]
pub struct JoinArgs {
    /// The model file with the backbone.
    backbone: PathBuf,
    /// The head that belongs to it.
    head: PathBuf,
    /// The model file to write.
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
}

pub fn split(SplitArgs { model: path, backbone, head }: SplitArgs) -> Result<()> {
    let model = open_model(&path)?;
    let named = || path.display().to_string();
    let backbone = backbone.map(|to| Ok((to, model.backbone()?)));
    let head = head.map(|to| Ok((to, model.head()?)));
    let parts: Result<Vec<_>> = backbone.into_iter().chain(head).collect();
    for (to, part) in parts.with_context(named)? {
        write_model(&to, &part, WeightsDtype::Lossless)?;
    }
    Ok(())
}

pub fn join(JoinArgs { backbone, head, output }: JoinArgs) -> Result<()> {
    let joined = open_model(&backbone)?.join(&open_model(&head)?);
    write_model(&output, &joined.with_context(|| head.display().to_string())?, WeightsDtype::Lossless)
}
