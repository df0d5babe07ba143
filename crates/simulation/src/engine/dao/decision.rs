//! The socket for rules: what a vote weighs, and when a proposal passes.

use crate::Result;
use crate::engine::tally::Tally;
use crate::governance::referee::Ballot;

/// How a DAO decides between yes and no. Called at openings and closings, not at votes.
pub trait Decision: std::fmt::Debug + Send + Sync {
    /// What a member weighs who could vote with this power of tokens; weights of all members together fit 64 bits. A
    /// member of weight 0 does not vote.
    fn weight(&self, power: u64) -> u64 {
        power
    }

    /// The weight of all members: `supply` is the sum of `powers`.
    fn electorate(&self, powers: &[u64], supply: u64) -> u64 {
        let _ = powers;
        supply
    }

    /// The quorum of an electorate, in tokens or weights, for who writes it down; none where that is not one number.
    fn quorum(&self, electorate: u64) -> Option<u64> {
        let _ = electorate;
        None
    }

    /// Whether a closed proposal passes; `electorate` is that of its opening.
    fn passes(&self, tally: &Tally, electorate: u64) -> bool;

    /// Whether [`Decision::judges`] is to be asked, with every ballot, and not [`Decision::passes`].
    fn by_ballot(&self) -> bool {
        false
    }

    /// Whether a closed proposal passes on which these ballots were cast.
    ///
    /// # Errors
    /// A vote that cannot be held.
    fn judges(&self, ballots: &[Ballot], tally: &Tally, electorate: u64) -> Result<bool> {
        let _ = ballots;
        Ok(self.passes(tally, electorate))
    }
}

/// Token majority with a quorum: yes exceeds no, and the power cast reaches so many millionths of the supply. What a
/// Governor does that counts votes against towards its quorum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Majority {
    /// The quorum, in millionths of the supply.
    pub quorum_millionths: u32,
}

impl Decision for Majority {
    fn quorum(&self, electorate: u64) -> Option<u64> {
        // Rounded up: a power of whole tokens reaches it where it reaches the share.
        Some((u128::from(electorate) * u128::from(self.quorum_millionths)).div_ceil(1_000_000) as u64)
    }

    fn passes(&self, tally: &Tally, electorate: u64) -> bool {
        tally.passes(electorate, self.quorum_millionths)
    }
}
