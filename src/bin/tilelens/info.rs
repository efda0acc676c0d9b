//! `tilelens info`: what a model file or a raster holds.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use serde::Serialize;
use tilelens::model::manifest::{Kind, Manifest};

use super::files::open_model;
use super::raster_info;

#[derive(Args)]
pub struct InfoArgs {
    /// The model file or the raster.
    file: PathBuf,
}

/// What is printed: the manifest, and what names the parts.
#[derive(Serialize)]
struct Info<'a> {
    kind: Kind,
    backbone_sha256: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    head_sha256: Option<String>,
    parameters: usize,
    #[serde(flatten)]
    manifest: &'a Manifest,
}

pub fn run(InfoArgs { file: path }: InfoArgs) -> Result<()> {
    if raster_info::is_raster(&path) {
        return raster_info::run(&path).with_context(|| path.display().to_string());
    }
    let file = open_model(&path)?;
    let info = Info {
        kind: file.kind(),
        backbone_sha256: file.backbone_sha256(),
        head_sha256: (file.kind() != Kind::Backbone).then(|| file.head_sha256()),
        parameters: file.parameters.iter().map(|(_, parameter)| parameter.values.len()).sum(),
        manifest: &file.manifest,
    };
    println!("{}", serde_json::to_string_pretty(&info)?);
    Ok(())
}
