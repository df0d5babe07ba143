//! Simulated moments: the parameters whose simulations have the recorded statistics (McFadden 1989; for agents, Franke
//! and Westerhoff 2012).
//!
//! The distance is the sum over statistics of the squared difference between the recorded one and the mean of simulations
//! with common random numbers, in units of the variance of one simulation, plus the squared normal scores of the
//! parameters, without which what the data say nothing about would drift. Nelder and Mead's simplex looks for the least;
//! standard errors come from the Jacobian at it: A^-1 B A^-1 with A = J'WJ + I, B = J'W S W J (1 + 1/R), S the
//! covariance of the statistics there.

use daotwin_core::Run;
use rayon::prelude::*;

use super::kept::Kept;
use super::linear;
use super::model::{Design, PARAMETERS};
use super::simulations::{Memory, Scale, seed_of, statistics};
use super::statistics::COUNT;
use crate::Result;

/// Simulations that a mean is over.
const REPLICATES: u64 = 12;
/// Simulations that variances are over.
const VARIANCE: u64 = 128;
/// The difference of normal scores that a derivative is over.
const STEP: f64 = 0.15;

/// A fit.
#[derive(Debug, Clone)]
pub(crate) struct Fit {
    pub(crate) scores: [f64; PARAMETERS],
    pub(crate) errors: [f64; PARAMETERS],
    /// The distance at it, per statistic.
    pub(crate) distance: f64,
}

struct Target<'a> {
    design: &'a Design,
    scale: &'a Scale,
    seed: u64,
    recorded: [f64; COUNT],
    weights: [f64; COUNT],
}

impl Target<'_> {
    fn rows(&self, scores: &[f64; PARAMETERS], count: u64, purpose: u64) -> Vec<[f64; COUNT]> {
        (0..count)
            .into_par_iter()
            .map_init(Memory::default, |memory, number| {
                let seed = seed_of(self.seed, purpose, number);
                self.scale.standard(&statistics(self.design, scores, seed, memory))
            })
            .collect()
    }

    fn mean(&self, scores: &[f64; PARAMETERS]) -> [f64; COUNT] {
        let rows = self.rows(scores, REPLICATES, 1);
        std::array::from_fn(|at| rows.iter().map(|row| row[at]).sum::<f64>() / REPLICATES as f64)
    }

    fn distance(&self, scores: &[f64; PARAMETERS]) -> f64 {
        let mean = self.mean(scores);
        let apart: f64 = (0..COUNT)
            .map(|at| self.weights[at] * (mean[at] - self.recorded[at]) * (mean[at] - self.recorded[at]))
            .sum();
        apart + scores.iter().map(|score| score * score).sum::<f64>()
    }

    /// Variances at these scores, raised by what the scale cannot resolve; 0 weight where nothing varies.
    fn weigh(&mut self, scores: &[f64; PARAMETERS]) {
        let rows = self.rows(scores, VARIANCE, 2);
        let covariance = covariance(&rows);
        self.weights = std::array::from_fn(|at| {
            let variance = covariance[at * COUNT + at];
            if variance > 0.0 { 1.0 / (variance + 1e-3) } else { 0.0 }
        });
    }
}

fn covariance(rows: &[[f64; COUNT]]) -> Vec<f64> {
    let n = rows.len() as f64;
    let mean: [f64; COUNT] = std::array::from_fn(|at| rows.iter().map(|row| row[at]).sum::<f64>() / n);
    let mut covariance = vec![0.0; COUNT * COUNT];
    for row in rows {
        for i in 0..COUNT {
            for j in 0..COUNT {
                covariance[i * COUNT + j] += (row[i] - mean[i]) * (row[j] - mean[j]) / (n - 1.0);
            }
        }
    }
    covariance
}

/// The least of a function by Nelder and Mead's simplex (1965), from a start.
pub(crate) fn simplex<const N: usize>(
    start: [f64; N],
    size: f64,
    most: u64,
    run: &Run,
    mut value: impl FnMut(&[f64; N]) -> f64,
) -> Result<([f64; N], f64)> {
    let mut points: Vec<([f64; N], f64)> = (0..=N)
        .map(|at| {
            let mut point = start;
            if at > 0 {
                point[at - 1] += size;
            }
            (point, value(&point))
        })
        .collect();
    let mut evaluations = N as u64 + 1;
    while evaluations < most {
        run.step("simulated moments", evaluations, most)?;
        points.sort_by(|a, b| a.1.total_cmp(&b.1));
        if points[N].1 - points[0].1 < 1e-4 * (1.0 + points[0].1.abs()) {
            break;
        }
        let centre: [f64; N] =
            std::array::from_fn(|at| points[..N].iter().map(|point| point.0[at]).sum::<f64>() / N as f64);
        let worst = points[N];
        let along = |share: f64| -> [f64; N] {
            std::array::from_fn(|at| centre[at] + share * (worst.0[at] - centre[at]))
        };
        let mut tried = |share: f64| {
            let point = along(share);
            evaluations += 1;
            (point, value(&point))
        };
        let reflected = tried(-1.0);
        if reflected.1 < points[0].1 {
            let expanded = tried(-2.0);
            points[N] = if expanded.1 < reflected.1 { expanded } else { reflected };
        } else if reflected.1 < points[N - 1].1 {
            points[N] = reflected;
        } else {
            let contracted = tried(if reflected.1 < worst.1 { -0.5 } else { 0.5 });
            if contracted.1 < worst.1.min(reflected.1) {
                points[N] = contracted;
            } else {
                let best = points[0].0;
                for point in &mut points[1..] {
                    point.0 = std::array::from_fn(|at| 0.5 * (point.0[at] + best[at]));
                    point.1 = value(&point.0);
                    evaluations += 1;
                }
            }
        }
    }
    points.sort_by(|a, b| a.1.total_cmp(&b.1));
    Ok((points[0].0, points[0].1))
}

