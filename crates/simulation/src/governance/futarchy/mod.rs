//! Futarchy: two markets say what an organisation would be worth with a proposal and without it, and the better one
//! decides.
//!
//! [`Scoring`] is the automated market of each (Hanson's logarithmic scoring rule), [`Average`] the price over time,
//! [`Futarchy`] the pair. Floating-point; exponentials and logarithms are the engine's, the same bits everywhere.

mod json;

use serde_json::Value;

use super::{Card, Family, Rule};
use crate::Result;
use crate::engine::math::{exp, ln};

/// A market maker by the logarithmic scoring rule: C(q) = b ln(sum of e^(q_i / b)). It loses at most b ln n.
#[derive(Debug, Clone, PartialEq)]
pub struct Scoring {
    b: f64,
    shares: Vec<f64>,
}

impl Scoring {
    /// A market of n outcomes, all at the price 1/n.
    pub fn new(b: f64, outcomes: usize) -> Self {
        Self { b, shares: vec![0.0; outcomes] }
    }

    /// Shares sold of each outcome.
    pub fn shares(&self) -> &[f64] {
        &self.shares
    }

    /// C(q), with the greatest q taken out of the sum, so that no exponential overflows.
    pub fn cost(&self) -> f64 {
        let most = self.shares.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = self.shares.iter().map(|&shares| exp((shares - most) / self.b)).sum();
        most + self.b * ln(sum)
    }

    /// The price of an outcome, which is its probability.
    pub fn price(&self, outcome: usize) -> f64 {
        let own = self.shares[outcome];
        1.0 / self.shares.iter().map(|&shares| exp((shares - own) / self.b)).sum::<f64>()
    }

    /// Sells shares of an outcome, or takes them back (below zero); gives what they cost: C(after) - C(before).
    pub fn trade(&mut self, outcome: usize, shares: f64) -> f64 {
        let before = self.cost();
        self.shares[outcome] += shares;
        self.cost() - before
    }

    /// How many shares of an outcome this money buys: b ln(1 + (e^(money / b) - 1) / price).
    pub fn shares_for(&self, outcome: usize, money: f64) -> f64 {
        let price = self.price(outcome);
        let grown = money / self.b;
        // Far out e^grown is all there is.
        if grown > 500.0 {
            return self.b * (grown - ln(price));
        }
        self.b * ln(1.0 + (exp(grown) - 1.0) / price)
    }

    /// What moves the price of an outcome to a value between 0 and 1: shares, by b (logit(to) - logit(from)).
    pub fn shares_to(&self, outcome: usize, to: f64) -> f64 {
        let from = self.price(outcome);
        self.b * ((ln(to) - ln(1.0 - to)) - (ln(from) - ln(1.0 - from)))
    }

    /// What the market maker loses at most.
    pub fn most_lost(&self) -> f64 {
        self.b * ln(self.shares.len() as f64)
    }
}

/// A price over time: each observation holds until the next, and moves towards the price by at most so much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Average {
    most_change: f64,
    observation: f64,
    since: u64,
    counted_from: u64,
    sum: f64,
}

impl Average {
    /// From this observation on; time before `counted_from` does not count. `most_change` may be infinite.
    pub const fn new(now: u64, counted_from: u64, observation: f64, most_change: f64) -> Self {
        Self { most_change, observation, since: now, counted_from, sum: 0.0 }
    }

    /// Observes a price; the observation before it has held until now.
    pub fn observe(&mut self, now: u64, price: f64) {
        self.pass(now);
        let change = (price - self.observation).clamp(-self.most_change, self.most_change);
        self.observation += change;
    }

    fn pass(&mut self, now: u64) {
        let from = self.since.max(self.counted_from);
        if now > from {
            self.sum += self.observation * (now - from) as f64;
        }
        self.since = now;
    }

    /// The mean until now; the observation itself where no time has counted.
    pub fn mean(mut self, now: u64) -> f64 {
        self.pass(now);
        if now > self.counted_from { self.sum / (now - self.counted_from) as f64 } else { self.observation }
    }
}

