use std::collections::BTreeMap;

use daotwin_core::statistics::clopper_pearson;
use daotwin_core::{Seed, Stream};
use proptest::prelude::*;

use super::bernoulli::{bernoulli_exp_minus_big, gaussian_acceptance_big};
use super::*;
use crate::noise::OperatingSystem;

const DRAWS: u64 = 1_000_000;

/// False-alarm probability of one law. Its intervals share it equally (Bonferroni), so it bounds the law's test
/// however its cells depend on each other. Six laws are tested, at 1e-6 together.
const ALPHA: f64 = 1e-6 / 6.0;

fn rational(numerator: u128, denominator: u128) -> Rational {
    Rational::new(numerator, denominator).unwrap()
}

fn gaussian_weight(sigma: f64) -> impl Fn(i128) -> f64 {
    move |x| (-(x as f64).powi(2) / (2.0 * sigma * sigma)).exp()
}

fn laplace_weight(scale: f64) -> impl Fn(i128) -> f64 {
    move |x| (-(x.unsigned_abs() as f64) / scale).exp()
}

/// Whether the counts agree with the law on `-reach..=reach`, cut into `cells` runs of values, and on the
/// two tails beside it: each share lies in its Clopper-Pearson interval.
fn agrees(
    draw: &mut impl FnMut() -> i128,
    weight: impl Fn(i128) -> f64,
    reach: i128,
    cells: usize,
) -> std::result::Result<(), String> {
    // Weights past 60 times the reach are below exp(-60) of the whole, far under the intervals' width.
    let far = reach * 60;
    let whole: f64 = (-far..=far).map(&weight).sum();
    let width = (2 * reach + 1).div_euclid(cells as i128).max(1);
    let cell = |x: i128| {
        if x < -reach {
            -1
        } else if x > reach {
            i128::MAX
        } else {
            (x + reach) / width
        }
    };
    let mut expected: BTreeMap<i128, f64> = BTreeMap::new();
    for x in -far..=far {
        *expected.entry(cell(x)).or_default() += weight(x) / whole;
    }
    let mut counts: BTreeMap<i128, u64> = BTreeMap::new();
    let (mut sum, mut squares) = (0.0, 0.0);
    for _ in 0..DRAWS {
        let x = draw();
        *counts.entry(cell(x)).or_default() += 1;
        sum += x as f64;
        squares += (x as f64).powi(2);
    }
    // Two more events: the mean and the variance.
    let alpha = ALPHA / (expected.len() as f64 + 2.0);
    for (cell, probability) in &expected {
        let count = counts.get(cell).copied().unwrap_or(0);
        let (low, high) = clopper_pearson(count, DRAWS, alpha);
        if !(low..=high).contains(probability) {
            return Err(format!("cell {cell}: share in {low}..{high}, law {probability}"));
        }
    }
    // The central limit holds well past these 6.5 deviations with 1e6 draws of a light-tailed law: the
    // correction of Berry and Esseen is within the factor 10 left between 8e-11 and ALPHA / cells.
    let n = DRAWS as f64;
    let variance: f64 = (-far..=far).map(|x| (x as f64).powi(2) * weight(x)).sum::<f64>() / whole;
    let fourth: f64 = (-far..=far).map(|x| (x as f64).powi(4) * weight(x)).sum::<f64>() / whole;
    let mean_gap = (sum / n).abs() / (variance / n).sqrt();
    let variance_gap = (squares / n - variance).abs() / ((fourth - variance * variance) / n).sqrt();
    if mean_gap > 6.5 || variance_gap > 6.5 {
        return Err(format!("mean off by {mean_gap}, variance off by {variance_gap} deviations"));
    }
    Ok(())
}

fn gaussian(variance: Rational) -> impl FnMut() -> i128 {
    let law = DiscreteGaussian::new(variance).unwrap();
    let mut bits = OperatingSystem::default();
    move || law.sample(&mut bits).unwrap()
}

fn laplace(scale: Rational) -> impl FnMut() -> i128 {
    let law = DiscreteLaplace::new(scale).unwrap();
    let mut bits = OperatingSystem::default();
    move || law.sample(&mut bits).unwrap()
}

#[test]
fn gaussian_draws_follow_the_exact_law() {
    // Below one unit, at one, with a fraction, and large.
    for (variance, reach, cells) in [
        (rational(1, 3), 3, 7),
        (rational(1, 1), 4, 9),
        (rational(45, 2), 18, 37),
        (rational(1_000_000, 1), 4_000, 100),
    ] {
        let sigma = variance.to_f64().sqrt();
        agrees(&mut gaussian(variance), gaussian_weight(sigma), reach, cells).unwrap();
    }
}

#[test]
fn laplace_draws_follow_the_exact_law() {
    for (scale, reach, cells) in [(rational(2, 3), 7, 15), (rational(25, 2), 100, 67)] {
        agrees(&mut laplace(scale), laplace_weight(scale.to_f64()), reach, cells).unwrap();
    }
}

