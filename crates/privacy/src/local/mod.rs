//! Privacy for a member who trusts nobody: each answer is noised before anyone else sees it.
//!
//! A [`Randomiser`] runs where the value is. Its reports need no ledger and no trusted server, and everything made of
//! them later is post-processing: a model trained on reports is as private as the reports. Neighbours are any two
//! values of one member, so one report is private by itself, whoever else takes part; a member who reports several
//! times pays for each ([`Randomiser::event`] tells an accountant). The price is accuracy: counts from n reports err by
//! about sqrt(n), not by a constant.
//!
//! Bits come from the operating system. There is no seeded form.
//!
//! # Sources
//! Warner 1965; Kairouz, Bonawitz and Ramage 2016 (k-ary randomised response, best possible at small and large
//! epsilon); Canonne, Kamath and Steinke 2020 (exact coins and noise).

use crate::accountant::Event;
use crate::error::{Error, Result};
use crate::noise::{Bits, OperatingSystem};
use crate::samplers::{DiscreteGaussian, DiscreteLaplace, Rational, exact_coin, exact_uniform};

/// What one report is made by.
#[derive(Debug, Clone, Copy)]
pub enum Mechanism {
    /// A category of 0..categories, kept or replaced: every other answer is e^-epsilon times as likely.
    Categories {
        /// The number of categories, from 2 to 2^31.
        categories: u32,
        /// The loss of one report, above 0 and at most 50.
        epsilon: Rational,
    },
    /// An integer, brought into `low..=high` and given discrete Laplace noise of scale (high - low) / epsilon:
    /// epsilon-private.
    Laplace {
        /// The smallest value; public.
        low: i64,
        /// The largest value; public.
        high: i64,
        /// The loss of one report, above 0 and at most 50.
        epsilon: Rational,
    },
    /// An integer, brought into `low..=high` and given discrete Gaussian noise of variance `variance`:
    /// ((high - low)^2 / (2 variance))-zCDP.
    Gaussian {
        /// The smallest value; public.
        low: i64,
        /// The largest value; public.
        high: i64,
        /// The noise's variance.
        variance: Rational,
    },
}

/// Makes reports of single values.
///
/// ```
/// use daotwin_privacy::Rational;
/// use daotwin_privacy::local::{Mechanism, Randomiser, frequencies};
/// let mut voter = Randomiser::new(Mechanism::Categories { categories: 3, epsilon: Rational::new(1, 1)? })?;
/// let report = voter.report(2)?;
/// // Whoever collects reports estimates how many chose what, without bias.
/// let shares = frequencies(&[report, 0, 1, 2], 3, 1.0)?;
/// assert!((shares.iter().map(|share| share.value).sum::<f64>() - 1.0).abs() < 1e-12);
/// # Ok::<(), daotwin_privacy::Error>(())
/// ```
#[derive(Debug)]
pub struct Randomiser {
    mechanism: Mechanism,
    noise: Noise,
    bits: OperatingSystem,
}

#[derive(Debug)]
enum Noise {
    Categories,
    Laplace(DiscreteLaplace),
    Gaussian(DiscreteGaussian),
}

/// An estimate without bias.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The estimate. A share may come out below 0 or above 1: to cut it would bias it.
    pub value: f64,
    /// Its standard error, of the noise and of the members asked.
    pub standard_error: f64,
}

impl Randomiser {
    /// A randomiser of this mechanism.
    ///
    /// # Errors
    /// [`Error::Parameter`] for parameters out of range.
    pub fn new(mechanism: Mechanism) -> Result<Self> {
        let noise = match mechanism {
            Mechanism::Categories { categories, epsilon } => {
                check_categories(categories)?;
                check_epsilon(epsilon)?;
                Noise::Categories
            }
            Mechanism::Laplace { low, high, epsilon } => {
                check_epsilon(epsilon)?;
                let overflow = || Error::Overflow { what: "the scale of local noise", allowed: "2^64" };
                let numerator = width(low, high)?.checked_mul(epsilon.denominator()).ok_or_else(overflow)?;
                Noise::Laplace(DiscreteLaplace::new(Rational::new(numerator, epsilon.numerator())?)?)
            }
            Mechanism::Gaussian { low, high, variance } => {
                width(low, high)?;
                Noise::Gaussian(DiscreteGaussian::new(variance)?)
            }
        };
        Ok(Self { mechanism, noise, bits: OperatingSystem::default() })
    }

    /// A private report of a value. Reports of the same value differ; each one is paid for.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a category that does not exist; [`Error::Entropy`]; [`Error::Overflow`] where noise
    /// does not fit 64 bits.
    pub fn report(&mut self, value: i64) -> Result<i64> {
        match (&self.noise, self.mechanism) {
            (Noise::Laplace(law), Mechanism::Laplace { low, high, .. }) => {
                add(value.clamp(low, high), law.sample(&mut self.bits)?)
            }
            (Noise::Gaussian(law), Mechanism::Gaussian { low, high, .. }) => {
                add(value.clamp(low, high), law.sample(&mut self.bits)?)
            }
            (_, Mechanism::Categories { categories, epsilon }) => {
                randomised_response(value, categories, epsilon, &mut self.bits)
            }
            // The noise is made from the mechanism.
            _ => Err(Error::Overflow { what: "a report", allowed: "its own mechanism" }),
        }
    }

