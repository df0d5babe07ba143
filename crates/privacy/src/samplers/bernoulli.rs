//! Exact coins: fair, rational, and with probability `exp` of a negative rational.

use num_bigint::BigUint;

use super::Rational;
use crate::error::Result;
use crate::noise::Bits;

/// A fair coin.
pub(super) fn coin<B: Bits + ?Sized>(bits: &mut B) -> Result<bool> {
    Ok(bits.bits()? & 1 == 1)
}

/// Uniform in 0..n by rejection; `n` is at least 1. Below two expected rounds.
pub(super) fn uniform_below<B: Bits + ?Sized>(n: u128, bits: &mut B) -> Result<u128> {
    let last = n - 1;
    let mask = if last == 0 { 0 } else { u128::MAX >> last.leading_zeros() };
    loop {
        let mut draw = u128::from(bits.bits()?);
        if mask > u128::from(u64::MAX) {
            draw |= u128::from(bits.bits()?) << 64;
        }
        draw &= mask;
        if draw <= last {
            return Ok(draw);
        }
    }
}

/// [`uniform_below`] for any size. Reads the same words, so both give the same draw where both apply.
fn uniform_below_big<B: Bits + ?Sized>(n: &BigUint, bits: &mut B) -> Result<BigUint> {
    let last = n - 1_u32;
    let width = last.bits();
    let words = width.div_ceil(64).max(1);
    loop {
        let mut draw = BigUint::ZERO;
        for word in 0..words {
            draw |= BigUint::from(bits.bits()?) << (64 * word);
        }
        draw &= (BigUint::from(1_u32) << width) - 1_u32;
        if draw <= last {
            return Ok(draw);
        }
    }
}

/// True with probability exp(-numerator/denominator), for a ratio in [0, 1] (Algorithm 1, first case).
///
/// Coins with probabilities g/1, g/2, g/3, ... are thrown until one fails. The number of the one that fails
/// is odd with probability 1 - g + g^2/2! - g^3/3! + ... = exp(-g).
fn exp_minus_unit<B: Bits + ?Sized>(numerator: u128, denominator: u128, bits: &mut B) -> Result<bool> {
    let mut round: u128 = 1;
    loop {
        let Some(bound) = denominator.checked_mul(round) else {
            return exp_minus_unit_big(
                &BigUint::from(numerator),
                &BigUint::from(denominator),
                u64::try_from(round).unwrap_or(u64::MAX),
                bits,
            );
        };
        if uniform_below(bound, bits)? >= numerator {
            return Ok(round % 2 == 1);
        }
        round += 1;
    }
}

/// [`exp_minus_unit`] from this round on, for any size.
fn exp_minus_unit_big<B: Bits + ?Sized>(
    numerator: &BigUint,
    denominator: &BigUint,
    mut round: u64,
    bits: &mut B,
) -> Result<bool> {
    while uniform_below_big(&(denominator * round), bits)? < *numerator {
        round += 1;
    }
    Ok(round % 2 == 1)
}

/// True with probability exp(-numerator/denominator) (Algorithm 1).
pub(super) fn bernoulli_exp_minus<B: Bits + ?Sized>(
    numerator: u128,
    denominator: u128,
    bits: &mut B,
) -> Result<bool> {
    let (mut whole, mut rest) = (numerator / denominator, numerator % denominator);
    if whole == 1 && rest == 0 {
        // The unit case covers 1 itself and needs no second coin.
        (whole, rest) = (0, denominator);
    }
    for _ in 0..whole {
        if !exp_minus_unit(1, 1, bits)? {
            return Ok(false);
        }
    }
    exp_minus_unit(rest, denominator, bits)
}

/// [`bernoulli_exp_minus`] for any size.
pub(super) fn bernoulli_exp_minus_big<B: Bits + ?Sized>(
    numerator: &BigUint,
    denominator: &BigUint,
    bits: &mut B,
) -> Result<bool> {
    let one = BigUint::from(1_u32);
    let (mut whole, mut rest) = (numerator / denominator, numerator % denominator);
    if whole == one && rest == BigUint::ZERO {
        (whole, rest) = (BigUint::ZERO, denominator.clone());
    }
    while whole > BigUint::ZERO {
        if !exp_minus_unit(1, 1, bits)? {
            return Ok(false);
        }
        whole -= 1_u32;
    }
    exp_minus_unit_big(&rest, denominator, 1, bits)
}

/// True with probability exp(-(y - v/t)^2 / (2 v)), the acceptance step of Algorithm 3 for the magnitude `y`
/// drawn from a discrete Laplace law of scale `t` and the variance `v`.
///
/// With v = p/q the exponent is (y t q - p)^2 / (2 t^2 p q).
pub(super) fn gaussian_acceptance<B: Bits + ?Sized>(
    y: u128,
    t: u128,
    variance: Rational,
    bits: &mut B,
) -> Result<bool> {
    let (p, q) = (variance.numerator, variance.denominator);
    let ratio = || {
        let numerator = y.checked_mul(t)?.checked_mul(q)?.abs_diff(p).checked_pow(2)?;
        let denominator = t.checked_mul(t)?.checked_mul(q)?.checked_mul(p)?.checked_mul(2)?;
        Some((numerator, denominator))
    };
    match ratio() {
        Some((numerator, denominator)) => bernoulli_exp_minus(numerator, denominator, bits),
        None => gaussian_acceptance_big(y, t, variance, bits),
    }
}

/// [`gaussian_acceptance`] for any size.
pub(super) fn gaussian_acceptance_big<B: Bits + ?Sized>(
    y: u128,
    t: u128,
    variance: Rational,
    bits: &mut B,
) -> Result<bool> {
    let [y, t, p, q] = [y, t, variance.numerator, variance.denominator].map(BigUint::from);
    let left = y * &t * &q;
    let root = if left > p { left - &p } else { &p - left };
    bernoulli_exp_minus_big(&(&root * &root), &(&t * &t * q * p * 2_u32), bits)
}
