//! What a DAO knows of its members when it pays them.

use crate::{Error, Result};

/// A member's gift of money to another's work.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Donation {
    /// Who gave.
    pub from: u32,
    /// For whose work.
    pub to: u32,
    /// How much, in a currency; 0 at least.
    pub amount: f64,
}

/// A judge's word on what a member's work was worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ballot {
    /// Who judges.
    pub voter: u32,
    /// Whose work.
    pub to: u32,
    /// What it was worth, in a currency; 0 at least.
    pub amount: f64,
}

/// A member's points for another in a gift circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Give {
    /// Who gave.
    pub from: u32,
    /// To whom.
    pub to: u32,
    /// How many of the points that it had to give away.
    pub points: u64,
}

/// A trace of one member's use of another's work: a merged request, a citation, a like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interaction {
    /// Who used, answered, merged or liked.
    pub from: u32,
    /// Whose work.
    pub to: u32,
    /// How much it counts; 0 at least.
    pub weight: f64,
}

/// Tokens that a member left in the contract for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stake {
    /// Whose.
    pub member: u32,
    /// In the smallest unit.
    pub amount: u128,
    /// For how long within the round, in seconds.
    pub seconds: u64,
}

/// A member's locked tokens, and how their power is split over members' gauges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// Whose.
    pub member: u32,
    /// In the smallest unit.
    pub amount: u128,
    /// For how many weeks, from 1 to 208.
    pub weeks: u64,
    /// Whose gauge gets how many of 10,000 parts; 10,000 together at most.
    pub votes: Vec<(u32, u64)>,
}

/// One round: members are 0..`members`. A rule reads what it goes by and leaves the rest.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Round {
    /// How many members there are.
    pub members: usize,
    /// What may be paid out, in the smallest unit; below 2^94.
    pub budget: u128,
    /// Gifts of money.
    pub donations: Vec<Donation>,
    /// Which donor belongs to which group, groups numbered below `members`; empty where nobody knows, and all donors to one
    /// member are taken for a group.
    pub groups: Vec<(u32, u32)>,
    /// Words of judges.
    pub ballots: Vec<Ballot>,
    /// Points of a gift circle.
    pub gives: Vec<Give>,
    /// Traces of use.
    pub interactions: Vec<Interaction>,
    /// How much each member is trusted to begin with; empty for all alike.
    pub seeds: Vec<f64>,
    /// Staked tokens.
    pub stakes: Vec<Stake>,
    /// Locked tokens.
    pub locks: Vec<Lock>,
    /// What was agreed with each member for this round, in the smallest unit; empty for nothing.
    pub salaries: Vec<u128>,
}

/// Amounts of tokens stay below this.
const MOST: u128 = 1 << 94;

impl Round {
    /// # Errors
    /// Members beyond the last, amounts that are negative or not finite, budgets and stakes of 2^94 and more, locks and
    /// votes outside their bounds, lists of another length than the members: all of them.
    pub fn check(&self) -> Result<()> {
        let mut problems = Vec::new();
        let members = self.members;
        let mut tell = |place: String, what: &str| problems.push(format!("{place}: {what}"));
        if u32::try_from(members).is_err() {
            tell("members".to_owned(), "more than 2^32; pay fewer at a time");
        }
        if self.budget >= MOST {
            tell("budget".to_owned(), "2^94 or more; give it in a larger unit");
        }
        let mut check = |list: &str, place: usize, ids: &[u32], amount: Option<f64>| {
            for id in ids.iter().filter(|&&id| id as usize >= members) {
                tell(
                    format!("{list}[{place}]"),
                    &format!("member {id} does not exist; members are 0 to {}", members.saturating_sub(1)),
                );
            }
            if amount.is_some_and(|amount| !(amount >= 0.0 && amount.is_finite())) {
                tell(format!("{list}[{place}]"), "the amount must be a number, 0 at least");
            }
        };
        for (place, gift) in self.donations.iter().enumerate() {
            check("donations", place, &[gift.from, gift.to], Some(gift.amount));
        }
        for (place, group) in self.groups.iter().enumerate() {
            check("groups", place, &[group.0, group.1], None);
        }
        for (place, ballot) in self.ballots.iter().enumerate() {
            check("ballots", place, &[ballot.voter, ballot.to], Some(ballot.amount));
        }
        for (place, give) in self.gives.iter().enumerate() {
            check("gives", place, &[give.from, give.to], None);
        }
        for (place, trace) in self.interactions.iter().enumerate() {
            check("interactions", place, &[trace.from, trace.to], Some(trace.weight));
        }
        for (place, &seed) in self.seeds.iter().enumerate() {
            check("seeds", place, &[], Some(seed));
        }
        for (place, stake) in self.stakes.iter().enumerate() {
            check("stakes", place, &[stake.member], None);
        }
        for (place, lock) in self.locks.iter().enumerate() {
            let ids: Vec<u32> =
                std::iter::once(lock.member).chain(lock.votes.iter().map(|vote| vote.0)).collect();
            check("locks", place, &ids, None);
        }
        for (place, stake) in self.stakes.iter().enumerate() {
            if stake.amount >= MOST || stake.seconds > 1 << 25 {
                problems.push(format!("stakes[{place}]: at most 2^94 units for 2^25 seconds (about a year)"));
            }
        }
        for (place, lock) in self.locks.iter().enumerate() {
            if lock.amount == 0 || lock.amount >= MOST || lock.weeks == 0 || lock.weeks > 208 {
                problems.push(format!("locks[{place}]: from 1 to 2^94 units for 1 to 208 weeks"));
            }
            if lock
                .votes
                .iter()
                .try_fold(0_u64, |sum, vote| sum.checked_add(vote.1))
                .is_none_or(|sum| sum > 10_000)
            {
                problems.push(format!("locks[{place}]: votes must not be more than 10,000 parts together"));
            }
            let mut voted: Vec<u32> = lock.votes.iter().map(|vote| vote.0).collect();
            voted.sort_unstable();
            if voted.windows(2).any(|pair| pair[0] == pair[1]) {
                problems.push(format!("locks[{place}]: two votes for one gauge; add them up"));
            }
        }
        for (name, length) in [("seeds", self.seeds.len()), ("salaries", self.salaries.len())] {
            if length != 0 && length != members {
                problems
                    .push(format!("{name}: {length} entries for {members} members; give one each, or none"));
            }
        }
        if self.salaries.iter().any(|&salary| salary >= MOST) {
            problems.push("salaries: 2^94 or more; give them in a larger unit".to_owned());
        }
        if problems.is_empty() { Ok(()) } else { Err(Error::Parameters { problems }) }
    }
}
