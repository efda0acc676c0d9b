//! What a model file says of itself, beside its weights.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::architecture::Architecture;
use super::head::{ClassifierConfig, HeadConfig};
use crate::limits::{MAX_DENSE_NEURONS, MAX_MODEL_CLASSES};
use crate::raster::Preparation;
use crate::tile::Preprocessing;

/// The version of the manifest that this code writes, and the newest that it reads.
///
/// | format | adds |
/// |---|---|
/// | 1 | everything else |
/// | 2 | `temperature`; a file of format 1 has a temperature of 1 |
/// | 3 | files that hold a head alone (`backbone`); `architecture`, and what may be missing: `purpose`, `ground_resolution_m`, `data`, `backbone_name`, `preparations` |
pub const FORMAT: u32 = 3;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify))]
pub enum Kind {
    /// A backbone with a classifier on it.
    Model,
    /// A backbone alone: it knows features and no classes.
    Backbone,
    /// A classifier alone, for the backbone that it names.
    Head,
}

/// What a model is, beside its weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`] of the writer.
    pub format: u32,
    /// The model's name, for people.
    pub name: String,
    /// What it is for, in one line.
    #[serde(default)]
    pub purpose: String,
    /// The ground resolutions that it was made for, the lowest and the highest, in metres a pixel.
    #[serde(default)]
    pub ground_resolution_m: Option<[f32; 2]>,
    /// What it was trained on, in one line.
    #[serde(default)]
    pub data: String,
    /// Which backbone gives the features.
    #[serde(default)]
    pub architecture: Architecture,
    /// The class of each logit.
    pub labels: Vec<String>,
    /// How a tile becomes the network's input.
    pub preprocessing: Preprocessing,
    /// Which classifier stands on the backbone.
    pub classifier: ClassifierConfig,
    /// Logits are divided by it before the softmax, so that confidences are as high as they deserve
    /// (Guo et al. 2017).
    #[serde(default = "no_temperature")]
    pub temperature: f32,
    /// The backbone that a head belongs to, where the file holds a head alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backbone: Option<BackboneReference>,
    /// In a file of backbone and classifier, the backbone's name where it is not the model's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub backbone_name: String,
    /// How the tiles that it learnt from became colours; empty where all were pictures of 8 bits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub preparations: Vec<Preparation>,
    /// Where the weights come from.
    pub provenance: Provenance,
}

/// Which backbone a head was trained on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackboneReference {
    /// Its [`backbone_sha256`](super::model_file::ModelFile::backbone_sha256).
    pub sha256: String,
    /// The name of its file's model, for people.
    pub name: String,
}

/// Where the weights come from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// The name of the file that was imported.
    pub source: String,
    /// That file's SHA-256, in hex.
    pub source_sha256: String,
    /// What the model was trained on and how.
    pub description: String,
    /// The terms under which the weights may be used.
    pub licence: String,
}

/// The temperature of a model that has none: logits stay as they are.
pub(super) fn no_temperature() -> f32 {
    1.0
}

impl Manifest {
    /// What the file holds.
    pub fn kind(&self) -> Kind {
        match (&self.backbone, &self.classifier) {
            (Some(_), _) => Kind::Head,
            (None, ClassifierConfig::None) => Kind::Backbone,
            (None, _) => Kind::Model,
        }
    }

    /// Why this manifest cannot be used, if it contradicts itself.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.check_classes()?;
        if let ClassifierConfig::Head(head) = &self.classifier {
            self.check_head(head)?;
        }
        if self.backbone.is_some() && self.classifier == ClassifierConfig::None {
            return Err("a head without a classifier".into());
        }
        if !(0.01..=100.0).contains(&self.temperature) {
            return Err(format!("a temperature of {}", self.temperature));
        }
        if let Some([low, high]) = self.ground_resolution_m
            && !(low > 0.0 && low <= high && high.is_finite())
        {
            return Err(format!("a ground resolution from {low} to {high} metres a pixel"));
        }
        self.preprocessing.check()
    }

    fn check_classes(&self) -> Result<(), String> {
        let classes = self.classifier.num_classes();
        if self.labels.len() != classes {
            return Err(format!("{} labels for {classes} classes", self.labels.len()));
        }
        if classes < 2 && self.classifier != ClassifierConfig::None {
            return Err("fewer than two classes".into());
        }
        if classes > MAX_MODEL_CLASSES {
            return Err(format!("{classes} classes, and {MAX_MODEL_CLASSES} are the most"));
        }
        let distinct: HashSet<_> = self.labels.iter().collect();
        if matches!(self.classifier, ClassifierConfig::Head(_)) && distinct.len() != classes {
            return Err("two classes have the same label".into());
        }
        Ok(())
    }

    fn check_head(&self, head: &HeadConfig) -> Result<(), String> {
        if head.inputs != self.architecture.features() {
            return Err(format!("a head of {} features on a backbone of others", head.inputs));
        }
        if head.dense_neurons == 0 {
            return Err("a head without neurons".into());
        }
        if head.dense_neurons > MAX_DENSE_NEURONS {
            return Err(format!("{} neurons, and {MAX_DENSE_NEURONS} are the most", head.dense_neurons));
        }
        if !(0.0..1.0).contains(&head.dropout_rate) {
            return Err(format!("a dropout_rate of {}", head.dropout_rate));
        }
        Ok(())
    }
}
