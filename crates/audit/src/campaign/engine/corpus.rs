//! States that are kept, what is planned on them, and which gives way to another.

use std::sync::Arc;

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{Address, U256};

use super::super::knowledge::Knowledge;
use super::super::shape::exact;
use super::super::tries::{Failure, Origin, Planned};
use super::super::values::Memory;
use super::{Campaign, SAME_FAILURE, left};
use crate::Result;
use crate::chain::{Machine, State};
use crate::finding::balance;
use crate::oracle;
use crate::sequence::{Step, Wait};
use crate::traffic::learned::Past;
use crate::world::World;

/// States among which the one worth least gives way.
const WINDOW: usize = 64;
/// Calls of each function with a loan.
const EXPLORED: usize = 4;
/// Allowances that are given before anything else.
const ALLOWANCES: usize = 8;
/// Entries, plans and failures kept.
pub(super) const CORPUS: usize = 4000;
const PLANS: usize = 20_000;
const FAILURES: usize = 2000;
/// States let grow older.
const AGED: usize = 600;

/// Something lent to the attacker in the middle of a call, on which the search goes on.
#[derive(Debug, Clone)]
pub(crate) struct Loan {
    /// The call that lends.
    pub(crate) step: Step,
    pub(crate) target: usize,
    /// The entry that the call was made on.
    pub(crate) base: usize,
    /// The token; none is ether.
    pub(crate) token: Option<Address>,
    pub(crate) amount: U256,
    pub(crate) lender: Address,
    /// A number for how it came about.
    pub(crate) kind: u64,
    /// What was done with it so far.
    pub(crate) used: Vec<Step>,
}

/// A state that was kept.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Counts the states kept: another one may come to stand in this one's place.
    pub(crate) serial: u64,
    pub(crate) state: Arc<State>,
    /// The calls that led to it from the first state.
    pub(crate) path: Arc<Vec<Step>>,
    /// The entry that its last call was made on.
    pub(crate) parent: Option<usize>,
    /// The target of its last call.
    pub(crate) target: usize,
    /// The same with what they answered and when they ran, where a model of traffic asks.
    pub(crate) past: Arc<Vec<Past>>,
    /// Values that came up on the way.
    pub(crate) memory: Arc<Memory>,
    /// Amounts of the moment: balances of the attacker and of contracts.
    pub(crate) amounts: Arc<Vec<U256>>,
    /// Where the search goes on with something lent.
    pub(crate) loan: Option<Arc<Loan>>,
    /// Time that has passed on the state since the last call of the path: it belongs to the wait of the next.
    pub(crate) aged: Wait,
    /// Whether a call that does harm in another's name was handed over on the way.
    pub(crate) carrying: bool,
    /// How much of what they began with the attacker has, a tenth at least: who has given away what they had will not gain
    /// from it.
    pub(crate) left: f64,
    /// What it has led to.
    pub(crate) votes: f64,
    pub(crate) visits: f64,
}

impl Entry {
    /// How much it is worth to go on with.
    pub(super) fn weight(&self) -> f64 {
        let goal = match (self.carrying, &self.loan) {
            (true, Some(_)) => 8.0,
            (true, None) => 3.0,
            (false, _) => 1.0,
        };
        goal * (1.0 + self.votes) / (1.0 + self.visits)
    }
}

impl Campaign {
    /// Plans what led on from a state that the same function led to, on one where values are others: the branches ahead
    /// are known, and no comparison tells anew what they ask for.
    pub(super) fn follow(&mut self, entry: usize, target: usize) {
        for (target, step) in self.footsteps.get(&target).cloned().unwrap_or_default() {
            self.plan(Planned::again(entry, target, step));
        }
    }

    pub(super) fn plan(&mut self, plan: Planned) {
        if self.plans.len() + self.urgent.len() >= PLANS
            || !self.planned.insert(exact(self.latest(plan.entry).serial, &plan.step))
        {
            return;
        }
        match plan.origin {
            Origin::Loan | Origin::CalledBack | Origin::Again => self.urgent.push_back(plan),
            _ => self.plans.push_back(plan),
        }
    }

