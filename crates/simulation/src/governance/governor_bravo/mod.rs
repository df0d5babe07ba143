//! A proposal of Compound's Governor Bravo, or of Governor Alpha before it.
//!
//! Both share one life: made at block b, votes count power at `start = b + delay` and are taken in blocks
//! `start < block <= end = start + period`; won where for > against and for >= quorum (for alone); queued in a timelock
//! whose `eta = queued + delay` in seconds; expired from `eta + grace` on. They differ in who may cancel
//! ([`Cancelling`]) and in that Alpha knows no abstaining.

mod decide;
#[cfg(test)]
mod test;

pub use decide::GovernorBravo;
pub(super) use decide::{Case, run};

use super::Amount;
use super::lifecycle::{Members, Moment, Revert, State, Support, Tally};

/// One COMP in its smallest unit.
const COMP: u128 = 1_000_000_000_000_000_000;

/// The most actions that a proposal may hold.
pub const MOST_ACTIONS: u32 = 10;

/// The seconds after its eta in which a proposal can be executed: 14 days.
pub const GRACE: u64 = 14 * 86_400;

/// Who may cancel; each generation has its own rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelling {
    /// The guardian; anyone while the proposer's power is below the threshold. The proposer has no right of its own.
    Alpha {
        /// The guardian; none once it has abdicated.
        guardian: Option<u32>,
    },
    /// The proposer; anyone while the proposer's power is below the threshold, but for a whitelisted proposer only the
    /// whitelist's guardian then.
    Bravo {
        /// The guardian of the whitelist.
        whitelist_guardian: Option<u32>,
    },
}

/// The parameters of a governor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Blocks from making to the snapshot.
    pub voting_delay: u64,
    /// Blocks from the snapshot to the last one of the vote.
    pub voting_period: u64,
    /// A proposer's power one block before has to be above this.
    pub proposal_threshold: Amount,
    /// Power for that a won vote has at the least.
    pub quorum_votes: Amount,
    /// Seconds in the timelock.
    pub timelock_delay: u64,
    /// Seconds after that in which it can be executed.
    pub grace: u64,
    /// Who may cancel.
    pub cancelling: Cancelling,
}

impl Settings {
    /// Compound's Governor Alpha, without a guardian.
    pub const ALPHA: Self = Self {
        voting_delay: 1,
        voting_period: 17_280,
        proposal_threshold: Amount(100_000 * COMP),
        quorum_votes: Amount(400_000 * COMP),
        timelock_delay: 2 * 86_400,
        grace: GRACE,
        cancelling: Cancelling::Alpha { guardian: None },
    };

    /// Compound's Governor Bravo as it stood from July 2021 to March 2022, without a whitelist's guardian.
    pub const BRAVO: Self = Self {
        voting_delay: 13_140,
        voting_period: 19_710,
        proposal_threshold: Amount(65_000 * COMP),
        quorum_votes: Amount(400_000 * COMP),
        timelock_delay: 2 * 86_400,
        grace: GRACE,
        cancelling: Cancelling::Bravo { whitelist_guardian: None },
    };

    /// Where these leave the bounds of Compound's contracts (`GovernorBravoDelegate`, `Timelock`): name, value, bounds.
    pub fn out_of_bounds(&self) -> Vec<(&'static str, u128, [u128; 2])> {
        [
            ("voting_delay", self.voting_delay.into(), [1, 40_320]),
            ("voting_period", self.voting_period.into(), [5_760, 80_640]),
            ("proposal_threshold", self.proposal_threshold.0, [1_000 * COMP, 100_000 * COMP]),
            ("timelock_delay", self.timelock_delay.into(), [2 * 86_400, 30 * 86_400]),
        ]
        .into_iter()
        .filter(|(_, value, [least, most])| value < least || value > most)
        .collect()
    }

    const fn abstaining(&self) -> bool {
        matches!(self.cancelling, Cancelling::Bravo { .. })
    }
}

/// Who makes a proposal.
#[derive(Debug, Clone, Copy)]
pub struct Proposer {
    /// The member.
    pub member: u32,
    /// Its power one block before.
    pub power: Amount,
    /// Whether it is on the whitelist (its expiry above now, in seconds); never in Alpha.
    pub whitelisted: bool,
    /// Where its latest proposal is.
    pub latest: Option<State>,
}

/// A proposal from its making to its end.
#[derive(Debug, Clone)]
pub struct Proposal {
    proposer: u32,
    start: u64,
    end: u64,
    tally: Tally,
    voted: Members,
    eta: Option<u64>,
    canceled: bool,
    executed: bool,
}

