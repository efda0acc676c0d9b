//! The backbone among a Keras model's layers: by the names that `keras.applications` gives them.

use serde_json::Value;

use super::super::names::with_epsilon;
use super::store::Store;
use super::{ImportError, Layer, Normalisation, unreadable};
use crate::model::architecture::Architecture;
use crate::model::parameters::{Parameter, Parameters};

/// The norm behind the closing convolution.
const LAST: &str = "conv_1_bn";
/// What `keras.applications` scales pixels to: from -1 to 1.
const NORMALISATION: Normalisation = ([0.5; 3], [0.5; 3]);
/// The strides of the network together: of an image whose side is no multiple of it, Keras pads the maps otherwise.
const STRIDES: u64 = 32;

/// Where the backbone ends.
pub fn last_layer(layers: &[Layer]) -> Result<usize, ImportError> {
    let is_expanded = layers.iter().any(|layer| layer.plain_name().starts_with("expanded_conv"));
    let last = layers.iter().rposition(|layer| layer.plain_name() == LAST).filter(|_| is_expanded);
    last.ok_or_else(|| {
        let some: Vec<&str> = layers.iter().take(4).map(|layer| layer.name.as_str()).collect();
        ImportError::OtherKind(format!(
            "a Keras model without keras.applications.MobileNetV3Small: its first layers are `{}`. Tilelens reads \
             MobileNetV3-Small alone",
            some.join("`, `")
        ))
    })
}

/// Which other network it is, going on from a refusal.
pub fn hint(layers: &[Layer], store: &Store) -> String {
    let has = |name: &str| layers.iter().any(|layer| layer.plain_name() == name);
    if has("expanded_conv_11_project") {
        return ". It looks like MobileNetV3Large: Tilelens reads MobileNetV3-Small alone".into();
    }
    if !has("expanded_conv_squeeze_excite_conv") {
        return ". It looks like the minimalistic MobileNetV3Small: Tilelens reads the one that minimalistic=False gives"
            .into();
    }
    let width = layers
        .iter()
        .find(|layer| layer.plain_name() == "conv_1")
        .and_then(|layer| store.weights(layer, &["kernel"]).ok()?.remove("kernel"))
        .and_then(|kernel| kernel.shape.last().copied());
    match width {
        Some(channels) if channels != Architecture::default().features() => format!(
            ". It looks like a MobileNetV3Small of alpha {:.2}: Tilelens reads alpha 1.0",
            channels as f32 / Architecture::default().features() as f32
        ),
        _ => String::new(),
    }
}

/// `features.*` under torchvision's names, kernels turned by 180°.
pub fn parameters(layers: &[Layer], store: &Store) -> Result<Parameters, ImportError> {
    check_size(layers)?;
    let mut parameters = Parameters::default();
    for layer in layers {
        let Some(path) = path_of(&layer.plain_name()) else { continue };
        match layer.class.as_str() {
            "Conv2D" | "DepthwiseConv2D" => {
                let mut weights = store.weights(layer, kernel_names(layer))?;
                let kernel = weights.remove("kernel").or_else(|| weights.remove("depthwise_kernel"));
                if let Some(kernel) = kernel {
                    let Parameter { shape, values } = turned(&kernel, layer)?;
                    parameters.insert(format!("{path}.weight"), shape, values);
                }
                if let Some(Parameter { shape, values }) = weights.remove("bias") {
                    parameters.insert(format!("{path}.bias"), shape, values);
                }
            }
            "BatchNormalization" => {
                let [mut weight, bias, mean, variance] = norm(layer, store)?;
                let epsilon = layer.number("epsilon").unwrap_or(1e-3);
                with_epsilon(&mut weight.values, &variance.values, epsilon);
                let parts =
                    [("weight", weight), ("bias", bias), ("running_mean", mean), ("running_var", variance)];
                for (part, Parameter { shape, values }) in parts {
                    parameters.insert(format!("{path}.{part}"), shape, values);
                }
            }
            _ => {}
        }
    }
    Ok(parameters)
}

/// The weights of a convolution or a dense layer, in Keras's order.
pub fn kernel_names(layer: &Layer) -> &'static [&'static str] {
    match layer.class.as_str() {
        // Keras 3 calls it `kernel`, too; both stand at the same place.
        "DepthwiseConv2D" => &["kernel", "bias", "depthwise_kernel"],
        _ => &["kernel", "bias"],
    }
}

