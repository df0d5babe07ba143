//! Noisy measurements of integer vectors under one zCDP budget.

mod training;

use num_bigint::BigUint;
use serde::{Deserialize, Serialize};

use crate::accountant::{Budget, Rho};
use crate::error::{Error, Result};
use crate::ledger::{Head, Reservation};
use crate::noise::{Charged, Exact, Noise, NoiseKind, Seeded, Unaccounted};
use crate::samplers::Rational;
use daotwin_core::Stream;

pub use training::{Sampling, Training};

/// One measurement: the noisy values and how they came to be. Everything in it may be released.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// The measured values, in the lattice units of the caller. Integers unless they pass 2^53.
    pub values: Vec<f64>,
    /// The standard deviation of the noise in each value, in lattice units; 0 without noise.
    pub sigma: f64,
    /// What it cost; zero without noise.
    pub rho: Rho,
}

/// How the steps of a training were sampled.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sampled {
    /// The chance with which each member takes part in a step.
    pub rate: f64,
    /// How many steps.
    pub steps: u64,
}

/// A line of the manifest: one measurement without its values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// What was measured.
    pub name: String,
    /// Number of values.
    pub length: usize,
    /// The L2 sensitivity in lattice units: how far the vector moves, at most, with one member.
    pub sensitivity: f64,
    /// The standard deviation of the noise in lattice units; 0 for a selection.
    pub sigma: f64,
    /// The zCDP it cost; of a training truncated at the orders that conversions use.
    pub rho: f64,
    /// Of a training, how its steps were sampled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampled: Option<Sampled>,
}

/// What a charged release may say about itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// The unit of privacy.
    pub unit: String,
    /// The loss of one member over this release.
    pub epsilon: f64,
    /// The chance that the loss is larger.
    pub delta: f64,
    /// The same in zCDP.
    pub rho: f64,
}

/// What a manifest says about the privacy of a release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    /// The guarantee; none for noise that was seeded, not charged or not added.
    pub claim: Option<Claim>,
    /// Where the noise came from.
    pub noise: NoiseKind,
    /// The ledger's record of the charge. A ledger without it is not the one that paid.
    pub ledger: Option<Head>,
    /// The measurements in the order they were made.
    pub measurements: Vec<Record>,
}

/// Measures integer vectors until its budget is spent.
///
/// The type parameter says where the noise comes from, and so what the result may claim.
///
/// ```
/// use daotwin_privacy::{Budget, Measurer};
/// // Counts to which one member adds at most 1 in at most four cells: squared L2 sensitivity 4.
/// let mut measurer = Measurer::unaccounted(Budget::new(1.0, 1e-6)?);
/// let turnout = measurer.measure("votes by proposal", &[120, 75, 33], 4, 0.5)?;
/// assert_eq!(turnout.values.len(), 3);
/// assert!(measurer.measure("too much", &[1], 1, 0.6).is_err());
/// # Ok::<(), daotwin_privacy::Error>(())
/// ```
#[derive(Debug)]
pub struct Measurer<N: Noise> {
    noise: N,
    /// None without noise.
    budget: Option<Budget>,
    spent: Rho,
    /// What shares are shares of.
    whole: Rho,
    records: Vec<Record>,
    /// By how much more than a query says a member may move it; see [`Measurer::of_groups`].
    group: u32,
}

impl Measurer<Charged> {
    /// Real noise that an account has paid for: the only measurements with a claim. The reservation is used
    /// up, so no charge is spent twice.
    pub fn charged(reservation: Reservation) -> Self {
        let budget = reservation.budget();
        Self::new(Charged::new(reservation), Some(budget))
    }
}

impl Measurer<Unaccounted> {
    /// Real noise that no ledger was charged for. For audits of the mechanism: the release has no claim.
    pub fn unaccounted(budget: Budget) -> Self {
        Self::new(Unaccounted::default(), Some(budget))
    }
}

impl Measurer<Seeded> {
    /// Repeatable noise. For tests: the release has no claim.
    pub fn seeded(budget: Budget, stream: Stream) -> Self {
        Self::new(Seeded::new(stream), Some(budget))
    }
}

impl Measurer<Exact> {
    /// No noise and no price: every measurement is the truth, and the release has no claim.
    pub fn exact() -> Self {
        Self::new(Exact, None)
    }
}

impl<N: Noise> Measurer<N> {
    pub(crate) fn new(noise: N, budget: Option<Budget>) -> Self {
        let whole = budget.map_or(Rho::ZERO, Budget::rho);
        Self { noise, budget, spent: Rho::ZERO, whole, records: Vec::new(), group: 1 }
    }

    /// The same for members who hold up to `rows` rows each (at least 1), where queries state how far **one row** moves
    /// them: by the triangle inequality a member moves them up to `rows` times as far, so noise grows by that factor.
    /// That no member holds more rows is the caller's part of the promise.
    #[must_use]
    pub fn of_groups(self, rows: u32) -> Self {
        Self { group: rows.max(1), ..self }
    }

