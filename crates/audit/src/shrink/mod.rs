//! Makes findings minimal, so that who reads one sees nothing but what it takes.
//!
//! What counts as the same finding: all steps go well and all effects hold. Effects that are a quantity (ether or tokens
//! gained or lost) are first raised to what was measured. Leaving out a call may then cost up to half of it: a call that
//! is not worth half of the harm does not belong to it. Waits and values may cost nothing more: each number goes down to
//! the least that does the same harm, as a loan to the smallest one that is enough.
//!
//! Calls are left out by delta debugging (A. Zeller and R. Hildebrandt, Simplifying and Isolating Failure-Inducing Input,
//! IEEE Transactions on Software Engineering 28(2), 2002), then one by one until none can be; the states before a change are
//! kept, so that nothing before it is played again. Arguments that follow others (the number that a proposal got, the hash
//! of its description) follow them when they change.

mod explain;
mod place;
mod simpler;
mod trial;

use std::sync::Arc;

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{Address, I256, U256};
use rayon::prelude::*;

use crate::Result;
use crate::chain::Machine;
use crate::finding::{Effect, Explained, Finding};
use crate::world::{Role, World};

use explain::explain;
pub(crate) use place::Codec;
use place::{Place, places};
use simpler::{
    everywhere, removals, replaced, shorter_waits, simplifications, value_of, with_value, without,
};
use trial::{Item, Played, Trial};

/// How many transactions shrinking may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// For leaving out calls.
    pub calls: u64,
    /// For making waits and values simpler.
    pub values: u64,
}

impl Default for Budget {
    /// As many as take about a second on contracts of the size of a governor.
    fn default() -> Self {
        Self { calls: 12_000, values: 16_000 }
    }
}

/// A finding made minimal.
#[derive(Debug, Clone, PartialEq)]
pub struct Shrunk {
    /// The finding, its quantities as measured.
    pub finding: Finding,
    /// What is known about its values.
    pub explained: Vec<Explained>,
    /// What could still be simpler; nothing where it is 1-minimal, and more than nothing only where the budget was used up.
    pub simpler: Vec<Simpler>,
    /// Calls of the sequence that was found, those of the attacker's contract included.
    pub calls_before: usize,
    /// Transactions run.
    pub transactions: u64,
    /// Other oracles that see the same steps.
    pub also: Vec<&'static str>,
    /// What it takes, where it is an attack on governance and [`cost::price`](crate::cost::price) has told.
    pub cost: Option<crate::cost::Cost>,
}

/// A change that makes a finding simpler and loses nothing of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simpler {
    /// Which step, from 0.
    pub step: usize,
    /// What is done to it.
    pub what: String,
}

/// Rounds of calls, waits and values; each begins only where the one before changed something.
const MOST_ROUNDS: usize = 6;

/// Makes a finding minimal; nothing where it does not hold on the world. The same for the same input; under two seconds with
/// the default budget on contracts of the size of a governor.
///
/// # Errors
/// A defect of the interpreter.
pub fn shrink(
    machine: &mut Machine,
    world: &World,
    finding: &Finding,
    budget: Budget,
) -> Result<Option<Shrunk>> {
    let codec = Codec::new(world);
    let mut trial = Trial::new(machine, &world.state, &codec);
    let items = items(finding);
    let Some(mut played) = trial.play(None, &items, &finding.effects)? else { return Ok(None) };
    trial.link(&played);
    let mut effects = measured(&mut trial, &played, &finding.effects, U256::max)?;
    let attacker = attacker(world, finding);
    let (mut calls_left, mut values_left) = (budget.calls, budget.values);
    for _ in 0..MOST_ROUNDS {
        trial.left = calls_left;
        let mut changed = fewer_calls(&mut trial, &mut played, &halved(&effects))?;
        calls_left = trial.left;
        effects = measured(&mut trial, &played, &effects, U256::min)?;
        trial.left = values_left;
        changed |= simpler_values(&mut trial, &mut played, &effects, attacker)?;
        values_left = trial.left;
        if !changed {
            break;
        }
    }
    let transactions = trial.spent;
    let calls_before = finding.steps.iter().map(|step| 1 + step.inner.len()).sum();
    let finding = Finding { steps: played.steps(), effects, ..finding.clone() };
    let explained = explain(trial.machine, world, &codec, &played)?;
    let simpler = is_minimal(trial.machine, world, &finding)?;
    let (also, cost) = (Vec::new(), None);
    Ok(Some(Shrunk { finding, explained, simpler, calls_before, transactions, also, cost }))
}

