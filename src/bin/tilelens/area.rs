//! `tilelens area`: how large the classes of a map are in truth, by cells that a person checked.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use tilelens::raster::Window;
use tilelens::scene::{
    Accuracy, Estimate, Place, Sample, SampleError, Stratum, UNDECIDED, category_names, estimate, map_id,
    read_sample,
};

use super::files::write;
use super::report::{percent, table};
use super::scenes::SceneFile;
use super::tiles::coded;

#[derive(Args)]
pub struct AreaArgs {
    /// The map: what tilelens map wrote, with its .aux.xml beside it.
    map: PathBuf,
    /// Its check sample, CSV or GeoJSON, with the column truth filled in.
    sample: PathBuf,
    /// Write the figures as JSON, too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

pub fn run(args: AreaArgs) -> Result<()> {
    let named = || args.map.display().to_string();
    let file = SceneFile::new(&args.map).with_context(named)?;
    let names = category_names(file.aux_xml().unwrap_or_default());
    let Some((_, names)) = names.split_first() else {
        bail!("{0}.aux.xml is missing or names no classes: it belongs beside {0}", args.map.display());
    };
    let mut raster = file.open().with_context(named)?;
    let [width, height] = [raster.description().width, raster.description().height];
    let numbers = raster.read(0, Window::all(width, height), &[0]).map_err(coded)?;
    let ids: Vec<u8> = numbers.bands[0].iter().map(|&number| number as u8).collect();
    let place = Place::of(raster.description());
    let middle = |cell: usize| [cell % width as usize, cell / width as usize].map(|index| index as f64 + 0.5);
    let square_m: Option<Vec<f64>> = (0..ids.len()).map(|cell| place.area_m2(middle(cell), [1, 1])).collect();
    let (areas, unit) = match square_m {
        Some(areas) => (areas.into_iter().map(|area| area / 10_000.0).collect(), "ha"),
        None => (vec![1.0; ids.len()], "cells"),
    };
    let text = fs::read_to_string(&args.sample)
        .with_context(|| format!("{} cannot be read", args.sample.display()))?;
    let Sample { map_id: drawn_from, cells: checked } =
        read_sample(&text).with_context(|| args.sample.display().to_string())?;
    match drawn_from {
        Some(drawn_from) if drawn_from != map_id(&ids, names) => {
            return Err(SampleError::OtherMap).with_context(|| args.sample.display().to_string());
        }
        Some(_) => {}
        None => eprintln!(
            "{} does not say from which map its cells were drawn: its figures hold for that one alone.",
            args.sample.display()
        ),
    }
    // What is undecided comes last, where there is such.
    let class_count = names.len() - usize::from(names.last().is_some_and(|name| name == UNDECIDED));
    let strata = Stratum::of_map(&ids, width, names, class_count, &areas, &checked)
        .with_context(|| args.sample.display().to_string())?;
    let classes: Vec<String> =
        strata.iter().filter(|stratum| stratum.class.is_some()).map(|stratum| stratum.name.clone()).collect();
    let accuracy = estimate(&strata, &classes)?;
    let open = checked.iter().filter(|checked| checked.truth.is_empty()).count();
    if open > 0 {
        eprintln!("{open} of {} cells are not labelled and do not count.", checked.len());
    }
    print(&accuracy, unit);
    if let Some(path) = &args.json {
        write(path, &serde_json::to_vec_pretty(&accuracy)?)?;
    }
    Ok(())
}

fn print(accuracy: &Accuracy, unit: &str) {
    let share = |estimate: Option<Estimate>| {
        let text = |Estimate { value, plus_minus }| format!("{} ± {:.1}", percent(value), plus_minus * 100.0);
        estimate.map_or_else(|| "–".into(), text)
    };
    let mut figures = table(&[
        "class",
        "checked",
        &format!("on the map, {unit}"),
        &format!("in truth, {unit}"),
        "user's accuracy",
        "producer's accuracy",
    ]);
    for class in &accuracy.classes {
        figures.add_row([
            class.name.clone(),
            class.checked.to_string(),
            format!("{:.1}", class.mapped_area),
            format!("{:.1} ± {:.1}", class.area.value, class.area.plus_minus),
            share(class.users_accuracy),
            share(class.producers_accuracy),
        ]);
    }
    println!("{figures}");
    println!(
        "The map is right in {} of the area, by {} cells. All intervals hold 95 %.",
        share(Some(accuracy.overall)),
        accuracy.checked
    );
}
