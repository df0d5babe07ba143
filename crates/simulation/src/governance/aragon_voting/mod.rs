//! A vote of Aragon's Voting app, and of Lido's version of it with an objection phase.
//!
//! With yea and nay the power behind each answer and S the supply at the snapshot (the block before the vote is made), a
//! vote carries where, in parts of 10^18 rounded down,
//!
//! - yea / (yea + nay) > support required, and
//! - yea / S > minimum acceptance quorum,
//!
//! once time is up; in the original also before, where yea / S > support required: then nothing can change it. A member
//! may vote again while the vote is open; the last ballot counts.

mod decide;
#[cfg(test)]
mod test;

pub use decide::AragonVoting;

use super::Amount;
use super::aave_governance::Sides;
use super::lifecycle::Revert;

/// 100 %.
pub const WHOLE: u128 = 1_000_000_000_000_000_000;

/// The parameters of a vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Share of yea in all ballots that has to be passed, in parts of 10^18.
    pub support_required: u64,
    /// Share of yea in the supply that has to be passed, in parts of 10^18.
    pub minimum_acceptance_quorum: u64,
    /// Seconds of the vote.
    pub vote_time: u64,
    /// Seconds at its end in which only nay is taken; 0 in the original.
    pub objection_phase: u64,
    /// Whether a vote that nothing can change may be executed before its end.
    pub early_execution: bool,
}

impl Settings {
    /// Lido's at its start: 50 %, 5 %, 24 hours.
    pub const LIDO: Self = Self {
        support_required: 500_000_000_000_000_000,
        minimum_acceptance_quorum: 50_000_000_000_000_000,
        vote_time: 24 * 3_600,
        objection_phase: 0,
        early_execution: true,
    };

    /// Lido's since June 2022: the last 24 of 72 hours take objections only.
    pub const LIDO_TWO_PHASES: Self =
        Self { vote_time: 72 * 3_600, objection_phase: 24 * 3_600, early_execution: false, ..Self::LIDO };
}

/// What a vote takes at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Yea and nay.
    Main,
    /// Nay alone.
    Objection,
    /// Nothing.
    Closed,
}

/// What a member's last ballot says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Ballot {
    #[default]
    Absent,
    Yea,
    Nay,
}

/// A vote from its making to its execution.
#[derive(Debug, Clone)]
pub struct Vote {
    start: u64,
    supply: Amount,
    sides: Sides,
    ballots: Vec<Ballot>,
    executed: bool,
}

/// Whether value / total, in parts of 10^18 rounded down, is above a share.
fn above(value: Amount, total: Amount, share: u64) -> bool {
    // No quotient where the total is zero: then nothing is above it.
    value.times(WHOLE, total.0).is_some_and(|quotient| quotient > Amount(share.into()))
}

impl Vote {
    /// Makes a vote. `supply` is the one at the block before, `members` the room to reserve for voters.
    ///
    /// # Errors
    /// The supply is zero.
    pub fn start(second: u64, supply: Amount, members: usize) -> Result<Self, Revert> {
        if supply == Amount::ZERO {
            return Err(Revert::NoPower);
        }
        Ok(Self {
            start: second,
            supply,
            sides: Sides::default(),
            ballots: vec![Ballot::Absent; members],
            executed: false,
        })
    }

    /// The power behind yea (for) and nay (against).
    pub const fn sides(&self) -> &Sides {
        &self.sides
    }

    /// Whether it was executed.
    pub const fn executed(&self) -> bool {
        self.executed
    }

    /// The first second at which no ballot is taken.
    pub const fn end(&self, settings: &Settings) -> u64 {
        self.start.saturating_add(settings.vote_time)
    }

    /// What is taken now.
    pub const fn phase(&self, settings: &Settings, second: u64) -> Phase {
        let end = self.end(settings);
        if second >= end || self.executed {
            Phase::Closed
        } else if second < end.saturating_sub(settings.objection_phase) {
            Phase::Main
        } else {
            Phase::Objection
        }
    }

    /// Whether it can be executed now.
    pub fn can_execute(&self, settings: &Settings, second: u64) -> bool {
        let Sides { in_favour: yea, against: nay } = self.sides;
        if self.executed {
            return false;
        }
        if settings.early_execution && above(yea, self.supply, settings.support_required) {
            return true;
        }
        self.phase(settings, second) == Phase::Closed
            && yea.checked_add(nay).is_some_and(|all| above(yea, all, settings.support_required))
            && above(yea, self.supply, settings.minimum_acceptance_quorum)
    }

    /// Casts a ballot with the member's power at the snapshot, in place of an earlier one.
    ///
    /// # Errors
    /// The phase does not take it, or the member has no power.
    #[inline]
    pub fn cast(
        &mut self,
        settings: &Settings,
        second: u64,
        member: u32,
        yea: bool,
        power: Amount,
    ) -> Result<(), Revert> {
        match self.phase(settings, second) {
            Phase::Main => {}
            Phase::Objection if !yea => {}
            _ => return Err(Revert::Phase),
        }
        if power == Amount::ZERO {
            return Err(Revert::NoPower);
        }
        let member = member as usize;
        if member >= self.ballots.len() {
            self.ballots.resize(member + 1, Ballot::Absent);
        }
        let mut sides = self.sides;
        let left = |side: Amount| side.0.checked_sub(power.0).map(Amount).ok_or(Revert::Overflow);
        match self.ballots[member] {
            Ballot::Absent => {}
            Ballot::Yea => sides.in_favour = left(sides.in_favour)?,
            Ballot::Nay => sides.against = left(sides.against)?,
        }
        let side = if yea { &mut sides.in_favour } else { &mut sides.against };
        *side = side.checked_add(power).ok_or(Revert::Overflow)?;
        self.sides = sides;
        self.ballots[member] = if yea { Ballot::Yea } else { Ballot::Nay };
        Ok(())
    }

    /// Executes.
    ///
    /// # Errors
    /// It is not won, still open, or executed.
    pub fn execute(&mut self, settings: &Settings, second: u64) -> Result<(), Revert> {
        if !self.can_execute(settings, second) {
            return Err(Revert::NotWon);
        }
        self.executed = true;
        Ok(())
    }
}
