//! Accounting in zero-concentrated differential privacy (zCDP), and its exchange with (epsilon, delta).
//!
//! zCDP (Bun and Steinke 2016) adds up: mechanisms that are rho_1- and rho_2-zCDP are together
//! (rho_1 + rho_2)-zCDP, chosen adaptively or not. [`Rho`] is therefore an integer count of a small unit, so
//! that sums are exact and a ledger can be audited with pen and paper. Every rounding goes to the side of
//! privacy: prices up, allowances down.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// An amount of zCDP, in units of 2^-50. At most 2^63 units (rho = 8192).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rho(u64);

impl Rho {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// Units in 1.
    const ONE: f64 = (1_u64 << 50) as f64;
    /// The largest amount.
    const MAX_UNITS: f64 = (1_u64 << 63) as f64;

    /// The largest amount that is not above `value`; 0 for what is negative or not a number.
    pub fn at_most(value: f64) -> Self {
        Self((value * Self::ONE).floor().clamp(0.0, Self::MAX_UNITS) as u64)
    }

    /// This many units of 2^-50.
    pub const fn from_units(units: u64) -> Self {
        Self(units)
    }

    /// The amount in units of 2^-50.
    pub const fn units(self) -> u64 {
        self.0
    }

    /// The amount as a float; exact below 8.
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / Self::ONE
    }

    /// Whether it is nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, or `None` where it does not fit.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, 0 where it would be negative.
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The smallest epsilon for which this amount of zCDP is shown to be (epsilon, delta)-private: Canonne,
    /// Kamath and Steinke 2020, Corollary 13, optimised over the Rényi order. Rounded up.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a delta out of range; see [`Budget::new`].
    pub fn epsilon(self, delta: f64) -> Result<f64> {
        check_delta(delta)?;
        let rho = self.to_f64();
        if self.is_zero() {
            return Ok(0.0);
        }
        // At rho + 2 sqrt(rho ln(1/delta)) the bound of Bun and Steinke holds, and the optimised one is
        // never weaker.
        let mut high = rho + 2.0 * (rho * -delta.ln()).sqrt();
        let mut low = 0.0;
        for _ in 0..BISECTIONS {
            let middle = f64::midpoint(low, high);
            if log_delta(rho, middle) <= delta.ln() { high = middle } else { low = middle }
        }
        Ok(high * (1.0 + MARGIN))
    }

    /// The smallest delta for which this amount of zCDP is shown to be (epsilon, delta)-private, at most 1.
    /// The same bound as [`Rho::epsilon`].
    pub fn delta(self, epsilon: f64) -> f64 {
        if self.is_zero() { 0.0 } else { log_delta(self.to_f64(), epsilon).exp().min(1.0) }
    }
}

/// Halvings of an interval below 2^10: the last is below one unit in the last place.
const BISECTIONS: u32 = 100;

/// Relative safety margin over the rounding of `f64` in the conversion, whose terms lose about 1e-14.
const MARGIN: f64 = 1e-12;

/// ln of the smallest delta of rho-zCDP at this epsilon:
/// min over a > 1 of (a - 1)(a rho - epsilon) + a ln(1 - 1/a) - ln(a - 1).
///
/// Every order gives a valid bound, so an imprecise minimum costs tightness, never privacy.
fn log_delta(rho: f64, epsilon: f64) -> f64 {
    let bound = |a: f64| (a - 1.0) * (a * rho - epsilon) + a * (-1.0 / a).ln_1p() - (a - 1.0).ln();
    // The derivative (2a - 1) rho - epsilon + ln(1 - 1/a) grows with a and is positive at `high`.
    let mut low = 1.0 + 1e-9;
    let mut high = (epsilon + 1.0) / rho + 2.0;
    for _ in 0..BISECTIONS {
        let middle = f64::midpoint(low, high);
        if (2.0 * middle - 1.0) * rho - epsilon + (-1.0 / middle).ln_1p() < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    bound(f64::midpoint(low, high)).min(0.0)
}

/// An (epsilon, delta) that a user asks for, and the zCDP that it allows.
///
/// ```
/// let budget = daotwin_privacy::Budget::new(3.0, 1e-6)?;
/// assert!((budget.rho().epsilon(1e-6)? - 3.0).abs() < 1e-9);
/// # Ok::<(), daotwin_privacy::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Budget {
    epsilon: f64,
    delta: f64,
    rho: Rho,
}

impl Budget {
    /// The budget of this (epsilon, delta): epsilon from 1e-4 to 100, delta from 1e-30 to 1e-3.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming the parameter, its range and the reason.
    pub fn new(epsilon: f64, delta: f64) -> Result<Self> {
        check_epsilon(epsilon)?;
        check_delta(delta)?;
        Ok(Self { epsilon, delta, rho: rho_for(epsilon, delta)? })
    }

    /// The loss that one member accepts.
    pub const fn epsilon(self) -> f64 {
        self.epsilon
    }

    /// The chance that the loss is larger.
    pub const fn delta(self) -> f64 {
        self.delta
    }

    /// The zCDP that this budget allows in all.
    pub const fn rho(self) -> Rho {
        self.rho
    }
}

