//! GARCH(1,1) and GJR: tomorrow's variance follows from today's and from today's shock.
//!
//! h' = omega + (alpha + gamma 1{e < 0}) e^2 + beta h, with e = sqrt(h) z and z Student's t of unit variance (Bollerslev
//! 1986 and 1987; Glosten, Jagannathan and Runkle 1993; gamma is 0 in GARCH). Fitted by maximum likelihood, the first
//! variance from an exponentially weighted mean of the first 75 squares, as the package `arch` does. Residuals go
//! together by a Gaussian copula, which for constant correlations is Bollerslev's (1990) model.

#[cfg(test)]
mod test;

use daotwin_core::statistics::{mean, standard_deviation};
use daotwin_core::{Run, Seed};

use super::dependence::{Dependence, normal_scores};
use super::joint::{Clustered, Joint};
use super::margin::Margin;
use super::numeric::{ln_gamma, minimise};
use super::{Card, FittedMarket, MarketModel, Panel};
use crate::Result;

/// Either of the two.
#[derive(Debug)]
pub struct Garch {
    asymmetric: bool,
}

/// GARCH(1,1) with Student's t.
pub const GARCH: Garch = Garch { asymmetric: false };
/// GJR-GARCH(1,1,1) with Student's t.
pub const GJR: Garch = Garch { asymmetric: true };

/// Days that a fit needs: five or six parameters, and shocks rare enough to tell them.
pub(super) const LEAST_DAYS: usize = 250;

/// One asset's recursion, in units of a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recursion {
    /// Mean return.
    pub mean: f64,
    /// Constant part of the variance.
    pub omega: f64,
    /// Weight of the last square.
    pub alpha: f64,
    /// Additional weight where the last shock was down.
    pub gamma: f64,
    /// Weight of the last variance.
    pub beta: f64,
    /// Degrees of freedom of shocks.
    pub freedom: f64,
    /// The variance of the day after the last one that was learned from.
    pub next_variance: f64,
    /// The log-likelihood.
    pub log_likelihood: f64,
}

