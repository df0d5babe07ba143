//! A model put to a world: proposes calls.

use std::sync::Arc;

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_primitives::{Address, I256, U256, keccak256};
use daotwin_core::random::Stream;

use super::class::durations;
use super::symbol::{overlap, shape, words};
use super::{Class, Context, Gap, Model, Past, Proposer, Symbol, Unit};
use crate::Result;
use crate::artifact::Callable;
use crate::sequence::{Step, Wait};
use crate::traffic::recording::getters;
use crate::world::World;

/// Functions less alike than this say nothing of each other.
const ALIKE: f64 = 0.45;
/// Shares of what follows the last call, of what is called at all, and of anything.
const SHARES: [f64; 3] = [0.7, 0.2, 0.1];
/// What every origin that a type allows counts beside what was seen, over all of them.
const UNSEEN: f64 = 0.5;
/// The most members of an array that is made up.
const LONGEST: u64 = 3;

/// Shares to draw from by one number.
#[derive(Debug, Clone, Default)]
struct Draw {
    sums: Vec<f64>,
}

impl Draw {
    fn new(weights: impl IntoIterator<Item = f64>) -> Self {
        let mut sum = 0.0;
        let sums = weights.into_iter().map(|weight| {
            sum += weight;
            sum
        });
        Self { sums: sums.collect() }
    }

    /// A place; none where all weights are zero.
    fn draw(&self, stream: &mut Stream) -> Option<usize> {
        let total = self.sums.last().copied().filter(|total| *total > 0.0)?;
        let at = stream.uniform() * total;
        Some(self.sums.partition_point(|sum| *sum <= at).min(self.sums.len() - 1))
    }
}

/// A parameter and where its values come from.
#[derive(Debug, Clone)]
struct Parameter {
    name: Vec<String>,
    kind: DynSolType,
    classes: Vec<Class>,
    draw: Draw,
}

/// What the values of one call have in common.
#[derive(Debug, Clone, Copy)]
struct Making {
    sender: Address,
    /// Members of a list that is made up.
    length: u64,
    /// Whether it is a call inside a call.
    nested: bool,
}

/// A function of the world.
#[derive(Debug, Clone)]
struct Function {
    to: Address,
    callable: Arc<Callable>,
    parameters: Vec<Parameter>,
    gaps: Vec<Gap>,
    gap: Draw,
    /// The chance that its sender is that of the call before.
    same_sender: f64,
    /// What follows it.
    follows: Draw,
}

/// A model put to a world.
#[derive(Debug, Clone)]
pub struct Bound {
    functions: Vec<Function>,
    /// What is called at all.
    calls: Draw,
    /// What begins.
    first: Draw,
    contracts: Vec<Address>,
    actors: Vec<Address>,
    durations: Vec<(Vec<String>, u64)>,
}

fn pick<T: Copy>(of: &[T], stream: &mut Stream) -> Option<T> {
    if of.is_empty() { None } else { of.get(stream.below(of.len() as u64) as usize).copied() }
}