fn tabled(table: Option<Table>) -> impl FnMut() -> i128 {
    let table = table.unwrap();
    let mut bits = OperatingSystem::default();
    move || table.sample(&mut bits).unwrap()
}

/// Eight laws more, with the same share of false alarms each: 1.4e-6 for this test. The last two have their tails begin
/// where one draw in twenty falls.
#[test]
fn tables_follow_the_exact_law() {
    let gaussian = |numerator, denominator| DiscreteGaussian::new(rational(numerator, denominator)).unwrap();
    let laplace = |numerator, denominator| DiscreteLaplace::new(rational(numerator, denominator)).unwrap();
    for (law, reach, cells) in [
        (gaussian(1, 3), 3, 7),
        (gaussian(1, 1), 4, 9),
        (gaussian(45, 2), 18, 37),
        (gaussian(1_000_000, 1), 4_000, 100),
    ] {
        let sigma = law.variance.to_f64().sqrt();
        agrees(&mut tabled(law.table()), gaussian_weight(sigma), reach, cells).unwrap();
    }
    for (law, reach, cells) in [(laplace(2, 3), 7, 15), (laplace(25, 2), 100, 67)] {
        agrees(&mut tabled(law.table()), laplace_weight(law.scale.to_f64()), reach, cells).unwrap();
    }
    agrees(&mut tabled(gaussian(10_000, 1).table_with(2.0)), gaussian_weight(100.0), 400, 89).unwrap();
    agrees(&mut tabled(laplace(100, 1).table_with(3.0)), laplace_weight(100.0), 800, 89).unwrap();
    // And the same comparison catches a table of the wrong law.
    agrees(&mut tabled(gaussian(9_604, 1).table()), gaussian_weight(100.0), 400, 89).unwrap_err();
    agrees(&mut tabled(laplace(98, 1).table()), laplace_weight(100.0), 800, 89).unwrap_err();
}

#[test]
fn bounds_of_the_exponential_hold() {
    for (numerator, denominator) in
        [(0_u128, 1_u128), (1, 3), (1, 1), (7, 2), (41, 1), (700, 1), (1, u128::MAX)]
    {
        let (low, high) = table::exp_minus(&numerator.into(), &denominator.into(), 2_000);
        assert!(low <= high && &high - &low <= num_bigint::BigUint::from(4_u32));
        let short = table::exp_minus(&numerator.into(), &denominator.into(), 200);
        assert!(short.0 <= &high >> 1_800_u32 && short.1 >= &low >> 1_800_u32);
        // The leading 53 bits as a float.
        let (bits, float) = (low.bits(), (-(numerator as f64 / denominator as f64)).exp());
        let leading = u64::try_from(&low >> bits.saturating_sub(53)).unwrap() as f64;
        let value = leading * 2.0_f64.powi(bits.saturating_sub(53) as i32 - 2_000);
        if float > 1e-300 && bits < 2_000 {
            assert!((value / float - 1.0).abs() < 1e-14, "{numerator}/{denominator}: {value} {float}");
        }
    }
}

/// The same test catches noise that is ten, and two, per cent too small, a shift of one unit in the mean
/// at sigma 20, and a double share of zero (the classic mistake with signs).
#[test]
fn wrong_laws_are_caught() {
    for percent in [90, 98] {
        let small = rational(100 * percent * percent, 10_000);
        agrees(&mut gaussian(small), gaussian_weight(10.0), 40, 81).unwrap_err();
        agrees(&mut laplace(rational(percent, 10)), laplace_weight(10.0), 100, 67).unwrap_err();
    }
    let mut centred = gaussian(rational(400, 1));
    agrees(&mut || centred() + 1, gaussian_weight(20.0), 80, 81).unwrap_err();
    let mut right = laplace(rational(10, 1));
    let mut heavy = || match right() {
        // The draws at 1 moved to zero, about what a lost rejection of minus zero adds.
        1 => 0,
        other => other,
    };
    agrees(&mut heavy, laplace_weight(10.0), 100, 201).unwrap_err();
}

#[test]
fn coins_have_their_exact_probability() {
    let mut bits = OperatingSystem::default();
    // Seven coins share 1e-6.
    for (numerator, denominator) in
        [(0_u128, 1_u128), (1, 10), (1, 2), (1, 1), (3, 2), (7, 2), (u128::MAX - 1, u128::MAX)]
    {
        let heads =
            (0..DRAWS).filter(|_| bernoulli_exp_minus(numerator, denominator, &mut bits).unwrap()).count();
        let (low, high) = clopper_pearson(heads as u64, DRAWS, 1e-6 / 7.0);
        let probability = (-(numerator as f64 / denominator as f64)).exp();
        assert!(
            (low..=high).contains(&probability),
            "{numerator}/{denominator}: {low}..{high} {probability}"
        );
    }
}

fn stream(index: u64) -> Stream {
    Seed(7).streams("samplers").stream(index)
}

