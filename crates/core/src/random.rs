//! Seeds and random streams.
//!
//! A stream is ChaCha8 keyed by a seed and a purpose and numbered by an index, so that the draws of
//! member 17 do not depend on who drew before, and any number of threads gives the same bytes. Privacy
//! noise never comes from here: see the `privacy` room.

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};
use rand_distr::Distribution;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The number that a user gives to make a run repeatable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(pub u64);

impl Seed {
    /// The family of streams for one purpose.
    pub fn streams(self, purpose: &str) -> Streams {
        let mut hash = Sha256::new();
        hash.update(b"daotwin stream 1");
        hash.update(self.0.to_le_bytes());
        hash.update(purpose.as_bytes());
        Streams { key: hash.finalize().into() }
    }

    /// Stream 0 of one purpose.
    pub fn stream(self, purpose: &str) -> Stream {
        self.streams(purpose).stream(0)
    }
}

/// The streams of one purpose, one for each index.
#[derive(Debug, Clone)]
pub struct Streams {
    key: [u8; 32],
}

impl Streams {
    /// The stream with this index. Costs tens of nanoseconds.
    pub fn stream(&self, index: u64) -> Stream {
        let mut rng = ChaCha8Rng::from_seed(self.key);
        rng.set_stream(index);
        Stream { rng }
    }
}

/// A source of repeatable draws.
#[derive(Debug)]
pub struct Stream {
    rng: ChaCha8Rng,
}

impl Stream {
    /// 64 uniform bits.
    pub fn bits(&mut self) -> u64 {
        self.rng.next_u64()
    }

    /// Uniform in [0, 1), a multiple of 2^-53.
    pub fn uniform(&mut self) -> f64 {
        (self.rng.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// Uniform in 0..n, without bias (Lemire 2019). Returns 0 for `n` = 0.
    pub fn below(&mut self, n: u64) -> u64 {
        if n == 0 {
            return 0;
        }
        let threshold = n.wrapping_neg() % n;
        loop {
            let product = u128::from(self.rng.next_u64()) * u128::from(n);
            if product as u64 >= threshold {
                return (product >> 64) as u64;
            }
        }
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// Exponential with mean 1.
    pub fn exponential(&mut self) -> f64 {
        rand_distr::Exp1.sample(&mut self.rng)
    }

    /// Standard normal.
    pub fn normal(&mut self) -> f64 {
        rand_distr::StandardNormal.sample(&mut self.rng)
    }

    /// Poisson with this mean; 0 for a mean that is not positive and finite.
    pub fn poisson(&mut self, mean: f64) -> u64 {
        match rand_distr::Poisson::new(mean) {
            Ok(law) => {
                let draw: f64 = law.sample(&mut self.rng);
                draw as u64
            }
            Err(_) => 0,
        }
    }

    /// Gamma with this shape and scale 1; 0 for a shape that is not positive.
    pub fn gamma(&mut self, shape: f64) -> f64 {
        rand_distr::Gamma::new(shape, 1.0).map_or(0.0, |law| law.sample(&mut self.rng))
    }

    /// An index drawn with probability proportional to its weight; 0 where no weight is positive.
    pub fn weighted(&mut self, weights: &[f64]) -> usize {
        let total: f64 = weights.iter().sum();
        let mut left = self.uniform() * total;
        let mut last = 0;
        for (index, &weight) in weights.iter().enumerate() {
            if weight > 0.0 {
                last = index;
                if left < weight {
                    return index;
                }
                left -= weight;
            }
        }
        last
    }

    /// Puts `items` in a uniformly random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last as u64 + 1) as usize;
            items.swap(last, other);
        }
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn streams_are_repeatable_and_distinct() {
        let draw = |seed: u64, purpose: &str, index| Seed(seed).streams(purpose).stream(index).bits();
        assert_eq!(draw(1, "a", 0), draw(1, "a", 0));
        assert_ne!(draw(1, "a", 0), draw(1, "a", 1));
        assert_ne!(draw(1, "a", 0), draw(1, "b", 0));
        assert_ne!(draw(1, "a", 0), draw(2, "a", 0));
    }

    #[test]
    fn below_is_within_bounds_and_uniform() {
        let mut stream = Seed(3).stream("below");
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[stream.below(7) as usize] += 1;
        }
        // Chi-square with 6 degrees of freedom exceeds 38.3 with probability 1e-6.
        let chi: f64 = counts.iter().map(|&c| (f64::from(c) - 1e4).powi(2) / 1e4).sum();
        assert!(chi < 38.3, "chi-square {chi}");
    }
}
