//! What a graph does to its input before the first convolution: exporters like to put the normalisation there.

use super::graph::Graph;
use super::{ImportError, unreadable};
use crate::import::Normalisation;
use crate::onnx_messages::NodeProto;

/// Steps that are followed in front of the first convolution.
const MAX_STEPS: usize = 20;

/// `a · x + b` of each channel.
#[derive(Clone, Copy)]
struct Affine {
    a: [f64; 3],
    b: [f64; 3],
}

/// Mean and standard deviation, of values from 0 to 1, that the graph normalises by; none where the first convolution
/// reads the input as it stands.
pub fn normalisation(graph: &Graph, notes: &mut Vec<String>) -> Result<Option<Normalisation>, ImportError> {
    let steps = steps(graph)?;
    if steps.is_empty() {
        return Ok(None);
    }
    let mut whole = Affine { a: [1.0; 3], b: [0.0; 3] };
    for step in steps.iter().rev() {
        for channel in 0..3 {
            whole.a[channel] *= step.a[channel];
            whole.b[channel] = whole.b[channel] * step.a[channel] + step.b[channel];
        }
    }
    let refuse = || {
        Err(unreadable("what it does to its input before the first convolution is no normalisation".into()))
    };
    if whole.a.iter().any(|&a| !(a.is_finite() && a > 0.0)) || whole.b.iter().any(|b| !b.is_finite()) {
        return refuse();
    }
    // A deviation of the input's values tells their range: around 0.2 of 1 or around 60 of 255.
    let deviation = 1.0 / whole.a[0];
    let range = match deviation {
        0.02..=2.0 => 1.0,
        10.0..=300.0 => 255.0,
        _ => return refuse(),
    };
    let mean = [0, 1, 2].map(|channel| (-whole.b[channel] / whole.a[channel] / range) as f32);
    let std = [0, 1, 2].map(|channel| (1.0 / whole.a[channel] / range) as f32);
    notes.push(format!(
        "The graph normalises its input of 0 to {range} itself, by mean {mean:?} and deviation {std:?} (of values from 0 to \
         1): the model does the same."
    ));
    Ok(Some((mean, std)))
}

/// The steps in front of the first convolution, the last one first.
fn steps(graph: &Graph) -> Result<Vec<Affine>, ImportError> {
    let mut steps = Vec::new();
    let Some(first) = graph.nodes_of("Conv").into_iter().next() else { return Ok(steps) };
    let mut reader = first;
    for _ in 0..MAX_STEPS {
        let Some(node) = data_input(graph, reader)? else { break };
        match node.op_type.as_str() {
            "Transpose" | "Cast" | "Identity" | "Pad" | "Reshape" | "Unsqueeze" => {}
            "Mul" | "Div" | "Add" | "Sub" | "BatchNormalization" => steps.push(affine(graph, node)?),
            _ => {
                return Err(unreadable(format!(
                    "it changes its input by {} before the first convolution",
                    node.op_type
                )));
            }
        }
        reader = node;
    }
    Ok(steps)
}

/// The node that makes the input of another that is no constant.
fn data_input<'a>(graph: &Graph<'a>, node: &NodeProto) -> Result<Option<&'a NodeProto>, ImportError> {
    let index = match node.op_type.as_str() {
        "Mul" | "Add" | "Sub" | "Div" if graph.constant(node, 0)?.is_some() => 1,
        _ => 0,
    };
    Ok(node.input.get(index).and_then(|input| graph.producer(input)))
}

fn affine(graph: &Graph, node: &NodeProto) -> Result<Affine, ImportError> {
    if node.op_type == "BatchNormalization" {
        let part = |index| graph.input(node, index).and_then(|parameter| channels(&parameter.values));
        let (weight, bias, mean, variance) = (part(1)?, part(2)?, part(3)?, part(4)?);
        let epsilon =
            super::graph::attribute(node, "epsilon").map_or(1e-5, |attribute| f64::from(attribute.f()));
        let a = [0, 1, 2].map(|channel| weight[channel] / (variance[channel] + epsilon).sqrt());
        let b = [0, 1, 2].map(|channel| bias[channel] - mean[channel] * a[channel]);
        return Ok(Affine { a, b });
    }
    let first = graph.constant(node, 0)?;
    let is_first = first.is_some();
    let constant = match first {
        Some(constant) => constant,
        None => graph.input(node, 1)?,
    };
    let constant = channels(&constant.values)?;
    Ok(match node.op_type.as_str() {
        "Mul" => Affine { a: constant, b: [0.0; 3] },
        "Add" => Affine { a: [1.0; 3], b: constant },
        "Div" if !is_first => Affine { a: constant.map(|value| 1.0 / value), b: [0.0; 3] },
        "Sub" if !is_first => Affine { a: [1.0; 3], b: constant.map(|value| -value) },
        _ => {
            return Err(unreadable(format!(
                "it changes its input by a {} before the first convolution",
                node.op_type
            )));
        }
    })
}

/// One number for each channel, or one for all.
fn channels(values: &[f32]) -> Result<[f64; 3], ImportError> {
    match *values {
        [all] => Ok([f64::from(all); 3]),
        [red, green, blue] => Ok([red, green, blue].map(f64::from)),
        _ => Err(unreadable("it normalises its input by other numbers than one a channel".into())),
    }
}
