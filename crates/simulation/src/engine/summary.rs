//! Statistics of a stream, in memory that does not grow with it.

use std::collections::BTreeMap;

use daotwin_core::statistics;
use serde::{Deserialize, Serialize};

/// Up to so many values quantiles are exact.
const EXACT: usize = 1024;

/// Bits of a number's fraction that its bin keeps: bins are 2^-7 of their lower end wide.
const FRACTION: u32 = 7;

/// Count, mean, variance, extremes and quantiles of a stream of numbers.
///
/// Quantiles are exact (type 7 of Hyndman and Fan 1996) up to 1,024 values; beyond, they come from a histogram whose
/// bins are cut from the numbers' own bits, and err by at most 0.4 % of themselves. Merging adds counts, so that bins
/// and quantiles do not depend on how a stream was cut; the mean and the variance (Chan, Golub and LeVeque 1979) are
/// rounded, so that only the same cuts in the same order give the same last bit. At most some 250,000 bins, in
/// practice hundreds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    count: u64,
    missing: u64,
    mean: f64,
    squares: f64,
    low: f64,
    high: f64,
    /// All values, while they are few.
    values: Vec<f64>,
    /// Bins, once there are many.
    bins: BTreeMap<i64, u64>,
}

/// The bin of a number; bins ascend with their numbers.
fn bin(value: f64) -> i64 {
    let size = (value.abs().to_bits() >> (52 - FRACTION)) as i64;
    if value < 0.0 { -size } else { size }
}

/// The middle of a bin.
fn middle(bin: i64) -> f64 {
    let lower = f64::from_bits(bin.unsigned_abs() << (52 - FRACTION));
    let upper = f64::from_bits((bin.unsigned_abs() + 1) << (52 - FRACTION));
    // The bin of 0 holds what is nearest to it, and 0 above all.
    let middle = if bin == 0 { 0.0 } else { lower + (upper - lower) / 2.0 };
    if bin < 0 { -middle } else { middle }
}

impl Summary {
    /// Takes a number. One that is not finite only counts as missing: a mean over nothing has no value.
    pub fn add(&mut self, value: f64) {
        if !value.is_finite() {
            self.missing += 1;
            return;
        }
        self.count += 1;
        let from_mean = value - self.mean;
        self.mean += from_mean / self.count as f64;
        self.squares += from_mean * (value - self.mean);
        self.low = if self.count == 1 { value } else { self.low.min(value) };
        self.high = if self.count == 1 { value } else { self.high.max(value) };
        self.keep(value);
    }

    fn keep(&mut self, value: f64) {
        if self.bins.is_empty() && self.values.len() < EXACT {
            self.values.push(value);
        } else {
            self.spill();
            *self.bins.entry(bin(value)).or_default() += 1;
        }
    }

    /// Moves the values into bins.
    fn spill(&mut self) {
        for value in std::mem::take(&mut self.values) {
            *self.bins.entry(bin(value)).or_default() += 1;
        }
    }

