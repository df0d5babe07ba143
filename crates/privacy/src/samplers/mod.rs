//! Exact discrete Laplace and Gaussian samplers, and the exact exponential mechanism.
//!
//! Canonne, Kamath and Steinke, "The Discrete Gaussian for Differential Privacy" (NeurIPS 2020), Algorithms
//! 1 to 3. Every probability is a ratio of integers or `exp` of one, and is realised exactly from uniform
//! bits by integer comparisons: no floating-point number takes part, so no low bit of a float can give the
//! input away (Mironov 2012). Arithmetic is 128-bit where it fits and arbitrary precision where it does not,
//! with the same draws either way. For many draws of one law, [`Table`] is faster and as exact.
//!
//! The time of a draw depends on the noise drawn. A reader who can time single draws is outside the threat
//! model: a release is timed as a whole, over all its cells.

mod bernoulli;
mod selection;
mod table;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::noise::Bits;
pub use table::Table;

use bernoulli::{bernoulli_exp_minus, coin, gaussian_acceptance, uniform_below};

pub use selection::select;

/// A non-negative rational number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rational {
    numerator: u128,
    denominator: u128,
}

impl Rational {
    /// `numerator / denominator`.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the denominator is zero.
    pub fn new(numerator: u128, denominator: u128) -> Result<Self> {
        if denominator == 0 {
            return Err(Error::Parameter {
                name: "denominator",
                found: "0".to_owned(),
                allowed: "1 or more",
                why: "a rational number divides by it",
            });
        }
        Ok(Self { numerator, denominator })
    }

    /// The number above the line.
    pub const fn numerator(self) -> u128 {
        self.numerator
    }

    /// The number below the line.
    pub const fn denominator(self) -> u128 {
        self.denominator
    }

    /// The nearest float, for display.
    pub fn to_f64(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }
}

/// The discrete Laplace law of scale `b`: P(x) proportional to `exp(-|x| / b)` on the integers.
///
/// ```
/// use daotwin_privacy::{OperatingSystem, Rational, samplers::DiscreteLaplace};
/// let law = DiscreteLaplace::new(Rational::new(5, 2)?)?;
/// let noise: i128 = law.sample(&mut OperatingSystem::default())?;
/// # let _ = noise;
/// # Ok::<(), daotwin_privacy::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct DiscreteLaplace {
    scale: Rational,
}

impl DiscreteLaplace {
    /// The law of this scale. A scale of 0 is no noise and is refused.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the scale is zero or a part of it is over 2^64.
    pub fn new(scale: Rational) -> Result<Self> {
        let allowed = 1..=1_u128 << 64;
        if allowed.contains(&scale.numerator) && allowed.contains(&scale.denominator) {
            Ok(Self { scale })
        } else {
            Err(Error::Parameter {
                name: "scale",
                found: format!("{}/{}", scale.numerator, scale.denominator),
                allowed: "a positive rational with both parts up to 2^64",
                why: "a scale of zero is no noise, and draws are 128-bit integers",
            })
        }
    }

    /// One draw (Algorithm 2). Expected constant time.
    ///
    /// # Errors
    /// [`Error::Entropy`] if the source of bits fails; [`Error::Overflow`] with probability below
    /// exp(-2^60).
    pub fn sample<B: Bits + ?Sized>(&self, bits: &mut B) -> Result<i128> {
        let Rational { numerator: t, denominator: s } = self.scale;
        loop {
            let low = uniform_below(t, bits)?;
            if !bernoulli_exp_minus(low, t, bits)? {
                continue;
            }
            let mut high: u128 = 0;
            while bernoulli_exp_minus(1, 1, bits)? {
                high += 1;
            }
            let magnitude = t
                .checked_mul(high)
                .and_then(|product| product.checked_add(low))
                .map(|sum| sum / s)
                .and_then(|quotient| i128::try_from(quotient).ok())
                .ok_or(Error::Overflow { what: "a draw of discrete Laplace noise", allowed: "128 bits" })?;
            let negative = coin(bits)?;
            // Zero is reached with either sign; keeping one of them gives it its single share.
            if !(negative && magnitude == 0) {
                return Ok(if negative { -magnitude } else { magnitude });
            }
        }
    }
}

/// The discrete Gaussian law with parameter `variance`: P(x) proportional to `exp(-x^2 / (2 variance))` on
/// the integers. Its true variance is never above the parameter.
///
/// Added to each value of an integer query of L2 sensitivity D it is `D^2 / (2 variance)`-zCDP: Proposition 5
/// of the paper for each value, and Rényi divergences of independent values add up.
///
/// ```
/// use daotwin_privacy::{OperatingSystem, Rational, samplers::DiscreteGaussian};
/// let law = DiscreteGaussian::new(Rational::new(100, 1)?)?;
/// let noise: i128 = law.sample(&mut OperatingSystem::default())?;
/// # let _ = noise;
/// # Ok::<(), daotwin_privacy::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct DiscreteGaussian {
    variance: Rational,
    envelope: DiscreteLaplace,
    /// The envelope's scale, floor(sigma) + 1.
    scale: u128,
}

impl DiscreteGaussian {
    /// The law of this variance. A variance of 0 is no noise and is refused.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the variance is zero or 2^126 or more.
    pub fn new(variance: Rational) -> Result<Self> {
        let whole = variance.numerator / variance.denominator;
        if variance.numerator == 0 || whole >= 1 << 126 {
            return Err(Error::Parameter {
                name: "variance",
                found: format!("{}/{}", variance.numerator, variance.denominator),
                allowed: "a positive rational below 2^126",
                why: "a variance of zero is no noise, and draws are 128-bit integers",
            });
        }
        let scale = whole.isqrt() + 1;
        let envelope = DiscreteLaplace::new(Rational { numerator: scale, denominator: 1 })?;
        Ok(Self { variance, envelope, scale })
    }

    /// One draw (Algorithm 3). Expected constant time.
    ///
    /// # Errors
    /// As [`DiscreteLaplace::sample`].
    pub fn sample<B: Bits + ?Sized>(&self, bits: &mut B) -> Result<i128> {
        loop {
            let draw = self.envelope.sample(bits)?;
            if gaussian_acceptance(draw.unsigned_abs(), self.scale, self.variance, bits)? {
                return Ok(draw);
            }
        }
    }
}

/// Uniform in 0..n.
pub(crate) fn exact_uniform<B: Bits + ?Sized>(n: u128, bits: &mut B) -> Result<u128> {
    uniform_below(n, bits)
}

/// True with probability exp(-exponent).
pub(crate) fn exact_coin<B: Bits + ?Sized>(exponent: Rational, bits: &mut B) -> Result<bool> {
    bernoulli_exp_minus(exponent.numerator, exponent.denominator, bits)
}

#[cfg(test)]
mod test;