impl Bound {
    pub(super) fn new(model: &Model, world: &World) -> Result<Self> {
        let mut callables: Vec<(Address, Arc<Callable>)> = Vec::new();
        for deployed in &world.contracts {
            let contracts = [deployed.implementation.as_ref(), Some(&deployed.contract)];
            for callable in contracts.into_iter().flatten().flat_map(|contract| &contract.functions) {
                let new = |(to, known): &(Address, Arc<Callable>)| {
                    *to != deployed.address || known.selector != callable.selector
                };
                if !callable.view() && callables.iter().all(new) {
                    callables.push((deployed.address, Arc::new(callable.clone())));
                }
            }
        }
        let symbols: Vec<Symbol> = callables.iter().map(|(_, callable)| Symbol::of(callable)).collect();
        // How much each function of the world is each function of the model.
        let alike: Vec<Vec<f64>> = symbols
            .iter()
            .map(|own| {
                model
                    .symbols
                    .iter()
                    .map(|known| own.likeness(known))
                    .map(|a| if a < ALIKE { 0.0 } else { a.powi(4) })
                    .collect()
            })
            .collect();
        // A function of the model is shared out among those of the world that are alike to it.
        let count = model.symbols.len();
        let sums: Vec<f64> = (0..count).map(|known| alike.iter().map(|row| row[known]).sum()).collect();
        let share =
            |own: usize, known: usize| if sums[known] > 0.0 { alike[own][known] / sums[known] } else { 0.0 };
        // Calls in proportion to the root of how often: a vote is cast a thousand times as often as a proposal is made.
        let spread = |counts: &[f64]| -> Vec<f64> {
            (0..symbols.len())
                .map(|own| (0..count).map(|known| share(own, known) * counts[known].sqrt()).sum())
                .collect()
        };
        let calls = spread(&model.calls);
        let first = spread(&model.first);
        let mut functions = Vec::with_capacity(symbols.len());
        for (own, (to, callable)) in callables.iter().enumerate() {
            let belongs: f64 = alike[own].iter().sum();
            let part = |known: usize| if belongs > 0.0 { alike[own][known] / belongs } else { 0.0 };
            let mut after = vec![0.0; symbols.len()];
            let (mut followed, mut by_same) = (1.0, 0.7);
            for follow in &model.follows {
                let (before, next) = (usize::from(follow.before), usize::from(follow.after));
                let weight = part(before) * follow.count;
                if weight > 0.0 {
                    for (place, after) in after.iter_mut().enumerate() {
                        *after += weight * share(place, next);
                    }
                }
                let mine = part(next);
                followed += mine * follow.count;
                by_same += mine * follow.same_sender;
            }
            functions.push(Function {
                to: *to,
                callable: Arc::clone(callable),
                parameters: parameters(model, &symbols[own], callable, &alike[own]),
                same_sender: by_same / followed,
                follows: mixture(&after, &calls),
                ..gaps(model, &alike[own])
            });
        }
        Ok(Self {
            calls: mixture(&calls, &calls),
            first: mixture(&first, &calls),
            functions,
            contracts: world.contracts.iter().map(|deployed| deployed.address).collect(),
            actors: world.actors.iter().map(|actor| actor.address).collect(),
            durations: durations(&getters(world)?),
        })
    }

    /// The chance that one function follows another, by signatures; for tests and for looking at a model.
    pub fn chance(&self, before: &str, after: &str) -> f64 {
        let place = |signature: &str| {
            self.functions.iter().position(|function| function.callable.signature() == signature)
        };
        let (Some(before), Some(after)) = (place(before), place(after)) else { return 0.0 };
        let sums = &self.functions[before].follows.sums;
        let at = |place: usize| sums[place] - place.checked_sub(1).map_or(0.0, |last| sums[last]);
        sums.last().filter(|total| **total > 0.0).map_or(0.0, |total| at(after) / total)
    }

    fn place(&self, step: &Step) -> Option<usize> {
        let selector = step.function.as_ref()?.selector;
        self.functions
            .iter()
            .position(|function| function.to == step.to && function.callable.selector == selector)
    }

    fn function(&self, context: &Context<'_>, stream: &mut Stream) -> Option<usize> {
        // Mostly after the last call; at times after one before, as several things go on.
        let path = context.path;
        let back = if path.len() > 1 && stream.chance(0.3) {
            stream.below(path.len() as u64) as usize
        } else {
            path.len().saturating_sub(1)
        };
        let after = path.get(back).and_then(|past| self.place(&past.step));
        match after {
            Some(after) => self.functions[after].follows.draw(stream),
            None if path.is_empty() => self.first.draw(stream),
            None => self.calls.draw(stream),
        }
    }

    /// The sum of the world's own numbers whose names are most like these.
    fn duration(&self, names: &[String]) -> Option<u64> {
        let mut sum = 0_u64;
        for name in names {
            let wanted = words(name);
            let singles = self.durations.iter().filter(|(names, _)| names.len() == 1);
            let best = singles
                .map(|(names, length)| (overlap(&words(&names[0]), &wanted), *length))
                .filter(|(alike, _)| *alike >= 0.5)
                .max_by(|left, right| left.0.total_cmp(&right.0))?;
            sum = sum.saturating_add(best.1);
        }
        Some(sum)
    }

