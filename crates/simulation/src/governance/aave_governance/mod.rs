//! A proposal of Aave's governance, version 2: each kind of proposal has an executor with its own bars.
//!
//! Made at block b: power counts at `start = b + delay`; the vote is open in blocks `start < block <= end = start +
//! duration`. With S the supply at the start, it passes where
//!
//! - for >= floor(S x minimum quorum / 10,000), and
//! - floor(for x 10,000 / S) > floor(against x 10,000 / S) + differential,
//!
//! so shares are compared in whole hundredths of a percent. Queued: execution time = now + delay; executable from then on
//! for the grace period, its last second included.

mod decide;
#[cfg(test)]
mod test;

pub use decide::AaveGovernance;

use serde::{Deserialize, Serialize};

use super::Amount;
use super::lifecycle::{Members, Moment, Revert, State};

/// Hundredths of a percent in a whole.
const WHOLE: u128 = 10_000;

/// An executor: who may propose to it, what a vote needs, how long it waits (`ProposalValidator`,
/// `ExecutorWithTimelock`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Executor {
    /// Power to propose, in hundredths of a percent of the supply, inclusive; below it anyone may cancel.
    pub proposition_threshold: u32,
    /// Blocks of the vote.
    pub voting_duration: u64,
    /// By how much for has to be above against, in hundredths of a percent of the supply, strictly.
    pub vote_differential: u32,
    /// Power for, in hundredths of a percent of the supply, inclusive.
    pub minimum_quorum: u32,
    /// Seconds in the timelock.
    pub delay: u64,
    /// Seconds after that in which it can be executed.
    pub grace_period: u64,
}

impl Executor {
    /// The short timelock: parameters of the markets, treasury.
    pub const SHORT: Self = Self {
        proposition_threshold: 50,
        voting_duration: 19_200,
        vote_differential: 50,
        minimum_quorum: 200,
        delay: 86_400,
        grace_period: 5 * 86_400,
    };

    /// The long timelock as first deployed: the token and governance itself.
    pub const LONG: Self = Self {
        proposition_threshold: 200,
        voting_duration: 64_000,
        vote_differential: 1_500,
        minimum_quorum: 2_000,
        delay: 7 * 86_400,
        grace_period: 5 * 86_400,
    };

    /// The long timelock since proposal 106.
    pub const LONG_SINCE_106: Self =
        Self { proposition_threshold: 125, vote_differential: 650, minimum_quorum: 650, ..Self::LONG };

    /// Power that a proposer needs.
    ///
    /// # Errors
    /// [`Revert::Overflow`].
    pub fn proposition_power(&self, supply: Amount) -> Result<Amount, Revert> {
        supply.times(self.proposition_threshold.into(), WHOLE).ok_or(Revert::Overflow)
    }

    /// Power for that a vote needs.
    ///
    /// # Errors
    /// [`Revert::Overflow`].
    pub fn quorum(&self, supply: Amount) -> Result<Amount, Revert> {
        supply.times(self.minimum_quorum.into(), WHOLE).ok_or(Revert::Overflow)
    }
}

/// The power behind yes and no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Sides {
    /// Power against.
    pub against: Amount,
    /// Power for.
    #[serde(rename = "for")]
    pub in_favour: Amount,
}

/// A proposal from its making to its end.
#[derive(Debug, Clone)]
pub struct Proposal {
    executor: Executor,
    supply: Amount,
    quorum: Amount,
    start: u64,
    end: u64,
    sides: Sides,
    voted: Members,
    execution_time: Option<u64>,
    canceled: bool,
    executed: bool,
}

impl Proposal {
    /// Makes a proposal. `power` is the proposer's proposition power one block before, `past_supply` the supply then,
    /// `supply` the one at the start, `members` the room to reserve for voters.
    ///
    /// # Errors
    /// [`Revert::Threshold`], [`Revert::Actions`], [`Revert::Overflow`]; a supply of zero is [`Revert::NoPower`].
    pub fn create(
        executor: &Executor,
        voting_delay: u64,
        at: Moment,
        (power, past_supply): (Amount, Amount),
        supply: Amount,
        actions: u32,
        members: usize,
    ) -> Result<Self, Revert> {
        if supply == Amount::ZERO {
            return Err(Revert::NoPower);
        }
        if actions == 0 {
            return Err(Revert::Actions { found: 0, most: u32::MAX });
        }
        let threshold = executor.proposition_power(past_supply)?;
        if power < threshold {
            return Err(Revert::Threshold { power, comparison: "at least", threshold });
        }
        let start = at.clock.checked_add(voting_delay).ok_or(Revert::Overflow)?;
        Ok(Self {
            executor: *executor,
            supply,
            quorum: executor.quorum(supply)?,
            start,
            end: start.checked_add(executor.voting_duration).ok_or(Revert::Overflow)?,
            sides: Sides::default(),
            voted: Members::with_room(members),
            execution_time: None,
            canceled: false,
            executed: false,
        })
    }

