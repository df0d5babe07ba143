//! A whole DAO: members who hold, trade, delegate, talk, tire and vote on proposals that come and overlap; a token
//! with a price; a treasury that pays what passes; conditions from outside.
//!
//! A step is, in this order: conditions; price and transfers; members who reconsider their delegate; proposals that
//! open, with every member's power as it is then; for each open proposal, in the order of opening, what the forum
//! says and who votes; proposals that close; payments that are due; attention that comes back.
//!
//! At each step a member that has not voted on an open proposal does so with the chance
//!
//! ```text
//! rate x timing(age) x activity(conditions) x (1 - contention |margin|)
//!      x (1 + boost b / (1 + b)) x attention x (1 - e^(-value / cost))
//! ```
//!
//! and votes yes with chance
//!
//! ```text
//! logistic(ideology x q + herding margin + whale_cue margin of whales
//!          + persuasion opinion + approval - loss_aversion ask fall)
//! ```
//!
//! A rate times the largest factor that can come is held below 1. That product bounds the hazard, so that only those
//! whose draw can be reached at all are looked at (see [`super::hazard`]); the result is that of looking at
//! everybody.
//!
//! With every term off and regular arrivals this is [`super::minimal`], draw by draw.

mod decision;
mod history;
mod market;
mod members;
mod parameters;
mod proposal;
mod rules;

#[cfg(test)]
mod test;

use daotwin_core::Run;

pub use decision::{Decision, Majority};
pub use history::{Calendar, history};
pub use parameters::{Arrivals, Behaviour, Condition, Delegation, Forum, Market, Parameters, Treasury};
pub use rules::{Rule, Ruled};

use self::market::Price;
use self::members::Members;
use self::proposal::{Open, Pull};
use super::ensemble::Model;
use super::hazard::{self, Scheduler};
use super::math;
use super::population::{PURPOSES, Population};
use super::random::Key;
use super::tally::{Moment, Observer, Totals, Voters};
use crate::{Error, Result};

/// Bytes of hot state a member: rate and ideology, balance, delegate, power, attention.
const _: () = assert!(2 * size_of::<u32>() + 2 * size_of::<u64>() + 2 * size_of::<u32>() <= 32);

const ARRIVAL: u64 = PURPOSES + 3;
const AUTHOR: u64 = PURPOSES + 4;
const ASK: u64 = PURPOSES + 5;
const POSTS: u64 = PURPOSES + 6;
const POSTER: u64 = PURPOSES + 7;
const STANCE: u64 = PURPOSES + 8;
const PRICE: u64 = PURPOSES + 9;
const TRANSFER: u64 = PURPOSES + 10;
const RECONSIDER: u64 = PURPOSES + 11;
const DELEGATES: u64 = PURPOSES + 12;
const DELEGATED: u64 = PURPOSES + 13;
/// When in its step a vote is written to a History.
const MOMENT: u64 = PURPOSES + 14;

/// Parameters and members, ready for any number of replicates at once.
#[derive(Debug)]
pub struct Dao {
    parameters: Parameters,
    population: Population,
    start: Members,
    treasury: u64,
    /// Rates times [`Dao::peak`], at most 1.
    rates: Vec<u32>,
    /// Survivals after a window at those rates; 0 for [`Scheduler::Stepped`], which lets everybody in.
    bounds: Vec<u32>,
    /// The factor of the chance of voting at each age of a proposal.
    timing: Vec<f64>,
    /// The largest factor that can come.
    peak: f64,
    decision: Box<dyn Decision>,
}

/// Memory that replicates use one after another.
#[derive(Debug, Default)]
pub struct Workspace {
    members: Members,
    open: Vec<Open>,
    /// Proposals that closed, for their memory.
    spare: Vec<Open>,
    due: Vec<Payment>,
    voters: Voters,
}

/// A payment that was granted.
#[derive(Debug, Clone, Copy)]
struct Payment {
    step: u32,
    to: u32,
    millionths: u32,
}

/// The draws of a replicate.
#[derive(Debug, Clone, Copy)]
struct Draws {
    seed: u64,
    replicate: u64,
}

