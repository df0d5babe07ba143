//! Where the values of calls come from, and how long one waits for the other.

use std::collections::BTreeMap;

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{Address, U256, keccak256};
use serde::{Deserialize, Serialize};

use super::symbol::words;

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// An earlier call had the same.
    Same,
    /// An earlier call answered it.
    Returned,
    /// The hash of a text or bytes of an earlier call.
    Hashed,
    /// The sender.
    Own,
    /// Somebody else who calls.
    Actor,
    /// A contract.
    Contract,
    /// A call of a contract.
    Nested,
    /// All that the sender has of something.
    Whole,
    /// A part of it.
    Part,
    /// Nothing: zero, empty, false.
    Nothing,
    /// One, or true.
    One,
    /// Two to 255.
    Small,
    /// A round number: it ends with six decimal zeros at least.
    Round,
    /// A time near that of the call.
    Time,
    /// Anything else.
    Fresh,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Same,
        Self::Returned,
        Self::Hashed,
        Self::Own,
        Self::Actor,
        Self::Contract,
        Self::Nested,
        Self::Whole,
        Self::Part,
        Self::Nothing,
        Self::One,
        Self::Small,
        Self::Round,
        Self::Time,
        Self::Fresh,
    ];

    /// Whether a value of a type can come from there. Arrays as their members, but that they can be the same as another.
    pub fn fits(self, kind: &str) -> bool {
        let base = kind.split('[').next().unwrap_or_default();
        let array = kind.contains('[');
        let number = base.starts_with("uint") || base.starts_with("int");
        match self {
            Self::Same => base != "bool",
            Self::Returned => number && base != "uint8" || base == "address" || base.starts_with("bytes"),
            Self::Hashed => !array && base == "bytes32",
            Self::Own | Self::Actor | Self::Contract => base == "address",
            Self::Nested => base == "bytes",
            Self::Whole | Self::Part | Self::Time => number && base != "uint8",
            Self::Round | Self::Small => number,
            Self::One => number || base == "bool",
            Self::Nothing | Self::Fresh => true,
        }
    }
}

/// Unit of a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Blocks.
    Blocks,
    /// Seconds.
    Seconds,
}

/// How long after another a call comes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gap {
    /// In the same block.
    Together,
    /// One or two blocks later.
    Next,
    /// Just when as much has passed, since the call whose values it has, as the contract's own numbers of these names add
    /// up to: a delay and a period.
    After(Unit, Vec<String>),
    /// The same, since the last call of the chain: a delay that begins with what was done before.
    Since(Unit, Vec<String>),
    /// Between the first of these numbers and as much later as the second, since the call whose values it has: a vote while
    /// voting is open.
    Within(Unit, String, String),
    /// So long after the last call: two to the power of this many seconds.
    Free(u8),
}

impl Gap {
    /// The class of a free gap.
    pub fn free(seconds: u64) -> Self {
        Self::Free(u8::try_from(seconds.max(1).ilog2()).unwrap_or(u8::MAX))
    }
}

/// Sums of one or two numbers that a contract tells of itself, as times.
pub(super) fn durations(getters: &[(String, U256)]) -> Vec<(Vec<String>, u64)> {
    const LONGEST: u64 = 400 * 86_400;
    let about_time = |name: &str| {
        words(name).iter().any(|word| {
            ["delay", "period", "duration", "time", "lock", "interval", "window", "grace", "cooldown", "epoch"]
                .contains(&word.as_str())
        })
    };
    let mut single: Vec<(String, u64)> = getters
        .iter()
        .filter(|(name, _)| about_time(name))
        .filter_map(|(name, value)| Some((name.clone(), u64::try_from(*value).ok()?)))
        .filter(|(_, value)| (1..=LONGEST).contains(value))
        .collect();
    single.sort();
    single.dedup();
    let mut all: Vec<(Vec<String>, u64)> =
        single.iter().map(|(name, value)| (vec![name.clone()], *value)).collect();
    for (place, (left, first)) in single.iter().enumerate() {
        for (right, second) in &single[place + 1..] {
            all.push((vec![left.clone(), right.clone()], first + second));
        }
    }
    all
}

/// Windows that a contract tells of: the numbers where one begins and how long it is, whose names have a word in common.
pub(super) fn windows(durations: &[(Vec<String>, u64)]) -> Vec<(String, String, u64, u64)> {
    let single = || durations.iter().filter(|(names, _)| names.len() == 1).map(|(names, length)| (&names[0], *length));
    let long = |name: &str| words(name).iter().any(|word| word == "period" || word == "window" || word == "duration");
    let mut all = Vec::new();
    for (from, start) in single().filter(|(name, _)| !long(name)) {
        for (span, length) in single().filter(|(name, _)| long(name)) {
            if words(from).iter().any(|word| words(span).contains(word)) {
                all.push((from.clone(), span.clone(), start, length));
            }
        }
    }
    all
}

/// What is known of earlier calls, to see where a value comes from.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Type and value to the call that last had it as an argument, answered it, or had what it is the hash of.
    arguments: BTreeMap<(String, Vec<u8>), usize>,
    answers: BTreeMap<Vec<u8>, usize>,
    hashes: BTreeMap<Vec<u8>, usize>,
}

/// A call that values are looked at of.
pub(super) struct Seen<'s> {
    pub(super) sender: Address,
    pub(super) contracts: &'s [Address],
    /// Those who call; where they are not looked at, everybody who is no contract counts as one.
    pub(super) actors: Option<&'s std::collections::BTreeSet<Address>>,
    pub(super) selectors: &'s std::collections::BTreeSet<[u8; 4]>,
    pub(super) time: u64,
}