    /// One report, for an accountant.
    pub fn event(&self) -> Event {
        match self.mechanism {
            Mechanism::Categories { categories, epsilon } => {
                Event::RandomisedResponse { epsilon: epsilon.to_f64(), categories }
            }
            // In units of the range, which is what the value moves by.
            Mechanism::Laplace { epsilon, .. } => Event::Laplace { scale: 1.0 / epsilon.to_f64() },
            Mechanism::Gaussian { low, high, variance } => {
                let range = high.abs_diff(low);
                let sigma = variance.to_f64().sqrt();
                match u32::try_from(range) {
                    Ok(sensitivity) if sigma <= 3e4 => Event::DiscreteGaussian { sigma, sensitivity },
                    _ => Event::Gaussian { sigma: sigma / range as f64 },
                }
            }
        }
    }
}

fn check_categories(categories: u32) -> Result<()> {
    if (2..=1 << 31).contains(&categories) {
        return Ok(());
    }
    Err(Error::Parameter {
        name: "categories",
        found: categories.to_string(),
        allowed: "2 to 2^31",
        why: "with one category there is nothing to tell",
    })
}

fn check_epsilon(epsilon: Rational) -> Result<()> {
    let value = epsilon.to_f64();
    if value > 0.0 && value <= 50.0 {
        return Ok(());
    }
    Err(Error::Parameter {
        name: "epsilon",
        found: value.to_string(),
        allowed: "above 0, up to 50",
        why: "above it every report is the truth",
    })
}

/// The length of a range that has one.
fn width(low: i64, high: i64) -> Result<u128> {
    if low < high {
        return Ok(u128::from(high.abs_diff(low)));
    }
    Err(Error::Parameter {
        name: "high",
        found: high.to_string(),
        allowed: "more than `low`",
        why: "noise has to cover the distance between any two values",
    })
}

fn add(value: i64, noise: i128) -> Result<i64> {
    i64::try_from(i128::from(value) + noise)
        .map_err(|_| Error::Overflow { what: "a value with its noise", allowed: "64 bits" })
}

/// A uniform candidate is kept if it is the truth, else with probability e^-epsilon; until one is kept.
fn randomised_response<B: Bits + ?Sized>(
    value: i64,
    categories: u32,
    epsilon: Rational,
    bits: &mut B,
) -> Result<i64> {
    if !(0..i64::from(categories)).contains(&value) {
        // The value itself is protected and is not shown.
        return Err(Error::Parameter {
            name: "value",
            found: "not one of the categories".to_owned(),
            allowed: "0 up to the number of categories less 1",
            why: "a value outside them would be told by how it is treated",
        });
    }
    loop {
        let candidate = i64::try_from(exact_uniform(u128::from(categories), bits)?).unwrap_or(0);
        // Thrown for the truth too, so that the number of coins does not tell.
        let coin = exact_coin(epsilon, bits)?;
        if candidate == value || coin {
            return Ok(candidate);
        }
    }
}

/// The share of members in each category, from their reports: (observed share - q) / (p - q) with p and q the
/// probabilities of the true and of another answer.
///
/// # Errors
/// [`Error::Parameter`] for no reports, or parameters out of range. Reports of no category are an error.
pub fn frequencies(reports: &[i64], categories: u32, epsilon: f64) -> Result<Vec<Estimate>> {
    check_categories(categories)?;
    if !(epsilon > 0.0 && epsilon <= 50.0) {
        return Err(Error::Parameter {
            name: "epsilon",
            found: epsilon.to_string(),
            allowed: "above 0, up to 50",
            why: "it is what the reports were made with",
        });
    }
    let mut counts = vec![0_u64; categories as usize];
    for report in reports {
        match usize::try_from(*report).ok().and_then(|report| counts.get_mut(report)) {
            Some(count) => *count += 1,
            None => {
                return Err(Error::Parameter {
                    name: "report",
                    found: report.to_string(),
                    allowed: "0 up to the number of categories less 1",
                    why: "reports name a category",
                });
            }
        }
    }
    let n = check_reports(reports.len())?;
    let lie = 1.0 / (epsilon.exp() + f64::from(categories) - 1.0);
    let gap = epsilon.exp_m1() * lie;
    Ok(counts
        .iter()
        .map(|&count| {
            let share = count as f64 / n;
            Estimate { value: (share - lie) / gap, standard_error: (share * (1.0 - share) / n).sqrt() / gap }
        })
        .collect())
}

/// The mean of values that lie in the range, from their reports with noise.
///
/// # Errors
/// [`Error::Parameter`] for no reports.
pub fn mean(reports: &[i64]) -> Result<Estimate> {
    let n = check_reports(reports.len())?;
    let values: Vec<f64> = reports.iter().map(|&report| report as f64).collect();
    let deviation = daotwin_core::statistics::standard_deviation(&values);
    Ok(Estimate { value: daotwin_core::statistics::mean(&values), standard_error: deviation / n.sqrt() })
}

fn check_reports(count: usize) -> Result<f64> {
    if count > 0 {
        return Ok(count as f64);
    }
    Err(Error::Parameter {
        name: "reports",
        found: "0".to_owned(),
        allowed: "1 or more",
        why: "nothing can be estimated from nothing",
    })
}

#[cfg(test)]
mod test;