/// Weight, bias, mean and variance of a batch norm.
pub fn norm(layer: &Layer, store: &Store) -> Result<[Parameter; 4], ImportError> {
    let is_set = |key: &str| layer.config.get(key).and_then(Value::as_bool).unwrap_or(true);
    let mut order = Vec::new();
    order.extend(is_set("scale").then_some("gamma"));
    order.extend(is_set("center").then_some("beta"));
    order.extend(["moving_mean", "moving_variance"]);
    let mut weights = store.weights(layer, &order)?;
    let missing = |name: &str| unreadable(format!("the layer `{}` has no {name}", layer.name));
    let mean = weights.remove("moving_mean").ok_or_else(|| missing("moving_mean"))?;
    let variance = weights.remove("moving_variance").ok_or_else(|| missing("moving_variance"))?;
    let constant =
        |value: f32| Parameter { shape: mean.shape.clone(), values: vec![value; mean.values.len()] };
    let weight = weights.remove("gamma").unwrap_or_else(|| constant(1.0));
    let bias = weights.remove("beta").unwrap_or_else(|| constant(0.0));
    if [&weight, &bias, &variance].iter().any(|part| part.shape != mean.shape) {
        return Err(unreadable(format!("the parts of the norm `{}` differ in size", layer.name)));
    }
    Ok([weight, bias, mean, variance])
}

/// Mean and deviation, from the layers that scale the pixels.
pub fn normalisation(layers: &[Layer], notes: &mut Vec<String>) -> Normalisation {
    // What the network reads is `scale · pixel + shift`, pixels being from 0 to 255.
    let (mut scale, mut shift, mut scales) = (1.0, 0.0, 0);
    for layer in layers.iter().filter(|layer| layer.class == "Rescaling") {
        let (factor, offset) = (layer.number("scale").unwrap_or(1.0), layer.number("offset").unwrap_or(0.0));
        (scale, shift, scales) = (scale * factor, shift * factor + offset, scales + 1);
    }
    if scales == 0 || scale <= 0.0 {
        notes.push(
            "The model does not say how its images were scaled: from -1 to 1 is assumed, as keras.applications does. Pass \
             --mean and --std if it was trained with others."
                .into(),
        );
        return NORMALISATION;
    }
    let per_unit = scale * 255.0;
    ([(-shift / per_unit) as f32; 3], [(1.0 / per_unit) as f32; 3])
}

/// Keras pads by the size of the maps, which must be even in front of every stride.
fn check_size(layers: &[Layer]) -> Result<(), ImportError> {
    let shape = layers.iter().find(|layer| layer.class == "InputLayer").and_then(|layer| {
        let shape = layer.config.get("batch_shape").or_else(|| layer.config.get("batch_input_shape"))?;
        Some([shape[1].as_u64()?, shape[2].as_u64()?])
    });
    match shape {
        Some([height, width]) if height % STRIDES != 0 || width % STRIDES != 0 => Err(unreadable(format!(
            "it reads images of {height} × {width} pixels, which Keras pads otherwise; sides that are multiples of \
             {STRIDES} are read"
        ))),
        _ => Ok(()),
    }
}

/// torchvision's name of the backbone's layer that Keras calls so.
fn path_of(name: &str) -> Option<String> {
    let layers = Architecture::default().layers();
    let normed = |path: &str, part: &str| match part {
        "" => Some(format!("{path}.0")),
        "_bn" => Some(format!("{path}.1")),
        _ => None,
    };
    if let Some(rest) = name.strip_prefix("expanded_conv_") {
        // The first block has no number.
        let (index, part) = match rest.split_once('_') {
            Some((number, part)) if number.parse::<usize>().is_ok() => (number.parse().ok()?, part),
            _ => (0, rest),
        };
        let block = layers.blocks.get(index)?;
        let gate = |fc: &str| block.squeeze_excitation.as_ref().map(|path| format!("{path}.{fc}"));
        return match part {
            "squeeze_excite_conv" => gate("fc1"),
            "squeeze_excite_conv_1" => gate("fc2"),
            _ if part.starts_with("expand") => normed(&block.expand.as_ref()?.path, &part["expand".len()..]),
            _ if part.starts_with("depthwise") => normed(&block.depthwise.path, &part["depthwise".len()..]),
            _ if part.starts_with("project") => normed(&block.project.path, &part["project".len()..]),
            _ => None,
        };
    }
    match name {
        "conv" | "conv_bn" => normed(&layers.stem.path, &name["conv".len()..]),
        "conv_1" | "conv_1_bn" => normed(&layers.last.path, &name["conv_1".len()..]),
        _ => None,
    }
}

/// `[height, width, in, out]`, or `[height, width, channels, 1]` of a depthwise one, → `[out, in, height, width]`, each
/// kernel turned by 180°.
fn turned(kernel: &Parameter, layer: &Layer) -> Result<Parameter, ImportError> {
    let &[height, width, input, output] = kernel.shape.as_slice() else {
        return Err(unreadable(format!("the kernel of `{}` has {} axes", layer.name, kernel.shape.len())));
    };
    let size = height * width;
    let value = |out: usize, at: usize, place: usize| kernel.values[(place * input + at) * output + out];
    let (outputs, inputs) = if layer.class == "DepthwiseConv2D" { (input, output) } else { (output, input) };
    let mut values = Vec::with_capacity(kernel.values.len());
    for out in 0..outputs {
        for at in 0..inputs {
            let (out, at) = if layer.class == "DepthwiseConv2D" { (at, out) } else { (out, at) };
            values.extend((0..size).rev().map(|place| value(out, at, place)));
        }
    }
    Ok(Parameter { shape: vec![outputs, inputs, height, width], values })
}
