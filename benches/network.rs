//! The network on one CPU thread: our kernels beside burn's own CPU backend.
//!
//!     cargo bench --bench network

use std::hint::black_box;
use std::path::Path;
use std::{array, fs};

use burn::tensor::{Device, Tensor, TensorData};
use criterion::{Criterion, criterion_group, criterion_main};
use tilelens::kernels::{Activation, Depthwise, Maps, Pointwise, depthwise, pointwise};
use tilelens::model::architecture::Architecture;
use tilelens::model::burn::layers::Norms;
use tilelens::model::burn::mobilenet_v3::MobileNetV3Small;
use tilelens::model::cpu::backbone::Backbone;
use tilelens::model::model_file::ModelFile;

const SIDE: usize = 224;

/// Numbers of about the size that weights and activations have.
fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|index| ((index * 37 % 101) as f32 - 50.0) / 100.0).collect()
}

fn network(criterion: &mut Criterion) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/overhead.safetensors");
    let model = ModelFile::from_bytes(&fs::read(file).unwrap()).unwrap();
    let kernels = Backbone::load(Architecture::MobileNetV3Small, &model.parameters).unwrap();
    let burn = MobileNetV3Small::load(&model.parameters, Norms::Folded, &Device::flex()).unwrap();
    let mut group = criterion.benchmark_group("network");
    for (name, batch) in [("one tile", 1), ("32 tiles", 32)] {
        let images = numbers(batch * 3 * SIDE * SIDE);
        group.bench_function(name, |bencher| bencher.iter(|| kernels.features(black_box(&images), SIDE)));
        group.bench_function(format!("{name}, burn"), |bencher| {
            bencher.iter(|| {
                let data = TensorData::new(images.clone(), [batch, 3, SIDE, SIDE]);
                burn.forward(Tensor::from_data(data, &Device::flex())).into_data()
            });
        });
    }
}

/// The heaviest layer of each kind.
fn layers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("layers");
    let maps = |[channels, side, border]: [usize; 3]| {
        let mut maps = Maps::default();
        maps.reshape(channels, side, side, border);
        maps
    };
    for [inputs, outputs, side] in [[16, 72, 56], [96, 576, 7], [576, 96, 7]] {
        let layer =
            Pointwise::new(inputs, &numbers(inputs * outputs), numbers(outputs), Activation::HardSwish);
        let [input, mut output] = [maps([inputs, side, 0]), Maps::default()];
        group.bench_function(format!("1×1, {inputs} to {outputs}, {side}×{side}"), |bencher| {
            bencher.iter(|| pointwise(&layer, black_box(&input), None, 0, &mut output));
        });
    }
    for [channels, side, kernel, stride] in [[72, 56, 3, 2], [240, 14, 5, 1], [576, 7, 5, 1]] {
        let weight = numbers(channels * kernel * kernel);
        let layer = Depthwise::new(kernel, stride, &weight, numbers(channels), Activation::HardSwish);
        let [input, mut output]: [Maps; 2] =
            array::from_fn(
                |index| if index == 0 { maps([channels, side, kernel / 2]) } else { Maps::default() },
            );
        group.bench_function(format!("{kernel}×{kernel}/{stride}, {channels}, {side}×{side}"), |bencher| {
            bencher.iter(|| depthwise(&layer, black_box(&input), &mut output));
        });
    }
}

criterion_group!(benches, network, layers);
criterion_main!(benches);