    pub(super) fn failed(&mut self, failure: Failure) {
        let count = self.failed.entry((failure.target, failure.end)).or_default();
        if *count >= SAME_FAILURE || self.failures.len() >= FAILURES {
            return;
        }
        *count += 1;
        let number = self.failures.len();
        for word in &failure.read {
            let readers = self.readers.entry(*word).or_default();
            if readers.is_empty() {
                self.few.entry(word.0).or_default().push(word.1);
            }
            readers.push(number);
        }
        self.failures.push(failure);
    }

    /// Plans what failed before, on a state where a word that it read was written.
    pub(super) fn again_on(&mut self, entry: usize, written: &[(Address, U256)]) {
        let mut again: Vec<usize> =
            written.iter().filter_map(|word| self.readers.get(word)).flatten().copied().collect();
        again.sort_unstable();
        again.dedup();
        // The newest first: they failed furthest.
        again.reverse();
        again.truncate(32);
        let loan = self.latest(entry).loan.is_some();
        // The functions that failed are called with other arguments too.
        let mut anew = Vec::new();
        for number in again {
            let failure = &self.failures[number];
            let mut step = failure.step.clone();
            if loan {
                step.wait = Wait::default();
            }
            let target = failure.target;
            let plan = Planned::again(entry, target, step);
            if !anew.contains(&target) && anew.len() < 6 {
                anew.push(target);
                self.urgent.push_back(Planned { made_anew: true, ..plan.clone() });
            }
            self.plan(plan);
        }
    }

    /// Goes on with a state after some time: where waiting brought one call further, it may bring others too, and a loan is
    /// taken when it has passed.
    pub(super) fn age(&mut self, entry: usize, wait: Wait) {
        let base = self.latest(entry);
        let key = (base.serial, wait.seconds);
        if base.loan.is_some() || self.aged >= AGED || self.ages.contains(&key) {
            return;
        }
        let mut state = (*base.state).clone();
        state.block += wait.blocks;
        state.time += wait.seconds;
        let aged = Wait { blocks: base.aged.blocks + wait.blocks, seconds: base.aged.seconds + wait.seconds };
        let older = Entry { state: Arc::new(state), aged, parent: None, visits: 0.0, ..base.clone() };
        self.ages.insert(key);
        self.aged += 1;
        self.keep(older);
    }

    /// The state of a number, as it will be when the round is over.
    pub(super) fn latest(&self, number: usize) -> &Entry {
        let pending = self.pending.iter().rev().find(|(place, _)| *place == number);
        pending.map_or(&self.corpus[number], |(_, entry)| entry)
    }

    /// Plans every function that was not called with a loan yet: it is paid back within the same call, and what it brings is
    /// seen only then.
    pub(super) fn explore(&mut self, entry: usize) {
        let Some(loan) = self.latest(entry).loan.clone() else { return };
        for (target, known) in self.knowledge.targets.iter().enumerate() {
            let same = |step: &Step| {
                step.to == known.to
                    && step.function.as_ref().map(|function| function.selector)
                        == known.function.as_ref().map(|function| function.selector)
            };
            let token = loan.token == Some(known.to) || self.facts.token(known.to).is_some();
            if !known.own || token || same(&loan.step) || loan.used.iter().any(same) {
                continue;
            }
            let step = Step { to: known.to, inner: Vec::new(), ..loan.step.clone() };
            let (origin, carried, sooner) = (Origin::Loan, None, None);
            let plan = Planned { entry, target, step, origin, carried, sooner, made_anew: true };
            self.urgent.extend(std::iter::repeat_n(plan, EXPLORED));
        }
    }

