//! What stands behind the backbone of a Keras model → a chain of dense layers.

use super::super::classifier::{Activation, Chain, Dense};
use super::network::{kernel_names, norm};
use super::store::Store;
use super::{ImportError, Layer};

/// Layers that do nothing where a model answers, or that only give numbers another shape.
const SILENT: [&str; 12] = [
    "Dropout",
    "SpatialDropout2D",
    "AlphaDropout",
    "GaussianDropout",
    "GaussianNoise",
    "ActivityRegularization",
    "InputLayer",
    "Flatten",
    "Reshape",
    "Identity",
    "Rescaling",
    "Permute",
];
/// How TensorFlow's Keras wrote hard-swish: `x · relu6(x + 3) / 6` as four layers.
const HARD_SWISH: [&str; 4] = ["TFOpLambda", "ReLU", "TFOpLambda", "Multiply"];

/// The chain; none where the model ends in its features, and a reason where it is none that a head can express.
pub fn read(
    behind: &[Layer],
    store: &Store,
    notes: &mut Vec<String>,
) -> Result<Result<Option<Chain>, String>, ImportError> {
    // What stands in front of the pooling is the backbone's last activation.
    let pooled =
        behind.iter().position(|layer| layer.class.starts_with("Global") || layer.class == "Flatten");
    let Some(pooled) = pooled else { return Ok(Ok(None)) };
    if behind[pooled].class != "GlobalAveragePooling2D" {
        return Ok(Err(format!("its features are pooled by {}", behind[pooled].class)));
    }
    let mut chain = Chain::default();
    let mut rest = &behind[pooled + 1..];
    while let Some(layer) = rest.first() {
        let classes: Vec<&str> =
            rest.iter().take(HARD_SWISH.len()).map(|layer| layer.class.as_str()).collect();
        if classes == HARD_SWISH {
            chain.activate(Activation::HardSwish);
            rest = &rest[HARD_SWISH.len()..];
            continue;
        }
        if let Err(reason) = add(layer, rest.len() == 1, store, &mut chain, notes)? {
            return Ok(Err(reason));
        }
        rest = &rest[1..];
    }
    Ok(Ok(if chain.is_empty() { None } else { Some(chain) }))
}

/// Adds a layer; a reason where a head has no place for it.
fn add(
    layer: &Layer,
    is_last: bool,
    store: &Store,
    chain: &mut Chain,
    notes: &mut Vec<String>,
) -> Result<Result<(), String>, ImportError> {
    let no_place =
        || format!("a layer of the kind {} (`{}`) has no place in a head", layer.class, layer.name);
    match layer.class.as_str() {
        silent if SILENT.contains(&silent) => {}
        "Dense" | "Conv2D" => {
            let mut weights = store.weights(layer, kernel_names(layer))?;
            let Some(kernel) = weights.remove("kernel") else { return Ok(Err(no_place())) };
            let (inputs, outputs) = match kernel.shape[..] {
                [inputs, outputs] | [1, 1, inputs, outputs] => (inputs, outputs),
                _ => return Ok(Err(no_place())),
            };
            let values =
                (0..inputs * outputs).map(|index| kernel.values[index % inputs * outputs + index / inputs]);
            let bias = weights.remove("bias").map_or_else(|| vec![0.0; outputs], |bias| bias.values);
            if bias.len() != outputs {
                return Ok(Err(no_place()));
            }
            chain.push(Dense::new(inputs, values.collect(), bias));
            activate(chain, layer.text("activation").unwrap_or("linear"), is_last, notes);
        }
        "BatchNormalization" => {
            let parts = norm(layer, store)?.map(|part| part.values);
            chain.norm(parts, layer.number("epsilon").unwrap_or(1e-3));
        }
        "Activation" => activate(chain, layer.text("activation").unwrap_or("?"), is_last, notes),
        "Softmax" if is_last => {}
        "ReLU" => {
            let slope = layer.number("negative_slope").unwrap_or(0.0);
            chain.activate(match layer.number("max_value") {
                Some(6.0) if slope == 0.0 => Activation::Relu6,
                None if slope == 0.0 => Activation::Relu,
                None => Activation::LeakyRelu(slope as f32),
                Some(_) => Activation::Other("a ReLU with a highest value".into()),
            });
        }
        "LeakyReLU" => {
            // Keras 2 calls it alpha.
            let slope = layer.number("negative_slope").or(layer.number("alpha")).unwrap_or(0.3);
            chain.activate(Activation::LeakyRelu(slope as f32));
        }
        _ => return Ok(Err(no_place())),
    }
    Ok(Ok(()))
}

fn activate(chain: &mut Chain, activation: &str, is_last: bool, notes: &mut Vec<String>) {
    match activation {
        "linear" => {}
        "softmax" if is_last => {}
        "sigmoid" if is_last => {
            if chain.outputs() > 1 {
                notes.push(
                    "The model ends in a sigmoid for each class, so that a tile could be of several. Tilelens gives a tile \
                     one class: its probabilities are those of a softmax over the same numbers."
                        .into(),
                );
            }
        }
        "relu" => chain.activate(Activation::Relu),
        "relu6" => chain.activate(Activation::Relu6),
        // Keras's own slope.
        "leaky_relu" => chain.activate(Activation::LeakyRelu(0.2)),
        "hard_swish" | "hard_silu" => chain.activate(Activation::HardSwish),
        other => chain.activate(Activation::Other(other.into())),
    }
}
