//! Tiles of one place are alike: figures by groups are near the truth where those of a random split flatter.

#![cfg(not(target_family = "wasm"))]

use pollster::block_on;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use serde::Deserialize;
use tilelens::device::Device;
use tilelens::model::cpu::classification::Classification;
use tilelens::model::head::Head;
use tilelens::training::groups::Groups;
use tilelens::training::head_learner::Start;
use tilelens::training::metrics::{Verdict, argmax};
use tilelens::training::report::Report;
use tilelens::training::run::{Outcome, Phase, Run};
use tilelens::training::samples::Samples;
use tilelens::training::trainer::{TrainingConfig, TrainingError};
use tilelens::training::validation::Plan;

const CLASSES: usize = 3;
const WIDTH: usize = 24;
const TILES_A_PLACE: usize = 8;

/// Places of eight tiles that are of one class and look alike: what tells the classes apart is weaker than what tells the
/// places apart.
fn places(count: usize, seed: u64) -> (Samples, Vec<usize>) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut around = |spread: f32| spread * (0..6).map(|_| random.random_range(-1.0..1.0_f32)).sum::<f32>();
    let (mut samples, mut groups) = (Samples::new(WIDTH, 1), Vec::new());
    for place in 0..count {
        let class = place % CLASSES;
        let look: Vec<f32> = (0..WIDTH).map(|_| around(0.7)).collect();
        for _ in 0..TILES_A_PLACE {
            let of_class = |index: usize| if index % CLASSES == class { 0.5 } else { 0.0 };
            let row: Vec<f32> = (0..WIDTH).map(|index| look[index] + of_class(index) + around(0.1)).collect();
            samples.push(&row, class);
            groups.push(place);
        }
    }
    (samples, groups)
}

fn config() -> TrainingConfig {
    TrainingConfig {
        dense_neurons: 16,
        epochs: 40,
        batch_size: 16,
        patience: 10,
        ..TrainingConfig::default()
    }
}

fn run(config: &TrainingConfig, samples: &Samples, groups: Groups) -> Run {
    let start = Start::Scratch(Head::random(config.head(WIDTH, CLASSES), &mut config.random()));
    let plan = Plan::new(samples, Some(groups), 0.2, config.seed);
    Run::new(config.clone(), start, samples.clone(), plan, &Device::Cpu).unwrap()
}

/// Trains to the end; the phases, epoch by epoch.
fn finish(mut run: Run) -> (Vec<Phase>, Outcome) {
    let mut phases = Vec::new();
    loop {
        let progress = block_on(run.train_epoch()).unwrap();
        phases.push(progress.phase);
        if progress.finished {
            return (phases, block_on(run.conclude()).unwrap());
        }
    }
}

fn accuracy(head: &Head, samples: &Samples) -> f64 {
    let logits = Classification::of_head(head).logits(&samples.first_views(0..samples.len()));
    let right = logits.chunks(CLASSES).zip(samples.labels()).filter(|(row, label)| argmax(row) == **label);
    right.count() as f64 / samples.len() as f64
}

#[test]
fn figures_by_groups_are_near_the_truth_where_a_random_split_flatters() {
    const DRAWS: usize = 12;
    let (mut off_by_groups, mut off_at_random, mut covered) = (0.0, 0.0, 0);
    // Places that nobody labelled.
    let unseen = places(600, 1000).0;
    for seed in 0..DRAWS {
        let (samples, groups) = places(45, seed as u64);
        let (_, outcome) = finish(run(&config(), &samples, Groups::new(groups)));
        let report = Report::new(&outcome, None, CLASSES);
        let by_groups = report.evaluation.as_ref().unwrap();
        let comparison = report.grouping.as_ref().unwrap().against_random.unwrap();
        assert_eq!(
            (comparison.tiles, comparison.right, comparison.verdict),
            (360, by_groups.right, Verdict::Worse)
        );
        let at_random = comparison.other_right as f64 / comparison.tiles as f64;
        let truth = accuracy(&outcome.head, &unseen);
        let [low, high] = by_groups.interval;
        println!(
            "truth {truth:.3}, by groups {:.3} ({low:.3} to {high:.3}), at random {at_random:.3}",
            by_groups.accuracy
        );
        off_by_groups += (by_groups.accuracy - truth) / DRAWS as f64;
        off_at_random += (at_random - truth) / DRAWS as f64;
        covered += usize::from((low..=high).contains(&truth));
    }
    println!(
        "on average {off_by_groups:+.3} by groups, {off_at_random:+.3} at random; {covered} intervals hold the truth"
    );
    assert!(off_by_groups.abs() < 0.05 && off_at_random > 0.2);
    assert!(covered >= 10);
}

