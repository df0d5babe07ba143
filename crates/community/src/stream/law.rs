//! The law of a count: messages an author, messages a day, replies a thread, characters a message.

use daotwin_core::random::Stream as Draws;
use daotwin_core::statistics::sorted;

/// Values below this have a share of their own.
const HEAD: usize = 5;
/// Levels at which the quantiles of larger values are kept.
const LEVELS: [f64; 16] =
    [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 0.995, 1.0];

/// Shares of 0 to 4, and above them a quantile function with 16 knots, linear in the logarithm. It holds no value beyond the
/// largest observed: a community far larger than the one it was fitted to has a longer tail than this says.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Law {
    /// Shares of 0, 1, 2, 3 and 4.
    pub head: [f64; HEAD],
    /// Quantiles of what is 5 or more; empty where nothing is.
    pub tail: Vec<f64>,
}

/// The quantile of ascending values in which each stands for an equal share around its own level (Hazen 1914): unlike where the
/// largest has the level 1, draws have the largest as often as the record has.
fn hazen(ascending: &[f64], level: f64) -> f64 {
    let last = ascending.len() - 1;
    let position = (level * ascending.len() as f64 - 0.5).clamp(0.0, last as f64);
    let low = position as usize;
    let high = (low + 1).min(last);
    ascending[low] + (ascending[high] - ascending[low]) * (position - low as f64)
}

impl Law {
    /// The law of these counts; all zero where there are none.
    pub fn fit(counts: &[u32]) -> Self {
        let mut head = [0.0; HEAD];
        let mut large = Vec::new();
        for &count in counts {
            match head.get_mut(count as usize) {
                Some(share) => *share += 1.0 / counts.len() as f64,
                None => large.push(f64::from(count)),
            }
        }
        let large = sorted(&large);
        let tail = if large.is_empty() { Vec::new() } else { LEVELS.map(|q| hazen(&large, q)).to_vec() };
        Self { head, tail }
    }

    /// The quantile at a level from 0 to 1.
    pub fn quantile(&self, level: f64) -> u32 {
        let mut left = level;
        for (value, share) in self.head.iter().enumerate() {
            left -= share;
            if left < 0.0 {
                return value as u32;
            }
        }
        let above = 1.0 - self.head.iter().sum::<f64>();
        if self.tail.is_empty() || above <= 0.0 {
            return self.head.iter().rposition(|share| *share > 0.0).unwrap_or(0) as u32;
        }
        let within = (left / above).clamp(0.0, 1.0);
        let high = LEVELS.partition_point(|&known| known < within).clamp(1, LEVELS.len() - 1);
        let part = (within - LEVELS[high - 1]) / (LEVELS[high] - LEVELS[high - 1]);
        let (low, top) = (self.tail[high - 1].ln(), self.tail[high].ln());
        (low + part * (top - low)).exp().round() as u32
    }

    /// A draw.
    pub fn draw(&self, draws: &mut Draws) -> u32 {
        self.quantile(draws.uniform())
    }
}