    /// The block at which power is read; the vote opens after it.
    pub const fn start(&self) -> u64 {
        self.start
    }

    /// The last block of the vote.
    pub const fn end(&self) -> u64 {
        self.end
    }

    /// The power behind yes and no.
    pub const fn sides(&self) -> &Sides {
        &self.sides
    }

    /// Power for that the vote needs.
    pub const fn quorum(&self) -> Amount {
        self.quorum
    }

    /// When it can be executed, in seconds, once queued.
    pub const fn execution_time(&self) -> Option<u64> {
        self.execution_time
    }

    /// Whether the votes so far pass.
    pub fn passes(&self) -> bool {
        let share = |amount: Amount| amount.times(WHOLE, self.supply.0).map_or(u128::MAX, |share| share.0);
        self.sides.in_favour >= self.quorum
            && share(self.sides.in_favour)
                > share(self.sides.against).saturating_add(self.executor.vote_differential.into())
    }

    /// Where the proposal is; what the original calls failed is [`State::Defeated`].
    pub fn state(&self, now: Moment) -> State {
        if self.canceled {
            State::Canceled
        } else if now.clock <= self.start {
            State::Pending
        } else if now.clock <= self.end {
            State::Active
        } else if !self.passes() {
            State::Defeated
        } else {
            match self.execution_time {
                None => State::Succeeded,
                Some(_) if self.executed => State::Executed,
                Some(time) if now.second > time.saturating_add(self.executor.grace_period) => State::Expired,
                Some(_) => State::Queued,
            }
        }
    }

    /// Casts a member's ballot with its power at [`Self::start`]. A ballot without power leaves no trace: the original
    /// tells by the power whether somebody has voted.
    ///
    /// # Errors
    /// The vote is not open, or the member has voted.
    #[inline]
    pub fn cast(&mut self, now: Moment, member: u32, support: bool, power: Amount) -> Result<(), Revert> {
        match self.state(now) {
            State::Active => {}
            state => return Err(Revert::State(state)),
        }
        if self.voted.contains(member) {
            return Err(Revert::Voted);
        }
        if power > Amount::ZERO {
            self.voted.insert(member);
        }
        let side = if support { &mut self.sides.in_favour } else { &mut self.sides.against };
        *side = side.checked_add(power).ok_or(Revert::Overflow)?;
        Ok(())
    }

    /// Puts a passed proposal into its executor.
    ///
    /// # Errors
    /// It has not passed, or is further.
    pub fn queue(&mut self, now: Moment) -> Result<(), Revert> {
        match self.state(now) {
            State::Succeeded => {}
            state => return Err(Revert::State(state)),
        }
        self.execution_time = Some(now.second.checked_add(self.executor.delay).ok_or(Revert::Overflow)?);
        Ok(())
    }

    /// Executes what is queued.
    ///
    /// # Errors
    /// It is not queued, or the delay is not over.
    pub fn execute(&mut self, now: Moment) -> Result<(), Revert> {
        match (self.state(now), self.execution_time) {
            (State::Queued, Some(time)) if now.second < time => Err(Revert::Early { ends: time }),
            (State::Queued, _) => {
                self.executed = true;
                Ok(())
            }
            (state, _) => Err(Revert::State(state)),
        }
    }

    /// Cancels: the guardian at will, anyone while the proposer's proposition power, one block before, is below what
    /// the executor asks of that supply.
    ///
    /// # Errors
    /// It is canceled, executed or expired, or the caller may not.
    pub fn cancel(
        &mut self,
        now: Moment,
        guardian: bool,
        (power, past_supply): (Amount, Amount),
    ) -> Result<(), Revert> {
        if let state @ (State::Canceled | State::Executed | State::Expired) = self.state(now) {
            return Err(Revert::State(state));
        }
        if !guardian && power >= self.executor.proposition_power(past_supply)? {
            return Err(Revert::Caller);
        }
        self.canceled = true;
        Ok(())
    }
}
