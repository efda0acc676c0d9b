//! What stands behind the pooling, followed node by node: dense layers, what they are activated by, and the softmax.

use super::ImportError;
use super::graph::{Graph, attribute};
use crate::import::classifier::{Activation, Chain, Dense};
use crate::model::parameters::Parameter;
use crate::onnx_messages::NodeProto;

/// Nodes that are followed behind the pooling.
const MAX_STEPS: usize = 200;

/// The dense layers behind the pooling; none where there are none, and a reason where they are no such chain.
pub fn read(graph: &Graph, notes: &mut Vec<String>) -> Result<Result<Option<Chain>, String>, ImportError> {
    let Some(pool) = graph.last_of(&["GlobalAveragePool", "ReduceMean", "AveragePool"]) else {
        return Ok(Err("the graph has no pooling over the whole image".into()));
    };
    let mut chain = Chain::default();
    let mut node = pool;
    for _ in 0..MAX_STEPS {
        let Some((next, after)) = step(graph, node, &mut chain, notes)? else { break };
        if let Some(reason) = next {
            return Ok(Err(reason));
        }
        node = after;
    }
    Ok(Ok((!chain.is_empty()).then_some(chain)))
}

/// Follows one node; none at the end. A reason where it cannot be followed.
type Step<'a> = Option<(Option<String>, &'a NodeProto)>;

fn step<'a>(
    graph: &Graph<'a>,
    node: &'a NodeProto,
    chain: &mut Chain,
    notes: &mut Vec<String>,
) -> Result<Step<'a>, ImportError> {
    let consumers = graph.consumers(node);
    let next = match consumers[..] {
        [] => return Ok(None),
        [next] => next,
        // hard-swish in parts: x · hard-sigmoid(x).
        [one, other] => {
            return Ok(Some(match hard_swish(graph, one, other)? {
                Some(end) => {
                    chain.activate(Activation::HardSwish);
                    (None, end)
                }
                None => (Some(branches(&consumers)), node),
            }));
        }
        _ => return Ok(Some((Some(branches(&consumers)), node))),
    };
    let number = |name: &str, default: f32| attribute(next, name).map_or(default, |attribute| attribute.f());
    match next.op_type.as_str() {
        "Flatten" | "Reshape" | "Squeeze" | "Unsqueeze" | "Identity" | "Dropout" | "Cast" | "Transpose" => {}
        "Gemm" | "MatMul" | "Conv" => match dense(graph, next)? {
            Some(dense) => chain.push(dense),
            None => {
                return Ok(Some((Some(format!("the weights of its {} are computed", next.op_type)), next)));
            }
        },
        "Relu" => chain.activate(Activation::Relu),
        "HardSwish" => chain.activate(Activation::HardSwish),
        "LeakyRelu" => chain.activate(Activation::LeakyRelu(number("alpha", 0.01))),
        "Clip" if clip(graph, next)? == Some([0.0, 6.0]) => chain.activate(Activation::Relu6),
        "Softmax" | "LogSoftmax" => return Ok(None),
        "Sigmoid" => {
            if chain.outputs() > 1 {
                notes.push(
                    "The graph ends in a sigmoid for each class, so that a tile could be of several. Tilelens gives a tile \
                     one class: its probabilities are those of a softmax over the same numbers."
                        .into(),
                );
            }
            return Ok(None);
        }
        "BatchNormalization" => {
            let part = |index| graph.input(next, index).map(|parameter| parameter.values);
            let epsilon = f64::from(number("epsilon", 1e-5));
            chain.norm([part(1)?, part(2)?, part(3)?, part(4)?], epsilon);
        }
        operation @ ("Add" | "Sub" | "Mul" | "Div") => {
            let second = graph.constant(next, 1)?;
            let commutes = matches!(operation, "Add" | "Mul");
            let constant = match (second, commutes) {
                (None, true) => graph.constant(next, 0)?,
                (second, _) => second,
            };
            let Some(Parameter { values, .. }) = constant else {
                return Ok(Some((
                    Some(format!("behind the pooling stands a {operation} of two computed values")),
                    next,
                )));
            };
            let is_last = matches!(graph.consumers(next)[..], [softmax] if softmax.op_type == "Softmax");
            if let (true, "Div" | "Mul", &[value]) = (is_last, operation, &values[..]) {
                chain.temperature = Some(if operation == "Div" { value } else { 1.0 / value });
                return Ok(None);
            }
            let is_affine = match operation {
                "Add" => chain.affine(|_| 1.0, |value| value, &values),
                "Sub" => chain.affine(|_| 1.0, |value| -value, &values),
                "Mul" => chain.affine(|value| value, |_| 0.0, &values),
                _ => chain.affine(|value| 1.0 / value, |_| 0.0, &values),
            };
            if !is_affine {
                return Ok(Some((
                    Some(format!("the numbers of a {operation} are not those of its layer")),
                    next,
                )));
            }
        }
        other => chain.activate(Activation::Other(other.into())),
    }
    Ok(Some((None, next)))
}

