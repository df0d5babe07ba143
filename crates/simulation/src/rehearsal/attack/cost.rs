//! What an attack of some size costs, takes and yields.

use serde::Serialize;

use super::Terms;

/// The market in which an attacker buys.
#[derive(Debug, Clone, Copy)]
pub(super) struct Market {
    pub(super) price: f64,
    volume: f64,
    linear: f64,
    root: f64,
    fall: f64,
    rate: f64,
    pace: f64,
    /// Money of the treasury a token; none where not known.
    pub(super) book: Option<f64>,
    /// What a proposal can take.
    pub(super) loot: Option<f64>,
    /// Tokens that can be bought at all.
    pub(super) float: f64,
    pub(super) supply: Option<f64>,
}

/// What an attack comes to, in money and days.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bill {
    /// Money that has to be there at once.
    pub capital: f64,
    /// Money that does not come back.
    pub lost: f64,
    /// Money that it takes; none where the treasury is not known.
    pub gain: Option<f64>,
    /// Days from the first purchase to the execution.
    pub days: f64,
}

impl Bill {
    /// What remains; none where the gain is not known.
    pub fn profit(&self) -> Option<f64> {
        self.gain.map(|gain| gain - self.lost)
    }
}

impl Market {
    pub(super) fn new(terms: &Terms, supply: Option<f64>) -> Self {
        let number = |name| terms.number(name);
        let supply = terms.known("supply").or(supply);
        let treasury = terms.known("treasury");
        Self {
            price: number("price"),
            // Where neither is known nothing moves the price.
            volume: terms.known("volume").or(supply.map(|supply| supply * 0.01)).unwrap_or(f64::INFINITY),
            linear: number("impact_linear"),
            root: number("impact_root"),
            fall: number("fall"),
            rate: number("rate"),
            pace: number("pace"),
            book: treasury.zip(supply).map(|(treasury, supply)| treasury / supply),
            loot: treasury.map(|treasury| treasury * number("take")),
            float: supply.map_or(f64::INFINITY, |supply| supply * number("float")),
            supply,
        }
    }

    /// By how much the mean price of so many tokens is above the first one's.
    fn impact(&self, tokens: f64) -> f64 {
        let volumes = tokens / self.volume;
        self.linear * volumes + self.root * volumes.sqrt()
    }

    /// Money for so many tokens.
    pub(super) fn cost(&self, tokens: f64) -> f64 {
        self.price * tokens * (1.0 + self.impact(tokens))
    }

    /// Money for as many tokens after the price has fallen.
    fn resale(&self, tokens: f64, fall: f64) -> f64 {
        self.price * (1.0 - fall) * tokens * (1.0 - self.impact(tokens)).max(0.0)
    }

    /// Tokens that an arbitrageur redeems.
    pub(super) fn redeemed(&self) -> Option<f64> {
        let volumes = super::reply::redeemed(self.book? / self.price - 1.0, self.linear, self.root);
        Some(if volumes > 0.0 { (volumes * self.volume).min(self.float) } else { 0.0 })
    }

    fn days_to_buy(&self, tokens: f64) -> f64 {
        tokens / (self.pace * self.volume)
    }

    /// The bill of an attacker for a size; `days` pass from proposing to execution.
    pub(super) fn bill(&self, attacker: &str, terms: &Terms, size: f64, days: f64, posts: f64) -> Bill {
        let threshold = terms.number("proposal_threshold");
        let bought = |tokens: f64, fall: f64, fees: f64| {
            let days = days + self.days_to_buy(tokens);
            let capital = self.cost(tokens) + fees;
            let interest = capital * self.rate * days / 365.0;
            Bill { capital, lost: capital - self.resale(tokens, fall) + interest, gain: self.loot, days }
        };
        match attacker {
            "whale" | "whale, voting first" => bought(size.max(threshold), self.fall, 0.0),
            "spammer" => bought(size.max(threshold), self.fall, (posts + 1.0) * terms.number("post_cost")),
            "griefer" => Bill { gain: Some(0.0), ..bought(size, 0.0, 0.0) },
            "raider" => {
                let bill = bought(size.max(threshold), 0.0, 0.0);
                let paid = self.book.map(|book| book * size);
                // Tokens are paid out, not sold.
                let interest = bill.capital * self.rate * bill.days / 365.0;
                Bill { lost: bill.capital + interest, gain: paid, ..bill }
            }
            "arbitrageur" => {
                let bill = bought(size, 0.0, 0.0);
                let interest = bill.capital * self.rate * bill.days / 365.0;
                Bill { lost: bill.capital + interest, gain: self.book.map(|book| book * size), ..bill }
            }
            // In money, of which nothing is taken to come back: accounts do not, and tokens of many accounts fall.
            "sybil" => {
                let interest = size * self.rate * days / 365.0;
                Bill { capital: size, lost: size + interest, gain: self.loot, days }
            }
            "briber" => {
                let own = bought(threshold, self.fall, 0.0);
                Bill { capital: size + own.capital, lost: size + own.lost, ..own }
            }
            "flash loan" => {
                let own = bought(threshold, self.fall, 0.0);
                let fee = terms.number("loan_fee") * self.price * size;
                Bill { capital: fee + own.capital, lost: fee + own.lost, ..own }
            }
            "hidden payload" => bought(threshold, self.fall, 0.0),
            "boycott" => Bill { capital: 0.0, lost: 0.0, gain: Some(0.0), days },
            // Members that agree.
            _ => Bill { capital: 0.0, lost: 0.0, gain: self.loot, days },
        }
    }
}
