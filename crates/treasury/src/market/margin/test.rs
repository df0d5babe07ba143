#![cfg(test)]

use daotwin_core::statistics::normal_cdf;

use super::super::numeric::student_cdf;
use super::*;

#[test]
fn students_margin_has_unit_variance_and_the_exact_law() {
    let margin = Margin::student(4.5);
    let scale = (4.5_f64 / 2.5).sqrt();
    for score in [-7.3, -3.014, -0.333, 0.0, 0.777, 2.5, 5.5] {
        let x = margin.at(score);
        let tail = student_cdf(-(x * scale).abs(), 4.5);
        assert!((tail / normal_tail(f64::abs(score)) - 1.0).abs() < 1e-4, "{score}");
    }
    // Variance by the trapezium rule over scores.
    let variance: f64 = (-870..=870)
        .map(|node| {
            let score = f64::from(node) * 0.01;
            margin.at(score).powi(2) * super::super::numeric::normal_density(score) * 0.01
        })
        .sum();
    assert!((variance - 1.0).abs() < 1e-3, "{variance}");
}

#[test]
fn tails_are_inverted() {
    // The normal law of mean 1 and deviation 2 is a line over scores.
    let margin = Margin::of_tails(2.0, |x| normal_cdf((x - 1.0) / 2.0), |x| normal_cdf((1.0 - x) / 2.0));
    for score in [-5.0, -1.234, 0.0, 0.5, 3.3, 6.0] {
        assert!((margin.at(score) - (1.0 + 2.0 * score)).abs() < 1e-5, "{score}: {}", margin.at(score));
    }
}

#[test]
fn a_semiparametric_margin_keeps_body_and_finds_the_tail() {
    // 4,000 quantiles of Student's t with 4 degrees of freedom: a tail of shape 1/4.
    let values: Vec<f64> = (0..4_000)
        .map(|place| {
            let p = (f64::from(place) + 0.5) / 4_000.0;
            student_at_score(daotwin_core::statistics::normal_quantile(p), 4.0)
        })
        .collect();
    let margin = Margin::semiparametric(&values);
    for score in [-1.0, -0.2, 0.4, 1.2] {
        assert!((margin.at(score) - student_at_score(score, 4.0)).abs() < 0.01, "{score}");
    }
    for score in [-3.0, 3.0] {
        let exact = student_at_score(score, 4.0);
        assert!((margin.at(score) / exact - 1.0).abs() < 0.12, "{score}: {} {exact}", margin.at(score));
    }
    // Negative control: the normal law's tail is far from it.
    assert!((3.0 / student_at_score(3.0, 4.0) - 1.0).abs() > 0.3);
}
