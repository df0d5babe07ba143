//! Values of arguments: made up, taken from what is known, or handed on from earlier calls.

use std::sync::Arc;

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_primitives::{Address, B256, I256, U256, keccak256};
use daotwin_core::random::Stream;

use super::knowledge::Knowledge;
use super::payload::{FIRST, Payload};
use crate::artifact::Callable;
use crate::sequence::Step;

/// Whether every input and output is something that a word holds, or text.
pub(super) fn simple(function: &Callable) -> bool {
    function.outputs.iter().all(|kind| !matches!(kind, DynSolType::Function))
}

/// Values that came up on the way to a state, newest last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    /// Arguments given, by name and type.
    pub(super) given: Vec<(String, DynSolValue)>,
    /// Answers of calls.
    pub(super) answers: Vec<DynSolValue>,
    /// Hashes of texts given.
    pub(super) hashes: Vec<B256>,
}

impl Memory {
    const MOST: usize = 48;

    /// Takes in a step that went well.
    pub(super) fn extend(&mut self, step: &Step, answers: Vec<DynSolValue>) {
        let Some(function) = &step.function else { return };
        for (name, value) in function.parameter_names().into_iter().zip(&step.arguments) {
            self.given.retain(|(known, old)| known != name || old.as_type() != value.as_type());
            self.given.push((name.to_owned(), value.clone()));
            if let DynSolValue::String(text) = value {
                self.hashes.push(keccak256(text));
            }
        }
        // What is answered under a name is what other functions ask for under it.
        let outputs = function.function.iter().flat_map(|function| &function.outputs);
        for (output, value) in outputs.zip(&answers) {
            if !output.name.is_empty() {
                self.given.retain(|(known, old)| *known != output.name || old.as_type() != value.as_type());
                self.given.push((output.name.clone(), value.clone()));
            }
        }
        self.answers.extend(answers);
        if self.answers.len() > Self::MOST {
            self.answers.drain(..self.answers.len() - Self::MOST);
        }
        if self.given.len() > Self::MOST {
            self.given.drain(..self.given.len() - Self::MOST);
        }
        if self.hashes.len() > Self::MOST {
            self.hashes.drain(..self.hashes.len() - Self::MOST);
        }
    }

    fn answered(&self, kind: &DynSolType, stream: &mut Stream) -> Option<DynSolValue> {
        let fitting: Vec<&DynSolValue> = self.answers.iter().filter(|value| kind.matches(value)).collect();
        newest(&fitting, stream).map(|value| (*value).clone())
    }
}

/// One of a list, the newest likelier.
fn newest<'l, T>(list: &'l [T], stream: &mut Stream) -> Option<&'l T> {
    if list.is_empty() {
        return None;
    }
    let last = list.len() as u64 - 1;
    Some(&list[if stream.chance(0.6) { last } else { stream.below(last + 1) } as usize])
}

/// Makes values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Maker<'m> {
    pub(super) knowledge: &'m Knowledge,
    pub(super) memory: &'m Memory,
    pub(super) payloads: &'m [Payload],
    /// Ether that the sender has, in wei.
    pub(super) ether: U256,
    /// What the sender has of tokens, and other amounts of the moment.
    pub(super) amounts: &'m [U256],
    /// What is lent at the moment.
    pub(super) lent: Option<U256>,
}

