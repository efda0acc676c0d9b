//! The convolutions of a graph, in their order.

use super::graph::{Graph, attribute};
use super::{ImportError, unreadable};
use crate::model::architecture::{
    Architecture, BATCH_NORM_EPSILON, BlockLayers, ConvName, ConvNormLayer, ConvShape, squeezed_channels,
};
use crate::model::parameters::{Parameter, Parameters};
use crate::onnx_messages::NodeProto;

/// How a strided convolution is padded.
#[derive(Clone, Copy, PartialEq)]
enum Padding {
    /// The same on all sides, as PyTorch does.
    Symmetric,
    /// One pixel more below and on the right, as TensorFlow does.
    TensorFlow,
}

/// `features.*` under torchvision's names.
pub fn read(graph: &Graph, notes: &mut Vec<String>) -> Result<Parameters, ImportError> {
    let found = graph.nodes_of("Conv");
    if found.is_empty() {
        return Err(ImportError::NoBackbone(String::new()));
    }
    let mut parameters = Parameters::default();
    let mut paddings = Vec::new();
    // A graph with more or fewer convolutions shows itself by the first one whose shape differs, or
    // that is missing, when the network is built.
    for ((name, shape), conv) in Architecture::default().convolutions().iter().zip(shapes()).zip(&found) {
        let weight = graph.input(conv, 1)?;
        let channels =
            *weight.shape.first().ok_or_else(|| unreadable("a convolution without a kernel".into()))?;
        if weight.shape == shape.weight() {
            paddings.extend(padding(graph, conv, shape)?);
        }
        insert(&mut parameters, format!("{}.weight", name.conv), weight);
        match name {
            ConvName { norm: None, conv: path } => {
                insert(&mut parameters, format!("{path}.bias"), graph.input(conv, 2)?);
            }
            ConvName { norm: Some(norm), .. } => {
                for (part, values) in norm_of(graph, conv, channels)? {
                    parameters.insert(format!("{norm}.{part}"), vec![channels], values);
                }
            }
        }
    }
    if paddings.contains(&Padding::TensorFlow) {
        if paddings.contains(&Padding::Symmetric) {
            return Err(unreadable("its strided convolutions are padded in two ways".into()));
        }
        turn_kernels(&mut parameters);
        notes.push(
            "Its convolutions are padded as TensorFlow does it, one pixel more below and on the right. The kernels were \
             turned by 180°: the model sees each tile as the original sees it upside down."
                .into(),
        );
    }
    Ok(parameters)
}

/// The shapes of [`Architecture::convolutions`], in the same order.
fn shapes() -> Vec<ConvShape> {
    let of = |layer: &ConvNormLayer| layer.shape;
    let layers = Architecture::default().layers();
    let mut shapes = vec![of(&layers.stem)];
    for BlockLayers { expand, depthwise, squeeze_excitation, project, .. } in &layers.blocks {
        shapes.extend(expand.as_ref().map(of));
        shapes.push(of(depthwise));
        if squeeze_excitation.is_some() {
            let (channels, squeezed) = (depthwise.shape.output, squeezed_channels(depthwise.shape.output));
            shapes
                .extend([ConvShape::pointwise(channels, squeezed), ConvShape::pointwise(squeezed, channels)]);
        }
        shapes.push(of(project));
    }
    shapes.push(of(&layers.last));
    shapes
}

fn insert(parameters: &mut Parameters, name: String, parameter: Parameter) {
    parameters.insert(name, parameter.shape, parameter.values);
}

