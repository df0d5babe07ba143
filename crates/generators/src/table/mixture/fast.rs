//! The exponential of many numbers at once.

/// exp(x) of every number, which is at most 0; a relative error below 3e-7, and 0 below -87. Written out in
/// basic operations: compilers vectorise it, and every machine gives the same bits.
pub(super) fn exp(values: &mut [f32]) {
    // Adding and taking off 1.5 * 2^23 rounds to a whole number, whose bits then stand lowest.
    const ROUND: f32 = 12_582_912.0;
    for value in values {
        let x = value.max(-87.0);
        let shifted = x * std::f32::consts::LOG2_E + ROUND;
        let whole = shifted - ROUND;
        // ln 2 in two parts, so that the rest is exact.
        let rest = (x - whole * 0.693_359_4) + whole * 2.121_944_4e-4;
        let mut power = 1.0 / 5_040.0;
        for factor in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
            power = power * rest + factor;
        }
        let scaled = f32::from_bits(power.to_bits().wrapping_add(shifted.to_bits() << 23));
        *value = if *value < -87.0 { 0.0 } else { scaled };
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn it_is_the_exponential() {
        let numbers: Vec<f32> = (0..=87_000).map(|at| -(at as f32) / 1_000.0).collect();
        let mut values = numbers.clone();
        exp(&mut values);
        for (x, value) in numbers.iter().zip(&values) {
            let exact = f64::from(*x).exp();
            assert!((f64::from(*value) / exact - 1.0).abs() < 3e-7, "exp({x}) is {value}, not {exact}");
        }
        let mut far = [-88.0, -1e30, f32::NEG_INFINITY];
        exp(&mut far);
        assert_eq!(far, [0.0; 3]);
    }
}
