//! The backbone on the CPU.

use std::mem;
use std::sync::{Mutex, PoisonError};

use crate::kernels::{
    Activation, Dense, Depthwise, Maps, Planes, Pointwise, Stem, dense, depthwise, means, pointwise, scale,
    stem,
};
use crate::model::architecture::{
    BlockLayers, ConvNormLayer, ConvShape, FEATURES, Layers, layers, squeezed_channels,
};
use crate::model::folding::Convolution;
use crate::model::parameters::{LayerMismatch, Parameters};

/// The backbone, its batch norms folded into its convolutions, one image at a time.
#[derive(Debug)]
pub struct Backbone {
    stem: Stem,
    blocks: Vec<Block>,
    last: Pointwise,
    /// The maps between the layers, kept from image to image.
    workspace: Mutex<Workspace>,
}

/// A bottleneck block.
#[derive(Debug)]
struct Block {
    expand: Option<Pointwise>,
    depthwise: Depthwise,
    squeeze_excitation: Option<SqueezeExcitation>,
    project: Pointwise,
    residual: bool,
}

#[derive(Debug)]
struct SqueezeExcitation {
    squeeze: Dense,
    excite: Dense,
}

#[derive(Debug, Default)]
struct Workspace {
    image: Planes,
    maps: Maps,
    expanded: Maps,
    filtered: Maps,
    projected: Maps,
    means: Vec<f32>,
    squeezed: Vec<f32>,
    factors: Vec<f32>,
}

impl Backbone {
    /// Loads `features.0` (stem) … `features.12` (last convolution).
    ///
    /// # Errors
    ///
    /// [`LayerMismatch`] naming the first layer, in the order of the network, that is missing or has another shape.
    pub fn load(parameters: &Parameters) -> Result<Self, LayerMismatch> {
        let Layers { stem, blocks, last } = layers();
        let Convolution { weight, bias } = Convolution::folded(&stem, parameters)?;
        Ok(Self {
            stem: Stem::new(&weight, bias, stem.activation),
            blocks: blocks.iter().map(|block| Block::load(block, parameters)).collect::<Result<_, _>>()?,
            last: load_pointwise(&last, parameters)?,
            workspace: Mutex::default(),
        })
    }

    /// The features of images, averaged over each: `[batch, 3, side, side]` → `[batch, 576]`.
    ///
    /// # Panics
    ///
    /// When `images` is no whole number of images.
    pub fn features(&self, images: &[f32], side: usize) -> Vec<f32> {
        let size = 3 * side * side;
        assert_eq!(images.len() % size, 0);
        // A thread that panicked left numbers that the next image overwrites.
        let mut workspace = self.workspace.lock().unwrap_or_else(PoisonError::into_inner);
        let mut features = Vec::with_capacity(images.len() / size * FEATURES);
        for image in images.chunks_exact(size) {
            workspace.image.set(image, side, side);
            self.run(&mut workspace, |_| ());
            let Workspace { maps, means: mean, .. } = &mut *workspace;
            means(maps, mean);
            features.extend_from_slice(mean);
        }
        features
    }

    /// The output of every stage for one image, torchvision's `features.0` … `features.12`: `[3, side, side]` →
    /// `[16, side / 2, side / 2]`, …, `[576, side / 32, side / 32]`.
    ///
    /// # Panics
    ///
    /// When `image` has another size.
    pub fn stages(&self, image: &[f32], side: usize) -> Vec<Vec<f32>> {
        let mut workspace = Workspace::default();
        workspace.image.set(image, side, side);
        let mut stages = Vec::new();
        self.run(&mut workspace, |maps| stages.push(maps.to_planar()));
        stages
    }

    /// Leaves the last stage in `workspace.maps`.
    fn run(&self, workspace: &mut Workspace, mut after_stage: impl FnMut(&Maps)) {
        let border = self.blocks.first().map_or(0, Block::border);
        stem(&self.stem, &workspace.image, border, &mut workspace.maps);
        after_stage(&workspace.maps);
        for block in &self.blocks {
            block.run(workspace);
            mem::swap(&mut workspace.maps, &mut workspace.projected);
            after_stage(&workspace.maps);
        }
        pointwise(&self.last, &workspace.maps, None, 0, &mut workspace.projected);
        mem::swap(&mut workspace.maps, &mut workspace.projected);
        after_stage(&workspace.maps);
    }
}

impl Block {
    fn load(layers: &BlockLayers, parameters: &Parameters) -> Result<Self, LayerMismatch> {
        let BlockLayers { expand, depthwise, squeeze_excitation, project, residual, .. } = layers;
        let channels = depthwise.shape.output;
        let convolution = |layer| Convolution::folded(layer, parameters);
        Ok(Self {
            expand: expand.as_ref().map(|layer| load_pointwise(layer, parameters)).transpose()?,
            depthwise: {
                let Convolution { weight, bias } = convolution(depthwise)?;
                let ConvShape { kernel, stride, .. } = depthwise.shape;
                Depthwise::new(kernel, stride, &weight, bias, depthwise.activation)
            },
            squeeze_excitation: squeeze_excitation
                .as_ref()
                .map(|path| SqueezeExcitation::load(channels, parameters, path))
                .transpose()?,
            project: load_pointwise(project, parameters)?,
            residual: *residual,
        })
    }

    /// The border that this block's input needs: a 1×1 convolution reads none.
    fn border(&self) -> usize {
        if self.expand.is_some() { 0 } else { self.depthwise.border() }
    }

    /// From `maps` to `projected`.
    fn run(&self, workspace: &mut Workspace) {
        let Workspace { maps, expanded, filtered, projected, means: mean, squeezed, factors, .. } = workspace;
        match &self.expand {
            Some(expand) => {
                pointwise(expand, maps, None, self.depthwise.border(), expanded);
                depthwise(&self.depthwise, expanded, filtered);
            }
            None => depthwise(&self.depthwise, maps, filtered),
        }
        if let Some(SqueezeExcitation { squeeze, excite }) = &self.squeeze_excitation {
            means(filtered, mean);
            dense(squeeze, mean, squeezed);
            dense(excite, squeezed, factors);
            scale(filtered, factors);
        }
        pointwise(&self.project, filtered, self.residual.then_some(&*maps), 0, projected);
    }
}

impl SqueezeExcitation {
    fn load(channels: usize, parameters: &Parameters, path: &str) -> Result<Self, LayerMismatch> {
        let squeezed = squeezed_channels(channels);
        let dense = |input, output, name: &str, activation| {
            let shape = ConvShape::pointwise(input, output);
            let Convolution { weight, bias } =
                Convolution::plain(shape, parameters, &format!("{path}.{name}"))?;
            Ok(Dense::new(input, &weight, bias, activation))
        };
        Ok(Self {
            squeeze: dense(channels, squeezed, "fc1", Activation::Relu)?,
            excite: dense(squeezed, channels, "fc2", Activation::HardSigmoid)?,
        })
    }
}

fn load_pointwise(layer: &ConvNormLayer, parameters: &Parameters) -> Result<Pointwise, LayerMismatch> {
    let Convolution { weight, bias } = Convolution::folded(layer, parameters)?;
    Ok(Pointwise::new(layer.shape.input, &weight, bias, layer.activation))
}
