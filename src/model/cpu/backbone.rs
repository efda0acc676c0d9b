//! The backbone on the CPU.

use std::mem;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::kernels::{
    Activation, Dense, Depthwise, Maps, Planes, Pointwise, Stem, dense, depthwise, means, pointwise, scale,
    stem,
};
use crate::model::architecture::{
    Architecture, BlockLayers, ConvNormLayer, ConvShape, Layers, squeezed_channels,
};
use crate::model::folding::Convolution;
use crate::model::parameters::{LayerMismatch, Parameters};

/// The backbone, its batch norms folded into its convolutions, one image at a time.
#[derive(Debug)]
pub struct Backbone {
    stem: Stem,
    blocks: Vec<Block>,
    last: Pointwise,
    features: usize,
    /// The maps between the layers, kept from image to image: one set for each thread that is at work.
    workspaces: Mutex<Vec<Workspace>>,
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

/// Looks on while an image goes through the network.
trait Observer {
    /// A layer of a stage was computed.
    fn layer(&mut self, _stage: usize, _what: &'static str) {}

    /// A stage ended: torchvision's `features.0` and so on.
    fn stage(&mut self, _maps: &Maps) {}
}

impl Observer for () {}

/// What a layer takes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify), serde(rename_all = "camelCase"))]
pub struct LayerTime {
    /// The stage: 0 for the stem, then the blocks, then the last convolution.
    pub stage: usize,
    /// What is done there.
    pub what: &'static str,
    /// Milliseconds.
    pub ms: f64,
}

struct StageOutputs(Vec<Vec<f32>>);

impl Observer for StageOutputs {
    fn stage(&mut self, maps: &Maps) {
        self.0.push(maps.to_planar());
    }
}

/// A clock that is stopped after each layer.
struct Stopwatch<Now> {
    now_ms: Now,
    last_ms: f64,
    laps: Vec<LayerTime>,
}

impl<Now: FnMut() -> f64> Observer for Stopwatch<Now> {
    fn layer(&mut self, stage: usize, what: &'static str) {
        let now_ms = (self.now_ms)();
        self.laps.push(LayerTime { stage, what, ms: now_ms - self.last_ms });
        self.last_ms = now_ms;
    }
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
    pub fn load(architecture: Architecture, parameters: &Parameters) -> Result<Self, LayerMismatch> {
        let Layers { stem, blocks, last } = architecture.layers();
        let Convolution { weight, bias } = Convolution::folded(&stem, parameters)?;
        Ok(Self {
            stem: Stem::new(&weight, bias, stem.activation),
            blocks: blocks.iter().map(|block| Block::load(block, parameters)).collect::<Result<_, _>>()?,
            last: load_pointwise(&last, parameters)?,
            features: architecture.features(),
            workspaces: Mutex::default(),
        })
    }

    /// The features of images, averaged over each: `[batch, 3, side, side]` → `[batch, 576]`.
    ///
    /// # Panics
    ///
    /// When `images` is no whole number of images.
    pub fn features(&self, images: &[f32], side: usize) -> Vec<f32> {
        self.features_and(images, side, |_| ())
    }

    /// The same, and the maps that they are the means of, `[batch, 576, side / 32, side / 32]`.
    ///
    /// # Panics
    ///
    /// When `images` is no whole number of images.
    pub fn features_and_maps(&self, images: &[f32], side: usize) -> (Vec<f32>, Vec<f32>) {
        let mut all = Vec::new();
        let features = self.features_and(images, side, |maps| all.extend(maps.to_planar()));
        (features, all)
    }

    fn features_and(&self, images: &[f32], side: usize, mut each: impl FnMut(&Maps)) -> Vec<f32> {
        let size = 3 * side * side;
        assert_eq!(images.len() % size, 0);
        self.with_workspace(|workspace| {
            let mut features = Vec::with_capacity(images.len() / size * self.features);
            for image in images.chunks_exact(size) {
                self.run(image, side, workspace, &mut ());
                means(&workspace.maps, &mut workspace.means);
                features.extend_from_slice(&workspace.means);
                each(&workspace.maps);
            }
            features
        })
    }

    fn with_workspace<T>(&self, work: impl FnOnce(&mut Workspace) -> T) -> T {
        let workspaces = || self.workspaces.lock().unwrap_or_else(PoisonError::into_inner);
        let mut workspace = workspaces().pop().unwrap_or_default();
        let done = work(&mut workspace);
        workspaces().push(workspace);
        done
    }

    /// The output of every stage for one image, torchvision's `features.0` … `features.12`: `[3, side, side]` →
    /// `[16, side / 2, side / 2]`, …, `[576, side / 32, side / 32]`.
    ///
    /// # Panics
    ///
    /// When `image` has another size.
    pub fn stages(&self, image: &[f32], side: usize) -> Vec<Vec<f32>> {
        let mut outputs = StageOutputs(Vec::new());
        self.with_workspace(|workspace| self.run(image, side, workspace, &mut outputs));
        outputs.0
    }

    /// What each layer takes for one image, `[3, side, side]`, and the image's way into the workspace with the first.
    ///
    /// # Panics
    ///
    /// When `image` has another size.
    pub fn layer_times(&self, image: &[f32], side: usize, mut now_ms: impl FnMut() -> f64) -> Vec<LayerTime> {
        let last_ms = now_ms();
        let mut stopwatch = Stopwatch { now_ms, last_ms, laps: Vec::new() };
        self.with_workspace(|workspace| self.run(image, side, workspace, &mut stopwatch));
        stopwatch.laps
    }

    /// Leaves the last stage in `workspace.maps`.
    fn run(&self, image: &[f32], side: usize, workspace: &mut Workspace, observer: &mut impl Observer) {
        workspace.image.set(image, side, side);
        let border = self.blocks.first().map_or(0, Block::border);
        stem(&self.stem, &workspace.image, border, &mut workspace.maps);
        observer.layer(0, "stem 3×3");
        observer.stage(&workspace.maps);
        for (block, stage) in self.blocks.iter().zip(1..) {
            block.run(workspace, |what| observer.layer(stage, what));
            mem::swap(&mut workspace.maps, &mut workspace.projected);
            observer.stage(&workspace.maps);
        }
        pointwise(&self.last, &workspace.maps, None, 0, &mut workspace.projected);
        mem::swap(&mut workspace.maps, &mut workspace.projected);
        observer.layer(self.blocks.len() + 1, "last 1×1");
        observer.stage(&workspace.maps);
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
    fn run(&self, workspace: &mut Workspace, mut after: impl FnMut(&'static str)) {
        let Workspace { maps, expanded, filtered, projected, means: mean, squeezed, factors, .. } = workspace;
        match &self.expand {
            Some(expand) => {
                pointwise(expand, maps, None, self.depthwise.border(), expanded);
                after("expand 1×1");
                depthwise(&self.depthwise, expanded, filtered);
            }
            None => depthwise(&self.depthwise, maps, filtered),
        }
        after("depthwise");
        if let Some(SqueezeExcitation { squeeze, excite }) = &self.squeeze_excitation {
            means(filtered, mean);
            dense(squeeze, mean, squeezed);
            dense(excite, squeezed, factors);
            scale(filtered, factors);
            after("squeeze-excitation");
        }
        pointwise(&self.project, filtered, self.residual.then_some(&*maps), 0, projected);
        after("project 1×1");
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