/// Fits parameters to the standard scores of recorded statistics, from a start, with at most so many evaluations of the
/// distance (12 simulations each).
///
/// # Errors
/// [`daotwin_core::Error::Cancelled`].
pub(crate) fn fit(
    design: &Design,
    scale: &Scale,
    recorded: &[f64; COUNT],
    start: [f64; PARAMETERS],
    most: u64,
    seed: u64,
    run: &Run,
) -> Result<Fit> {
    let mut target = Target { design, scale, seed, recorded: *recorded, weights: [0.0; COUNT] };
    target.weigh(&start);
    let (middle, _) = simplex(start, 0.5, most / 2, run, |scores| target.distance(scores))?;
    target.weigh(&middle);
    let (scores, distance) = simplex(middle, 0.3, most - most / 2, run, |scores| target.distance(scores))?;
    let mut jacobian = [[0.0; COUNT]; PARAMETERS];
    for (at, row) in jacobian.iter_mut().enumerate() {
        let moved = |by: f64| {
            let mut moved = scores;
            moved[at] += by;
            target.mean(&moved)
        };
        let (up, down) = (moved(STEP), moved(-STEP));
        *row = std::array::from_fn(|statistic| (up[statistic] - down[statistic]) / (2.0 * STEP));
    }
    let spread = covariance(&target.rows(&scores, VARIANCE, 2));
    let n = PARAMETERS;
    let (mut a, mut b) = (vec![0.0; n * n], vec![0.0; n * n]);
    for i in 0..n {
        let weighted: [f64; COUNT] = std::array::from_fn(|at| jacobian[i][at] * target.weights[at]);
        let through: Vec<f64> =
            (0..COUNT).map(|k| (0..COUNT).map(|at| weighted[at] * spread[at * COUNT + k]).sum()).collect();
        for j in 0..n {
            a[i * n + j] = (0..COUNT).map(|at| weighted[at] * jacobian[j][at]).sum::<f64>();
            b[i * n + j] =
                (0..COUNT).map(|at| through[at] * target.weights[at] * jacobian[j][at]).sum::<f64>()
                    * (1.0 + 1.0 / REPLICATES as f64);
        }
        a[i * n + i] += 1.0;
        // The prior's own part: a parameter without information has the prior's error.
        b[i * n + i] += 1.0;
    }
    let inverse = linear::inverse(&a, n);
    let errors = std::array::from_fn(|at| {
        let row = &inverse[at * n..(at + 1) * n];
        let variance: f64 = (0..n).map(|i| (0..n).map(|j| row[i] * b[i * n + j] * row[j]).sum::<f64>()).sum();
        variance.max(0.0).sqrt()
    });
    Ok(Fit { scores, errors, distance: distance / COUNT as f64 })
}

/// A fit, kept.
pub(crate) fn kept(kept: &Kept, fit: impl FnOnce() -> Result<Fit>) -> Result<Fit> {
    let numbers = kept.part(
        "moments",
        |length| length == 2 * PARAMETERS + 1,
        || {
            let fit = fit()?;
            Ok([&fit.scores[..], &fit.errors, &[fit.distance]].concat())
        },
    )?;
    Ok(Fit {
        scores: std::array::from_fn(|at| numbers[at]),
        errors: std::array::from_fn(|at| numbers[PARAMETERS + at]),
        distance: numbers[2 * PARAMETERS],
    })
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn the_simplex_finds_the_least() {
        let value = |x: &[f64; 3]| (x[0] - 1.0).powi(2) + 10.0 * (x[1] - x[0]).powi(2) + (x[2] + 2.0).powi(2);
        let (found, least) = simplex([0.0; 3], 0.5, 500, &Run::default(), value).unwrap();
        assert!(least < 1e-3, "{found:?}");
    }
}
