//! Moloch v2: shares and loot, votes without a quorum, and leaving with one's part of the bank.
//!
//! [`Guild`] is the contract's state. What the contract reverts is a [`Refusal`] here and changes nothing. Time is in
//! seconds since the summoning. Accounts and tokens are dense numbers; amounts are in a token's smallest unit.
//! Every step costs O(1) but a rage-quit, which visits every whitelisted token.

mod guild;
mod json;

pub use guild::Guild;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Amount, Card, Family, Rule};
use crate::Result;

/// Shares and loot there may be together: `MAX_NUMBER_OF_SHARES_AND_LOOT`.
pub const MOST_SHARES_AND_LOOT: u64 = 1_000_000_000_000_000_000;
/// Tokens that may be whitelisted: `MAX_TOKEN_WHITELIST_COUNT`.
pub const MOST_WHITELISTED: usize = 400;
/// Tokens of which the bank may hold something: `MAX_TOKEN_GUILDBANK_COUNT`.
pub const MOST_BANKED: usize = 200;
/// The longest voting and grace period, and the largest dilution bound: 10^18.
const MOST: u64 = 1_000_000_000_000_000_000;

/// What a guild is summoned with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Seconds of a period (17,280 by default).
    pub period_seconds: u64,
    /// Periods of voting (35 by default).
    pub voting_periods: u64,
    /// Periods between voting and processing (35 by default).
    pub grace_periods: u64,
    /// What a sponsor puts down, in the first whitelisted token.
    pub proposal_deposit: Amount,
    /// By how much shares and loot may shrink between the last yes and the processing (3 by default).
    pub dilution_bound: u64,
    /// What of the deposit goes to whoever processes.
    pub processing_reward: Amount,
}

impl Settings {
    /// What the constructor of the contract would not take, one message a problem.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut within = |what: &str, value: u64, least: u64| {
            if !(least..=MOST).contains(&value) {
                problems.push(format!("`settings.{what}` is {value}; it must be from {least} to 10^18"));
            }
        };
        within("period_seconds", self.period_seconds, 1);
        within("voting_periods", self.voting_periods, 1);
        within("grace_periods", self.grace_periods, 0);
        within("dilution_bound", self.dilution_bound, 1);
        if self.proposal_deposit < self.processing_reward {
            problems.push(format!(
                "`settings.processing_reward` is {}; it is paid from `settings.proposal_deposit`, which is {}",
                self.processing_reward, self.proposal_deposit
            ));
        }
        problems
    }
}

/// A member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Member {
    /// Votes, and a part of the bank.
    pub shares: u64,
    /// A part of the bank without votes.
    pub loot: u64,
    /// Whether the account has ever been a member.
    pub exists: bool,
    /// The highest place in the queue at which it has voted yes; 0 where it never has.
    pub highest_yes: u32,
    /// The place of the proposal that kicked it; 0 where none has.
    pub jailed: u32,
}

/// What a proposal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// Shares, loot and a payment for the applicant, against a tribute.
    Standard {
        /// Who gets the shares, the loot and the payment.
        applicant: u32,
        /// Shares asked for.
        shares: u64,
        /// Loot asked for.
        loot: u64,
        /// What is paid in, and in which token.
        tribute: (u128, u32),
        /// What is paid out, and in which token.
        payment: (u128, u32),
    },
    /// One more token for the bank.
    Whitelist {
        /// The token.
        token: u32,
    },
    /// All shares of a member become loot, and it may vote no more.
    Kick {
        /// The member.
        member: u32,
    },
}

/// Where a proposal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Made, not sponsored.
    Submitted,
    /// Taken back by its proposer.
    Cancelled,
    /// In the queue: waiting, being voted on, or in its grace period.
    Sponsored,
    /// Processed, and it took effect.
    Passed,
    /// Processed, without effect.
    Failed,
}

/// A proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// What it asks for.
    pub request: Request,
    /// Who made it.
    pub proposer: u32,
    /// Who sponsored it.
    pub sponsor: u32,
    /// Where it stands.
    pub stage: Stage,
    /// The first period of voting.
    pub starts: u64,
    /// Shares that voted yes.
    pub yes: u64,
    /// Shares that voted no.
    pub no: u64,
    /// Shares and loot there were at most when a yes was cast.
    pub most_at_yes: u64,
    /// One bit a member.
    voted: Vec<u64>,
}

