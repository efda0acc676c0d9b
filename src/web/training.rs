//! Training a head, one epoch at a time.

use serde::Deserialize;
use wasm_bindgen::prelude::*;

use super::engine::{Engine, Loaded};
use super::{device_kind, failure, now_ms, throwable, to_js};
use crate::model::architecture::FEATURES;
use crate::model::head::{ClassifierConfig, Head, HeadConfig};
use crate::model::model_file::{Manifest, ModelFile, Provenance, WeightsDtype};
use crate::training::head_learner::HeadLearner;
use crate::training::judging::Judging;
use crate::training::report::{HeadBefore, Report};
use crate::training::run::{Outcome, Run};
use crate::training::samples::Samples;
use crate::training::trainer::{Trainer, TrainingConfig};

/// Batches in an epoch of the measurement.
const MEASURED_BATCHES: usize = 4;

/// What the page asks for.
#[derive(Deserialize)]
struct Setup {
    /// The new classes, in the order of the logits.
    labels: Vec<String>,
    /// The class of each labelled tile.
    classes: Vec<usize>,
    /// Feature rows a tile: 1 or 8.
    views: usize,
    settings: TrainingConfig,
    /// Share of each class that judges.
    validation_fraction: f64,
    /// Whether to go on from the head that is loaded.
    from_current: bool,
    /// For each tile whether the loaded head learnt from it.
    has_seen: Vec<bool>,
    /// `cpu` or `webgpu`.
    device: String,
    /// Name and description of the new model.
    name: String,
    description: String,
}

/// A head in training.
#[wasm_bindgen]
pub struct HeadTraining {
    run: Run,
    before: HeadBefore,
    base: ModelFile,
    manifest: Manifest,
    head: HeadConfig,
}

/// A trained head in its model, and what it is worth.
#[wasm_bindgen]
pub struct FineTunedHead {
    report: Report,
    model: Vec<u8>,
}

#[wasm_bindgen]
impl FineTunedHead {
    /// The figures.
    #[wasm_bindgen(getter)]
    pub fn report(&self) -> JsValue {
        to_js(&self.report)
    }

    /// The model file: the backbone that was there, the new head, its labels and temperature.
    #[wasm_bindgen(getter)]
    pub fn model(&self) -> Vec<u8> {
        self.model.clone()
    }
}

#[wasm_bindgen]
impl HeadTraining {
    /// Prepares a run on the engine's backbone; `features` is `tiles × views × 576`.
    pub async fn create(
        engine: &Engine,
        setup: JsValue,
        features: Vec<f32>,
    ) -> Result<HeadTraining, JsValue> {
        let setup: Setup = serde_wasm_bindgen::from_value(setup)
            .map_err(|error| throwable("training.setting", error.to_string()))?;
        let Loaded { classifier, file } = engine.loaded()?;
        setup.settings.check().map_err(failure)?;
        let samples = setup.samples(features)?;
        let num_classes = setup.labels.len();
        let device = device_kind(&setup.device)?.open().await.map_err(failure)?;
        let judging = Judging::plan(&samples, setup.validation_fraction, setup.settings.seed);
        let known =
            |class: usize| file.manifest.labels.iter().position(|label| *label == setup.labels[class]);

        let judges = samples.select(&judging.tiles());
        let logits = classifier.logits(judges.first_views(0..judges.len())).await.map_err(failure)?;
        let before = HeadBefore {
            logits,
            known_classes: (0..num_classes).map(known).collect(),
            has_seen: setup.has_seen.clone(),
        };

        let head = setup.settings.head(num_classes);
        let mut random = setup.settings.random();
        let start = if setup.from_current {
            Head::going_on(head.clone(), &file.parameters, known, &mut random)
        } else {
            Head::random(head.clone(), &mut random)
        };
        Ok(Self {
            run: Run::new(setup.settings.clone(), start, samples, judging, &device).map_err(failure)?,
            before,
            manifest: setup.manifest(&file.manifest),
            base: file.clone(),
            head,
        })
    }

    /// Trains one epoch; returns how far the run is.
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
        let Self { run, before, base, manifest, .. } = self;
        let outcome = run.conclude().await.map_err(failure)?;
        finish(&outcome, before, &base, manifest)
    }

    /// Ends the run with the weights of a checkpoint that an earlier run of the same setup gave in `epoch`.
    #[wasm_bindgen(js_name = concludeWith)]
    pub fn conclude_with(self, checkpoint: Vec<f32>, epoch: u32) -> Result<FineTunedHead, JsValue> {
        let Self { run, before, base, manifest, head } = self;
        let Some(head) = Head::unflatten(head, &checkpoint) else {
            let message = "this checkpoint is none of a head of these settings and classes".into();
            return Err(throwable("training.checkpoint", message));
        };
        finish(&run.conclude_with(head, epoch as usize), before, &base, manifest)
    }
}

fn finish(
    outcome: &Outcome,
    before: HeadBefore,
    base: &ModelFile,
    manifest: Manifest,
) -> Result<FineTunedHead, JsValue> {
    let report = Report::new(outcome, Some(before), manifest.labels.len());
    let parameters = base.with_head(&outcome.head);
    let manifest = Manifest { temperature: report.temperature, ..manifest };
    let model = ModelFile { manifest, parameters }.to_bytes(WeightsDtype::Lossless).map_err(failure)?;
    Ok(FineTunedHead { report, model })
}

impl Setup {
    fn samples(&self, features: Vec<f32>) -> Result<Samples, JsValue> {
        let refuse = |message: &str| Err(throwable("training.setting", message.into()));
        let width = self.views.max(1) * FEATURES;
        if features.len() != self.classes.len() * width || self.has_seen.len() != self.classes.len() {
            return refuse("the features are not those of the labelled tiles");
        }
        if self.classes.iter().any(|&class| class >= self.labels.len()) {
            return refuse("a tile has a label that is no class");
        }
        if !(0.0..=0.5).contains(&self.validation_fraction) {
            return refuse("the validation fraction must be from 0 to 0.5");
        }
        Ok(Samples::of_rows(FEATURES, self.views.max(1), features, self.classes.clone()))
    }

    fn manifest(&self, base: &Manifest) -> Manifest {
        Manifest {
            name: self.name.clone(),
            labels: self.labels.clone(),
            classifier: ClassifierConfig::Head(self.settings.head(self.labels.len())),
            provenance: Provenance { description: self.description.clone(), ..base.provenance.clone() },
            ..base.clone()
        }
    }
}

/// Milliseconds that an epoch of four batches takes on a device, after one that warms it up.
#[wasm_bindgen(js_name = measureTraining)]
pub async fn measure_training(
    device: String,
    dense_neurons: usize,
    num_classes: usize,
    batch_size: usize,
) -> Result<f64, JsValue> {
    let device = device_kind(&device)?.open().await.map_err(failure)?;
    let config = TrainingConfig { dense_neurons, batch_size, ..TrainingConfig::default() };
    let mut samples = Samples::new(FEATURES, 1);
    for tile in 0..MEASURED_BATCHES * batch_size {
        samples.push(&[(tile % num_classes) as f32 / num_classes as f32; FEATURES], tile % num_classes);
    }
    let head = Head::random(config.head(num_classes), &mut config.random());
    let learner = HeadLearner::new(&head, &device);
    let trainer = Trainer::new(config, learner, num_classes, samples, Samples::new(FEATURES, 1));
    let mut trainer = trainer.map_err(failure)?;
    trainer.train_epoch().await.map_err(failure)?;
    let start_ms = now_ms();
    trainer.train_epoch().await.map_err(failure)?;
    Ok(now_ms() - start_ms)
}
