//! What turns pooled features into class logits: the trainable head, or the classifier that an
//! ImageNet checkpoint was trained with.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::architecture::Architecture;
use super::parameters::{LayerMismatch, Parameters};
use crate::kernels::Activation;

/// Width of the hidden layer of torchvision's classifier (paper, table 2: 1×1, 1024).
pub(crate) const IMAGENET_NEURONS: usize = 1024;

/// What the names of a classifier's weights begin with.
pub(super) const CLASSIFIER_PREFIXES: [&str; 2] = ["head.", "classifier."];

/// Whether a parameter of this name belongs to the classifier, and not to the backbone.
pub(super) fn is_classifier(name: &str) -> bool {
    CLASSIFIER_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The shape of a classifier, as the model file states it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "ClassifierEntry", into = "ClassifierEntry")]
pub enum ClassifierConfig {
    /// The trainable head: Dropout → Dense(ReLU) → Dense.
    Head(HeadConfig),
    /// The checkpoint's own classifier: Dense(hard-swish) → Dropout → Dense.
    ImageNet {
        /// Classes; 1000 for ImageNet.
        num_classes: usize,
    },
    /// None: a backbone that waits for a head.
    None,
}

/// How it stands in a file: one object, whose `kind` says which numbers it has. serde's own tagged enums would bring
/// along 4 kB that a visitor downloads.
#[derive(Serialize, Deserialize)]
struct ClassifierEntry {
    kind: ClassifierKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inputs: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dropout_rate: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dense_neurons: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    num_classes: Option<usize>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ClassifierKind {
    Head,
    ImageNet,
    None,
}

impl TryFrom<ClassifierEntry> for ClassifierConfig {
    type Error = String;

    fn try_from(entry: ClassifierEntry) -> Result<Self, String> {
        let missing = |name: &str| format!("a classifier without `{name}`");
        let num_classes = entry.num_classes.ok_or_else(|| missing("num_classes"));
        Ok(match entry.kind {
            ClassifierKind::Head => Self::Head(HeadConfig {
                inputs: entry.inputs.unwrap_or_else(features_of_old_files),
                dropout_rate: entry.dropout_rate.ok_or_else(|| missing("dropout_rate"))?,
                dense_neurons: entry.dense_neurons.ok_or_else(|| missing("dense_neurons"))?,
                num_classes: num_classes?,
            }),
            ClassifierKind::ImageNet => Self::ImageNet { num_classes: num_classes? },
            ClassifierKind::None => Self::None,
        })
    }
}

impl From<ClassifierConfig> for ClassifierEntry {
    fn from(config: ClassifierConfig) -> Self {
        let empty =
            |kind| Self { kind, inputs: None, dropout_rate: None, dense_neurons: None, num_classes: None };
        match config {
            ClassifierConfig::Head(HeadConfig { inputs, dropout_rate, dense_neurons, num_classes }) => Self {
                kind: ClassifierKind::Head,
                inputs: Some(inputs),
                dropout_rate: Some(dropout_rate),
                dense_neurons: Some(dense_neurons),
                num_classes: Some(num_classes),
            },
            ClassifierConfig::ImageNet { num_classes } => {
                Self { num_classes: Some(num_classes), ..empty(ClassifierKind::ImageNet) }
            }
            ClassifierConfig::None => empty(ClassifierKind::None),
        }
    }
}

impl ClassifierConfig {
    /// The two dense layers that every classifier is made of.
    pub(super) fn dense_layers(&self) -> Option<DenseLayers> {
        match self {
            Self::Head(HeadConfig { dense_neurons, .. }) => Some(DenseLayers {
                names: ["head.dense", "head.output"],
                neurons: *dense_neurons,
                activation: Activation::Relu,
            }),
            Self::ImageNet { .. } => Some(DenseLayers {
                names: ["classifier.0", "classifier.3"],
                neurons: IMAGENET_NEURONS,
                activation: Activation::HardSwish,
            }),
            Self::None => None,
        }
    }

