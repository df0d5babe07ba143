//! The voting machine: proposing, staking, voting, executing.

use std::collections::BTreeMap;

use super::{Execution, MOST_BOOSTED, MOST_STAKED, Parameters, Real, Refusal, State};
use crate::governance::Amount;

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It was taken, and the proposal goes on.
    Taken,
    /// The proposal was decided, before or by it.
    Decided,
    /// The contract takes it without effect.
    Ignored,
}

/// Who voted what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Voter {
    pub(super) yes: bool,
    pub(super) reputation: u128,
    pub(super) before_boost: bool,
}

/// Who staked what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Staker {
    pub(super) yes: bool,
    pub(super) amount: u128,
    pub(super) for_bounty: u128,
}

/// A pair of numbers, one against and one for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sides {
    /// Against.
    pub no: u128,
    /// For.
    pub yes: u128,
}

impl Sides {
    pub(super) const fn of(self, yes: bool) -> u128 {
        if yes { self.yes } else { self.no }
    }

    const fn add(&mut self, yes: bool, amount: u128) -> bool {
        let side = if yes { &mut self.yes } else { &mut self.no };
        match side.checked_add(amount) {
            Some(sum) => {
                *side = sum;
                true
            }
            None => false,
        }
    }
}

/// A proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    pub(super) proposer: Option<u32>,
    pub(super) state: State,
    pub(super) execution: Option<Execution>,
    pub(super) winner: bool,
    pub(super) submitted: u64,
    pub(super) boosted: u64,
    pub(super) pre_boosted: u64,
    pub(super) boosted_limit: u64,
    pub(super) confidence: Real,
    pub(super) reputation: u128,
    pub(super) votes: Sides,
    pub(super) pre_boosted_votes: Sides,
    pub(super) stakes: Sides,
    pub(super) total_stakes: u128,
    pub(super) bounty: u128,
    pub(super) bounty_left: u128,
    pub(super) late: u64,
    pub(super) organisation_paid: bool,
    pub(super) voters: BTreeMap<u32, Voter>,
    pub(super) stakers: BTreeMap<u32, Staker>,
}

impl Proposal {
    /// Where it stands.
    pub const fn state(&self) -> State {
        self.state
    }

    /// How it was decided.
    pub const fn execution(&self) -> Option<Execution> {
        self.execution
    }

    /// Whether the proposal is ahead, or has won.
    pub const fn winner(&self) -> bool {
        self.winner
    }

    /// Reputation against and for.
    pub const fn votes(&self) -> Sides {
        self.votes
    }

    /// Stakes against (the organisation's among them) and for.
    pub const fn stakes(&self) -> Sides {
        self.stakes
    }

    /// When the boosted period ends, as things stand.
    pub const fn ends(&self) -> u64 {
        self.boosted + self.boosted_limit
    }

    /// Stakes for by stakes against.
    pub fn score(&self) -> Real {
        Real::fraction(self.stakes.yes, self.stakes.no)
    }

    const fn votable(&self) -> bool {
        !matches!(self.state, State::Executed | State::ExpiredInQueue)
    }

    const fn before_boost(&self) -> bool {
        matches!(self.state, State::PreBoosted | State::Queued)
    }
}

/// The machine of one organisation. Time must not run backwards from call to call.
#[derive(Debug, Clone)]
pub struct Machine {
    pub(super) parameters: Parameters,
    pub(super) proposals: Vec<Proposal>,
    boosted: u64,
    average: u128,
}

impl Machine {
    /// A machine without proposals.
    pub const fn new(parameters: Parameters) -> Self {
        Self { parameters, proposals: Vec::new(), boosted: 0, average: 0 }
    }

    /// The proposals, by number.
    pub fn proposals(&self) -> &[Proposal] {
        &self.proposals
    }

    /// How many are boosted.
    pub const fn boosted(&self) -> u64 {
        self.boosted
    }

    /// The score that the next proposal must exceed.
    pub fn threshold(&self) -> Real {
        self.parameters.threshold(self.boosted)
    }