/// Why a step is refused; the contract reverts there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Only members with shares may do this.
    #[error("the account has no shares")]
    NoShares,
    /// Only members with shares or loot may do this.
    #[error("the account is no member")]
    NoMember,
    /// There is no such proposal.
    #[error("there is no such proposal")]
    NoProposal,
    /// Sponsored already.
    #[error("the proposal has been sponsored")]
    Sponsored,
    /// Cancelled already.
    #[error("the proposal has been cancelled")]
    Cancelled,
    /// Only the proposer cancels.
    #[error("only the proposer may cancel")]
    NotProposer,
    /// A kicked member can neither apply nor be kicked again.
    #[error("the applicant is jailed")]
    Jailed,
    /// Ragekick is for the kicked.
    #[error("the member is not jailed")]
    NotJailed,
    /// More than 10^18 shares and loot asked for.
    #[error("more than 10^18 shares and loot are asked for")]
    TooMuch,
    /// Tribute, payment and what is collected are in whitelisted tokens.
    #[error("the token is not whitelisted")]
    NotWhitelisted,
    /// The token is whitelisted, or another proposal asks for it.
    #[error("the token is whitelisted or proposed already")]
    Whitelisted,
    /// Another proposal asks for it.
    #[error("the member is proposed to be kicked already")]
    Kicked,
    /// 400 tokens are whitelisted, or the bank holds 200.
    #[error("there are too many tokens")]
    Tokens,
    /// Before the voting period.
    #[error("voting has not begun")]
    NotBegun,
    /// After the voting period.
    #[error("voting is over")]
    Over,
    /// One vote a member.
    #[error("the member has voted")]
    Voted,
    /// Before the end of the grace period.
    #[error("the proposal is not ready to be processed")]
    NotReady,
    /// Once only.
    #[error("the proposal has been processed")]
    Processed,
    /// Proposals are processed in the queue's order.
    #[error("the proposal before it must be processed first")]
    OutOfOrder,
    /// More than the member has.
    #[error("the member has less than that")]
    TooLittle,
    /// The last proposal on which the member voted yes is not processed yet.
    #[error("the member voted yes on a proposal that is not processed yet")]
    Locked,
    /// Nothing to collect, or the bank holds none of that token.
    #[error("there is nothing to collect")]
    NothingToCollect,
    /// More than 2^128 of a token.
    #[error("the amount of the token leaves 128 bits")]
    Overflow,
}

/// The rule's line in the registry.
#[derive(Debug)]
pub struct Moloch;

impl Rule for Moloch {
    fn name(&self) -> &'static str {
        "moloch"
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Exit,
            purpose: "Moloch v2: shares vote without a quorum, and who disagrees leaves with their part of the bank",
            definition: "Period = floor(seconds since summoning / period_seconds). A sponsored proposal is voted on \
                from period s = max(now, s of the one before) + 1 up to but not including s + voting_periods, by all \
                shares a member has when voting, once. From period s + voting_periods + grace_periods anyone may \
                process it, in the queue's order. It passes iff yes > no, (shares + loot) x dilution_bound >= the \
                most shares + loot at any yes vote, the applicant is not jailed, shares + loot stay <= 10^18, the \
                payment is <= the bank's balance, and the bank would not hold more than 200 tokens. A rage-quit burns \
                shares and loot for floor(bank x burned / (shares + loot before)) of every whitelisted token, once \
                the last proposal on which the member voted yes is processed; one who never voted yes waits for the \
                first of the queue. A kick turns shares into loot; one at place 0 of the queue does not jail. The \
                processor gets processing_reward, the sponsor the rest of the deposit; a failed proposal's tribute \
                goes back to its proposer.",
            source: "MolochVentures/moloch, contracts/Moloch.sol (v2): submitProposal, sponsorProposal, submitVote, \
                processProposal, processWhitelistProposal, processGuildKickProposal, _didPass, _ragequit, canRagequit, \
                fairShare",
            limits: "Delegate keys and the balances of accounts outside of the guild are left out; amounts end at \
                2^128 where the contract's end at 2^256.",
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
