//! `tilelens classify`: files → classes, one row each.

use std::path::PathBuf;

use anyhow::{Result, anyhow, bail};
use clap::Args;
use tilelens::model::classifier::Classifier;
use tilelens::training::metrics::argmax;

use super::DeviceChoice;
use super::heatmaps::Pictures;
use super::inputs;
use super::model::{AskingArgs, ModelArgs};
use super::rows::{Earlier, Format, Rows, TileFacts};
use super::tiles::{coded, in_order, look_at, progress_bar, read_tile};
use super::unread::SomeUnread;

#[derive(Args)]
pub struct ClassifyArgs {
    /// Image files, folders to search, or patterns such as "tiles/*.jpg"; - reads a list of files, one per line, from
    /// standard input.
    #[arg(required = true)]
    tiles: Vec<PathBuf>,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    asking: AskingArgs,
    /// How to print the answers.
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,
    /// Where to write the answers (default: standard output).
    #[arg(long, short)]
    output: Option<PathBuf>,
    /// Continue the output of an interrupted run: files that already have a row are not classified again.
    #[arg(long, requires = "output")]
    resume: bool,
    /// Write each tile as a PNG into this folder, with where its class was seen in colours over it.
    ///
    /// Bright is what speaks most for the class (Grad-CAM of its score before softmax), compared within the tile alone.
    /// What the model does not see has no colour. Folders are mirrored: `forest/a.jpg` becomes `DIR/forest/a.jpg.png`. A
    /// picture has at most 1024 pixels a side.
    #[arg(long, value_name = "DIR")]
    heatmap: Option<PathBuf>,
    /// Where to compute.
    #[arg(long, value_enum, default_value_t = DeviceChoice::Cpu)]
    device: DeviceChoice,
}

pub fn run(args: ClassifyArgs) -> Result<()> {
    let model = args.model.open_with_classes()?;
    let labels = &model.manifest.labels;
    let classifier = Classifier::load(&model, &args.device.open()?)?;
    let output = args.output.as_deref();
    let mut files = inputs::files(&args.tiles)?;
    let pictures =
        args.heatmap.as_deref().map(|folder| Pictures::new(folder, &args.tiles, &files)).transpose()?;
    let earlier = match output.filter(|_| args.resume) {
        Some(path) => Earlier::read(path, args.format, labels)?,
        None => Earlier::default(),
    };
    let all = files.len();
    // Of those that have a row already, too: a run that goes on prepares its tiles as the one before did.
    let together = look_at(files.iter().map(PathBuf::as_path), &model.manifest.preparations);
    files.retain(|file| !earlier.files.contains(&file.display().to_string()));
    if files.len() < all {
        eprintln!("{} of {all} files have a row already.", all - files.len());
    }
    let mut rows = Rows::new(output, args.format, labels, &earlier)?;
    let bar = progress_bar(files.len(), "Classifying");
    let classify = |file: &PathBuf| {
        let tile = read_tile(file, &together);
        let answer = tile
            .as_ref()
            .map_err(|error| anyhow!("{error}"))
            .and_then(|tile| args.asking.probabilities(&classifier, tile).map_err(coded));
        let pictured = match (&pictures, &tile, &answer) {
            (Some(pictures), Ok(tile), Ok(answer)) => pictures.write(file, tile, argmax(answer), &classifier),
            _ => Ok(()),
        };
        bar.inc(1);
        (tile.as_ref().map(TileFacts::of).unwrap_or_default(), answer, pictured)
    };
    in_order(&files, classify, |file, (read, answer, pictured)| {
        // Before its row: a run that goes on makes no picture of a tile that has one.
        pictured?;
        rows.write(file, read, answer)
    })?;
    rows.finish()?;
    bar.finish_and_clear();
    match rows.failed {
        0 => Ok(()),
        failed => bail!(SomeUnread(format!("{failed} of {all} files gave no class: their error says why"))),
    }
}