/// Several nodes read the same numbers, and it is no hard-swish.
fn branches(nodes: &[&NodeProto]) -> String {
    let kinds = nodes.iter().map(|node| node.op_type.as_str()).collect::<Vec<_>>().join(" and ");
    format!("a layer goes into {kinds}, an activation that no head has")
}

/// A matrix with its bias: a `Gemm`, a `MatMul`, or a 1×1 convolution.
fn dense(graph: &Graph, node: &NodeProto) -> Result<Option<Dense>, ImportError> {
    let is_set = |name: &str| attribute(node, name).is_some_and(|attribute| attribute.i() == 1);
    let Some(weight) = graph.constant(node, 1)? else { return Ok(None) };
    let Parameter { mut shape, values } = weight;
    if node.op_type == "Conv" {
        if shape.len() != 4 || shape[2] * shape[3] != 1 {
            return Ok(None);
        }
        shape.truncate(2);
    }
    let [rows, columns] = shape[..] else { return Ok(None) };
    let transposed = node.op_type == "Conv" || is_set("transB");
    let [outputs, inputs] = if transposed { [rows, columns] } else { [columns, rows] };
    let values = if transposed {
        values
    } else {
        (0..rows * columns).map(|index| values[index % rows * columns + index / rows]).collect()
    };
    let scale = |name: &str| attribute(node, name).map_or(1.0, |attribute| attribute.f());
    let bias = match graph.constant(node, 2)? {
        Some(bias) if bias.values.len() == outputs => bias.values,
        None => vec![0.0; outputs],
        Some(_) => return Ok(None),
    };
    let values = values.into_iter().map(|value| value * scale("alpha")).collect();
    let bias = bias.into_iter().map(|value| value * scale("beta")).collect();
    Ok(Some(Dense::new(inputs, values, bias)))
}

/// The node that ends a hard-swish whose two first nodes are given: `x` goes into a product, and through a hard-sigmoid
/// into the same product.
fn hard_swish<'a>(
    graph: &Graph<'a>,
    one: &'a NodeProto,
    other: &'a NodeProto,
) -> Result<Option<&'a NodeProto>, ImportError> {
    let (product, mut gate) = if one.op_type == "Mul" { (one, other) } else { (other, one) };
    if product.op_type != "Mul" {
        return Ok(None);
    }
    let mut is_divided = gate.op_type == "HardSigmoid";
    if !is_divided {
        // clip(x + 3, 0, 6), divided by 6 in front of the product or behind it.
        if gate.op_type != "Add" || !has_constant(graph, gate, 3.0)? {
            return Ok(None);
        }
        let [clipped] = graph.consumers(gate)[..] else { return Ok(None) };
        if clip(graph, clipped)? != Some([0.0, 6.0]) {
            return Ok(None);
        }
        gate = clipped;
    } else {
        // alpha of MobileNetV3's hard-sigmoid is a sixth, ONNX's own default a fifth.
        let alpha = attribute(gate, "alpha").map_or(0.2, |attribute| attribute.f());
        let beta = attribute(gate, "beta").map_or(0.5, |attribute| attribute.f());
        if (alpha - 1.0 / 6.0).abs() > 1e-4 || beta != 0.5 {
            return Ok(None);
        }
    }
    for _ in 0..2 {
        let [next] = graph.consumers(gate)[..] else { return Ok(None) };
        if std::ptr::eq(next, product) {
            if is_divided {
                return Ok(Some(product));
            }
            let [last] = graph.consumers(product)[..] else { return Ok(None) };
            return Ok(is_sixth(graph, last)?.then_some(last));
        }
        if is_divided || !is_sixth(graph, next)? {
            return Ok(None);
        }
        (gate, is_divided) = (next, true);
    }
    Ok(None)
}

fn is_sixth(graph: &Graph, node: &NodeProto) -> Result<bool, ImportError> {
    Ok((node.op_type == "Div" && has_constant(graph, node, 6.0)?)
        || (node.op_type == "Mul" && has_constant(graph, node, 1.0 / 6.0)?))
}

fn has_constant(graph: &Graph, node: &NodeProto, wanted: f32) -> Result<bool, ImportError> {
    let is_wanted = |constant: Option<Parameter>| {
        constant
            .is_some_and(|constant| matches!(constant.values[..], [value] if (value - wanted).abs() < 1e-5))
    };
    Ok(is_wanted(graph.constant(node, 1)?) || is_wanted(graph.constant(node, 0)?))
}

/// The bounds of a `Clip`, which newer graphs have as inputs and older ones as attributes.
fn clip(graph: &Graph, node: &NodeProto) -> Result<Option<[f32; 2]>, ImportError> {
    if node.op_type != "Clip" {
        return Ok(None);
    }
    let mut bounds = [None, None];
    for (index, name) in ["min", "max"].into_iter().enumerate() {
        let constant = graph.constant(node, index + 1)?.and_then(|constant| constant.values.first().copied());
        bounds[index] = constant.or(attribute(node, name).map(|attribute| attribute.f()));
    }
    Ok(bounds[0].zip(bounds[1]).map(|(low, high)| [low, high]))
}
