//! Training against PyTorch, and on what it promises: repeatable, stops, keeps the best, refuses nonsense.

#![cfg(not(target_family = "wasm"))]

use pollster::block_on;
use serde::Deserialize;
use std::collections::BTreeMap;
use tilelens::device::Device;
use tilelens::model::architecture::Architecture;
use tilelens::model::classification::softmax;
use tilelens::model::cpu::classification::Classification;
use tilelens::model::head::{Head, HeadConfig};
use tilelens::model::parameters::Parameters;
use tilelens::training::head_learner::{HeadLearner, Start, TrainedHead};
use tilelens::training::learner::Learner;
use tilelens::training::metrics::{Evaluation, Verdict};
use tilelens::training::report::{HeadBefore, Report};
use tilelens::training::run::{Phase, Run};
use tilelens::training::samples::{Samples, Subset};
use tilelens::training::trainer::{Trainer, TrainingConfig, TrainingError};
use tilelens::training::validation::Validation;

const FEATURES: usize = Architecture::MobileNetV3Small.features();

/// Both sum in f32, in another order; over 50 steps the worst seen is 3e-6 of the largest weight.
const TOLERANCE: f32 = 1e-5;

const ADAM: &str = include_str!("fixtures/training/adam.json");

#[derive(Deserialize)]
struct Fixture {
    sample_step: usize,
    plain: Answers,
    weighted: Answers,
    decayed: Answers,
    smoothed: Answers,
}

#[derive(Deserialize)]
struct Answers {
    losses: Vec<f32>,
    after_1: BTreeMap<String, Vec<f32>>,
    after_50: BTreeMap<String, Vec<f32>>,
}

/// The formula of `make_fixture.py`: numbers from 0 to below 1.
fn pattern(count: usize, multiplier: usize, modulus: usize) -> Vec<f32> {
    (0..count).map(|index| ((index * multiplier % modulus) as f64 / modulus as f64) as f32).collect()
}

fn parameter(shape: &[usize], multiplier: usize, bound: f32) -> Vec<f32> {
    let drawn = pattern(shape.iter().product(), multiplier, 2003);
    drawn.into_iter().map(|value| (value * 2.0 - 1.0) * bound).collect()
}

const HEAD: HeadConfig =
    HeadConfig { inputs: FEATURES, dropout_rate: 0.0, dense_neurons: 16, num_classes: 4 };

fn first_weights() -> Parameters {
    let mut parameters = Parameters::default();
    for (name, shape, multiplier, bound) in [
        ("head.dense.weight", vec![16, FEATURES], 31, 1.0 / 24.0),
        ("head.dense.bias", vec![16], 37, 1.0 / 24.0),
        ("head.output.weight", vec![4, 16], 41, 0.25),
        ("head.output.bias", vec![4], 43, 0.25),
    ] {
        let values = parameter(&shape, multiplier, bound);
        parameters.insert(name, shape, values);
    }
    parameters
}

fn fixture_samples() -> Samples {
    let labels = (0..22).map(|index| index * index % 4).chain([2, 3]);
    let mut samples = Samples::new(FEATURES, 1);
    for (row, label) in pattern(24 * FEATURES, 7919, 10007).chunks(FEATURES).zip(labels) {
        samples.push(row, label);
    }
    samples
}

/// The largest difference over all parameters, relative to the largest value of each.
fn difference(trained: &TrainedHead, expected: &BTreeMap<String, Vec<f32>>, step: usize) -> f32 {
    let mut worst = 0.0_f32;
    for (name, parameter) in weights(trained).iter() {
        let sampled: Vec<f32> = parameter.values.iter().copied().step_by(step).collect();
        assert_eq!(sampled.len(), expected[name].len(), "{name}");
        let largest = expected[name].iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        for (a, b) in sampled.iter().zip(&expected[name]) {
            let relative = (a - b).abs() / largest;
            assert!(!relative.is_nan());
            worst = worst.max(relative);
        }
    }
    worst
}

