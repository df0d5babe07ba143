use super::*;
use daotwin_core::random::Seed;

/// How many floating-point numbers lie between two of the same sign.
fn apart(a: f64, b: f64) -> u64 {
    (a.to_bits() as i64).abs_diff(b.to_bits() as i64)
}

#[test]
fn exp_is_within_two_units_of_the_library() {
    let mut stream = Seed(1).stream("exp");
    let mut worst = 0;
    for index in 0..400_000 {
        let width = [1.0, 40.0, 745.0, 1e-6][index % 4];
        let x = (stream.uniform() * 2.0 - 1.0) * width;
        worst = worst.max(apart(exp(x), x.exp()));
    }
    assert!(worst <= 2, "{worst} units in the last place");
}

#[test]
fn ln_is_within_two_units_of_the_library() {
    let mut stream = Seed(1).stream("ln");
    let mut worst = 0;
    for index in 0..400_000 {
        let x = match index % 4 {
            0 => stream.uniform(),
            1 => 1.0 + (stream.uniform() - 0.5) * 1e-3,
            2 => 0.5 + stream.uniform(),
            // Any positive finite number, those below the normal range included.
            _ => f64::from_bits(stream.below(0x7FF0_0000_0000_0000)),
        };
        if x > 0.0 && x != 1.0 {
            worst = worst.max(apart(ln(x), x.ln()));
        }
    }
    assert!(worst <= 2, "{worst} units in the last place");
}

#[test]
fn the_ends_of_the_range_come_out() {
    assert_eq!(exp(0.0), 1.0);
    assert_eq!(exp(f64::NEG_INFINITY), 0.0);
    assert_eq!(exp(-1000.0), 0.0);
    assert_eq!(exp(1000.0), f64::INFINITY);
    assert_eq!(exp(f64::INFINITY), f64::INFINITY);
    assert!(exp(f64::NAN).is_nan() && ln(f64::NAN).is_nan() && ln(-1.0).is_nan());
    assert_eq!(ln(1.0), 0.0);
    assert_eq!(ln(0.0), f64::NEG_INFINITY);
    assert_eq!(ln(f64::INFINITY), f64::INFINITY);
    assert_eq!(logistic(0.0), 0.5);
    assert_eq!(logistic(-1000.0), 0.0);
    assert_eq!(logistic(1000.0), 1.0);
    assert_eq!(normal_quantile(0.5), 0.0);
    assert_eq!(normal_quantile(0.0), f64::NEG_INFINITY);
    assert!(normal_quantile(1.5).is_nan());
}

/// The mean and the variance of Poisson draws at 100,000 evenly spaced levels are the law's but for the last level.
#[test]
fn poisson_counts_have_their_mean_and_variance() {
    for mean in [0.0, 0.01, 0.7, 5.0, 80.0, 500.0] {
        let counts: Vec<f64> = (0..100_000)
            .map(|level| f64::from(poisson_quantile((f64::from(level) + 0.5) / 1e5, mean)))
            .collect();
        let found = daotwin_core::statistics::mean(&counts);
        let variance = daotwin_core::statistics::standard_deviation(&counts).powi(2);
        assert!((found - mean).abs() < 1e-3 * (1.0 + mean.sqrt()), "{mean}: {found}");
        assert!((variance - mean).abs() < 2e-3 * (1.0 + mean), "{mean}: variance {variance}");
    }
    assert_eq!((poisson_quantile(0.5, f64::NAN), poisson_quantile(1.0, 3.0) > 0), (0, true));
}

#[test]
fn rounding_up_is_the_ceiling() {
    let mut stream = Seed(1).stream("round");
    for _ in 0..100_000 {
        let x = (stream.uniform() - 0.5) * 2_f64.powi(stream.below(50) as i32);
        assert_eq!(round_up(x), x.ceil());
        assert_eq!(round_up(x.floor()), x.floor());
        assert_eq!(low_bits(x.floor()), x.floor() as i64 as u32);
    }
}

#[test]
fn the_normal_quantile_matches_another_implementation() {
    let mut stream = Seed(1).stream("normal");
    for index in 0..100_000 {
        let p = stream.uniform().powi([1, 4, 12][index % 3]);
        let (mine, theirs) = (normal_quantile(p), daotwin_core::statistics::normal_quantile(p));
        assert!((mine - theirs).abs() <= 1e-9 * theirs.abs().max(1.0), "{p}: {mine}, not {theirs}");
    }
    // Tables: 97.5 % and 1e-10.
    assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-14);
    assert!((normal_quantile(1e-10) + 6.361_340_902_404_056).abs() < 1e-12);
}

/// The exact bits, so that a compiler or a machine that rounds otherwise is found out.
#[test]
fn the_bits_never_change() {
    let mut stream = Seed(7).stream("bits");
    let mut sum = 0_u64;
    for _ in 0..100_000 {
        let x = (stream.uniform() * 2.0 - 1.0) * 50.0;
        let parts = [exp(x), ln(x.abs()), logistic(x), normal_quantile(stream.uniform())];
        for part in parts {
            sum = (sum ^ part.to_bits()).wrapping_mul(0x0000_0100_0000_01B3);
        }
    }
    assert_eq!(format!("{sum:016x}"), "cedd7e1edb7d6f59");
}