/// What a decision is held to.
#[derive(Debug, Clone, Copy, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Liquidity of each market.
    pub b: f64,
    /// What a share of "high" pays where the metric is at its least and at its most.
    pub low: f64,
    /// See `low`.
    pub high: f64,
    /// When trading ends.
    pub closes_at: u64,
    /// From when on prices count for the mean.
    #[serde(default)]
    pub counts_from: u64,
    /// By how much, in parts, the mean with the proposal must exceed that without it (0.03 with MetaDAO).
    pub margin: f64,
    /// By how much an observation may move at once; without a bound where it is left out.
    pub most_change: Option<f64>,
}

/// Which of the two markets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Market {
    /// If the proposal is adopted.
    Pass,
    /// If it is not.
    Fail,
}

/// Two conditional markets, each of "low" and "high": money in the one whose condition does not come true goes back.
#[derive(Debug, Clone, PartialEq)]
pub struct Futarchy {
    settings: Settings,
    markets: [Scoring; 2],
    means: [Average; 2],
}

impl Futarchy {
    /// Opens both at the middle price.
    pub fn new(now: u64, settings: Settings) -> Self {
        let market = Scoring::new(settings.b, 2);
        let middle = settings.low + (settings.high - settings.low) * 0.5;
        let bound = settings.most_change.unwrap_or(f64::INFINITY);
        let mean = Average::new(now, settings.counts_from.max(now), middle, bound);
        Self { settings, markets: [market.clone(), market], means: [mean; 2] }
    }

    /// The market maker of a market; outcome 1 is "high".
    pub const fn market(&self, market: Market) -> &Scoring {
        &self.markets[market as usize]
    }

    /// The value of the metric that a market says.
    pub fn value(&self, market: Market) -> f64 {
        self.settings.low + (self.settings.high - self.settings.low) * self.market(market).price(1)
    }

    /// Trades shares of "high" (or of "low") and gives their cost; none after the close.
    pub fn trade(&mut self, now: u64, market: Market, high: bool, shares: f64) -> Option<f64> {
        if now >= self.settings.closes_at {
            return None;
        }
        let cost = self.markets[market as usize].trade(usize::from(high), shares);
        let value = self.value(market);
        self.means[market as usize].observe(now, value);
        Some(cost)
    }

    /// The mean value of a market, until now or the close.
    pub fn mean(&self, now: u64, market: Market) -> f64 {
        self.means[market as usize].mean(now.min(self.settings.closes_at))
    }

    /// Whether the proposal is adopted: the mean with it exceeds (1 + margin) times the mean without it.
    pub fn adopted(&self) -> bool {
        let end = self.settings.closes_at;
        self.mean(end, Market::Pass) > self.mean(end, Market::Fail) * (1.0 + self.settings.margin)
    }
}

/// The rule's line in the registry.
#[derive(Debug)]
pub struct DecisionMarkets;

impl Rule for DecisionMarkets {
    fn name(&self) -> &'static str {
        "futarchy"
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Counting,
            purpose: "Adopts a proposal where a market expects more with it than another does without it",
            definition: "Each market sells shares of low and high by C(q) = b ln(e^(q_low/b) + e^(q_high/b)); a trade \
                costs C(after) - C(before), price_i = e^(q_i/b) / sum, the maker loses at most b ln 2. Value = low + \
                (high - low) x price of high. The mean weights every observation by the seconds until the next, from \
                counts_from to closes_at; it begins at the middle, and each trade moves the observation to the value, \
                by at most most_change. Adopted iff mean(pass) > mean(fail) x (1 + margin). A share of high pays \
                (metric - low) / (high - low), of low the rest; trades of the market whose condition failed are undone.",
            source: "Hanson 2003, Combinatorial Information Market Design (the scoring rule, loss b ln n); Hanson 2013, \
                Shall We Vote on Values, But Bet on Beliefs; the bounded observation, its mean and the margin (by \
                default 300 basis points, strictly above): metaDAOproject/futarchy, programs/autocrat and programs/amm",
            limits: "MetaDAO trades tokens in pools of constant product instead of shares of a metric; its means begin \
                at an observation the organisation sets, and it lets an observation move once a minute.",
            example: json::EXAMPLE,
        }
    }

    fn vectors(&self) -> &'static str {
        include_str!("vectors.json")
    }

    fn decide(&self, case: &Value) -> Result<Value> {
        json::decide(self.name(), case)
    }
}

#[cfg(test)]
mod test;