    /// Keeps a state. Where there are as many as can be, the one worth least among some gives way: what was planned on it is
    /// done on the new one, by its own calls.
    pub(super) fn keep(&mut self, entry: Entry) -> usize {
        let entry = Entry { serial: self.kept, ..entry };
        self.kept += 1;
        if self.corpus.len() < CORPUS {
            self.corpus.push(entry);
            return self.corpus.len() - 1;
        }
        let among = self.corpus.len() - self.firsts;
        let window = (0..WINDOW).map(|step| self.firsts + (self.cursor + step) % among);
        let least = window.min_by(|a, b| self.latest(*a).weight().total_cmp(&self.latest(*b).weight()));
        let least = least.unwrap_or(among);
        self.cursor += WINDOW;
        self.aged -= usize::from(!self.latest(least).aged.is_none());
        self.pending.push((least, entry));
        least
    }

    /// Goes on with a loan on a state of its own.
    pub(super) fn lend(&mut self, loan: Loan, state: Arc<State>, entry: usize, target: usize) -> Result<()> {
        let parent = &self.corpus[entry];
        *self.loans.entry(loan.kind).or_default() += 1;
        let amounts = amounts(&self.world, &self.knowledge, &self.tokens, &state, &mut self.machines.plain)?;
        let token = loan.token;
        let left = left(&self.world, &self.knowledge, &state);
        let lent = Entry {
            state,
            parent: Some(entry),
            target,
            amounts: Arc::new(amounts),
            loan: Some(Arc::new(loan)),
            aged: Wait::default(),
            left,
            votes: 0.0,
            visits: 0.0,
            ..parent.clone()
        };
        let number = self.keep(lent);
        self.explore(number);
        // What failed for want of the token reads the token.
        let words: Vec<(Address, U256)> =
            self.readers.keys().filter(|(address, _)| Some(*address) == token).copied().collect();
        let mut words = words;
        words.sort_unstable();
        self.again_on(number, &words);
        Ok(())
    }
}

/// The state on which the attacker lets every contract that takes tokens take them: what a user does before anything else.
pub(super) fn approvals(
    world: &World,
    facts: &oracle::Facts,
    knowledge: &Knowledge,
    root: &Entry,
    machine: &mut Machine,
) -> Result<Option<Entry>> {
    let mut ready = root.clone();
    let mut path = Vec::new();
    for target in &knowledge.targets {
        let Some(function) = &target.function else { continue };
        if facts.token(target.to).is_none() || function.signature() != "approve(address,uint256)" {
            continue;
        }
        for taker in world.contracts.iter().map(|deployed| deployed.address) {
            if taker == target.to || !facts.takes(taker) || path.len() >= ALLOWANCES {
                continue;
            }
            let step = Step {
                sender: knowledge.attacker,
                to: target.to,
                function: Some(Arc::clone(function)),
                arguments: vec![DynSolValue::Address(taker), DynSolValue::Uint(U256::MAX, 256)],
                value: U256::ZERO,
                wait: Wait::default(),
                inner: Vec::new(),
            };
            let ran = step.run(machine, &ready.state)?;
            if ran.outcome.success() {
                ready.state = ran.after(&step);
                path.push(step);
            }
        }
    }
    if path.is_empty() {
        return Ok(None);
    }
    ready.path = Arc::new(path);
    ready.serial = 1;
    Ok(Some(ready))
}

/// Amounts that matter on a state: what the attacker and the contracts have of ether and tokens.
pub(super) fn amounts(
    world: &World,
    knowledge: &Knowledge,
    tokens: &[Address],
    state: &Arc<State>,
    machine: &mut Machine,
) -> Result<Vec<U256>> {
    let mut amounts = vec![state.balance(knowledge.attacker)];
    for token in tokens {
        amounts.push(balance(machine, state, *token, knowledge.attacker)?);
    }
    for deployed in &world.contracts {
        amounts.push(state.balance(deployed.address));
        for token in tokens {
            if *token != deployed.address {
                amounts.push(balance(machine, state, *token, deployed.address)?);
            }
        }
    }
    amounts.retain(|amount| !amount.is_zero());
    amounts.sort_unstable();
    amounts.dedup();
    Ok(amounts)
}
