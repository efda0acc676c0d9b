//! What a head can do without transfer: the yardsticks that a transferred head has to beat.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use crate::model::model_file::ModelFile;
use crate::model::parameters::Parameters;
use crate::tile::Tile;

/// Levels of each colour channel in the histogram.
const COLOUR_LEVELS: usize = 6;

/// Bins of the colour histogram.
pub const HISTOGRAM_BINS: usize = COLOUR_LEVELS.pow(3);

/// Which share of a tile's pixels has which colour: `HISTOGRAM_BINS` numbers. Their square roots, because rare
/// colours tell as much as common ones (Arandjelović and Zisserman, "Three things everyone should know", 2012).
pub fn colour_histogram(tile: &Tile) -> Vec<f32> {
    let mut histogram = vec![0.0; HISTOGRAM_BINS];
    let level = |value: u8| usize::from(value) * COLOUR_LEVELS / 256;
    let pixels = tile.rgb.as_chunks::<3>().0;
    for &[red, green, blue] in pixels {
        histogram[(level(red) * COLOUR_LEVELS + level(green)) * COLOUR_LEVELS + level(blue)] += 1.0;
    }
    histogram.iter().map(|&count| (count / pixels.len() as f32).sqrt()).collect()
}

/// A model of the shape of `trained` that has learnt nothing: convolutions drawn as by He et al. 2015, batch norms that
/// change nothing.
pub fn random_backbone(trained: &ModelFile, random: &mut ChaCha8Rng) -> ModelFile {
    let mut parameters = Parameters::default();
    for (name, parameter) in trained.parameters.iter() {
        let count = parameter.values.len();
        let values = match parameter.shape[..] {
            [_, inputs, height, width] => {
                let bound = (6.0 / (inputs * height * width) as f32).sqrt();
                (0..count).map(|_| random.random_range(-bound..bound)).collect()
            }
            _ if name.ends_with(".weight") || name.ends_with(".running_var") => vec![1.0; count],
            _ => vec![0.0; count],
        };
        parameters.insert(name, parameter.shape.clone(), values);
    }
    ModelFile { manifest: trained.manifest.clone(), parameters }
}
