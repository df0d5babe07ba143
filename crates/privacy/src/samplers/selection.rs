//! The exponential mechanism, exactly.

use super::Rational;
use super::bernoulli::{bernoulli_exp_minus, uniform_below};
use crate::error::{Error, Result};
use crate::noise::Bits;

/// An index `i`, drawn with probability proportional to `exp(rate * scores[i])`.
///
/// A candidate is proposed uniformly and accepted with probability `exp(-rate * (best - score))`, an exact
/// coin, until one is accepted. No floating-point number takes part. Expected proposals: at most as many as
/// there are candidates.
///
/// # Errors
/// [`Error::Parameter`] for no candidate; [`Error::Overflow`] for scores that lie too far apart;
/// [`Error::Entropy`] if the source of bits fails.
pub fn select<B: Bits + ?Sized>(scores: &[i64], rate: Rational, bits: &mut B) -> Result<usize> {
    let Some(best) = scores.iter().max() else {
        return Err(Error::Parameter {
            name: "scores",
            found: "none".to_owned(),
            allowed: "1 or more",
            why: "one of the candidates is selected",
        });
    };
    let overflow =
        || Error::Overflow { what: "the gap between two scores", allowed: "126 bits with its rate" };
    let gap = |score: i64| {
        let gap = i128::from(*best) - i128::from(score);
        gap.unsigned_abs().checked_mul(rate.numerator()).ok_or_else(overflow)
    };
    // All gaps are checked before any coin is thrown, so that a failure tells nothing of the draw.
    let gaps: Vec<u128> = scores.iter().map(|&score| gap(score)).collect::<Result<_>>()?;
    loop {
        let index = uniform_below(gaps.len() as u128, bits)? as usize;
        if bernoulli_exp_minus(gaps[index], rate.denominator(), bits)? {
            return Ok(index);
        }
    }
}

#[cfg(test)]
mod test {
    use daotwin_core::Seed;

    use super::*;

    /// Pearson's statistic of 60,000 draws at rate 1/2 against the law at `rate`.
    fn chi_square(rate: f64) -> f64 {
        let scores = [0, 3, 1, 3, -2, 2];
        let weights = scores.map(|score| (rate * score as f64).exp());
        let total: f64 = weights.iter().sum();
        let mut stream = Seed(7).stream("selection");
        let mut counts = [0_u32; 6];
        for _ in 0..60_000 {
            counts[select(&scores, Rational::new(1, 2).unwrap(), &mut stream).unwrap()] += 1;
        }
        let cell = |(count, weight): (&u32, &f64)| {
            let expected = 60_000.0 * weight / total;
            (f64::from(*count) - expected).powi(2) / expected
        };
        counts.iter().zip(&weights).map(cell).sum()
    }

    /// Chi-square with 5 degrees of freedom exceeds 35.9 with probability 1e-6. The law of twice the rate is
    /// another one: its statistic is in the thousands.
    #[test]
    fn indices_follow_the_exponential_law() {
        assert!(chi_square(0.5) < 35.9, "{}", chi_square(0.5));
        assert!(chi_square(1.0) > 35.9, "{}", chi_square(1.0));
    }

    #[test]
    fn hostile_scores_are_refused_or_drawn() {
        let mut stream = Seed(8).stream("selection");
        let rate = Rational::new(1 << 40, 1).unwrap();
        assert!(select(&[], rate, &mut stream).is_err());
        assert_eq!(select(&[i64::MIN], rate, &mut stream).unwrap(), 0);
        assert_eq!(select(&[i64::MIN, i64::MAX], rate, &mut stream).unwrap(), 1);
        let steep = Rational::new(1 << 100, 1).unwrap();
        assert!(matches!(select(&[i64::MIN, i64::MAX], steep, &mut stream), Err(Error::Overflow { .. })));
    }
}
