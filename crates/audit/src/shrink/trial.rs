//! Plays candidates, from the first step in which they differ.

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_primitives::{Address, Bytes, U256, keccak256};

use super::place::{Codec, Place, places};
use crate::Result;
use crate::chain::{Machine, State};
use crate::finding::{Effect, balance};
use crate::sequence::Step;

/// A step with a number that stays its own when others are left out.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) number: usize,
    pub(super) step: Arc<Step>,
}

impl Item {
    pub(super) fn with(&self, step: Step) -> Self {
        Self { number: self.number, step: Arc::new(step) }
    }
}

/// Steps that were played and did the harm.
#[derive(Debug, Clone)]
pub(super) struct Played {
    pub(super) items: Vec<Item>,
    /// Before each step, and after the last.
    pub(super) states: Vec<Arc<State>>,
    pub(super) outputs: Vec<Bytes>,
}

impl Played {
    pub(super) fn steps(&self) -> Vec<Step> {
        self.items.iter().map(|item| (*item.step).clone()).collect()
    }

    pub(super) fn last<'p>(&'p self, first: &'p Arc<State>) -> &'p Arc<State> {
        self.states.last().unwrap_or(first)
    }
}

/// Where the value of an argument comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    /// A word that a step answered.
    Output(usize),
    /// The Keccak hash of a text or bytes of a step.
    Hash(Place),
}

/// Arguments of one value that follow what an earlier step answers or is given.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Link {
    from: usize,
    source: Source,
    to: usize,
    word: U256,
}

/// Plays candidates of one finding.
#[derive(Debug)]
pub(super) struct Trial<'t> {
    pub(super) machine: &'t mut Machine,
    pub(super) first: &'t Arc<State>,
    pub(super) codec: &'t Codec,
    links: Vec<Link>,
    /// What tokens were worth at first, so that nobody asks twice.
    balances: BTreeMap<(Address, Address), U256>,
    /// Transactions that may still be run, and were run.
    pub(super) left: u64,
    pub(super) spent: u64,
}

impl<'t> Trial<'t> {
    pub(super) fn new(machine: &'t mut Machine, first: &'t Arc<State>, codec: &'t Codec) -> Self {
        Self { machine, first, codec, links: Vec::new(), balances: BTreeMap::new(), left: u64::MAX, spent: 0 }
    }

