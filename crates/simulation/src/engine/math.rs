//! Functions whose results are the same bits on every machine and build.
//!
//! The C library's `exp` and `ln` differ between platforms in the last bit. These use additions, multiplications,
//! divisions and bit operations alone, which IEEE 754 fixes (Rust never fuses a multiplication with an addition unless
//! it is asked to), and have no branch that would keep a loop over them from becoming vector instructions.

#[cfg(test)]
mod test;

/// 1.5 * 2^52: adding it rounds a small number to the nearest integer and leaves that in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// ln 2 to 32 bits: a product with an integer below 2^11 is exact.
const LN2_HIGH: f64 = f64::from_bits(0x3FE6_2E42_FEE0_0000);
/// ln 2 less [`LN2_HIGH`].
const LN2_LOW: f64 = f64::from_bits(0x3DEA_39EF_3579_3C76);

/// 2^n for -1022 <= n <= 1023.
#[inline]
const fn two_to(n: i64) -> f64 {
    f64::from_bits((n.wrapping_add(1023) as u64) << 52)
}

/// e^x, within 2 units in the last place; 0 below -745.2, infinite above 709.8, NaN for NaN.
///
/// x = n ln 2 + r with |r| <= ln(2)/2; Taylor's polynomial of degree 13 errs by less than 4.2e-18 of e^r; then 2^n in
/// two halves, so that results below the normal range come out too.
#[inline]
pub fn exp(x: f64) -> f64 {
    let x = if x > 709.8 { 709.8 } else { x };
    let x = if x < -745.2 { -745.2 } else { x };
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN2_HIGH) - n * LN2_LOW;
    let mut sum = 1.0 / 6_227_020_800.0;
    sum = sum * r + 1.0 / 479_001_600.0;
    sum = sum * r + 1.0 / 39_916_800.0;
    sum = sum * r + 1.0 / 3_628_800.0;
    sum = sum * r + 1.0 / 362_880.0;
    sum = sum * r + 1.0 / 40_320.0;
    sum = sum * r + 1.0 / 5_040.0;
    sum = sum * r + 1.0 / 720.0;
    sum = sum * r + 1.0 / 120.0;
    sum = sum * r + 1.0 / 24.0;
    sum = sum * r + 1.0 / 6.0;
    sum = sum * r + 0.5;
    sum = 1.0 + (r + r * r * sum);
    let bits = (shifted.to_bits() as i64).wrapping_sub(ROUND.to_bits() as i64);
    // Shifts of 32-bit lanes exist on every x86-64; arithmetic shifts of 64-bit lanes do not.
    let half = i64::from((bits as i32) >> 1);
    sum * two_to(half) * two_to(bits.wrapping_sub(half))
}

/// The least integer not below `x`, for |x| < 2^51. (The library's is a call where the processor is not known to have
/// an instruction for it.)
#[inline]
pub fn round_up(x: f64) -> f64 {
    let nearest = (x + ROUND) - ROUND;
    if nearest < x { nearest + 1.0 } else { nearest }
}

/// The low 32 bits of an integer of absolute value below 2^51.
#[inline]
pub fn low_bits(integer: f64) -> u32 {
    (integer + ROUND).to_bits() as u32
}

/// The natural logarithm, within 2 units in the last place; -infinity of 0, NaN of what is negative.
///
/// x = 2^n m with m between sqrt(1/2) and sqrt(2); ln m = 2 artanh f with f = (m - 1) / (m + 1), |f| < 0.1716, by its
/// series to f^23, which errs by less than 1e-19.
#[inline]
pub fn ln(x: f64) -> f64 {
    let small = x < f64::MIN_POSITIVE;
    let scaled = if small { x * 18_014_398_509_481_984.0 } else { x };
    // The exponent rises by one where the fraction exceeds sqrt(2).
    let bits = scaled.to_bits().wrapping_add(0x3FF0_0000_0000_0000 - 0x3FE6_A09E_667F_3BCD);
    let exponent = (bits >> 52) as i32;
    let n = f64::from(exponent.wrapping_sub(if small { 1023 + 54 } else { 1023 }));
    let m = f64::from_bits((bits & 0x000F_FFFF_FFFF_FFFF).wrapping_add(0x3FE6_A09E_667F_3BCD));
    let d = m - 1.0;
    let f = d / (m + 1.0);
    let s = f * f;
    let mut sum = 1.0 / 23.0;
    sum = sum * s + 1.0 / 21.0;
    sum = sum * s + 1.0 / 19.0;
    sum = sum * s + 1.0 / 17.0;
    sum = sum * s + 1.0 / 15.0;
    sum = sum * s + 1.0 / 13.0;
    sum = sum * s + 1.0 / 11.0;
    sum = sum * s + 1.0 / 9.0;
    sum = sum * s + 1.0 / 7.0;
    sum = sum * s + 1.0 / 5.0;
    sum = sum * s + 1.0 / 3.0;
    // 2 f = d - f d exactly in the reals; d is exact, so that only small terms are rounded.
    let tail = f * (2.0 * s * sum - d) + n * LN2_LOW;
    let value = n * LN2_HIGH + (d + tail);
    let value = if x > 0.0 { value } else { f64::NAN };
    let value = if x == 0.0 { f64::NEG_INFINITY } else { value };
    if x == f64::INFINITY { x } else { value }
}