/// One epoch is one step here: a batch holds all samples.
fn follow(device: &Device, config: TrainingConfig, expected: &Answers, sample_step: usize) {
    let config = TrainingConfig {
        learning_rate: 1e-3,
        dropout_rate: 0.0,
        dense_neurons: 16,
        epochs: 50,
        batch_size: 24,
        patience: 50,
        seed: 1,
        ..config
    };
    let start = Start::Scratch(Head::new(HEAD, &first_weights()).unwrap());
    let samples = Subset::from(fixture_samples());
    let learner = HeadLearner::new(&start, &config, &samples, device);
    let nothing = Samples::new(FEATURES, 1);
    let mut trainer = Trainer::new(config.clone(), learner, 4, samples, nothing).unwrap();
    for (step, &loss) in expected.losses.iter().enumerate() {
        let epoch = block_on(trainer.train_epoch()).unwrap();
        assert!(
            (epoch.loss as f32 - loss).abs() <= TOLERANCE * loss,
            "step {}: {} for {loss}",
            step + 1,
            epoch.loss
        );
        let weights = match step + 1 {
            1 => &expected.after_1,
            50 => &expected.after_50,
            _ => continue,
        };
        let worst = difference(trainer.best(), weights, sample_step);
        println!(
            "{device:?}, class weights {}, decay {}, smoothing {}, step {}: worst relative difference {worst:.1e}",
            config.class_weighting,
            config.weight_decay,
            config.label_smoothing,
            step + 1
        );
        assert!(worst <= TOLERANCE, "step {}: {worst:e}", step + 1);
    }
}

#[test]
fn fifty_steps_of_adam_are_those_of_pytorch() {
    let fixture: Fixture = serde_json::from_str(ADAM).unwrap();
    // The kernels, and burn, which is what a GPU runs.
    for device in [Device::Cpu, Device::Burn(burn::tensor::Device::flex())] {
        let plain = TrainingConfig { standardised: false, label_smoothing: 0.0, ..TrainingConfig::default() };
        let plain = TrainingConfig { weight_decay: 0.0, class_weighting: false, ..plain };
        let weighted = TrainingConfig { class_weighting: true, ..plain.clone() };
        let decayed = TrainingConfig { weight_decay: 1.0, ..plain.clone() };
        let smoothed = TrainingConfig { weight_decay: 1.0, label_smoothing: 0.1, ..weighted.clone() };
        follow(&device, plain, &fixture.plain, fixture.sample_step);
        follow(&device, weighted, &fixture.weighted, fixture.sample_step);
        follow(&device, decayed, &fixture.decayed, fixture.sample_step);
        follow(&device, smoothed, &fixture.smoothed, fixture.sample_step);
    }
}

/// Four classes whose features overlap a little, in two views each.
fn overlapping_samples(tiles: usize, seed: usize) -> Samples {
    let mut samples = Samples::new(FEATURES, 2);
    for tile in 0..tiles {
        let label = tile % 4;
        let mut noise = pattern(2 * FEATURES, 2 * (tile + 1) * (seed + 3) + 1, 4099);
        for (index, value) in noise.iter_mut().enumerate() {
            *value += if index % 4 == label { 0.06 } else { 0.0 };
        }
        samples.push(&noise, label);
    }
    samples
}

fn trainer(
    config: &TrainingConfig,
    training: Samples,
    validation: Samples,
) -> Result<Trainer<HeadLearner>, TrainingError> {
    let start = Start::Scratch(Head::random(config.head(FEATURES, 4), &mut config.random()));
    let training = Subset::from(training);
    let learner = HeadLearner::new(&start, config, &training, &Device::Cpu);
    Trainer::new(config.clone(), learner, 4, training, validation)
}

fn weights(head: &TrainedHead) -> Parameters {
    block_on(head.read()).unwrap().parameters().clone()
}