impl Draws {
    fn key(self, purpose: u64, step: u64) -> Key {
        Key::new(self.seed, self.replicate, purpose, step)
    }
}

/// The conditions of one step.
struct Now {
    activity: f64,
    arrivals: f64,
    cost: f64,
    approval: f64,
    shock: f64,
}

impl Dao {
    /// A DAO whose members `parameters` describe, drawn from `seed`, as are the delegations of the start.
    ///
    /// # Errors
    /// [`Error::Parameters`] with every problem, [`daotwin_core::Error::Limit`] and
    /// [`daotwin_core::Error::Cancelled`].
    pub fn new(parameters: Parameters, scheduler: Scheduler, seed: u64, run: &Run) -> Result<Self> {
        let problems = parameters.problems();
        if !problems.is_empty() {
            return Err(Error::Parameters { problems });
        }
        Self::over(
            Population::drawn(&parameters.population, seed, &run.limits)?,
            parameters,
            scheduler,
            seed,
            run,
        )
    }

    /// A DAO of given members; `parameters.population` is not looked at, `seed` draws the delegations of the start.
    ///
    /// # Errors
    /// [`Error::Parameters`] with every problem, [`daotwin_core::Error::Cancelled`].
    pub fn over(
        population: Population,
        parameters: Parameters,
        scheduler: Scheduler,
        seed: u64,
        run: &Run,
    ) -> Result<Self> {
        let mut problems =
            Parameters { population: super::population::Description::default(), ..parameters.clone() }
                .problems();
        let supply = u128::from(population.supply());
        let treasury = supply * u128::from(parameters.treasury.native_millionths) / 1_000_000;
        if supply + treasury > u128::from(u64::MAX) {
            problems.push(
                "supply and treasury together exceed 64 bits; count tokens in a larger unit".to_owned(),
            );
        }
        if !problems.is_empty() {
            return Err(Error::Parameters { problems });
        }
        let behaviour = &parameters.behaviour;
        let window = parameters.window;
        let fade = f64::from(window) / 12.0;
        let timing: Vec<f64> = (0..window)
            .map(|age| {
                let burst = behaviour.opening_burst * math::exp(-f64::from(age) / fade);
                let rush = behaviour.deadline_rush * math::exp(-f64::from(window - 1 - age) / fade);
                1.0 + burst + rush
            })
            .collect();
        // Conditions change only where one begins or ends.
        let steps = parameters.conditions.iter().flat_map(|condition| [condition.from, condition.until]);
        let activity = steps.map(|step| now(&parameters.conditions, step).activity).fold(1.0, f64::max);
        let peak = timing.iter().fold(1.0, |high: f64, factor| high.max(*factor))
            * activity
            * (1.0 + parameters.forum.boost);
        let rates: Vec<u32> =
            population.rates().iter().map(|&rate| hazard::share(hazard::chance(rate) * peak)).collect();
        let bounds = match scheduler {
            Scheduler::Stepped => vec![0; rates.len()],
            Scheduler::Events => hazard::survivals(&rates, window, run)?,
        };
        let key = |purpose| Key::new(seed, 0, purpose, 0);
        let start = Members::new(&population, &parameters.delegation, key(DELEGATES), key(DELEGATED));
        let decision = Box::new(Majority { quorum_millionths: parameters.quorum_millionths });
        let treasury = treasury as u64;
        Ok(Self { parameters, population, start, treasury, rates, bounds, timing, peak, decision })
    }

    /// The same DAO under another rule than token majority; `parameters.quorum_millionths` is no longer looked at.
    pub fn decided_by(self, decision: impl Decision + 'static) -> Self {
        Self { decision: Box::new(decision), ..self }
    }

    /// The members.
    pub fn population(&self) -> &Population {
        &self.population
    }