#[test]
fn the_head_is_done_before_the_comparison_and_a_seed_repeats_both() {
    let (samples, groups) = places(30, 1);
    let (phases, outcome) = finish(run(&config(), &samples, Groups::new(groups.clone())));
    let first = |phase| phases.iter().position(|&found| found == phase).unwrap();
    assert!(first(Phase::Folds) < first(Phase::All) && first(Phase::All) < first(Phase::AtRandom));
    let (_, again) = finish(run(&config(), &samples, Groups::new(groups)));
    assert_eq!((again.head, again.answers_at_random), (outcome.head, outcome.answers_at_random));
}

#[test]
fn a_run_that_is_stopped_before_the_comparison_is_done_has_its_head_and_no_comparison() {
    let (samples, groups) = places(30, 1);
    let (_, whole) = finish(run(&config(), &samples, Groups::new(groups.clone())));
    let mut stopped = run(&config(), &samples, Groups::new(groups.clone()));
    while block_on(stopped.train_epoch()).unwrap().phase != Phase::AtRandom {}
    assert_eq!(block_on(stopped.checkpoint()).unwrap().as_ref(), Some(&whole.head));
    let stopped = block_on(stopped.conclude()).unwrap();
    assert_eq!((&stopped.head, &stopped.answers), (&whole.head, &whole.answers));
    let grouping = Report::new(&stopped, None, CLASSES).grouping.unwrap();
    assert_eq!((grouping.groups, grouping.kept_apart, grouping.against_random), (30, true, None));

    let mut early = run(&config(), &samples, Groups::new(groups));
    assert!(matches!(block_on(early.train_epoch()).unwrap().phase, Phase::Folds));
    let early = block_on(early.conclude()).unwrap();
    assert_eq!((early.epoch, early.answers_at_random), (1, None));
}

#[test]
fn labels_that_all_lie_in_one_place_are_judged_at_random_and_that_is_told() {
    let (samples, _) = places(30, 1);
    let (phases, outcome) = finish(run(&config(), &samples, Groups::new(vec![7; 240])));
    assert!(phases.iter().all(|&phase| phase == Phase::HeldOut));
    let report = Report::new(&outcome, None, CLASSES);
    let grouping = report.grouping.unwrap();
    assert_eq!((grouping.groups, grouping.kept_apart, grouping.against_random), (1, false, None));
    assert_eq!(grouping.unjudged_classes, [0, 1, 2]);
    assert_eq!((report.folds, report.evaluation.unwrap().tiles), (1, 48));
}

#[test]
fn a_run_that_diverges_does_so_in_words() {
    let (samples, groups) = places(30, 1);
    let wild = TrainingConfig { learning_rate: 1e36, ..config() };
    let error = block_on(run(&wild, &samples, Groups::new(groups)).train_epoch()).unwrap_err();
    assert!(matches!(error, TrainingError::Diverged { epoch: 1 }));
}

#[derive(Deserialize)]
struct Case {
    labels: Vec<usize>,
    groups: Vec<usize>,
    /// By scikit-learn's StratifiedGroupKFold: how unevenly its folds hold the classes, for the seeds 0 to 9.
    unevenness: Vec<f64>,
}

/// The largest difference between a fold's share of a class and one fifth.
fn unevenness(case: &Case, seed: u64) -> f64 {
    let alone: Vec<usize> = (0..case.labels.len()).collect();
    let folds = Groups::new(case.groups.clone()).folds(&case.labels, &alone, 5, seed);
    assert_eq!(folds.len(), 5);
    let tiles = |of: &[usize], class| of.iter().filter(|&&tile| case.labels[tile] == class).count() as f64;
    let classes = case.labels.iter().max().unwrap() + 1;
    let shares = folds
        .iter()
        .flat_map(|fold| (0..classes).map(|class| tiles(&fold.validation, class) / tiles(&alone, class)));
    shares.map(|share| (share - 0.2).abs()).fold(0.0, f64::max)
}

#[test]
fn folds_hold_the_classes_as_evenly_as_those_of_scikit_learn() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("fixtures/training/groups.json")).unwrap();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    for case in cases {
        let ours: Vec<f64> = (0..10).map(|seed| unevenness(&case, seed)).collect();
        let (ours, theirs) = (mean(&ours), mean(&case.unevenness));
        println!(
            "{} tiles: the worst share is off by {ours:.3}, scikit-learn's by {theirs:.3}",
            case.labels.len()
        );
        assert!(ours <= theirs * 1.1);
    }
}