fn bytes_of(value: &DynSolValue) -> Vec<u8> {
    DynSolValue::Tuple(vec![value.clone()]).abi_encode_params()
}

fn kind(value: &DynSolValue) -> String {
    value.sol_type_name().map(std::borrow::Cow::into_owned).unwrap_or_default()
}

/// Whether a name is that of something that calls refer to.
fn refers(name: &str) -> bool {
    words(name).iter().any(|word| ["id", "proposal", "nonce", "index", "round", "key", "hash"].contains(&word.as_str()))
}

impl Known {
    /// Where the values of a call come from, and the latest call whose they are. Lists alone make no two calls belong
    /// together: they are looked at as wholes only where something else does.
    pub(super) fn classes(
        &self,
        values: &[DynSolValue],
        names: &[&str],
        seen: &Seen<'_>,
    ) -> (Vec<Class>, Option<usize>) {
        let name = |place: usize| names.get(place).copied().unwrap_or_default();
        let list = |value: &DynSolValue| matches!(value, DynSolValue::Array(_) | DynSolValue::FixedArray(_));
        let single = values.iter().enumerate().filter(|(_, value)| !list(value));
        let anchor = single.filter_map(|(place, value)| self.class(value, name(place), seen, true).1).max();
        let class = |(place, value): (usize, &DynSolValue)| {
            self.class(value, name(place), seen, anchor.is_some() || !list(value)).0
        };
        (values.iter().enumerate().map(class).collect(), anchor)
    }

    fn class(&self, value: &DynSolValue, name: &str, seen: &Seen<'_>, same: bool) -> (Class, Option<usize>) {
        match value {
            DynSolValue::Bool(true) => return (Class::One, None),
            DynSolValue::Bool(false) => return (Class::Nothing, None),
            DynSolValue::Address(address) => {
                return (
                    if address.is_zero() {
                        Class::Nothing
                    } else if *address == seen.sender {
                        Class::Own
                    } else if seen.contracts.contains(address) {
                        Class::Contract
                    } else if seen.actors.is_none_or(|actors| actors.contains(address)) {
                        Class::Actor
                    } else {
                        Class::Fresh
                    },
                    None,
                );
            }
            _ => {}
        }
        let plain = bytes_of(value);
        let number = match value {
            DynSolValue::Uint(number, bits) if *bits > 8 => Some(*number),
            DynSolValue::Uint(number, _) => {
                return (match number.try_into().unwrap_or(2_u64) {
                    0 => Class::Nothing,
                    1 => Class::One,
                    _ => Class::Small,
                }, None);
            }
            _ => None,
        };
        let telling = number.is_none_or(|number| number > U256::from(255) || refers(name));
        let empty = match value {
            DynSolValue::Bytes(bytes) => bytes.is_empty(),
            DynSolValue::String(text) => text.is_empty(),
            DynSolValue::Array(values) => values.is_empty(),
            DynSolValue::FixedBytes(word, _) => word.is_zero(),
            _ => false,
        };
        if empty {
            return (Class::Nothing, None);
        }
        if telling && same {
            if plain.len() == 32
                && let Some(call) = self.answers.get(&plain)
            {
                return (Class::Returned, Some(*call));
            }
            if let Some(call) = self.hashes.get(&plain) {
                return (Class::Hashed, Some(*call));
            }
            if let Some(call) = self.arguments.get(&(kind(value), plain)) {
                return (Class::Same, Some(*call));
            }
        }
        match value {
            DynSolValue::Array(values) => {
                return values.first().map_or((Class::Nothing, None), |first| {
                    (self.class(first, name, seen, false).0, None)
                });
            }
            DynSolValue::Bytes(bytes) => {
                let selector = bytes.get(..4).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
                let call = bytes.len() % 32 == 4 || selector.is_some_and(|selector| seen.selectors.contains(&selector));
                return (if call { Class::Nested } else { Class::Fresh }, None);
            }
            _ => {}
        }
        let Some(number) = number else { return (Class::Fresh, None) };
        let near = |number: u64| number.abs_diff(seen.time) < 2 * 365 * 86_400;
        (
            if number.is_zero() {
                Class::Nothing
            } else if number == U256::from(1) {
                Class::One
            } else if number <= U256::from(255) {
                Class::Small
            } else if u64::try_from(number).is_ok_and(near) {
                Class::Time
            } else if (number % U256::from(1_000_000)).is_zero() {
                Class::Round
            } else {
                Class::Fresh
            },
            None,
        )
    }

    /// Takes a call in.
    pub(super) fn add(&mut self, call: usize, arguments: &[DynSolValue], answers: &[DynSolValue]) {
        for argument in arguments {
            let hash = match argument {
                DynSolValue::String(text) => Some(keccak256(text)),
                DynSolValue::Bytes(bytes) => Some(keccak256(bytes)),
                _ => None,
            };
            if let Some(hash) = hash {
                self.hashes.insert(hash.to_vec(), call);
            }
            if !matches!(argument, DynSolValue::Address(_) | DynSolValue::Bool(_)) {
                self.arguments.insert((kind(argument), bytes_of(argument)), call);
            }
        }
        for answer in answers {
            if matches!(answer, DynSolValue::Uint(..) | DynSolValue::FixedBytes(..)) {
                self.answers.insert(bytes_of(answer), call);
            }
        }
    }
}