    /// The parameters.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Runs one replicate and returns how it ends.
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
    ) -> Result<Moment> {
        let draws = Draws { seed, replicate };
        let parameters = &self.parameters;
        workspace.members.copy_from(&self.start);
        workspace.spare.append(&mut workspace.open);
        workspace.due.clear();
        let mut price = Price::new(&parameters.market);
        let mut treasury = self.treasury;
        let (mut number, mut posts) = (0_u32, 0_u64);
        for step in 0..parameters.steps {
            run.check()?;
            let now = now(&parameters.conditions, step);
            price.step(&parameters.market, now.shock, draws.key(PRICE, u64::from(step)));
            self.trade(&mut workspace.members, draws, step, observer);
            self.reconsider(&mut workspace.members, draws, step, observer);
            for _ in 0..self.arrivals(&now, draws, step) {
                let memory = workspace.spare.pop().unwrap_or_default();
                workspace.open.push(self.open(
                    memory,
                    &workspace.members,
                    &price,
                    &now,
                    draws,
                    (number, step),
                ));
                if let Some(open) = workspace.open.last() {
                    observer.opened(&open.opening());
                }
                number += 1;
            }
            for open in &mut workspace.open {
                posts += u64::from(open.discuss(self, now.approval, draws, step, observer));
                let pull = Pull {
                    activity: now.activity,
                    approval: parameters.behaviour.approval + now.approval,
                    fall: price.fall(),
                };
                open.vote(self, &pull, step, &mut workspace.members, &mut workspace.voters, observer);
            }
            while workspace.open.first().is_some_and(|open| step - open.opened == parameters.window - 1) {
                let open = workspace.open.remove(0);
                let outcome = open.outcome(&*self.decision)?;
                observer.closed(&outcome);
                if outcome.passed {
                    let step = step.saturating_add(parameters.delay);
                    workspace.due.push(Payment { step, to: open.author, millionths: open.ask });
                }
                workspace.spare.push(open);
            }
            while let Some(payment) = workspace.due.first().copied().filter(|payment| payment.step <= step) {
                workspace.due.remove(0);
                let amount = (u128::from(treasury) * u128::from(payment.millionths) / 1_000_000) as u64;
                treasury -= amount;
                workspace.members.receive(payment.to, amount);
                observer.transferred(step, None, payment.to, amount);
                price.sell(&parameters.market, amount as f64 / workspace.members.supply as f64);
            }
            if parameters.behaviour.fatigue > 0.0 {
                workspace.members.recover(hazard::share(parameters.behaviour.recovery));
            }
            observer.stepped(step, &self.moment(workspace, &price, treasury, posts));
        }
        Ok(self.moment(workspace, &price, treasury, posts))
    }

    #[expect(clippy::unused_self, reason = "a view of the DAO's state")]
    fn moment(&self, workspace: &Workspace, price: &Price, treasury: u64, posts: u64) -> Moment {
        Moment {
            price: price.level(),
            treasury,
            supply: workspace.members.supply,
            open: workspace.open.len() as u32,
            posts,
        }
    }

    /// How many proposals open at this step.
    fn arrivals(&self, now: &Now, draws: Draws, step: u32) -> u32 {
        match self.parameters.arrivals {
            Arrivals::Every(steps) => u32::from(step.is_multiple_of(steps)),
            Arrivals::Random(mean) => {
                let u = draws.key(ARRIVAL, u64::from(step)).uniform(0);
                math::poisson_quantile(u, mean * now.arrivals)
            }
        }
    }

    /// Transfers between members: anybody to anybody, a uniform share of what is held.
    fn trade(&self, members: &mut Members, draws: Draws, step: u32, observer: &mut impl Observer) {
        let n = self.population.len() as u32;
        let mean = self.parameters.market.transfers * f64::from(n);
        if mean == 0.0 {
            return;
        }
        let key = draws.key(TRANSFER, u64::from(step));
        for transfer in 0..count(key, mean) {
            let draw = |what: u32| transfer.wrapping_mul(4).wrapping_add(what);
            let (from, to) = (key.below(draw(1), n), key.below(draw(2), n));
            let held = members.balances[from as usize];
            let amount = ((u128::from(held) * u128::from(key.bits(draw(3)))) >> 32) as u64;
            members.transfer(from, to, amount);
            observer.transferred(step, Some(from), to, amount);
        }
    }

    /// Members who choose a delegate anew: somebody else's, or anybody; themselves ends a delegation.
    fn reconsider(&self, members: &mut Members, draws: Draws, step: u32, observer: &mut impl Observer) {
        let n = self.population.len() as u32;
        let mean = self.parameters.delegation.reconsider * f64::from(n);
        if mean == 0.0 {
            return;
        }
        let key = draws.key(RECONSIDER, u64::from(step));
        for change in 0..count(key, mean) {
            let draw = |what: u32| change.wrapping_mul(4).wrapping_add(what);
            let (member, other) = (key.below(draw(1), n), key.below(draw(2), n));
            let imitates = key.uniform(draw(3)) < self.parameters.delegation.imitation;
            let to = if imitates { members.delegates[other as usize] } else { other };
            let from = members.delegates[member as usize];
            members.delegate(member, to);
            if from != to {
                observer.delegated(step, member, from, to, members.balances[member as usize]);
            }
        }
    }
}

