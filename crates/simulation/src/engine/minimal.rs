//! The smallest complete model of governance: apathy, ideology, herding, a quorum.
//!
//! One proposal is open at a time, for a window of steps, at a position q uniform in -1 to 1. An agent that has not
//! voted votes at a step with its own chance; it votes yes with chance logistic(b x q + c (2 s - 1)), where x is its
//! position and s the share of yes in the power cast before this step (1/2 while there is none). A proposal passes
//! where yes exceeds no and the power cast reaches the quorum. Optionally people lose interest in what is decided:
//! the chance of voting falls by `contention` x |2 s - 1| (Morton et al. 2015 find turnout some 11 points lower where
//! the result is known).

use daotwin_core::Run;
use serde::{Deserialize, Serialize};

use super::ensemble::Model;
use super::hazard::{self, CHUNK, Candidates, ONE, Scheduler};
use super::math;
use super::population::{Description, PURPOSES, Population};
use super::random::Key;
use super::tally::{Observer, Outcome, Tally, Totals, Voters};
use crate::{Error, Result};

#[cfg(test)]
mod test;

pub(super) const PARTICIPATION: u64 = PURPOSES;
pub(super) const DIRECTION: u64 = PURPOSES + 1;
pub(super) const POSITION: u64 = PURPOSES + 2;

/// The largest absolute slope: beyond it a vote is a sign function, and its exponential leaves the range.
const STEEPEST: f64 = 300.0;

/// Bytes of hot state an agent: its columns, its survival and its draw.
const _: () = assert!(Population::BYTES + 2 * size_of::<u32>() <= 32);

/// The parameters of the model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// The agents, where they are drawn.
    pub population: Description,
    /// How many proposals follow each other.
    pub proposals: u32,
    /// For how many steps each is open.
    pub window: u32,
    /// b, the weight of the agreement between agent and proposal.
    pub ideology: f64,
    /// c, the pull of the running tally.
    pub herding: f64,
    /// By how much the chance of voting falls when the tally is one-sided, 0 to 1.
    pub contention: f64,
    /// The quorum, in millionths of the supply.
    pub quorum_millionths: u32,
}

impl Default for Parameters {
    /// The rule that the peers' measurements share: 10 steps, slopes 3 and 1, quorum 4 %.
    fn default() -> Self {
        Self {
            population: Description::default(),
            proposals: 72,
            window: 10,
            ideology: 3.0,
            herding: 1.0,
            contention: 0.0,
            quorum_millionths: 40_000,
        }
    }
}

impl Parameters {
    /// What is wrong with them, one line a problem.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = self.population.problems();
        if self.proposals == 0 || self.window == 0 {
            problems.push(format!(
                "`proposals` is {} and `window` {}; both need at least 1",
                self.proposals, self.window
            ));
        }
        let steps = u64::from(self.proposals) * u64::from(self.window);
        if steps > u64::from(hazard::LONGEST) * 100 || self.window > hazard::LONGEST {
            problems.push(format!(
                "`window` is {} and all windows together have {steps} steps; at most {} and {} are allowed",
                self.window,
                hazard::LONGEST,
                u64::from(hazard::LONGEST) * 100
            ));
        }
        for (name, value) in [("ideology", self.ideology), ("herding", self.herding)] {
            if !(-STEEPEST..=STEEPEST).contains(&value) {
                problems
                    .push(format!("`{name}` is {value}; give a number between -{STEEPEST} and {STEEPEST}"));
            }
        }
        if !(0.0..=1.0).contains(&self.contention) {
            problems.push(format!("`contention` is {}; give a number between 0 and 1", self.contention));
        }
        if self.quorum_millionths > 1_000_000 {
            problems.push(format!("`quorum_millionths` is {}; at most 1000000", self.quorum_millionths));
        }
        problems
    }
}

/// Memory that replicates use one after another. Stepping takes 8 bytes an agent, events 20 an agent who can vote.
#[derive(Debug, Default)]
pub struct Workspace {
    survivals: Vec<u32>,
    draws: Vec<u32>,
    active: Vec<u8>,
    found: Vec<u32>,
    candidates: Candidates,
    /// The step of each candidate.
    steps: Vec<u32>,
    /// Where each step's voters end once they are sorted by step.
    ends: Vec<u32>,
    voters: Voters,
}

