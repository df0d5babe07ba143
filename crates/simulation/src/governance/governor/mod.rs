//! A proposal of an OpenZeppelin Governor (5.x): counting by token, quorum at the snapshot, timelock.
//!
//! Definitions are those of `Governor.sol` and its extensions; every comparison and boundary is theirs:
//!
//! - made at clock t: snapshot = t + delay, deadline = snapshot + period; the vote is open where
//!   snapshot < clock <= deadline;
//! - the quorum is met where quorum <= for + abstain; the vote is won where for > against;
//! - the quorum is a fraction of the supply at the snapshot, floor(supply x numerator / denominator), or a fixed amount.
//!
//! [`Proposal`] is the machine; a ballot costs O(1) and allocates nothing once the members are known.

mod decide;
#[cfg(test)]
mod test;

use serde::{Deserialize, Serialize};

pub use decide::Governor;

use super::Amount;
use super::lifecycle::{Members, Moment, Revert, State, Support, Tally};

/// How much has to vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Quorum {
    /// A fraction of the supply at the snapshot (`GovernorVotesQuorumFraction`).
    Fraction {
        /// Above the line.
        numerator: u32,
        /// Below the line; 100 in the original unless overridden.
        denominator: u32,
    },
    /// A fixed amount.
    Absolute(Amount),
}

impl Quorum {
    /// The amount, rounded down.
    pub const fn amount(self, supply: Amount) -> Option<Amount> {
        match self {
            Self::Fraction { numerator, denominator } => supply.times(numerator as u128, denominator as u128),
            Self::Absolute(amount) => Some(amount),
        }
    }
}

/// How ballots are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counting {
    /// One ballot a member, with all of its power (`GovernorCountingSimple`).
    #[default]
    Simple,
    /// Power may be split, over several ballots too (`GovernorCountingFractional`).
    Fractional,
    /// A delegator may take its balance back from its delegate's ballot (`GovernorCountingOverridable`).
    Overridable,
}

/// Who may cancel beside the proposer while pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Guardian {
    /// The extension is not there.
    #[default]
    Absent,
    /// The extension is there without a guardian: the proposer may cancel at any time.
    Unset,
    /// This caller may cancel at any time; the proposer while pending.
    Caller(u32),
}

/// What a won vote waits in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Timelock {
    /// Nothing: executed at once.
    #[default]
    None,
    /// `TimelockController`: ready at `queued + delay`, never expires.
    Control {
        /// Seconds.
        delay: u64,
    },
    /// Compound's timelock: from `eta = queued + delay` on, until before `eta + grace`.
    Compound {
        /// Seconds.
        delay: u64,
        /// Seconds; 14 days in the original.
        grace: u64,
    },
}

/// The parameters of a governor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// From making to snapshot, in the clock's unit.
    pub voting_delay: u64,
    /// From snapshot to deadline, in the clock's unit.
    pub voting_period: u64,
    /// Power that a proposer needs at the clock before, inclusive; 0 for none.
    pub proposal_threshold: Amount,
    /// The quorum, over for and abstain.
    pub quorum: Quorum,
    /// Where power for reaches this and the vote is won, it ends early (`GovernorSuperQuorum`).
    pub super_quorum: Option<Quorum>,
    /// How ballots are counted.
    pub counting: Counting,
    /// How long a vote stays open after the quorum is first met (`GovernorPreventLateQuorum`).
    pub late_quorum_extension: Option<u64>,
    /// Who may cancel.
    pub guardian: Guardian,
    /// What a won vote waits in.
    pub timelock: Timelock,
}

/// How a delegate and its delegators voted (`GovernorCountingOverridable`).
#[derive(Debug, Clone, Copy, Default)]
struct Receipt {
    cast: Option<Support>,
    overridden: bool,
    taken: Amount,
}

/// Who has voted with what.
#[derive(Debug, Clone)]
enum Count {
    Simple(Members),
    Fractional(Vec<Amount>),
    Overridable(Vec<Receipt>),
}

/// What the timelock knows of the proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lock {
    Absent,
    Pending,
    Canceled,
    Done,
}

