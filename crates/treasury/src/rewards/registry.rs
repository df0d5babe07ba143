//! The rules that users can name.

use super::Reward;
use super::contribution_rank::ContributionRank;
use super::gift_circle::GiftCircle;
use super::quadratic_funding as quadratic;
use super::retroactive_funding as retroactive;
use super::salary::Salary;
use super::staking::Staking;
use super::vote_escrow_emissions::VoteEscrowEmissions;
use crate::{Error, Result};

/// Every rule, in the order in which they are listed.
pub const REWARDS: &[&dyn Reward] = &[
    &quadratic::PLAIN,
    &quadratic::PAIRWISE,
    &quadratic::CLUSTER_MARKOV,
    &quadratic::CLUSTER_FRIENDS,
    &quadratic::CLUSTER_SHARED,
    &quadratic::CLUSTER_MARKOV_HARSH,
    &quadratic::CLUSTER_FRIENDS_HARSH,
    &quadratic::CLUSTER_SHARED_HARSH,
    &retroactive::MEDIAN,
    &retroactive::SUM,
    &ContributionRank,
    &GiftCircle,
    &Staking,
    &VoteEscrowEmissions,
    &Salary,
];

/// The rule with this name.
///
/// # Errors
/// There is none; the error lists those there are.
pub fn find(name: &str) -> Result<&'static dyn Reward> {
    REWARDS.iter().copied().find(|rule| rule.name() == name).ok_or_else(|| {
        let known: Vec<String> = REWARDS.iter().map(|rule| format!("`{}`", rule.name())).collect();
        Error::Unknown { what: "reward rule", name: name.to_owned(), known: known.join(", ") }
    })
}
