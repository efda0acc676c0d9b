//! Training a head, one epoch at a time.

use std::collections::HashSet;

use serde::Deserialize;
use tsify::Tsify;
use wasm_bindgen::prelude::*;

use super::features::Features;
use super::numbers::whole;
use super::{device_kind, failure, now_ms, throwable, to_js};
use crate::device::Device;
use crate::limits::{MAX_CLASSES, MAX_DENSE_NEURONS};
use crate::model::backbone::VIEWS;
use crate::model::classification::Classification;
use crate::model::head::{ClassifierConfig, Head, HeadConfig};
use crate::model::manifest::{Manifest, Provenance};
use crate::model::model_file::{ModelFile, WeightsDtype};
use crate::raster::Preparation;
use crate::training::groups::Groups;
use crate::training::head_learner::{HeadLearner, Start};
use crate::training::report::{HeadBefore, Report};
use crate::training::run::{Outcome, Run};
use crate::training::samples::{Samples, Subset};
use crate::training::trainer::{Trainer, TrainingConfig};
use crate::training::validation::{Plan, Validation};

/// Batches in an epoch of the measurement.
const MEASURED_BATCHES: usize = 4;

/// The most tiles a step of the measurement.
const MAX_MEASURED_BATCH: usize = 4096;

/// What the page asks for.
#[derive(Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct TrainingSetup {
    /// The new classes, in the order of the logits.
    labels: Vec<String>,
    /// The class of each labelled tile.
    classes: Vec<usize>,
    /// Feature rows a tile: 1 or 8.
    views: usize,
    /// How to train.
    settings: TrainingConfig,
    /// Share of each class that judges.
    validation_fraction: f64,
    /// Whether to begin with what the head in use has learnt.
    from_current: bool,
    /// For each tile whether the head in use learnt from it.
    has_seen: Vec<bool>,
    /// The group of each labelled tile, where tiles of one place are alike: none judges what learnt from its own; empty
    /// where each tile is by itself.
    #[serde(default)]
    groups: Vec<usize>,
    /// Tiles of different groups that see the same ground, or adjoin.
    #[serde(default)]
    touching: Vec<[usize; 2]>,
    /// Where to train.
    #[tsify(type = "'cpu' | 'webgpu'")]
    device: String,
    /// Name of the new head.
    name: String,
    /// What it was trained on and how.
    description: String,
    /// What it is for, in one line.
    #[serde(default)]
    purpose: String,
    /// What it was trained on, in one line.
    #[serde(default)]
    data: String,
    /// How the labelled tiles became colours; empty where all are pictures of 8 bits.
    #[serde(default)]
    preparations: Vec<Preparation>,
}

/// A head in training.
#[wasm_bindgen]
pub struct HeadTraining {
    run: Run,
    before: Option<HeadBefore>,
    manifest: Manifest,
    head: HeadConfig,
}

/// A trained head, and what it is worth.
#[wasm_bindgen]
pub struct FineTunedHead {
    report: JsValue,
    head: Vec<u8>,
}

#[wasm_bindgen]
impl FineTunedHead {
    /// The figures.
    #[wasm_bindgen(getter, unchecked_return_type = "Report")]
    pub fn report(&self) -> JsValue {
        self.report.clone()
    }

    /// The head's file, with its labels, its temperature and the name of its backbone. Empty when it is asked for again.
    #[wasm_bindgen(js_name = takeHead)]
    pub fn take_head(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.head)
    }
}

#[wasm_bindgen]
impl HeadTraining {
    /// Prepares a run on the features of a backbone. `manifest` and `headInUse` are what `Engine.headManifest` and
    /// `Engine.headFile` gave; `features` holds `tiles × views` rows, and is used up.
    pub async fn create(
        manifest: &str,
        #[wasm_bindgen(js_name = headInUse)] head_in_use: Option<Vec<u8>>,
        #[wasm_bindgen(unchecked_param_type = "TrainingSetup")] setup: JsValue,
        features: Features,
    ) -> Result<HeadTraining, JsValue> {
        let setup: TrainingSetup = serde_wasm_bindgen::from_value(setup)
            .map_err(|error| throwable("training.setting", error.to_string()))?;
        let base: Manifest = serde_json::from_str(manifest)
            .map_err(|error| throwable("training.setting", error.to_string()))?;
        let head_in_use =
            head_in_use.map(|file| ModelFile::from_bytes(&file)).transpose().map_err(failure)?;
        setup.settings.check().map_err(failure)?;
        setup.check_classes()?;
        let width = base.architecture.features();
        let samples = setup.samples(features, width)?;
        let device = device_kind(&setup.device)?.open().await.map_err(failure)?;
        let plan = Plan::new(&samples, setup.groups(), setup.validation_fraction, setup.settings.seed);
        let before = setup.head_before(head_in_use.as_ref(), &samples, &plan.validation).await?;
        let head = setup.settings.head(width, setup.labels.len());
        let start = setup.start(head_in_use.as_ref(), &head);
        Ok(Self {
            run: Run::new(setup.settings.clone(), start, samples, plan, &device).map_err(failure)?,
            before,
            manifest: setup.manifest(base, &head),
            head,
        })
    }

