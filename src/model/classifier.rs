//! One backbone with any number of heads: tiles in, probabilities of the head in use out.

use thiserror::Error;

use super::backbone::{Backbone, VIEWS};
use super::classification::{Classification, mean_over_views};
use super::heatmap::Heatmap;
use super::inference_error::{InferenceError, check_finite, check_rows};
use super::manifest::{BackboneReference, Manifest};
use super::model_file::ModelFile;
use super::parameters::LayerMismatch;
use super::parts::{PartError, check_belongs};
use crate::ErrorCode;
use crate::device::Device;
use crate::tile::Tile;

/// A backbone on its device, with the heads that read its features there.
///
/// The backbone runs once a tile; which head answers is switched at once, because the features stay.
#[derive(Debug)]
pub struct Classifier {
    device: Device,
    backbone: Backbone,
    reference: BackboneReference,
    /// Each with what names it, [`ModelFile::head_sha256`].
    heads: Vec<(String, LoadedHead)>,
    in_use: Option<String>,
}

/// A head on its device, and its file, from which other heads can be trained.
#[derive(Debug)]
pub struct LoadedHead {
    classification: Classification,
    file: ModelFile,
}

/// What a model says of tiles, tile by tile.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answers {
    /// `[tiles, width]` in row-major order.
    pub features: Vec<f32>,
    /// `[tiles, num_classes]` in row-major order, classes in the order of the labels; empty where no head is in use.
    pub probabilities: Vec<f32>,
}

/// Why a file cannot be used.
#[derive(Debug, Error)]
pub enum LoadError {
    /// Its weights are not those of the network that it describes.
    #[error(transparent)]
    Layer(#[from] LayerMismatch),
    /// It is not the part that is needed.
    #[error(transparent)]
    Part(#[from] PartError),
}

impl ErrorCode for LoadError {
    fn code(&self) -> &'static str {
        match self {
            Self::Layer(error) => error.code(),
            Self::Part(error) => error.code(),
        }
    }
}

impl LoadedHead {
    /// The classes, in the order of the probabilities.
    pub fn labels(&self) -> &[String] {
        self.classification.labels()
    }

    /// What its file says of it.
    pub fn manifest(&self) -> &Manifest {
        &self.file.manifest
    }

    /// The head's file.
    pub fn file(&self) -> &ModelFile {
        &self.file
    }

    /// The head where it runs.
    pub fn classification(&self) -> &Classification {
        &self.classification
    }
}

impl Classifier {
    /// Puts the backbone of `file` on `device`, and its classifier, where it has one, into use. Of a backbone alone there are
    /// features, and no labels: answers have no probabilities until a head is added.
    ///
    /// # Errors
    ///
    /// [`LoadError`] when the file is a head alone, or its weights are not those of the network that it describes.
    pub fn load(file: &ModelFile, device: &Device) -> Result<Self, LoadError> {
        let reference = file.check_has_backbone()?.backbone_reference();
        let mut classifier = Self {
            device: device.clone(),
            backbone: Backbone::load(file, device)?,
            reference,
            heads: Vec::new(),
            in_use: None,
        };
        classifier.in_use = match file.head() {
            Ok(head) => Some(classifier.insert(head)?),
            Err(_) => None,
        };
        Ok(classifier)
    }

    /// Adds the classifier of a file, a head alone or a combined one, and gives what names it. It is not in use yet.
    ///
    /// # Errors
    ///
    /// [`LoadError`] when the file has no classifier, it belongs to another backbone, or its weights do not fit.
    pub fn add_head(&mut self, file: &ModelFile) -> Result<String, LoadError> {
        let head = file.head()?;
        check_belongs(&head, &self.reference)?;
        self.insert(head)
    }

    fn insert(&mut self, file: ModelFile) -> Result<String, LoadError> {
        let id = file.head_sha256();
        if self.find(&id).is_none() {
            let loaded = Classification::load(&file, &self.device)?;
            let classification = loaded.ok_or_else(|| PartError::NoClassifier(file.manifest.name.clone()))?;
            self.heads.push((id.clone(), LoadedHead { classification, file }));
        }
        Ok(id)
    }

    /// Lets another head answer, or none.
    ///
    /// # Errors
    ///
    /// [`InferenceError::NoSuchHead`] when it was never added; the head before stays in use.
    pub fn use_head(&mut self, id: Option<&str>) -> Result<(), InferenceError> {
        if let Some(id) = id {
            self.head(id)?;
        }
        self.in_use = id.map(str::to_owned);
        Ok(())
    }

    /// Takes a head away; where it was in use, none is afterwards.
    ///
    /// # Errors
    ///
    /// [`InferenceError::NoSuchHead`] when it is not there.
    pub fn remove_head(&mut self, id: &str) -> Result<(), InferenceError> {
        self.head(id)?;
        self.heads.retain(|(known, _)| known != id);
        self.in_use.take_if(|in_use| in_use == id);
        Ok(())
    }

    /// The head of that name.
    ///
    /// # Errors
    ///
    /// [`InferenceError::NoSuchHead`] when it is not there.
    pub fn head(&self, id: &str) -> Result<&LoadedHead, InferenceError> {
        self.find(id).ok_or_else(|| InferenceError::NoSuchHead(id.to_owned()))
    }

