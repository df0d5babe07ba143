//! Holographic consensus: a stake on a proposal's passing buys it the attention that a relative majority needs.
//!
//! [`Machine`] is the voting machine of one organisation. Reputation votes, staking tokens predict. Numbers are the
//! contract's: integers, and ratios in binary fixed point with 40 digits after the point ([`Real`]). A ballot or stake
//! costs O(log voters). What the contract reverts is a [`Refusal`]; what it takes without effect is [`Step::Ignored`].

mod json;
mod machine;
mod redeem;

pub use machine::{Machine, Proposal, Step};
pub use redeem::Rewards;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Amount, Card, Family, Rule};
use crate::Result;

/// Above this no stake, and no sum of stakes, is taken: 2^120, far above all tokens there are.
pub const MOST_STAKED: u128 = 1 << 120;
/// Proposals that may be boosted at once: `MAX_BOOSTED_PROPOSALS`.
pub const MOST_BOOSTED: u64 = 4096;

/// A ratio in units of 2^-40, cut off below and held at 2^128 - 1 above: stakes of up to 10^26 on a bounty of 1 stay far
/// below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Real(pub u128);

impl Real {
    const ONE: u128 = 1 << 40;

    /// floor(numerator x 2^40 / denominator).
    pub fn fraction(numerator: u128, denominator: u128) -> Self {
        Self(Amount(numerator).times(Self::ONE, denominator).map_or(u128::MAX, |real| real.0))
    }

    fn times(self, other: Self) -> Self {
        Self(Amount(self.0).times(other.0, Self::ONE).map_or(u128::MAX, |real| real.0))
    }

    /// By squaring, every product cut off: the contract's order of multiplications.
    pub fn power(self, mut exponent: u64) -> Self {
        let (mut base, mut result) = (self, Self(Self::ONE));
        while exponent != 0 {
            if exponent & 1 == 1 {
                result = result.times(base);
            }
            exponent >>= 1;
            if exponent != 0 {
                base = base.times(base);
            }
        }
        result
    }
}

/// What an organisation sets its machine to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Percent of all reputation above which an option wins at any time: 50 to 100.
    pub queued_vote_required_percentage: u128,
    /// Seconds in the queue.
    pub queued_vote_period: u64,
    /// Seconds boosted.
    pub boosted_vote_period: u64,
    /// Seconds between crossing the threshold and being boosted.
    pub pre_boosted_vote_period: u64,
    /// Thousandths: above 1,000, up to 16,000.
    pub threshold_const: u64,
    /// Seconds at the end of the boosted period in which a flip prolongs it by as much.
    pub quiet_ending_period: u64,
    /// Reputation that a proposer gets where the proposal passes.
    #[serde(default)]
    pub proposing_reputation_reward: u128,
    /// Percent of its reputation that who votes before the boost puts at stake.
    #[serde(default)]
    pub voters_reputation_loss_ratio: u128,
    /// What the organisation stakes against a proposal at least.
    pub minimum_dao_bounty: u128,
    /// What it stakes, in percent of the mean stake against boosted proposals.
    pub dao_bounty_const: u128,
}

impl Parameters {
    /// What the contract would not take, one message a problem.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut within = |what: &str, value: u128, least: u128, most: u128| {
            if !(least..=most).contains(&value) {
                problems.push(format!("`parameters.{what}` is {value}; it must be from {least} to {most}"));
            }
        };
        within("queued_vote_required_percentage", self.queued_vote_required_percentage, 50, 100);
        within("threshold_const", self.threshold_const.into(), 1_001, 16_000);
        within("voters_reputation_loss_ratio", self.voters_reputation_loss_ratio, 0, 100);
        within("minimum_dao_bounty", self.minimum_dao_bounty, 1, MOST_STAKED);
        within("dao_bounty_const", self.dao_bounty_const, 1, 1_000_000);
        within("proposing_reputation_reward", self.proposing_reputation_reward, 0, MOST_STAKED);
        for (what, period) in [
            ("queued_vote_period", self.queued_vote_period),
            ("boosted_vote_period", self.boosted_vote_period),
            ("pre_boosted_vote_period", self.pre_boosted_vote_period),
        ] {
            within(what, period.into(), 0, 1 << 62);
        }
        if self.boosted_vote_period < self.quiet_ending_period {
            problems.push(format!(
                "`parameters.quiet_ending_period` is {}, longer than `boosted_vote_period`, {}",
                self.quiet_ending_period, self.boosted_vote_period
            ));
        }
        problems
    }

    /// The boosted proposals from which the threshold grows no more.
    pub const fn limit_exponent(&self) -> u64 {
        match self.threshold_const {
            0..=2_000 => 172,
            2_001..=4_000 => 86,
            4_001..=8_000 => 57,
            _ => 43,
        }
    }

    /// The threshold with this many proposals boosted.
    pub fn threshold(&self, boosted: u64) -> Real {
        let boosted = if boosted > self.limit_exponent() { self.limit_exponent() } else { boosted };
        Real::fraction(self.threshold_const.into(), 1_000).power(boosted)
    }
}

