//! timm's names for MobileNetV3-Small → torchvision's. The network is the same, but for the epsilon of its norms.

use super::names::{Network, with_epsilon};
use crate::model::architecture::Architecture;
use crate::model::parameters::{Parameter, Parameters};

/// The stem's convolution.
pub const FIRST_LAYER: &str = "conv_stem.weight";

/// timm builds its batch norms with PyTorch's own epsilon.
const EPSILON: f64 = 1e-5;

/// How many blocks each of timm's stages has; a last stage holds the closing convolution.
const STAGES: [usize; 5] = [1, 2, 3, 2, 3];

/// torchvision's name of a parameter of timm's backbone; none of one that is no part of it.
pub fn path_of(name: &str) -> Option<String> {
    let layers = Architecture::default().layers();
    if let Some(part) = name.strip_prefix("conv_stem.") {
        return Some(format!("{}.0.{part}", layers.stem.path));
    }
    if let Some(part) = name.strip_prefix("bn1.") {
        return Some(format!("{}.1.{part}", layers.stem.path));
    }
    let (stage, rest) = name.strip_prefix("blocks.")?.split_once('.')?;
    let (block, rest) = rest.split_once('.')?;
    let (stage, block): (usize, usize) = (stage.parse().ok()?, block.parse().ok()?);
    if stage == STAGES.len() && block == 0 {
        let (layer, part) = rest.split_once('.')?;
        let place = match layer {
            "conv" => 0,
            "bn1" => 1,
            _ => return None,
        };
        return Some(format!("{}.{place}.{part}", layers.last.path));
    }
    if block >= *STAGES.get(stage)? {
        return None;
    }
    let block = &layers.blocks[STAGES[..stage].iter().sum::<usize>() + block];
    if let Some(gate) = rest.strip_prefix("se.") {
        let (layer, part) = gate.split_once('.')?;
        let layer = match layer {
            "conv_reduce" => "fc1",
            "conv_expand" => "fc2",
            _ => return None,
        };
        return Some(format!("{}.{layer}.{part}", block.squeeze_excitation.as_ref()?));
    }
    let (layer, part) = rest.split_once('.')?;
    // timm counts a block's norms; the first block has no expansion.
    let (layer, place) = match (layer, &block.expand) {
        ("conv_pw", Some(expand)) => (expand, 0),
        ("bn1", Some(expand)) => (expand, 1),
        ("conv_dw", _) => (&block.depthwise, 0),
        ("bn2", Some(_)) | ("bn1", None) => (&block.depthwise, 1),
        ("conv_pwl", Some(_)) | ("conv_pw", None) => (&block.project, 0),
        ("bn3", Some(_)) | ("bn2", None) => (&block.project, 1),
        _ => return None,
    };
    Some(format!("{}.{place}.{part}", layer.path))
}

/// What timm's names cannot tell.
#[cfg(feature = "import")]
pub const NOTE: &str = "The layers have timm's names: they are read as its mobilenetv3_small_100. Its tf_ variant has the \
    same names and another padding; export that one as ONNX instead.";

/// Gives timm's norms the network's epsilon.
pub fn adapt(network: &mut Network) {
    let mut adapted = Parameters::default();
    for (name, Parameter { shape, values }) in network.backbone.iter() {
        let variance = name.strip_suffix(".weight").and_then(|path| {
            let variance = format!("{path}.running_var");
            network.backbone.iter().find(|(name, _)| *name == variance)
        });
        let mut values = values.clone();
        if let Some((_, variance)) = variance {
            with_epsilon(&mut values, &variance.values, EPSILON);
        }
        adapted.insert(name, shape.clone(), values);
    }
    network.backbone = adapted;
}
