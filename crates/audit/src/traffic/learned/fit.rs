//! Counts what was seen.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::Address;

use super::class::{Known, Seen, durations, windows};
use super::{Class, Counts, Follow, Gap, Model, Slot, Symbol, Unit, VERSION, Wait};
use crate::sequence::BLOCK_SECONDS;
use crate::traffic::recording::{Recording, decoded};

/// What one call says.
#[derive(Debug, Clone)]
pub(super) struct Fact {
    /// Who called.
    pub(super) sender: Address,
    pub(super) symbol: u16,
    /// Functions that it follows, and whether their sender was the same. Each pair once a chain of calls.
    pub(super) follows: Vec<(u16, bool)>,
    /// Whether it follows nothing.
    pub(super) first: bool,
    pub(super) classes: Vec<Class>,
    pub(super) gap: Option<Gap>,
}

/// Functions by number.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    pub(super) all: Vec<Symbol>,
    numbers: BTreeMap<String, u16>,
}

impl Symbols {
    pub(super) fn number(&mut self, symbol: Symbol) -> Option<u16> {
        if let Some(number) = self.numbers.get(&symbol.signature) {
            return Some(*number);
        }
        let number =
            u16::try_from(self.all.len()).ok().filter(|number| usize::from(*number) < super::MOST_SYMBOLS)?;
        self.numbers.insert(symbol.signature.clone(), number);
        self.all.push(symbol);
        Some(number)
    }
}

/// What the calls of a recording say, in their order. Failed calls say nothing: they are not how it is done.
///
/// `shared` says of which functions others' values may be recognised in a call: of all where none are given.
pub(super) fn facts(
    recording: &Recording,
    symbols: &mut Symbols,
    shared: Option<&BTreeSet<String>>,
) -> Vec<Fact> {
    let durations = durations(&recording.getters);
    let windows = windows(&durations);
    let calls: Vec<_> =
        recording.calls.iter().filter(|call| call.success && call.step.function.is_some()).collect();
    let actors: BTreeSet<Address> = calls.iter().map(|call| call.step.sender).collect();
    // Which selectors are called is data too.
    let selectors: BTreeSet<[u8; 4]> = calls
        .iter()
        .filter(|_| shared.is_none())
        .filter_map(|call| call.step.function.as_ref().map(|function| *function.selector))
        .collect();
    let mut known = Known::default();
    // Of private fits: what each sender did itself.
    let mut own: BTreeMap<Address, Known> = BTreeMap::new();
    // The chain that a call belongs to: that of the call whose values it has, else one that it begins.
    let mut chains: Vec<usize> = Vec::with_capacity(calls.len());
    let mut last_of_chain: BTreeMap<usize, usize> = BTreeMap::new();
    let mut last_of_sender: BTreeMap<Address, usize> = BTreeMap::new();
    let mut counted: BTreeSet<(usize, u16, u16)> = BTreeSet::new();
    let mut numbers: Vec<u16> = Vec::with_capacity(calls.len());
    let mut facts = Vec::with_capacity(calls.len());
    for (place, call) in calls.iter().enumerate() {
        let Some(function) = &call.step.function else { continue };
        let sender = call.step.sender;
        let Some(symbol) = symbols.number(Symbol::of(function)) else {
            numbers.push(u16::MAX);
            chains.push(place);
            continue;
        };
        let seen = Seen {
            sender,
            contracts: &recording.contracts,
            actors: shared.is_none().then_some(&actors),
            selectors: &selectors,
            time: call.time,
        };
        let names = function.parameter_names();
        let arguments = &call.step.arguments;
        let (mut classes, mut anchor) = known.classes(arguments, &names, &seen);
        if let Some(own) = own.get(&sender)
            && anchor.is_none()
        {
            (classes, anchor) = own.classes(arguments, &names, &seen);
        }
        let chain = anchor.map_or(place, |anchor| chains[anchor]);
        let mut follows: Vec<(u16, bool)> = Vec::new();
        // In a private fit the chain is that of public calls: what others did last in it is theirs.
        let in_chain = if shared.is_some() { anchor } else { last_of_chain.get(&chain).copied() };
        for before in [in_chain, last_of_sender.get(&sender).copied()].into_iter().flatten() {
            let (before_symbol, same) = (numbers[before], calls[before].step.sender == sender);
            let new = shared.is_some() || counted.insert((chain, before_symbol, symbol));
            if before_symbol != u16::MAX && new {
                follows.push((before_symbol, same));
            }
        }
        follows.dedup();
        let at = |place: usize| (calls[place].block, calls[place].time);
        let since = if shared.is_some() { last_of_sender.get(&sender) } else { last_of_chain.get(&chain) };
        let gap = gap_of(
            at(place),
            anchor.map(at),
            since.map(|last| at(*last)),
            last_of_sender.get(&sender).map(|last| at(*last)),
            &durations,
            &windows,
        );
        let first = !last_of_sender.contains_key(&sender) && anchor.is_none();
        facts.push(Fact { sender, symbol, follows, first, classes, gap });
        numbers.push(symbol);
        chains.push(chain);
        last_of_chain.insert(chain, place);
        last_of_sender.insert(sender, place);
        let answers: Vec<DynSolValue> = decoded(&call.step, &call.output);
        let public = shared.is_none_or(|shared| shared.contains(&function.name()));
        if public {
            known.add(place, &call.step.arguments, &answers);
        } else {
            own.entry(sender).or_default().add(place, &call.step.arguments, &answers);
        }
    }
    facts
}

