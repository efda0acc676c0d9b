//! Whether a scene's ground resolution is the one that a model was made for.

use crate::limits::MIN_TILE_SIDE_PX;

/// Pixels that are this many times as large or small as a model knows them are worth a word.
const FAR: f64 = 1.5;

/// A sentence where pixels of `pixel_m` metres are far from those that the model `name` was made for, with the cell of
/// pixels that would show as much ground as `cell_px` show there; nothing where they are near.
pub fn resolution_hint(name: &str, made_for_m: [f32; 2], pixel_m: f64, cell_px: u32) -> Option<String> {
    let [low, high] = made_for_m.map(f64::from);
    let nearest = pixel_m.clamp(low, high);
    if pixel_m <= high * FAR && pixel_m >= low / FAR {
        return None;
    }
    let range = if low == high { metres(low) } else { format!("{} to {}", metres(low), metres(high)) };
    let fitting = (f64::from(cell_px) * nearest / pixel_m).round();
    let advice = if fitting < f64::from(MIN_TILE_SIDE_PX) {
        "the scene is too coarse for it, whatever the cell: take another model or scene".to_owned()
    } else {
        format!(
            "{cell_px} of its pixels show the ground that {fitting:.0} show here: try --cell {fitting:.0}px"
        )
    };
    Some(format!("The scene has {} m a pixel, and {name} was made for {range} m; {advice}.", metres(pixel_m)))
}

/// Metres with three digits that count.
fn metres(metres: f64) -> String {
    if metres >= 100.0 {
        return format!("{metres:.0}");
    }
    let digits = (2 - metres.log10().floor() as i32).clamp(0, 6) as usize;
    let text = format!("{metres:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_far_resolution_is_named_with_the_cell_that_would_fit() {
        assert_eq!(resolution_hint("S", [10.0, 10.0], 10.0, 64), None);
        assert_eq!(resolution_hint("S", [2.0, 32.0], 1.5, 64), None);
        let finer = resolution_hint("S", [10.0, 10.0], 2.5, 64).unwrap();
        assert_eq!(
            finer,
            "The scene has 2.5 m a pixel, and S was made for 10 m; 64 of its pixels show the ground that 256 show here: try --cell 256px."
        );
        let coarser = resolution_hint("S", [0.3, 2.0], 10.0, 64).unwrap();
        assert!(coarser.contains("0.3 to 2 m") && coarser.contains("--cell 13px"), "{coarser}");
        assert!(resolution_hint("S", [0.3, 2.0], 30.0, 64).unwrap().contains("too coarse"));
    }
}
