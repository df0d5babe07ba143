//! How shocks of several assets go together: the Gaussian and Student's t copula, over any margins.

#[cfg(test)]
mod test;

use daotwin_core::Stream;
use daotwin_core::statistics::{normal_quantile, quantile, ranks};

use super::numeric::{
    Table, cholesky, ln_gamma, minimise, normal_tail, positive_correlation, student_at_score, student_cdf,
    times_root,
};

/// Beyond so many degrees of freedom a t copula is taken for the Gaussian one.
const ALMOST_GAUSSIAN: f64 = 60.0;

/// The normal scores of each column: the ranks, put where the standard normal law would have them. `values` is
/// `[step][asset]`, and so is the result.
pub fn normal_scores(values: &[f64], assets: usize) -> Vec<f64> {
    let mut scores = vec![0.0; values.len()];
    for asset in 0..assets {
        let column: Vec<f64> = values.iter().skip(asset).step_by(assets).copied().collect();
        let n = column.len() as f64;
        for (step, rank) in ranks(&column).into_iter().enumerate() {
            scores[step * assets + asset] = normal_quantile((rank - 0.5) / n);
        }
    }
    scores
}

/// Kendall's tau-a of two columns of the same length, by comparing all pairs.
pub fn kendall(left: &[f64], right: &[f64]) -> f64 {
    let mut sum = 0_i64;
    for (place, (a, b)) in left.iter().zip(right).enumerate() {
        for (c, d) in left[..place].iter().zip(right) {
            let product = (a - c) * (b - d);
            sum += i64::from(product > 0.0) - i64::from(product < 0.0);
        }
    }
    let n = left.len() as f64;
    if n > 1.0 { 2.0 * sum as f64 / (n * (n - 1.0)) } else { 0.0 }
}

/// A copula.
#[derive(Debug, Clone)]
pub struct Dependence {
    assets: usize,
    correlation: Vec<f64>,
    root: Vec<f64>,
    /// Degrees of freedom, and the normal score of each t value over its inverse hyperbolic sine.
    student: Option<(f64, Table)>,
}

impl Dependence {
    /// The Gaussian copula whose correlations are those of the normal scores.
    pub fn gaussian(scores: &[f64], assets: usize) -> Self {
        let column =
            |asset: usize| -> Vec<f64> { scores.iter().skip(asset).step_by(assets).copied().collect() };
        let columns: Vec<Vec<f64>> = (0..assets).map(column).collect();
        let correlation =
            pairs(assets, |left, right| daotwin_core::statistics::pearson(&columns[left], &columns[right]));
        let (correlation, root) = positive_correlation(correlation, assets);
        Self { assets, correlation, root, student: None }
    }

    /// Student's t copula: correlations from Kendall's tau (Lindskog, McNeil and Schmock 2003), degrees of freedom by
    /// maximum likelihood given them (McNeil, Frey and Embrechts 2015, section 7.5).
    pub fn student(scores: &[f64], assets: usize) -> Self {
        let column =
            |asset: usize| -> Vec<f64> { scores.iter().skip(asset).step_by(assets).copied().collect() };
        let columns: Vec<Vec<f64>> = (0..assets).map(column).collect();
        let correlation = pairs(assets, |left, right| {
            (std::f64::consts::FRAC_PI_2 * kendall(&columns[left], &columns[right])).sin()
        });
        let (correlation, root) = positive_correlation(correlation, assets);
        if assets == 1 {
            return Self { assets, correlation, root, student: None };
        }
        let worth = |log: &[f64]| {
            let freedom = log[0].exp();
            if !(2.0..=ALMOST_GAUSSIAN).contains(&freedom) {
                return f64::INFINITY;
            }
            -student_log_likelihood(scores, &root, assets, freedom)
        };
        let (best, _) = minimise(&[6.0_f64.ln()], &[0.5], 25, &worth);
        let freedom = best[0].exp();
        let student = (freedom < 0.9 * ALMOST_GAUSSIAN).then(|| (freedom, score_table(freedom)));
        Self { assets, correlation, root, student }
    }

