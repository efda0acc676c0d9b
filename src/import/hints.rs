//! Which other network a checkpoint holds, by what its layers are called and how large they are.

use crate::model::architecture::Architecture;
use crate::model::parameters::Parameters;

/// A sentence that goes on from a refusal, or nothing.
pub fn of(checkpoint: &Parameters) -> String {
    let shape = |suffix: &str| {
        checkpoint.iter().find(|(name, _)| name.ends_with(suffix)).map(|(_, found)| &found.shape)
    };
    let has = |part: &str| checkpoint.iter().any(|(name, _)| name.contains(part));
    let stem = shape("features.0.0.weight").or_else(|| shape("conv_stem.weight"));
    let hint = if let Some([_, bands @ (1 | 2 | 4..), _, _]) = stem.map(Vec::as_slice) {
        return format!(
            ". It reads images of {bands} band{}, Tilelens of three: train it anew on red, green and blue",
            if *bands == 1 { "" } else { "s" }
        );
    } else if has("features.16.0.weight") || has("blocks.6.0.conv") && has("conv_stem.") {
        "It looks like MobileNetV3-Large"
    } else if has("features.1.conv.0.0.weight") {
        "It looks like a MobileNetV2"
    } else if has("layer1.0.conv1.weight") {
        "It looks like a ResNet"
    } else if has("features.1.0.block.0.0.weight") || has("blocks.0.0.conv_pw.weight") && has("blocks.6.") {
        "It looks like an EfficientNet"
    } else if has("patch_embed") || has("embeddings.patch_embeddings") || has("conv_proj.weight") {
        "It looks like a vision transformer"
    } else if has("features.12.0.weight") || has("blocks.5.0.conv.weight") {
        let full = Architecture::default().features();
        let last = shape("features.12.0.weight").or_else(|| shape("blocks.5.0.conv.weight"));
        return match last.and_then(|shape| shape.first()) {
            Some(&channels) if channels != full => format!(
                ". It looks like a MobileNetV3-Small of width {:.2}: Tilelens reads width 1.0",
                channels as f32 / full as f32
            ),
            // timm's blocks have their gates under `se`, torchvision's under `fc1`.
            Some(_) if !has(".se.") && !has(".fc1.") => {
                ". It looks like the minimalistic MobileNetV3-Small, which has no squeeze-excitation: Tilelens reads \
                 the full one"
                    .into()
            }
            _ => String::new(),
        };
    } else {
        return String::new();
    };
    format!(". {hint}: Tilelens reads MobileNetV3-Small alone")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_a_minimalistic_and_a_four_band_network_are_told_by_their_layers() {
        let hint = |layers: &[(&str, &[usize])]| {
            let mut checkpoint = Parameters::default();
            for (name, shape) in layers {
                checkpoint.insert(*name, shape.to_vec(), vec![0.0; shape.iter().product()]);
            }
            of(&checkpoint)
        };
        let stem: (&str, &[usize]) = ("conv_stem.weight", &[16, 3, 3, 3]);
        let last: (&str, &[usize]) = ("blocks.5.0.conv.weight", &[576, 1]);
        let gate: (&str, &[usize]) = ("blocks.0.0.se.conv_reduce.weight", &[8, 16]);
        assert!(hint(&[stem, last]).contains("minimalistic"));
        assert_eq!(hint(&[stem, last, gate]), "");
        assert!(hint(&[stem, ("blocks.5.0.conv.weight", &[432, 1]), gate]).contains("width 0.75"));
        assert!(hint(&[("conv_stem.weight", &[16, 4, 3, 3]), last, gate]).contains("4 bands"));
    }
}