    fn wait(
        &self,
        function: &Function,
        context: &Context<'_>,
        anchor: Option<&Past>,
        stream: &mut Stream,
    ) -> Wait {
        let own = function.gap.draw(stream).map(|place| &function.gaps[place]);
        let now = (context.state.block, context.state.time);
        let last = context.path.last().map_or(now, |past| (past.block, past.time));
        let anchor = anchor.map_or(last, |past| (past.block, past.time));
        // At times what was not seen: any of the contract's delays.
        let (from, unit, length) = if stream.chance(0.1)
            && let Some((_, length)) = pick_ref(&self.durations, stream)
        {
            (
                if stream.chance(0.5) { anchor } else { last },
                if stream.chance(0.5) { Unit::Blocks } else { Unit::Seconds },
                Some(*length),
            )
        } else {
            match own {
                Some(Gap::After(unit, names)) => (anchor, *unit, self.duration(names)),
                Some(Gap::Since(unit, names)) => (last, *unit, self.duration(names)),
                Some(Gap::Within(unit, start, span)) => {
                    let start = self.duration(std::slice::from_ref(start)).unwrap_or(0);
                    let span = self.duration(std::slice::from_ref(span));
                    // Rather early: something is to come after it.
                    let share = stream.uniform().powi(3);
                    (anchor, *unit, span.map(|span| start.saturating_add((share * span as f64) as u64)))
                }
                Some(Gap::Next) => return Wait::blocks(1 + stream.below(2)),
                Some(Gap::Free(power)) => {
                    let least = 1_u64 << (*power).min(26);
                    return Wait::seconds(least + stream.below(least));
                }
                Some(Gap::Together) | None => return Wait::default(),
            }
        };
        let Some(length) = length else { return Wait::default() };
        match unit {
            Unit::Blocks => {
                Wait::blocks(from.0.saturating_add(length).saturating_add(1).saturating_sub(now.0))
            }
            Unit::Seconds => {
                Wait::seconds(from.1.saturating_add(length).saturating_add(1).saturating_sub(now.1))
            }
        }
    }

