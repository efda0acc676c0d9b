//! The classifier among named weights. Names tell the order of layers and where norms stand, never the activations.

use std::collections::BTreeMap;

use super::classifier::{Activation, Chain, Dense};
use crate::model::architecture::Architecture;
use crate::model::head::IMAGENET_NEURONS;
use crate::model::parameters::Parameter;

const FEATURES: usize = Architecture::MobileNetV3Small.features();

/// PyTorch's own epsilon for batch norms.
const BATCH_NORM_EPSILON: f64 = 1e-5;

/// The activation of a hidden layer, where the caller knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HiddenActivation {
    /// max(x, 0).
    Relu,
    /// As in torchvision's own classifier.
    HardSwish,
}

/// The parameters of one layer: what stands behind the last dot of their names.
type Layer = BTreeMap<String, Parameter>;

/// The dense layers among `weights`, all that is not the backbone; none where there are none, and a reason where they
/// are no chain. What is guessed is noted.
pub fn classifier(
    weights: Vec<(String, Parameter)>,
    activation: Option<HiddenActivation>,
    notes: &mut Vec<String>,
) -> Result<Option<Chain>, String> {
    let mut layers = layers(weights);
    let is_dense = |layer: &Layer| layer.get("weight").is_some_and(|weight| weight.shape.len() > 1);
    let Some(first) = layers.iter().position(|(_, layer)| is_dense(layer)) else { return Ok(None) };
    let mut order = Vec::new();
    let (mut width, mut named_hidden) = (FEATURES, None);
    // By their names, unless their sizes tell another order.
    while let Some(at) = next_layer(&layers, width) {
        let (name, layer) = layers.remove(at);
        width = layer["weight"].shape[0];
        named_hidden.get_or_insert_with(|| (name.clone(), width));
        order.push((name, layer));
    }
    if order.is_empty() {
        let (name, layer) = &layers[first];
        let inputs = layer["weight"].shape[1];
        return Err(format!("`{name}` reads {inputs} numbers, and the backbone gives {FEATURES}"));
    }
    if let Some((name, _)) = layers.iter().find(|(_, layer)| !is_norm(layer)) {
        return Err(format!("it is no clear how `{name}` follows the other layers"));
    }
    let mut chain = Chain::default();
    let count = order.len();
    for (position, (name, layer)) in order.into_iter().enumerate() {
        for (_, norm) in take_norms(&mut layers, |norm| norm < name.as_str()) {
            push_norm(&mut chain, norm);
        }
        chain.push(dense(layer));
        let follows = successor(&name);
        for (_, norm) in take_norms(&mut layers, |norm| Some(norm) == follows.as_deref()) {
            push_norm(&mut chain, norm);
        }
        if position + 1 < count {
            let hidden = named_hidden.as_ref().expect("there is a layer");
            chain.activate(hidden_activation(hidden, activation, count, notes));
        }
    }
    if let Some((name, _)) = layers.first() {
        return Err(format!("the norm `{name}` stands behind the last layer"));
    }
    Ok(Some(chain))
}

/// Layers in the order of their names, numbers in names by their value.
fn layers(weights: Vec<(String, Parameter)>) -> Vec<(String, Layer)> {
    let mut layers = BTreeMap::<Vec<(u64, String)>, (String, Layer)>::new();
    for (name, parameter) in weights {
        let (layer, part) = name.rsplit_once('.').unwrap_or(("", &name));
        let key = layer.split('.').map(|part| (part.parse().unwrap_or(u64::MAX), part.to_owned())).collect();
        let entry = layers.entry(key).or_insert_with(|| (layer.to_owned(), Layer::new()));
        entry.1.insert(part.to_owned(), parameter);
    }
    layers.into_values().collect()
}

/// The first layer that reads as many numbers as come in.
fn next_layer(layers: &[(String, Layer)], width: usize) -> Option<usize> {
    layers.iter().position(|(_, layer)| {
        let Some(Parameter { shape, .. }) = layer.get("weight") else { return false };
        let is_matrix = shape.len() == 2 || (shape.len() == 4 && shape[2] * shape[3] == 1);
        is_matrix && shape[1] == width && layer.get("bias").is_none_or(|bias| bias.shape == [shape[0]])
    })
}

fn dense(mut layer: Layer) -> Dense {
    let Parameter { shape, values } = layer.remove("weight").expect("a dense layer has one");
    let bias = layer.remove("bias").map_or_else(|| vec![0.0; shape[0]], |bias| bias.values);
    Dense::new(shape[1], values, bias)
}

fn is_norm(layer: &Layer) -> bool {
    ["weight", "bias", "running_mean", "running_var"].iter().all(|part| layer.contains_key(*part))
}

/// Takes the norms of these names out.
fn take_norms(layers: &mut Vec<(String, Layer)>, is_wanted: impl Fn(&str) -> bool) -> Vec<(String, Layer)> {
    layers.extract_if(.., |(name, layer)| is_norm(layer) && is_wanted(name)).collect()
}

fn push_norm(chain: &mut Chain, mut norm: Layer) {
    let parts = ["weight", "bias", "running_mean", "running_var"];
    let parts = parts.map(|part| norm.remove(part).expect("a norm has all four").values);
    chain.norm(parts, BATCH_NORM_EPSILON);
}

/// The name of the layer right behind one in a `Sequential`: `classifier.1` behind `classifier.0`.
fn successor(name: &str) -> Option<String> {
    let (outer, index) = name.rsplit_once('.').map_or(("", name), |(outer, index)| (outer, index));
    let next = index.parse::<u64>().ok()? + 1;
    Some(if outer.is_empty() { next.to_string() } else { format!("{outer}.{next}") })
}

/// What stands behind a hidden layer: as the caller says, as the names of known classifiers imply, or ReLU, which is
/// then noted.
fn hidden_activation(
    (name, neurons): &(String, usize),
    known: Option<HiddenActivation>,
    layers: usize,
    notes: &mut Vec<String>,
) -> Activation {
    match (known, name.as_str()) {
        (Some(HiddenActivation::Relu), _) | (None, "head.dense") => Activation::Relu,
        (Some(HiddenActivation::HardSwish), _) => Activation::HardSwish,
        (None, "classifier.0" | "conv_head") if *neurons == IMAGENET_NEURONS => Activation::HardSwish,
        (None, _) => {
            if layers == 2 {
                notes.push(format!(
                    "The checkpoint does not say what activates the hidden layer `{name}`: ReLU is assumed. Pass \
                     --hidden-activation if it is another."
                ));
            }
            Activation::Relu
        }
    }
}