proptest! {
    /// 128-bit and arbitrary-precision arithmetic give the same draw from the same bits, and leave the
    /// source at the same place.
    #[test]
    fn both_arithmetics_agree(
        numerator in any::<u128>(), denominator in 1..u128::MAX, narrow in 0..128_u32, index in any::<u64>(),
    ) {
        // A ratio up to 8, at every size of the two parts.
        let denominator = (denominator >> narrow).max(1);
        let numerator = numerator % denominator.saturating_mul(8);
        let (mut left, mut right) = (stream(index), stream(index));
        for _ in 0..4 {
            let small = bernoulli_exp_minus(numerator, denominator, &mut left).unwrap();
            let big = bernoulli_exp_minus_big(&numerator.into(), &denominator.into(), &mut right).unwrap();
            prop_assert_eq!(small, big);
        }
        prop_assert_eq!(left.bits(), right.bits());
    }

    #[test]
    fn both_acceptances_agree(
        sigma in 1..1_u128 << 27, y in 0..1_u128 << 31, shift in 0..4_u32, index in any::<u64>(),
    ) {
        let variance = rational((sigma * sigma) << shift, 1 << shift);
        let (mut left, mut right) = (stream(index), stream(index));
        let small = gaussian_acceptance(y, sigma + 1, variance, &mut left).unwrap();
        let big = gaussian_acceptance_big(y, sigma + 1, variance, &mut right).unwrap();
        prop_assert_eq!(small, big);
        prop_assert_eq!(left.bits(), right.bits());
    }

    /// A table gives the same draws whether floats may decide or integers alone do, and leaves the source at the
    /// same place.
    #[test]
    fn floats_decide_what_integers_would(
        numerator in 1..1_u128 << 60, narrow in 0..50_u32, reach in 2..9_u32, index in any::<u64>(),
    ) {
        let law = rational(numerator, 1 << narrow);
        let tables = [
            DiscreteGaussian::new(law).unwrap().table_with(f64::from(reach)),
            DiscreteLaplace::new(law).unwrap().table_with(f64::from(reach)),
        ];
        for table in tables.into_iter().flatten() {
            let (mut left, mut right) = (stream(index), stream(index));
            for _ in 0..30 {
                let fast = table.draw::<false, _>(&mut left).unwrap();
                prop_assert_eq!(fast, table.draw::<true, _>(&mut right).unwrap());
            }
            prop_assert_eq!(left.bits(), right.bits());
        }
    }

    #[test]
    fn uniform_draws_stay_below(n in 1..u128::MAX, narrow in 0..128_u32, index in any::<u64>()) {
        let n = (n >> narrow).max(1);
        prop_assert!(uniform_below(n, &mut stream(index)).unwrap() < n);
    }
}

/// A variance beyond the 128-bit path: mean and spread are still right. With 20,000 draws the mean passes 6
/// deviations, or the variance 6 of its own, with probability below 1e-8.
#[test]
fn huge_variances_are_sampled() {
    let law = DiscreteGaussian::new(rational(1 << 100, 1)).unwrap();
    let mut bits = OperatingSystem::default();
    let n = 20_000_u32;
    let draws: Vec<f64> = (0..n).map(|_| law.sample(&mut bits).unwrap() as f64 / 2.0_f64.powi(50)).collect();
    let n = f64::from(n);
    let mean = draws.iter().sum::<f64>() / n;
    let square = draws.iter().map(|x| x * x).sum::<f64>() / n;
    assert!(mean.abs() < 6.0 / n.sqrt(), "{mean}");
    assert!((square - 1.0).abs() < 6.0 * (2.0 / n).sqrt(), "{square}");
}

#[test]
fn no_noise_is_refused() {
    assert!(DiscreteGaussian::new(rational(0, 1)).is_err());
    assert!(DiscreteGaussian::new(rational(u128::MAX, 1)).is_err());
    assert!(DiscreteLaplace::new(rational(0, 1)).is_err());
    assert!(DiscreteLaplace::new(rational(1, u128::MAX)).is_err());
    assert!(Rational::new(1, 0).is_err());
}

/// 1e5 draws a second is the floor; the assertion leaves a loaded machine a factor of four.
#[test]
fn draws_are_fast() {
    for sigma in [1_u128, 30, 1_000, 1 << 24] {
        // The variance as `measure` makes it, with a numerator of 56 bits.
        let mut draw = gaussian(rational(
            (sigma * sigma) << (55 - (sigma * sigma).ilog2()),
            1 << (55 - (sigma * sigma).ilog2()),
        ));
        let start = std::time::Instant::now();
        let total: i128 = (0..100_000).map(|_| draw()).sum();
        let seconds = start.elapsed().as_secs_f64();
        println!("sigma {sigma}: {:.0} draws a second (sum {total})", 1e5 / seconds);
        assert!(seconds < 4.0, "sigma {sigma}: {seconds} s for 1e5 draws");
    }
}
