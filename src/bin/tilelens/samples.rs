//! Labelled files → samples: what each kind of classifier reads of a tile.

use anyhow::Result;
use burn::tensor::{Device, Tensor, TensorData};
use tilelens::device::read;
use tilelens::model::backbone::{Backbone, VIEWS};
use tilelens::model::burn::mobilenet_v3::Trunk;
use tilelens::training::baselines::{HISTOGRAM_BINS, colour_histogram};
use tilelens::training::samples::Samples;

use super::dataset::LabelledFile;
use super::tiles::for_each_tile;

/// The backbone's features, of every view or of the tile as it stands.
pub fn features(files: &[LabelledFile], backbone: &Backbone, all_views: bool, what: &str) -> Result<Samples> {
    answers(files, backbone, all_views, what, backbone.width(), |images| {
        Ok(pollster::block_on(backbone.features(images))?)
    })
}

/// Channels, height and width of the maps that `trunk` gives.
pub fn map_shape(backbone: &Backbone, trunk: &Trunk, device: &Device) -> [usize; 3] {
    let side = backbone.preprocessing().crop_px as usize;
    let [_, channels, height, width] = trunk.forward(Tensor::zeros([1, 3, side, side], device)).dims();
    [channels, height, width]
}

/// The maps in front of the blocks that are trained, flattened: `shape` by [`map_shape`].
pub fn maps(
    files: &[LabelledFile],
    backbone: &Backbone,
    (trunk, device): (&Trunk, &Device),
    shape: [usize; 3],
    all_views: bool,
) -> Result<Samples> {
    let side = backbone.preprocessing().crop_px as usize;
    answers(files, backbone, all_views, "Maps", shape.iter().product(), |images| {
        let shape = [images.len() / (3 * side * side), 3, side, side];
        let images = TensorData::new(images, shape);
        Ok(pollster::block_on(read(trunk.forward(Tensor::from_data(images, device))))?)
    })
}

/// What `network` says of each tile, or of each of its views: `width` numbers.
fn answers(
    files: &[LabelledFile],
    backbone: &Backbone,
    all_views: bool,
    what: &str,
    width: usize,
    network: impl Fn(Vec<f32>) -> Result<Vec<f32>> + Sync,
) -> Result<Samples> {
    let rows = for_each_tile(files, what, |tile| {
        network(if all_views { backbone.views(tile) } else { backbone.images(&[tile]) })
    })?;
    Ok(collect(rows, width, if all_views { VIEWS } else { 1 }))
}

/// The colour histograms; a turned tile has the same.
pub fn histograms(files: &[LabelledFile]) -> Result<Samples> {
    let rows = for_each_tile(files, "Colour histograms", |tile| Ok(colour_histogram(tile)))?;
    Ok(collect(rows, HISTOGRAM_BINS, 1))
}

fn collect(rows: Vec<(Vec<f32>, usize)>, width: usize, views: usize) -> Samples {
    let mut samples = Samples::new(width, views);
    for (row, class) in rows {
        samples.push(&row, class);
    }
    samples
}