/// Makes all findings of a search minimal, on all threads. Those that come down to the same steps are one attack, told as the
/// gravest of them; the gravest come first, and among equals that which was found first. The same for the same input on any number of threads.
///
/// # Errors
/// A defect of the interpreter.
pub fn all(world: &World, findings: &[Finding], budget: Budget) -> Result<Vec<Shrunk>> {
    let one = |finding: &Finding| shrink(&mut Machine::new(world.fork), world, finding, budget);
    let shrunk: Result<Vec<Option<Shrunk>>> = findings.par_iter().map(one).collect();
    let mut shrunk: Vec<Shrunk> = shrunk?.into_iter().flatten().collect();
    let gravest = |shrunk: &Shrunk| (shrunk.finding.impact, shrunk.finding.confidence);
    shrunk.sort_by_key(|shrunk| std::cmp::Reverse(gravest(shrunk)));
    let mut kept: Vec<Shrunk> = Vec::new();
    for shrunk in shrunk {
        let own = &shrunk.finding;
        match kept.iter_mut().find(|other| other.finding.steps == own.steps) {
            Some(other) if other.finding.oracle == own.oracle || other.also.contains(&own.oracle) => {}
            Some(other) => other.also.push(own.oracle),
            None => kept.push(shrunk),
        }
    }
    Ok(kept)
}

/// Tries every single thing that would make a finding simpler: each call left out, each wait and each value made smaller,
/// each sender that is not the attacker replaced by the attacker. What still does the harm is returned: nothing where the
/// finding is 1-minimal.
///
/// # Errors
/// A defect of the interpreter.
pub fn is_minimal(machine: &mut Machine, world: &World, finding: &Finding) -> Result<Vec<Simpler>> {
    let codec = Codec::new(world);
    let mut trial = Trial::new(machine, &world.state, &codec);
    let Some(played) = trial.play(None, &items(finding), &finding.effects)? else {
        return Ok(Vec::new());
    };
    trial.link(&played);
    let half = halved(&finding.effects);
    let mut found = Vec::new();
    let attacker = attacker(world, finding);
    let calls = removals(&played.items).into_iter().map(|candidate| (candidate, &half));
    let values = shorter_waits(&played.items)
        .into_iter()
        .chain(simplifications(&played.items, &codec, attacker))
        .map(|candidate| (candidate, &finding.effects));
    for (candidate, effects) in calls.chain(values) {
        if trial.play(Some(&played), &candidate.items, effects)?.is_some() {
            found.push(Simpler { step: candidate.step, what: candidate.what });
        }
    }
    Ok(found)
}

fn items(finding: &Finding) -> Vec<Item> {
    let steps = finding.steps.iter().enumerate();
    steps.map(|(number, step)| Item { number, step: Arc::new(step.clone()) }).collect()
}

/// The attacker of the world, or who sends the last step where it has none.
fn attacker(world: &World, finding: &Finding) -> Address {
    let named = world.of_role(Role::Attacker).next().map(|actor| actor.address);
    named.unwrap_or_else(|| finding.steps.last().map_or(Address::ZERO, |step| step.sender))
}

/// The effects with their quantities set by what was measured.
fn measured(
    trial: &mut Trial<'_>,
    played: &Played,
    effects: &[Effect],
    choose: fn(U256, U256) -> U256,
) -> Result<Vec<Effect>> {
    let last = Arc::clone(played.last(trial.first));
    let mut found = Vec::with_capacity(effects.len());
    for effect in effects {
        let gain = trial.gain(effect, &last)?;
        found.push(match gain {
            Some((gain, least)) => with_least(effect, choose(gain, least)),
            None => effect.clone(),
        });
    }
    Ok(found)
}

fn halved(effects: &[Effect]) -> Vec<Effect> {
    let half = |effect: &Effect| match effect {
        Effect::EtherGained { least, .. }
        | Effect::EtherLost { least, .. }
        | Effect::TokenGained { least, .. }
        | Effect::TokenLost { least, .. } => with_least(effect, least.div_ceil(U256::from(2))),
        _ => effect.clone(),
    };
    effects.iter().map(half).collect()
}

