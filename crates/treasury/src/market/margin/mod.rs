//! What one asset's shock looks like on its own: quantiles, tabulated over the scores of the standard normal law.
//!
//! A table over scores and not over probabilities keeps both tails: a score of 8 is a probability of 6e-16.

#[cfg(test)]
mod test;

use super::numeric::{Table, normal_tail, root_between, student_at_score};

/// The largest score: [`super::draws::Draws::normals`] stay within it.
const EDGE: f64 = 8.7;
/// Nodes at distances of a hundredth.
const NODES: usize = 1_741;

/// The share of residuals on each side that the tail's law is fitted to.
const TAIL: f64 = 0.08;

/// Quantiles by normal score.
#[derive(Debug, Clone)]
pub struct Margin {
    table: Table,
}

impl Margin {
    /// The value as far in this law's tail as `score` is in the standard normal law's.
    #[inline]
    pub fn at(&self, score: f64) -> f64 {
        self.table.at(score)
    }

    /// Student's t law of unit variance, for more than two degrees of freedom.
    pub fn student(freedom: f64) -> Self {
        let scale = ((freedom - 2.0) / freedom).sqrt();
        let half: Vec<f64> =
            (0..=NODES / 2).map(|node| scale * student_at_score(node as f64 * 0.01, freedom)).collect();
        let values: Vec<f64> =
            half[1..].iter().rev().map(|value| -value).chain(half.iter().copied()).collect();
        Self { table: Table::new(-EDGE, EDGE, &values) }
    }

    /// The law with these tails: `below(x)` and `above(x)` are the masses on both sides, both continuous. `scale` is
    /// roughly its spread.
    pub fn of_tails(scale: f64, below: impl Fn(f64) -> f64, above: impl Fn(f64) -> f64) -> Self {
        let mut reach = scale;
        while below(-reach) > 0.5 || above(reach) > 0.5 {
            reach *= 2.0;
        }
        let median = root_between(-reach, reach, |x| below(x) - 0.5);
        let side = |direction: f64, mass: &dyn Fn(f64) -> f64| -> Vec<f64> {
            let mut at = 0.0;
            (1..=NODES / 2)
                .map(|node| {
                    let wanted = normal_tail(node as f64 * 0.01);
                    let mut step = 0.02 * scale;
                    while mass(median + direction * (at + step)) > wanted && step < 1e6 * scale {
                        step *= 2.0;
                    }
                    at = root_between(at, at + step, |x| wanted.ln() - mass(median + direction * x).ln());
                    median + direction * at
                })
                .collect()
        };
        let mut values = side(-1.0, &below);
        values.reverse();
        values.push(median);
        values.extend(side(1.0, &above));
        Self { table: Table::new(-EDGE, EDGE, &values) }
    }

    /// The values themselves between the outer twelfths, and beyond them generalised Pareto tails, as McNeil and Frey
    /// (2000) treat residuals; the tails by probability-weighted moments (Hosking and Wallis 1987).
    pub fn semiparametric(values: &[f64]) -> Self {
        let sorted = daotwin_core::statistics::sorted(values);
        let lower = Pareto::fit(&sorted.iter().map(|value| -value).rev().collect::<Vec<_>>());
        let upper = Pareto::fit(&sorted);
        let n = sorted.len() as f64;
        let table = Table::of(-EDGE, EDGE, NODES, |score| {
            let tail = normal_tail(score.abs());
            if tail < TAIL {
                return if score > 0.0 { upper.at(tail) } else { -lower.at(tail) };
            }
            let below = if score > 0.0 { 1.0 - tail } else { tail };
            let place = (below * n - 0.5).clamp(0.0, n - 1.0);
            let whole = (place as usize).min(sorted.len().saturating_sub(2));
            let (left, right) = (sorted[whole], sorted[(whole + 1).min(sorted.len() - 1)]);
            left + (place - whole as f64) * (right - left)
        });
        Self { table }
    }
}

/// The upper tail beyond a threshold.
struct Pareto {
    threshold: f64,
    shape: f64,
    scale: f64,
}

impl Pareto {
    /// Fits the highest values of an ascending list.
    fn fit(ascending: &[f64]) -> Self {
        let n = ascending.len();
        let threshold = daotwin_core::statistics::quantile_sorted(ascending, 1.0 - TAIL);
        let first = ascending.partition_point(|value| *value <= threshold);
        let beyond: Vec<f64> = ascending[first.min(n)..].iter().map(|value| value - threshold).collect();
        let count = beyond.len().max(1) as f64;
        let a0: f64 = beyond.iter().sum::<f64>() / count;
        // The second moment weighs each exceedance by the share of larger ones.
        let a1: f64 = beyond
            .iter()
            .enumerate()
            .map(|(place, value)| value * (count - place as f64 - 0.65) / count)
            .sum::<f64>()
            / count;
        // A shape above 1/3 has no third moment; a fit of few values must not have such tails by accident.
        let shape = (2.0 - a0 / (a0 - 2.0 * a1)).clamp(-0.2, 0.4);
        let shape = if shape.is_nan() { 0.0 } else { shape };
        // The mean stays what it was: scale = a0 (1 - shape).
        Self { threshold, shape, scale: (a0 * (1.0 - shape)).max(1e-12) }
    }

    /// The value with this mass above it, for a mass below [`TAIL`].
    fn at(&self, mass: f64) -> f64 {
        let log = (TAIL / mass).ln();
        let excess = if self.shape.abs() < 1e-9 { log } else { (self.shape * log).exp_m1() / self.shape };
        self.threshold + self.scale * excess
    }
}
