//! Benchmarks of noise and accounting: `cargo bench -p daotwin-privacy`.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use criterion::{Criterion, criterion_group, criterion_main};
use daotwin_privacy::accountant::{Event, calibrate, pld, rdp};
use daotwin_privacy::samplers::{DiscreteGaussian, DiscreteLaplace};
use daotwin_privacy::{OperatingSystem, Rational};

fn noise(criterion: &mut Criterion) {
    let mut bits = OperatingSystem::default();
    let mut group = criterion.benchmark_group("privacy");
    group.sample_size(10);
    let gaussian = DiscreteGaussian::new(Rational::new(1_000_003, 7).unwrap()).unwrap();
    let laplace = DiscreteLaplace::new(Rational::new(1_003, 7).unwrap()).unwrap();
    let (fast_gaussian, fast_laplace) = (gaussian.table().unwrap(), laplace.table().unwrap());
    group.bench_function("discrete_gaussian/1e6", |bencher| {
        bencher.iter(|| (0..1_000_000).map(|_| fast_gaussian.sample(&mut bits).unwrap()).sum::<i128>());
    });
    group.bench_function("discrete_laplace/1e6", |bencher| {
        bencher.iter(|| (0..1_000_000).map(|_| fast_laplace.sample(&mut bits).unwrap()).sum::<i128>());
    });
    group.bench_function("discrete_gaussian_one_by_one/1e5", |bencher| {
        bencher.iter(|| (0..100_000).map(|_| gaussian.sample(&mut bits).unwrap()).sum::<i128>());
    });
    for (name, rate, sigma, times) in [
        ("pld_epsilon/1e3", 0.01, 1.0, 1_000),
        ("pld_epsilon/1e5", 0.001, 0.6, 100_000),
        ("pld_epsilon/1e6", 0.01, 3.0, 1_000_000),
    ] {
        let event = Event::sampled_gaussian(rate, sigma).times(times);
        group.bench_function(name, |bencher| bencher.iter(|| pld::epsilon(&event, 1e-6).unwrap()));
    }
    let event = Event::sampled_gaussian(0.01, 1.0).times(1_000);
    group.bench_function("rdp_epsilon/1e3", |bencher| bencher.iter(|| rdp::epsilon(&event, 1e-6).unwrap()));
    group.bench_function("calibrate/1e3", |bencher| {
        let event = |sigma| Event::sampled_gaussian(0.01, sigma).times(1_000);
        bencher.iter(|| calibrate::noise(event, 3.0, 1e-5).unwrap());
    });
    group.finish();
}

criterion_group!(benches, noise);
criterion_main!(benches);