/// Parameters, agents and a scheduler, ready for any number of replicates at once.
#[derive(Debug)]
pub struct Minimal {
    parameters: Parameters,
    population: Population,
    scheduler: Scheduler,
    /// The survivals at the end of a window at full hazards; empty for [`Scheduler::Stepped`].
    bounds: Vec<u32>,
}

/// What one proposal is decided by, besides the agents.
struct Ballot {
    number: u32,
    position: f64,
    participation: Key,
    direction: Key,
}

impl Minimal {
    /// The model over agents that `parameters` describe, drawn from `seed`.
    ///
    /// # Errors
    /// [`Error::Parameters`] with every problem, [`daotwin_core::Error::Limit`] and
    /// [`daotwin_core::Error::Cancelled`].
    pub fn new(parameters: Parameters, scheduler: Scheduler, seed: u64, run: &Run) -> Result<Self> {
        let problems = parameters.problems();
        if !problems.is_empty() {
            return Err(Error::Parameters { problems });
        }
        Self::over(Population::drawn(&parameters.population, seed, &run.limits)?, parameters, scheduler, run)
    }

    /// The model over given agents; `parameters.population` is not looked at.
    ///
    /// # Errors
    /// [`Error::Parameters`] with every problem, [`daotwin_core::Error::Cancelled`].
    pub fn over(
        population: Population,
        parameters: Parameters,
        scheduler: Scheduler,
        run: &Run,
    ) -> Result<Self> {
        let problems = Parameters { population: Description::default(), ..parameters }.problems();
        if !problems.is_empty() {
            return Err(Error::Parameters { problems });
        }
        let bounds = match scheduler {
            Scheduler::Stepped => vec![],
            Scheduler::Events => hazard::survivals(population.rates(), parameters.window, run)?,
        };
        Ok(Self { parameters, population, scheduler, bounds })
    }

    /// The agents.
    pub fn population(&self) -> &Population {
        &self.population
    }

    /// The parameters.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Runs one replicate.
    ///
    /// # Errors
    /// [`daotwin_core::Error::Cancelled`] within a step after the run was cancelled.
    pub fn observe(
        &self,
        seed: u64,
        replicate: u64,
        workspace: &mut Workspace,
        run: &Run,
        observer: &mut impl Observer,
    ) -> Result<()> {
        let key = |purpose, proposal| Key::new(seed, replicate, purpose, u64::from(proposal));
        for number in 0..self.parameters.proposals {
            let ballot = Ballot {
                number,
                position: key(POSITION, number).uniform(0) * 2.0 - 1.0,
                participation: key(PARTICIPATION, number),
                direction: key(DIRECTION, number),
            };
            let tally = match self.scheduler {
                Scheduler::Stepped => self.stepped(&ballot, workspace, run, observer)?,
                Scheduler::Events if self.parameters.contention == 0.0 => {
                    self.timed(&ballot, workspace, run, observer)?
                }
                Scheduler::Events => self.thinned(&ballot, workspace, run, observer)?,
            };
            let supply = self.population.supply();
            observer.closed(&Outcome {
                proposal: number,
                opened: number.wrapping_mul(self.parameters.window),
                position: ballot.position,
                supply,
                tally,
                passed: tally.passes(supply, self.parameters.quorum_millionths),
            });
        }
        Ok(())
    }

    /// The share of its chance that everybody keeps at this tally.
    fn interest(&self, tally: &Tally) -> u32 {
        if self.parameters.contention == 0.0 {
            ONE
        } else {
            hazard::share(1.0 - self.parameters.contention * tally.margin().abs())
        }
    }

    /// What a latent utility has to stay below for a yes at this tally.
    fn bar(&self, tally: &Tally) -> f64 {
        math::exp(self.parameters.herding * tally.margin())
    }