    /// The correlations, row by row.
    pub fn correlation(&self) -> &[f64] {
        &self.correlation
    }

    /// Degrees of freedom of a t copula; none of a Gaussian one.
    pub fn freedom(&self) -> Option<f64> {
        self.student.as_ref().map(|(freedom, _)| *freedom)
    }

    /// Turns independent standard normals, `[step][asset]`, into normal scores that go together; `stream` is drawn
    /// from for a t copula alone.
    pub fn join(&self, normals: &mut [f64], stream: impl FnOnce() -> Stream) {
        if self.assets > 1 {
            for row in normals.chunks_exact_mut(self.assets) {
                times_root(&self.root, row);
            }
        }
        if let Some((freedom, table)) = &self.student {
            let mut stream = stream();
            for row in normals.chunks_exact_mut(self.assets) {
                let widening = (0.5 * freedom / stream.gamma(0.5 * freedom)).sqrt();
                for value in row {
                    *value = table.at((*value * widening).asinh());
                }
            }
        }
    }
}

/// A symmetric matrix with ones on its diagonal.
pub fn pairs(assets: usize, value: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    let mut matrix = vec![1.0; assets * assets];
    for row in 0..assets {
        for column in 0..row {
            let value = value(row, column);
            matrix[row * assets + column] = value;
            matrix[column * assets + row] = value;
        }
    }
    matrix
}

/// The normal score of a t value, tabulated over the value's inverse hyperbolic sine.
pub fn score_table(freedom: f64) -> Table {
    Table::of(-40.0, 40.0, 4_001, |place| {
        let x = place.sinh();
        let tail = student_cdf(-x.abs(), freedom);
        score_of_tail(tail).copysign(x)
    })
}

/// The positive score that leaves this mass beyond it, for a mass up to a half.
pub fn score_of_tail(tail: f64) -> f64 {
    if tail > 1e-300 {
        super::numeric::root_between(0.0, 38.0, |score| tail.ln() - normal_tail(score).ln())
    } else {
        37.5
    }
}

/// The log-likelihood of a t copula, its margins given as normal scores.
fn student_log_likelihood(scores: &[f64], root: &[f64], assets: usize, freedom: f64) -> f64 {
    let reach = quantile(scores, 1.0).max(-quantile(scores, 0.0)) + 0.05;
    let values = Table::of(-reach, reach, 301, |score| student_at_score(score, freedom));
    let k = assets as f64;
    let log_determinant: f64 = (0..assets).map(|place| root[place * assets + place].ln()).sum::<f64>();
    let constant = ln_gamma(0.5 * (freedom + k)) + (k - 1.0) * ln_gamma(0.5 * freedom)
        - k * ln_gamma(0.5 * (freedom + 1.0))
        - log_determinant;
    let mut solved = vec![0.0; assets];
    let mut sum = 0.0;
    for row in scores.chunks_exact(assets) {
        let mut margins = 0.0;
        let mut square = 0.0;
        for (asset, score) in row.iter().enumerate() {
            let x = values.at(*score);
            margins += (x * x / freedom).ln_1p();
            let product: f64 = (0..asset).map(|other| root[asset * assets + other] * solved[other]).sum();
            solved[asset] = (x - product) / root[asset * assets + asset];
            square += solved[asset] * solved[asset];
        }
        sum += constant - 0.5 * (freedom + k) * (square / freedom).ln_1p() + 0.5 * (freedom + 1.0) * margins;
    }
    sum
}

/// The lower root of a covariance that may be singular by a hair: the diagonal is raised until it is positive.
pub fn covariance_root(mut matrix: Vec<f64>, n: usize) -> Vec<f64> {
    let mut lift = 1e-12;
    loop {
        if let Some(root) = cholesky(&matrix, n) {
            return root;
        }
        for place in 0..n {
            let value = &mut matrix[place * n + place];
            *value += lift * value.abs().max(1e-12);
        }
        lift *= 10.0;
    }
}
