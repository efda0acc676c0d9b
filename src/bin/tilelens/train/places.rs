//! Tiles of one place, told by their paths, stay on one side of the split.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use regex::Regex;
use tilelens::training::groups::Groups;
use tilelens::training::split::Split;

use super::super::dataset::LabelledFile;

/// A regular expression whose first group names the place.
pub fn pattern(text: &str) -> Result<Regex, String> {
    let pattern = Regex::new(text).map_err(|error| error.to_string())?;
    if pattern.captures_len() < 2 {
        return Err("it has no group in parentheses that names the place, such as in `site-(\\d+)`".into());
    }
    Ok(pattern)
}

/// The place of each tile, by the first group of `pattern` in its path beneath `data`.
fn places(tiles: &[LabelledFile], pattern: &Regex, data: &Path) -> Result<Groups> {
    let mut numbers = HashMap::new();
    let number_of = |tile: &LabelledFile| {
        let path = tile.path.strip_prefix(data).unwrap_or(&tile.path);
        // The same pattern on every system.
        let path = path.to_string_lossy().replace('\\', "/");
        let named = pattern.captures(&path).and_then(|found| found.get(1));
        let place = named.with_context(|| format!("--group-by finds no place in {path}"))?;
        let next = numbers.len();
        Ok(*numbers.entry(place.as_str().to_owned()).or_insert(next))
    };
    Ok(Groups::new(tiles.iter().map(number_of).collect::<Result<_>>()?))
}

/// About `fraction` of the places for validation, as evenly by class as whole places allow.
pub fn split(
    (tiles, classes): (&[LabelledFile], &[String]),
    (pattern, data): (&Regex, &Path),
    originals: &[usize],
    (fraction, seed): (f64, u64),
) -> Result<Split> {
    let groups = places(tiles, pattern, data)?;
    let labels: Vec<usize> = tiles.iter().map(|file| file.class).collect();
    let parts = (1.0 / fraction).round().max(2.0);
    if !parts.is_finite() {
        bail!("--group-by needs a --validation-fraction above 0");
    }
    let Some(split) = groups.folds(&labels, originals, parts as usize, seed).into_iter().next() else {
        bail!("the tiles of each class lie in one place: nothing could judge, so leave --group-by out");
    };
    let unjudged: Vec<&str> = (0..classes.len())
        .filter(|&class| !split.validation.iter().any(|&tile| labels[tile] == class))
        .map(|class| classes[class].as_str())
        .collect();
    eprintln!("{} places, none of which is on both sides of the split.", groups.count());
    if !unjudged.is_empty() {
        eprintln!("Their places are too few to judge by, too: {}.", unjudged.join(", "));
    }
    Ok(split)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiles(count: usize) -> Vec<LabelledFile> {
        let path = |tile: usize| format!("data/{}/site-{}-{tile}.jpg", tile % 2, tile / 8).into();
        (0..count).map(|tile| LabelledFile { path: path(tile), class: tile % 2, subset: None }).collect()
    }

    #[test]
    fn a_place_is_on_one_side_and_a_path_without_one_is_named() {
        let (tiles, classes) = (tiles(80), ["a".to_owned(), "b".to_owned()]);
        let alone: Vec<usize> = (0..80).collect();
        let split_by = |text: &str| {
            split((&tiles, &classes), (&pattern(text).unwrap(), Path::new("data")), &alone, (0.2, 0))
        };
        let Split { training, validation } = split_by(r"site-(\d+)").unwrap();
        assert_eq!((training.len(), validation.len()), (64, 16));
        assert!(training.iter().all(|tile| validation.iter().all(|other| tile / 8 != other / 8)));
        let unnamed = split_by(r"place-(\d+)").unwrap_err().to_string();
        assert!(unnamed.contains("no place in 0/site-0-0.jpg"), "{unnamed}");
        // The folder of the class: each class lies in one.
        assert!(split_by(r"^(\d)/").unwrap_err().to_string().contains("lie in one place"));
        assert!(pattern(r"site-\d+").is_err() && pattern("(").is_err());
    }
}
