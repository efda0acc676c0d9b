//! The same layer has many names: `module.`, `backbone.`, `state_dict.` and the like stand before it, and timm calls all
//! of them otherwise.

use super::{ImportError, hints, timm};
use crate::model::architecture::BATCH_NORM_EPSILON;
use crate::model::parameters::{Parameter, Parameters};

/// What torchvision calls the backbone, and what others put in its place.
const FEATURES: &str = "features.";
/// The first layer beneath it, and one that few other networks have.
const FIRST_LAYER: &str = "0.0.weight";
const FIRST_BLOCK: &str = "1.block.0.0.weight";

/// What a wrapper may call the backbone while the head stands beside it.
const BACKBONE: &str = "backbone.";

/// One network of a checkpoint.
#[derive(Debug, Default)]
pub struct Network {
    /// `features.*` under torchvision's names.
    pub backbone: Parameters,
    /// All that stands beside the backbone, without the network's prefix.
    pub others: Vec<(String, Parameter)>,
    /// Whether the names were timm's.
    pub is_timm: bool,
}

/// Where a backbone stands: `outer` before the network, `inner` before the backbone's own layers.
#[derive(Clone, PartialEq)]
struct Place {
    outer: String,
    inner: String,
    is_timm: bool,
}

/// The parameters of one network; `prefix` chooses among several in one checkpoint.
///
/// # Errors
///
/// [`ImportError`] where there is none, or several.
pub fn network(checkpoint: Parameters, prefix: Option<&str>) -> Result<Network, ImportError> {
    let all = places(&checkpoint);
    let mut places: Vec<&Place> = all.iter().collect();
    if let Some(prefix) = prefix {
        // The whole prefix means itself alone: `""` the network without one, where others begin with it too.
        let whole = places.iter().any(|place| place.outer == prefix);
        places.retain(|place| if whole { place.outer == prefix } else { place.outer.starts_with(prefix) });
    }
    let place = match places[..] {
        [] => return Err(ImportError::NoBackbone(hints::of(&checkpoint))),
        [place] => place.clone(),
        _ => {
            let outers = places.iter().map(|place| place.outer.clone());
            return Err(ImportError::SeveralBackbones(outers.collect()));
        }
    };
    let is_matrix = |(name, parameter): (&str, &Parameter)| {
        let rest =
            name.strip_prefix(&place.outer).filter(|_| !name.starts_with(&place.inner) || place.is_timm);
        rest.is_some_and(|rest| !place.is_timm || timm::path_of(rest).is_none()) && parameter.shape.len() == 2
    };
    // A head may stand beside a wrapped backbone.
    let parent = place.outer.strip_suffix(BACKBONE).filter(|_| !checkpoint.iter().any(is_matrix));
    let outer = parent.unwrap_or(&place.outer).to_owned();
    let is_other_network = |name: &str| {
        all.iter()
            .any(|other| *other != place && other.outer.len() > outer.len() && name.starts_with(&other.outer))
    };

    let mut network = Network { is_timm: place.is_timm, ..Network::default() };
    for (name, parameter) in checkpoint {
        // How many batches a norm has seen is nothing that the network computes with.
        if name.ends_with("num_batches_tracked") {
            continue;
        }
        let layer = match name.strip_prefix(&place.inner) {
            Some(rest) if place.is_timm => timm::path_of(rest),
            Some(rest) => Some(format!("{FEATURES}{rest}")),
            None => None,
        };
        if let Some(layer) = layer {
            network.backbone.insert(layer, parameter.shape, parameter.values);
        } else if let Some(rest) =
            name.strip_prefix(&outer).filter(|rest| is_part(rest) && !is_other_network(&name))
        {
            network.others.push((rest.to_owned(), parameter));
        }
    }
    Ok(network)
}

/// Whether a parameter is one of a layer: an optimiser's memory of it is not.
fn is_part(name: &str) -> bool {
    let part = name.rsplit('.').next().unwrap_or(name);
    matches!(part, "weight" | "bias" | "running_mean" | "running_var")
}

