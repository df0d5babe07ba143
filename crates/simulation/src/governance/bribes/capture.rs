//! What capturing a decision costs, by the way that is taken to the votes.

use serde::{Deserialize, Serialize};

use crate::governance::Amount;

/// The least power that makes a proposal pass where more must be for it than against it, and at least the quorum for it.
pub fn needed_to_pass(in_favour: Amount, against: Amount, quorum: Amount) -> Amount {
    let majority = (against.0 + 1).saturating_sub(in_favour.0);
    Amount(majority.max(quorum.0.saturating_sub(in_favour.0)))
}

/// A way to votes; money in any one unit.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Way {
    /// Buying tokens in a market of any depth, and selling them again.
    Buy {
        /// Money a token.
        price: f64,
        /// The part of what was paid that comes back.
        resale: f64,
    },
    /// Buying tokens from a pool of constant product, and selling them again.
    Pool {
        /// Tokens in the pool.
        tokens: f64,
        /// Money in the pool.
        money: f64,
        /// The pool's fee, as a part of what is paid in.
        fee: f64,
        /// The part of what was paid that comes back.
        resale: f64,
    },
    /// Borrowing tokens for as long as the vote needs them.
    Borrow {
        /// Money a token.
        price: f64,
        /// Collateral, in times of what is borrowed; 0 for a flash loan.
        collateral: f64,
        /// What the loan costs, as a part of what is borrowed.
        fee: f64,
    },
    /// Renting votes at a price for each.
    Rent {
        /// Money a vote.
        price: f64,
    },
    /// Paying holders one price for all, the lowest at which enough of them sell.
    Bribe {
        /// The price a vote from which each sells, and its votes.
        sellers: Vec<(f64, f64)>,
    },
}

/// What a capture takes and gives.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Capture {
    /// Votes that are needed.
    pub votes: f64,
    /// Money that must be at hand.
    pub capital: f64,
    /// Money that does not come back.
    pub cost: f64,
    /// The cost of one vote.
    pub price: f64,
    /// What it brings: the reward times the probability.
    pub reward: f64,
    /// Reward less cost.
    pub profit: f64,
    /// Reward by cost; none where it costs nothing.
    pub multiple: Option<f64>,
}

impl Way {
    /// Capital and cost of this many votes; none where they cannot be had this way. O(sellers log sellers) for a bribe,
    /// else O(1).
    pub fn cost(&self, votes: f64) -> Option<(f64, f64)> {
        match self {
            Self::Buy { price, resale } => {
                let capital = price * votes;
                Some((capital, capital * (1.0 - resale)))
            }
            Self::Pool { tokens, money, fee, resale } => {
                let capital = money * votes / (tokens - votes) / (1.0 - fee);
                (votes < *tokens).then_some((capital, capital * (1.0 - resale)))
            }
            Self::Borrow { price, collateral, fee } => {
                let cost = price * votes * fee;
                Some((price * votes * collateral + cost, cost))
            }
            Self::Rent { price } => Some((price * votes, price * votes)),
            Self::Bribe { sellers } => {
                let mut sorted = sellers.clone();
                sorted.sort_by(|left, right| left.0.total_cmp(&right.0));
                let mut sold = 0.0;
                for (price, power) in sorted {
                    sold += power;
                    if sold >= votes {
                        return Some((price * votes, price * votes));
                    }
                }
                (votes <= 0.0).then_some((0.0, 0.0))
            }
        }
    }

    /// What capturing costs and brings, with a reward that comes with this probability. None where the votes cannot be
    /// had this way.
    pub fn capture(&self, votes: f64, reward: f64, probability: f64) -> Option<Capture> {
        let (capital, cost) = self.cost(votes)?;
        let reward = reward * probability;
        Some(Capture {
            votes,
            capital,
            cost,
            price: if votes > 0.0 { cost / votes } else { 0.0 },
            reward,
            profit: reward - cost,
            multiple: (cost > 0.0).then_some(reward / cost),
        })
    }
}
