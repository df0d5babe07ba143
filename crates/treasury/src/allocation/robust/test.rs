#![cfg(test)]
use daotwin_core::Seed;

use super::*;
use crate::allocation::mean_cvar::least_risk;
use crate::allocation::mean_cvar::test::drawn;

#[test]
fn radius_zero_is_the_plain_problem() {
    let scenarios = drawn(5, 800, 2);
    let objective = Objective { reward: 0.5, ..Objective::default() };
    let limits = Limits::long_only(5);
    let plain = least_risk(&scenarios, &limits, &objective).unwrap();
    let robust = least_robust_risk(&scenarios, &limits, &objective, 0.0).unwrap();
    assert!((plain.value - robust.value).abs() <= 2e-7 * plain.value.abs());
}

#[test]
fn a_large_radius_makes_weights_equal() {
    let scenarios = drawn(5, 800, 2);
    let least = |radius, limits: &Limits| {
        let objective = Objective { tolerance: 1e-9, ..Objective::default() };
        least_robust_risk(&scenarios, limits, &objective, radius).unwrap().weights
    };
    let far = least(1e4, &Limits::long_only(5));
    assert!(far.iter().all(|weight| (weight - 0.2).abs() < 1e-5), "{far:?}");
    let near = least(0.0, &Limits::long_only(5));
    assert!(near.iter().any(|weight| (weight - 0.2).abs() > 0.1), "{near:?}");
    // Where a floor forbids equal weights, the others are equal.
    let mut limits = Limits::long_only(5);
    limits.floors[0] = 0.1;
    limits.caps[4] = 0.05;
    let far = least(1e4, &limits);
    assert!(
        (far[4] - 0.05).abs() < 1e-5 && far[..4].iter().all(|weight| (weight - 0.2375).abs() < 1e-5),
        "{far:?}"
    );
}

#[test]
fn the_worst_distribution_is_reached_and_no_other_is_worse() {
    // A tail of whole scenarios: 40 of 400.
    let (assets, count, level, reward, radius) = (4, 400, 0.9, 0.3, 0.002);
    let scenarios = drawn(assets, count, 9);
    let objective = Objective { level, reward, tolerance: 1e-9 };
    let found = least_robust_risk(&scenarios, &Limits::long_only(assets), &objective, radius).unwrap();
    let value = |rows: Vec<f64>| {
        let moved = Scenarios::new(scenarios.assets().to_vec(), rows).unwrap();
        let mean: f64 = found.weights.iter().zip(moved.means()).map(|(weight, mean)| weight * mean).sum();
        moved.conditional_value_at_risk(&found.weights, level) - reward * mean
    };
    let mut order: Vec<usize> = (0..count).collect();
    let loss = |scenario: usize| -> f64 {
        let row = &scenarios.rows()[scenario * assets..(scenario + 1) * assets];
        -row.iter().zip(&found.weights).map(|(value, weight)| value * weight).sum::<f64>()
    };
    order.sort_by(|&left, &right| loss(right).total_cmp(&loss(left)));
    let largest =
        (0..assets).max_by(|&left, &right| found.weights[left].total_cmp(&found.weights[right])).unwrap();
    let mut rows = scenarios.rows().to_vec();
    for scenario in &order[..40] {
        rows[scenario * assets + largest] -= radius / (1.0 - level);
    }
    assert!((value(rows) - found.value).abs() < 1e-10, "the worst distribution is not {}", found.value);
    // Others at the same distance: random moves, made to sum to the radius.
    let mut stream = Seed(4).stream("moves");
    for _ in 0..200 {
        let moves: Vec<f64> = (0..count * assets).map(|_| stream.normal() * stream.exponential()).collect();
        let length = moves.iter().map(|value| value.abs()).sum::<f64>() / count as f64;
        let rows =
            scenarios.rows().iter().zip(&moves).map(|(value, step)| value + radius / length * step).collect();
        assert!(value(rows) < found.value);
    }
}

#[test]
fn a_bad_radius_is_told_with_the_rest() {
    let objective = Objective { level: 2.0, ..Objective::default() };
    let told = least_robust_risk(&drawn(2, 20, 1), &Limits::long_only(2), &objective, -1.0);
    let Err(Error::Parameters { problems }) = told else { panic!() };
    assert_eq!(problems.len(), 2);
}
