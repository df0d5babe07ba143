//! Statistics that several rooms share. All take plain slices of finite numbers.

use statrs::distribution::{Beta, ContinuousCDF, Normal, StudentsT};

/// The arithmetic mean; 0 for no value.
pub fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// The unbiased standard deviation; 0 for fewer than two values.
pub fn standard_deviation(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let center = mean(values);
    (values.iter().map(|v| (v - center).powi(2)).sum::<f64>() / (values.len() - 1) as f64).sqrt()
}

/// The values in ascending order.
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut copy = values.to_vec();
    copy.sort_unstable_by(f64::total_cmp);
    copy
}

/// The quantile `q` of ascending values, linear between order statistics (Hyndman and Fan 1996, type 7);
/// NaN for no value.
pub fn quantile_sorted(ascending: &[f64], q: f64) -> f64 {
    let Some(last) = ascending.len().checked_sub(1) else { return f64::NAN };
    let position = q.clamp(0.0, 1.0) * last as f64;
    let low = position.floor() as usize;
    let high = (low + 1).min(last);
    ascending[low] + (ascending[high] - ascending[low]) * (position - low as f64)
}

/// The quantile `q` of values in any order. See [`quantile_sorted`].
pub fn quantile(values: &[f64], q: f64) -> f64 {
    quantile_sorted(&sorted(values), q)
}

/// The two-sample Kolmogorov-Smirnov distance: the largest gap between two empirical distribution
/// functions. 0 where both are empty, 1 where one is.
pub fn kolmogorov_smirnov(left: &[f64], right: &[f64]) -> f64 {
    if left.is_empty() || right.is_empty() {
        return if left.len() == right.len() { 0.0 } else { 1.0 };
    }
    let (left, right) = (sorted(left), sorted(right));
    let (mut i, mut j, mut gap) = (0, 0, 0.0_f64);
    while i < left.len() && j < right.len() {
        let value = left[i].min(right[j]);
        while i < left.len() && left[i] <= value {
            i += 1;
        }
        while j < right.len() && right[j] <= value {
            j += 1;
        }
        gap = gap.max((i as f64 / left.len() as f64 - j as f64 / right.len() as f64).abs());
    }
    gap
}

/// The Wasserstein distance of order 1 between two samples: the area between their distribution functions,
/// in the values' unit. 0 where both are empty, infinite where one is.
pub fn wasserstein(left: &[f64], right: &[f64]) -> f64 {
    if left.is_empty() || right.is_empty() {
        return if left.len() == right.len() { 0.0 } else { f64::INFINITY };
    }
    let (left, right) = (sorted(left), sorted(right));
    let (mut i, mut j, mut area) = (0, 0, 0.0);
    let mut previous = left[0].min(right[0]);
    while i < left.len() || j < right.len() {
        let value = match (left.get(i), right.get(j)) {
            (Some(&a), Some(&b)) => a.min(b),
            (Some(&a), None) => a,
            (None, Some(&b)) => b,
            (None, None) => break,
        };
        let gap = (i as f64 / left.len() as f64 - j as f64 / right.len() as f64).abs();
        area += gap * (value - previous);
        previous = value;
        while i < left.len() && left[i] <= value {
            i += 1;
        }
        while j < right.len() && right[j] <= value {
            j += 1;
        }
    }
    area
}

/// The Gini coefficient of non-negative values: 0 all equal, towards 1 one holds everything. 0 where the
/// sum is not positive.
pub fn gini(values: &[f64]) -> f64 {
    let ascending = sorted(values);
    let total: f64 = ascending.iter().sum();
    let n = ascending.len() as f64;
    if total <= 0.0 || ascending.is_empty() {
        return 0.0;
    }
    let weighted: f64 = ascending.iter().enumerate().map(|(rank, v)| (rank as f64 + 1.0) * v).sum();
    (2.0 * weighted / (n * total)) - (n + 1.0) / n
}

/// The Nakamoto coefficient: the fewest holders that together hold more than half. 0 where the sum is not
/// positive.
pub fn nakamoto(values: &[f64]) -> usize {
    let total: f64 = values.iter().sum();
    if total <= 0.0 {
        return 0;
    }
    let mut held = 0.0;
    sorted(values)
        .iter()
        .rev()
        .position(|value| {
            held += value;
            held > total / 2.0
        })
        .map_or(values.len(), |index| index + 1)
}

/// The area under the ROC curve of scores against labels: the chance that a positive outranks a negative,
/// ties counting half (Mann and Whitney 1947). 0.5 where one class is empty.
pub fn area_under_curve(scores: &[f64], positive: &[bool]) -> f64 {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_unstable_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let positives = positive.iter().filter(|&&p| p).count();
    let negatives = positive.len() - positives;
    if positives == 0 || negatives == 0 {
        return 0.5;
    }
    let mut rank_sum = 0.0;
    let mut start = 0;
    while start < order.len() {
        let mut end = start + 1;
        while end < order.len() && scores[order[end]] == scores[order[start]] {
            end += 1;
        }
        let rank = (start + end + 1) as f64 / 2.0;
        rank_sum += rank * order[start..end].iter().filter(|&&i| positive[i]).count() as f64;
        start = end;
    }
    let p = positives as f64;
    (rank_sum - p * (p + 1.0) / 2.0) / (p * negatives as f64)
}

/// Spearman's rank correlation, ties at their mean rank; 0 where either side is constant.
pub fn spearman(left: &[f64], right: &[f64]) -> f64 {
    pearson(&ranks(left), &ranks(right))
}