/// 1 / (1 + e^-x).
#[inline]
pub fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + exp(-x))
}

/// `base` to a power, by [`exp`] and [`ln`]; for a positive base. The relative error is that of the exponent's
/// product: about 2^-52 times the result's logarithm.
#[inline]
pub fn power(base: f64, exponent: f64) -> f64 {
    exp(exponent * ln(base))
}

/// The Poisson quantile: the least count whose distribution function reaches `u`, for a mean between 0 and 500 (0
/// below and for NaN). Costs its value in steps.
pub fn poisson_quantile(u: f64, mean: f64) -> u32 {
    if mean > 0.0 {
        let mut chance = exp(-mean);
        let mut below = chance;
        let mut count = 0_u32;
        // Past 50 standard deviations nothing is left but rounding.
        while below < u && f64::from(count) < mean * 2.0 + 400.0 {
            count += 1;
            chance *= mean / f64::from(count);
            below += chance;
        }
        count
    } else {
        0
    }
}

/// A polynomial, highest power first.
fn polynomial(x: f64, coefficients: &[f64]) -> f64 {
    coefficients.iter().fold(0.0, |sum, coefficient| sum * x + coefficient)
}

/// The standard normal quantile, relative error below 1e-15 (Wichura 1988, algorithm AS 241, PPND16); infinite at 0
/// and 1, NaN outside.
pub fn normal_quantile(probability: f64) -> f64 {
    let q = probability - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        let above = [
            2.509_080_928_730_122_6e3,
            3.343_057_558_358_813e4,
            6.726_577_092_700_87e4,
            4.592_195_393_154_987e4,
            1.373_169_376_550_946e4,
            1.971_590_950_306_551_4e3,
            1.331_416_678_917_843_8e2,
            3.387_132_872_796_366_5,
        ];
        let below = [
            5.226_495_278_852_854e3,
            2.872_908_573_572_194_4e4,
            3.930_789_580_009_271e4,
            2.121_379_430_158_659_7e4,
            5.394_196_021_424_751e3,
            6.871_870_074_920_579e2,
            4.231_333_070_160_091e1,
            1.0,
        ];
        return q * polynomial(r, &above) / polynomial(r, &below);
    }
    let tail = if q < 0.0 { probability } else { 1.0 - probability };
    if tail == 0.0 {
        return if q < 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    // The square root is one of the operations that IEEE 754 fixes.
    let r = (-ln(tail)).sqrt();
    let value = if r <= 5.0 {
        let r = r - 1.6;
        let above = [
            7.745_450_142_783_414e-4,
            2.272_384_498_926_918_4e-2,
            2.417_807_251_774_506e-1,
            1.270_458_252_452_368_4,
            3.647_848_324_763_204_5,
            5.769_497_221_460_691,
            4.630_337_846_156_546,
            1.423_437_110_749_683_5,
        ];
        let below = [
            1.050_750_071_644_416_8e-9,
            5.475_938_084_995_345e-4,
            1.519_866_656_361_645_7e-2,
            1.481_039_764_274_800_8e-1,
            6.897_673_349_851e-1,
            1.676_384_830_183_803_8,
            2.053_191_626_637_759,
            1.0,
        ];
        polynomial(r, &above) / polynomial(r, &below)
    } else {
        let r = r - 5.0;
        let above = [
            2.010_334_399_292_288_1e-7,
            2.711_555_568_743_487_6e-5,
            1.242_660_947_388_078_4e-3,
            2.653_218_952_657_612_3e-2,
            2.965_605_718_285_048_7e-1,
            1.784_826_539_917_291_3,
            5.463_784_911_164_114,
            6.657_904_643_501_103,
        ];
        let below = [
            2.044_263_103_389_939_8e-15,
            1.421_511_758_316_446e-7,
            1.846_318_317_510_054_8e-5,
            7.868_691_311_456_133e-4,
            1.487_536_129_085_061_5e-2,
            1.369_298_809_227_358e-1,
            5.998_322_065_558_88e-1,
            1.0,
        ];
        polynomial(r, &above) / polynomial(r, &below)
    };
    if q < 0.0 { -value } else { value }
}