/// How a convolution is padded, where it is strided; an error where its strides, groups or padding are not the
/// network's.
fn padding(graph: &Graph, conv: &NodeProto, shape: ConvShape) -> Result<Option<Padding>, ImportError> {
    let ints = |name: &str| attribute(conv, name).map(|attribute| attribute.ints.as_slice());
    let differs = |what: &str| {
        Err(unreadable(format!("the convolution `{}` has another {what} than MobileNetV3-Small", conv.name)))
    };
    let (stride, side) = (shape.stride as i64, shape.padding() as i64);
    if ints("strides").unwrap_or(&[1, 1]) != [stride, stride] {
        return differs("stride");
    }
    if ints("dilations").is_some_and(|dilations| dilations != [1, 1]) {
        return differs("dilation");
    }
    if attribute(conv, "group").map_or(1, |group| group.i()) != shape.groups as i64 {
        return differs("number of groups");
    }
    let automatic = attribute(conv, "auto_pad").map(|mode| mode.s.as_slice());
    let mut pads = match automatic {
        Some(b"SAME_UPPER") if stride == 2 => [side - 1, side - 1, side, side],
        Some(b"SAME_LOWER") if stride == 2 => [side, side, side - 1, side - 1],
        Some(b"SAME_UPPER" | b"SAME_LOWER") => [side; 4],
        _ => ints("pads").unwrap_or(&[0; 4]).try_into().unwrap_or([-1; 4]),
    };
    // Some exporters pad in front.
    let before = conv.input.first().and_then(|input| graph.producer(input));
    if let Some(pad) = before.filter(|node| node.op_type == "Pad") {
        match pad_of(graph, pad) {
            Some(added) => pads = [0, 1, 2, 3].map(|edge| pads[edge] + added[edge]),
            // Who computes it from the image's size does as TensorFlow.
            None => return Ok((stride > 1).then_some(Padding::TensorFlow)),
        }
    }
    match pads {
        _ if pads == [side; 4] => Ok((stride > 1).then_some(Padding::Symmetric)),
        _ if stride == 2 && pads == [side - 1, side - 1, side, side] => Ok(Some(Padding::TensorFlow)),
        _ => differs("padding"),
    }
}

/// Top, left, bottom, right of a `Pad` node over `[batch, channels, height, width]`.
fn pad_of(graph: &Graph, pad: &NodeProto) -> Option<[i64; 4]> {
    let pads = match attribute(pad, "pads") {
        Some(attribute) => attribute.ints.clone(),
        None => graph.integers(pad, 1)?,
    };
    match pads[..] {
        [0, 0, top, left, 0, 0, bottom, right] => Some([top, left, bottom, right]),
        _ => None,
    }
}

/// Turns every kernel by 180°. With even sides at every stride, TensorFlow's padding is PyTorch's of the turned image.
fn turn_kernels(parameters: &mut Parameters) {
    let turned: Vec<(String, Parameter)> = parameters
        .iter()
        .filter(|(_, parameter)| parameter.shape.len() == 4)
        .map(|(name, Parameter { shape, values })| {
            let size = shape[2] * shape[3];
            let values = values.chunks(size).flat_map(|kernel| kernel.iter().rev().copied()).collect();
            (name.to_owned(), Parameter { shape: shape.clone(), values })
        })
        .collect();
    turned.into_iter().for_each(|(name, parameter)| insert(parameters, name, parameter));
}

/// The batch norm behind a convolution, with the network's epsilon. Where the exporter folded it into the convolution's
/// bias, a norm that only adds that bias.
fn norm_of(
    graph: &Graph,
    conv: &NodeProto,
    channels: usize,
) -> Result<[(&'static str, Vec<f32>); 4], ImportError> {
    const PARTS: [&str; 4] = ["weight", "bias", "running_mean", "running_var"];
    let norm = graph.consumers(conv).into_iter().find(|node| node.op_type == "BatchNormalization");
    let values = match norm {
        Some(norm) => [1, 2, 3, 4].map(|part| graph.input(norm, part).map(|parameter| parameter.values)),
        None => {
            graph.budget().take(3 * channels * size_of::<f32>())?;
            [
                Ok(vec![1.0; channels]),
                // A convolution that was folded has one, and one without a norm and a bias adds nothing.
                graph.input(conv, 2).map(|parameter| parameter.values),
                Ok(vec![0.0; channels]),
                Ok(vec![(1.0 - BATCH_NORM_EPSILON) as f32; channels]),
            ]
        }
    };
    let [weight, bias, mean, variance] = values;
    let mut values = [weight?, bias?, mean?, variance?];
    if values.iter().any(|values| values.len() != channels) {
        return Err(unreadable(format!("the batch norm behind `{}` is of another size", conv.name)));
    }
    if let Some(norm) = norm {
        let stated = attribute(norm, "epsilon").map_or(1e-5, |attribute| f64::from(attribute.f()));
        let [weight, _, _, variance] = &mut values;
        super::super::names::with_epsilon(weight, variance, stated);
    }
    let mut values = values.into_iter();
    Ok(PARTS.map(|part| (part, values.next().expect("four parts"))))
}
