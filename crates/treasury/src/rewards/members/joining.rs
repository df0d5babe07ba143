//! How many join, period by period.

use daotwin_core::random::Stream;
use serde::Serialize;

use super::model::logistic;
use super::optimise::minimise;

/// A count that is more spread than a Poisson one and remembers itself: given the past, joiners are negative binomial with
/// mean m(t) = `base` + `recent` x joiners(t-1) + `memory` x m(t-1) and `shape` (Zhu 2011, negative binomial INGARCH).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Joining {
    /// Joiners a period who come whatever was; above zero.
    pub base: f64,
    /// What last period's joiners bring; 0 at least, below 1 with `memory`.
    pub recent: f64,
    /// What last period's mean brings; 0 at least.
    pub memory: f64,
    /// Variance around the mean m is m + m^2 / shape; above zero.
    pub shape: f64,
    /// The mean for the period after the last one seen.
    pub next: f64,
}

impl Joining {
    fn of_free(free: &[f64], mean: f64) -> Self {
        // How much of a period's mean comes of the past, how much of that of the last count, and the long-run mean.
        let (past, last) = (0.995 * logistic(free[0]), logistic(free[1]));
        let long_run = mean * free[2].clamp(-5.0, 5.0).exp();
        Self {
            base: long_run * (1.0 - past),
            recent: past * last,
            memory: past * (1.0 - last),
            shape: free[3].clamp(-4.0, 6.0).exp(),
            next: mean,
        }
    }

    /// The negative logarithm of the counts' likelihood; sets the next period's mean.
    fn score(&mut self, counts: &[u32]) -> f64 {
        let mut mean = self.next;
        let mut score = 0.0;
        for &count in counts {
            let shape = self.shape;
            let ways: f64 = (0..count).map(|n| ((shape + f64::from(n)) / f64::from(n + 1)).ln()).sum();
            score -= ways + shape * (shape / (shape + mean)).ln();
            if count > 0 {
                score -= f64::from(count) * (mean / (shape + mean)).ln();
            }
            mean = self.base + self.recent * f64::from(count) + self.memory * mean;
        }
        self.next = mean;
        score
    }

    /// Fits counts by maximum likelihood under weak normal priors (standard deviations of 1.5 on logits, of 0.5 on the logarithm of
    /// the long-run mean around the counts' own, of 2 on the logarithm of the shape around 0.7): a year of months is few. The mean of the first period
    /// is the counts' mean. None for fewer than 3 counts or where nobody joins.
    pub fn fit(counts: &[u32]) -> Option<Self> {
        let mean = f64::from(counts.iter().sum::<u32>()) / counts.len() as f64;
        if counts.len() < 3 || mean <= 0.0 {
            return None;
        }
        let centres = [(0.0, 1.5), (0.0, 1.5), (0.0, 0.5), (0.7, 2.0)];
        let objective = |free: &[f64]| {
            let prior: f64 = centres
                .iter()
                .zip(free)
                .map(|((centre, spread), free)| ((free - centre) / spread).powi(2) / 2.0)
                .sum();
            Self::of_free(free, mean).score(counts) + prior
        };
        let found = minimise(objective, &[0.0, 0.0, 0.0, 0.7], 200);
        let mut fitted = Self::of_free(&found.place, mean);
        fitted.score(counts);
        Some(fitted)
    }

    /// Draws the next period's joiners.
    pub fn draw(&mut self, stream: &mut Stream) -> u32 {
        let mean = stream.gamma(self.shape) * self.next / self.shape;
        let count = stream.poisson(mean.min(1e6)) as u32;
        self.next = self.base + self.recent * f64::from(count) + self.memory * self.next;
        count
    }

    /// What a period's joiners come to in the long run, on average.
    pub fn long_run(&self) -> f64 {
        self.base / (1.0 - self.recent - self.memory)
    }
}
