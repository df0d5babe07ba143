//! Does a mechanism keep its claim? A statistical test on its outputs alone.
//!
//! Run the mechanism many times on a history and on its neighbour (one planted member more), reduce each
//! output to one number, and hand both samples to [`tradeoff`]. Privacy bounds how well the numbers can tell
//! the two histories apart, so telling them apart too well disproves the claim. The test errs on the accused
//! side: it convicts a mechanism that keeps its claim with probability `alpha` at most. It cannot prove a
//! claim; how small a violation it still finds depends on the number of runs and on the number chosen, for
//! which [`score`] is the best against Gaussian noise.
//!
//! Where a run is too dear to be repeated, [`one_run`] audits a single one by canaries.

mod one_run;

pub use one_run::{OneRun, epsilon_at_least, one_run};

use daotwin_core::statistics::{clopper_pearson, normal_quantile, quantile_sorted, sorted};

use crate::accountant::Rho;
use crate::error::{Error, Result};

/// What a mechanism claims.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Claimed {
    /// Gaussian noise that costs this much zCDP: no test of level a has power above
    /// Phi(Phi^-1(a) + sqrt(2 rho)) (Dong, Roth and Su 2022). The sharpest form of the claim. It is that of
    /// continuous noise; discrete noise of deviation sigma follows it to about 1 / (24 sigma^2) of each
    /// probability, so use it where sigma is 10 or more.
    Gaussian(Rho),
    /// zCDP alone: the Rényi divergence of order a is at most a rho, for every order above 1.
    Zcdp(Rho),
    /// (epsilon, delta): no event's probability passes e^epsilon times its other probability, plus delta.
    Approximate {
        /// The loss.
        epsilon: f64,
        /// The chance that the loss is larger.
        delta: f64,
    },
}

impl Claimed {
    /// The claim as a number to compare a bound with: rho, or epsilon.
    pub fn parameter(self) -> f64 {
        match self {
            Self::Gaussian(rho) | Self::Zcdp(rho) => rho.to_f64(),
            Self::Approximate { epsilon, .. } => epsilon,
        }
    }

    /// The smallest parameter for which an event may have probability `p` under one history and `q` under
    /// the other. Grows with `p` and falls with `q` as long as it is positive, so a lower bound of `p` and an
    /// upper bound of `q` bound it from below.
    fn needed(self, p: f64, q: f64) -> f64 {
        if p <= q {
            return 0.0;
        }
        match self {
            Self::Gaussian(_) => (normal_quantile(p) - normal_quantile(q)).max(0.0).powi(2) / 2.0,
            Self::Zcdp(_) => orders().map(|order| renyi(order, p, q) / order).fold(0.0, f64::max),
            Self::Approximate { delta, .. } => ((p - delta) / q).ln().max(0.0),
        }
    }
}

/// Orders to try, from just above 1 to about 1,000. Each gives a valid bound.
fn orders() -> impl Iterator<Item = f64> {
    (0..60).map(|step| 1.0 + 1e-3 * 2.0_f64.powf(f64::from(step) / 3.0))
}

/// The Rényi divergence of this order between coins of probability `p` and `q`, 0 < q < p <= 1.
fn renyi(order: f64, p: f64, q: f64) -> f64 {
    let term = |p: f64, q: f64| order * p.ln() - (order - 1.0) * q.ln();
    let (left, right) = (term(p, q), term(1.0 - p, 1.0 - q));
    // In logarithms: at order 1,000 the terms themselves overflow.
    let largest = left.max(right);
    (largest + ((left - largest).exp() + (right - largest).exp()).ln()) / (order - 1.0)
}

/// What the outputs show.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Audit {
    /// With confidence `1 - alpha`, the mechanism's true parameter (rho, or epsilon) is at least this.
    pub lower_bound: f64,
    /// The parameter claimed.
    pub claimed: f64,
    /// Whether the claim is disproved.
    pub violated: bool,
    /// The event that tells best: the statistic is at or above this.
    pub threshold: f64,
    /// A lower bound of the event's probability (or its complement's) under the history where it is likelier.
    pub likelier: f64,
    /// An upper bound of the same under the other history.
    pub rarer: f64,
}

/// Runs that each side needs at least.
const MIN_RUNS: usize = 100;