impl Proposal {
    /// Makes a proposal; `members` is the room to reserve for voters.
    ///
    /// # Errors
    /// [`Revert::Threshold`], [`Revert::Actions`], [`Revert::OneAtATime`].
    pub fn propose(
        settings: &Settings,
        at: Moment,
        proposer: &Proposer,
        actions: u32,
        members: usize,
    ) -> Result<Self, Revert> {
        let (power, threshold) = (proposer.power, settings.proposal_threshold);
        if power <= threshold && !proposer.whitelisted {
            return Err(Revert::Threshold { power, comparison: "above", threshold });
        }
        if !(1..=MOST_ACTIONS).contains(&actions) {
            return Err(Revert::Actions { found: actions, most: MOST_ACTIONS });
        }
        if let Some(state @ (State::Active | State::Pending)) = proposer.latest {
            return Err(Revert::OneAtATime(state));
        }
        let start = at.clock.checked_add(settings.voting_delay).ok_or(Revert::Overflow)?;
        Ok(Self {
            proposer: proposer.member,
            start,
            end: start.checked_add(settings.voting_period).ok_or(Revert::Overflow)?,
            tally: Tally::default(),
            voted: Members::with_room(members),
            eta: None,
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

    /// The power behind each answer.
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// When the timelock ends, in seconds, once queued.
    pub const fn eta(&self) -> Option<u64> {
        self.eta
    }

    /// Where the proposal is.
    pub fn state(&self, settings: &Settings, now: Moment) -> State {
        if self.canceled {
            State::Canceled
        } else if now.clock <= self.start {
            State::Pending
        } else if now.clock <= self.end {
            State::Active
        } else if self.tally.in_favour <= self.tally.against || self.tally.in_favour < settings.quorum_votes {
            State::Defeated
        } else {
            match self.eta {
                None => State::Succeeded,
                Some(_) if self.executed => State::Executed,
                Some(eta) if now.second >= eta.saturating_add(settings.grace) => State::Expired,
                Some(_) => State::Queued,
            }
        }
    }

    /// Casts a member's only ballot, with its power at [`Self::start`]; a power of zero is taken.
    ///
    /// # Errors
    /// The vote is not open, the member has voted, or abstains where that is not known.
    #[inline]
    pub fn cast(
        &mut self,
        settings: &Settings,
        now: Moment,
        member: u32,
        support: Support,
        power: Amount,
    ) -> Result<(), Revert> {
        match self.state(settings, now) {
            State::Active => {}
            state => return Err(Revert::State(state)),
        }
        if support == Support::Abstain && !settings.abstaining() {
            return Err(Revert::BallotKind);
        }
        if !self.voted.insert(member) {
            return Err(Revert::Voted);
        }
        self.tally.add(support, power)
    }

    /// Puts a won vote into the timelock.
    ///
    /// # Errors
    /// It is not won, or further.
    pub fn queue(&mut self, settings: &Settings, now: Moment) -> Result<(), Revert> {
        match self.state(settings, now) {
            State::Succeeded => {}
            state => return Err(Revert::State(state)),
        }
        self.eta = Some(now.second.checked_add(settings.timelock_delay).ok_or(Revert::Overflow)?);
        Ok(())
    }

    /// Executes what is queued.
    ///
    /// # Errors
    /// It is not queued, or the timelock is not over.
    pub fn execute(&mut self, settings: &Settings, now: Moment) -> Result<(), Revert> {
        match (self.state(settings, now), self.eta) {
            (State::Queued, Some(eta)) if now.second < eta => Err(Revert::Early { ends: eta }),
            (State::Queued, _) => {
                self.executed = true;
                Ok(())
            }
            (state, _) => Err(Revert::State(state)),
        }
    }

    /// Cancels, in any state but executed. `power` is the proposer's one block before, `whitelisted` whether it is on
    /// the whitelist now.
    ///
    /// # Errors
    /// It is executed, or the caller may not.
    pub fn cancel(
        &mut self,
        settings: &Settings,
        now: Moment,
        caller: u32,
        power: Amount,
        whitelisted: bool,
    ) -> Result<(), Revert> {
        if self.state(settings, now) == State::Executed {
            return Err(Revert::State(State::Executed));
        }
        let below = power < settings.proposal_threshold;
        let allowed = match settings.cancelling {
            Cancelling::Alpha { guardian } => guardian == Some(caller) || below,
            Cancelling::Bravo { .. } if caller == self.proposer => true,
            Cancelling::Bravo { whitelist_guardian } if whitelisted => {
                below && whitelist_guardian == Some(caller)
            }
            Cancelling::Bravo { .. } => below,
        };
        if !allowed {
            return Err(Revert::Caller);
        }
        self.canceled = true;
        Ok(())
    }
}