fn with_least(effect: &Effect, quantity: U256) -> Effect {
    let mut effect = effect.clone();
    match &mut effect {
        Effect::EtherGained { least, .. }
        | Effect::EtherLost { least, .. }
        | Effect::TokenGained { least, .. }
        | Effect::TokenLost { least, .. } => *least = quantity,
        _ => {}
    }
    effect
}

fn accept(trial: &mut Trial<'_>, played: &mut Played, items: &[Item], effects: &[Effect]) -> Result<bool> {
    match trial.play(Some(played), items, effects)? {
        Some(simpler) => {
            *played = simpler;
            trial.link(played);
            Ok(true)
        }
        None => Ok(false),
    }
}

/// Leaves out runs of calls, halves first, then single calls until none can be left out.
fn fewer_calls(trial: &mut Trial<'_>, played: &mut Played, effects: &[Effect]) -> Result<bool> {
    let mut changed = false;
    let mut size = played.items.len() / 2;
    while size > 1 {
        let mut end = played.items.len();
        while end >= size && played.items.len() > size {
            let range = end - size..end;
            let left_out = accept(trial, played, &without(&played.items, range.clone(), true), effects)?
                || accept(trial, played, &without(&played.items, range, false), effects)?;
            changed |= left_out;
            end = if left_out { (end - size).min(played.items.len()) } else { end - 1 };
        }
        size /= 2;
    }
    'again: loop {
        for candidate in removals(&played.items) {
            if accept(trial, played, &candidate.items, effects)? {
                changed = true;
                continue 'again;
            }
        }
        return Ok(changed);
    }
}

/// A number of a step.
#[derive(Debug, Clone)]
enum Slot {
    Blocks,
    Seconds,
    Ether(Option<usize>),
    Argument(Place),
    /// An argument, and all others of the same value.
    Everywhere(Place),
    /// An argument, and all other amounts of its size: each becomes smaller by as much, as a loan, what is done with it, and
    /// what is paid back.
    Together(Place),
}

/// Numbers from here on are amounts.
const AMOUNT: U256 = U256::from_limbs([1_000_000, 0, 0, 0]);

impl Slot {
    fn all(step: &crate::Step, codec: &Codec) -> Vec<Self> {
        let mut slots = vec![Self::Seconds, Self::Blocks];
        let calls = std::iter::once(None).chain((0..step.inner.len()).map(Some));
        slots.extend(calls.map(Self::Ether));
        let numbers = places(step, codec)
            .into_iter()
            .filter(|(_, value, _)| matches!(value, DynSolValue::Uint(..) | DynSolValue::Int(..)));
        let ways = |place: Place| {
            [Self::Together(place.clone()), Self::Everywhere(place.clone()), Self::Argument(place)]
        };
        slots.extend(numbers.flat_map(|(place, ..)| ways(place)));
        slots
    }

    fn get(&self, step: &crate::Step, codec: &Codec) -> U256 {
        match self {
            Self::Blocks => U256::from(step.wait.blocks),
            Self::Seconds => U256::from(step.wait.seconds),
            Self::Ether(inner) => value_of(step, *inner),
            Self::Argument(place) | Self::Everywhere(place) | Self::Together(place) => {
                match place.get(step, codec) {
                    Some(DynSolValue::Uint(value, _)) => value,
                    Some(DynSolValue::Int(value, _)) => value.unsigned_abs(),
                    _ => U256::ZERO,
                }
            }
        }
    }

    fn set(&self, items: &[Item], at: usize, value: U256, codec: &Codec) -> Option<Vec<Item>> {
        let step = &*items[at].step;
        let mut changed = step.clone();
        match self {
            Self::Blocks => changed.wait.blocks = value.saturating_to(),
            Self::Seconds => changed.wait.seconds = value.saturating_to(),
            Self::Ether(inner) => changed = with_value(step, *inner, value)?,
            Self::Together(place) => {
                let Some(DynSolValue::Uint(old, _)) = place.get(step, codec) else { return None };
                return (old >= AMOUNT && value < old).then(|| together(items, old, old - value, codec));
            }
            Self::Argument(place) | Self::Everywhere(place) => {
                let old = place.get(step, codec)?;
                let new = match old {
                    DynSolValue::Uint(_, bits) => DynSolValue::Uint(value, bits),
                    DynSolValue::Int(old, bits) => {
                        let size = I256::try_from(value).ok()?;
                        DynSolValue::Int(if old.is_negative() { -size } else { size }, bits)
                    }
                    _ => return None,
                };
                if matches!(self, Self::Everywhere(_)) {
                    return everywhere(items, &old, &new, codec);
                }
                changed = place.set(step, new, codec)?;
            }
        }
        Some(replaced(items, at, changed))
    }
}