    /// A value for a parameter, the earlier call whose it is, and where it comes from.
    fn value<'c>(
        &self,
        parameter: &Parameter,
        made: &Making,
        context: &Context<'c>,
        stream: &mut Stream,
    ) -> (DynSolValue, Option<&'c Past>, Class) {
        let class = parameter.draw.draw(stream).map_or(Class::Fresh, |place| parameter.classes[place]);
        let threaded = match class {
            Class::Same => same(parameter, context, stream),
            Class::Returned => returned(parameter, context, stream),
            Class::Hashed => hashed(parameter, context, stream),
            _ => None,
        };
        match threaded {
            Some((value, past)) => (value, Some(past), class),
            None => (self.made(&parameter.kind, class, made, context, stream), None, class),
        }
    }

    fn made(
        &self,
        kind: &DynSolType,
        class: Class,
        made: &Making,
        context: &Context<'_>,
        stream: &mut Stream,
    ) -> DynSolValue {
        let sender = made.sender;
        let again = |kind: &DynSolType, stream: &mut Stream| self.made(kind, class, made, context, stream);
        match kind {
            DynSolType::Bool => DynSolValue::Bool(match class {
                Class::One => true,
                Class::Nothing => false,
                _ => stream.chance(0.5),
            }),
            DynSolType::Uint(bits) => {
                let number = number(class, context, stream);
                DynSolValue::Uint(
                    if *bits < 256 { number & ((U256::from(1) << *bits) - U256::from(1)) } else { number },
                    *bits,
                )
            }
            DynSolType::Int(bits) => {
                let number = number(class, context, stream) >> (257 - (*bits).min(256));
                let number = I256::from_raw(number);
                DynSolValue::Int(if stream.chance(0.3) { -number } else { number }, *bits)
            }
            DynSolType::Address => DynSolValue::Address(match class {
                Class::Nothing => Address::ZERO,
                Class::Contract => pick(&self.contracts, stream).unwrap_or(sender),
                Class::Actor => pick(&self.actors, stream).unwrap_or(sender),
                Class::Fresh => pick(&self.contracts, stream)
                    .filter(|_| stream.chance(0.5))
                    .unwrap_or_else(|| Address::left_padding_from(&stream.bits().to_be_bytes())),
                _ => sender,
            }),
            DynSolType::FixedBytes(size) => {
                let word = match class {
                    Class::Nothing => U256::ZERO,
                    _ => pick(context.constants, stream).unwrap_or_else(|| U256::from(stream.bits())),
                };
                DynSolValue::FixedBytes(word.into(), *size)
            }
            DynSolType::Bytes => match class {
                Class::Nested if !made.nested => DynSolValue::Bytes(self.nested(sender, context, stream).1),
                _ => DynSolValue::Bytes(Vec::new()),
            },
            DynSolType::String => DynSolValue::String(match class {
                Class::Nothing => String::new(),
                _ => format!("{:x}", stream.below(1 << 16)),
            }),
            DynSolType::Array(inner) => {
                DynSolValue::Array((0..made.length).map(|_| again(inner, stream)).collect())
            }
            DynSolType::FixedArray(inner, length) => {
                DynSolValue::FixedArray((0..*length).map(|_| again(inner, stream)).collect())
            }
            DynSolType::Tuple(kinds) => {
                DynSolValue::Tuple(kinds.iter().map(|kind| again(kind, stream)).collect())
            }
            DynSolType::Function => DynSolValue::Function(alloy_primitives::Function::ZERO),
        }
    }

    /// A call inside a call: ether and input, on which contract.
    fn nested(
        &self,
        sender: Address,
        context: &Context<'_>,
        stream: &mut Stream,
    ) -> ((Address, U256), Vec<u8>) {
        if !context.payloads.is_empty() && stream.chance(0.7) {
            let (to, value, data) = &context.payloads[stream.below(context.payloads.len() as u64) as usize];
            return ((*to, *value), data.to_vec());
        }
        let Some(function) = pick_ref(&self.functions, stream) else {
            return ((sender, U256::ZERO), Vec::new());
        };
        let made = Making { sender, length: 1, nested: true };
        let arguments =
            function.parameters.iter().map(|parameter| self.value(parameter, &made, context, stream).0);
        let arguments: Vec<DynSolValue> = arguments.collect();
        let data = crate::traffic::session::input(function.callable.selector, arguments);
        ((function.to, U256::ZERO), data.to_vec())
    }

    /// Parameters of a function that make others call: lists (or single ones) of targets, ether, signatures and inputs of
    /// one length, so that each input goes to its target.
    fn calls_of(function: &Function) -> Option<[Option<usize>; 4]> {
        let kinds: Vec<String> =
            function.parameters.iter().map(|parameter| parameter.kind.sol_type_name().into_owned()).collect();
        let place = |kind: &str| kinds.iter().position(|own| own == kind);
        let many = [place("address[]"), place("uint256[]"), place("string[]"), place("bytes[]")];
        if many[0].is_some() && many[3].is_some() {
            return Some(many);
        }
        let one = [place("address"), place("uint256"), None, place("bytes")];
        (one[0].is_some() && one[3].is_some()).then_some(one)
    }

    fn bundle(
        &self,
        function: &Function,
        arguments: &mut [DynSolValue],
        made: &Making,
        context: &Context<'_>,
        stream: &mut Stream,
    ) {
        let Some([targets, values, signatures, inputs]) = Self::calls_of(function) else { return };
        let many = targets.is_some_and(|place| matches!(arguments[place], DynSolValue::Array(_)));
        let length = if many { made.length } else { 1 };
        let sender = made.sender;
        let calls: Vec<_> = (0..length).map(|_| self.nested(sender, context, stream)).collect();
        if calls.is_empty() {
            return;
        }
        let mut put = |place: Option<usize>, each: &dyn Fn(&((Address, U256), Vec<u8>)) -> DynSolValue| {
            if let Some(place) = place {
                let values: Vec<DynSolValue> = calls.iter().map(each).collect();
                arguments[place] = if many {
                    DynSolValue::Array(values)
                } else {
                    values.into_iter().next().unwrap_or(DynSolValue::Bool(false))
                };
            }
        };
        put(targets, &|((to, _), _)| DynSolValue::Address(*to));
        put(values, &|((_, value), _)| DynSolValue::Uint(*value, 256));
        put(signatures, &|_| DynSolValue::String(String::new()));
        put(inputs, &|(_, data)| DynSolValue::Bytes(data.clone()));
    }
}

fn pick_ref<'o, T>(of: &'o [T], stream: &mut Stream) -> Option<&'o T> {
    if of.is_empty() { None } else { of.get(stream.below(of.len() as u64) as usize) }
}

/// Weights of what was seen, of what is called at all, and of anything, each as shares.
fn mixture(seen: &[f64], calls: &[f64]) -> Draw {
    let shares = |weights: &[f64]| -> Vec<f64> {
        let total: f64 = weights.iter().sum();
        weights.iter().map(|weight| if total > 0.0 { weight / total } else { 0.0 }).collect()
    };
    let (seen, calls) = (shares(seen), shares(calls));
    let each = 1.0 / seen.len().max(1) as f64;
    Draw::new(
        seen.iter().zip(&calls).map(|(seen, calls)| SHARES[0] * seen + SHARES[1] * calls + SHARES[2] * each),
    )
}