impl Maker<'_> {
    /// Arguments for a function, and the number of the payload that they carry.
    pub(super) fn arguments(
        &self,
        function: &Callable,
        stream: &mut Stream,
    ) -> (Vec<DynSolValue>, Option<u16>) {
        let names = function.parameter_names();
        let mut used: Option<Vec<Option<DynSolValue>>> = None;
        let mut carried = None;
        if !self.payloads.is_empty() && stream.chance(0.6) {
            // Those that do the most harm come first.
            let among = if stream.chance(0.5) { self.payloads.len().min(FIRST) } else { self.payloads.len() };
            let number = stream.below(among as u64) as usize;
            used = self.payloads[number].fit(function, stream);
            carried = used.is_some().then_some(number as u16);
        }
        // Arrays of one call go together more often than not.
        let length = [1, 1, 1, 2, 0, 3][stream.below(6) as usize];
        // An earlier call's values belong together: either all that fit are handed on, or each is decided alone.
        let together = stream.chance(0.4);
        let values = (0..function.inputs.len())
            .map(|index| {
                if let Some(Some(value)) =
                    used.as_mut().and_then(|used| used.get_mut(index)).map(Option::take)
                {
                    return value;
                }
                let kind = &function.inputs[index];
                let name = names.get(index).copied().unwrap_or_default();
                if (together || stream.chance(0.35))
                    && let Some(value) = self.given(name, kind)
                {
                    return value;
                }
                self.value(kind, length, 0, stream)
            })
            .collect();
        (values, carried)
    }

    fn given(&self, name: &str, kind: &DynSolType) -> Option<DynSolValue> {
        let fits = |(known, value): &&(String, DynSolValue)| known == name && kind.matches(value);
        self.memory.given.iter().rev().find(fits).map(|(_, value)| value.clone())
    }

    /// A value of a type.
    pub(super) fn value(
        &self,
        kind: &DynSolType,
        length: usize,
        depth: usize,
        stream: &mut Stream,
    ) -> DynSolValue {
        if stream.chance(0.3)
            && let Some(value) = self.memory.answered(kind, stream)
        {
            return value;
        }
        match kind {
            DynSolType::Bool => DynSolValue::Bool(stream.chance(0.7)),
            DynSolType::Uint(bits) => DynSolValue::Uint(cut(self.number(stream), *bits), *bits),
            DynSolType::Int(bits) => {
                let number = I256::from_raw(cut(self.number(stream), bits - 1));
                DynSolValue::Int(if stream.chance(0.3) { number.wrapping_neg() } else { number }, *bits)
            }
            DynSolType::Address | DynSolType::Function => DynSolValue::Address(self.address(stream)),
            DynSolType::FixedBytes(size) => {
                let word = self.word(stream);
                let mut kept = B256::ZERO;
                kept[..*size].copy_from_slice(&word[..*size]);
                DynSolValue::FixedBytes(kept, *size)
            }
            DynSolType::Bytes => DynSolValue::Bytes(self.bytes(depth, stream)),
            DynSolType::String => DynSolValue::String(self.text(stream)),
            DynSolType::Array(inner) => DynSolValue::Array(
                (0..length.min(3)).map(|_| self.value(inner, length, depth + 1, stream)).collect(),
            ),
            DynSolType::FixedArray(inner, size) => DynSolValue::FixedArray(
                (0..*size).map(|_| self.value(inner, length, depth + 1, stream)).collect(),
            ),
            DynSolType::Tuple(inner) => DynSolValue::Tuple(
                inner.iter().map(|inner| self.value(inner, length, depth + 1, stream)).collect(),
            ),
        }
    }

    pub(super) fn address(&self, stream: &mut Stream) -> Address {
        let known = &self.knowledge.addresses;
        match stream.below(20) {
            0 => Address::ZERO,
            1 => Address::with_last_byte(stream.below(256) as u8),
            2..=9 => self.knowledge.attacker,
            _ => known[stream.below(known.len() as u64) as usize],
        }
    }

    pub(super) fn number(&self, stream: &mut Stream) -> U256 {
        let known = &self.knowledge.numbers;
        if let Some(lent) = self.lent
            && stream.chance(0.3)
        {
            return lent;
        }
        match stream.below(16) {
            0..=2 => U256::from(stream.below(4)),
            3 | 4 => U256::from(stream.below(256)),
            5 => U256::from(stream.bits()),
            6 => U256::from(1) << stream.below(256) as usize,
            7 => {
                let power = U256::from(10).pow(U256::from(stream.below(24)));
                power * U256::from(1 + stream.below(9))
            }
            8 => U256::MAX >> stream.below(256) as usize,
            9..=11 if !known.is_empty() => {
                let number = known[stream.below(known.len() as u64) as usize];
                near(number, stream)
            }
            12 => self.ether,
            _ if !self.amounts.is_empty() => {
                let amount = self.amounts[stream.below(self.amounts.len() as u64) as usize];
                match stream.below(4) {
                    0 => amount / U256::from(2),
                    1 => near(amount, stream),
                    _ => amount,
                }
            }
            _ => U256::from(stream.below(1_000_000)),
        }
    }

    fn word(&self, stream: &mut Stream) -> B256 {
        if stream.chance(0.5)
            && let Some(hash) = newest(&self.memory.hashes, stream)
        {
            return *hash;
        }
        let known = &self.knowledge.words;
        match stream.below(4) {
            0 => B256::from(self.number(stream)),
            1 => self.address(stream).into_word(),
            _ => known[stream.below(known.len() as u64) as usize],
        }
    }

    fn text(&self, stream: &mut Stream) -> String {
        let known = &self.knowledge.texts;
        known[stream.below(known.len() as u64) as usize].clone()
    }

    /// Nothing, a call that does harm, or some call of a contract that is known.
    fn bytes(&self, depth: usize, stream: &mut Stream) -> Vec<u8> {
        match stream.below(4) {
            0 => Vec::new(),
            1 | 2 if !self.payloads.is_empty() => {
                self.payloads[stream.below(self.payloads.len() as u64) as usize].data.to_vec()
            }
            _ if depth < 2 && !self.knowledge.targets.is_empty() => {
                let targets = &self.knowledge.targets;
                let target = &targets[stream.below(targets.len() as u64) as usize];
                let Some(function) = &target.function else { return Vec::new() };
                let arguments = function.inputs.iter().map(|kind| self.value(kind, 1, depth + 2, stream));
                call(function, arguments.collect())
            }
            _ => self.number(stream).to_be_bytes_vec(),
        }
    }

    /// Ether to send along, in wei: little more often than much, for what is sent may be lost.
    pub(super) fn sent(&self, stream: &mut Stream) -> U256 {
        let known = &self.knowledge.numbers;
        let value = match stream.below(10) {
            0..=3 => U256::ZERO,
            4 => U256::from(1),
            5 | 6 => U256::from(10).pow(U256::from(12 + stream.below(6))),
            7 if !known.is_empty() => known[stream.below(known.len() as u64) as usize],
            8 => U256::from(10).pow(U256::from(18)) * U256::from(1 + stream.below(9)),
            _ => self.ether / U256::from(1_u64 << stream.below(8)),
        };
        if value > self.ether { U256::ZERO } else { value }
    }
}

