//! The token's price.

use super::parameters::Market;
use crate::engine::math;
use crate::engine::random::Key;

/// The logarithm of the price, now and at its height.
#[derive(Debug, Clone, Copy)]
pub(super) struct Price {
    now: f64,
    height: f64,
}

impl Price {
    pub(super) fn new(market: &Market) -> Self {
        let now = math::ln(market.price);
        Self { now, height: now }
    }

    /// A step of the walk: a normal change, normal jumps (Merton 1976), a shock from outside.
    pub(super) fn step(&mut self, market: &Market, shock: f64, key: Key) {
        let mut change = market.drift + shock;
        if market.volatility > 0.0 {
            change += market.volatility * key.normal(0);
        }
        if market.jumps > 0.0 {
            for jump in 0..math::poisson_quantile(key.uniform(1), market.jumps) {
                change += market.jump_size * key.normal(jump.wrapping_add(2));
            }
        }
        self.shift(change);
    }

    /// What is paid out is sold: `part` of the supply.
    pub(super) fn sell(&mut self, market: &Market, part: f64) {
        self.shift(-market.impact * part);
    }

    fn shift(&mut self, change: f64) {
        // Past these the price leaves the range of numbers.
        self.now = (self.now + change).clamp(-600.0, 600.0);
        self.height = self.height.max(self.now);
    }

    /// The price.
    pub(super) fn level(&self) -> f64 {
        math::exp(self.now)
    }

    /// By which share the price is below its height.
    pub(super) fn fall(&self) -> f64 {
        1.0 - math::exp(self.now - self.height)
    }
}