    /// Where the noise comes from.
    pub const fn kind(&self) -> NoiseKind {
        N::KIND
    }

    /// The whole budget; zero without noise.
    pub fn total(&self) -> Rho {
        self.budget.map_or(Rho::ZERO, Budget::rho)
    }

    /// What is left of the budget.
    pub fn remaining(&self) -> Rho {
        self.total().saturating_sub(self.spent)
    }

    /// From here on shares are shares of what is left, so that a stage that spends a whole budget can follow one that
    /// spends a part. The budget stays what it was.
    ///
    /// ```
    /// use daotwin_privacy::{Budget, Measurer};
    /// let mut measurer = Measurer::unaccounted(Budget::new(1.0, 1e-6)?);
    /// let first = measurer.measure("where bins lie", &[3, 4], 1, 0.25)?.rho.to_f64();
    /// measurer.rest();
    /// let second = measurer.measure("all else", &[7], 1, 1.0)?.rho.to_f64();
    /// assert!((second / first - 3.0).abs() < 1e-6);
    /// assert!(measurer.measure("too much", &[1], 1, 0.1).is_err());
    /// # Ok::<(), daotwin_privacy::Error>(())
    /// ```
    pub fn rest(&mut self) {
        self.whole = self.remaining();
    }

    /// Measures `counts`, an integer vector that moves by at most `sqrt(sensitivity_squared)` in L2 norm
    /// when one member comes or goes, for this `share` (0 to 1) of the **whole** budget
    /// (but see [`Measurer::rest`]).
    ///
    /// Adds discrete Gaussian noise of variance `sensitivity_squared / (2 rho)`, rounded up, which is
    /// rho-zCDP. Real-valued queries are brought to integers before, see
    /// [`quantise_contribution`](crate::quantise_contribution). The length of `counts` is public. Costs
    /// about a microsecond a value.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a share outside (0, 1] or a sensitivity of 0; [`Error::Budget`] where more
    /// would be spent than there is, and then nothing is drawn; [`Error::Overflow`] where sigma would pass
    /// 2^63; [`Error::Entropy`]. A call that fails after its noise was drawn counts as spent.
    pub fn measure(
        &mut self,
        name: &str,
        counts: &[i64],
        sensitivity_squared: u128,
        share: f64,
    ) -> Result<Measurement> {
        check(share, sensitivity_squared)?;
        let overflow = Error::Overflow { what: "the sensitivity of a member's rows", allowed: "2^127" };
        let group = u128::from(self.group);
        let sensitivity_squared = sensitivity_squared.checked_mul(group * group).ok_or(overflow)?;
        let (sigma, rho, values) = if N::KIND == NoiseKind::Exact {
            (0.0, Rho::ZERO, counts.iter().map(|&count| count as f64).collect())
        } else {
            let rho = self.price(name, share)?;
            let variance = variance_for(sensitivity_squared, rho)?;
            // Paid before it is drawn, so that no failure below can give it back.
            self.spent = self.spent.checked_add(rho).unwrap_or(self.total());
            (variance.to_f64().sqrt(), rho, self.noise.gaussian(variance, counts)?)
        };
        self.records.push(Record {
            name: name.to_owned(),
            length: counts.len(),
            sensitivity: (sensitivity_squared as f64).sqrt(),
            sigma,
            rho: rho.to_f64(),
            sampled: None,
        });
        Ok(Measurement { values, sigma, rho })
    }

    /// Selects one of the candidates by the exponential mechanism: candidate `i` with probability proportional
    /// to `exp(epsilon scores[i] / (2 sensitivity))`, for this `share` (0 to 1) of the **whole** budget. No
    /// score moves by more than `sensitivity` when one member comes or goes. Without noise the best is
    /// selected, the first of them where several are.
    ///
    /// The mechanism is epsilon-bounded-range, hence epsilon^2 / 8 zCDP (Cesar and Rogers 2021, Lemma 3.4);
    /// epsilon is the square root of eight times the price, rounded down. The draw is exact: see
    /// [`select`](crate::samplers::select).
    ///
    /// # Errors
    /// As [`Measurer::measure`]; no candidate.
    pub fn select(&mut self, name: &str, scores: &[i64], sensitivity: u32, share: f64) -> Result<usize> {
        check(share, u128::from(sensitivity))?;
        let sensitivity = u64::from(sensitivity) * u64::from(self.group);
        let (rho, rate) = if N::KIND == NoiseKind::Exact {
            (Rho::ZERO, Rational::new(1, 1)?)
        } else {
            let rho = self.price(name, share)?;
            let rate = rate_for(sensitivity, rho)?;
            self.spent = self.spent.checked_add(rho).unwrap_or(self.total());
            (rho, rate)
        };
        let selected = self.noise.select(scores, rate)?;
        self.records.push(Record {
            name: name.to_owned(),
            length: 1,
            sensitivity: sensitivity as f64,
            sigma: 0.0,
            rho: rho.to_f64(),
            sampled: None,
        });
        Ok(selected)
    }