/// Where the values of a function's parameters come from: as those of alike parameters of alike functions did.
fn parameters(model: &Model, own: &Symbol, callable: &Callable, alike: &[f64]) -> Vec<Parameter> {
    let names: Vec<Vec<String>> = own.parameters.iter().map(|name| words(name)).collect();
    let known: Vec<(Vec<String>, String)> = model
        .slots
        .iter()
        .map(|slot| {
            let symbol = &model.symbols[usize::from(slot.symbol)];
            let place = usize::from(slot.parameter);
            (words(&symbol.parameters[place]), shape(&symbol.inputs[place]))
        })
        .collect();
    callable
        .inputs
        .iter()
        .enumerate()
        .map(|(place, kind)| {
            let type_name = kind.sol_type_name().into_owned();
            let classes: Vec<Class> = Class::ALL.into_iter().filter(|class| class.fits(&type_name)).collect();
            let mut weights = vec![UNSEEN / classes.len().max(1) as f64; classes.len()];
            let shape = shape(&type_name);
            for (slot, (name, other)) in model.slots.iter().zip(&known) {
                if *other != shape {
                    continue;
                }
                let likeness = alike[usize::from(slot.symbol)];
                let called = overlap(&names[place], name);
                let here = if usize::from(slot.parameter) == place { 1.0 } else { 0.3 };
                // The same function; a parameter of the same name elsewhere; the type alone.
                let weight = likeness * here + 0.05 * called + 0.002;
                let total: f64 = slot.classes.iter().map(|(_, count)| count).sum();
                if total <= 0.0 {
                    continue;
                }
                // A thousand calls are as good a witness as a million.
                let weight = weight * 10.0 * total.min(1_000.0).sqrt() / total;
                for (class, count) in &slot.classes {
                    if let Some(place) = classes.iter().position(|own| own == class) {
                        weights[place] += weight * count;
                    }
                }
            }
            Parameter { name: names[place].clone(), kind: kind.clone(), classes, draw: Draw::new(weights) }
        })
        .collect()
}

/// How long a function is waited with.
fn gaps(model: &Model, alike: &[f64]) -> Function {
    let mut all: std::collections::BTreeMap<Gap, f64> = std::collections::BTreeMap::new();
    for gap in [Gap::Together, Gap::Next] {
        all.insert(gap, 0.5);
    }
    for wait in &model.waits {
        let likeness = alike[usize::from(wait.symbol)];
        let total: f64 = wait.gaps.iter().map(|(_, count)| count).sum();
        if likeness > 0.0 && total > 0.0 {
            for (gap, count) in &wait.gaps {
                *all.entry(gap.clone()).or_default() += 10.0 * likeness * count / total;
            }
        }
    }
    let (gaps, weights): (Vec<Gap>, Vec<f64>) = all.into_iter().unzip();
    let callable = Callable {
        selector: alloy_primitives::Selector::ZERO,
        function: None,
        inputs: Vec::new(),
        outputs: Vec::new(),
        mutability: alloy_json_abi::StateMutability::NonPayable,
    };
    Function {
        to: Address::ZERO,
        callable: Arc::new(callable),
        parameters: Vec::new(),
        gap: Draw::new(weights),
        gaps,
        same_sender: 0.0,
        follows: Draw::default(),
    }
}

fn number(class: Class, context: &Context<'_>, stream: &mut Stream) -> U256 {
    let random = |stream: &mut Stream| U256::from(stream.bits()) >> stream.below(64) as usize;
    match class {
        Class::Nothing => U256::ZERO,
        Class::One => U256::from(1),
        Class::Small => U256::from(2 + stream.below(254)),
        Class::Whole => pick(context.balances, stream).unwrap_or_default(),
        Class::Part => pick(context.balances, stream).unwrap_or_default() / U256::from(1 + stream.below(10)),
        Class::Round => {
            U256::from(1 + stream.below(1_000))
                * U256::from(10).pow(U256::from([6, 15, 18][stream.below(3) as usize]))
        }
        Class::Time => U256::from(context.state.time + stream.below(30 * 86_400)),
        _ => match stream.below(3) {
            0 => pick(context.constants, stream).unwrap_or_else(|| random(stream)),
            1 => pick(context.balances, stream).unwrap_or_else(|| random(stream)),
            _ => random(stream),
        },
    }
}

