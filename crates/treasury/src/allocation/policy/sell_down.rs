//! Selling the own token down to a target of stable runway, as fast as its market bears; the family that policies are
//! searched in.

use super::{Card, Family, Parameter, TreasuryPolicy, park, sale_for_move, take};
use crate::Result;
use crate::allocation::simulator::{Futures, Kind, State, Treasury};

/// The family.
#[derive(Debug)]
pub struct SellDown;

struct Policy {
    target: f64,
    target_year: f64,
    target_price: f64,
    target_drawdown: f64,
    pace: f64,
    bear: f64,
    bear_stable: f64,
    bear_own: f64,
    bear_momentum: f64,
    volatile: f64,
    volatile_kept: f64,
    bearing: f64,
}

impl TreasuryPolicy for Policy {
    fn orders(&self, state: &State<'_>, orders: &mut [f64]) {
        let treasury = state.treasury;
        let own = treasury.own();
        let target = (self.target + self.target_year * state.month as f64 / 12.0).max(0.0)
            * (self.target_price * state.price.max(1e-6).ln() - self.target_drawdown * state.drawdown).exp();
        let missing = (self.pace * (target * state.bill - state.stable)).max(0.0);
        let held: f64 = (treasury.assets.iter().zip(state.values))
            .filter(|(asset, _)| asset.kind == Kind::Volatile)
            .map(|(_, value)| value)
            .sum();
        // Volatile assets that are to be kept pay only where the own token cannot.
        let spare = (held - self.volatile_kept * state.total).max(0.0);
        let from_volatile = (self.volatile * missing).min(spare);
        let years = |dollars: f64| (dollars / (12.0 * state.bill)).max(1e-3).ln();
        let bear = self.bear
            + self.bear_stable * years(state.stable)
            + self.bear_own * years(state.values[own])
            + self.bear_momentum * state.momentum.clamp(-2.0, 2.0);
        let from_own = (missing - from_volatile)
            .min(sale_for_move(&treasury.impact, state.price, bear.min(3.0).exp()))
            .clamp(0.0, state.values[own]);
        for (at, asset) in treasury.assets.iter().enumerate() {
            if asset.kind == Kind::Volatile && held > 0.0 {
                orders[at] = -from_volatile * state.values[at] / held;
            }
        }
        orders[own] = -from_own;
        park(state, self.bearing, from_own + from_volatile, orders);
    }
}

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "target",
        meaning: "months of bills in stable assets up to which tokens are sold, at the start's price",
        low: 0.0,
        high: 72.0,
        usual: 24.0,
    },
    Parameter {
        name: "target_year",
        meaning: "change of these months with every year that passes",
        low: -24.0,
        high: 24.0,
        usual: 0.0,
    },
    Parameter {
        name: "target_price",
        meaning: "power of the own token's price (1 at the start) that the target follows: above 0 takes profits",
        low: -2.0,
        high: 2.0,
        usual: 0.0,
    },
    Parameter {
        name: "target_drawdown",
        meaning: "power of the own token's fall below its highest price that the target follows: above 0 sells into falls",
        low: -2.0,
        high: 2.0,
        usual: 0.0,
    },
    Parameter {
        name: "pace",
        meaning: "share of what is missing to the target that is sold in a month, where the market bears it",
        low: 0.01,
        high: 1.0,
        usual: 0.5,
    },
    Parameter {
        name: "bear",
        meaning: "log of the greatest fall in the own token's log price that a month's sale may make: -2 is a fall by 13 %",
        low: -6.0,
        high: 2.0,
        usual: -1.5,
    },
    Parameter {
        name: "bear_stable",
        meaning: "change of this log for e times as much stable runway: below 0 sells faster when bills press",
        low: -2.0,
        high: 2.0,
        usual: 0.0,
    },
    Parameter {
        name: "bear_own",
        meaning: "change of this log for e times as many dollars of the own token",
        low: -2.0,
        high: 2.0,
        usual: 0.0,
    },
    Parameter {
        name: "bear_momentum",
        meaning: "change of this log for e times the price of three months ago",
        low: -3.0,
        high: 3.0,
        usual: 0.0,
    },
    Parameter {
        name: "volatile",
        meaning: "share of what is sold that comes from volatile assets other than the own token",
        low: 0.0,
        high: 1.0,
        usual: 0.3,
    },
    Parameter {
        name: "volatile_kept",
        meaning: "share of the treasury up to which volatile assets are kept",
        low: 0.0,
        high: 0.5,
        usual: 0.0,
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
            purpose: "Sells until stable assets cover a target of months, which moves with time and price, and never so much in a \
                      month that the own token's price falls further than it should bear.",
            source: "The family is this project's: a cash reserve whose refills weigh impact against risk as Almgren and Chriss \
                     (2001), Optimal execution of portfolio transactions, Journal of Risk 3(2); the search is Hansen (2016).",
            limits: "As good as the market model that it was searched on. Judge it on other models before you trust it.",
        }
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn build(&self, values: &[f64], _: &Treasury, _: &Futures) -> Result<Box<dyn TreasuryPolicy>> {
        let [
            target,
            target_year,
            target_price,
            target_drawdown,
            pace,
            bear,
            bear_stable,
            bear_own,
            bear_momentum,
            volatile,
            volatile_kept,
            bearing,
        ] = take(values);
        Ok(Box::new(Policy {
            target,
            target_year,
            target_price,
            target_drawdown,
            pace,
            bear,
            bear_stable,
            bear_own,
            bear_momentum,
            volatile,
            volatile_kept,
            bearing,
        }))
    }
}