    /// Number of classes that the classifier tells apart.
    pub fn num_classes(&self) -> usize {
        match self {
            Self::Head(config) => config.num_classes,
            Self::ImageNet { num_classes } => *num_classes,
            Self::None => 0,
        }
    }
}

/// Features → hidden neurons → logits, by the names of the weights.
pub(super) struct DenseLayers {
    /// Of the hidden layer and of the output.
    pub names: [&'static str; 2],
    /// Width of the hidden layer.
    pub neurons: usize,
    /// Of the hidden layer; the output has none.
    pub activation: Activation,
}

/// The shape of the trainable head.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadConfig {
    /// Features that it reads: as many as its backbone gives. Files of formats 1 and 2 do not say it.
    pub inputs: usize,
    /// Share of the features that are set to zero in training, 0 to 1.
    pub dropout_rate: f64,
    /// Width of the hidden layer.
    pub dense_neurons: usize,
    /// Number of classes.
    pub num_classes: usize,
}

/// The only architecture that there was.
fn features_of_old_files() -> usize {
    Architecture::MobileNetV3Small.features()
}

impl HeadConfig {
    /// Its parameters: name, shape, and the inputs of the layer that each belongs to.
    fn shapes(&self) -> [(&'static str, Vec<usize>, usize); 4] {
        let Self { inputs, dense_neurons, num_classes, .. } = *self;
        [
            ("head.dense.weight", vec![dense_neurons, inputs], inputs),
            ("head.dense.bias", vec![dense_neurons], inputs),
            ("head.output.weight", vec![num_classes, dense_neurons], dense_neurons),
            ("head.output.bias", vec![num_classes], dense_neurons),
        ]
    }
}

/// A head: Dropout → Dense(ReLU) → Dense, by its weights. Where it runs it is loaded from them.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    config: HeadConfig,
    parameters: Parameters,
}

impl Head {
    /// The head among `parameters`.
    ///
    /// # Errors
    ///
    /// [`LayerMismatch`] naming the layer that is missing or has another shape.
    pub fn new(config: HeadConfig, parameters: &Parameters) -> Result<Self, LayerMismatch> {
        let mut own = Parameters::default();
        for (name, shape, _) in config.shapes() {
            own.insert(name, shape.clone(), parameters.get(name, &shape)?.values.clone());
        }
        Ok(Self { config, parameters: own })
    }

    /// A head that knows nothing: weights between ±1/√inputs, as PyTorch and burn draw them for a dense layer.
    pub fn random(config: HeadConfig, random: &mut ChaCha8Rng) -> Self {
        let mut parameters = Parameters::default();
        for (name, shape, inputs) in config.shapes() {
            let bound = 1.0 / (inputs as f32).sqrt();
            let count = shape.iter().product::<usize>();
            parameters.insert(name, shape, (0..count).map(|_| random.random_range(-bound..bound)).collect());
        }
        Self { config, parameters }
    }

    /// A head that begins with what `known`, a head's parameters, has learnt: its hidden layer, and its output for each
    /// class that `known_class` finds in it; other outputs are drawn. None where the hidden layer is not as wide.
    pub fn warm_start(
        config: HeadConfig,
        known: &Parameters,
        known_class: impl Fn(usize) -> Option<usize>,
        random: &mut ChaCha8Rng,
    ) -> Option<Self> {
        let [(dense, shape, _), ..] = config.shapes();
        if known.shape(dense) != Some(&shape) {
            return None;
        }
        let mut head = Self::random(config, random);
        for name in ["head.dense.weight", "head.dense.bias"] {
            head.parameters.copy_rows(known, name, Some);
        }
        for name in ["head.output.weight", "head.output.bias"] {
            head.parameters.copy_rows(known, name, &known_class);
        }
        Some(head)
    }

    /// Its shape.
    pub fn config(&self) -> &HeadConfig {
        &self.config
    }

    /// `head.dense` and `head.output`.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Values of one of its parameters.
    pub(crate) fn values(&self, name: &str) -> &[f32] {
        let parameter = self.parameters.iter().find(|(found, _)| *found == name);
        &parameter.expect("a head has all its parameters").1.values
    }

    /// All parameters in one row.
    pub fn flatten(&self) -> Vec<f32> {
        self.config.shapes().iter().flat_map(|(name, ..)| self.values(name)).copied().collect()
    }

    /// The head of a row that [`flatten`](Self::flatten) made; none of a row of another length.
    pub fn unflatten(config: HeadConfig, row: &[f32]) -> Option<Self> {
        let (mut parameters, mut rest) = (Parameters::default(), row);
        for (name, shape, _) in config.shapes() {
            let (values, others) = rest.split_at_checked(shape.iter().product())?;
            parameters.insert(name, shape, values.to_vec());
            rest = others;
        }
        rest.is_empty().then_some(Self { config, parameters })
    }
}
