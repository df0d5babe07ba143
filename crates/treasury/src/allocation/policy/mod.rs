//! What a treasury does from month to month.
//!
//! A [`TreasuryPolicy`] turns a state into orders. A [`Family`] is policies of one kind whose parameters can be searched: one
//! file and one line in [`FAMILIES`]. Whatever implements the trait can be simulated and judged beside these, a network
//! that was learned elsewhere too: it is given [`features`] (or the whole state) and answers in dollars; it has no
//! state of its own between months and must be the same function on every thread.

pub mod buckets;
pub mod fixed_mix;
pub mod hold;
pub mod model_predictive;
pub mod sell_down;

use serde::Serialize;

use super::simulator::{Futures, Kind, State, Treasury};
use crate::market::impact::{BookShape, Impact, Venue};
use crate::{Error, Result};

/// What turns a state into orders.
pub trait TreasuryPolicy: Sync + Send {
    /// Writes dollars to buy (above 0) or sell (below 0) of each asset; `orders` comes filled with zeros and is as long as
    /// the assets. The cash asset's entry is not read: it takes what sales bring and gives what purchases cost.
    /// Sales beyond what is held and purchases beyond the cash there is are cut.
    fn orders(&self, state: &State<'_>, orders: &mut [f64]);
}

/// What a family is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Card {
    /// In one sentence, what it does.
    pub purpose: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// Where not to use it.
    pub limits: &'static str,
}

/// A number that a family can be tuned by.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it does, with its unit.
    pub meaning: &'static str,
    /// The least value.
    pub low: f64,
    /// The greatest value.
    pub high: f64,
    /// What it is where nobody says otherwise.
    pub usual: f64,
}

/// Policies of one kind.
pub trait Family: Sync {
    /// The stable name, in lower case with hyphens.
    fn name(&self) -> &'static str;

    /// What it is.
    fn card(&self) -> Card;

    /// What it can be tuned by.
    fn parameters(&self) -> &'static [Parameter];

    /// The policy with these values of the parameters, each within its bounds. `futures` are those that may be learned
    /// from: a policy that plans on scenarios takes them from there.
    ///
    /// # Errors
    /// What the policy cannot be made of.
    fn build(
        &self,
        values: &[f64],
        treasury: &Treasury,
        futures: &Futures,
    ) -> Result<Box<dyn TreasuryPolicy>>;

    /// How costly one month of one path is, in units of a rule. A family above 1 is tuned with a fifth of the evaluations (20
    /// at least) on a fifth of the paths (40 at least), however much above 1 it is.
    fn cost(&self) -> f64 {
        1.0
    }
}

/// Every family.
pub const FAMILIES: &[&dyn Family] = &[
    &hold::Hold,
    &fixed_mix::SixtyForty,
    &fixed_mix::FixedMix,
    &buckets::Buckets,
    &model_predictive::ModelPredictive,
    &sell_down::SellDown,
];

/// The family with this name.
///
/// # Errors
/// There is none; the error lists those there are.
pub fn find(name: &str) -> Result<&'static dyn Family> {
    FAMILIES.iter().copied().find(|family| family.name() == name).ok_or_else(|| {
        let known: Vec<String> = FAMILIES.iter().map(|family| format!("`{}`", family.name())).collect();
        Error::Unknown { what: "treasury policy", name: name.to_owned(), known: known.join(", ") }
    })
}

/// The values that a family has where nobody says otherwise.
pub fn usual(family: &dyn Family) -> Vec<f64> {
    family.parameters().iter().map(|parameter| parameter.usual).collect()
}

/// The policy of a family with values that were checked.
///
/// # Errors
/// As many values as parameters, each within its bounds; what [`Family::build`] refuses.
pub fn build(
    family: &dyn Family,
    values: &[f64],
    treasury: &Treasury,
    futures: &Futures,
) -> Result<Box<dyn TreasuryPolicy>> {
    let parameters = family.parameters();
    let mut problems = vec![];
    if values.len() != parameters.len() {
        problems.push(format!(
            "`{}` takes {} values and was given {}; give one for each of: {}",
            family.name(),
            parameters.len(),
            values.len(),
            parameters.iter().map(|parameter| parameter.name).collect::<Vec<_>>().join(", ")
        ));
    }
    for (parameter, value) in parameters.iter().zip(values) {
        if !(parameter.low..=parameter.high).contains(value) {
            problems.push(format!(
                "`{}` of `{}` is {value}; it lies from {} to {}",
                parameter.name,
                family.name(),
                parameter.low,
                parameter.high
            ));
        }
    }
    if problems.is_empty() {
        family.build(values, treasury, futures)
    } else {
        Err(Error::Parameters { problems })
    }
}

/// The first values, in an array; what is missing is 0.
pub(crate) fn take<const COUNT: usize>(values: &[f64]) -> [f64; COUNT] {
    std::array::from_fn(|at| values.get(at).copied().unwrap_or(0.0))
}

/// How many numbers [`features`] gives.
pub const FEATURES: usize = 9;

/// The state as numbers of the order of one, for policies that are learned: month of the plan, logs of years of runway (all
/// assets, stable ones, own token), share of the own token, its momentum and distance below its highest price, the
/// market's momentum, and what of the treasury's own pressure will fade.
pub fn features(state: &State<'_>) -> [f64; FEATURES] {
    let own = state.values[state.treasury.own()];
    let years = |dollars: f64| (dollars / (12.0 * state.bill)).max(1e-6).ln().max(-4.0);
    [
        state.month as f64 / state.treasury.plan.max(1) as f64,
        years(state.total),
        years(state.stable),
        years(own),
        own / state.total.max(1e-9),
        state.momentum.clamp(-3.0, 3.0),
        state.drawdown.max(-4.0),
        state.market.clamp(-3.0, 3.0),
        10.0 * state.pressure.transient.clamp(-1.0, 1.0),
    ]
}

/// Splits what is held as cash and stable assets, after `coming` dollars of it come in or (below 0) go out, so that stable
/// assets that bear interest are this share of it, and cash pays the month's bill.
pub(crate) fn park(state: &State<'_>, share: f64, coming: f64, orders: &mut [f64]) {
    let assets = &state.treasury.assets;
    let bearing = assets.iter().filter(|asset| matches!(asset.kind, Kind::Stable { .. })).count();
    if bearing == 0 {
        return;
    }
    let after = (state.stable + coming).max(0.0);
    let target = (after * share).min(after - 1.5 * state.bill).max(0.0) / bearing as f64;
    for (at, asset) in assets.iter().enumerate() {
        if matches!(asset.kind, Kind::Stable { .. }) {
            let change = target - state.values[at];
            // A fee is not paid for less than a fifth of a month's bill.
            if change.abs() > 0.2 * state.bill {
                orders[at] = change;
            }
        }
    }
}

/// Dollars of the own token, before costs, whose sale at this price moves it down by this much in natural-log units.
pub(crate) fn sale_for_move(impact: &Impact, price: f64, log_move: f64) -> f64 {
    match impact.venue {
        Venue::ConstantProduct { value_at_one, fee } => {
            // Of the reserve of tokens, so much more makes the price fall by the square.
            0.5 * value_at_one * price.sqrt() * (0.5 * log_move).exp_m1() / (1.0 - fee)
        }
        Venue::OrderBook { depth, shape: BookShape::Even, .. } => depth * log_move / 0.02,
        Venue::OrderBook { depth, shape: BookShape::Rising, .. } => depth * (log_move / 0.02).powi(2),
    }
}