/// Compares samples of one statistic under two neighbouring histories with a claim.
///
/// One half of each sample picks the event "at or above a threshold", or its complement, that tells the
/// histories apart best. The other half bounds its two probabilities (Clopper and Pearson 1934, `alpha / 2`
/// each). The bounds are exact, and the choice does not spoil them because it saw other runs. The runs must be
/// independent, with fresh noise each.
///
/// # Power
/// Half of the runs decide. With 4,000 a side, `alpha` 1e-6 and a Gaussian claim of rho 1/2, noise of half the
/// claimed deviation was caught in 100 of 100 trials (the bound lies some 14 standard errors above the claim),
/// of 0.7 in 100, and of three quarters in 67. An (epsilon, delta) claim is the bluntest: what it forbids lies
/// in the tails, where there are few runs.
///
/// # Errors
/// [`Error::Parameter`] for fewer than 100 runs a side, a number that is not finite, or an `alpha` outside
/// (0, 1).
pub fn tradeoff(without: &[f64], with: &[f64], claim: Claimed, alpha: f64) -> Result<Audit> {
    let runs = without.len().min(with.len());
    if runs < MIN_RUNS {
        return Err(Error::Parameter {
            name: "runs",
            found: runs.to_string(),
            allowed: "100 or more under each history",
            why: "fewer cannot disprove anything",
        });
    }
    if without.iter().chain(with).any(|value| !value.is_finite()) {
        return Err(Error::Parameter {
            name: "statistic",
            found: "not finite".to_owned(),
            allowed: "finite numbers",
            why: "a threshold cannot place it",
        });
    }
    if !(alpha > 0.0 && alpha < 1.0) {
        return Err(Error::Parameter {
            name: "alpha",
            found: alpha.to_string(),
            allowed: "above 0, below 1",
            why: "it is the probability of a false alarm",
        });
    }
    let half = |sample: &[f64], parity: usize| -> Vec<f64> {
        sorted(&sample.iter().skip(parity).step_by(2).copied().collect::<Vec<_>>())
    };
    let (without_choice, with_choice) = (half(without, 0), half(with, 0));
    let pooled = sorted(&[without_choice.as_slice(), with_choice.as_slice()].concat());
    let mut best = (f64::NEG_INFINITY, Event { threshold: pooled[0], above: true, with_likelier: true });
    for step in 1..THRESHOLDS {
        let threshold = quantile_sorted(&pooled, step as f64 / THRESHOLDS as f64);
        for (above, with_likelier) in [(true, true), (true, false), (false, true), (false, false)] {
            let event = Event { threshold, above, with_likelier };
            let (p, q) = event.bounds(&without_choice, &with_choice, alpha);
            let needed = claim.needed(p, q);
            if needed > best.0 {
                best = (needed, event);
            }
        }
    }
    let event = best.1;
    let (likelier, rarer) = event.bounds(&half(without, 1), &half(with, 1), alpha);
    let lower_bound = claim.needed(likelier, rarer);
    let claimed = claim.parameter();
    Ok(Audit {
        lower_bound,
        claimed,
        violated: lower_bound > claimed,
        threshold: event.threshold,
        likelier,
        rarer,
    })
}

/// Thresholds tried, at quantiles of the pooled sample.
const THRESHOLDS: usize = 200;

#[derive(Debug, Clone, Copy)]
struct Event {
    threshold: f64,
    above: bool,
    with_likelier: bool,
}

impl Event {
    /// A lower bound of its probability where it is likelier, and an upper bound where it is rarer. Both hold
    /// together with probability `1 - alpha`.
    fn bounds(self, without: &[f64], with: &[f64], alpha: f64) -> (f64, f64) {
        let interval = |ascending: &[f64]| {
            let below = ascending.partition_point(|&value| value < self.threshold);
            let count = if self.above { ascending.len() - below } else { below };
            clopper_pearson(count as u64, ascending.len() as u64, alpha)
        };
        let (likelier, rarer) = if self.with_likelier { (with, without) } else { (without, with) };
        (interval(likelier).0, interval(rarer).1)
    }
}

/// The statistic that tells two neighbours apart best under Gaussian noise (Neyman and Pearson): the noisy
/// values projected on their difference, over the variance. For several measurements add their scores.
///
/// `difference` is the exact vector with the planted member minus the one without, in lattice units.
///
/// Where the lengths differ, the rest of the longer is ignored.
pub fn score(values: &[f64], difference: &[i64], sigma: f64) -> f64 {
    values.iter().zip(difference).map(|(value, &step)| value * step as f64).sum::<f64>() / (sigma * sigma)
}

#[cfg(test)]
mod test;
