//! The socket for what decides whole votes, ballot by ballot, in place of a rule's arithmetic: a DAO's own contract.

use std::fmt::Debug;
use std::sync::Arc;

use serde::Serialize;

use super::lifecycle::Support;
use crate::Result;
use crate::engine::dao::Decision;
use crate::engine::tally::Tally;
use crate::scenario::QuorumCounts;

/// A ballot that a referee is handed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ballot {
    /// Whose; another number for everybody who votes on the same proposal.
    pub voter: u64,
    /// What it says.
    pub support: Support,
    /// Its power, in the smallest unit.
    pub power: u128,
    /// When in the window it is cast, in millionths of the window.
    pub moment: u32,
}

/// A whole vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Poll<'b> {
    /// What there is of the token in all, in the smallest unit, where it is known.
    pub supply: Option<u128>,
    /// How many decimals the smallest unit has.
    pub decimals: u8,
    /// The ballots, in any order.
    pub ballots: &'b [Ballot],
}

/// What a referee decided so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decided {
    /// Who decides, in words.
    pub by: String,
    /// Proposals that it decided.
    pub proposals: u64,
    /// Ballots that were cast on them, each a transaction.
    pub ballots: u64,
    /// Ballots among them that it refused.
    pub refused: u64,
    /// Proposals among them that the arithmetic of the same settings decides otherwise.
    pub different: u64,
}

impl Decided {
    /// That a referee decided, and how it compares with arithmetic.
    pub fn sentence(&self) -> String {
        let different = match self.different {
            0 => "all as the arithmetic of its settings says".to_owned(),
            1 => "one of them otherwise than the arithmetic of its settings says".to_owned(),
            many => format!("{many} of them otherwise than the arithmetic of its settings says"),
        };
        let refused = match self.refused {
            0 => String::new(),
            some => format!(", {some} of which it refused"),
        };
        format!(
            "{} decided {} proposals on its own bytecode, each of {} ballots a transaction{refused}: {different}. What somebody \
             would need to pass one is reckoned from those settings.",
            self.by, self.proposals, self.ballots
        )
    }
}

/// Decides votes in place of arithmetic. It has the rule of token majority over for and against, with this quorum, as far as
/// anybody reckons ahead; what passes is its word.
pub trait Referee: Debug + Send + Sync {
    /// The quorum of a vote, in the smallest unit of `decimals` decimals.
    ///
    /// # Errors
    /// An amount that the two units cannot both express.
    fn quorum(&self, supply: Option<u128>, decimals: u8) -> Result<u128>;

    /// Which ballots count towards it.
    fn counts(&self) -> QuorumCounts;

    /// Whether a proposal passes; `expected` is what arithmetic says of the same ballots, and is only counted.
    ///
    /// # Errors
    /// A vote that cannot be held.
    fn passes(&self, poll: &Poll<'_>, expected: bool) -> Result<bool>;

    /// What it decided so far.
    fn decided(&self) -> Decided;
}

/// A referee as the rule of an engine's DAO; tokens are whole.
#[derive(Debug, Clone)]
pub struct Refereed(pub Arc<dyn Referee>);

impl Refereed {
    fn quorate(&self, tally: &Tally, electorate: u64) -> Option<bool> {
        let quorum = self.0.quorum(Some(u128::from(electorate)), 0).ok()?;
        let counted = match self.0.counts() {
            // Nobody abstains in the engine.
            QuorumCounts::For | QuorumCounts::ForAndAbstain => tally.yes,
            QuorumCounts::All => tally.cast(),
        };
        Some(u128::from(counted) >= quorum)
    }
}

impl Decision for Refereed {
    fn quorum(&self, electorate: u64) -> Option<u64> {
        u64::try_from(self.0.quorum(Some(u128::from(electorate)), 0).ok()?).ok()
    }

    /// What its settings say; [`Refereed::judges`] is its word.
    fn passes(&self, tally: &Tally, electorate: u64) -> bool {
        tally.yes > tally.no && self.quorate(tally, electorate).unwrap_or(false)
    }

    fn by_ballot(&self) -> bool {
        true
    }

    fn judges(&self, ballots: &[Ballot], tally: &Tally, electorate: u64) -> Result<bool> {
        let poll = Poll { supply: Some(u128::from(electorate)), decimals: 0, ballots };
        self.0.passes(&poll, self.passes(tally, electorate))
    }
}
