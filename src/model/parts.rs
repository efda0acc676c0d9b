//! One backbone and its heads, apart and together: a combined file → a backbone file and a head file, and back.
//!
//! Nothing is lost on the way: the head's file has what the combined one says of itself, and the backbone's all
//! weights but the classifier's.

use sha2::{Digest, Sha256};
use thiserror::Error;

use super::head::{CLASSIFIER_PREFIXES, ClassifierConfig, is_classifier};
use super::manifest::{BackboneReference, Kind, Manifest, no_temperature};
use super::model_file::{ModelFile, hex};
use super::parameters::Parameters;
use crate::ErrorCode;

/// Why a file is not the part that is needed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PartError {
    /// A backbone is needed.
    #[error("`{head}` is a head alone: open the backbone `{backbone}` first, then this file")]
    HeadAlone {
        /// The head's name.
        head: String,
        /// The name of its backbone.
        backbone: String,
    },
    /// A classifier is needed.
    #[error("`{0}` is a backbone without a classifier: it knows features and no classes")]
    NoClassifier(String),
    /// The head learnt from other features.
    #[error(
        "the head `{head}` belongs to another backbone, `{wanted}`, than the one that is open, `{found}`: open that backbone, or train a new head on this one"
    )]
    OtherBackbone {
        /// The head's name.
        head: String,
        /// The name of its backbone.
        wanted: String,
        /// The name of the backbone that is there.
        found: String,
    },
}

impl ErrorCode for PartError {
    fn code(&self) -> &'static str {
        match self {
            Self::HeadAlone { .. } => "model.head_alone",
            Self::NoClassifier(_) => "model.no_classifier",
            Self::OtherBackbone { .. } => "model.other_backbone",
        }
    }
}

impl ModelFile {
    /// The backbone alone.
    ///
    /// # Errors
    ///
    /// [`PartError::HeadAlone`] when the file has none.
    pub fn backbone(&self) -> Result<Self, PartError> {
        self.clone().into_backbone()
    }

    /// The same, without a copy of the weights.
    ///
    /// # Errors
    ///
    /// As [`backbone`](Self::backbone).
    pub fn into_backbone(mut self) -> Result<Self, PartError> {
        let manifest = Manifest {
            name: self.check_has_backbone()?.backbone_name().to_owned(),
            backbone_name: String::new(),
            purpose: String::new(),
            labels: Vec::new(),
            classifier: ClassifierConfig::None,
            temperature: no_temperature(),
            ..self.manifest
        };
        self.parameters.remove(&CLASSIFIER_PREFIXES);
        Ok(Self { manifest, parameters: self.parameters })
    }

    /// The classifier alone, with the name of the backbone that it belongs to.
    ///
    /// # Errors
    ///
    /// [`PartError::NoClassifier`] when the file has none.
    pub fn head(&self) -> Result<Self, PartError> {
        if self.manifest.classifier == ClassifierConfig::None {
            return Err(PartError::NoClassifier(self.manifest.name.clone()));
        }
        let manifest = self.manifest_of_head();
        let own = self.parameters.iter().filter(|(name, _)| is_classifier(name));
        let mut parameters = Parameters::default();
        for (name, parameter) in own {
            parameters.insert(name, parameter.shape.clone(), parameter.values.clone());
        }
        Ok(Self { manifest, parameters })
    }

    /// This file's backbone with the classifier of `head`, which may be a head alone or a combined file.
    ///
    /// # Errors
    ///
    /// [`PartError`] when this file has no backbone, `head` no classifier, or `head` belongs to another backbone.
    pub fn join(&self, head: &Self) -> Result<Self, PartError> {
        let reference = self.check_has_backbone()?.backbone_reference();
        let head = head.head()?;
        check_belongs(&head, &reference)?;
        let is_namesake = reference.name == head.manifest.name;
        let manifest = Manifest {
            preprocessing: self.manifest.preprocessing.clone(),
            backbone: None,
            backbone_name: if is_namesake { String::new() } else { reference.name },
            ..head.manifest
        };
        let mut parameters = self.parameters.clone();
        parameters.remove(&CLASSIFIER_PREFIXES);
        parameters.extend(&head.parameters);
        Ok(Self { manifest, parameters })
    }

    /// The backbone's name, for people.
    fn backbone_name(&self) -> &str {
        let Manifest { backbone, backbone_name, name, .. } = &self.manifest;
        match backbone {
            Some(backbone) => &backbone.name,
            None if backbone_name.is_empty() => name,
            None => backbone_name,
        }
    }

    /// What names this file's backbone in the files of its heads.
    pub fn backbone_reference(&self) -> BackboneReference {
        BackboneReference { sha256: self.backbone_sha256(), name: self.backbone_name().to_owned() }
    }

    /// The manifest of a head on this file's backbone: this file's own head, or what a new one begins with.
    pub fn manifest_of_head(&self) -> Manifest {
        Manifest {
            backbone: Some(self.backbone_reference()),
            backbone_name: String::new(),
            ..self.manifest.clone()
        }
    }

    /// Refuses a head alone.
    pub(super) fn check_has_backbone(&self) -> Result<&Self, PartError> {
        match &self.manifest {
            Manifest { backbone: Some(backbone), name, .. } => {
                Err(PartError::HeadAlone { head: name.clone(), backbone: backbone.name.clone() })
            }
            _ => Ok(self),
        }
    }

    /// What names the features that this model computes, or that this head reads: the SHA-256 of the backbone and its
    /// preprocessing, in hex. Models that differ in nothing but the head have the same.
    pub fn backbone_sha256(&self) -> String {
        if let Some(BackboneReference { sha256, .. }) = &self.manifest.backbone {
            return sha256.clone();
        }
        let mut hasher = Sha256::new();
        hasher.update(serde_json::to_vec(&self.manifest.preprocessing).expect("plain data"));
        for (name, parameter) in self.parameters.iter().filter(|(name, _)| !is_classifier(name)) {
            hasher.update(name);
            update(&mut hasher, &parameter.values);
        }
        hex(&hasher.finalize())
    }

    /// What names this file's classifier by what it answers, in hex: the SHA-256 of its backbone's, its labels, its
    /// temperature and its weights.
    pub fn head_sha256(&self) -> String {
        let Manifest { labels, temperature, classifier, .. } = &self.manifest;
        let mut hasher = Sha256::new();
        hasher.update(self.backbone_sha256());
        hasher.update(serde_json::to_vec(&(labels, temperature, classifier)).expect("plain data"));
        for (name, parameter) in self.parameters.iter().filter(|(name, _)| is_classifier(name)) {
            hasher.update(name);
            update(&mut hasher, &parameter.values);
        }
        hex(&hasher.finalize())
    }

    /// What the file holds.
    pub fn kind(&self) -> Kind {
        self.manifest.kind()
    }
}

/// Refuses a head that belongs to another backbone than `found`.
pub(super) fn check_belongs(head: &ModelFile, found: &BackboneReference) -> Result<(), PartError> {
    if head.backbone_sha256() == found.sha256 {
        return Ok(());
    }
    Err(PartError::OtherBackbone {
        head: head.manifest.name.clone(),
        wanted: head.backbone_name().to_owned(),
        found: found.name.clone(),
    })
}

fn update(hasher: &mut Sha256, values: &[f32]) {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    hasher.update(bytes);
}
