//! What the rules of a proposal's life share: its states, its clock, who has voted, and why an act reverts.

use serde::{Deserialize, Serialize};

use super::Amount;

/// A moment: the clock that votes run on (a block's number, or seconds) and the seconds that timelocks run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// The governor's clock: a block's number, or seconds.
    pub clock: u64,
    /// Seconds since 1970.
    pub second: u64,
}

impl Moment {
    /// A moment of a governor whose clock is the seconds themselves.
    pub const fn of_second(second: u64) -> Self {
        Self { clock: second, second }
    }
}

/// Where a proposal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Made; the vote is not open yet.
    Pending,
    /// The vote is open.
    Active,
    /// Withdrawn before it took effect.
    Canceled,
    /// The vote closed without success.
    Defeated,
    /// The vote closed with success; nobody has queued or executed it yet.
    Succeeded,
    /// Waiting in the timelock.
    Queued,
    /// Not executed in time.
    Expired,
    /// Took effect.
    Executed,
}

impl State {
    /// The name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Canceled => "canceled",
            Self::Defeated => "defeated",
            Self::Succeeded => "succeeded",
            Self::Queued => "queued",
            Self::Expired => "expired",
            Self::Executed => "executed",
        }
    }
}

/// What a ballot says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Support {
    /// No.
    Against,
    /// Yes.
    For,
    /// Present.
    Abstain,
}

/// The power behind each answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// Power against.
    pub against: Amount,
    /// Power for.
    #[serde(rename = "for")]
    pub in_favour: Amount,
    /// Power that abstained.
    pub abstain: Amount,
}

impl Tally {
    /// Adds power to an answer.
    ///
    /// # Errors
    /// The sum is above 2^128 - 1.
    #[inline]
    pub fn add(&mut self, support: Support, power: Amount) -> Result<(), Revert> {
        let pot = self.pot(support);
        *pot = pot.checked_add(power).ok_or(Revert::Overflow)?;
        Ok(())
    }

    /// Takes power from an answer.
    ///
    /// # Errors
    /// There is less than that.
    #[inline]
    pub fn take(&mut self, support: Support, power: Amount) -> Result<(), Revert> {
        let pot = self.pot(support);
        *pot = Amount(pot.0.checked_sub(power.0).ok_or(Revert::Overflow)?);
        Ok(())
    }

    /// Power for and abstaining; at most 2^128 - 1.
    #[inline]
    pub const fn for_and_abstain(&self) -> Amount {
        Amount(self.in_favour.0.saturating_add(self.abstain.0))
    }

    const fn pot(&mut self, support: Support) -> &mut Amount {
        match support {
            Support::Against => &mut self.against,
            Support::For => &mut self.in_favour,
            Support::Abstain => &mut self.abstain,
        }
    }
}

/// A set of members, one bit each; grows to the highest member seen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Members(Vec<u64>);

impl Members {
    /// An empty set with room for this many, so that inserting allocates nothing.
    pub fn with_room(members: usize) -> Self {
        Self(vec![0; members.div_ceil(64)])
    }

    /// Adds a member; whether it is new.
    #[inline]
    pub fn insert(&mut self, member: u32) -> bool {
        let (word, bit) = (member as usize / 64, 1 << (member % 64));
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        let new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        new
    }

    /// Takes a member out; whether it was in.
    #[inline]
    pub fn remove(&mut self, member: u32) -> bool {
        let was = self.contains(member);
        if was {
            self.0[member as usize / 64] &= !(1 << (member % 64));
        }
        was
    }

