#![cfg(test)]
use daotwin_core::Seed;

use super::*;
use crate::allocation::linear;
use crate::allocation::projection::Rows;

pub(crate) fn drawn(assets: usize, count: usize, seed: u64) -> Scenarios {
    let mut stream = Seed(seed).stream("scenarios");
    let mut rows = vec![];
    for _ in 0..count {
        let common = stream.normal();
        for asset in 0..assets {
            let scale = 0.01 * (1 + asset) as f64;
            rows.push(scale * (common + stream.normal() + 0.2));
        }
    }
    Scenarios::new((0..assets).map(|at| format!("asset {at}")).collect(), rows).unwrap()
}

/// Rockafellar and Uryasev's linear programme, whole: weights, the edge, and one excess a scenario.
fn by_linear_programme(scenarios: &Scenarios, limits: &Limits, level: f64) -> f64 {
    let (assets, count) = (scenarios.assets().len(), scenarios.count());
    let width = assets + 1 + count;
    let mut rows = Rows::new(width);
    let unit = |at: usize, sign: f64| (0..width).map(move |other| if other == at { sign } else { 0.0 });
    rows.push((0..width).map(|at| f64::from(u8::from(at < assets))), 1.0);
    rows.equalities = 1;
    for at in 0..assets {
        rows.push(unit(at, 1.0), limits.floors[at]);
        rows.push(unit(at, -1.0), -limits.caps[at]);
    }
    if let Some(mean) = limits.mean {
        rows.push((0..width).map(|at| scenarios.means().get(at).copied().unwrap_or(0.0)), mean);
    }
    for at in [1.0, -1.0] {
        rows.push(unit(assets, at), -1.0);
    }
    for scenario in 0..count {
        rows.push(unit(assets + 1 + scenario, 1.0), 0.0);
        let returns = &scenarios.rows()[scenario * assets..(scenario + 1) * assets];
        rows.push(
            (0..width).map(|at| {
                if at < assets {
                    returns[at]
                } else {
                    f64::from(u8::from(at == assets || at == assets + 1 + scenario))
                }
            }),
            0.0,
        );
    }
    let mut cost = vec![1.0 / ((1.0 - level) * count as f64); width];
    cost[..assets].fill(0.0);
    cost[assets] = 1.0;
    let mut start = vec![0.0; width];
    start[..assets].fill(1.0 / assets as f64);
    linear::minimise(&cost, &rows, &start).unwrap().value
}

#[test]
fn the_tail_counts_the_scenario_at_its_edge_in_part() {
    // Losses 4, 3, 2, 1 of one asset: a tail of a quarter is 4, of three eighths 4 and half of 3.
    let scenarios = Scenarios::new(vec!["a".to_owned()], vec![-1.0, -4.0, -2.0, -3.0]).unwrap();
    let tail = |level| scenarios.conditional_value_at_risk(&[1.0], level);
    assert!((tail(0.75) - 4.0).abs() < 1e-15);
    assert!((tail(0.625) - (4.0 + 0.5 * 3.0) / 1.5).abs() < 1e-15);
    assert!((tail(0.5) - 3.5).abs() < 1e-15);
}

#[test]
fn the_optimum_is_that_of_the_whole_linear_programme() {
    for (seed, level) in [(1, 0.9), (2, 0.75), (3, 0.83), (4, 0.95)] {
        let scenarios = drawn(5, 40, seed);
        let mut limits = Limits { caps: vec![0.5; 5], ..Limits::long_only(5) };
        limits.floors[0] = 0.1;
        limits.mean = Some(scenarios.means().iter().sum::<f64>() / 5.0);
        let objective = Objective { level, tolerance: 1e-9, ..Objective::default() };
        let found = least_risk(&scenarios, &limits, &objective).unwrap();
        let whole = by_linear_programme(&scenarios, &limits, level);
        assert!(
            (found.value - whole).abs() <= 1e-8 * whole.abs(),
            "seed {seed}: {} is not {whole}",
            found.value
        );
        assert!(found.bound <= found.value && found.value - found.bound <= 1e-9 * found.value.abs());
        assert!((found.weights.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        assert!(found.mean >= limits.mean.unwrap() - 1e-10);
        // The comparison can fail: without the condition on the mean the optimum is another.
        let free = Limits { mean: None, ..limits.clone() };
        assert!((by_linear_programme(&scenarios, &free, level) - whole).abs() > 1e-5);
    }
}

#[test]
fn no_weights_on_a_grid_are_better() {
    let scenarios = drawn(3, 500, 7);
    let objective = Objective { level: 0.95, reward: 0.7, tolerance: 1e-8 };
    let found = least_risk(&scenarios, &Limits::long_only(3), &objective).unwrap();
    let mut best = f64::INFINITY;
    for first in 0..=50 {
        for second in 0..=50 - first {
            let weights = [first, second, 50 - first - second].map(|part| f64::from(part) / 50.0);
            let risk = scenarios.conditional_value_at_risk(&weights, 0.95);
            best = best.min(risk - 0.7 * dot(&weights, scenarios.means()));
        }
    }
    assert!(found.value <= best + 1e-12, "{} is above {best}", found.value);
    assert!(best - found.value < 2e-3, "the grid is as fine as {}", best - found.value);
}

#[test]
fn the_same_inputs_give_the_same_bits() {
    let once = || least_risk(&drawn(6, 2_000, 5), &Limits::long_only(6), &Objective::default()).unwrap();
    assert_eq!(once(), once());
}

#[test]
fn risk_rises_along_the_frontier() {
    let scenarios = drawn(5, 1_000, 3);
    let found = frontier(&scenarios, &Limits::long_only(5), &Objective::default(), 6).unwrap();
    assert_eq!(found.len(), 6);
    for pair in found.windows(2) {
        assert!(pair[0].mean < pair[1].mean && pair[0].risk <= pair[1].risk + 1e-9);
    }
    let largest = scenarios.means().iter().copied().fold(f64::NEG_INFINITY, f64::max);
    assert!((found[5].mean - largest).abs() < 1e-8);
}

#[test]
fn limits_that_exclude_each_other_are_named() {
    let scenarios = drawn(3, 50, 1);
    let limits = Limits { caps: vec![0.3; 3], ..Limits::long_only(3) };
    let told = least_risk(&scenarios, &limits, &Objective::default()).unwrap_err().to_string();
    assert!(
        told.contains("the sum of the weights = 1") && told.contains("cap of `asset 2` <= 0.3"),
        "{told}"
    );
    let limits = Limits { mean: Some(0.5), ..Limits::long_only(3) };
    let told = least_risk(&scenarios, &limits, &Objective::default()).unwrap_err().to_string();
    assert!(told.contains("mean return >= 0.5"), "{told}");
}

#[test]
fn every_problem_is_told_at_once() {
    let scenarios = drawn(2, 50, 1);
    let limits = Limits { floors: vec![0.6, f64::NAN], caps: vec![0.5], mean: None, conditions: vec![] };
    let objective = Objective { level: 1.0, reward: -1.0, tolerance: 0.0 };
    let Err(Error::Parameters { problems }) = least_risk(&scenarios, &limits, &objective) else { panic!() };
    assert_eq!(problems.len(), 6, "{problems:?}");
    assert!(Scenarios::new(vec!["a".to_owned()], vec![0.1, f64::INFINITY]).is_err());
    assert!(Scenarios::new(vec!["a".to_owned(), "b".to_owned()], vec![0.1]).is_err());
}
