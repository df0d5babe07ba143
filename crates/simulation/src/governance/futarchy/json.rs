//! Cases of the rule as JSON: trades, and what became of the metric.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Futarchy, Market, Settings};
use crate::governance::replay::{Reverted, out_of_order};
use crate::governance::{read_case, write_outcome};
use crate::{Error, Result};

pub(super) const EXAMPLE: &str = r#"{
    "settings": {"b": 100, "low": 0, "high": 10, "closes_at": 1000, "margin": 0.03},
    "trades": [
        {"at": 0, "by": "ann", "market": "pass", "high": true, "shares": 80},
        {"at": 400, "by": "bob", "market": "fail", "high": false, "shares": 30}
    ],
    "metric": 6}"#;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    settings: Settings,
    trades: Vec<Trade>,
    /// What the metric came to be, for the pay-offs.
    metric: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Trade {
    at: u64,
    by: String,
    market: Market,
    high: bool,
    shares: f64,
}

#[derive(Debug, Serialize)]
struct Outcome {
    adopted: bool,
    mean_pass: f64,
    mean_fail: f64,
    value_pass: f64,
    value_fail: f64,
    most_lost: f64,
    costs: Vec<Option<f64>>,
    gains: Option<BTreeMap<String, f64>>,
    reverted: Vec<Reverted>,
}

fn problems(case: &Case) -> Vec<String> {
    let mut problems = Vec::new();
    let Settings { b, low, high, closes_at, counts_from, margin, most_change } = case.settings;
    if !(b > 0.0 && b <= 1e12) {
        problems.push(format!("`settings.b` is {b}; it must be above 0 and at most 10^12"));
    }
    if !(low >= 0.0 && high > low && high <= 1e12) {
        problems.push(format!("`settings.low` {low} and `high` {high}: 0 <= low < high <= 10^12 must hold"));
    }
    if !(0.0..=10.0).contains(&margin) {
        problems.push(format!("`settings.margin` is {margin}; it is a part, from 0 to 10"));
    }
    if most_change.is_some_and(|change| !(change > 0.0 && change.is_finite())) {
        problems.push("`settings.most_change` must be above 0; leave it out for no bound".to_owned());
    }
    let first = case.trades.first().map_or(0, |trade| trade.at).max(counts_from);
    if closes_at <= first || closes_at > 1 << 53 {
        problems.push(format!(
            "`settings.closes_at` is {closes_at}; it must be after {first}, when prices begin to count, and at most 2^53"
        ));
    }
    for (place, trade) in case.trades.iter().enumerate() {
        if !(-1e15..=1e15).contains(&trade.shares) {
            problems.push(format!(
                "`trades[{place}].shares` is {}; it must be from -10^15 to 10^15",
                trade.shares
            ));
        }
    }
    if let Some(metric) = case.metric
        && !(low..=high).contains(&metric)
    {
        problems.push(format!("`metric` is {metric}; it must be from `low` {low} to `high` {high}"));
    }
    let order = out_of_order(case.trades.iter().map(|trade| trade.at));
    problems.extend(
        order.iter().map(|problem| problem.replace("events", "trades").replace("an event", "a trade")),
    );
    problems
}

pub(super) fn decide(rule: &str, case: &Value) -> Result<Value> {
    let case: Case = read_case(rule, case)?;
    Error::refuse(rule, problems(&case))?;
    let settings = case.settings;
    let mut markets = Futarchy::new(case.trades.first().map_or(0, |trade| trade.at), settings);
    let (mut costs, mut reverted) = (Vec::new(), Vec::new());
    for (place, trade) in case.trades.iter().enumerate() {
        let cost = markets.trade(trade.at, trade.market, trade.high, trade.shares);
        if cost.is_none() {
            reverted.push(Reverted { event: place, reason: "trading is closed".to_owned() });
        }
        costs.push(cost);
    }
    let adopted = markets.adopted();
    let gains = case.metric.map(|metric| {
        let high = (metric - settings.low) / (settings.high - settings.low);
        let mut gains: BTreeMap<String, f64> = BTreeMap::new();
        for (trade, cost) in case.trades.iter().zip(&costs) {
            let gain = gains.entry(trade.by.clone()).or_default();
            if let Some(cost) = cost
                && (trade.market == Market::Pass) == adopted
            {
                *gain += trade.shares * if trade.high { high } else { 1.0 - high } - cost;
            }
        }
        gains
    });
    let outcome = Outcome {
        adopted,
        mean_pass: markets.mean(settings.closes_at, Market::Pass),
        mean_fail: markets.mean(settings.closes_at, Market::Fail),
        value_pass: markets.value(Market::Pass),
        value_fail: markets.value(Market::Fail),
        most_lost: markets.market(Market::Pass).most_lost(),
        costs,
        gains,
        reverted,
    };
    write_outcome(rule, &outcome)
}
