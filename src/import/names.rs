//! The same layer has many names: `module.`, `backbone.`, `state_dict.` and the like stand before it.

use super::ImportError;
use crate::model::parameters::{Parameter, Parameters};

/// The first layer of the backbone, by which a prefix is found.
const FIRST_LAYER: &str = "features.0.0.weight";

/// What a wrapper may call the backbone while the head stands beside it.
const BACKBONE: &str = "backbone.";

/// The parameters of one network, under torchvision's bare names.
///
/// `prefix` chooses among several networks in one checkpoint.
pub fn normalise(checkpoint: Parameters, prefix: Option<&str>) -> Result<Parameters, ImportError> {
    let mut prefixes: Vec<&str> =
        checkpoint.iter().filter_map(|(name, _)| name.strip_suffix(FIRST_LAYER)).collect();
    if let Some(prefix) = prefix {
        // The whole prefix means itself alone: `""` the network without one, where others begin with it too.
        let whole = prefixes.contains(&prefix);
        prefixes.retain(|found| if whole { *found == prefix } else { found.starts_with(prefix) });
    }
    let prefix = match prefixes.as_slice() {
        [] => return Err(ImportError::NoBackbone),
        [prefix] => *prefix,
        _ => return Err(ImportError::SeveralBackbones(prefixes.into_iter().map(String::from).collect())),
    };
    let prefix = prefix.to_owned();
    let outer = prefix.strip_suffix(BACKBONE).unwrap_or(&prefix);

    let mut parameters = Parameters::default();
    for (name, Parameter { shape, values }) in checkpoint {
        let bare = name.strip_prefix(&prefix).or_else(|| name.strip_prefix(outer));
        if let Some(bare) = bare.filter(|name| is_weight(name)) {
            parameters.insert(bare, shape, values);
        }
    }
    Ok(parameters)
}

/// Whether the network computes with it; PyTorch also saves how many batches a norm has seen.
fn is_weight(name: &str) -> bool {
    let layer = ["features.", "classifier.", "head."].iter().any(|start| name.starts_with(start));
    layer && !name.ends_with("num_batches_tracked")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint(names: &[&str]) -> Parameters {
        let mut parameters = Parameters::default();
        for &name in names {
            parameters.insert(name, vec![1], vec![0.5]);
        }
        parameters
    }

    fn names(parameters: &Parameters) -> Vec<&str> {
        parameters.iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn a_head_beside_a_wrapped_backbone_is_found() {
        let wrapped = checkpoint(&[
            "module.backbone.features.0.0.weight",
            "module.backbone.features.0.1.num_batches_tracked",
            "module.head.dense.weight",
            "optimizer.step",
        ]);
        let bare = normalise(wrapped, None).unwrap();
        assert_eq!(names(&bare), ["features.0.0.weight", "head.dense.weight"]);
    }

    #[test]
    fn several_networks_are_not_mixed() {
        let two = || checkpoint(&["model.features.0.0.weight", "ema.features.0.0.weight"]);
        assert!(matches!(normalise(two(), None), Err(ImportError::SeveralBackbones(_))));
        let one = normalise(two(), Some("ema.")).unwrap();
        assert_eq!(names(&one), ["features.0.0.weight"]);

        let bare = || checkpoint(&["features.0.0.weight", "features.9", "ema.features.0.0.weight"]);
        let message = normalise(bare(), None).unwrap_err().to_string();
        assert!(message.ends_with(r#"--prefix: "ema.", """#), "{message}");
        let one = normalise(bare(), Some("")).unwrap();
        assert_eq!(names(&one), ["features.0.0.weight", "features.9"]);
    }
}
