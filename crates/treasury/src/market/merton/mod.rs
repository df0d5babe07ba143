//! Merton's jump diffusion: normal days, and now and then jumps of normal size.
//!
//! A day's return is a mixture over the number of its jumps, which is Poisson: normal with mean m + n j and variance
//! s^2 + n d^2 (Merton 1976, equation 16). Fitted by maximum likelihood; assets go together by a Gaussian copula.

#[cfg(test)]
mod test;

use daotwin_core::statistics::{mean, standard_deviation};
use daotwin_core::{Run, Seed};

use super::dependence::{Dependence, normal_scores};
use super::joint::{IndependentDays, Joint};
use super::margin::Margin;
use super::numeric::{minimise, normal_tail};
use super::{Card, FittedMarket, MarketModel, Panel};
use crate::Result;

/// Normal jumps.
#[derive(Debug)]
pub struct Merton;

/// Jumps a day at most; more are no jumps.
const MOST_JUMPS: f64 = 2.0;
/// Terms of the mixture: a Poisson count of mean 2 exceeds 24 with probability 1e-17.
const TERMS: usize = 25;

/// One asset's law, in units of a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Law {
    /// Mean of a day without jumps.
    pub mean: f64,
    /// Standard deviation of a day without jumps.
    pub volatility: f64,
    /// Jumps a day.
    pub jumps: f64,
    /// Mean of a jump.
    pub jump_mean: f64,
    /// Standard deviation of a jump.
    pub jump_deviation: f64,
}

impl Law {
    fn terms(&self) -> impl Iterator<Item = (f64, f64, f64)> + '_ {
        let mut chance = (-self.jumps).exp();
        (0..TERMS).map_while(move |n| {
            let weight = chance;
            chance *= self.jumps / (n as f64 + 1.0);
            let n = n as f64;
            let variance = self.volatility.powi(2) + n * self.jump_deviation.powi(2);
            (weight > 1e-14 || n < 2.0).then_some((weight, self.mean + n * self.jump_mean, variance.sqrt()))
        })
    }

    /// The density at a return.
    pub fn density(&self, x: f64) -> f64 {
        self.terms().map(|(w, m, s)| w * (-0.5 * ((x - m) / s).powi(2)).exp() / s).sum::<f64>()
            / std::f64::consts::TAU.sqrt()
    }

    /// The mass above a return.
    pub fn above(&self, x: f64) -> f64 {
        self.terms().map(|(w, m, s)| w * mass_above((x - m) / s)).sum()
    }

    /// The mass below a return.
    pub fn below(&self, x: f64) -> f64 {
        self.terms().map(|(w, m, s)| w * mass_above((m - x) / s)).sum()
    }

    /// Maximum likelihood, from a rare-jumps and a frequent-jumps start.
    pub fn fit(returns: &[f64]) -> Self {
        let (centre, spread) = (mean(returns), standard_deviation(returns));
        let law = |p: &[f64]| Self {
            mean: centre + spread * p[0],
            volatility: spread * p[1].exp(),
            jumps: MOST_JUMPS / (1.0 + (-p[2]).exp()),
            jump_mean: spread * p[3],
            jump_deviation: spread * p[4].exp(),
        };
        let worth = |p: &[f64]| -> f64 {
            let law = law(p);
            // A spike on one value is no model of days.
            if law.volatility < 0.05 * spread || law.jump_deviation < 0.05 * spread {
                return f64::INFINITY;
            }
            let terms: Vec<(f64, f64, f64)> = law
                .terms()
                .map(|(w, m, s)| (w / (s * std::f64::consts::TAU.sqrt()), m, -0.5 / (s * s)))
                .collect();
            -returns
                .iter()
                .map(|x| terms.iter().map(|(w, m, q)| w * (q * (x - m) * (x - m)).exp()).sum::<f64>().ln())
                .sum::<f64>()
        };
        let starts = [[0.0, -0.3, -3.5, 0.0, 0.7], [0.0, -0.7, -1.5, 0.0, 0.1]];
        let found = starts.map(|start| minimise(&start, &[0.1, 0.2, 0.7, 0.3, 0.3], 400, &worth));
        let [first, second] = &found;
        law(if first.1 <= second.1 { &first.0 } else { &second.0 })
    }

    fn named(&self, asset: &str) -> Vec<(String, f64)> {
        [
            ("mean", self.mean),
            ("volatility", self.volatility),
            ("jumps", self.jumps),
            ("jump_mean", self.jump_mean),
            ("jump_deviation", self.jump_deviation),
        ]
        .map(|(name, value)| (format!("{asset}.{name}"), value))
        .into()
    }
}

fn mass_above(score: f64) -> f64 {
    if score >= 0.0 { normal_tail(score) } else { 1.0 - normal_tail(-score) }
}

impl MarketModel for Merton {
    fn name(&self) -> &'static str {
        "merton"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "fat tails from rare jumps of normal size",
            source: "Merton 1976, Option pricing when underlying stock returns are discontinuous",
            limits: "jumps come at any time alike: volatility does not cluster, so drawdowns last too short",
        }
    }

    fn fit(&self, panel: &Panel, _seed: Seed, run: &Run) -> Result<Box<dyn FittedMarket>> {
        panel.need(self.name(), 100)?;
        let mut laws = vec![];
        for asset in 0..panel.assets().len() {
            run.check()?;
            laws.push(Law::fit(&panel.column(asset)));
        }
        let margins = laws.iter().map(|law| {
            let spread = (law.volatility.powi(2) + law.jumps * law.jump_deviation.powi(2)).sqrt();
            Margin::of_tails(spread, |x| law.below(x), |x| law.above(x))
        });
        let scores = normal_scores(panel.returns(), panel.assets().len());
        Ok(Box::new(IndependentDays {
            assets: panel.assets().to_vec(),
            margins: margins.collect(),
            joint: Joint::Copula(Dependence::gaussian(&scores, panel.assets().len())),
            parameters: panel.assets().iter().zip(&laws).flat_map(|(name, law)| law.named(name)).collect(),
        }))
    }
}