    /// Takes all that another summary took.
    pub fn merge(&mut self, other: &Self) {
        self.missing += other.missing;
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = Self { missing: self.missing, ..other.clone() };
            return;
        }
        let (mine, theirs) = (self.count as f64, other.count as f64);
        let apart = other.mean - self.mean;
        self.count += other.count;
        self.mean += apart * (theirs / (mine + theirs));
        self.squares += other.squares + apart * apart * (mine * theirs / (mine + theirs));
        self.low = self.low.min(other.low);
        self.high = self.high.max(other.high);
        for &value in &other.values {
            self.keep(value);
        }
        if !other.bins.is_empty() {
            self.spill();
            for (&bin, &count) in &other.bins {
                *self.bins.entry(bin).or_default() += count;
            }
        }
    }

    /// How many finite numbers.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How many that were not finite.
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// The mean; NaN of nothing.
    pub fn mean(&self) -> f64 {
        if self.count == 0 { f64::NAN } else { self.mean }
    }

    /// The unbiased standard deviation; NaN of fewer than two.
    pub fn standard_deviation(&self) -> f64 {
        if self.count < 2 { f64::NAN } else { (self.squares / (self.count - 1) as f64).sqrt() }
    }

    /// The standard error of the mean; NaN of fewer than two.
    pub fn standard_error(&self) -> f64 {
        self.standard_deviation() / (self.count as f64).sqrt()
    }

    /// The smallest; NaN of nothing.
    pub fn min(&self) -> f64 {
        if self.count == 0 { f64::NAN } else { self.low }
    }

    /// The largest; NaN of nothing.
    pub fn max(&self) -> f64 {
        if self.count == 0 { f64::NAN } else { self.high }
    }

    /// The quantile `q`; NaN of nothing.
    pub fn quantile(&self, q: f64) -> f64 {
        if self.bins.is_empty() {
            return statistics::quantile(&self.values, q);
        }
        let place = q.clamp(0.0, 1.0) * (self.count - 1) as f64;
        let mut before = 0_u64;
        for (&bin, &count) in &self.bins {
            before += count;
            if before as f64 > place {
                return middle(bin).clamp(self.low, self.high);
            }
        }
        self.high
    }

    /// The interval for the mean at this confidence (Student 1908); NaN of fewer than two.
    pub fn interval(&self, confidence: f64) -> (f64, f64) {
        let freedom = self.count.saturating_sub(1) as usize;
        let width = statistics::student_quantile(0.5 + confidence / 2.0, freedom) * self.standard_error();
        (self.mean() - width, self.mean() + width)
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use daotwin_core::random::Seed;

    #[test]
    fn summaries_agree_with_the_whole_sample() {
        let mut stream = Seed(2).stream("summary");
        for n in [1_usize, 2, 500, 1024, 1025, 40_000] {
            let values: Vec<f64> = (0..n).map(|_| (stream.normal() * 3.0).exp() - 2.0).collect();
            let mut whole = Summary::default();
            values.iter().for_each(|&value| whole.add(value));
            let mut parts = Summary::default();
            for part in values.chunks(n / 3 + 1) {
                let mut summary = Summary::default();
                part.iter().for_each(|&value| summary.add(value));
                parts.merge(&summary);
            }
            let ascending = statistics::sorted(&values);
            for summary in [&whole, &parts] {
                assert_eq!(summary.count(), n as u64);
                let mean = statistics::mean(&values);
                assert!((summary.mean() - mean).abs() <= 1e-12 * mean.abs().max(1.0) * n as f64);
                if n > 1 {
                    let deviation = statistics::standard_deviation(&values);
                    assert!((summary.standard_deviation() / deviation - 1.0).abs() < 1e-10);
                }
                assert_eq!((summary.min(), summary.max()), (ascending[0], ascending[n - 1]));
                for q in [0.0, 0.05, 0.5, 0.9, 0.999, 1.0] {
                    // The next order statistic up or down is as right as the interpolated one.
                    let place = q * (n - 1) as f64;
                    let (low, high) = (ascending[place.floor() as usize], ascending[place.ceil() as usize]);
                    let found = summary.quantile(q);
                    let slack = if n > 1024 { 0.004 } else { 1e-12 };
                    let inside = found >= low - slack * low.abs() && found <= high + slack * high.abs();
                    assert!(inside, "{n} values, {q}: {found}, not {low} to {high}");
                }
            }
            assert_eq!(whole.bins, parts.bins);
        }
    }

    #[test]
    fn numbers_without_a_value_are_only_counted() {
        let mut summary = Summary::default();
        [f64::NAN, 1.0, f64::INFINITY].into_iter().for_each(|value| summary.add(value));
        assert_eq!((summary.count(), summary.missing(), summary.mean()), (1, 2, 1.0));
        assert!(Summary::default().quantile(0.5).is_nan() && Summary::default().mean().is_nan());
    }

    /// 95 % intervals of 20 normals hold the mean in 95 % of 4,000: binomial with standard deviation 0.0034, outside
    /// five of them with probability below 1e-6.
    #[test]
    fn intervals_hold_the_mean_as_often_as_they_say() {
        let mut stream = Seed(2).stream("interval");
        let mut held = 0;
        for _ in 0..4000 {
            let mut summary = Summary::default();
            (0..20).for_each(|_| summary.add(stream.normal()));
            let (low, high) = summary.interval(0.95);
            held += u32::from(low <= 0.0 && 0.0 <= high);
        }
        assert!((f64::from(held) / 4000.0 - 0.95).abs() < 0.0172, "{held}");
    }
}