/// A Poisson count with any mean: as a sum of counts that [`math::poisson_quantile`] can draw. Takes the draws 0, 4,
/// 8, ...
fn count(key: Key, mean: f64) -> u32 {
    let parts = math::round_up(mean / 400.0).max(1.0);
    let part = mean / parts;
    (0..math::low_bits(parts)).map(|at| math::poisson_quantile(key.uniform(at.wrapping_mul(4)), part)).sum()
}

/// What holds at a step.
fn now(conditions: &[Condition], step: u32) -> Now {
    let mut now = Now { activity: 1.0, arrivals: 1.0, cost: 1.0, approval: 0.0, shock: 0.0 };
    for condition in conditions.iter().filter(|condition| (condition.from..condition.until).contains(&step)) {
        now.activity *= condition.activity;
        now.arrivals *= condition.arrivals;
        now.cost *= condition.cost;
        now.approval += condition.approval;
        if step == condition.from {
            now.shock += condition.shock;
        }
    }
    now
}

impl Model for Dao {
    type Workspace = Workspace;

    /// Those of the minimal model (means over a replicate's closed proposals), then how many closed, and at the end
    /// the price, the treasury as a share of its start, the share of supply that is delegated, the share of power of
    /// the ten most powerful, and the posts in all.
    fn variables(&self) -> &[&'static str] {
        const VARIABLES: [&str; 11] = {
            let [turnout, voters, passed, yes, time] = Totals::VARIABLES;
            [
                turnout,
                voters,
                passed,
                yes,
                time,
                "proposals",
                "price",
                "treasury",
                "delegated",
                "concentration",
                "posts",
            ]
        };
        &VARIABLES
    }

    fn replicate(
        &self,
        seed: u64,
        replicate: u64,
        workspace: &mut Workspace,
        run: &Run,
        values: &mut [f64],
    ) -> Result<()> {
        self.replicate_before(seed, replicate, workspace, run, values, &mut ())
    }
}

impl Dao {
    /// A replicate's numbers, as [`Model::replicate`] gives them, before somebody who looks on.
    ///
    /// # Errors
    /// Those of [`Dao::observe`].
    pub(crate) fn replicate_before(
        &self,
        seed: u64,
        replicate: u64,
        workspace: &mut Workspace,
        run: &Run,
        values: &mut [f64],
        observer: &mut impl Observer,
    ) -> Result<()> {
        let mut both = (Totals::new(self.parameters.window), observer);
        let end = self.observe(seed, replicate, workspace, run, &mut both)?;
        let totals = both.0;
        let (means, rest) = values.split_at_mut(Totals::VARIABLES.len());
        means.copy_from_slice(&totals.values());
        rest.copy_from_slice(&[
            totals.proposals(),
            end.price,
            end.treasury as f64 / self.treasury as f64,
            workspace.members.delegated(),
            workspace.members.concentration(),
            end.posts as f64,
        ]);
        Ok(())
    }
}