/// A proposal from its making to its end.
#[derive(Debug, Clone)]
pub struct Proposal {
    proposer: u32,
    snapshot: u64,
    deadline: u64,
    extended: Option<u64>,
    quorum: Amount,
    super_quorum: Option<Amount>,
    tally: Tally,
    count: Count,
    eta: Option<u64>,
    lock: Lock,
    canceled: bool,
    executed: bool,
}

/// The place of a member in a list that grows to the highest member seen.
fn entry<T: Copy + Default>(list: &mut Vec<T>, member: u32) -> &mut T {
    let member = member as usize;
    if member >= list.len() {
        list.resize(member + 1, T::default());
    }
    &mut list[member]
}

impl Proposal {
    /// Makes a proposal. `power` is the proposer's one clock unit earlier, `supply` the one at the snapshot, `members`
    /// the room to reserve for voters.
    ///
    /// # Errors
    /// [`Revert::Threshold`], and [`Revert::Overflow`] where the times leave their range.
    pub fn propose(
        settings: &Settings,
        at: Moment,
        proposer: u32,
        power: Amount,
        supply: Amount,
        members: usize,
    ) -> Result<Self, Revert> {
        let threshold = settings.proposal_threshold;
        if power < threshold {
            return Err(Revert::Threshold { power, comparison: "at least", threshold });
        }
        let snapshot = at.clock.checked_add(settings.voting_delay).ok_or(Revert::Overflow)?;
        let deadline = snapshot.checked_add(settings.voting_period).ok_or(Revert::Overflow)?;
        let quorum = settings.quorum.amount(supply).ok_or(Revert::Overflow)?;
        let super_quorum = match settings.super_quorum {
            Some(quorum) => Some(quorum.amount(supply).ok_or(Revert::Overflow)?),
            None => None,
        };
        let count = match settings.counting {
            Counting::Simple => Count::Simple(Members::with_room(members)),
            Counting::Fractional => Count::Fractional(vec![Amount::ZERO; members]),
            Counting::Overridable => Count::Overridable(vec![Receipt::default(); members]),
        };
        Ok(Self {
            proposer,
            snapshot,
            deadline,
            extended: None,
            quorum,
            super_quorum,
            tally: Tally::default(),
            count,
            eta: None,
            lock: Lock::Absent,
            canceled: false,
            executed: false,
        })
    }

    /// The clock at which power is read; the vote opens after it.
    pub const fn snapshot(&self) -> u64 {
        self.snapshot
    }

    /// The last clock at which votes are taken, extension included.
    pub fn deadline(&self) -> u64 {
        self.extended.map_or(self.deadline, |extended| extended.max(self.deadline))
    }

    /// The quorum at the snapshot.
    pub const fn quorum(&self) -> Amount {
        self.quorum
    }

    /// The power behind each answer.
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// When the timelock ends, in seconds, once queued.
    pub const fn eta(&self) -> Option<u64> {
        self.eta
    }

    /// Whether for and abstain reach the quorum.
    pub fn quorum_reached(&self) -> bool {
        self.quorum <= self.tally.for_and_abstain()
    }

    /// Whether for is above against.
    pub fn vote_succeeded(&self) -> bool {
        self.tally.in_favour > self.tally.against
    }

    /// Where the proposal is.
    pub fn state(&self, settings: &Settings, now: Moment) -> State {
        let state = self.state_of_vote(now);
        if state != State::Queued {
            return state;
        }
        match (settings.timelock, self.lock) {
            (Timelock::Control { .. }, Lock::Done) => State::Executed,
            (Timelock::Control { .. }, Lock::Canceled) => State::Canceled,
            (Timelock::Compound { grace, .. }, _)
                if now.second >= self.eta.unwrap_or_default().saturating_add(grace) =>
            {
                State::Expired
            }
            _ => State::Queued,
        }
    }

