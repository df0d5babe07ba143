//! Weighted ensembles, their score, and the mixture of several that scores best on what is known.

use daotwin_core::statistics as core;

/// Values that a figure may take, with weights that sum to 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ensemble {
    pub(super) values: Vec<f64>,
    pub(super) weights: Vec<f64>,
}

impl Ensemble {
    /// Of equally likely values; those that are not finite are left out.
    pub(super) fn equal(values: impl IntoIterator<Item = f64>) -> Self {
        Self::weighted(values.into_iter().map(|value| (value, 1.0)))
    }

    /// Of values with weights on any scale; values that are not finite are left out.
    pub(super) fn weighted(pairs: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let (values, mut weights): (Vec<f64>, Vec<f64>) =
            pairs.into_iter().filter(|(value, weight)| value.is_finite() && *weight > 0.0).unzip();
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= sum);
        Self { values, weights }
    }

    /// A mixture.
    pub(super) fn mixture(parts: &[Self], shares: &[f64]) -> Self {
        let pairs = parts.iter().zip(shares).flat_map(|(part, share)| {
            part.values.iter().zip(&part.weights).map(move |(value, weight)| (*value, weight * share))
        });
        Self::weighted(pairs)
    }

    pub(super) fn mean(&self) -> f64 {
        self.values.iter().zip(&self.weights).map(|(value, weight)| value * weight).sum()
    }

    fn ascending(&self) -> Vec<(f64, f64)> {
        let mut pairs: Vec<_> = self.values.iter().copied().zip(self.weights.iter().copied()).collect();
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        pairs
    }

    /// Whether the middle 90 % hold a value.
    pub(super) fn holds(&self, truth: f64) -> bool {
        let ascending = self.ascending();
        let quantile = |q: f64| {
            let mut sum = 0.0;
            let found = ascending.iter().find(|(_, weight)| {
                sum += weight;
                sum >= q
            });
            found.or(ascending.last()).map_or(f64::NAN, |(value, _)| *value)
        };
        // A value that is drawn again and again is held though its sum was rounded.
        quantile(0.05) - 1e-9 <= truth && truth <= quantile(0.95) + 1e-9
    }

    /// The CRPS (Gneiting and Raftery 2007, equation 21).
    pub(super) fn crps(&self, truth: f64) -> f64 {
        let (mut before, mut off, mut apart) = (0.0, 0.0, 0.0);
        for (value, weight) in self.ascending() {
            off += weight * (value - truth).abs();
            apart += weight * value * (2.0 * before + weight - 1.0);
            before += weight;
        }
        off - apart
    }
}

/// The CRPS of an ensemble of equally likely values.
pub fn crps(ensemble: &[f64], truth: f64) -> f64 {
    Ensemble::equal(ensemble.iter().copied()).crps(truth)
}

/// How members of a pool did: the mean distance of each from the truth, and of each two from each other. The CRPS of their
/// mixture with weights w is w a - w B w / 2.
#[derive(Debug, Clone)]
pub(super) struct Energies {
    members: usize,
    count: f64,
    off: Vec<f64>,
    apart: Vec<f64>,
}

impl Energies {
    pub(super) fn new(members: usize) -> Self {
        Self { members, count: 0.0, off: vec![0.0; members], apart: vec![0.0; members * members] }
    }

    /// Adds a forecast and what came; costs members squared for each value.
    pub(super) fn add(&mut self, members: &[Ensemble], truth: f64) {
        let n = self.members;
        let mut all: Vec<(f64, usize, f64)> = vec![];
        for (member, ensemble) in members.iter().enumerate() {
            for (value, weight) in ensemble.values.iter().zip(&ensemble.weights) {
                self.off[member] += weight * (value - truth).abs();
                all.push((*value, member, *weight));
            }
        }
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut below = vec![0.0; n];
        for pair in all.windows(2) {
            below[pair[0].1] += pair[0].2;
            let step = pair[1].0 - pair[0].0;
            if step <= 0.0 {
                continue;
            }
            for i in 0..n {
                for j in 0..n {
                    self.apart[i * n + j] += step * (below[i] + below[j] - 2.0 * below[i] * below[j]);
                }
            }
        }
        self.count += 1.0;
    }

    /// Weights of the mixture with the least CRPS plus half of `pull` x the members' mean distance from the truth x the
    /// squared distance from equal weights; equal weights where nothing is known. The CRPS of a mixture is convex in its
    /// weights: found by exponentiated gradient (Kivinen and Warmuth 1997).
    pub(super) fn weights(&self, pull: f64) -> Vec<f64> {
        let (n, equal) = (self.members, 1.0 / self.members as f64);
        let mut weights = vec![equal; n];
        let scale = core::mean(&self.off);
        if self.count == 0.0 || scale <= 0.0 {
            return weights;
        }
        for _ in 0..3_000 {
            let moved: Vec<f64> = (0..n)
                .map(|i| {
                    let near: f64 = (0..n).map(|j| self.apart[i * n + j] * weights[j]).sum();
                    let slope = (self.off[i] - near) / scale + pull * (weights[i] - equal);
                    weights[i] * crate::engine::math::exp(-slope)
                })
                .collect();
            let sum: f64 = moved.iter().sum();
            weights = moved.into_iter().map(|weight| weight / sum).collect();
        }
        weights
    }

    /// The mean CRPS of the mixture with these weights.
    #[cfg(test)]
    pub(super) fn score(&self, weights: &[f64]) -> f64 {
        let n = self.members;
        let near = |i: usize| -> f64 { (0..n).map(|j| self.apart[i * n + j] * weights[j]).sum() };
        (0..n).map(|i| weights[i] * (self.off[i] - 0.5 * near(i))).sum::<f64>() / self.count
    }
}