    /// The price of a share. Shares that add up to 1 in real numbers may pass the budget by a rounding: the
    /// last one then gets what is left, which is less, so its noise is larger.
    fn price(&self, name: &str, share: f64) -> Result<Rho> {
        let total = self.whole.to_f64();
        let asked = Rho::at_most(total * share);
        let left = self.remaining();
        let rounding = Rho::at_most(total * 1e-9);
        let price = if asked.saturating_sub(left) <= rounding { asked.min(left) } else { asked };
        if price > left || price.is_zero() {
            return Err(Error::Budget {
                asked: format!("measurement `{name}`"),
                needed: asked.to_f64(),
                holder: "this release".to_owned(),
                left: left.to_f64(),
                total,
                fix: "shares of one release add up to 1 at most",
            });
        }
        Ok(price)
    }

    /// Ends the release.
    pub fn finish(self) -> Release<N> {
        Release { budget: self.budget, spent: self.spent, records: self.records, noise: self.noise }
    }
}

/// Refuses what is no share and no sensitivity.
fn check(share: f64, sensitivity: u128) -> Result<()> {
    if !(share > 0.0 && share <= 1.0) {
        return Err(Error::Parameter {
            name: "share",
            found: share.to_string(),
            allowed: "above 0, up to 1",
            why: "it is the part of the whole budget that this measurement costs",
        });
    }
    if sensitivity == 0 {
        return Err(Error::Parameter {
            name: "sensitivity",
            found: "0".to_owned(),
            allowed: "1 or more",
            why: "a query that no member can move is public and needs no measurement",
        });
    }
    Ok(())
}

/// The rate at which the exponential mechanism of this sensitivity costs `rho`, rounded down:
/// sqrt(8 rho) / (2 sensitivity).
fn rate_for(sensitivity: u64, rho: Rho) -> Result<Rational> {
    // With rho = units / 2^50, epsilon^2 is units / 2^47 = (units 2^33) / 2^80.
    let epsilon = (u128::from(rho.units()) << 33).isqrt();
    Rational::new(epsilon, u128::from(sensitivity) << 41)
}

/// The smallest convenient rational that is not below `sensitivity_squared / (2 rho)`.
///
/// Its denominator is the power of two that leaves the numerator 56 bits, so that sampling stays in 128-bit
/// arithmetic; from 2^56 on it is an integer.
fn variance_for(sensitivity_squared: u128, rho: Rho) -> Result<Rational> {
    // rho = units / 2^50, so the variance is sensitivity^2 2^49 / units.
    let numerator = BigUint::from(sensitivity_squared) << 49_u32;
    let units = BigUint::from(rho.units());
    let shift = 56_u64.saturating_sub((&numerator / &units).bits());
    let rounded_up = ((numerator << shift) + &units - 1_u32) / &units;
    let overflow = || Error::Overflow { what: "the variance of the noise", allowed: "2^126" };
    let numerator = u128::try_from(rounded_up).map_err(|_| overflow())?;
    if numerator >> shift >= 1 << 126 {
        return Err(overflow());
    }
    Rational::new(numerator, 1 << shift)
}

/// A finished set of measurements. Its type says where the noise came from: what is to be published under a
/// privacy claim takes a `Release<Charged>`, which only a ledger's reservation leads to.
#[derive(Debug)]
pub struct Release<N: Noise> {
    budget: Option<Budget>,
    spent: Rho,
    records: Vec<Record>,
    noise: N,
}

impl Release<Charged> {
    /// The ledger's record of the charge.
    pub const fn reservation(&self) -> Head {
        self.noise.reservation()
    }
}

impl<N: Noise> Release<N> {
    /// The zCDP spent on measurements.
    pub const fn spent(&self) -> Rho {
        self.spent
    }

    /// The measurements in the order they were made.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// What the manifest says. The claim is present for [`Charged`] noise alone.
    ///
    /// # Errors
    /// [`Error::Parameter`] never for a budget made by [`Budget::new`].
    pub fn statement(&self) -> Result<Statement> {
        let claim = match self.budget {
            Some(budget) if N::KIND == NoiseKind::Charged => Some(Claim {
                unit: "member".to_owned(),
                // What was spent is within the budget, so the budget's own epsilon holds too.
                epsilon: self.spent.epsilon(budget.delta())?.min(budget.epsilon()),
                delta: budget.delta(),
                rho: self.spent.to_f64(),
            }),
            _ => None,
        };
        let ledger = self.noise.charge();
        Ok(Statement { claim, noise: N::KIND, ledger, measurements: self.records.clone() })
    }
}

#[cfg(test)]
mod test;