    /// Makes a proposal, over which this much reputation votes, and gives its number. A bounty above 2^120 is held there.
    pub fn propose(&mut self, now: u64, proposer: u32, total_reputation: u128) -> u32 {
        let share = Amount(self.average).times(self.parameters.dao_bounty_const, 100).unwrap_or_default().0;
        let bounty = share.clamp(self.parameters.minimum_dao_bounty, MOST_STAKED);
        self.proposals.push(Proposal {
            proposer: Some(proposer),
            state: State::Queued,
            execution: None,
            winner: false,
            submitted: now,
            boosted: 0,
            pre_boosted: 0,
            boosted_limit: self.parameters.boosted_vote_period,
            confidence: Real(0),
            reputation: total_reputation,
            votes: Sides::default(),
            pre_boosted_votes: Sides::default(),
            stakes: Sides { no: bounty, yes: 0 },
            total_stakes: 0,
            bounty: 0,
            bounty_left: bounty,
            late: 0,
            organisation_paid: false,
            voters: BTreeMap::new(),
            stakers: BTreeMap::new(),
        });
        self.proposals.len() as u32 - 1
    }

    pub(super) fn get(&self, number: u32) -> Result<&Proposal, Refusal> {
        self.proposals.get(number as usize).ok_or(Refusal::NoProposal)
    }