    /// How many members are in the set.
    pub fn len(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// Whether nobody is in the set.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// How many members are in both sets.
    pub fn common(&self, other: &Self) -> u32 {
        self.0.iter().zip(&other.0).map(|(left, right)| (left & right).count_ones()).sum()
    }

    /// Whether a member is in the set.
    #[inline]
    pub fn contains(&self, member: u32) -> bool {
        self.0.get(member as usize / 64).is_some_and(|word| word & (1 << (member % 64)) != 0)
    }
}

/// Why a contract would refuse an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Revert {
    /// The proposal is in a state that does not allow the act.
    #[error("the proposal is {}", .0.name())]
    State(State),
    /// The member has voted.
    #[error("this member has voted already")]
    Voted,
    /// The member has overridden its delegate.
    #[error("this member has overridden its delegate already")]
    Overridden,
    /// The way of counting does not know this kind of ballot.
    #[error("this way of counting takes no such ballot")]
    BallotKind,
    /// More power than the member has left.
    #[error("the ballot uses {used} where {left} is left")]
    Exceeds {
        /// What it uses.
        used: Amount,
        /// What is left.
        left: Amount,
    },
    /// No power at the snapshot.
    #[error("the member has no power at the snapshot")]
    NoPower,
    /// The proposer's power does not suffice.
    #[error("the proposer's power {power} is not {comparison} {threshold}")]
    Threshold {
        /// What the proposer has.
        power: Amount,
        /// How it has to compare: `above`, `at least`.
        comparison: &'static str,
        /// The threshold.
        threshold: Amount,
    },
    /// The proposer has another one that is pending or active.
    #[error("the proposer's latest proposal is {}", .0.name())]
    OneAtATime(State),
    /// No actions, or too many.
    #[error("a proposal has from 1 to {most} actions, this has {found}")]
    Actions {
        /// How many it has.
        found: u32,
        /// How many it may have.
        most: u32,
    },
    /// Who calls may not do this.
    #[error("the caller may not do this")]
    Caller,
    /// There is no timelock to queue in.
    #[error("there is no timelock to queue in")]
    NoTimelock,
    /// The timelock does not hold it.
    #[error("it is not in the timelock")]
    NotQueued,
    /// The timelock is not over.
    #[error("the timelock ends at second {ends}")]
    Early {
        /// When it ends.
        ends: u64,
    },
    /// The vote's phase does not take this ballot.
    #[error("this phase of the vote takes no such ballot")]
    Phase,
    /// The state of the whole does not allow it.
    #[error("this is blocked for now")]
    Blocked,
    /// Not enough approve.
    #[error("{found} approve where {needed} are needed")]
    Approvals {
        /// How many do.
        found: u32,
        /// How many have to.
        needed: u32,
    },
    /// Somebody to let in is a member, or to let out is none, or a threshold would leave its range.
    #[error("the rotation does not fit the members and thresholds")]
    Rotation,
    /// There is no such path.
    #[error("the council has no such path")]
    NoPath,
    /// It was approved and waits.
    #[error("it is scheduled already")]
    Scheduled,
    /// The vote is not won.
    #[error("the vote is not won")]
    NotWon,
    /// A sum above 2^128 - 1, or a difference below zero.
    #[error("the arithmetic overflows")]
    Overflow,
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn sets_of_members_know_what_is_new() {
        let mut set = Members::with_room(3);
        for member in [0, 2, 63, 64, 1000] {
            assert!(!set.contains(member));
            assert!(set.insert(member));
            assert!(!set.insert(member));
            assert!(set.contains(member));
        }
        assert!(!set.contains(1));
        assert!(set.remove(63) && !set.remove(63) && !set.remove(100_000));
        let mut other = Members::default();
        assert!(other.is_empty());
        for member in [1, 2, 63, 1000] {
            other.insert(member);
        }
        assert_eq!((set.len(), set.common(&other), other.common(&set)), (4, 2, 2));
        assert!(!set.contains(100_000));
    }

    #[test]
    fn tallies_do_not_wrap() {
        let mut tally = Tally::default();
        tally.add(Support::For, Amount(u128::MAX)).unwrap();
        assert_eq!(tally.add(Support::For, Amount(1)), Err(Revert::Overflow));
        assert_eq!(tally.take(Support::Against, Amount(1)), Err(Revert::Overflow));
        tally.add(Support::Abstain, Amount(1)).unwrap();
        assert_eq!(tally.for_and_abstain(), Amount(u128::MAX));
    }
}
