#![cfg(test)]

use super::*;

const LAW: Law = Law { mean: 0.001, volatility: 0.025, jumps: 0.15, up: 0.4, rise: 0.06, fall: 0.08 };

fn days(law: Law, n: usize) -> Vec<f64> {
    let mut stream = Seed(33).stream("kou");
    (0..n)
        .map(|_| {
            let jumps = stream.poisson(law.jumps);
            let mut value = law.mean + law.volatility * stream.normal();
            for _ in 0..jumps {
                let up = stream.chance(law.up);
                let size = stream.exponential();
                value += if up { size * law.rise } else { -size * law.fall };
            }
            value
        })
        .collect()
}

#[test]
fn the_series_is_the_law_of_drawn_days() {
    let n = 100_000;
    let drawn = daotwin_core::statistics::sorted(&days(LAW, n));
    // Distance of Kolmogorov and Smirnov that chance exceeds with probability 1e-6 (Massart 1990).
    let threshold = ((2.0_f64 / 1e-6).ln() / (2.0 * n as f64)).sqrt();
    let distance = |law: Law| {
        let series = law.series(2.0);
        drawn.iter().enumerate().fold(0.0_f64, |worst, (place, x)| {
            worst.max((series.below(*x) - (place as f64 + 0.5) / n as f64).abs())
        })
    };
    assert!(distance(LAW) < threshold);
    // Negative control: up and down exchanged.
    assert!(distance(Law { up: 0.6, rise: 0.08, fall: 0.06, ..LAW }) > threshold);
    // The margin's quantiles are inverse to the law, and its tail is exponential.
    let (series, margin) = (LAW.series(0.0), LAW.margin());
    for score in [-4.0, -1.0, 0.0, 0.4, 2.2] {
        let exact = daotwin_core::statistics::normal_cdf(score);
        assert!((series.below(margin.at(score)) - exact).abs() < 1e-6, "{score}");
    }
    assert!(margin.at(7.0) > margin.at(6.0) && margin.at(-8.0) < -1.0);
    // Densities eight at a time are those one at a time.
    let values = &drawn[100..121];
    let one: f64 = values.iter().map(|x| floor_ln(series.density(*x))).sum();
    assert!((series.ln_densities(values) - one).abs() < 1e-9);
}

#[test]
fn parameters_are_recovered() {
    let fitted = Law::fit(&days(LAW, 6_000));
    // Five standard deviations over 20 fits of other seeds: 0.0003, 0.014, 0.0055, 0.0071.
    assert!((fitted.volatility - 0.025).abs() < 0.0015, "{fitted:?}");
    assert!((fitted.jumps - 0.15).abs() < 0.07, "{fitted:?}");
    assert!((fitted.fall - 0.08).abs() < 0.0275 && (fitted.rise - 0.06).abs() < 0.0355, "{fitted:?}");
    // What jumps add to the variance has a deviation of 9.5 %.
    let jump = |law: &Law| 2.0 * law.jumps * (law.up * law.rise.powi(2) + (1.0 - law.up) * law.fall.powi(2));
    assert!((jump(&fitted) / jump(&LAW) - 1.0).abs() < 0.475, "{} {}", jump(&fitted), jump(&LAW));
}