/// How long a call came after others: after the one whose values it has, the last of its chain, the last of its sender.
fn gap_of(
    now: (u64, u64),
    anchor: Option<(u64, u64)>,
    since: Option<(u64, u64)>,
    last: Option<(u64, u64)>,
    durations: &[(Vec<String>, u64)],
    windows: &[(String, String, u64, u64)],
) -> Option<Gap> {
    let passed = |from: (u64, u64)| (now.0.saturating_sub(from.0), now.1.saturating_sub(from.1));
    // The longest that has passed, where it has only just passed; of equal ones the shortest list.
    let just = |from: (u64, u64)| {
        let (blocks, seconds) = passed(from);
        let of = |unit, gap: u64, slack: u64| {
            let fits = durations
                .iter()
                .filter(move |(_, length)| *length < gap && gap <= length + length / 50 + slack);
            fits.map(move |(names, length)| (*length, unit, names.clone()))
        };
        let found = of(Unit::Blocks, blocks, 5).chain(of(Unit::Seconds, seconds, 5 * BLOCK_SECONDS));
        found
            .min_by_key(|(length, unit, names)| {
                let total = match unit {
                    Unit::Blocks => length.saturating_mul(BLOCK_SECONDS),
                    Unit::Seconds => *length,
                };
                (std::cmp::Reverse(total), names.len(), *unit, names.clone())
            })
            .map(|(_, unit, names)| (unit, names))
    };
    if let Some(anchor) = anchor {
        if let Some((unit, names)) = just(anchor) {
            return Some(Gap::After(unit, names));
        }
        if let Some((unit, names)) = since.filter(|since| *since != anchor).and_then(just) {
            return Some(Gap::Since(unit, names));
        }
        let (blocks, seconds) = passed(anchor);
        let within = |unit, gap: u64| {
            let fits = windows.iter().filter(move |(_, _, from, span)| gap > *from && gap <= from + span);
            fits.min_by_key(|(.., span)| *span)
                .map(|(from, span, ..)| Gap::Within(unit, from.clone(), span.clone()))
        };
        if let Some(gap) = within(Unit::Blocks, blocks).or_else(|| within(Unit::Seconds, seconds)) {
            return Some(gap);
        }
    }
    let (blocks, seconds) = passed(anchor.or(last)?);
    Some(match blocks {
        0 => Gap::Together,
        1 | 2 => Gap::Next,
        _ => Gap::free(seconds),
    })
}

fn add<T: Ord + Clone + Hash>(counts: &mut BTreeMap<T, f64>, key: &T, count: f64) {
    *counts.entry(key.clone()).or_default() += count;
}

/// Tables of counts.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) calls: BTreeMap<u16, f64>,
    pub(super) first: BTreeMap<u16, f64>,
    pub(super) follows: BTreeMap<(u16, u16), (f64, f64)>,
    pub(super) classes: BTreeMap<(u16, u16, Class), f64>,
    pub(super) gaps: BTreeMap<(u16, Gap), f64>,
}

impl Tables {
    pub(super) fn add(&mut self, fact: &Fact) {
        add(&mut self.calls, &fact.symbol, 1.0);
        if fact.first {
            add(&mut self.first, &fact.symbol, 1.0);
        }
        for (before, same) in &fact.follows {
            let (count, own) = self.follows.entry((*before, fact.symbol)).or_default();
            *count += 1.0;
            *own += f64::from(u8::from(*same));
        }
        for (place, class) in fact.classes.iter().enumerate() {
            if let Ok(place) = u16::try_from(place) {
                add(&mut self.classes, &(fact.symbol, place, *class), 1.0);
            }
        }
        if let Some(gap) = &fact.gap {
            add(&mut self.gaps, &(fact.symbol, gap.clone()), 1.0);
        }
    }

    pub(super) fn model(self, symbols: Symbols, source: String) -> Model {
        let of = |counts: &BTreeMap<u16, f64>| {
            (0..symbols.all.len())
                .map(|symbol| {
                    u16::try_from(symbol).ok().and_then(|symbol| counts.get(&symbol)).copied().unwrap_or(0.0)
                })
                .collect()
        };
        let mut slots: Vec<Slot> = Vec::new();
        for ((symbol, parameter, class), count) in self.classes {
            match slots.last_mut() {
                Some(slot) if (slot.symbol, slot.parameter) == (symbol, parameter) => {
                    slot.classes.push((class, count));
                }
                _ => slots.push(Slot { symbol, parameter, classes: vec![(class, count)] }),
            }
        }
        let mut waits: Vec<Wait> = Vec::new();
        for ((symbol, gap), count) in self.gaps {
            match waits.last_mut() {
                Some(wait) if wait.symbol == symbol => wait.gaps.push((gap, count)),
                _ => waits.push(Wait { symbol, gaps: Counts::from([(gap, count)]) }),
            }
        }
        let follows = self.follows.into_iter().map(|((before, after), (count, same_sender))| Follow {
            before,
            after,
            count,
            same_sender,
        });
        Model {
            version: VERSION,
            source,
            privacy: None,
            calls: of(&self.calls),
            first: of(&self.first),
            follows: follows.collect(),
            slots,
            waits,
            symbols: symbols.all,
        }
    }
}

impl Model {
    /// Fits a model to traffic; `source` says in words what it was.
    ///
    /// Deterministic. Cost: some microseconds a call.
    pub fn fit(recordings: &[Recording], source: &str) -> Self {
        let mut symbols = Symbols::default();
        let mut tables = Tables::default();
        for recording in recordings {
            for fact in facts(recording, &mut symbols, None) {
                tables.add(&fact);
            }
        }
        tables.model(symbols, source.to_owned())
    }
}
