//! `tilelens import` for the page: compiled to WebAssembly with WASI, whose file system the page makes of what was
//! dropped.
//!
//!     tilelens-import CHECKPOINT [LABELS]
//!
//! It writes `model.safetensors` into the current folder, and a line for each note on stdout. What went wrong is a
//! sentence on stderr. Where only the names of the classes are missing, the status is 3 and stdout has their number.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use tilelens::import::{ImportError, ImportOptions, Imported, import, labels};
use tilelens::model::model_file::WeightsDtype;

/// The network has classes, and no names for them were given.
const NEEDS_LABELS: u8 = 3;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [checkpoint] => report(run(Path::new(checkpoint), None)),
        [checkpoint, labels] => report(run(Path::new(checkpoint), Some(Path::new(labels)))),
        _ => report(Err("the importer takes a checkpoint and a list of labels".into())),
    }
}

fn report(result: Result<Vec<String>, Box<dyn std::error::Error>>) -> ExitCode {
    match result {
        Ok(notes) => {
            notes.iter().for_each(|note| println!("{note}"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            if let Some(ImportError::Labels { classes, labels: 0 }) = error.downcast_ref() {
                println!("{classes}");
                return NEEDS_LABELS.into();
            }
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(checkpoint: &Path, list: Option<&Path>) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let labels = match list {
        Some(list) => {
            labels::read(&fs::read(list)?).map_err(|reason| format!("{}: {reason}", list.display()))?
        }
        None => Vec::new(),
    };
    let stem = checkpoint.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let options = ImportOptions::new(stem, labels);
    let Imported { file, notes } = import(checkpoint, options)?;
    fs::write("model.safetensors", file.to_bytes(WeightsDtype::Lossless)?)?;
    Ok(notes)
}