#[test]
fn a_seed_repeats_a_run_to_the_last_bit() {
    let run = |seed: u64| {
        let config = TrainingConfig { epochs: 3, batch_size: 8, seed, ..TrainingConfig::default() };
        let mut trainer = trainer(&config, overlapping_samples(40, 0), overlapping_samples(20, 1)).unwrap();
        block_on(trainer.train(|_| ())).unwrap();
        weights(trainer.best())
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(6));
}

#[test]
fn training_stops_when_validation_no_longer_gains_and_keeps_its_best_epoch() {
    // Validation labels that are wrong: the better the head learns, the worse it looks.
    let right = overlapping_samples(40, 1);
    let mut wrong = Samples::new(FEATURES, 1);
    for (tile, label) in right.labels().iter().enumerate() {
        let noise = pattern(FEATURES, 2 * (tile + 1) * 4 + 1, 4099);
        wrong.push(&noise, (label + 1) % 4);
    }
    let config = TrainingConfig { epochs: 60, batch_size: 8, patience: 5, ..TrainingConfig::default() };
    let mut trainer = trainer(&config, overlapping_samples(40, 0), wrong.clone()).unwrap();
    let mut losses = Vec::new();
    block_on(trainer.train(|epoch| losses.push(epoch.validation.as_ref().unwrap().loss))).unwrap();
    let best = losses.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(losses.len(), trainer.best_epoch() + 5);
    assert_eq!(losses[trainer.best_epoch() - 1], best);
    let head = block_on(trainer.best().read()).unwrap();
    let found = Classification::of_head(&head).logits(&wrong.first_views(0..wrong.len()));
    let found = softmax(found, 4, 1.0);
    let found = Evaluation::new(&found, wrong.labels(), 4);
    assert_eq!(found.loss, best);
}

#[test]
fn an_absurd_learning_rate_is_told_and_the_last_good_head_is_kept() {
    let config = TrainingConfig { learning_rate: 1e36, batch_size: 8, ..TrainingConfig::default() };
    let mut trainer = trainer(&config, overlapping_samples(40, 0), overlapping_samples(20, 1)).unwrap();
    let error = block_on(trainer.train(|_| ())).unwrap_err();
    assert!(matches!(error, TrainingError::Diverged { .. }), "{error}");
    assert!(
        weights(trainer.best()).iter().all(|(_, parameter)| parameter.values.iter().all(|v| v.is_finite()))
    );
}

#[test]
fn what_cannot_be_trained_is_refused_in_words() {
    let refused = |config: TrainingConfig, training: Samples| {
        trainer(&config, training, Samples::new(FEATURES, 1)).err().unwrap().to_string()
    };
    let default = TrainingConfig::default;
    let samples = || overlapping_samples(8, 0);
    assert!(
        refused(TrainingConfig { learning_rate: f64::NAN, ..default() }, samples()).contains("learning_rate")
    );
    assert!(refused(TrainingConfig { dropout_rate: 1.0, ..default() }, samples()).contains("dropout_rate"));
    assert!(refused(TrainingConfig { batch_size: 0, ..default() }, samples()).contains("batch_size"));
    let one_class = samples().select(&[1, 5]);
    assert_eq!(refused(default(), one_class), "training needs tiles of at least two classes");
}

fn run(config: &TrainingConfig, samples: &Samples) -> Run {
    let start = Start::Scratch(Head::random(config.head(FEATURES, 4), &mut config.random()));
    let judging = Validation::plan(samples, 0.25, config.seed);
    Run::new(config.clone(), start, samples.clone(), judging, &Device::Cpu).unwrap()
}

