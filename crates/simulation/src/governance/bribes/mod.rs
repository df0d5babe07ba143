//! Bribes: markets in which votes are paid for, and what capturing a decision costs.
//!
//! [`market`] pays a reward out to those who voted as asked, pro rata; [`equilibrium`] says where votes go that go where
//! they are paid best; [`auction`] sells a pool of delegated votes as a whole; [`capture`] prices the ways to a
//! majority. Payments are exact integers, prices and equilibria floating-point.

pub mod auction;
pub mod capture;
mod json;
pub mod market;

pub use capture::{Capture, Way, needed_to_pass};
pub use market::{Offer, equilibrium, reward_to_attract, shares};

use serde_json::Value;

use super::{Card, Family, Rule};
use crate::Result;

/// Parts of a whole in which fees are counted: millionths.
pub const WHOLE_FEE: u128 = 1_000_000;

/// The rule's line in the registry.
#[derive(Debug)]
pub struct Bribes;

impl Rule for Bribes {
    fn name(&self) -> &'static str {
        "bribes"
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Market,
            purpose: "Markets and auctions in which votes are paid for, and the cost of capturing a decision",
            definition: "market: of a choice's reward floor(reward x fee / 10^6) is the fee; a voter gets floor(rest x \
                power / all power on the choice); rounding and rewards without votes are left. equilibrium: mobile \
                votes x_c spread so that reward_c / (fixed_c + x_c) + interest_c is the same price wherever x_c > 0 \
                and no higher elsewhere. auction: bids of an option add up; a bid below the minimum does not count; a \
                bid that takes one option to the instant price wins at once; else the option with the most at the end \
                wins, of equals the one that got there first. The winner votes with the whole pool, its bids less the \
                fee go to the delegators pro rata (rounded down), the losers' bids are returned. capture: power needed \
                = max(against - for + 1, quorum - for, 0) units; capital is what must be at hand, cost what does not \
                come back, multiple = reward x probability / cost.",
            source: "Pro rata: redacted-cartel/hidden-hand-contracts, contracts/BribeVault.sol (fee in millionths, \
                below a half) and Votium, whose parts are computed off-chain and claimed from a root. Equalised \
                reward per vote: Wardrop 1952, first principle. Auction: LobbyFi, docs.lobbyfi.xyz, How does votes \
                acquisition work; figures: Arbitrum forum, DAO Discussion: Vote Buying Services (28934)",
            limits: "LobbyFi publishes neither its contracts' ties nor refunds: both are as said here. A voter is paid \
                for the vote that is counted; whether bribed voters keep their word is the simulation's.",
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
