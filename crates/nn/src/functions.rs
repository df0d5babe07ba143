//! Functions of numbers: bends, the exponential, softmax and its losses.

use crate::matrix::wide;
use crate::network::Activation;

/// e^x within two units in the last place for |x| < 87, without branches, so that a loop over it runs in
/// vectors; the same bits on every processor. Below it is 0 or the least normal number, above it is huge.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    // Cephes' scheme: e^x = 2^n e^r with |r| <= ln(2) / 2, and a polynomial for e^r.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * 0.693_359_4) + n * 2.121_944_4e-4;
    let mut p = 1.987_569_1e-4;
    p = p * r + 1.398_199_9e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 0.166_666_66;
    p = p * r + 0.5;
    let y = (p * r) * r + r + 1.0;
    // The last bits of `shifted` are n.
    let power = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    y * power
}

#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// Bends every value.
pub(crate) fn bend(bend: Activation, data: &mut [f32]) {
    wide(
        #[inline(always)]
        || match bend {
            Activation::Relu => data.iter_mut().for_each(|x| *x = if *x > 0.0 { *x } else { 0.0 }),
            Activation::LeakyRelu(slope) => {
                data.iter_mut().for_each(|x| *x = if *x > 0.0 { *x } else { slope * *x });
            }
            Activation::Silu => data.iter_mut().for_each(|x| *x *= sigmoid(*x)),
        },
    );
}

/// Brings a gradient behind a bend before it. `output` is what came out, dropout included: what was dropped is
/// zero, and all else was scaled by `keep`. `before` is what went in, where the slope cannot be told from what
/// came out.
pub(crate) fn bend_back(
    bend: Activation,
    keep: f32,
    before: Option<&[f32]>,
    output: &[f32],
    gradient: &mut [f32],
) {
    wide(
        #[inline(always)]
        || match (bend, before) {
            (Activation::Silu, Some(before)) => {
                for ((dy, x), y) in gradient.iter_mut().zip(before).zip(output) {
                    let s = sigmoid(*x);
                    let slope = keep * s * (1.0 + x * (1.0 - s));
                    // Zero came out of zero, or was dropped.
                    *dy *= if *y == 0.0 && *x != 0.0 { 0.0 } else { slope };
                }
            }
            (Activation::LeakyRelu(low), _) => {
                for (dy, y) in gradient.iter_mut().zip(output) {
                    let slope = if *y > 0.0 { keep } else { keep * low };
                    *dy *= if *y == 0.0 { 0.0 } else { slope };
                }
            }
            _ => {
                for (dy, y) in gradient.iter_mut().zip(output) {
                    *dy *= if *y > 0.0 { keep } else { 0.0 };
                }
            }
        },
    );
}

/// The sum of squares, in eight partial sums so that it runs in vectors.
pub(crate) fn square(data: &[f32]) -> f64 {
    let mut lanes = [0.0_f32; 8];
    let (chunks, rest) = data.as_chunks::<8>();
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(lane, x)| *lane += x * x);
    }
    let tail: f32 = rest.iter().map(|x| x * x).sum();
    f64::from(tail) + lanes.iter().map(|lane| f64::from(*lane)).sum::<f64>()
}

/// Turns logits into probabilities, in place.
#[inline]
pub fn softmax(logits: &mut [f32]) {
    wide(
        #[inline(always)]
        || {
            let sum = exponentials(logits);
            let share = 1.0 / sum;
            logits.iter_mut().for_each(|x| *x *= share);
        },
    );
}

/// Replaces logits by e^(logit - greatest); returns their sum, at least 1.
#[inline(always)]
fn exponentials(logits: &mut [f32]) -> f32 {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    logits.iter_mut().for_each(|x| *x = exp(*x - top));
    logits.iter().sum::<f32>().max(1.0)
}

/// The loss `-weight * ln p(target)` of a softmax over logits, which are replaced by the loss's gradient.
///
/// ```
/// let mut logits = [0.0, 0.0];
/// let loss = daotwin_nn::cross_entropy(&mut logits, 1, 1.0);
/// assert!((loss - 2_f32.ln()).abs() < 1e-6);
/// assert_eq!(logits, [0.5, -0.5]);
/// ```
///
/// # Panics
/// Where there is no such target.
#[inline]
pub fn cross_entropy(logits: &mut [f32], target: usize, weight: f32) -> f32 {
    wide(
        #[inline(always)]
        || {
            let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let own = logits[target] - top;
            let sum = exponentials(logits);
            let share = weight / sum;
            logits.iter_mut().for_each(|x| *x *= share);
            logits[target] -= weight;
            weight * (sum.ln() - own)
        },
    )
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn the_exponential_is_that_of_the_library() {
        let mut worst = 0.0_f64;
        for step in -86_000..86_000 {
            let x = step as f32 / 1_000.0;
            let exact = f64::from(x).exp();
            worst = worst.max((f64::from(exp(x)) - exact).abs() / exact);
        }
        assert!(worst < 3e-7, "{worst}");
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(f32::NEG_INFINITY) < 1e-37 && exp(1e9) > 1e38);
    }

    #[test]
    fn softmax_sums_to_one_and_keeps_ratios() {
        let mut x = [1.0, 2.0, -50.0, 1e30];
        softmax(&mut x);
        assert!((x.iter().sum::<f32>() - 1.0).abs() < 1e-6 && x[3] > 0.999);
        let mut x = [1.0, 2.0, 3.0];
        softmax(&mut x);
        assert!((x[1] / x[0] - std::f32::consts::E).abs() < 1e-5);
    }

    #[test]
    fn the_gradient_of_cross_entropy_is_that_of_differences() {
        let logits = [0.3_f32, -1.2, 2.0, 0.0];
        let mut gradient = logits;
        cross_entropy(&mut gradient, 2, 1.5);
        for at in 0..4 {
            let loss = |step: f32| {
                let mut x = logits;
                x[at] += step;
                cross_entropy(&mut x, 2, 1.5)
            };
            let difference = (loss(1e-2) - loss(-1e-2)) / 2e-2;
            assert!((difference - gradient[at]).abs() < 1e-3, "{at}: {difference} {}", gradient[at]);
        }
    }
}