#[test]
fn few_tiles_are_cross_validated_and_then_all_train_the_head() {
    let samples = overlapping_samples(40, 0);
    let config = TrainingConfig { epochs: 12, batch_size: 8, ..TrainingConfig::default() };
    let mut judged = run(&config, &samples);
    let mut phases = Vec::new();
    loop {
        assert_eq!(block_on(judged.checkpoint()).unwrap().is_some(), phases.last() == Some(&Phase::All));
        let progress = block_on(judged.train_epoch()).unwrap();
        assert_eq!(progress.validation_loss.is_some(), progress.phase == Phase::Folds);
        phases.push(progress.phase);
        if progress.finished {
            break;
        }
    }
    let outcome = block_on(judged.conclude()).unwrap();
    let trained_on_all = phases.iter().filter(|&&phase| phase == Phase::All).count();
    assert_eq!(trained_on_all, outcome.epoch);
    assert_eq!(outcome.answers.len(), 40 * 4);

    // Stopped as soon as the folds know one epoch: the head on all tiles is trained all the same.
    let mut stopped = run(&config, &samples);
    block_on(stopped.train_epoch()).unwrap();
    let stopped = block_on(stopped.conclude()).unwrap();
    assert_eq!(stopped.epoch, 1);
    assert_ne!(stopped.head, outcome.head);
    assert!(matches!(block_on(run(&config, &samples).conclude()), Err(TrainingError::Stopped)));
}

#[test]
fn a_run_that_diverges_at_once_has_no_head_to_offer() {
    let config = TrainingConfig { learning_rate: 1e36, batch_size: 8, ..TrainingConfig::default() };
    for tiles in [40, 120] {
        let mut diverging = run(&config, &overlapping_samples(tiles, 0));
        assert!(matches!(block_on(diverging.train_epoch()), Err(TrainingError::Diverged { epoch: 1 })));
        assert!(block_on(diverging.checkpoint()).unwrap().is_none());
        assert!(matches!(block_on(diverging.conclude()), Err(TrainingError::Stopped)));
    }
}

/// Trains to the end and judges against a head that is right on `before_right` of the tiles that judge.
fn report(samples: &Samples, before_right: usize) -> Report {
    let config = TrainingConfig { epochs: 40, batch_size: 8, ..TrainingConfig::default() };
    let judges = Validation::plan(samples, 0.25, config.seed).tiles();
    let answer = |(index, &tile): (usize, &usize)| {
        let said =
            if index < before_right { samples.labels()[tile] } else { (samples.labels()[tile] + 1) % 4 };
        (0..4).map(move |class| if class == said { 1.0 } else { 0.0 })
    };
    let before = HeadBefore {
        logits: judges.iter().enumerate().flat_map(answer).collect(),
        known_classes: (0..4).map(Some).collect(),
        has_seen: (0..samples.len()).map(|tile| tile % 2 == 0).collect(),
    };
    let mut run = run(&config, samples);
    while !block_on(run.train_epoch()).unwrap().finished {}
    let outcome = block_on(run.conclude()).unwrap();
    Report::new(&outcome, Some(before), 4)
}

#[test]
fn a_report_compares_with_the_head_before_and_with_what_needs_no_training() {
    let samples = overlapping_samples(120, 0);
    let found = report(&samples, 4);
    let evaluation = found.evaluation.unwrap();
    assert_eq!((found.folds, evaluation.tiles, found.predictions.len()), (1, 32, 32));
    assert!(evaluation.accuracy > 0.6, "{}", evaluation.accuracy);
    let before = found.before.unwrap();
    let comparison = before.comparison.unwrap();
    assert_eq!((comparison.other_right, comparison.verdict), (4, Verdict::Better));
    let seen = found.predictions.iter().filter(|prediction| prediction.tile % 2 == 0).count();
    assert_eq!((before.known_classes, before.seen_before), (4, seen));
    assert_eq!(found.majority.unwrap().verdict, Verdict::Better);
    assert_eq!(found.majority.unwrap().other_right, 8);
}