    /// `Governor.state`, then `GovernorSuperQuorum.state`.
    fn state_of_vote(&self, now: Moment) -> State {
        let won = || if self.eta.is_none() { State::Succeeded } else { State::Queued };
        if self.executed {
            State::Executed
        } else if self.canceled {
            State::Canceled
        } else if self.snapshot >= now.clock {
            State::Pending
        } else if self.deadline() >= now.clock {
            match self.super_quorum {
                Some(super_quorum) if self.tally.in_favour >= super_quorum && self.vote_succeeded() => won(),
                _ => State::Active,
            }
        } else if !self.quorum_reached() || !self.vote_succeeded() {
            State::Defeated
        } else {
            won()
        }
    }

    fn active(&self, settings: &Settings, now: Moment) -> Result<(), Revert> {
        match self.state(settings, now) {
            State::Active => Ok(()),
            state => Err(Revert::State(state)),
        }
    }

    /// Casts a ballot with the member's power at the snapshot; what is left of it where some was used or taken back.
    ///
    /// # Errors
    /// The vote is not open, or the member has voted (counting by fractions: has nothing left).
    #[inline]
    pub fn cast(
        &mut self,
        settings: &Settings,
        now: Moment,
        member: u32,
        support: Support,
        power: Amount,
    ) -> Result<(), Revert> {
        self.active(settings, now)?;
        let weight = match &mut self.count {
            Count::Simple(voted) => {
                if !voted.insert(member) {
                    return Err(Revert::Voted);
                }
                power
            }
            Count::Fractional(used) => {
                let used = entry(used, member);
                let left = Amount(power.0.saturating_sub(used.0));
                if left == Amount::ZERO {
                    return Err(Revert::Voted);
                }
                *used = used.checked_add(left).ok_or(Revert::Overflow)?;
                left
            }
            Count::Overridable(receipts) => {
                let receipt = entry(receipts, member);
                if receipt.cast.is_some() {
                    return Err(Revert::Voted);
                }
                let left = power.0.checked_sub(receipt.taken.0).ok_or(Revert::Overflow)?;
                receipt.cast = Some(support);
                Amount(left)
            }
        };
        self.tally.add(support, weight)?;
        self.tally_updated(settings, now);
        Ok(())
    }

    /// Casts a part of the member's power, split over the answers; what is left may be cast later.
    ///
    /// # Errors
    /// The vote is not open, counting is not by fractions, nothing is left, or the split uses more than what is left.
    pub fn cast_split(
        &mut self,
        settings: &Settings,
        now: Moment,
        member: u32,
        split: &Tally,
        power: Amount,
    ) -> Result<(), Revert> {
        self.active(settings, now)?;
        let Count::Fractional(used) = &mut self.count else { return Err(Revert::BallotKind) };
        let used = entry(used, member);
        let left = Amount(power.0.saturating_sub(used.0));
        if left == Amount::ZERO {
            return Err(Revert::Voted);
        }
        let parts = split.against.checked_add(split.in_favour).and_then(|sum| sum.checked_add(split.abstain));
        let uses = parts.ok_or(Revert::Overflow)?;
        if uses > left {
            return Err(Revert::Exceeds { used: uses, left });
        }
        *used = used.checked_add(uses).ok_or(Revert::Overflow)?;
        self.tally.add(Support::Against, split.against)?;
        self.tally.add(Support::For, split.in_favour)?;
        self.tally.add(Support::Abstain, split.abstain)?;
        self.tally_updated(settings, now);
        Ok(())
    }

    /// Casts a delegator's own ballot with its balance at the snapshot, taken from its delegate's, cast or yet to come.
    /// A balance that was delegated to nobody votes too.
    ///
    /// # Errors
    /// The vote is not open, counting does not allow it, or the member has done so before.
    pub fn cast_override(
        &mut self,
        settings: &Settings,
        now: Moment,
        member: u32,
        support: Support,
        balance: Amount,
        delegate: Option<u32>,
    ) -> Result<(), Revert> {
        self.active(settings, now)?;
        let Count::Overridable(receipts) = &mut self.count else { return Err(Revert::BallotKind) };
        let receipt = entry(receipts, member);
        if receipt.overridden {
            return Err(Revert::Overridden);
        }
        receipt.overridden = true;
        if let Some(delegate) = delegate {
            let receipt = entry(receipts, delegate);
            match receipt.cast {
                None => receipt.taken = receipt.taken.checked_add(balance).ok_or(Revert::Overflow)?,
                Some(answer) => self.tally.take(answer, balance)?,
            }
        }
        self.tally.add(support, balance)?;
        self.tally_updated(settings, now);
        Ok(())
    }

