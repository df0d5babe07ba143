//! How unequally members contribute: a log-normal law fitted to what they received for it.

use daotwin_core::statistics::{gini, mean, normal_cdf, sorted};
use serde::Serialize;

/// A log-normal law with mass at zero.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// Members with more than nothing.
    pub members: usize,
    /// Share of members with nothing.
    pub nothing: f64,
    /// Mean of the logarithms of the others.
    pub level: f64,
    /// Standard deviation of those logarithms (maximum likelihood).
    pub spread: f64,
    /// Inequality of the others' amounts.
    pub gini: f64,
    /// Inequality of the fitted law: 2 Phi(spread / sqrt 2) - 1 (Aitchison and Brown 1957).
    pub fitted_gini: f64,
    /// Mean of the others' amounts.
    pub mean: f64,
    /// Largest distance between the distribution function of the logarithms and the fitted one.
    pub distance: f64,
}

impl Spread {
    /// Fits amounts, 0 at least; none for fewer than 2 above zero.
    pub fn fit(amounts: &[f64]) -> Option<Self> {
        let some: Vec<f64> = amounts.iter().copied().filter(|&amount| amount > 0.0).collect();
        if some.len() < 2 {
            return None;
        }
        let logs: Vec<f64> = sorted(&some.iter().map(|amount| amount.ln()).collect::<Vec<_>>());
        let level = mean(&logs);
        let spread = mean(&logs.iter().map(|log| (log - level).powi(2)).collect::<Vec<_>>()).sqrt();
        let size = logs.len() as f64;
        let distance = logs.iter().enumerate().map(|(place, log)| {
            let fitted = normal_cdf((log - level) / spread);
            (fitted - place as f64 / size).abs().max((fitted - (place + 1) as f64 / size).abs())
        });
        Some(Self {
            members: some.len(),
            nothing: 1.0 - size / amounts.len() as f64,
            level,
            spread,
            gini: gini(&some),
            mean: mean(&some),
            fitted_gini: 2.0 * normal_cdf(spread / std::f64::consts::SQRT_2) - 1.0,
            distance: distance.fold(0.0, f64::max),
        })
    }

    /// The mean logarithm of the density of amounts above zero: of the log-normal law, and of the exponential one with this mean.
    pub fn densities(&self, amounts: &[f64]) -> (f64, f64) {
        let some = || amounts.iter().copied().filter(|&amount| amount > 0.0);
        let norm = (self.spread * (2.0 * std::f64::consts::PI).sqrt()).ln();
        let own =
            |amount: f64| -((amount.ln() - self.level) / self.spread).powi(2) / 2.0 - norm - amount.ln();
        let simple = |amount: f64| -amount / self.mean - self.mean.ln();
        (mean(&some().map(own).collect::<Vec<_>>()), mean(&some().map(simple).collect::<Vec<_>>()))
    }
}