    /// Trains one epoch; returns how far the run is.
    #[wasm_bindgen(unchecked_return_type = "Progress")]
    pub async fn epoch(&mut self) -> Result<JsValue, JsValue> {
        self.run.train_epoch().await.map(|progress| to_js(&progress)).map_err(failure)
    }

    /// The weights of the best head so far, to end the run with where the device is lost; empty where there is none.
    pub async fn checkpoint(&self) -> Result<Vec<f32>, JsValue> {
        let head = self.run.checkpoint().await.map_err(failure)?;
        Ok(head.map(|head| head.flatten()).unwrap_or_default())
    }

    /// The epoch of that head.
    #[wasm_bindgen(getter, js_name = bestEpoch)]
    pub fn best_epoch(&self) -> usize {
        self.run.best_epoch()
    }

    /// Ends the run with the best head so far, and judges it.
    pub async fn conclude(self) -> Result<FineTunedHead, JsValue> {
        let Self { run, before, manifest, .. } = self;
        let outcome = run.conclude().await.map_err(failure)?;
        finish(&outcome, before, manifest)
    }

    /// Ends the run with the weights of a checkpoint that an earlier run of the same setup gave in `epoch`.
    #[wasm_bindgen(js_name = concludeWith)]
    pub fn conclude_with(self, checkpoint: Vec<f32>, epoch: f64) -> Result<FineTunedHead, JsValue> {
        let Self { run, before, manifest, head } = self;
        let epoch = whole("the epoch", epoch, 0..=u32::MAX as usize)?;
        let Some(head) = Head::unflatten(head, &checkpoint) else {
            let message = "this checkpoint is none of a head of these settings and classes".into();
            return Err(throwable("training.checkpoint", message));
        };
        finish(&run.conclude_with(head, epoch), before, manifest)
    }
}

fn finish(
    outcome: &Outcome,
    before: Option<HeadBefore>,
    manifest: Manifest,
) -> Result<FineTunedHead, JsValue> {
    let report = Report::new(outcome, before, manifest.labels.len());
    let manifest = Manifest { temperature: report.temperature, ..manifest };
    let file = ModelFile { manifest, parameters: outcome.head.parameters().clone() };
    let head = file.to_bytes(WeightsDtype::Lossless).map_err(failure)?;
    Ok(FineTunedHead { report: to_js(&report), head })
}

impl TrainingSetup {
    fn check_classes(&self) -> Result<(), JsValue> {
        let refuse = |message: String| Err(throwable("training.setting", message));
        let classes = self.labels.len();
        if !(2..=MAX_CLASSES).contains(&classes) {
            return refuse(format!("there are {classes} classes; a head tells 2 to {MAX_CLASSES} apart"));
        }
        if self.labels.iter().collect::<HashSet<_>>().len() < classes {
            return refuse("two classes have the same name: rename one of them".into());
        }
        if self.classes.iter().any(|&class| class >= classes) {
            return refuse("a tile has a label that is no class".into());
        }
        if !(0.0..=0.5).contains(&self.validation_fraction) {
            return refuse("the validation fraction must be from 0 to 0.5".into());
        }
        let tiles = self.classes.len();
        if !self.groups.is_empty() && self.groups.len() != tiles {
            return refuse(format!("{} tiles have a group, of {tiles}", self.groups.len()));
        }
        if self.touching.as_flattened().iter().any(|&tile| tile >= tiles) {
            return refuse("a tile touches one that is not there".into());
        }
        Ok(())
    }

    fn groups(&self) -> Option<Groups> {
        let groups = Groups { of_tile: self.groups.clone(), touching: self.touching.clone() };
        (!groups.of_tile.is_empty()).then_some(groups)
    }