/// The steps with all amounts from half to twice this one made smaller by the same.
fn together(items: &[Item], amount: U256, less: U256, codec: &Codec) -> Vec<Item> {
    let like = |value: U256| value >= amount >> 1 && value >> 1 <= amount;
    let mut items = items.to_vec();
    for item in &mut items {
        let mut step = (*item.step).clone();
        for (place, value, _) in places(&step, codec) {
            if let DynSolValue::Uint(value, bits) = value
                && like(value)
                && let Some(changed) =
                    place.set(&step, DynSolValue::Uint(value.saturating_sub(less), bits), codec)
            {
                step = changed;
            }
        }
        for inner in std::iter::once(None).chain((0..step.inner.len()).map(Some)) {
            let value = value_of(&step, inner);
            if like(value)
                && let Some(changed) = with_value(&step, inner, value.saturating_sub(less))
            {
                step = changed;
            }
        }
        if step != *item.step {
            *item = item.with(step);
        }
    }
    items
}

/// Makes waits and values simpler until nothing can be.
fn simpler_values(
    trial: &mut Trial<'_>,
    played: &mut Played,
    effects: &[Effect],
    attacker: Address,
) -> Result<bool> {
    let codec = trial.codec;
    let mut changed = false;
    for _ in 0..MOST_ROUNDS {
        // What is not a number first: a list with a row fewer has fewer numbers.
        changed |= sweep(trial, played, effects, attacker, false)?;
        for at in 0..played.items.len() {
            for slot in Slot::all(&played.items[at].step, codec) {
                changed |= least(trial, played, effects, at, &slot)?;
            }
        }
        if !sweep(trial, played, effects, attacker, true)? {
            break;
        }
        changed = true;
    }
    Ok(changed)
}

/// Tries single simplifications, over and over until none helps: those of numbers, or those of all else. A number that goes
/// down by one is left to the search for the least.
fn sweep(
    trial: &mut Trial<'_>,
    played: &mut Played,
    effects: &[Effect],
    attacker: Address,
    numbers: bool,
) -> Result<bool> {
    let mut changed = false;
    loop {
        let mut helped = false;
        let mut next = 0;
        loop {
            let mut candidates = simplifications(&played.items, trial.codec, attacker);
            candidates.extend(shorter_waits(&played.items));
            let mut found = None;
            for (number, candidate) in candidates.iter().enumerate().skip(next) {
                if candidate.number == numbers && accept(trial, played, &candidate.items, effects)? {
                    found = Some(number);
                    break;
                }
            }
            let Some(number) = found else { break };
            helped = true;
            // The list is made anew: what stands at this place now is what comes after.
            next = number;
            if numbers {
                return Ok(true);
            }
        }
        changed |= helped;
        if !helped || trial.left == 0 {
            return Ok(changed);
        }
    }
}

/// Finds the least value of a number that does the same harm, by halving first what digits it has and then the interval.
fn least(
    trial: &mut Trial<'_>,
    played: &mut Played,
    effects: &[Effect],
    at: usize,
    slot: &Slot,
) -> Result<bool> {
    let codec = trial.codec;
    let try_out = |trial: &mut Trial<'_>, played: &mut Played, value: U256| -> Result<bool> {
        match slot.set(&played.items, at, value, codec) {
            Some(items) => accept(trial, played, &items, effects),
            None => Ok(false),
        }
    };
    let start = slot.get(&played.items[at].step, codec);
    if start.is_zero() {
        return Ok(false);
    }
    if try_out(trial, played, U256::ZERO)? {
        return Ok(true);
    }
    let (mut fails, mut holds) = (U256::ZERO, start);
    while holds - fails > U256::from(1) && trial.left > 0 {
        let (low, high) = (fails.bit_len(), holds.bit_len());
        let middle = if high - low > 1 {
            U256::from(1) << ((low + high) / 2 - 1).max(low)
        } else {
            fails + ((holds - fails) >> 1)
        };
        let middle = if middle <= fails || middle >= holds { fails + ((holds - fails) >> 1) } else { middle };
        if try_out(trial, played, middle)? {
            holds = middle;
        } else {
            fails = middle;
        }
    }
    Ok(holds < start)
}
