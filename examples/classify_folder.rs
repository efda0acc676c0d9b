//! The class of each tile in a folder, one line each: its file, its class, and how probable that is.
//!
//! ```sh
//! cargo run --release --no-default-features --features raster --example classify_folder -- \
//!     www/samples models/overhead.safetensors models/overhead-scenes.safetensors
//! ```
//!
//! The head may be any that stands on that backbone, such as one by `train_head.rs`.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tilelens::dataset::clutter_of;
use tilelens::device::Device;
use tilelens::model::classifier::Classifier;
use tilelens::model::model_file::ModelFile;
use tilelens::tile::Together;

/// Says what went wrong in words: a `main` that returns the error would print how it is written in Rust.
fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let [folder, backbone, head] = <[String; 3]>::try_from(env::args().skip(1).collect::<Vec<_>>())
        .map_err(|_| "give a folder of tiles, the file of a backbone, and that of a head")?;
    let model = read_model(&backbone)?.join(&read_model(&head)?)?;
    let classifier = Classifier::load(&model, &Device::Cpu)?;

    let mut files = Vec::new();
    find_files(Path::new(&folder), &mut files)?;
    files.sort();
    // Rasters of one scene share one stretch: each by itself would get other colours, and so another class.
    let together = Together::of_files(files.iter().map(PathBuf::as_path), &model.manifest.preparations);
    let mut failed = 0;
    for file in &files {
        match classify(file, &together, &classifier) {
            Ok((class, probability)) => println!("{}\t{class}\t{probability:.3}", file.display()),
            // One bad file costs its own answer, and none of the others.
            Err(error) => {
                eprintln!("{}: {error}", file.display());
                failed += 1;
            }
        }
    }
    if failed > 0 {
        return Err(format!("{failed} of {} files gave no class", files.len()).into());
    }
    Ok(())
}

fn read_model(path: &str) -> Result<ModelFile, Box<dyn Error>> {
    let bytes = fs::read(path).map_err(|error| format!("{path}: {error}"))?;
    Ok(ModelFile::from_bytes(&bytes).map_err(|error| format!("{path}: {error}"))?)
}

/// Adds the files in a folder and in those below it, without what is no tile by its name: hidden files, texts, sidecars.
fn find_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && clutter_of(&format!("{name}/")).is_none() {
            find_files(&path, files)?;
        } else if path.is_file() && clutter_of(&name).is_none() {
            files.push(path);
        }
    }
    Ok(())
}

/// The most probable class of a tile, and its probability.
fn classify<'a>(
    file: &Path,
    together: &Together,
    classifier: &'a Classifier,
) -> Result<(&'a str, f32), Box<dyn Error>> {
    let tile = together.decode(&fs::read(file)?)?;
    // The CPU answers at once; on a GPU the future waits for it.
    let answers = pollster::block_on(classifier.classify(&[&tile]))?;
    let classes = classifier.labels().iter().map(String::as_str).zip(answers.probabilities);
    classes
        .max_by(|(_, one), (_, other)| one.total_cmp(other))
        .ok_or_else(|| "the head has no classes".into())
}
