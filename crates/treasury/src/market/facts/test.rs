#![cfg(test)]

use daotwin_core::{Run, Seed};

use super::super::registry::find;
use super::*;

#[test]
fn facts_of_small_cases_are_exact() {
    // Moments of -1, 0, 0, 1: variance 1/2, fourth moment 1/2, kurtosis 2.
    assert!((Fact::ExcessKurtosis.of(&[-1.0, 0.0, 0.0, 1.0]).unwrap() + 1.0).abs() < 1e-12);
    let halving = [0.1, -0.2, 0.05, -(2.0_f64.ln()), 0.3];
    assert!((drawdown(&halving) - (1.0 - 0.5 * (-0.15_f64).exp())).abs() < 1e-12);
    assert_eq!(drawdown(&[0.1, 0.2]), 0.0);
    assert!(
        (cross_correlation(&[vec![1.0, 2.0, 3.0], vec![2.0, 4.0, 6.0], vec![3.0, 2.0, 1.0]]) + 1.0 / 3.0)
            .abs()
            < 1e-12
    );
    assert_eq!(Fact::CrossCorrelation.of(&[1.0]), None);
}

#[test]
fn the_tail_index_of_a_pareto_law_is_its_shape() {
    // 4,000 quantiles of a two-sided Pareto law of shape 3.
    let n = 4_000;
    let returns: Vec<f64> = (0..n)
        .map(|place| {
            let size = 0.01 * ((f64::from(place) + 0.5) / f64::from(n)).powf(-1.0 / 3.0);
            if place % 2 == 0 { size } else { -size }
        })
        .collect();
    let found = Fact::TailIndex.of(&returns).unwrap();
    assert!((found - 3.0).abs() < 0.1, "{found}");
}

#[test]
fn a_model_holds_on_its_own_days_and_not_on_others() {
    let mut stream = Seed(1).stream("facts");
    let mut calm = vec![];
    for _ in 0..800 {
        let common = stream.normal();
        calm.extend([0.03 * common, 0.03 * (0.6 * common + 0.8 * stream.normal())]);
    }
    let panel = Panel::new(vec!["A".into(), "B".into()], calm).unwrap();
    let (train, held) = panel.split(500).unwrap();
    let fitted = find("gbm").unwrap().fit(&train, Seed(0), &Run::default()).unwrap();
    let found = check(fitted.as_ref(), &held, 400, 0.999, Seed(2), &Run::default()).unwrap();
    assert_eq!(found.len(), 11);
    assert!(found.iter().all(Check::holds), "{found:?}");
    // Negative control: days with storms.
    let mut level: f64 = 0.0;
    let stormy: Vec<f64> = held
        .returns()
        .chunks_exact(2)
        .flat_map(|row| {
            level = 0.9 * level + 0.5 * stream.normal();
            [row[0] * level.exp(), row[1] * level.exp()]
        })
        .collect();
    let stormy = Panel::new(held.assets().to_vec(), stormy).unwrap();
    let found = check(fitted.as_ref(), &stormy, 400, 0.999, Seed(2), &Run::default()).unwrap();
    let broken = |fact: Fact| found.iter().filter(|check| check.fact == fact && !check.holds()).count();
    assert!(broken(Fact::ExcessKurtosis) == 2 && broken(Fact::AbsoluteAutocorrelation) == 2, "{found:?}");
}