/// Where a proposal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The queue's time ran out.
    ExpiredInQueue,
    /// Decided.
    Executed,
    /// An absolute majority decides.
    Queued,
    /// Above the threshold, and watched for staying there.
    PreBoosted,
    /// A relative majority decides at the end.
    Boosted,
    /// As boosted, prolonged by a flip.
    QuietEndingPeriod,
}

/// How it was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Execution {
    /// An absolute majority, in the queue.
    QueueBarCrossed,
    /// None, in time.
    QueueTimeOut,
    /// An absolute majority, before the boost.
    PreBoostedBarCrossed,
    /// A relative majority at the end.
    BoostedTimeOut,
    /// An absolute majority, boosted.
    BoostedBarCrossed,
}

/// Why a step is refused; the contract reverts there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no such proposal.
    #[error("there is no such proposal")]
    NoProposal,
    /// Decided or expired.
    #[error("the proposal is not votable")]
    NotVotable,
    /// Who has no reputation has no vote.
    #[error("the voter has no reputation")]
    NoReputation,
    /// More than the voter has.
    #[error("the voter has less reputation than that")]
    TooMuchReputation,
    /// Nothing is staked.
    #[error("the stake is 0")]
    NoStake,
    /// More than 2^120.
    #[error("the stake is too high")]
    StakeTooHigh,
    /// Only what is boosted can be called.
    #[error("the proposal is not boosted")]
    NotBoosted,
    /// Its time has not run out.
    #[error("the proposal has not expired")]
    NotExpired,
    /// Only what is decided pays.
    #[error("the proposal is not decided")]
    NotDecided,
    /// The sums of the contract would leave their range.
    #[error("a sum leaves its range")]
    OutOfRange,
}

/// The rule's line in the registry.
#[derive(Debug)]
pub struct HolographicConsensus;

impl Rule for HolographicConsensus {
    fn name(&self) -> &'static str {
        "holographic-consensus"
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Lifecycle,
            purpose: "Absolute majority decides, unless stakes on a proposal's passing boost it to a relative one",
            definition: "bar = floor(total reputation / 100) x required percentage; at any time an option with votes > \
                bar wins. Score = stakes for / stakes against (with the organisation's bounty), threshold = \
                (threshold_const / 1000)^boosted, both in 2^-40 cut off. Queued: expires (against) after \
                queued_vote_period, else score > threshold pre-boosts. Pre-boosted: after its period score > threshold \
                boosts, else back to the queue; before, score <= min(threshold then, now) sends it back. Boosted: at \
                the end the option ahead wins, ties are against; a flip within the last quiet_ending_period sets the \
                end to that long from now, again and again. Bounty = max(floor(dao_bounty_const x mean stake against \
                boosted ones / 100), minimum). Winning stakers share all stakes less the bounty (for) or all stakes \
                (against) pro rata, the bounty is paid to winning stakers for besides; after an expiry stakes go back. \
                Whoever executes an expired boosted proposal gets min(seconds late, 1500) / 15000 of the stakes for. \
                Voters before the boost put a part of their reputation at stake and winners share the losers'.",
            source: "daostack/infra, contracts/votingMachines/GenesisProtocolLogic.sol (propose, internalVote, _stake, \
                _execute, executeBoosted, redeem, redeemDaoBounty, calcExecuteCallBounty, threshold, _score, \
                setParameters), contracts/libs/RealMath.sol",
            limits: "One organisation and one set of parameters a machine; reputation is told with each vote, and burned \
                or minted reputation is told, not kept. Stakes end at 2^120; a mean stake that rounding would take below 0, \
                where the contract reverts, is 0.",
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
