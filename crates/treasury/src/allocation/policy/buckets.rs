//! A bucket of stable assets that covers some months of bills, refilled when it runs low.

use super::{Card, Family, Parameter, TreasuryPolicy, park, take};
use crate::Result;
use crate::allocation::simulator::{Futures, Kind, State, Treasury};

/// The family.
#[derive(Debug)]
pub struct Buckets;

struct Policy {
    low: f64,
    high: f64,
    pace: f64,
    volatile: f64,
    bearing: f64,
}

impl TreasuryPolicy for Policy {
    fn orders(&self, state: &State<'_>, orders: &mut [f64]) {
        let mut coming = 0.0;
        if state.stable_runway() < self.low {
            let missing = self.pace * (self.high * state.bill - state.stable);
            let own = state.treasury.own();
            let volatile: f64 = state
                .treasury
                .assets
                .iter()
                .zip(state.values)
                .filter(|(asset, _)| asset.kind == Kind::Volatile)
                .map(|(_, value)| value)
                .sum();
            let first = (self.volatile * missing).min(volatile);
            let second = (missing - first).clamp(0.0, state.values[own]);
            for (at, asset) in state.treasury.assets.iter().enumerate() {
                if asset.kind == Kind::Volatile && volatile > 0.0 {
                    orders[at] = -first * state.values[at] / volatile;
                }
            }
            orders[own] = -second;
            coming = first + second;
        }
        park(state, self.bearing, coming, orders);
    }
}

impl Family for Buckets {
    fn name(&self) -> &'static str {
        "buckets"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "Keeps some months of bills in stable assets: sells when there are fewer than `low`, until there are `high`.",
            source: "H. Evensky's cash reserve (The New Wealth Management, 2011, chapter on distribution), and the 12 to 24 \
                     months of expenses in stable assets that DAOs are advised to hold.",
            limits: "It looks at the bucket alone: it sells as much after a fall as after a rise.",
        }
    }

    fn parameters(&self) -> &'static [Parameter] {
        &[
            Parameter {
                name: "low",
                meaning: "months of bills in stable assets below which the bucket is refilled",
                low: 0.0,
                high: 60.0,
                usual: 6.0,
            },
            Parameter {
                name: "high",
                meaning: "months of bills to which it is refilled",
                low: 0.0,
                high: 72.0,
                usual: 18.0,
            },
            Parameter {
                name: "pace",
                meaning: "share of what is missing that is sold in a month",
                low: 0.01,
                high: 1.0,
                usual: 1.0,
            },
            Parameter {
                name: "volatile",
                meaning: "share of a refill that comes from volatile assets other than the own token",
                low: 0.0,
                high: 1.0,
                usual: 0.2,
            },
            Parameter {
                name: "bearing",
                meaning: "share of stable holdings that bears interest",
                low: 0.0,
                high: 1.0,
                usual: 0.5,
            },
        ]
    }

    fn build(&self, values: &[f64], _: &Treasury, _: &Futures) -> Result<Box<dyn TreasuryPolicy>> {
        let [low, high, pace, volatile, bearing] = take(values);
        Ok(Box::new(Policy { low, high: high.max(low), pace, volatile, bearing }))
    }
}
