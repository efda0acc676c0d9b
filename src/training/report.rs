//! What a new head is worth: judged by tiles that it never saw, against the head before it and against what needs no
//! training, with the labels that may be wrong.

use std::collections::HashMap;

use serde::Serialize;

use super::calibration::fit_temperature;
use super::metrics::{Comparison, Evaluation, ReliabilityBin, argmax, grouped_interval, reliability};
use super::neighbours::{Gallery, nearest_mean};
use super::run::Outcome;
use super::samples::{Samples, class_counts};
use super::split::Split;
use super::validation::{Grouping, Plan, Validation};
use crate::model::classification::softmax;

/// The head before the new one, asked about the same tiles.
#[derive(Debug, Clone)]
pub struct HeadBefore {
    /// Its logits of the tiles of [`Validation::tiles`], `[tiles, its classes]`.
    pub logits: Vec<f32>,
    /// For each of the new classes the old one of the same name.
    pub known_classes: Vec<Option<usize>>,
    /// For each labelled tile whether that head learnt from it.
    pub has_seen: Vec<bool>,
}

/// How the head before compares.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(
    target_family = "wasm",
    derive(tsify::Tsify),
    serde(rename_all = "camelCase"),
    tsify(missing_as_null)
)]
pub struct BeforeAndAfter {
    /// On the tiles of the classes that both know; none where that is no tile, or one class alone.
    pub comparison: Option<Comparison>,
    /// Classes that both know.
    pub known_classes: usize,
    /// Of the tiles compared, those that the head before learnt from: they flatter it.
    pub seen_before: usize,
}

/// Tiles that are alike for where they are, and what that did to the figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(
    target_family = "wasm",
    derive(tsify::Tsify),
    serde(rename_all = "camelCase"),
    tsify(missing_as_null)
)]
pub struct GroupFigures {
    /// Groups that the labelled tiles lie in.
    pub groups: usize,
    /// Whether all figures are by groups that were kept apart. Else they are by tiles drawn at random, because fewer than
    /// two classes have tiles in groups apart; they flatter.
    pub kept_apart: bool,
    /// Classes with tiles none of which could judge by groups: all lie in one, or touch each other.
    pub unjudged_classes: Vec<usize>,
    /// The head judged by groups, against how it would have looked with tiles drawn at random; on the tiles that judged in
    /// both. None where groups were not kept apart, or the run ended before that was tried.
    pub against_random: Option<Comparison>,
}

/// One tile that judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify), serde(rename_all = "camelCase"))]
pub struct Prediction {
    /// Index among the labelled tiles.
    pub tile: usize,
    /// Its label.
    pub label: usize,
    /// The most probable class.
    pub predicted: usize,
    /// That class's probability.
    pub confidence: f32,
    /// The label's probability.
    pub label_probability: f32,
}

/// A label that may be wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify), serde(rename_all = "camelCase"))]
pub struct DoubtfulLabel {
    /// Index among the labelled tiles.
    pub tile: usize,
    /// The class that its neighbours have.
    pub suggested: usize,
}

/// What a run came to, in figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(
    target_family = "wasm",
    derive(tsify::Tsify),
    serde(rename_all = "camelCase"),
    tsify(missing_as_null)
)]
pub struct Report {
    /// Epochs that the head was trained.
    pub epoch: usize,
    /// Labelled tiles.
    pub tiles: usize,
    /// Parts of the cross-validation; 1 where tiles were held out, 0 where nothing could be judged.
    pub folds: usize,
    /// What logits are divided by.
    pub temperature: f32,
    /// The new head's figures; none where nothing could be judged.
    pub evaluation: Option<Evaluation>,
    /// Confidence against accuracy.
    pub reliability: Vec<ReliabilityBin>,
    /// Every tile that judged.
    pub predictions: Vec<Prediction>,
    /// Where tiles are in groups; none where each tile is by itself.
    pub grouping: Option<GroupFigures>,
    /// Against the head before.
    pub before: Option<BeforeAndAfter>,
    /// Against calling every tile what most training tiles are.
    pub majority: Option<Comparison>,
    /// Against the nearest class mean.
    pub nearest_mean: Option<Comparison>,
    /// Labels that may be wrong.
    pub doubtful_labels: Vec<DoubtfulLabel>,
    /// Copies of one picture that bear different labels, each with the first of them.
    pub contradictions: Vec<[usize; 2]>,
}

