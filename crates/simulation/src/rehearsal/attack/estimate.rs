//! Shares over runs and proposals, with intervals that know that proposals of one run are alike.

use daotwin_core::statistics::normal_quantile;
use serde::Serialize;

/// A share and its 90 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// The share.
    pub share: f64,
    /// Wilson's interval, of as many independent proposals as the runs are worth.
    pub interval: (f64, f64),
}

/// The sizes with which an attack succeeds: by run, ascending; infinite where none does.
#[derive(Debug, Clone)]
pub(super) struct Sizes {
    runs: Vec<Vec<f64>>,
    /// All of them, ascending.
    all: Vec<f64>,
}

impl Sizes {
    pub(super) fn new(mut runs: Vec<Vec<f64>>) -> Self {
        runs.iter_mut().for_each(|sizes| sizes.sort_by(f64::total_cmp));
        let mut all: Vec<f64> = runs.iter().flatten().copied().collect();
        all.sort_by(f64::total_cmp);
        Self { runs, all }
    }

    /// The share of the proposals that are attacked with success by this size.
    pub(super) fn at(&self, size: f64) -> Share {
        let counts = self
            .runs
            .iter()
            .map(|sizes| (sizes.partition_point(|least| *least <= size) as f64, sizes.len() as f64));
        clustered(&counts.collect::<Vec<_>>())
    }

    /// The least size at which the lower end of the share's interval exceeds `target`: a bisection over the sizes there are.
    pub(super) fn least(&self, target: f64) -> Option<(f64, Share)> {
        let finite = &self.all[..self.all.partition_point(|size| size.is_finite())];
        let found = finite.partition_point(|size| self.at(*size).interval.0 <= target);
        finite.get(found).map(|size| (*size, self.at(*size)))
    }

    /// Share against size at the quantiles of the sizes.
    pub(super) fn curve(&self) -> Vec<(f64, Share)> {
        const POINTS: usize = 24;
        let finite = &self.all[..self.all.partition_point(|size| size.is_finite())];
        if finite.is_empty() {
            return Vec::new();
        }
        let mut sizes: Vec<f64> =
            (0..=POINTS).map(|point| finite[point * (finite.len() - 1) / POINTS]).collect();
        sizes.dedup();
        sizes.into_iter().map(|size| (size, self.at(size))).collect()
    }

    pub(super) fn count(&self) -> usize {
        self.all.len()
    }
}

/// The share of successes in clusters of (successes, trials).
///
/// The variance between clusters over that of as many independent trials is the design effect (Kish 1965), no less than 1;
/// the trials over it are Wilson's sample (Korn and Graubard 1998). Where all or none succeed the clusters cannot tell it:
/// each then counts as one trial.
pub(super) fn clustered(counts: &[(f64, f64)]) -> Share {
    let (mut successes, mut trials) = (0.0, 0.0);
    for (hits, of) in counts {
        successes += hits;
        trials += of;
    }
    let clusters = counts.iter().filter(|(_, of)| *of > 0.0).count() as f64;
    if trials == 0.0 {
        return Share { share: f64::NAN, interval: (0.0, 1.0) };
    }
    let share = successes / trials;
    let worth = if share <= 0.0 || share >= 1.0 {
        clusters
    } else {
        let squares: f64 = counts.iter().map(|(hits, of)| (hits - share * of).powi(2)).sum();
        let between = squares / (trials * trials) * (clusters / (clusters - 1.0).max(1.0));
        let independent = share * (1.0 - share) / trials;
        trials / (between / independent).max(1.0)
    };
    Share { share, interval: wilson(share, worth) }
}

/// Wilson's 90 % interval of a share of so many trials, which need not be whole.
fn wilson(share: f64, trials: f64) -> (f64, f64) {
    let z = normal_quantile(0.95);
    let spread = z * z / trials;
    let middle = (share + spread / 2.0) / (1.0 + spread);
    let half = z / (1.0 + spread) * (share * (1.0 - share) / trials + spread / (4.0 * trials)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}