    /// The first ballot that meets the quorum fixes how long the vote stays open at the least.
    fn tally_updated(&mut self, settings: &Settings, now: Moment) {
        if let Some(extension) = settings.late_quorum_extension
            && self.extended.is_none()
            && self.quorum_reached()
        {
            self.extended = Some(now.clock.saturating_add(extension));
        }
    }

    /// Puts a won vote into the timelock.
    ///
    /// # Errors
    /// It is not won, or there is no timelock.
    pub fn queue(&mut self, settings: &Settings, now: Moment) -> Result<(), Revert> {
        match self.state(settings, now) {
            State::Succeeded => {}
            state => return Err(Revert::State(state)),
        }
        let delay = match settings.timelock {
            Timelock::None => return Err(Revert::NoTimelock),
            Timelock::Control { delay } | Timelock::Compound { delay, .. } => delay,
        };
        self.eta = Some(now.second.checked_add(delay).ok_or(Revert::Overflow)?);
        self.lock = Lock::Pending;
        Ok(())
    }

    /// Executes a won vote, out of the timelock where there is one.
    ///
    /// # Errors
    /// It is not won, not queued, or the timelock is not over.
    pub fn execute(&mut self, settings: &Settings, now: Moment) -> Result<(), Revert> {
        match self.state(settings, now) {
            State::Succeeded | State::Queued => {}
            state => return Err(Revert::State(state)),
        }
        if settings.timelock != Timelock::None {
            self.ready(now)?;
            self.lock = Lock::Done;
        }
        self.executed = true;
        Ok(())
    }

    fn ready(&self, now: Moment) -> Result<(), Revert> {
        match self.eta {
            Some(eta) if self.lock == Lock::Pending => {
                if now.second >= eta {
                    Ok(())
                } else {
                    Err(Revert::Early { ends: eta })
                }
            }
            _ => Err(Revert::NotQueued),
        }
    }

    /// Cancels.
    ///
    /// # Errors
    /// The caller may not, or it is canceled, expired or executed.
    pub fn cancel(&mut self, settings: &Settings, now: Moment, caller: u32) -> Result<(), Revert> {
        let state = self.state(settings, now);
        let proposer = caller == self.proposer;
        let allowed = match settings.guardian {
            Guardian::Absent => false,
            Guardian::Unset => proposer,
            Guardian::Caller(guardian) => caller == guardian,
        } || (proposer && state == State::Pending);
        if !allowed {
            return Err(Revert::Caller);
        }
        match state {
            State::Canceled | State::Expired | State::Executed => return Err(Revert::State(state)),
            _ => {}
        }
        self.canceled = true;
        Ok(())
    }

    /// Somebody with a role in a [`Timelock::Control`] executes its operation without the governor.
    ///
    /// # Errors
    /// There is no such timelock, it does not hold the proposal, or it is not over.
    pub fn execute_in_timelock(&mut self, settings: &Settings, now: Moment) -> Result<(), Revert> {
        self.held(settings)?;
        self.ready(now)?;
        self.lock = Lock::Done;
        Ok(())
    }

    /// Somebody with a role in a [`Timelock::Control`] cancels its operation without the governor.
    ///
    /// # Errors
    /// There is no such timelock, or it does not hold the proposal.
    pub fn cancel_in_timelock(&mut self, settings: &Settings) -> Result<(), Revert> {
        self.held(settings)?;
        self.lock = Lock::Canceled;
        Ok(())
    }

    fn held(&self, settings: &Settings) -> Result<(), Revert> {
        match settings.timelock {
            Timelock::Control { .. } if self.lock == Lock::Pending && !self.canceled => Ok(()),
            Timelock::Control { .. } => Err(Revert::NotQueued),
            _ => Err(Revert::NoTimelock),
        }
    }
}