impl Recursion {
    pub(super) fn named(&self) -> [(&'static str, f64); 7] {
        [
            ("mean", self.mean),
            ("omega", self.omega),
            ("alpha", self.alpha),
            ("gamma", self.gamma),
            ("beta", self.beta),
            ("freedom", self.freedom),
            ("next_volatility", self.next_variance.sqrt()),
        ]
    }

    /// Runs over returns: gives each shock in units of its day's deviation to `visit`, and the day's variance.
    /// Returns the variance after the last day.
    pub fn filter(&self, returns: &[f64], mut visit: impl FnMut(f64, f64)) -> f64 {
        let backcast = backcast(returns, self.mean);
        let mut variance = self.omega + (self.alpha + 0.5 * self.gamma + self.beta) * backcast;
        for value in returns {
            let shock = value - self.mean;
            visit(shock, variance);
            let news = if shock < 0.0 { self.alpha + self.gamma } else { self.alpha };
            variance = self.omega + news * shock * shock + self.beta * variance;
        }
        variance
    }

    /// The log-likelihood of returns.
    pub fn log_likelihood(&self, returns: &[f64]) -> f64 {
        let freedom = self.freedom;
        let constant = ln_gamma(0.5 * (freedom + 1.0))
            - ln_gamma(0.5 * freedom)
            - 0.5 * (std::f64::consts::PI * (freedom - 2.0)).ln();
        let mut sum = 0.0;
        self.filter(returns, |shock, variance| {
            sum += constant
                - 0.5 * variance.ln()
                - 0.5 * (freedom + 1.0) * (shock * shock / (variance * (freedom - 2.0))).ln_1p();
        });
        sum
    }

    /// The residuals: each shock over its day's deviation.
    pub fn residuals(&self, returns: &[f64]) -> Vec<f64> {
        let mut list = Vec::with_capacity(returns.len());
        self.filter(returns, |shock, variance| list.push(shock / variance.sqrt()));
        list
    }

    /// Maximum likelihood from two starts; with `asymmetric`, gamma is free.
    pub fn fit(returns: &[f64], asymmetric: bool) -> Self {
        let (centre, spread) = (mean(returns), standard_deviation(returns));
        let at = |p: &[f64]| {
            let persistence = 0.9999 / (1.0 + (-p[2]).exp());
            let news = 1.0 / (1.0 + (-p[3]).exp());
            let lean = p.get(5).map_or(0.0, |lean| lean.tanh());
            Self {
                mean: centre + spread * p[0],
                omega: spread * spread * p[1].exp() * (1.0 - persistence),
                alpha: persistence * news * (1.0 - lean),
                gamma: 2.0 * persistence * news * lean,
                beta: persistence * (1.0 - news),
                freedom: 2.05 + p[4].exp(),
                next_variance: 0.0,
                log_likelihood: 0.0,
            }
        };
        let worth = |p: &[f64]| {
            // Beyond these the likelihood is flat: the normal law, and variances that have no scale left.
            if p[4] > 5.5 || p[1].abs() > 6.0 { f64::INFINITY } else { -at(p).log_likelihood(returns) }
        };
        let mut found: Option<(Vec<f64>, f64)> = None;
        for start in [[0.0, 0.0, 3.0, -2.0, 1.0, 0.0], [0.0, 0.0, 1.0, -1.0, 0.3, 0.0]] {
            let free = if asymmetric { 6 } else { 5 };
            let scale = [0.05, 0.3, 0.8, 0.5, 0.4, 0.2];
            let this = minimise(&start[..free], &scale[..free], 500, &worth);
            if found.as_ref().is_none_or(|best| this.1 < best.1) {
                found = Some(this);
            }
        }
        let (point, least) = found.unwrap_or_default();
        let mut law = at(&point);
        law.log_likelihood = -least;
        law.next_variance = law.filter(returns, |_, _| {});
        law
    }
}

/// What the variance before the first day is taken for.
fn backcast(returns: &[f64], mean: f64) -> f64 {
    let (mut sum, mut weights, mut weight) = (0.0, 0.0, 1.0);
    for value in returns.iter().take(75) {
        sum += weight * (value - mean).powi(2);
        weights += weight;
        weight *= 0.94;
    }
    sum / weights
}

/// Every asset's recursion, and all residuals, `[step][asset]`.
pub(super) fn filtered(panel: &Panel, asymmetric: bool, run: &Run) -> Result<(Vec<Recursion>, Vec<f64>)> {
    let k = panel.assets().len();
    let mut residuals = vec![0.0; panel.returns().len()];
    let mut recursions = vec![];
    for asset in 0..k {
        run.check()?;
        let column = panel.column(asset);
        let recursion = Recursion::fit(&column, asymmetric);
        for (step, residual) in recursion.residuals(&column).into_iter().enumerate() {
            residuals[step * k + asset] = residual;
        }
        recursions.push(recursion);
    }
    Ok((recursions, residuals))
}

impl MarketModel for Garch {
    fn name(&self) -> &'static str {
        if self.asymmetric { "gjr" } else { "garch" }
    }

    fn card(&self) -> Card {
        if self.asymmetric {
            Card {
                purpose: "volatility that comes in clusters and answers falls otherwise than rises, with fat tails",
                source: "Glosten, Jagannathan and Runkle 1993, with Student's t (Bollerslev 1987)",
                limits: "joint crashes beyond what constant correlation gives are missed; needs 250 days",
            }
        } else {
            Card {
                purpose: "volatility that comes in clusters, with fat tails",
                source: "Bollerslev 1986 and 1987; constant correlation of residuals: Bollerslev 1990",
                limits: "rises and falls count alike; joint crashes beyond constant correlation are missed; needs 250 days",
            }
        }
    }

    fn fit(&self, panel: &Panel, _seed: Seed, run: &Run) -> Result<Box<dyn FittedMarket>> {
        panel.need(self.name(), LEAST_DAYS)?;
        let (recursions, residuals) = filtered(panel, self.asymmetric, run)?;
        let assets = panel.assets().len();
        let joint = Joint::Copula(Dependence::gaussian(&normal_scores(&residuals, assets), assets));
        let margins = recursions.iter().map(|recursion| Margin::student(recursion.freedom)).collect();
        Ok(Box::new(Clustered { assets: panel.assets().to_vec(), recursions, margins, joint }))
    }
}
