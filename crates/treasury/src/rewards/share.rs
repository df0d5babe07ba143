//! How a whole number of units is shared out.

use daotwin_simulation::governance::Amount;

/// Weights are brought to whole numbers of this many parts, so that what is shared out is exact from there on.
const PARTS: f64 = 4_503_599_627_370_496.0;

/// Shares out `total` units in proportion to weights by largest remainders (Hamilton): everyone gets the whole part of
/// its quota `total x weight / sum`, and units that are left go one by one to the largest remainders, the first of equal
/// ones first. The shares sum to `total`; nothing is shared out where no weight is above zero. Weights sum to less than
/// 2^127. O(n log n).
pub fn apportion(total: u128, weights: &[u128]) -> Vec<u128> {
    let sum: u128 = weights.iter().sum();
    if sum == 0 {
        return vec![0; weights.len()];
    }
    let mut shares = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    for (place, &weight) in weights.iter().enumerate() {
        // A quotient of `total x weight / sum` is `total` at most, so it exists.
        let share = Amount(total).times(weight, sum).map_or(0, |share| share.0);
        // Below `sum`, hence the same modulo 2^128 as without end.
        let remainder = total.wrapping_mul(weight).wrapping_sub(share.wrapping_mul(sum));
        shares.push(share);
        remainders.push((remainder, place));
    }
    let left = total - shares.iter().sum::<u128>();
    remainders.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(&other.1)));
    for &(_, place) in remainders.iter().take(left as usize) {
        shares[place] += 1;
    }
    shares
}

/// As [`apportion`], by floating-point weights: those that are not above zero count for nothing, others are rounded to
/// 2^-52 of the largest.
pub fn apportion_by(total: u128, weights: &[f64]) -> Vec<u128> {
    let largest = weights.iter().copied().filter(|weight| weight.is_finite()).fold(0.0, f64::max);
    let whole: Vec<u128> =
        weights
            .iter()
            .map(|&weight| {
                if weight > 0.0 && weight.is_finite() {
                    (weight / largest * PARTS).round() as u128
                } else {
                    0
                }
            })
            .collect();
    apportion(total, &whole)
}
