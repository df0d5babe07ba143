//! Selling the own token down, faster or slower with what the state says; the family that policies are searched in.

use super::{Card, FEATURES, Family, Parameter, TreasuryPolicy, features, park, take};
use crate::Result;
use crate::allocation::simulator::{Futures, Kind, State, Treasury};

/// The family.
#[derive(Debug)]
pub struct SellDown;

struct Policy {
    base: f64,
    weights: [f64; FEATURES],
    volatile: f64,
    volatile_runway: f64,
    volatile_market: f64,
    first: f64,
    band: f64,
    bearing: f64,
}

fn logistic(value: f64) -> f64 {
    1.0 / (1.0 + (-value).exp())
}

impl TreasuryPolicy for Policy {
    fn orders(&self, state: &State<'_>, orders: &mut [f64]) {
        let treasury = state.treasury;
        let own = treasury.own();
        let seen = features(state);
        let score: f64 = self.weights.iter().zip(&seen).map(|(weight, value)| weight * value).sum();
        let sold = state.values[own] * logistic(self.base + score);
        orders[own] = -sold;
        let mut coming = sold;
        let runway = (state.runway() / 24.0).max(1e-3).ln().max(-3.0);
        let tilt = self.volatile + self.volatile_runway * runway + self.volatile_market * seen[7];
        let target = (state.total - state.values[own] + sold) * logistic(tilt);
        let count = treasury.assets.iter().filter(|asset| asset.kind == Kind::Volatile).count();
        let mut first = true;
        for (at, asset) in treasury.assets.iter().enumerate() {
            if asset.kind == Kind::Volatile {
                let share = match (count, first) {
                    (1, _) => 1.0,
                    (_, true) => self.first,
                    (_, false) => (1.0 - self.first) / (count - 1) as f64,
                };
                first = false;
                let gap = share * target - state.values[at];
                if gap.abs() > self.band * state.total {
                    orders[at] = gap;
                    coming -= gap;
                }
            }
        }
        park(state, self.bearing, coming, orders);
    }
}

const fn weight(name: &'static str, meaning: &'static str) -> Parameter {
    Parameter { name, meaning, low: -4.0, high: 4.0, usual: 0.0 }
}

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "base",
        meaning: "log odds of the share of the own token that is sold in a month",
        low: -8.0,
        high: 4.0,
        usual: -2.5,
    },
    weight("month", "change of the log odds over the months of the plan"),
    weight("runway", "change of the log odds for e times as much runway of all assets"),
    weight("stable_runway", "change of the log odds for e times as much runway of stable assets"),
    weight("own_runway", "change of the log odds for e times as much runway of the own token"),
    weight("own_share", "change of the log odds as the own token's share goes from 0 to 1"),
    weight("momentum", "change of the log odds for e times the price of three months ago"),
    weight("drawdown", "change of the log odds for a price e times below its highest, with its sign changed"),
    weight("market", "change of the log odds for e times the volatile assets' prices of three months ago"),
    weight("pressure", "change of the log odds for a fading move of e^0.1, such as after purchases"),
    Parameter {
        name: "volatile",
        meaning: "log odds of the share of volatile assets in what is not the own token, at two years of runway",
        low: -8.0,
        high: 2.0,
        usual: -3.0,
    },
    weight("volatile_runway", "change of these log odds for e times as much runway"),
    weight("volatile_market", "change of these log odds for e times the prices of three months ago"),
    Parameter {
        name: "first",
        meaning: "share of the first volatile asset among them",
        low: 0.0,
        high: 1.0,
        usual: 0.5,
    },
    Parameter {
        name: "band",
        meaning: "drift of a volatile asset that is left alone, as a share of the treasury",
        low: 0.0,
        high: 0.1,
        usual: 0.02,
    },
    Parameter {
        name: "bearing",
        meaning: "share of stable holdings that bears interest",
        low: 0.0,
        high: 1.0,
        usual: 0.5,
    },
];

impl Family for SellDown {
    fn name(&self) -> &'static str {
        "sell-down"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "Sells a share of the own token every month, a logistic function of runway, price and the own pressure, and \
                      keeps what it earned in volatile, interest-bearing and cash assets in shares that depend on runway.",
            source: "The family is this project's; selling at a rate that weighs impact against risk is Almgren and Chriss (2001), \
                     Optimal execution of portfolio transactions, Journal of Risk 3(2); the search is Hansen (2016).",
            limits: "As good as the market model that it was searched on. Judge it on other models before you trust it.",
        }
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn build(&self, values: &[f64], _: &Treasury, _: &Futures) -> Result<Box<dyn TreasuryPolicy>> {
        let [base, rest @ ..] = take::<16>(values);
        let [volatile, volatile_runway, volatile_market, first, band, bearing] = take(&rest[FEATURES..]);
        Ok(Box::new(Policy {
            base,
            weights: take(&rest),
            volatile,
            volatile_runway,
            volatile_market,
            first,
            band,
            bearing,
        }))
    }
}
