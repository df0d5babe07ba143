#![cfg(test)]

use super::*;

#[test]
fn the_simplex_finds_the_valley_of_rosenbrock() {
    let f = |p: &[f64]| (1.0 - p[0]).powi(2) + 100.0 * (p[1] - p[0] * p[0]).powi(2);
    let (point, value) = minimise(&[-1.2, 1.0], &[0.5, 0.5], 400, &f);
    assert!(value < 1e-9 && (point[0] - 1.0).abs() < 1e-3, "{point:?} {value}");
}

#[test]
fn students_law_is_scipys() {
    // scipy 1.17.1: stats.t.ppf(0.001, 3.3), stats.t.cdf(1.7, 4.5), stats.t.logpdf(2.2, 3.7).
    let score = daotwin_core::statistics::normal_quantile(0.001);
    assert!((student_at_score(score, 3.3) + 8.951595109462504).abs() < 1e-9);
    assert!((student_cdf(1.7, 4.5) - 0.9218230439320511).abs() < 1e-13);
    assert!((ln_student_density(2.2, 3.7) + 2.951350086785444).abs() < 1e-12);
    // One degree of freedom is Cauchy's law.
    for x in [-30.0, -1.0, 0.0, 0.3, 5.0, 1e4] {
        let exact = 0.5 + f64::atan(x) / std::f64::consts::PI;
        assert!((student_cdf(x, 1.0) - exact).abs() < 1e-13, "{x}");
    }
}

#[test]
fn the_normal_tail_is_continuous_and_exact() {
    // Abramowitz and Stegun, table 26.2: Q(5) = 2.8665157e-7; Q(8) = 6.22096e-16.
    assert!((normal_tail(5.0) / 2.866515718791939e-7 - 1.0).abs() < 1e-12);
    assert!((normal_tail(8.0) / 6.220960574271785e-16 - 1.0).abs() < 1e-12);
    assert!((normal_tail(2.4999999999) / normal_tail(2.5) - 1.0).abs() < 1e-8);
}

#[test]
fn a_table_follows_its_function() {
    let freedom = 2.6;
    let table = Table::of(-8.7, 8.7, 1_741, |score| student_at_score(score, freedom));
    for score in [-8.6, -6.001, -2.3456, -0.0012, 0.4567, 3.21, 7.777] {
        let exact = student_at_score(score, freedom);
        assert!((table.at(score) / exact - 1.0).abs() < 1e-5, "{score}: {} {exact}", table.at(score));
    }
    // Negative control: few nodes do not.
    let coarse = Table::of(-8.7, 8.7, 12, |score| student_at_score(score, freedom));
    assert!((coarse.at(3.21) / student_at_score(3.21, freedom) - 1.0).abs() > 1e-3);
}

#[test]
fn roots_rebuild_their_matrix_and_impossible_ones_are_mended() {
    let matrix = vec![1.0, 0.5, 0.2, 0.5, 1.0, -0.3, 0.2, -0.3, 1.0];
    let root = cholesky(&matrix, 3).unwrap();
    for row in 0..3 {
        for column in 0..3 {
            let value: f64 = (0..3).map(|k| root[row * 3 + k] * root[column * 3 + k]).sum();
            assert!((value - matrix[row * 3 + column]).abs() < 1e-15);
        }
    }
    let impossible = vec![1.0, 0.9, -0.9, 0.9, 1.0, 0.9, -0.9, 0.9, 1.0];
    assert!(cholesky(&impossible, 3).is_none());
    let (mended, _) = positive_correlation(impossible, 3);
    assert!(cholesky(&mended, 3).is_some() && mended[1] > 0.4);
    let mut values = [1.0, 2.0, 3.0];
    times_root(&root, &mut values);
    let direct: f64 = root[6] + root[7] * 2.0 + root[8] * 3.0;
    assert_eq!(values[2], direct);
    assert_eq!(values[0], 1.0);
}