    fn spend(&mut self) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        self.spent += 1;
        true
    }

    /// Plays steps; those that are the same as at the beginning of `base` are not played again. Nothing where a step fails,
    /// an effect does not hold, or the transactions are used up.
    pub(super) fn play(
        &mut self,
        base: Option<&Played>,
        items: &[Item],
        effects: &[Effect],
    ) -> Result<Option<Played>> {
        let same = |base: &Played| {
            let pairs = base.items.iter().zip(items);
            pairs.take_while(|(a, b)| Arc::ptr_eq(&a.step, &b.step) || a.step == b.step).count()
        };
        let known = base.map_or(0, same);
        let mut played = Played {
            items: items[..known].to_vec(),
            states: base.map_or_else(Vec::new, |base| base.states[..known].to_vec()),
            outputs: base.map_or_else(Vec::new, |base| base.outputs[..known].to_vec()),
        };
        let mut state = base.map_or(self.first, |base| &base.states[known]).clone();
        for item in &items[known..] {
            if !self.spend() {
                return Ok(None);
            }
            let item = self.follow(item, &played);
            let ran = item.step.run(self.machine, &state)?;
            if !ran.outcome.success() {
                return Ok(None);
            }
            played.outputs.push(ran.outcome.output.clone());
            played.states.push(state);
            state = ran.after(&item.step);
            played.items.push(item);
        }
        for effect in effects {
            if !self.spend() || !self.holds(effect, &state)? {
                return Ok(None);
            }
        }
        played.states.push(state);
        Ok(Some(played))
    }

    fn holds(&mut self, effect: &Effect, last: &Arc<State>) -> Result<bool> {
        match self.gain(effect, last)? {
            Some((gain, least)) => Ok(gain >= least),
            None => effect.holds(self.machine, self.first, last),
        }
    }

    /// How much an effect that is a quantity amounts to, and how much it should.
    pub(super) fn gain(&mut self, effect: &Effect, last: &Arc<State>) -> Result<Option<(U256, U256)>> {
        Ok(Some(match effect {
            Effect::EtherGained { account, least } => {
                (last.balance(*account).saturating_sub(self.first.balance(*account)), *least)
            }
            Effect::EtherLost { account, least } => {
                (self.first.balance(*account).saturating_sub(last.balance(*account)), *least)
            }
            Effect::TokenGained { token, account, least } => {
                let before = self.at_first(*token, *account)?;
                (balance(self.machine, last, *token, *account)?.saturating_sub(before), *least)
            }
            Effect::TokenLost { token, account, least } => {
                let before = self.at_first(*token, *account)?;
                (before.saturating_sub(balance(self.machine, last, *token, *account)?), *least)
            }
            _ => return Ok(None),
        }))
    }

    fn at_first(&mut self, token: Address, account: Address) -> Result<U256> {
        if let Some(known) = self.balances.get(&(token, account)) {
            return Ok(*known);
        }
        let had = balance(self.machine, self.first, token, account)?;
        self.balances.insert((token, account), had);
        Ok(had)
    }

    /// Finds out which arguments follow what earlier steps answered or were given: a number that a proposal got, the hash of
    /// its description.
    pub(super) fn link(&mut self, played: &Played) {
        let all: Vec<_> = played.items.iter().map(|item| places(&item.step, self.codec)).collect();
        let mut links = Vec::new();
        for (at, item) in played.items.iter().enumerate() {
            for (_, value, name) in &all[at] {
                let Some(word) = follower(value, name) else { continue };
                let source = (0..at).rev().find_map(|from| {
                    let output = &played.outputs[from];
                    let mut answered = answers(&played.items[from].step, output);
                    answered
                        .find(|(_, other)| *other == word)
                        .map(|(number, _)| (from, Source::Output(number)))
                        .or_else(|| {
                            let hashed =
                                |value: &DynSolValue| text(value).is_some_and(|text| hash(text) == word);
                            let found = all[from].iter().find(|(_, value, _)| hashed(value));
                            found.map(|(place, ..)| (from, Source::Hash(place.clone())))
                        })
                });
                if let Some((from, source)) = source {
                    let from = played.items[from].number;
                    let link = Link { from, source, to: item.number, word };
                    if !links.contains(&link) {
                        links.push(link);
                    }
                }
            }
        }
        self.links = links;
    }

    /// A step with the arguments that follow earlier ones.
    fn follow(&self, item: &Item, played: &Played) -> Item {
        let number = item.number;
        let mut item = item.clone();
        for link in self.links.iter().filter(|link| link.to == number) {
            let Some(from) = played.items.iter().position(|other| other.number == link.from) else {
                continue;
            };
            let new = match &link.source {
                Source::Output(number) => {
                    played.outputs[from].chunks_exact(32).nth(*number).map(U256::from_be_slice)
                }
                Source::Hash(place) => {
                    place.get(&played.items[from].step, self.codec).as_ref().and_then(text).map(hash)
                }
            };
            let Some(new) = new.filter(|new| *new != link.word) else { continue };
            for (place, value, name) in places(&item.step, self.codec) {
                if follower(&value, &name) == Some(link.word)
                    && let Some(step) = place.set(&item.step, like(&value, new), self.codec)
                {
                    item = item.with(step);
                }
            }
        }
        item
    }
}

/// The word of a value that may follow another: small numbers are equal by chance, those that are called a number of
/// something are not.
fn follower(value: &DynSolValue, name: &str) -> Option<U256> {
    word(value).filter(|word| *word > U256::from(u64::MAX) || name.to_lowercase().contains("id"))
}

/// A value of one word that is a number or a hash.
fn word(value: &DynSolValue) -> Option<U256> {
    match value {
        DynSolValue::Uint(value, _) => Some(*value),
        DynSolValue::FixedBytes(word, 32) => Some((*word).into()),
        _ => None,
    }
}

/// A word as a value of the same type as another.
fn like(other: &DynSolValue, word: U256) -> DynSolValue {
    match other {
        DynSolValue::FixedBytes(_, size) => DynSolValue::FixedBytes(word.into(), *size),
        DynSolValue::Uint(_, bits) => DynSolValue::Uint(word, *bits),
        _ => other.clone(),
    }
}

/// The numbers and hashes that a step answered, each with its place among the words of the answer.
pub(super) fn answers(step: &Step, output: &[u8]) -> impl Iterator<Item = (usize, U256)> {
    let kinds = step.function.iter().flat_map(|callable| &callable.outputs);
    let single = kinds.take_while(|kind| {
        !matches!(kind, DynSolType::Array(_) | DynSolType::FixedArray(..) | DynSolType::Tuple(_))
    });
    let words = output.chunks_exact(32).map(U256::from_be_slice);
    let words = single.zip(words).enumerate();
    let numbers =
        words.filter(|(_, (kind, _))| matches!(kind, DynSolType::Uint(_) | DynSolType::FixedBytes(32)));
    numbers.map(|(number, (_, word))| (number, word)).collect::<Vec<_>>().into_iter()
}

/// The bytes of a text or of bytes.
pub(super) fn text(value: &DynSolValue) -> Option<&[u8]> {
    match value {
        DynSolValue::String(text) => Some(text.as_bytes()),
        DynSolValue::Bytes(bytes) => Some(bytes),
        _ => None,
    }
}

pub(super) fn hash(text: &[u8]) -> U256 {
    keccak256(text).into()
}
