//! Benchmarks of training steps: `cargo bench -p daotwin-nn`. `fused` and `tensors` do the same work.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use daotwin_core::Seed;
use daotwin_nn::{Activation, Adam, Batch, Device, Input, Layer, Matrix, Network, Wanted};

/// Three linear layers with 150 numbers in and out.
fn plain(width: usize) -> Network {
    let linear = |inputs, outputs| Layer::Linear { inputs, outputs };
    let bend = Layer::Activation { bend: Activation::Relu, dropout: 0.0 };
    let layers = vec![linear(150, width), bend.clone(), linear(width, width), bend, linear(width, 150)];
    Network::new(Input::Dense(150), layers).unwrap()
}

/// The generator of a CTGAN.
fn generator() -> Network {
    let block = |inputs| {
        let bend = Layer::Activation { bend: Activation::Relu, dropout: 0.0 };
        let linear = Layer::Linear { inputs, outputs: 256 };
        Layer::Concat(vec![linear, Layer::BatchNorm { width: 256 }, bend])
    };
    let last = Layer::Linear { inputs: 640, outputs: 150 };
    Network::new(Input::Dense(128), vec![block(128), block(384), last]).unwrap()
}

fn steps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("nn");
    group.sample_size(10);
    let cases = [
        ("plain_256/32", plain(256), 32),
        ("plain_256/500", plain(256), 500),
        ("plain_512/4096", plain(512), 4_096),
        ("generator/500", generator(), 500),
    ];
    for (name, network, rows) in cases {
        let network = Arc::new(network);
        let Input::Dense(width) = network.input() else { continue };
        for (engine, device) in [("step_fused", Device::Fused), ("step_tensors", Device::Tensors)] {
            let mut stream = Seed(1).stream("bench");
            let mut engine_of = device.engine(Arc::clone(&network), &mut stream).unwrap();
            let data = (0..rows * width).map(|_| stream.normal() as f32).collect();
            let x = Batch::dense(Matrix::new(rows, width, data));
            group.bench_function(format!("{engine}/{name}"), |bencher| {
                bencher.iter(|| {
                    let y = engine_of.forward(x.clone(), &mut stream).unwrap();
                    engine_of.backward(y, Wanted::PARAMETERS).unwrap();
                    engine_of.step(&Adam::default()).unwrap();
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, steps);
criterion_main!(benches);
