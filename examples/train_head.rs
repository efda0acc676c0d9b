//! Trains a head for classes of your own: a folder with a folder of tiles for each class → a model file, and how good it is.
//!
//! ```sh
//! mkdir -p target/tiles/built target/tiles/green
//! cp www/samples/synthetic-{industry,parking,residential}.jpg target/tiles/built
//! cp www/samples/synthetic-{field,forest,grass}.jpg target/tiles/green
//! cargo run --release --no-default-features --features raster --example train_head -- \
//!     target/tiles models/overhead.safetensors target/head.safetensors
//! ```
//!
//! `classify_folder.rs` classifies with it.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tilelens::dataset::{ClassFrom, Subset, Tree};
use tilelens::device::Device;
use tilelens::model::backbone::{Backbone, VIEWS};
use tilelens::model::head::{ClassifierConfig, Head};
use tilelens::model::manifest::{Manifest, Provenance};
use tilelens::model::model_file::{ModelFile, WeightsDtype};
use tilelens::raster::Preparation;
use tilelens::tile::Together;
use tilelens::training::head_learner::Start;
use tilelens::training::report::Report;
use tilelens::training::run::Run;
use tilelens::training::samples::Samples;
use tilelens::training::trainer::TrainingConfig;
use tilelens::training::validation::Validation;

/// The share of each class that judges the head, where there are tiles enough.
const VALIDATION_FRACTION: f64 = 0.2;

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
    let [folder, backbone, output] = <[String; 3]>::try_from(env::args().skip(1).collect::<Vec<_>>())
        .map_err(|_| "give a folder of classes, the file of a backbone, and where to write the head")?;
    let bytes = fs::read(&backbone).map_err(|error| format!("{backbone}: {error}"))?;
    let base = ModelFile::from_bytes(&bytes)?.backbone()?;
    let backbone = Backbone::load(&base, &Device::Cpu)?;

    let (labels, samples, preparations) = labelled_features(Path::new(&folder), &backbone)?;
    println!("{} tiles in {} classes: {}", samples.len(), labels.len(), labels.join(", "));
    let (head, report) = train(samples, labels.len())?;
    match &report.evaluation {
        Some(figures) => println!(
            "accuracy {:.3} (95 % interval {:.3} to {:.3}) on {} tiles that the judged head never saw",
            figures.accuracy, figures.interval[0], figures.interval[1], figures.tiles
        ),
        None => println!("accuracy unknown: no class has two pictures, so that none could be held out"),
    }

    let file = head_file(&base, &head, labels, preparations, report.temperature)?;
    fs::write(&output, file.to_bytes(WeightsDtype::F32)?)?;
    println!("written to {output}");
    Ok(())
}

/// The classes' names, the features `[tiles, 8, 576]` of their tiles, and how rasters among them became colours.
type Labelled = (Vec<String>, Samples, Vec<Preparation>);

fn labelled_features(folder: &Path, backbone: &Backbone) -> Result<Labelled, Box<dyn Error>> {
    let mut paths = Vec::new();
    find_files(folder, folder, &mut paths)?;
    paths.sort();
    let tree = Tree::read(paths.iter().map(String::as_str), ClassFrom::First);
    for note in &tree.notes {
        eprintln!("{note}");
    }
    if tree.classes.len() < 2 {
        return Err("there must be two folders of tiles at least, one for each class".into());
    }
    // What is there to test a finished head stays unseen. By which of the others it is judged is drawn later.
    let tiles: Vec<_> = tree.tiles.iter().filter(|tile| tile.subset != Some(Subset::Test)).collect();
    let files: Vec<PathBuf> = tiles.iter().map(|tile| folder.join(&paths[tile.path])).collect();
    let together = Together::of_files(files.iter().map(PathBuf::as_path), &[]);
    let mut samples = Samples::new(backbone.width(), VIEWS);
    for (file, placed) in files.iter().zip(&tiles) {
        let tile =
            together.decode(&fs::read(file)?).map_err(|error| format!("{}: {error}", file.display()))?;
        // Flips and turns of a tile show the same ground: eight views to learn from instead of one.
        let features = pollster::block_on(backbone.features(backbone.views(&tile)))?;
        samples.push(&features, placed.class);
    }
    Ok((tree.classes, samples, together.preparations()))
}

/// Adds the files below a folder, as paths relative to `root` that are parted by `/`.
fn find_files(root: &Path, folder: &Path, paths: &mut Vec<String>) -> Result<(), Box<dyn Error>> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            find_files(root, &path, paths)?;
        } else {
            let parts: Vec<_> = path.strip_prefix(root)?.iter().map(|part| part.to_string_lossy()).collect();
            paths.push(parts.join("/"));
        }
    }
    Ok(())
}

/// The head after the epoch that did best, and what tiles say of it that it never saw.
fn train(samples: Samples, num_classes: usize) -> Result<(Head, Report), Box<dyn Error>> {
    let config = TrainingConfig::default();
    let start = Start::Scratch(Head::random(config.head(samples.width(), num_classes), &mut config.random()));
    let validation = Validation::plan(&samples, VALIDATION_FRACTION, config.seed);
    let mut run = Run::new(config, start, samples, validation, &Device::Cpu)?;
    while !pollster::block_on(run.train_epoch())?.finished {}
    let outcome = pollster::block_on(run.conclude())?;
    let report = Report::new(&outcome, None, num_classes);
    Ok((outcome.head, report))
}

/// The head alone, with all that is needed to use it on its backbone.
fn head_file(
    base: &ModelFile,
    head: &Head,
    labels: Vec<String>,
    preparations: Vec<Preparation>,
    temperature: f32,
) -> Result<ModelFile, Box<dyn Error>> {
    let manifest = Manifest {
        name: "Classes of my own".into(),
        backbone_name: base.manifest.name.clone(),
        purpose: "Made by the example train_head".into(),
        ground_resolution_m: None,
        labels,
        classifier: ClassifierConfig::Head(head.config().clone()),
        temperature,
        preparations,
        provenance: Provenance {
            description: "A head that was trained on a folder of tiles".into(),
            ..base.manifest.provenance.clone()
        },
        ..base.manifest.clone()
    };
    let mut parameters = base.parameters.clone();
    parameters.extend(head.parameters());
    Ok(ModelFile { manifest, parameters }.head()?)
}
