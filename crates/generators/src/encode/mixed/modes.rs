//! A column's numbers as a mixture of Gaussians (mode-specific normalisation: Xu et al. 2019, section 4.2).

use daotwin_core::Stream;
use serde::{Deserialize, Serialize};

/// Points that stand for the column when the mixture is fitted.
const POINTS: usize = 1_024;

/// Rounds of expectation and maximisation at most.
const ROUNDS: usize = 100;

/// A mode that holds less than this share of the rows is dropped.
const LEAST: f64 = 0.005;

/// A scale on which a column's numbers have no heavy tail.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scale {
    center: f64,
    spread: f64,
    /// Whether the inverse hyperbolic sine is taken.
    heavy: bool,
}

impl Scale {
    /// Reads a scale from ascending numbers that stand for the column.
    fn fit(points: &[f64]) -> Self {
        let at = |share: f64| points[((points.len() - 1) as f64 * share) as usize];
        let (least, most, center) = (points[0], points[points.len() - 1], at(0.5));
        let quartiles = at(0.75) * 0.5 - at(0.25) * 0.5;
        let range = most * 0.5 - least * 0.5;
        let spread = if quartiles > 0.0 { quartiles } else { range };
        let spread = if spread > 0.0 { spread } else { 1.0 };
        Self { center, spread, heavy: range > 10.0 * spread }
    }

    fn forward(self, value: f64) -> f64 {
        let scaled = ((value - self.center) / self.spread).clamp(-f64::MAX, f64::MAX);
        if self.heavy { scaled.asinh() } else { scaled }
    }

    fn back(self, scaled: f64) -> f64 {
        let value = if self.heavy { scaled.sinh() } else { scaled };
        (self.center + self.spread * value).clamp(-f64::MAX, f64::MAX)
    }
}

/// One Gaussian on the column's scale.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mode {
    share: f64,
    mean: f64,
    deviation: f64,
}

/// The mixture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Modes {
    scale: Scale,
    modes: Vec<Mode>,
}

impl Modes {
    /// Fits at most `most` modes to ascending runs of equal values, at least one, by expectation and maximisation
    /// on 1,024 points of equal weight. It starts from equal shares of the points, so nothing is drawn.
    pub(super) fn fit(runs: &[(f64, usize)], most: usize) -> Self {
        let points = points(runs);
        let scale = Scale::fit(&points);
        let points: Vec<f64> = points.iter().map(|&point| scale.forward(point)).collect();
        let most = most.clamp(1, points.len());
        let range = points[points.len() - 1] - points[0];
        // No mode is narrower than this: a value that many rows share would draw one to width zero.
        let floor = (range * 1e-3).max(1e-9);
        let mut modes: Vec<Mode> = (0..most)
            .map(|mode| {
                let own = &points[mode * points.len() / most..(mode + 1) * points.len() / most];
                let mean = own.iter().sum::<f64>() / own.len() as f64;
                let square = own.iter().map(|point| (point - mean).powi(2)).sum::<f64>() / own.len() as f64;
                Mode { share: 1.0 / most as f64, mean, deviation: square.sqrt().max(floor) }
            })
            .collect();
        let mut before = f64::NEG_INFINITY;
        for _ in 0..ROUNDS {
            let mut sums = vec![(0.0, 0.0, 0.0); modes.len()];
            let mut likelihood = 0.0;
            let mut parts = vec![0.0; modes.len()];
            for &point in &points {
                likelihood += posterior(&modes, point, &mut parts);
                for ((sums, part), mode) in sums.iter_mut().zip(&parts).zip(&modes) {
                    // About the old mean, so that nothing cancels.
                    let away = point - mode.mean;
                    sums.0 += part;
                    sums.1 += part * away;
                    sums.2 += part * away * away;
                }
            }
            for (mode, sums) in modes.iter_mut().zip(&sums) {
                mode.share = sums.0 / points.len() as f64;
                if sums.0 > 0.0 {
                    let moved = sums.1 / sums.0;
                    mode.mean += moved;
                    mode.deviation = (sums.2 / sums.0 - moved * moved).max(0.0).sqrt().max(floor);
                }
            }
            if modes.len() > 1 {
                modes.retain(|mode| mode.share >= LEAST);
            }
            let likelihood = likelihood / points.len() as f64;
            if (likelihood - before).abs() < 1e-5 {
                break;
            }
            before = likelihood;
        }
        let sum: f64 = modes.iter().map(|mode| mode.share).sum();
        modes.iter_mut().for_each(|mode| mode.share /= sum);
        modes.sort_by(|left, right| left.mean.total_cmp(&right.mean));
        Self { scale, modes }
    }

    /// Whether this is a mixture: for what was read from a file.
    pub(super) fn holds(&self) -> bool {
        self.scale.center.is_finite()
            && self.scale.spread.is_finite()
            && self.scale.spread > 0.0
            && !self.modes.is_empty()
            && self.modes.len() <= POINTS
            && self.modes.iter().all(|mode| {
                mode.share.is_finite()
                    && mode.share >= 0.0
                    && mode.mean.is_finite()
                    && mode.deviation.is_finite()
                    && mode.deviation > 0.0
            })
    }

    /// How many modes.
    pub(super) fn count(&self) -> usize {
        self.modes.len()
    }

    /// One of the modes that a value may be of, drawn by its chance, and where the value lies within it.
    pub(super) fn place(&self, value: f64, stream: &mut Stream) -> (usize, f64) {
        let scaled = self.scale.forward(value);
        let mut parts = vec![0.0; self.modes.len()];
        posterior(&self.modes, scaled, &mut parts);
        let mode = stream.weighted(&parts);
        (mode, self.scalar(mode, value))
    }

    /// Where a value lies within a mode: its distance from the mean in units of four deviations.
    pub(super) fn scalar(&self, mode: usize, value: f64) -> f64 {
        let Mode { mean, deviation, .. } = self.modes[mode];
        ((self.scale.forward(value) - mean) / (4.0 * deviation)).clamp(-1.0, 1.0)
    }

    /// The value at a place within a mode, not yet rounded.
    pub(super) fn value(&self, mode: usize, scalar: f64) -> f64 {
        let Mode { mean, deviation, .. } = self.modes[mode];
        self.scale.back(mean + 4.0 * deviation * scalar)
    }
}

/// At most [`POINTS`] values, equally far apart in rank.
fn points(runs: &[(f64, usize)]) -> Vec<f64> {
    let total: usize = runs.iter().map(|run| run.1).sum();
    let count = total.min(POINTS);
    let mut points = Vec::with_capacity(count);
    let mut seen = 0;
    for &(value, rows) in runs {
        seen += rows;
        // Point k stands at rank (k + 1/2) / count.
        while points.len() < count && (2 * points.len() + 1) * total < 2 * count * seen {
            points.push(value);
        }
    }
    points
}

/// The chance of every mode given a point; returns the logarithm of the point's density but for a constant.
fn posterior(modes: &[Mode], point: f64, parts: &mut [f64]) -> f64 {
    let mut most = f64::NEG_INFINITY;
    for (part, mode) in parts.iter_mut().zip(modes) {
        let away = (point - mode.mean) / mode.deviation;
        *part = mode.share.max(1e-300).ln() - mode.deviation.ln() - 0.5 * away * away;
        most = most.max(*part);
    }
    let mut sum = 0.0;
    for part in parts.iter_mut() {
        *part = (*part - most).exp();
        sum += *part;
    }
    parts.iter_mut().for_each(|part| *part /= sum);
    most + sum.ln()
}