fn places(checkpoint: &Parameters) -> Vec<Place> {
    let mut places = Vec::new();
    for (name, _) in checkpoint.iter() {
        if let Some(inner) =
            name.strip_suffix(FIRST_LAYER).filter(|inner| inner.is_empty() || inner.ends_with('.'))
        {
            let outer = inner.strip_suffix(FEATURES);
            if outer.is_some() || checkpoint.shape(&format!("{inner}{FIRST_BLOCK}")).is_some() {
                let within = inner
                    .strip_suffix('.')
                    .map_or("", |inner| inner.rsplit_once('.').map_or("", |(outer, _)| outer));
                let within = if within.is_empty() { String::new() } else { format!("{within}.") };
                let outer = outer.map_or(within, str::to_owned);
                places.push(Place { outer, inner: inner.into(), is_timm: false });
            }
        } else if let Some(outer) = name.strip_suffix(timm::FIRST_LAYER) {
            places.push(Place { outer: outer.into(), inner: outer.into(), is_timm: true });
        }
    }
    places
}

/// Makes a batch norm of epsilon `stated` one of the network's: its weight takes up the difference.
pub fn with_epsilon(weight: &mut [f32], variance: &[f32], stated: f64) {
    if (stated - BATCH_NORM_EPSILON).abs() < 1e-9 {
        return;
    }
    for (weight, &variance) in weight.iter_mut().zip(variance) {
        let variance = f64::from(variance);
        *weight =
            (f64::from(*weight) * ((variance + BATCH_NORM_EPSILON) / (variance + stated)).sqrt()) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint(names: &[&str]) -> Parameters {
        let mut parameters = Parameters::default();
        for &name in names {
            parameters.insert(name, vec![1, 1], vec![0.5]);
        }
        parameters
    }

    fn names(network: &Network) -> Vec<String> {
        let backbone = network.backbone.iter().map(|(name, _)| name.to_owned());
        backbone.chain(network.others.iter().map(|(name, _)| name.clone())).collect()
    }

    #[test]
    fn a_head_beside_a_wrapped_backbone_is_found() {
        let wrapped = checkpoint(&[
            "module.backbone.features.0.0.weight",
            "module.backbone.features.0.1.num_batches_tracked",
            "module.head.dense.weight",
            "optimizer.state.0.exp_avg",
        ]);
        assert_eq!(names(&network(wrapped, None).unwrap()), ["features.0.0.weight", "head.dense.weight"]);
    }

    #[test]
    fn a_backbone_may_have_another_name_or_a_number() {
        let renamed =
            checkpoint(&["net.encoder.0.0.weight", "net.encoder.1.block.0.0.weight", "net.fc.weight"]);
        let expected = ["features.0.0.weight", "features.1.block.0.0.weight", "fc.weight"];
        assert_eq!(names(&network(renamed, None).unwrap()), expected);
        let sequential = checkpoint(&["0.0.0.weight", "0.1.block.0.0.weight", "3.weight"]);
        let expected = ["features.0.0.weight", "features.1.block.0.0.weight", "3.weight"];
        assert_eq!(names(&network(sequential, None).unwrap()), expected);
    }

    #[test]
    fn several_networks_are_not_mixed() {
        let two = || {
            checkpoint(&["model.features.0.0.weight", "ema.features.0.0.weight", "ema.classifier.1.weight"])
        };
        assert!(matches!(network(two(), None), Err(ImportError::SeveralBackbones(_))));
        let one = network(two(), Some("model.")).unwrap();
        assert_eq!(names(&one), ["features.0.0.weight"]);

        let bare = || {
            checkpoint(&[
                "features.0.0.weight",
                "features.9",
                "ema.features.0.0.weight",
                "ema.classifier.1.weight",
            ])
        };
        let message = network(bare(), None).unwrap_err().to_string();
        assert!(message.ends_with(r#"--prefix: "ema.", """#), "{message}");
        let one = network(bare(), Some("")).unwrap();
        assert_eq!(names(&one), ["features.0.0.weight", "features.9"]);
    }

    #[test]
    fn another_epsilon_is_taken_up_by_the_weight() {
        let mut weight = [2.0];
        with_epsilon(&mut weight, &[0.0001], 1e-5);
        let normed = |weight: f64, epsilon: f64| weight / (0.0001 + epsilon).sqrt();
        assert!((normed(f64::from(weight[0]), BATCH_NORM_EPSILON) - normed(2.0, 1e-5)).abs() < 1e-4);
    }
}
