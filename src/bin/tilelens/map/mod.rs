//! `tilelens map`: scenes → class maps.

mod outputs;
mod part;
mod progress;
mod windows;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use tilelens::model::classifier::Classifier;
use tilelens::model::model_file::ModelFile;
use tilelens::scene::{
    Answer, Area, AreaOfInterest, ClassMap, Grid, Length, Place, Shapes, State, Vectors, Votes,
    check_percent, resolution_hint,
};

use super::DeviceChoice;
use super::model::{AskingArgs, ModelArgs};
use super::report::{percent, table};
use super::scenes::SceneFile;
use super::unread::SomeUnread;
use outputs::Outputs;
use part::Part;
use progress::{Progress, identity};
use windows::Windows;

/// So many groups of windows keep all cores busy to the end.
const GROUPS_A_CORE: usize = 8;

#[derive(Args)]
pub struct MapArgs {
    /// Scenes: TIFF, GeoTIFF and COG files of any size, JPEG and PNG up to 50 megapixels. Each has one stretch of its own, and so one map.
    #[arg(required = true)]
    scenes: Vec<PathBuf>,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    asking: AskingArgs,
    /// The side of a cell, in pixels or in metres on the ground: 256px, 640m.
    #[arg(long, default_value = "256px")]
    cell: Length,
    /// How far one cell is from the next, if they overlap: a half, a third … of the cell. Each place then has the class
    /// that is most probable over all cells that see it.
    #[arg(long)]
    step: Option<Length>,
    /// How far to the right and down the first cell begins.
    #[arg(long, default_value = "0px")]
    offset: Length,
    /// Map only what lies in the polygons of this GeoJSON file: cells that they cover by half or more.
    #[arg(long, value_name = "GEOJSON")]
    area: Option<PathBuf>,
    /// Leave cells undecided whose best class is less probable than this.
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0)]
    undecided: f32,
    /// Give each cell the class that most of the 3 × 3 cells around it have.
    #[arg(long)]
    majority: bool,
    /// What becomes a feature of the GeoJSON file.
    #[arg(long, value_enum, default_value_t = ShapesChoice::Regions)]
    shapes: ShapesChoice,
    /// Draw this many cells for a person to check, for `tilelens area`.
    #[arg(long, value_name = "N")]
    check_sample: Option<usize>,
    /// Another seed draws another check sample.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Where to write the map of one scene, map.tif say, with its other files beside it; for several scenes a folder.
    #[arg(long, short)]
    output: PathBuf,
    /// Go on with a map that was cut off, or finish one whose parts are joined.
    #[arg(long)]
    resume: bool,
    /// Classify one of N parts of the cells only, and leave the answers in map.tif.part. Join the files of all parts to
    /// one of that name, and --resume makes the map of it.
    #[arg(long, value_name = "K/N")]
    part: Option<Part>,
    /// Where to compute.
    #[arg(long, value_enum, default_value_t = DeviceChoice::Cpu)]
    device: DeviceChoice,
}

#[derive(Clone, Copy, ValueEnum)]
enum ShapesChoice {
    /// Neighbours of one class together.
    Regions,
    /// Each cell by itself.
    Cells,
}

pub fn run(args: MapArgs) -> Result<()> {
    let model = args.model.open_with_classes()?;
    check_percent(args.undecided)?;
    let outputs = outputs_of(&args)?;
    let classifier = Classifier::load(&model, &args.device.open()?)?;
    let (mut unread, mut failed) = (0, 0);
    for (scene, outputs) in args.scenes.iter().zip(&outputs) {
        match map_scene(&args, &model, &classifier, scene, outputs)
            .with_context(|| scene.display().to_string())
        {
            Ok(of_scene) => unread += of_scene,
            // The others are mapped all the same.
            Err(error) if args.scenes.len() > 1 => {
                eprintln!("error: {error:#}");
                failed += 1;
            }
            Err(error) => return Err(error),
        }
    }
    if failed > 0 {
        bail!("{failed} of {} scenes have no map: the reasons stand above", args.scenes.len());
    }
    match unread {
        0 => Ok(()),
        unread => bail!(SomeUnread(format!(
            "{unread} cells could not be read and have no class: the reason stands above; --resume tries them again"
        ))),
    }
}

/// The files of each scene.
fn outputs_of(args: &MapArgs) -> Result<Vec<Outputs>> {
    let output = args.output.as_path();
    let is_file = output.extension().is_some_and(|extension| {
        extension.eq_ignore_ascii_case("tif") || extension.eq_ignore_ascii_case("tiff")
    });
    if is_file && args.scenes.len() > 1 {
        bail!("{} scenes make as many maps: name a folder by --output", args.scenes.len());
    }
    let read: HashSet<PathBuf> = args
        .scenes
        .iter()
        .chain(&args.area)
        .chain(args.model.files())
        .filter_map(|path| path.canonicalize().ok())
        .collect();
    let mut taken = HashSet::new();
    let outputs = args.scenes.iter().map(|scene| {
        let map = if is_file {
            output.to_path_buf()
        } else {
            let name = scene.file_stem().with_context(|| format!("{} is no file", scene.display()))?;
            output.join(format!("{}-map.tif", name.to_string_lossy()))
        };
        if !taken.insert(map.clone()) {
            bail!("two scenes would be mapped to {}: map them one by one", map.display());
        }
        let outputs = Outputs::beside(map);
        outputs.check(&read)?;
        Ok(outputs)
    });
    outputs.collect()
}

