#![cfg(test)]

use super::*;

const LAW: Law = Law { mean: 0.001, volatility: 0.03, jumps: 0.12, jump_mean: -0.02, jump_deviation: 0.1 };

/// Days drawn from the definition: a Poisson count of jumps.
fn days(law: Law, n: usize) -> Vec<f64> {
    let mut stream = Seed(31).stream("merton");
    (0..n)
        .map(|_| {
            let jumps = stream.poisson(law.jumps);
            let jump: f64 = (0..jumps).map(|_| law.jump_mean + law.jump_deviation * stream.normal()).sum();
            law.mean + law.volatility * stream.normal() + jump
        })
        .collect()
}

#[test]
fn the_density_is_the_law_of_drawn_days_and_of_its_characteristic_function() {
    let step = 1e-4;
    let mass: f64 = (-20_000..20_000).map(|place| LAW.density(f64::from(place) * step) * step).sum();
    assert!((mass - 1.0).abs() < 1e-9, "{mass}");
    assert!((LAW.below(0.01) + LAW.above(0.01) - 1.0).abs() < 1e-12);
    let n = 100_000;
    let drawn = days(LAW, n);
    // Distance of Kolmogorov and Smirnov that chance exceeds with probability 1e-6 (Massart 1990).
    let threshold = ((2.0_f64 / 1e-6).ln() / (2.0 * n as f64)).sqrt();
    let distance = |law: Law| {
        let sorted = daotwin_core::statistics::sorted(&drawn);
        sorted.iter().enumerate().fold(0.0_f64, |worst, (place, x)| {
            worst.max((law.below(*x) - (place as f64 + 0.5) / n as f64).abs())
        })
    };
    assert!(distance(LAW) < threshold);
    // Negative control: without jumps.
    assert!(distance(Law { jumps: 0.0, ..LAW }) > threshold);
    // A second method: the cosine series of the characteristic function (see `kou`).
    let characteristic = |u: f64| {
        let jump =
            super::super::kou::Complex::new(-0.5 * (u * LAW.jump_deviation).powi(2), u * LAW.jump_mean).exp();
        super::super::kou::Complex::new(
            -0.5 * (u * LAW.volatility).powi(2) + LAW.jumps * (jump.re - 1.0),
            u * LAW.mean + LAW.jumps * jump.im,
        )
        .exp()
    };
    let series = super::super::kou::Cosines::new(-1.5, 1.5, 400, characteristic);
    for x in [-0.4, -0.1, 0.0, 0.03, 0.2] {
        assert!((series.density(x) - LAW.density(x)).abs() < 1e-9, "{x}");
        assert!((series.below(x) - LAW.below(x)).abs() < 1e-9, "{x}");
    }
}

#[test]
fn parameters_are_recovered() {
    let fitted = Law::fit(&days(LAW, 8_000));
    // Five standard deviations over 30 fits of other seeds: 0.0003, 0.0074, 0.0035, 0.0034.
    assert!((fitted.volatility - 0.03).abs() < 0.0015, "{fitted:?}");
    assert!((fitted.jumps - 0.12).abs() < 0.037, "{fitted:?}");
    assert!((fitted.jump_deviation - 0.1).abs() < 0.0175, "{fitted:?}");
    assert!((fitted.jump_mean + 0.02).abs() < 0.017, "{fitted:?}");
    // Negative control: normal days have no such jumps.
    let calm = Law::fit(&days(Law { jumps: 0.0, ..LAW }, 8_000));
    let variance_of_jumps = calm.jumps * calm.jump_deviation.powi(2);
    assert!(calm.volatility.powi(2) + variance_of_jumps < 0.0011, "{calm:?}");
}
