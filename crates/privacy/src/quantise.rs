//! One member's real-valued contribution as an integer vector of bounded L2 norm.

/// Brings one member's contribution to the integer lattice: weights of L2 norm at most 1, times `scale`,
/// each rounded toward zero. Weights whose norm is above 1 are scaled down to norm 1 first, whatever it was;
/// a weight that is not a number counts as 0, an infinite one as the largest float.
///
/// **The result's L2 norm is at most `scale`, exactly.** Proof: before returning, the sum of squares is
/// computed in integers and compared with `scale^2`; a vector that is too long is shortened and tried again.
/// No property of floating point is relied on. It ends because the factor at least halves its distance to 0
/// from some round on, and at factor 0 the vector is 0. Rounding toward zero is why the first try nearly
/// always passes: each integer is then at most its weight in size.
///
/// A sum of such vectors over members therefore moves by at most `scale` in L2 norm when one member comes or
/// goes: its `sensitivity_squared` is `scale^2`. It does so in any order of summation, because integers add
/// exactly. `scale` is a number of lattice units, for example 2^20; linear cost.
///
/// ```
/// let integers = daotwin_privacy::quantise_contribution(&[0.6, -0.8], 1000);
/// assert_eq!(integers, [600, -800]);
/// ```
pub fn quantise_contribution(weights: &[f64], scale: u32) -> Vec<i64> {
    let clean = |weight: f64| if weight.is_nan() { 0.0 } else { weight.clamp(-f64::MAX, f64::MAX) };
    let largest = weights.iter().map(|&weight| clean(weight).abs()).fold(0.0, f64::max);
    if largest == 0.0 {
        return vec![0; weights.len()];
    }
    // Relative to the largest weight no square overflows.
    let relative: Vec<f64> = weights.iter().map(|&weight| clean(weight) / largest).collect();
    let norm = relative.iter().map(|weight| weight * weight).sum::<f64>().sqrt();
    let clipped = largest > 1.0 / norm;
    let mut factor = 1.0;
    let mut shrink = 2.0_f64.powi(-50);
    let square = u128::from(scale) * u128::from(scale);
    loop {
        let integers: Vec<i64> = weights
            .iter()
            .zip(&relative)
            .map(|(&weight, &part)| {
                let bounded = if clipped { part / norm } else { clean(weight) };
                // A cast truncates toward zero.
                (bounded * factor * f64::from(scale)) as i64
            })
            .collect();
        let length = integers
            .iter()
            .try_fold(0_u128, |sum, &value| sum.checked_add(u128::from(value.unsigned_abs()).pow(2)));
        if length.is_some_and(|length| length <= square) {
            return integers;
        }
        factor *= 1.0 - shrink;
        shrink = (shrink * 2.0).min(0.5);
    }
}

#[cfg(test)]
mod test {
    use proptest::prelude::*;

    use super::*;

    fn squared(integers: &[i64]) -> u128 {
        integers.iter().map(|&value| u128::from(value.unsigned_abs()).pow(2)).sum()
    }

    fn hostile() -> impl Strategy<Value = f64> {
        prop_oneof![
            8 => -1.0..1.0_f64,
            2 => proptest::num::f64::ANY,
            1 => Just(0.1),
            1 => Just(f64::MIN_POSITIVE),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn the_norm_never_passes_the_scale(
            weights in proptest::collection::vec(hostile(), 0..60),
            scale in prop_oneof![Just(1_u32), Just(1 << 20), Just(u32::MAX), any::<u32>()],
        ) {
            let integers = quantise_contribution(&weights, scale);
            prop_assert_eq!(integers.len(), weights.len());
            prop_assert!(squared(&integers) <= u128::from(scale).pow(2));
        }

        #[test]
        fn equal_shares_use_the_whole_allowance(count in 1..2_000_usize) {
            // The hard case for float norms: n weights of 1/sqrt(n) have norm 1 up to a rounding.
            let weights = vec![1.0 / (count as f64).sqrt(); count];
            let integers = quantise_contribution(&weights, 1 << 20);
            let norm = (squared(&integers) as f64).sqrt() / f64::from(1 << 20);
            prop_assert!(norm <= 1.0 && norm > 1.0 - 1e-4, "{}", norm);
        }

        #[test]
        fn weights_within_the_bound_lose_less_than_a_unit(
            weights in proptest::collection::vec(-0.2..0.2_f64, 1..25),
        ) {
            for (integer, weight) in quantise_contribution(&weights, 1 << 20).iter().zip(&weights) {
                let loss = (weight * f64::from(1 << 20)).abs() - integer.unsigned_abs() as f64;
                prop_assert!((-1e-9..1.0).contains(&loss), "{}", loss);
            }
        }
    }

    #[test]
    fn long_weights_are_clipped_to_the_scale() {
        assert_eq!(quantise_contribution(&[30.0, -40.0], 1_000), [600, -800]);
        assert_eq!(quantise_contribution(&[f64::INFINITY, 1.0, f64::NAN], 1_000), [1_000, 0, 0]);
        assert_eq!(quantise_contribution(&[0.0, -0.0], 1_000), [0, 0]);
    }
}
