//! Heads trained on drawn labels and judged by the other tiles, on all cores.

use std::sync::Arc;

use anyhow::Result;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use serde::Serialize;
use tilelens::device::Device;
use tilelens::model::classification::{mean_over_views, softmax};
use tilelens::model::head::Head;
use tilelens::training::burn::{BurnLearner, LinearClassifier};
use tilelens::training::head_learner::{HeadLearner, Start};
use tilelens::training::learner::Learner;
use tilelens::training::metrics::{argmax, mean_interval};
use tilelens::training::samples::{Samples, Statistics, Subset};
use tilelens::training::trainer::{Trainer, TrainingConfig};

use super::sweep::Setting;
use super::tiles::{in_order, progress_bar};

/// Tiles that are judged at once.
const JUDGED_AT_ONCE: usize = 256;

/// One way to classify with so many labels.
#[derive(Serialize)]
pub struct Row {
    pub classifier: String,
    shots: usize,
    pub mean: f64,
    /// Half of the mean's 95 % interval over the draws.
    pub interval: f64,
    accuracies: Vec<f64>,
}

/// A way to learn from labelled tiles.
pub struct Contender {
    pub name: String,
    pub samples: Arc<Samples>,
    pub setting: Setting,
    pub kind: Kind,
}

pub enum Kind {
    /// A head on the backbone's features.
    Head,
    /// The same, on features that have any scale.
    HeadOnRandom,
    /// One dense layer on colour histograms.
    Linear,
}

/// The labelled tiles of one draw, and those that judge.
pub struct Draw {
    shots: usize,
    seed: u64,
    labelled: Vec<usize>,
    others: Vec<usize>,
}

/// Every contender on every draw, on all cores: a row for each contender and number of labels.
pub fn try_all(contenders: &[Contender], draws: &[Draw], classes: usize) -> Result<Vec<Row>> {
    let bar = progress_bar(contenders.len() * draws.len(), "Draws");
    let jobs: Vec<_> = contenders.iter().flat_map(|one| draws.iter().map(move |draw| (one, draw))).collect();
    let mut accuracies = Vec::new();
    let judge = |(contender, draw): &(&Contender, &Draw)| {
        let accuracy = contender.accuracy(draw, classes);
        bar.inc(1);
        accuracy
    };
    in_order(&jobs, judge, |_, accuracy| {
        accuracies.push(accuracy?);
        Ok(())
    })?;
    bar.finish_and_clear();
    let tried: Vec<_> = jobs.into_iter().zip(accuracies).collect();
    let of_one = |((a, x), _): &((&Contender, &Draw), f64), ((b, y), _): &((&Contender, &Draw), f64)| {
        std::ptr::eq(*a, *b) && x.shots == y.shots
    };
    let row = |tried: &[((&Contender, &Draw), f64)]| {
        let accuracies: Vec<f64> = tried.iter().map(|(_, accuracy)| *accuracy).collect();
        let (mean, interval) = mean_interval(&accuracies);
        let (contender, draw) = tried[0].0;
        Row { classifier: contender.name.clone(), shots: draw.shots, mean, interval, accuracies }
    };
    Ok(tried.chunk_by(of_one).map(row).collect())
}

impl Draw {
    /// Draws `shots` tiles of each class.
    ///
    /// # Panics
    ///
    /// When a class has fewer.
    pub fn new(labels: &[usize], classes: usize, shots: usize, seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let (mut labelled, mut others) = (Vec::new(), Vec::new());
        for class in 0..classes {
            let mut tiles: Vec<usize> = (0..labels.len()).filter(|&tile| labels[tile] == class).collect();
            tiles.shuffle(&mut random);
            labelled.extend(&tiles[..shots]);
            others.extend(&tiles[shots..]);
        }
        Self { shots, seed, labelled, others }
    }
}

impl Contender {
    /// Trains on the labelled tiles and judges by all the others.
    fn accuracy(&self, draw: &Draw, classes: usize) -> Result<f64> {
        let config = TrainingConfig { seed: draw.seed, ..self.setting.config.clone() };
        let labelled = self.samples.select(&draw.labelled);
        let labelled = if self.setting.augmentation { labelled } else { labelled.as_they_stand() };
        // Random features and histograms have any scale: their classifiers get them in one that they can learn from.
        let statistics = (!matches!(self.kind, Kind::Head)).then(|| labelled.statistics());
        let labelled = match &statistics {
            Some(statistics) => labelled.standardised(statistics),
            None => labelled,
        };
        let (labelled, width) = (Subset::from(labelled), self.samples.width());
        let judge =
            Judge { samples: &self.samples, view_average: self.setting.view_average, statistics, classes };
        match self.kind {
            Kind::Head | Kind::HeadOnRandom => {
                let start = Start::Scratch(Head::random(config.head(width, classes), &mut config.random()));
                let learner = HeadLearner::new(&start, &config, &labelled, &Device::Cpu);
                judge.accuracy(trained(config, learner, classes, labelled)?.learner(), &draw.others)
            }
            Kind::Linear => {
                let device = Device::Cpu.to_burn();
                let network = LinearClassifier::new(width, classes, &device);
                let learner = BurnLearner::new(network, &config, &device);
                judge.accuracy(trained(config, learner, classes, labelled)?.learner(), &draw.others)
            }
        }
    }
}

/// So few tiles cannot spare any for validation: the last epoch counts.
fn trained<L: Learner>(
    config: TrainingConfig,
    learner: L,
    classes: usize,
    labelled: Subset,
) -> Result<Trainer<L>> {
    let nothing = Subset::from(Samples::new(1, 1));
    let mut trainer = Trainer::new(config, learner, classes, labelled, nothing)?;
    pollster::block_on(trainer.train(|_| ()))?;
    Ok(trainer)
}

/// Asks a trained network about tiles.
struct Judge<'a> {
    samples: &'a Samples,
    view_average: bool,
    statistics: Option<Statistics>,
    classes: usize,
}

impl Judge<'_> {
    /// The share of `tiles` that it has right.
    fn accuracy(&self, learner: &impl Learner, tiles: &[usize]) -> Result<f64> {
        let (samples, classes) = (self.samples, self.classes);
        let mut right = 0;
        for tiles in tiles.chunks(JUDGED_AT_ONCE) {
            let (mut rows, views) = match self.view_average {
                true => (samples.all_views(tiles.iter().copied()), samples.view_count()),
                false => (samples.first_views(tiles.iter().copied()), 1),
            };
            if let Some(statistics) = &self.statistics {
                statistics.standardise(&mut rows);
            }
            let logits = pollster::block_on(learner.logits(rows, tiles.len() * views))?;
            let probabilities = mean_over_views(&softmax(logits, classes, 1.0), views, classes);
            let answers = probabilities.chunks(classes).zip(tiles);
            right += answers.filter(|&(row, &tile)| argmax(row) == samples.labels()[tile]).count();
        }
        Ok(right as f64 / tiles.len() as f64)
    }
}