    fn find(&self, id: &str) -> Option<&LoadedHead> {
        self.heads.iter().find(|(known, _)| known == id).map(|(_, head)| head)
    }

    /// The head in use, and what names it.
    pub fn head_in_use(&self) -> Option<(&str, &LoadedHead)> {
        let id = self.in_use.as_deref()?;
        self.find(id).map(|head| (id, head))
    }

    /// The classes of the head in use; none where none is.
    pub fn labels(&self) -> &[String] {
        self.head_in_use().map_or(&[], |(_, head)| head.labels())
    }

    /// The backbone.
    pub fn backbone(&self) -> &Backbone {
        &self.backbone
    }

    /// What names the backbone.
    pub fn backbone_reference(&self) -> &BackboneReference {
        &self.reference
    }

    /// Class probabilities by the mean over views whose features are known, by the head in use: `[tiles, 8, width]` →
    /// `[tiles, num_classes]`.
    ///
    /// # Errors
    ///
    /// As [`classify_features`](Self::classify_features).
    pub async fn classify_view_features(&self, features: Vec<f32>) -> Result<Vec<f32>, InferenceError> {
        check_rows(&features, VIEWS * self.backbone.width())?;
        let probabilities = self.classify_features(features).await?;
        Ok(mean_over_views(&probabilities, VIEWS, self.labels().len()))
    }

    fn in_use(&self) -> Result<&Classification, InferenceError> {
        Ok(self.head_in_use().ok_or(InferenceError::NoClassifier)?.1.classification())
    }

    /// Classifies tiles, and gives the features that the classes rest on; those alone where no head is in use.
    ///
    /// # Errors
    ///
    /// [`InferenceError`] when the device fails or answers with values that are not numbers.
    pub async fn classify(&self, tiles: &[&Tile]) -> Result<Answers, InferenceError> {
        self.classify_images(self.backbone.images(tiles)).await
    }

    /// The same of images as [`Backbone::images`] makes them, `[batch, 3, crop_px, crop_px]`.
    ///
    /// # Errors
    ///
    /// As [`classify`](Self::classify), or when `images` is no whole number of images.
    pub async fn classify_images(&self, images: Vec<f32>) -> Result<Answers, InferenceError> {
        let Some((_, head)) = self.head_in_use() else {
            return Ok(Answers {
                features: self.backbone.features(images).await?,
                probabilities: Vec::new(),
            });
        };
        let (features, logits) = self.backbone.features_and_logits(images, &head.classification).await?;
        Ok(Answers { features, probabilities: head.classification.probabilities_of(logits)? })
    }

    /// Classifies a tile by the mean of the probabilities of its eight views ([`Backbone::views`]); gives the features
    /// of all of them, the tile as it stands first.
    ///
    /// # Errors
    ///
    /// As [`classify`](Self::classify).
    pub async fn classify_views(&self, tile: &Tile) -> Result<Answers, InferenceError> {
        let Answers { features, probabilities } = self.classify_images(self.backbone.views(tile)).await?;
        let num_classes = self.labels().len();
        if num_classes == 0 {
            return Ok(Answers { features, probabilities });
        }
        Ok(Answers { features, probabilities: mean_over_views(&probabilities, VIEWS, num_classes) })
    }

    /// Where in a tile a class of the head in use is seen; the class of the largest logit where none is named. It is of the
    /// tile as it stands, also where answers are the mean over its views.
    ///
    /// # Errors
    ///
    /// [`InferenceError`] when no head is in use, it has no such class, or the device fails.
    pub async fn heatmap(&self, tile: &Tile, class: Option<usize>) -> Result<Heatmap, InferenceError> {
        let (_, head) = self.head_in_use().ok_or(InferenceError::NoClassifier)?;
        let classes = head.labels().len();
        if let Some(class) = class.filter(|&class| class >= classes) {
            return Err(InferenceError::NoSuchClass { class, classes });
        }
        let maps = self.backbone.features_and_maps(self.backbone.images(&[tile])).await?;
        let class = match class {
            Some(class) => class,
            None => {
                let logits = head.classification.logits(maps.features.clone()).await?;
                check_finite(&logits)?;
                (0..classes)
                    .reduce(|best, class| if logits[class] > logits[best] { class } else { best })
                    .unwrap_or(0)
            }
        };
        Heatmap::new(&head.file, &maps, class, self.backbone.preprocessing().seen_shares(tile))
    }

    /// Class scores before softmax, by the head in use: `[tiles, width]` → `[tiles, num_classes]`.
    ///
    /// # Errors
    ///
    /// [`InferenceError`] when no head is in use, `features` is no whole number of rows, or the device fails.
    pub async fn logits(&self, features: Vec<f32>) -> Result<Vec<f32>, InferenceError> {
        self.in_use()?.logits(features).await
    }

    /// Class probabilities of tiles whose features are known, by the head in use: `[tiles, width]` →
    /// `[tiles, num_classes]`.
    ///
    /// # Errors
    ///
    /// As [`logits`](Self::logits), or when the answer is not a number.
    pub async fn classify_features(&self, features: Vec<f32>) -> Result<Vec<f32>, InferenceError> {
        self.in_use()?.probabilities(features).await
    }
}
