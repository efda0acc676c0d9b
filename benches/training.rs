//! Training a head on one CPU thread: our kernels beside burn's autodiff on its own CPU backend.
//!
//!     cargo bench --bench training

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use pollster::block_on;
use tilelens::device::Device;
use tilelens::model::architecture::Architecture;
use tilelens::model::head::Head;
use tilelens::training::head_learner::{HeadLearner, Start};
use tilelens::training::samples::{Samples, Subset};
use tilelens::training::trainer::{Trainer, TrainingConfig};

const CLASSES: usize = 4;
const FEATURES: usize = Architecture::MobileNetV3Small.features();

/// Features of about the size that the backbone gives, which no class can be told from.
fn samples(tiles: usize) -> Samples {
    let mut samples = Samples::new(FEATURES, 1);
    for tile in 0..tiles {
        let row: Vec<f32> =
            (0..FEATURES).map(|index| ((index * (2 * tile + 1) * 7) % 101) as f32 / 101.0).collect();
        samples.push(&row, tile % CLASSES);
    }
    samples
}

fn epochs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("training");
    let config = TrainingConfig { batch_size: 16, epochs: 50, patience: 50, ..TrainingConfig::default() };
    for tiles in [100, 400] {
        for (name, device) in [("kernels", Device::Cpu), ("burn", Device::Burn(burn::tensor::Device::flex()))]
        {
            let trainer = || {
                let head = Head::random(config.head(FEATURES, CLASSES), &mut config.random());
                let training = Subset::from(samples(tiles));
                let learner = HeadLearner::new(&Start::Scratch(head), &config, &training, &device);
                Trainer::new(config.clone(), learner, CLASSES, training, samples(20)).unwrap()
            };
            group.sample_size(10);
            group.bench_function(format!("{tiles} tiles, 50 epochs, {name}"), |bencher| {
                bencher.iter_batched(
                    trainer,
                    |mut trainer| block_on(trainer.train(|_| ())),
                    BatchSize::PerIteration,
                );
            });
        }
    }
}

criterion_group!(benches, epochs);
criterion_main!(benches);