/// The input of a call.
pub(super) fn call(function: &Arc<Callable>, arguments: Vec<DynSolValue>) -> Vec<u8> {
    let mut data = function.selector.to_vec();
    data.extend(DynSolValue::Tuple(arguments).abi_encode_params());
    data
}

/// A number next to one, or the number.
pub(super) fn near(number: U256, stream: &mut Stream) -> U256 {
    match stream.below(8) {
        0 => number.wrapping_add(U256::from(1)),
        1 => number.wrapping_sub(U256::from(1)),
        2 => number.wrapping_mul(U256::from(2)),
        3 => number / U256::from(2),
        _ => number,
    }
}

/// The lower bits.
pub(super) fn cut(number: U256, bits: usize) -> U256 {
    if bits >= 256 { number } else { number & ((U256::from(1) << bits) - U256::from(1)) }
}

/// The words that stand for themselves among arguments, in order: what comparisons are matched with.
pub(super) fn leaves(arguments: &[DynSolValue]) -> Vec<B256> {
    fn walk(value: &DynSolValue, found: &mut Vec<B256>) {
        match value {
            DynSolValue::Array(inner) | DynSolValue::FixedArray(inner) | DynSolValue::Tuple(inner) => {
                inner.iter().for_each(|value| walk(value, found));
            }
            DynSolValue::Bytes(_) | DynSolValue::String(_) => found.push(B256::ZERO),
            other => found.push(other.as_word().unwrap_or_default()),
        }
    }
    let mut found = Vec::with_capacity(arguments.len());
    arguments.iter().for_each(|value| walk(value, &mut found));
    found
}

/// Puts a word in the place of a leaf, as far as its type holds it. False where it is another kind of value.
pub(super) fn put(arguments: &mut [DynSolValue], leaf: usize, word: U256) -> bool {
    fn walk(value: &mut DynSolValue, left: &mut usize, word: U256) -> Option<bool> {
        match value {
            DynSolValue::Array(inner) | DynSolValue::FixedArray(inner) | DynSolValue::Tuple(inner) => {
                return inner.iter_mut().find_map(|value| walk(value, left, word));
            }
            _ if *left > 0 => {
                *left -= 1;
                return None;
            }
            DynSolValue::Uint(old, bits) => *old = cut(word, *bits),
            DynSolValue::Int(old, bits) => {
                let _ = bits;
                *old = I256::from_raw(word);
            }
            DynSolValue::Address(old) => *old = Address::from_word(B256::from(word)),
            DynSolValue::Bool(old) => *old = !word.is_zero(),
            DynSolValue::FixedBytes(old, size) => {
                let word = B256::from(word);
                let mut kept = B256::ZERO;
                kept[..*size].copy_from_slice(&word[..*size]);
                *old = kept;
            }
            _ => return Some(false),
        }
        Some(true)
    }
    let mut left = leaf;
    arguments.iter_mut().find_map(|value| walk(value, &mut left, word)).unwrap_or(false)
}