    fn samples(&self, features: Features, width: usize) -> Result<Samples, JsValue> {
        let (found_width, rows) = features.into_rows();
        let fits = (1..=VIEWS).contains(&self.views)
            && found_width == width
            && rows.len() == self.classes.len() * self.views * width
            && self.has_seen.len() == self.classes.len();
        if !fits {
            let message = "the features are not those of the labelled tiles: compute them anew".into();
            return Err(throwable("training.setting", message));
        }
        Ok(Samples::of_rows(width, self.views, rows, self.classes.clone()))
    }

    /// What the head in use says of the tiles that judge; none where no head is in use.
    async fn head_before(
        &self,
        head: Option<&ModelFile>,
        samples: &Samples,
        validation: &Validation,
    ) -> Result<Option<HeadBefore>, JsValue> {
        let Some(head) = head else { return Ok(None) };
        let Some(classification) = Classification::load(head, &Device::Cpu).map_err(failure)? else {
            return Ok(None);
        };
        let judges = samples.first_views(validation.tiles());
        let labels = classification.labels();
        Ok(Some(HeadBefore {
            logits: classification.logits(judges).await.map_err(failure)?,
            known_classes: (0..self.labels.len()).map(|class| self.known(class, labels)).collect(),
            has_seen: self.has_seen.clone(),
        }))
    }

    /// Which of `labels` a new class is.
    fn known(&self, class: usize, labels: &[String]) -> Option<usize> {
        labels.iter().position(|label| *label == self.labels[class])
    }

    fn start(&self, head_in_use: Option<&ModelFile>, head: &HeadConfig) -> Start {
        let mut random = self.settings.random();
        match head_in_use {
            Some(known) if self.from_current => {
                let class = |class| self.known(class, &known.manifest.labels);
                Start::warm(head.clone(), &known.parameters, class, &mut random)
            }
            _ => Start::Scratch(Head::random(head.clone(), &mut random)),
        }
    }

    fn manifest(&self, base: Manifest, head: &HeadConfig) -> Manifest {
        Manifest {
            name: self.name.clone(),
            purpose: self.purpose.clone(),
            data: self.data.clone(),
            labels: self.labels.clone(),
            preparations: self.preparations.clone(),
            classifier: ClassifierConfig::Head(head.clone()),
            provenance: Provenance { description: self.description.clone(), ..base.provenance },
            ..base
        }
    }
}

/// Milliseconds that an epoch of four batches takes on a device, after one that warms it up.
#[wasm_bindgen(js_name = measureTraining)]
pub async fn measure_training(
    #[wasm_bindgen(js_name = featureWidth)] feature_width: f64,
    #[wasm_bindgen(unchecked_param_type = "'cpu' | 'webgpu'")] device: String,
    #[wasm_bindgen(js_name = denseNeurons)] dense_neurons: f64,
    #[wasm_bindgen(js_name = classCount)] class_count: f64,
    #[wasm_bindgen(js_name = batchSize)] batch_size: f64,
) -> Result<f64, JsValue> {
    let width = whole("the width of a row", feature_width, 1..=1 << 16)?;
    let dense_neurons = whole("the number of neurons", dense_neurons, 1..=MAX_DENSE_NEURONS)?;
    let class_count = whole("the number of classes", class_count, 2..=MAX_CLASSES)?;
    let batch_size = whole("the batch size", batch_size, 1..=usize::MAX)?.min(MAX_MEASURED_BATCH);
    let device = device_kind(&device)?.open().await.map_err(failure)?;
    let config = TrainingConfig { dense_neurons, batch_size, ..TrainingConfig::default() };
    let mut samples = Samples::new(width, 1);
    let row = |class: usize| vec![class as f32 / class_count as f32; width];
    // Two at least, so that there are two classes to tell apart.
    for tile in 0..(MEASURED_BATCHES * batch_size).max(2) {
        samples.push(&row(tile % class_count), tile % class_count);
    }
    let samples = Subset::from(samples);
    let start = Start::Scratch(Head::random(config.head(width, class_count), &mut config.random()));
    let learner = HeadLearner::new(&start, &config, &samples, &device);
    let trainer = Trainer::new(config, learner, class_count, samples, Samples::new(width, 1));
    let mut trainer = trainer.map_err(failure)?;
    trainer.train_epoch().await.map_err(failure)?;
    let start_ms = now_ms();
    trainer.train_epoch().await.map_err(failure)?;
    Ok(now_ms() - start_ms)
}