/// Pearson's correlation; 0 where either side is constant.
pub fn pearson(left: &[f64], right: &[f64]) -> f64 {
    let (a, b) = (mean(left), mean(right));
    let (mut cross, mut square_a, mut square_b) = (0.0, 0.0, 0.0);
    for (x, y) in left.iter().zip(right) {
        cross += (x - a) * (y - b);
        square_a += (x - a).powi(2);
        square_b += (y - b).powi(2);
    }
    if square_a > 0.0 && square_b > 0.0 { cross / (square_a * square_b).sqrt() } else { 0.0 }
}

/// The 1-based ranks of values, ties at their mean rank.
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut result = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let mut end = start + 1;
        while end < order.len() && values[order[end]] == values[order[start]] {
            end += 1;
        }
        let rank = (start + end + 1) as f64 / 2.0;
        for &index in &order[start..end] {
            result[index] = rank;
        }
        start = end;
    }
    result
}

/// The exact two-sided interval of Clopper and Pearson (1934) for a share: `successes` of `trials`, with
/// error probability `alpha` in both tails together.
pub fn clopper_pearson(successes: u64, trials: u64, alpha: f64) -> (f64, f64) {
    let (k, n) = (successes as f64, trials as f64);
    let inverse = |a: f64, b: f64, p: f64| Beta::new(a, b).map_or(f64::NAN, |law| law.inverse_cdf(p));
    let low = if successes == 0 { 0.0 } else { inverse(k, n - k + 1.0, alpha / 2.0) };
    let high = if successes >= trials { 1.0 } else { inverse(k + 1.0, n - k, 1.0 - alpha / 2.0) };
    (low, high)
}

/// The score interval of Wilson (1927) for a share, with error probability `alpha` in both tails together.
pub fn wilson(successes: u64, trials: u64, alpha: f64) -> (f64, f64) {
    if trials == 0 {
        return (0.0, 1.0);
    }
    let z = normal_quantile(1.0 - alpha / 2.0);
    let n = trials as f64;
    let share = successes as f64 / n;
    let center = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    ((center - half).max(0.0), (center + half).min(1.0))
}

/// The standard normal quantile.
pub fn normal_quantile(probability: f64) -> f64 {
    Normal::standard().inverse_cdf(probability)
}

/// The quantile of Student's t distribution (1908) with so many degrees of freedom, at least one.
pub fn student_quantile(probability: f64, freedom: usize) -> f64 {
    StudentsT::new(0.0, 1.0, freedom.max(1) as f64).map_or(f64::NAN, |law| law.inverse_cdf(probability))
}

/// The standard normal distribution function.
pub fn normal_cdf(value: f64) -> f64 {
    Normal::standard().cdf(value)
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn distances_on_small_cases() {
        assert_eq!(kolmogorov_smirnov(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]), 0.0);
        assert_eq!(kolmogorov_smirnov(&[1.0, 2.0], &[3.0, 4.0]), 1.0);
        assert_eq!(kolmogorov_smirnov(&[1.0, 1.0, 2.0, 2.0], &[1.0, 2.0, 2.0, 2.0]), 0.25);
        // Mass 1/2 moves by 1: by hand.
        assert!((wasserstein(&[0.0, 1.0], &[0.0, 2.0]) - 0.5).abs() < 1e-12);
        assert!((wasserstein(&[0.0], &[1.0, 3.0]) - 2.0).abs() < 1e-12);
    }

    #[test]
    fn concentration_on_small_cases() {
        assert!((gini(&[1.0, 1.0, 1.0, 1.0])).abs() < 1e-12);
        assert!((gini(&[0.0, 0.0, 0.0, 1.0]) - 0.75).abs() < 1e-12);
        assert_eq!(nakamoto(&[5.0, 3.0, 2.0]), 2);
        assert_eq!(nakamoto(&[6.0, 3.0, 1.0]), 1);
        assert_eq!(nakamoto(&[0.0]), 0);
    }

    #[test]
    fn area_counts_ties_half() {
        assert_eq!(area_under_curve(&[0.1, 0.9], &[false, true]), 1.0);
        assert_eq!(area_under_curve(&[0.5, 0.5], &[false, true]), 0.5);
        assert_eq!(area_under_curve(&[0.9, 0.5, 0.5, 0.1], &[true, false, true, false]), 0.875);
    }

    #[test]
    fn intervals_match_published_values() {
        // 95 % Clopper-Pearson for 8 of 10 (Agresti and Coull 1998): 0.444 to 0.975.
        let (low, high) = clopper_pearson(8, 10, 0.05);
        assert!((low - 0.4439).abs() < 1e-3 && (high - 0.9748).abs() < 1e-3, "{low} {high}");
        let (low, high) = wilson(8, 10, 0.05);
        assert!((low - 0.4902).abs() < 1e-3 && (high - 0.9433).abs() < 1e-3, "{low} {high}");
        // Every table of Student's t: 2.776 for four degrees of freedom, 12.706 for one.
        assert!((student_quantile(0.975, 4) - 2.776).abs() < 1e-3);
        assert!((student_quantile(0.975, 1) - 12.706).abs() < 1e-3);
    }

    #[test]
    fn spearman_of_monotone_is_one() {
        assert!((spearman(&[1.0, 2.0, 4.0], &[1.0, 10.0, 11.0]) - 1.0).abs() < 1e-12);
        assert!((spearman(&[1.0, 2.0, 4.0], &[3.0, 2.0, 1.0]) + 1.0).abs() < 1e-12);
    }
}