/// Maps one scene, and gives how many cells could not be read.
fn map_scene(
    args: &MapArgs,
    model: &ModelFile,
    classifier: &Classifier,
    path: &Path,
    outputs: &Outputs,
) -> Result<usize> {
    let file = SceneFile::new(path)?;
    let mut raster = file.open()?;
    let prepared = file.prepare(&mut raster, &model.manifest.preparations)?;
    let description = raster.description();
    let place = Place::of(description);
    let grid = Grid::of_lengths(
        [description.width, description.height],
        place.pixel_m(),
        args.cell,
        args.step,
        args.offset,
    )?;
    let part = args.part.unwrap_or(Part::WHOLE);
    let at_least = (GROUPS_A_CORE * rayon::current_num_threads()).saturating_mul(part.of());
    let mut groups = grid.groups(description.tile, at_least);
    drop(raster);

    let mut votes = Votes::new(grid.clone(), model.manifest.labels.clone())?;
    say(&file, model, &grid, &place, &prepared.notes);
    let area = args.area.as_deref().map(|file| area_of(file, &place)).transpose()?;
    let is_wanted = area.as_ref().map_or_else(|| vec![true; grid.windows()], |area| area.windows(&grid));
    match is_wanted.iter().filter(|&&is_wanted| is_wanted).count() {
        0 => bail!("no cell has half of its pixels in the area: take smaller cells, or a larger area"),
        some if area.is_some() => eprintln!("  {some} of {} cells are in the area.", grid.windows()),
        _ => {}
    }
    let asked = part.windows(grid.windows());
    groups.iter_mut().for_each(|group| group.retain(|window| is_wanted[*window] && asked.contains(window)));
    let identity = identity(&file, model, &grid, &prepared.stretch, args.asking);
    let mut progress =
        Progress::open(&outputs.part(), &identity, args.resume, &grid, model.manifest.labels.len())?;
    let windows = Windows { file: &file, prepared: &prepared, grid: &grid, classifier, asking: args.asking };
    windows.classify(groups, &mut progress)?;
    if args.part.is_some() {
        // The map is made of all parts' answers, by --resume.
        return Ok(progress.unreadable());
    }
    for (window, answer) in progress.answers().enumerate() {
        match answer {
            Some((answer, empty)) => votes.add(window, answer, empty),
            None if is_wanted[window] => bail!("a window is missing, which is a fault of Tilelens"),
            None => votes.add(window, &Answer::LeftOut, &[]),
        }
    }
    if let Some(area) = &area {
        votes.limit_to(area);
    }

    let mut map = votes.finish();
    map.leave_undecided_below(args.undecided)?;
    if args.majority {
        eprintln!("  The majority filter changed {} cells.", map.majority_filter());
    }
    let shapes = match args.shapes {
        ShapesChoice::Regions => Shapes::Regions,
        ShapesChoice::Cells => Shapes::Cells,
    };
    outputs.write(&map, &place, shapes)?;
    if let Some(count) = args.check_sample {
        outputs.write_check_sample(&map, &place, count, args.seed)?;
    }
    print(&map, &place);
    let unread = map.count(State::Unreadable);
    if unread == 0 {
        progress.remove()?;
    }
    Ok(unread)
}

/// The polygons of a GeoJSON file; what was guessed of them goes to stderr.
fn area_of(file: &Path, place: &Place) -> Result<AreaOfInterest> {
    let bytes = fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let vectors = Vectors::read(&bytes, place).with_context(|| file.display().to_string())?;
    vectors.notes().iter().for_each(|note| eprintln!("  {}: {note}", file.display()));
    Ok(vectors.area())
}

/// What was found and guessed, on stderr.
fn say(file: &SceneFile, model: &ModelFile, grid: &Grid, place: &Place, notes: &[String]) {
    let [cell, step] = [grid.cell_px(), grid.step_px()];
    let on_ground = |[width, height]: [u32; 2]| {
        let metres =
            place.pixel_m().map(|[across, down]| (f64::from(width) * across, f64::from(height) * down));
        metres.map_or_else(String::new, |(across, down)| format!(", {across:.0} × {down:.0} m"))
    };
    let [across, down] = grid.windows_across_down();
    let every = if cell == step { String::new() } else { format!(", one every {} × {}", step[0], step[1]) };
    eprintln!(
        "{}: {across} × {down} cells of {} × {} pixels{}{every}.",
        file.path.display(),
        cell[0],
        cell[1],
        on_ground(cell)
    );
    for note in notes.iter().chain(&place.notes()) {
        eprintln!("  {note}");
    }
    if let Some((made_for, [across, down])) = model.manifest.ground_resolution_m.zip(place.pixel_m()) {
        let hint =
            resolution_hint(&model.manifest.name, made_for, (across * down).sqrt(), cell[0].min(cell[1]));
        hint.iter().for_each(|hint| eprintln!("  {hint}"));
    }
}

/// Areas by class, on stdout; what has no class, on stderr.
fn print(map: &ClassMap, place: &Place) {
    let mut areas = table(&["class", "cells", "ha", "km²", "share"]);
    for Area { name, cells, square_m, share, .. } in map.areas(place) {
        let in_units = |unit: f64, digits: usize| {
            square_m.map_or_else(|| "–".into(), |square_m| format!("{:.digits$}", square_m / unit))
        };
        areas.add_row([name, cells.to_string(), in_units(1e4, 2), in_units(1e6, 4), percent(share)]);
    }
    println!("{areas}");
    let states = [
        (State::NoData, "of mostly no data"),
        (State::Outside, "cut by the edge of the scene"),
        (State::Unreadable, "of unreadable pixels"),
        (State::LeftOut, "outside the area"),
    ];
    for (state, what) in states {
        match map.count(state) {
            0 => {}
            1 => eprintln!("  1 cell {what} has no class."),
            count => eprintln!("  {count} cells {what} have no class."),
        }
    }
}
