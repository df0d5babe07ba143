//! Votes as they come and what they add up to; shared by all models.

use std::ops::Range;

use super::math;
use super::random::Key;

/// Where a proposal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Power in favour.
    pub yes: u64,
    /// Power against.
    pub no: u64,
    /// How many voted.
    pub voters: u32,
    /// The sum of the steps since the opening at which they did.
    pub moments: u64,
}

impl Tally {
    /// Power cast. It fits: nobody votes twice, and the supply fits 64 bits.
    pub fn cast(&self) -> u64 {
        self.yes.wrapping_add(self.no)
    }

    /// The margin of yes as a share of the power cast, -1 to 1; 0 while there is none.
    pub fn margin(&self) -> f64 {
        margin(self.yes, self.cast())
    }

    /// Whether yes exceeds no and the power cast reaches so many millionths of the supply; exact.
    pub fn passes(&self, supply: u64, quorum_millionths: u32) -> bool {
        let quorum = u128::from(supply) * u128::from(quorum_millionths);
        self.yes > self.no && u128::from(self.cast()) * 1_000_000 >= quorum
    }
}

/// 2 s - 1 for the share s of `yes` in `all`; 0 for none.
pub(super) fn margin(yes: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { 2.0 * (yes as f64 / all as f64) - 1.0 }
}

/// A closed proposal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// Its number in the replicate.
    pub proposal: u32,
    /// The step at which it opened.
    pub opened: u32,
    /// Its position.
    pub position: f64,
    /// The power, or weight, that could have voted.
    pub supply: u64,
    /// The votes.
    pub tally: Tally,
    /// Whether it passed.
    pub passed: bool,
}

/// A proposal as it opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// Its number in the replicate.
    pub proposal: u32,
    /// The step.
    pub step: u32,
    /// Who made it.
    pub author: u32,
    /// The power, or weight, that could vote.
    pub electorate: u64,
}

/// How a DAO stands after a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// The token's price.
    pub price: f64,
    /// Tokens in the treasury.
    pub treasury: u64,
    /// Tokens that members hold.
    pub supply: u64,
    /// Open proposals.
    pub open: u32,
    /// Posts so far.
    pub posts: u64,
}

/// Sees a replicate as it happens. All methods do nothing unless written.
pub trait Observer {
    /// These agents vote on this proposal so many steps after its opening, with these weights; `choices` holds 1 for
    /// yes, 0 for no. A step may come in several calls, agents ascending.
    fn votes(&mut self, proposal: u32, step: u32, agents: &[u32], weights: &[u64], choices: &[u8]) {
        let _ = (proposal, step, agents, weights, choices);
    }

    /// A proposal opens; only models of a whole DAO say so, and all that follows but for closing.
    fn opened(&mut self, opening: &Opening) {
        let _ = opening;
    }

    /// A member lets another vote with what it holds; itself to take it back.
    fn delegated(&mut self, step: u32, member: u32, from: u32, to: u32, amount: u64) {
        let _ = (step, member, from, to, amount);
    }

    /// Tokens move to a member, from another or from the treasury.
    fn transferred(&mut self, step: u32, from: Option<u32>, to: u32, amount: u64) {
        let _ = (step, from, to, amount);
    }

    /// A member posts about a proposal, for it or against it.
    fn posted(&mut self, step: u32, proposal: u32, member: u32, favours: bool) {
        let _ = (step, proposal, member, favours);
    }

    /// A proposal closed.
    fn closed(&mut self, outcome: &Outcome) {
        let _ = outcome;
    }

    /// A step ended; only models of a whole DAO say so.
    fn stepped(&mut self, step: u32, moment: &Moment) {
        let _ = (step, moment);
    }
}

impl Observer for () {}

/// Two who look on.
impl<A: Observer, B: Observer> Observer for (A, &mut B) {
    fn votes(&mut self, proposal: u32, step: u32, agents: &[u32], weights: &[u64], choices: &[u8]) {
        self.0.votes(proposal, step, agents, weights, choices);
        self.1.votes(proposal, step, agents, weights, choices);
    }

    fn opened(&mut self, opening: &Opening) {
        self.0.opened(opening);
        self.1.opened(opening);
    }

    fn delegated(&mut self, step: u32, member: u32, from: u32, to: u32, amount: u64) {
        self.0.delegated(step, member, from, to, amount);
        self.1.delegated(step, member, from, to, amount);
    }

    fn transferred(&mut self, step: u32, from: Option<u32>, to: u32, amount: u64) {
        self.0.transferred(step, from, to, amount);
        self.1.transferred(step, from, to, amount);
    }

    fn posted(&mut self, step: u32, proposal: u32, member: u32, favours: bool) {
        self.0.posted(step, proposal, member, favours);
        self.1.posted(step, proposal, member, favours);
    }