impl Report {
    /// Judges what a run came to.
    pub fn new(outcome: &Outcome, before: Option<HeadBefore>, num_classes: usize) -> Self {
        let Outcome { samples, plan: Plan { validation: plan, grouping }, .. } = outcome;
        // A head whose device was lost in a cross-validation has no answers to be judged by.
        let judges = if outcome.answers.is_empty() { Vec::new() } else { plan.tiles() };
        let labels_of =
            |tiles: &[usize]| -> Vec<usize> { tiles.iter().map(|&tile| samples.labels()[tile]).collect() };
        let labels = labels_of(&judges);
        let logits: Vec<f32> =
            outcome.answers.iter().map(|answer| answer.max(f32::MIN_POSITIVE).ln()).collect();
        let temperature = fit_temperature(&logits, &labels, num_classes);
        let probabilities = softmax(logits, num_classes, temperature);
        let predictions: Vec<Prediction> = probabilities
            .chunks(num_classes)
            .zip(&judges)
            .map(|(row, &tile)| prediction(row, tile, samples.labels()[tile]))
            .collect();
        let right: Vec<bool> = predictions.iter().map(|found| found.predicted == found.label).collect();
        let against = |predicted: Vec<usize>| {
            let other: Vec<bool> = predicted.iter().zip(&labels).map(|(a, b)| a == b).collect();
            (!judges.is_empty()).then(|| Comparison::new(&right, &other))
        };
        let evaluation = (!judges.is_empty()).then(|| {
            let found = Evaluation::new(&probabilities, &labels, num_classes);
            match grouping.as_ref().filter(|grouping| grouping.at_random.is_some()) {
                Some(Grouping { groups, .. }) => {
                    let groups: Vec<usize> = judges.iter().map(|&tile| groups.of_tile[tile]).collect();
                    Evaluation { interval: grouped_interval(&right, &groups), ..found }
                }
                None => found,
            }
        });
        let against_random = outcome.answers_at_random.as_deref().and_then(|answers| {
            let at_random = outcome.plan.at_random()?.tiles();
            compare_with_random(&predictions, &at_random, answers, samples)
        });
        let gallery = Gallery::new(samples.first_views(0..samples.len()), samples.width());
        let suspects = gallery.suspects(samples.labels());
        let is_confirmed = |tile: usize, suggested: usize| {
            predictions
                .iter()
                .find(|found| found.tile == tile)
                .is_none_or(|found| found.predicted == suggested)
        };
        let labels_differ = |(tile, &original): (usize, &usize)| {
            (samples.labels()[tile] != samples.labels()[original]).then_some([tile, original])
        };
        Self {
            epoch: outcome.epoch,
            tiles: samples.len(),
            folds: if judges.is_empty() { 0 } else { plan.splits().len() },
            temperature,
            evaluation,
            reliability: reliability(&probabilities, &labels, num_classes),
            grouping: grouping.as_ref().map(|grouping| GroupFigures {
                groups: grouping.groups.count(),
                kept_apart: grouping.at_random.is_some(),
                unjudged_classes: grouping.unjudged_classes.clone(),
                against_random,
            }),
            before: before.map(|before| compare_before(&before, &judges, &labels, &right)),
            majority: against(by_split(plan, |Split { training, validation }| {
                vec![most_frequent(&labels_of(training), num_classes); validation.len()]
            })),
            nearest_mean: against(by_split(plan, |Split { training, validation }| {
                let [features, queries] =
                    [training, validation].map(|tiles| samples.first_views(tiles.iter().copied()));
                nearest_mean(&features, &labels_of(training), &queries, samples.width())
            })),
            doubtful_labels: suspects
                .into_iter()
                .filter(|suspect| is_confirmed(suspect.tile, suspect.suggested))
                .map(|suspect| DoubtfulLabel { tile: suspect.tile, suggested: suspect.suggested })
                .collect(),
            contradictions: samples.originals().iter().enumerate().filter_map(labels_differ).collect(),
            predictions,
        }
    }
}

/// What a classifier without training says of the tiles that judge, learning from each split's other tiles.
fn by_split(plan: &Validation, classify: impl Fn(&Split) -> Vec<usize>) -> Vec<usize> {
    plan.splits().iter().flat_map(classify).collect()
}

/// Compares on the tiles that judged by groups and at random; `answers` are those of the tiles of `at_random`.
fn compare_with_random(
    by_groups: &[Prediction],
    at_random: &[usize],
    answers: &[f32],
    samples: &Samples,
) -> Option<Comparison> {
    let num_classes = answers.len() / at_random.len().max(1);
    let rows = answers.chunks(num_classes.max(1)).zip(at_random);
    let right_at_random: HashMap<usize, bool> =
        rows.map(|(row, &tile)| (tile, argmax(row) == samples.labels()[tile])).collect();
    let (right, other): (Vec<bool>, Vec<bool>) = by_groups
        .iter()
        .filter_map(|found| Some((found.predicted == found.label, *right_at_random.get(&found.tile)?)))
        .unzip();
    (!right.is_empty()).then(|| Comparison::new(&right, &other))
}

/// Compares on the tiles whose class the head before knows, where that head may choose among those classes alone.
fn compare_before(before: &HeadBefore, judges: &[usize], labels: &[usize], right: &[bool]) -> BeforeAndAfter {
    let known: Vec<(usize, usize)> =
        before.known_classes.iter().enumerate().filter_map(|(class, old)| Some((class, (*old)?))).collect();
    let old_classes = before.logits.len() / judges.len().max(1);
    let (mut new_right, mut old_right, mut seen_before) = (Vec::new(), Vec::new(), 0);
    for (row, ((&tile, &label), &right)) in judges.iter().zip(labels).zip(right).enumerate() {
        if before.known_classes[label].is_none() {
            continue;
        }
        let scores: Vec<f32> = known.iter().map(|&(_, old)| before.logits[row * old_classes + old]).collect();
        old_right.push(known[argmax(&scores)].0 == label);
        new_right.push(right);
        seen_before += usize::from(before.has_seen[tile]);
    }
    let is_comparable = known.len() > 1 && !new_right.is_empty();
    BeforeAndAfter {
        comparison: is_comparable.then(|| Comparison::new(&new_right, &old_right)),
        known_classes: known.len(),
        seen_before,
    }
}

fn prediction(probabilities: &[f32], tile: usize, label: usize) -> Prediction {
    let predicted = argmax(probabilities);
    let [confidence, label_probability] = [predicted, label].map(|class| probabilities[class]);
    Prediction { tile, label, predicted, confidence, label_probability }
}

fn most_frequent(labels: &[usize], num_classes: usize) -> usize {
    let counts: Vec<f32> = class_counts(labels, num_classes).into_iter().map(|count| count as f32).collect();
    argmax(&counts)
}