fn check_epsilon(epsilon: f64) -> Result<()> {
    if (1e-4..=100.0).contains(&epsilon) {
        return Ok(());
    }
    Err(Error::Parameter {
        name: "epsilon",
        found: epsilon.to_string(),
        allowed: "1e-4 to 100",
        why: "below it every answer is noise, above it the odds against a member may change by more than \
              e^100, which protects nobody; fits without privacy leave `epsilon` out",
    })
}

fn check_delta(delta: f64) -> Result<()> {
    if (1e-30..=1e-3).contains(&delta) {
        return Ok(());
    }
    Err(Error::Parameter {
        name: "delta",
        found: delta.to_string(),
        allowed: "1e-30 to 1e-3, and well below one over the number of members",
        why: "Gaussian noise gives no guarantee at 0, and a delta of 1/1000 already allows one member in a \
              thousand to be published outright",
    })
}

/// The largest rho for which rho-zCDP is shown to be (epsilon, delta)-private: the inverse of
/// [`Rho::epsilon`], rounded down.
///
/// # Errors
/// [`Error::Parameter`] as [`Budget::new`].
pub fn rho_for(epsilon: f64, delta: f64) -> Result<Rho> {
    check_epsilon(epsilon)?;
    check_delta(delta)?;
    // epsilon-zCDP is worse than (epsilon, delta) for every delta up to 1e-3.
    let (mut low, mut high) = (0.0, epsilon);
    for _ in 0..BISECTIONS {
        let middle = f64::midpoint(low, high);
        if log_delta(middle, epsilon) <= delta.ln() { low = middle } else { high = middle }
    }
    Ok(Rho::at_most(low * (1.0 - MARGIN)))
}

#[cfg(test)]
mod test {
    use super::*;

    fn close(found: f64, expected: f64) {
        assert!((found / expected - 1.0).abs() < 1e-6, "{found}, expected {expected}");
    }

    /// Discrete Gaussian, sigma and compositions as in Google's dp_accounting tables; the last column of the
    /// conversion by CKS 2020.
    #[test]
    fn epsilon_matches_the_published_conversion() {
        for (sigma, rounds, expected) in
            [(1.0, 1.0, 4.728_387), (4.0, 10.0, 3.616_966), (10.0, 100.0, 4.728_387)]
        {
            let rho = Rho::at_most(rounds / (2.0 * sigma * sigma));
            close(rho.epsilon(1e-5).unwrap(), expected);
        }
    }

    /// Never below the exact (epsilon, delta) of the Gaussian mechanism (Balle and Wang 2018), which has the
    /// same zCDP: here sigma 1 at 1e-5, sigma 4 at 1e-5 and sigma 1/2 at 1e-6.
    #[test]
    fn epsilon_is_never_below_the_exact_one() {
        for (sigma, delta, exact) in [(1.0, 1e-5, 4.377_178), (4.0, 1e-5, 0.926_342), (0.5, 1e-6, 10.997_151)]
        {
            let rho = 1.0 / (2.0_f64 * sigma * sigma);
            let converted = Rho::at_most(rho).epsilon(delta).unwrap();
            assert!(converted > exact, "{converted} {exact}");
            assert!(converted < rho + 2.0 * (rho * -f64::ln(delta)).sqrt());
        }
    }

    #[test]
    fn the_inverse_inverts_and_never_allows_more() {
        for epsilon in [1e-4, 0.01, 0.1, 1.0, 3.0, 10.0, 100.0] {
            for delta in [1e-30, 1e-12, 1e-6, 1e-3] {
                let rho = Budget::new(epsilon, delta).unwrap().rho();
                assert!(!rho.is_zero());
                let back = rho.epsilon(delta).unwrap();
                assert!(back <= epsilon * (1.0 + 1e-11), "{epsilon} {delta} {back}");
                assert!(back >= epsilon * 0.999, "{epsilon} {delta} {back}");
                assert!(rho.delta(epsilon) <= delta);
            }
        }
    }

    #[test]
    fn parameters_out_of_range_say_why() {
        for (epsilon, delta, name) in [
            (0.0, 1e-6, "epsilon"),
            (-1.0, 1e-6, "epsilon"),
            (f64::NAN, 1e-6, "epsilon"),
            (f64::INFINITY, 1e-6, "epsilon"),
            (100.5, 1e-6, "epsilon"),
            (1.0, 0.0, "delta"),
            (1.0, 0.01, "delta"),
            (1.0, f64::NAN, "delta"),
        ] {
            let message = Budget::new(epsilon, delta).unwrap_err().to_string();
            assert!(message.starts_with(&format!("`{name}` is ")), "{message}");
        }
    }

    #[test]
    fn amounts_are_exact_and_bounded() {
        assert_eq!(Rho::at_most(1.0).units(), 1 << 50);
        assert_eq!(Rho::at_most(f64::NAN), Rho::ZERO);
        assert_eq!(Rho::at_most(-1.0), Rho::ZERO);
        assert_eq!(Rho::at_most(f64::INFINITY).units(), 1 << 63);
        assert_eq!(Rho::from_units(u64::MAX).checked_add(Rho::from_units(1)), None);
        assert_eq!(Rho::from_units(1).saturating_sub(Rho::from_units(2)), Rho::ZERO);
    }
}