    fn closed(&mut self, outcome: &Outcome) {
        self.0.closed(outcome);
        self.1.closed(outcome);
    }

    fn stepped(&mut self, step: u32, moment: &Moment) {
        self.0.stepped(step, moment);
        self.1.stepped(step, moment);
    }
}

impl Observer for Vec<Outcome> {
    fn closed(&mut self, outcome: &Outcome) {
        self.push(*outcome);
    }
}

/// Those who vote together.
///
/// A vote is the sign of a latent utility: yes where odds(u) e^(-a) < e^t, u uniform, a what the voter thinks of the
/// proposal by itself and t what is the same for all who vote at this step. The left side does not depend on the
/// tally, so that it is computed once a vote; P(yes) = logistic(a + t).
#[derive(Debug, Default)]
pub(super) struct Voters {
    pub(super) agents: Vec<u32>,
    pub(super) powers: Vec<u64>,
    latents: Vec<f64>,
    choices: Vec<u8>,
}

impl Voters {
    /// Computes the left sides for a = `slope` x ideology.
    pub(super) fn think(&mut self, direction: Key, ideologies: &[f32], slope: f64) {
        let slope = -slope;
        let against = |&agent: &u32| f64::from(ideologies[agent as usize]) * slope;
        self.latents.clear();
        self.latents.extend(self.agents.iter().map(against));
        for (latent, &agent) in self.latents.iter_mut().zip(&self.agents) {
            let u = direction.uniform(agent);
            *latent = math::exp(*latent) * (u / (1.0 - u));
        }
    }

    /// Takes and counts the votes of `range`: `bar` is e^t.
    pub(super) fn vote(
        &mut self,
        range: Range<usize>,
        bar: f64,
        (proposal, step): (u32, u32),
        tally: &mut Tally,
        observer: &mut impl Observer,
    ) {
        let (agents, powers) = (&self.agents[range.clone()], &self.powers[range.clone()]);
        // All sums stay within the supply, which fits.
        let (mut all, mut yes) = (0_u64, 0_u64);
        self.choices.clear();
        self.choices.extend(self.latents[range].iter().zip(powers).map(|(latent, power)| {
            let choice = u8::from(*latent < bar);
            all = all.wrapping_add(*power);
            yes = yes.wrapping_add(*power & u64::from(choice).wrapping_neg());
            choice
        }));
        let count = self.choices.len() as u64;
        tally.yes = tally.yes.wrapping_add(yes);
        tally.no = tally.no.wrapping_add(all.wrapping_sub(yes));
        tally.voters = tally.voters.wrapping_add(count as u32);
        tally.moments = tally.moments.wrapping_add(count.wrapping_mul(u64::from(step)));
        observer.votes(proposal, step, agents, powers, &self.choices);
    }

    /// The powers and choices of the last vote that was taken.
    pub(super) fn ballots(&self) -> impl Iterator<Item = (u64, u8)> {
        self.powers.iter().copied().zip(self.choices.iter().copied())
    }
}

/// Means over the proposals of a replicate.
#[derive(Debug, Default)]
pub(super) struct Totals {
    window: f64,
    proposals: f64,
    turnout: f64,
    voters: f64,
    passed: f64,
    yes: f64,
    decided: f64,
    moments: f64,
}

impl Observer for Totals {
    fn closed(&mut self, outcome: &Outcome) {
        let Tally { yes, voters, moments, .. } = outcome.tally;
        let cast = outcome.tally.cast() as f64;
        self.proposals += 1.0;
        self.turnout += cast / outcome.supply as f64;
        self.voters += f64::from(voters);
        self.passed += f64::from(u8::from(outcome.passed));
        if cast > 0.0 {
            self.decided += 1.0;
            self.yes += yes as f64 / cast;
        }
        self.moments += moments as f64 / self.window;
    }
}

impl Totals {
    /// The share of supply that votes, how many vote, the share that passes, the share of yes where anyone voted, and
    /// when in the window votes come (0 the first step, towards 1 the last).
    pub(super) const VARIABLES: [&'static str; 5] = ["turnout", "voters", "passed", "yes", "time"];

    /// Nothing yet, for proposals that are open for so many steps.
    pub(super) fn new(window: u32) -> Self {
        Self { window: f64::from(window), ..Self::default() }
    }

    /// The values of [`Totals::VARIABLES`]; NaN where there is none.
    pub(super) fn values(&self) -> [f64; 5] {
        [
            self.turnout / self.proposals,
            self.voters / self.proposals,
            self.passed / self.proposals,
            self.yes / self.decided,
            self.moments / self.voters,
        ]
    }

    /// How many proposals closed.
    pub(super) fn proposals(&self) -> f64 {
        self.proposals
    }
}