/// An earlier value, rather a late one.
fn late<'c>(found: &[(DynSolValue, &'c Past, bool)], stream: &mut Stream) -> Option<(DynSolValue, &'c Past)> {
    // Found from the last call on; of the same name before others.
    let named: Vec<&(DynSolValue, &'c Past, bool)> = found.iter().filter(|(_, _, named)| *named).collect();
    let all: Vec<&(DynSolValue, &'c Past, bool)> =
        if named.is_empty() || stream.chance(0.1) { found.iter().collect() } else { named };
    let mut place = 0;
    while place + 1 < all.len() && stream.chance(0.3) {
        place += 1;
    }
    all.get(place).map(|(value, past, _)| (value.clone(), *past))
}

fn same<'c>(
    parameter: &Parameter,
    context: &Context<'c>,
    stream: &mut Stream,
) -> Option<(DynSolValue, &'c Past)> {
    let mut found = Vec::new();
    for past in context.path.iter().rev() {
        let Some(function) = &past.step.function else { continue };
        let names = function.parameter_names();
        for (place, value) in past.step.arguments.iter().enumerate() {
            if function.inputs.get(place) == Some(&parameter.kind) {
                let name = words(names.get(place).copied().unwrap_or_default());
                found.push((value.clone(), past, overlap(&name, &parameter.name) > 0.5));
            }
        }
    }
    late(&found, stream)
}

fn returned<'c>(
    parameter: &Parameter,
    context: &Context<'c>,
    stream: &mut Stream,
) -> Option<(DynSolValue, &'c Past)> {
    let mut found = Vec::new();
    for past in context.path.iter().rev() {
        for value in &past.answers {
            if parameter.kind.matches(value) {
                found.push((value.clone(), past, true));
            }
        }
    }
    late(&found, stream)
}

fn hashed<'c>(
    parameter: &Parameter,
    context: &Context<'c>,
    stream: &mut Stream,
) -> Option<(DynSolValue, &'c Past)> {
    if parameter.kind != DynSolType::FixedBytes(32) {
        return None;
    }
    let mut found = Vec::new();
    for past in context.path.iter().rev() {
        for value in &past.step.arguments {
            let hash = match value {
                DynSolValue::String(text) => keccak256(text),
                DynSolValue::Bytes(bytes) => keccak256(bytes),
                _ => continue,
            };
            let named = matches!(value, DynSolValue::String(_));
            found.push((DynSolValue::FixedBytes(hash, 32), past, named));
        }
    }
    late(&found, stream)
}

impl Proposer for Bound {
    fn next(&self, context: &Context<'_>, stream: &mut Stream) -> Option<Step> {
        let function = &self.functions[self.function(context, stream)?];
        let last =
            context.path.last().map(|past| past.step.sender).filter(|last| context.senders.contains(last));
        let sender = match last {
            Some(last) if stream.chance(function.same_sender) => last,
            _ => pick(context.senders, stream)?,
        };
        // One length for all lists of a call: those of a proposal have to be equally long.
        let length = if stream.chance(0.85) { 1 } else { stream.below(LONGEST + 1) };
        let made = Making { sender, length, nested: false };
        let mut anchor: Option<&Past> = None;
        let mut nested = false;
        let mut arguments = Vec::with_capacity(function.parameters.len());
        for parameter in &function.parameters {
            let (value, from, class) = self.value(parameter, &made, context, stream);
            nested |= class == Class::Nested;
            if let Some(from) = from
                && !matches!(value, DynSolValue::Address(_) | DynSolValue::Bool(_))
                && anchor.is_none_or(|known| from.block >= known.block)
            {
                anchor = Some(from);
            }
            arguments.push(value);
        }
        if anchor.is_none() && (nested || !context.payloads.is_empty() && stream.chance(0.7)) {
            self.bundle(function, &mut arguments, &made, context, stream);
        }
        let value = if function.callable.payable() && stream.chance(0.7) {
            pick(context.balances, stream).unwrap_or_default() / U256::from(1 + stream.below(3))
        } else {
            U256::ZERO
        };
        let wait = self.wait(function, context, anchor, stream);
        Some(Step {
            sender,
            to: function.to,
            function: Some(Arc::clone(&function.callable)),
            arguments,
            value,
            wait,
            inner: Vec::new(),
        })
    }
}
