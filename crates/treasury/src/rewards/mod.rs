//! Rules that reward contribution, what they come to, and how members answer them.
//!
//! A [`Round`] is what a DAO knows of its members when it pays them: who gave to whom, who judged whom, who worked with
//! whom, who staked. A [`Reward`] turns it into payments in the smallest unit of a token. One rule is one folder and one
//! line in [`registry::REWARDS`], so that all can be compared on the same community ([`comparison`]).
//!
//! [`members`] is a model of who joins, works, pauses and leaves, fitted to records of activity. [`replay`] runs rules on
//! published rounds; [`scenarios`] are two incidents in which rewards or members were taken in.

pub mod comparison;
pub mod contribution_rank;
pub mod gift_circle;
pub mod members;
pub mod metrics;
pub mod quadratic_funding;
pub mod registry;
pub mod replay;
pub mod retroactive_funding;
mod round;
pub mod salary;
pub mod scenarios;
mod share;
pub mod staking;
pub mod vote_escrow_emissions;

pub use round::{Ballot, Donation, Give, Interaction, Lock, Round, Stake};
pub use share::{apportion, apportion_by};

use crate::Result;

/// What a rule does with the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Spends {
    /// All of it, wherever the round holds anything to go by.
    All,
    /// All of it or less: what is owed, or what is left by rounding down.
    AtMost,
}

/// What a rule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Card {
    /// In one sentence, what it is for.
    pub purpose: &'static str,
    /// The exact definition, with its rounding.
    pub definition: &'static str,
    /// Where it is from.
    pub source: &'static str,
    /// What it goes by, of what a [`Round`] holds.
    pub goes_by: &'static str,
    /// What it does with the budget.
    pub spends: Spends,
    /// Where not to use it.
    pub limits: &'static str,
}

/// A rule that pays members. One folder and one line in [`registry::REWARDS`].
pub trait Reward: Sync {
    /// The stable name, in lower case with hyphens.
    fn name(&self) -> &'static str;

    /// What it is.
    fn card(&self) -> Card;

    /// What each member is paid, in the smallest unit; never more than the budget together. A function of the round alone.
    ///
    /// # Errors
    /// A round that this rule cannot pay, with every problem ([`Round::check`]), or that the contract refuses.
    fn pay(&self, round: &Round) -> Result<Vec<u128>>;
}

#[cfg(test)]
mod data;
#[cfg(test)]
mod test;
