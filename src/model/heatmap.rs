//! Where in a tile a class is seen: Grad-CAM (Selvaraju et al. 2017, equations 1 and 2).
//!
//! As in the paper, the class's score is its logit: before the temperature and the softmax. No automatic differentiation is
//! needed. Features are the means of the last maps, so the logit's gradient by a value of a map is the gradient by the
//! feature divided by the map's positions; and every classifier is two dense layers (`logit_gradient`).

use tilelens_pixels::{Filter, RgbPixels, resize};

use super::backbone::FeatureMaps;
use super::head::DenseLayers;
use super::inference_error::{InferenceError, check_finite};
use super::model_file::ModelFile;

/// Where in a tile a class is seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Heatmap {
    /// Its place among the labels.
    pub class: usize,
    /// Cells of a side: 7 for a network that sees 224 × 224 pixels.
    pub side: usize,
    /// `[side, side]`, row by row from the top: what each cell adds to the class's logit, to first order; 0 where it adds
    /// nothing or takes away. The cells divide what the network sees of the tile evenly.
    pub values: Vec<f32>,
    /// What the network sees of the tile: left, top, right and bottom, as shares of its width and height.
    pub seen: [f64; 4],
}

impl Heatmap {
    /// The heatmap of one image's maps for a class of the classifier in `head`; `seen` is what the image is of the tile, as
    /// left, top, right and bottom in shares of its sides.
    ///
    /// # Errors
    ///
    /// [`InferenceError::NotFinite`] when the maps' sums are no numbers.
    pub(super) fn new(
        head: &ModelFile,
        FeatureMaps { features, maps, side }: &FeatureMaps,
        class: usize,
        seen: [f64; 4],
    ) -> Result<Self, InferenceError> {
        let positions = side * side;
        let gradient = logit_gradient(head, features, class);
        let mut values = vec![0.0; positions];
        for (gradient, map) in gradient.iter().zip(maps.chunks_exact(positions)) {
            let weight = gradient / positions as f32;
            values.iter_mut().zip(map).for_each(|(value, activation)| *value += weight * activation);
        }
        check_finite(&values)?;
        values.iter_mut().for_each(|value| *value = value.max(0.0));
        Ok(Self { class, side: *side, values, seen })
    }

    /// The largest value; 0 where nothing in the tile speaks for the class.
    pub fn strongest(&self) -> f32 {
        self.values.iter().copied().fold(0.0, f32::max)
    }

    /// The values as shares of the largest one, 0 to 1: what is drawn. They compare places of one tile, and not tiles or
    /// classes. All are 0 where nothing speaks for the class.
    pub fn shares(&self) -> Vec<f32> {
        let strongest = self.strongest();
        self.values.iter().map(|value| if strongest > 0.0 { value / strongest } else { 0.0 }).collect()
    }

    /// The shares as a picture of the whole tile, `[height_px, width_px]`, with smooth transitions (Catmull-Rom), to the
    /// nearest of 256 levels. NaN where the network does not see the tile.
    pub fn over_tile(&self, width_px: u32, height_px: u32) -> Vec<f32> {
        let [left, top, right, bottom] = self.seen;
        let across = pixels(left, right, width_px);
        let down = pixels(top, bottom, height_px);
        // As tiles are, in bytes, so that a visitor need not download the same for numbers of another kind.
        let levels: Vec<u8> =
            self.shares().iter().flat_map(|share| [(share * 255.0).round() as u8; 3]).collect();
        let side = self.side as u32;
        let cells = RgbPixels { width_px: side, height_px: side, rgb: &levels };
        let whole = [0.0, 0.0, f64::from(side), f64::from(side)];
        let smooth = resize(cells, whole, across.len() as u32, down.len() as u32, Filter::CatmullRom);
        let mut picture = vec![f32::NAN; width_px as usize * height_px as usize];
        let rows = picture.chunks_exact_mut(width_px as usize).skip(down.start);
        for (row, levels) in rows.zip(smooth.as_chunks::<3>().0.chunks_exact(across.len())) {
            let shares = levels.iter().map(|&[level, ..]| f32::from(level) / 255.0);
            row[across.clone()].iter_mut().zip(shares).for_each(|(pixel, share)| *pixel = share);
        }
        picture
    }
}

/// The gradient of a class's logit by the features: `[width]`.
fn logit_gradient(
    ModelFile { manifest, parameters }: &ModelFile,
    features: &[f32],
    class: usize,
) -> Vec<f32> {
    let DenseLayers { names: [hidden, output], neurons, activation } =
        manifest.classifier.dense_layers().expect("a head is a classifier");
    let values = |layer, kind, shape: &[usize]| {
        let parameter = parameters.get(&format!("{layer}.{kind}"), shape);
        &parameter.expect("a head that was loaded has all its parameters").values
    };
    let weights = values(hidden, "weight", &[neurons, features.len()]);
    let biases = values(hidden, "bias", &[neurons]);
    let outputs = values(output, "weight", &[manifest.classifier.num_classes(), neurons]);
    let of_class = &outputs[class * neurons..][..neurons];
    let mut gradient = vec![0.0; features.len()];
    for ((row, bias), output) in weights.chunks_exact(features.len()).zip(biases).zip(of_class) {
        let sum = bias + row.iter().zip(features).map(|(weight, feature)| weight * feature).sum::<f32>();
        let slope = output * activation.slope(sum);
        gradient.iter_mut().zip(row).for_each(|(total, weight)| *total += slope * weight);
    }
    gradient
}

/// The pixels of a side from one share of it to another: one at least.
fn pixels(from: f64, to: f64, side_px: u32) -> std::ops::Range<usize> {
    let side = f64::from(side_px);
    let first = ((from * side).round() as usize).min(side_px as usize - 1);
    first..((to * side).round() as usize).clamp(first + 1, side_px as usize)
}