    /// Moves a proposal on as far as time and tallies take it; anyone may.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn execute(&mut self, now: u64, number: u32) -> Result<Step, Refusal> {
        if !self.get(number)?.votable() {
            return Err(Refusal::NotVotable);
        }
        let threshold = self.threshold();
        let parameters = self.parameters;
        let proposal = &mut self.proposals[number as usize];
        let bar = proposal.reputation / 100 * parameters.queued_vote_required_percentage;
        let mut execution = None;
        if proposal.votes.of(proposal.winner) > bar {
            execution = Some(match proposal.state {
                State::Queued => Execution::QueueBarCrossed,
                State::PreBoosted => Execution::PreBoostedBarCrossed,
                _ => Execution::BoostedBarCrossed,
            });
            proposal.state = State::Executed;
        } else {
            if proposal.state == State::Queued {
                if now - proposal.submitted >= parameters.queued_vote_period {
                    proposal.state = State::ExpiredInQueue;
                    proposal.winner = false;
                    execution = Some(Execution::QueueTimeOut);
                } else if proposal.score() > threshold {
                    proposal.state = State::PreBoosted;
                    proposal.pre_boosted = now;
                    proposal.confidence = threshold;
                }
            }
            if proposal.state == State::PreBoosted {
                let score = proposal.score();
                if now - proposal.pre_boosted >= parameters.pre_boosted_vote_period {
                    if score <= threshold {
                        proposal.state = State::Queued;
                    } else if self.boosted < MOST_BOOSTED {
                        proposal.state = State::Boosted;
                        proposal.boosted = now;
                        self.boosted += 1;
                        // Signed, and cut off towards zero; stakes stay below 2^121.
                        let (stake, average) = (proposal.stakes.no as i128, self.average as i128);
                        self.average = (average + (stake - average) / i128::from(self.boosted)) as u128;
                    }
                } else if score <= proposal.confidence.min(threshold) {
                    proposal.state = State::Queued;
                } else if proposal.confidence > score {
                    proposal.confidence = threshold;
                }
            }
        }
        if matches!(proposal.state, State::Boosted | State::QuietEndingPeriod)
            && now - proposal.boosted >= proposal.boosted_limit
        {
            proposal.state = State::Executed;
            execution = Some(Execution::BoostedTimeOut);
        }
        let Some(execution) = execution else { return Ok(Step::Taken) };
        if matches!(execution, Execution::BoostedTimeOut | Execution::BoostedBarCrossed) {
            self.boosted -= 1;
            let left = u128::from(self.boosted);
            let all = (self.average * (left + 1)).saturating_sub(proposal.stakes.no);
            self.average = all.checked_div(left).unwrap_or(0);
        }
        proposal.execution = Some(execution);
        proposal.bounty = proposal.bounty_left;
        Ok(Step::Decided)
    }

    /// Executes before a stake or vote, and tells whether that decides. Where it does not, and the step may not be taken,
    /// all is as it was.
    fn move_on(&mut self, now: u64, number: u32, may: Result<(), Refusal>) -> Result<bool, Refusal> {
        let Err(refusal) = may else { return Ok(self.execute(now, number)? == Step::Decided) };
        let (before, boosted, average) = (self.get(number)?.clone(), self.boosted, self.average);
        if self.execute(now, number)? == Step::Decided {
            return Ok(true);
        }
        (self.proposals[number as usize], self.boosted, self.average) = (before, boosted, average);
        Err(refusal)
    }

    /// Stakes on a proposal's passing, or against it. A staker stays on one side.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn stake(
        &mut self,
        now: u64,
        number: u32,
        staker: u32,
        yes: bool,
        amount: u128,
    ) -> Result<Step, Refusal> {
        if amount == 0 {
            return Err(Refusal::NoStake);
        }
        let stakes = self.get(number)?.stakes;
        let fits =
            stakes.yes.saturating_add(stakes.no).checked_add(amount).is_some_and(|sum| sum <= MOST_STAKED);
        if self.move_on(now, number, if fits { Ok(()) } else { Err(Refusal::StakeTooHigh) })? {
            return Ok(Step::Decided);
        }
        let proposal = &mut self.proposals[number as usize];
        if !proposal.before_boost() {
            return Ok(Step::Ignored);
        }
        let own = proposal.stakers.entry(staker).or_insert(Staker { yes, amount: 0, for_bounty: 0 });
        if own.yes != yes {
            return Ok(Step::Ignored);
        }
        own.amount += amount;
        if yes {
            own.for_bounty += amount;
        }
        proposal.total_stakes += amount;
        proposal.stakes.add(yes, amount);
        self.execute(now, number)
    }

    /// Votes with this much of the voter's reputation; 0 for all of it. The first vote counts.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn vote(
        &mut self,
        now: u64,
        number: u32,
        voter: u32,
        yes: bool,
        reputation: u128,
        with: u128,
    ) -> Result<Step, Refusal> {
        let may = match reputation {
            0 => Err(Refusal::NoReputation),
            _ if reputation < with => Err(Refusal::TooMuchReputation),
            _ => Ok(()),
        };
        if self.move_on(now, number, may)? {
            return Ok(Step::Decided);
        }
        let with = if with == 0 { reputation } else { with };
        let parameters = self.parameters;
        let proposal = &mut self.proposals[number as usize];
        if proposal.voters.contains_key(&voter) {
            return Ok(Step::Ignored);
        }
        if !proposal.votes.add(yes, with) {
            return Err(Refusal::OutOfRange);
        }
        let ahead = proposal.votes.of(proposal.winner);
        if proposal.votes.of(yes) > ahead || proposal.votes.no == ahead && proposal.winner {
            let late = proposal.state == State::Boosted
                && now - proposal.boosted >= parameters.boosted_vote_period - parameters.quiet_ending_period;
            if late || proposal.state == State::QuietEndingPeriod {
                proposal.boosted_limit = parameters.quiet_ending_period;
                proposal.state = State::QuietEndingPeriod;
                proposal.boosted = now;
            }
            proposal.winner = yes;
        }
        let before_boost = proposal.before_boost();
        proposal.voters.insert(voter, Voter { yes, reputation: with, before_boost });
        if before_boost {
            proposal.pre_boosted_votes.add(yes, with);
        }
        self.execute(now, number)
    }

    /// Executes a boosted proposal whose time has run out; the caller gets a part of the stakes for, which is returned:
    /// a tenth of them from 1,500 seconds after the end on, less before.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn execute_boosted(&mut self, now: u64, number: u32) -> Result<u128, Refusal> {
        let proposal = self.get(number)?;
        if !matches!(proposal.state, State::Boosted | State::QuietEndingPeriod) {
            return Err(Refusal::NotBoosted);
        }
        let ends = proposal.ends();
        if now < ends {
            return Err(Refusal::NotExpired);
        }
        self.execute(now, number)?;
        let proposal = &mut self.proposals[number as usize];
        proposal.late = now - ends;
        let bounty = proposal.call_bounty();
        proposal.total_stakes = proposal.total_stakes.checked_sub(bounty).ok_or(Refusal::OutOfRange)?;
        Ok(bounty)
    }
}
