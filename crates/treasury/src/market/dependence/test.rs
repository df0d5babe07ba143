#![cfg(test)]

use daotwin_core::Seed;

use super::super::draws::Draws;
use super::*;

#[test]
fn kendall_is_exact_on_a_small_case() {
    // Pairs in order: 5 of 6 agree.
    assert!((kendall(&[1.0, 2.0, 3.0, 4.0], &[1.0, 3.0, 2.0, 4.0]) - 4.0 / 6.0).abs() < 1e-15);
}

/// Scores of a t copula in three assets, made from its definition and not by [`Dependence::join`].
fn known(freedom: f64, n: usize) -> Vec<f64> {
    let mut stream = Seed(21).stream("copula");
    let mut values = vec![];
    for _ in 0..n {
        let common = stream.normal();
        let widening = (0.5 * freedom / stream.gamma(0.5 * freedom)).sqrt();
        for _ in 0..3 {
            values.push((0.8 * common + 0.6 * stream.normal()) * widening);
        }
    }
    normal_scores(&values, 3)
}

#[test]
fn a_t_copula_is_recovered_and_drawn_from() {
    let fitted = Dependence::student(&known(4.0, 3_000), 3);
    // The standard error of a correlation of 0.64 by tau is about 0.015, of the freedom 0.3; five of them.
    assert!((fitted.correlation()[1] - 0.64).abs() < 0.075, "{:?}", fitted.correlation());
    let freedom = fitted.freedom().unwrap_or(f64::INFINITY);
    assert!((2.8..5.8).contains(&freedom), "{freedom}");
    // What it draws is fitted alike.
    let draws = Draws::new(Seed(4));
    let mut normals = vec![0.0; 9_000];
    draws.normals(0, 0, &mut normals);
    fitted.join(&mut normals, || draws.stream(0));
    // Scores are standard normal: the variance of 9,000 of them, three and three dependent, has deviation below 0.03.
    let variance = normals.iter().map(|score| score * score).sum::<f64>() / 9_000.0;
    assert!((variance - 1.0).abs() < 0.15, "{variance}");
    let again = Dependence::student(&normals, 3);
    assert!((again.correlation()[1] - 0.64).abs() < 0.1);
    let freedom = again.freedom().unwrap_or(f64::INFINITY);
    assert!((2.5..6.5).contains(&freedom), "{freedom}");
    // Negative control: the same correlations without common widening are not taken for heavy joint tails.
    let gaussian = Dependence::student(&known(1e6, 3_000), 3);
    assert!(gaussian.freedom().is_none_or(|freedom| freedom > 15.0), "{:?}", gaussian.freedom());
}
