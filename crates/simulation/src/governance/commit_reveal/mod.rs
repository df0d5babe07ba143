//! Commit and reveal: a vote is first a hash, then the vote that it hides, and what is not revealed does not count.
//!
//! [`Poll`] is a state machine of O(log voters) a step. A commitment is keccak-256 of the choice and a salt, both as
//! 256-bit numbers, as PLCR voting has it; simulations that need no hashes use [`Poll::commit`] with any number.

mod json;
mod keccak;

pub use keccak::{commitment, keccak256};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bribes::WHOLE_FEE;
use super::{Amount, Card, Family, Rule};
use crate::Result;

/// A hash that hides a vote.
pub type Commitment = [u8; 32];

/// What a poll is held to. Both ends are inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The last second of committing.
    pub commit_end: u64,
    /// The last second of revealing.
    pub reveal_end: u64,
    /// Percent of the revealed tokens that a passing poll must exceed.
    pub vote_quorum: u64,
    /// What of an unrevealed stake is lost, in millionths; the rest goes back.
    #[serde(default)]
    pub penalty_millionths: u64,
}

/// Why a step is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// After the commit period.
    #[error("committing is over")]
    CommitOver,
    /// Before or after the reveal period.
    #[error("it is not the time to reveal")]
    NotRevealing,
    /// Nothing was committed.
    #[error("the voter has not committed")]
    NotCommitted,
    /// Once only.
    #[error("the voter has revealed")]
    Revealed,
    /// The choice and salt are not what was committed.
    #[error("the choice and salt do not have the committed hash")]
    Mismatch,
    /// A commitment of zero means none.
    #[error("a commitment must not be zero")]
    Zero,
    /// More than 2^128 tokens.
    #[error("a sum of tokens leaves 128 bits")]
    Overflow,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hidden {
    commitment: Commitment,
    tokens: u128,
    revealed: bool,
}

/// A poll.
#[derive(Debug, Clone)]
pub struct Poll {
    settings: Settings,
    hidden: BTreeMap<u32, Hidden>,
    committed: u128,
    in_favour: u128,
    against: u128,
}

impl Poll {
    /// A poll without votes.
    pub const fn new(settings: Settings) -> Self {
        Self { settings, hidden: BTreeMap::new(), committed: 0, in_favour: 0, against: 0 }
    }

    /// Commits; again, where the voter has: the last counts.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn commit(
        &mut self,
        now: u64,
        voter: u32,
        commitment: Commitment,
        tokens: u128,
    ) -> std::result::Result<(), Refusal> {
        if now > self.settings.commit_end {
            return Err(Refusal::CommitOver);
        }
        if commitment == [0; 32] {
            return Err(Refusal::Zero);
        }
        let before = self.hidden.get(&voter).map_or(0, |hidden| hidden.tokens);
        self.committed = (self.committed - before).checked_add(tokens).ok_or(Refusal::Overflow)?;
        self.hidden.insert(voter, Hidden { commitment, tokens, revealed: false });
        Ok(())
    }

    /// Reveals; choice 1 is for, every other against.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn reveal(
        &mut self,
        now: u64,
        voter: u32,
        choice: u128,
        salt: u128,
    ) -> std::result::Result<(), Refusal> {
        if now <= self.settings.commit_end || now > self.settings.reveal_end {
            return Err(Refusal::NotRevealing);
        }
        let hidden = self.hidden.get_mut(&voter).ok_or(Refusal::NotCommitted)?;
        if hidden.revealed {
            return Err(Refusal::Revealed);
        }
        if commitment(choice, salt) != hidden.commitment {
            return Err(Refusal::Mismatch);
        }
        hidden.revealed = true;
        if choice == 1 {
            self.in_favour += hidden.tokens;
        } else {
            self.against += hidden.tokens;
        }
        Ok(())
    }

    /// Tokens that are committed, revealed or not: all that is known before the reveal period.
    pub const fn committed(&self) -> u128 {
        self.committed
    }

    /// Revealed tokens, for and against.
    pub const fn revealed(&self) -> (u128, u128) {
        (self.in_favour, self.against)
    }

    /// Whether the poll is over.
    pub const fn ended(&self, now: u64) -> bool {
        now > self.settings.reveal_end
    }

    /// Whether it passes as things stand: 100 x for > quorum x (for + against).
    pub fn passes(&self) -> bool {
        let all = self.in_favour + self.against;
        let quorum = u128::from(self.settings.vote_quorum);
        // 100 x for > quorum x all by parts of a hundred, as products of 128 bits overflow.
        let (whole, rest) = (all / 100, all % 100);
        match whole.checked_mul(quorum).and_then(|bar| bar.checked_add(rest * quorum / 100)) {
            Some(bar) => self.in_favour > bar,
            None => false,
        }
    }

    /// What a voter loses for not revealing: floor(tokens x penalty / 10^6).
    pub fn penalty(&self, voter: u32) -> u128 {
        let hidden = self.hidden.get(&voter).filter(|hidden| !hidden.revealed);
        let tokens = hidden.map_or(0, |hidden| hidden.tokens);
        Amount(tokens).times(self.settings.penalty_millionths.into(), WHOLE_FEE).unwrap_or_default().0
    }
}

/// The rule's line in the registry.
#[derive(Debug)]
pub struct CommitReveal;

impl Rule for CommitReveal {
    fn name(&self) -> &'static str {
        "commit-reveal"
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Counting,
            purpose: "Votes are committed as hashes and revealed later; nobody sees how others vote in between",
            definition: "Until and with commit_end a voter may commit a hash and tokens, the last counts; after it, \
                until and with reveal_end, the choice and salt with that hash may be revealed once. Hash = \
                keccak-256(choice as 32 bytes, salt as 32 bytes), big-endian. Choice 1 is for, every other against. \
                Passes iff 100 x for > vote_quorum x (for + against), revealed tokens alone. An unrevealed vote does \
                not count and loses floor(tokens x penalty_millionths / 10^6).",
            source: "ConsenSys/PLCRVoting, contracts/PLCRVoting.sol (commitVote, revealVote, isPassed, isExpired); the \
                penalty after UMA's VotingV2 slashing, as a setting (0 with PLCR)",
            limits: "PLCR's locks of tokens over several polls are left out; salts and choices end at 2^128.",
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