#[test]
fn a_head_that_lost_against_the_one_before_is_called_worse() {
    // Labels that no feature tells: the new head cannot but guess.
    let mut samples = Samples::new(FEATURES, 1);
    for tile in 0..120 {
        samples.push(&pattern(FEATURES, 2 * tile + 1, 4099), tile % 4);
    }
    let comparison = report(&samples, 30).before.unwrap().comparison.unwrap();
    assert_eq!(comparison.verdict, Verdict::Worse);
}

#[test]
fn a_warm_start_keeps_what_it_knows_of_classes_of_the_same_name() {
    let known = first_weights();
    let head = HeadConfig { num_classes: 3, ..HEAD };
    let config = TrainingConfig::default();
    // The new classes are the old class 2, an unknown one, the old class 0.
    let old = |class: usize| [Some(2), None, Some(0)][class];
    let started = Head::warm_start(head.clone(), &known, old, &mut config.random()).unwrap();
    let drawn = Head::random(head.clone(), &mut config.random());
    let row = |from: &Parameters, row: usize| {
        from.get("head.output.weight", from.shape("head.output.weight").unwrap()).unwrap().values[row * 16..]
            [..16]
            .to_vec()
    };
    let [started, drawn] = [started.parameters(), drawn.parameters()];
    assert_eq!(row(started, 0), row(&known, 2));
    assert_eq!(row(started, 2), row(&known, 0));
    assert_eq!(row(started, 1), row(drawn, 1));
    // Another width has nothing to begin with.
    let wider = HeadConfig { dense_neurons: 32, ..head };
    let started = Start::warm(wider.clone(), &known, old, &mut config.random());
    assert!(matches!(&started, Start::Scratch(_)));
    assert_eq!(*started.head(), Head::random(wider, &mut config.random()));
}

#[test]
fn a_head_that_learnt_from_standardised_features_reads_them_as_they_are() {
    // Columns of other scales and far from zero, which a head can hardly learn from as they are.
    let scaled = |samples: Samples| {
        let mut found = Samples::new(FEATURES, 2);
        for tile in 0..samples.len() {
            let row = samples.all_views([tile]);
            let scale = |index: usize| if index % FEATURES % 7 < 3 { 1.0 } else { 0.3 };
            let row: Vec<f32> =
                row.iter().enumerate().map(|(index, value)| (value + 5.0) * scale(index)).collect();
            found.push(&row, samples.labels()[tile]);
        }
        found
    };
    // Asked about what it learnt: whether it reads them right is the question, and not how well it learnt.
    let training = scaled(overlapping_samples(80, 0));
    let validation = training.clone();
    let config =
        TrainingConfig { standardised: true, epochs: 30, batch_size: 8, ..TrainingConfig::default() };
    let mut standardised = trainer(&config, training.clone(), validation.clone()).unwrap();
    block_on(standardised.train(|_| ())).unwrap();
    let head = block_on(standardised.best().read()).unwrap();
    let probabilities = |head: &Head| {
        let logits = Classification::of_head(head).logits(&validation.first_views(0..validation.len()));
        softmax(logits, 4, 1.0)
    };
    let found = Evaluation::new(&probabilities(&head), validation.labels(), 4);
    let plain = TrainingConfig { standardised: false, ..config.clone() };
    let mut as_they_are = trainer(&plain, training.clone(), validation.clone()).unwrap();
    block_on(as_they_are.train(|_| ())).unwrap();
    let without = Evaluation::new(
        &probabilities(&block_on(as_they_are.best().read()).unwrap()),
        validation.labels(),
        4,
    );
    assert!(found.accuracy > 0.9 && without.accuracy < 0.5, "{} {}", found.accuracy, without.accuracy);

    // It is taken up where it was left, too.
    let learner = HeadLearner::new(&Start::Warm(head.clone()), &config, &training.into(), &Device::Cpu);
    let taken_up = block_on(learner.network().read()).unwrap();
    for (a, b) in probabilities(&taken_up).iter().zip(probabilities(&head)) {
        assert!((a - b).abs() < 1e-3, "{a} is not {b}");
    }
}