    /// Every agent at every step.
    fn stepped(
        &self,
        ballot: &Ballot,
        workspace: &mut Workspace,
        run: &Run,
        observer: &mut impl Observer,
    ) -> Result<Tally> {
        let Workspace { survivals, draws, active, found, voters, .. } = workspace;
        let rates = self.population.rates();
        survivals.clear();
        survivals.resize(rates.len(), ONE);
        draws.resize(rates.len(), 0);
        active.resize(CHUNK, 0);
        found.resize(CHUNK, 0);
        hazard::fill(ballot.participation, 0, draws);
        let mut tally = Tally::default();
        for step in 0..self.parameters.window {
            run.check()?;
            let (interest, bar) = (self.interest(&tally), self.bar(&tally));
            let mut first = 0_u32;
            let columns = rates.chunks(CHUNK).zip(survivals.chunks_mut(CHUNK)).zip(draws.chunks(CHUNK));
            for ((rates, survivals), draws) in columns {
                let active = &mut active[..rates.len()];
                hazard::advance(rates, interest, survivals, draws, active);
                let count = hazard::collect(active, first, found);
                voters.agents.clear();
                voters.agents.extend_from_slice(&found[..count]);
                self.think(ballot, voters);
                voters.vote(0..count, bar, (ballot.number, step), &mut tally, observer);
                first = first.wrapping_add(rates.len() as u32);
            }
        }
        Ok(tally)
    }

    /// Steps of voters drawn once: for chances that do not change.
    fn timed(
        &self,
        ballot: &Ballot,
        workspace: &mut Workspace,
        run: &Run,
        observer: &mut impl Observer,
    ) -> Result<Tally> {
        run.check()?;
        let Workspace { candidates, steps, ends, voters, .. } = workspace;
        let window = self.parameters.window;
        candidates.select(ballot.participation, &self.bounds);
        candidates.steps(self.population.rates(), window, steps);
        // Sorted by step; within a step agents stay in order.
        ends.clear();
        ends.resize(window as usize + 1, 0);
        for &step in &*steps {
            ends[step as usize + 1] = ends[step as usize + 1].wrapping_add(1);
        }
        let mut before = 0_u32;
        for end in &mut *ends {
            before = before.wrapping_add(*end);
            *end = before;
        }
        voters.agents.resize(steps.len(), 0);
        for (&step, &agent) in steps.iter().zip(&candidates.agents) {
            let place = &mut ends[step as usize];
            voters.agents[*place as usize] = agent;
            *place = place.wrapping_add(1);
        }
        self.think(ballot, voters);
        let mut tally = Tally::default();
        let mut first = 0;
        for (step, &end) in (0..window).zip(&*ends) {
            let end = end as usize;
            if end > first {
                let bar = self.bar(&tally);
                voters.vote(first..end, bar, (ballot.number, step), &mut tally, observer);
                first = end;
            }
        }
        Ok(tally)
    }

    /// Only those who would vote were the chances always full, step by step.
    fn thinned(
        &self,
        ballot: &Ballot,
        workspace: &mut Workspace,
        run: &Run,
        observer: &mut impl Observer,
    ) -> Result<Tally> {
        let Workspace { candidates, voters, .. } = workspace;
        candidates.select(ballot.participation, &self.bounds);
        candidates.start(self.population.rates());
        let mut tally = Tally::default();
        for step in 0..self.parameters.window {
            run.check()?;
            voters.agents.clear();
            let (places, agents) = candidates.advance(self.interest(&tally));
            voters.agents.extend(places.iter().map(|&place| agents[place as usize]));
            if !voters.agents.is_empty() {
                self.think(ballot, voters);
                let (bar, all) = (self.bar(&tally), 0..voters.agents.len());
                voters.vote(all, bar, (ballot.number, step), &mut tally, observer);
            }
        }
        Ok(tally)
    }

    /// What the voters think of the proposal by themselves, and their powers.
    fn think(&self, ballot: &Ballot, voters: &mut Voters) {
        let powers = self.population.powers();
        voters.powers.clear();
        voters.powers.extend(voters.agents.iter().map(|&agent| powers[agent as usize]));
        let slope = self.parameters.ideology * ballot.position;
        voters.think(ballot.direction, self.population.ideologies(), slope);
    }
}

impl Model for Minimal {
    type Workspace = Workspace;

    /// Means over a replicate's proposals: the share of supply that votes, how many vote, the share that passes, the
    /// share of yes where anyone voted, and when in the window votes come (0 the first step, towards 1 the last).
    fn variables(&self) -> &[&'static str] {
        &Totals::VARIABLES
    }

    fn replicate(
        &self,
        seed: u64,
        replicate: u64,
        workspace: &mut Workspace,
        run: &Run,
        values: &mut [f64],
    ) -> Result<()> {
        let mut totals = Totals::new(self.parameters.window);
        self.observe(seed, replicate, workspace, run, &mut totals)?;
        values.copy_from_slice(&totals.values());
        Ok(())
    }
}
