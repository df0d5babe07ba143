//! Where the values of a minimal finding come from.

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_primitives::{Address, U256};

use super::place::{Codec, Place, parameter, places};
use super::trial::{Played, answers, hash, text};
use crate::Result;
use crate::chain::{Machine, State, Transaction};
use crate::finding::{Explained, balance};
use crate::sequence::Step;
use crate::words::{Words, ether, number, wait};
use crate::world::World;
use std::sync::Arc;

/// Numbers below this are equal to others by chance.
const CHANCE: u64 = 16;

/// A number that something in the world has, and what it is.
struct Known {
    value: U256,
    what: String,
}

/// Says of each value that has a reason what it is.
pub(super) fn explain(
    machine: &mut Machine,
    world: &World,
    codec: &Codec,
    played: &Played,
) -> Result<Vec<Explained>> {
    let words = Words::new(world);
    let mut found = Vec::new();
    for (at, item) in played.items.iter().enumerate() {
        let step = &*item.step;
        let before = step.before(&played.states[at]);
        let known = around(machine, world, &words, &before)?;
        let mut add = |call: Option<usize>, place: String, value: String, why: String| {
            found.push(Explained { step: at, call, place, value, why });
        };
        for (value, unit) in [(step.wait.seconds, "seconds"), (step.wait.blocks, "blocks")] {
            if value > 0
                && let Some(why) = matching(&known, U256::from(value), true)
            {
                let value = if unit == "seconds" {
                    wait(crate::Wait { seconds: value, blocks: 0 })
                } else {
                    format!("{value} blocks")
                };
                add(None, "wait".to_owned(), value, why);
            }
        }
        let calls = std::iter::once((None, step))
            .chain(step.inner.iter().enumerate().map(|(n, call)| (Some(n), call)));
        for (inner, call) in calls {
            if !call.value.is_zero()
                && let Some(why) = matching(&known, call.value, false)
            {
                add(inner, "value".to_owned(), ether(call.value), why);
            }
        }
        for (place, value, name) in places(step, codec) {
            let why = earlier(played, at, &value, &name, codec).or_else(|| match &value {
                DynSolValue::Uint(value, bits) if *bits > 8 && *value == U256::MAX >> (256 - bits) => {
                    Some(format!("the greatest value of uint{bits}"))
                }
                DynSolValue::Uint(value, _) => matching(&known, *value, false),
                DynSolValue::FixedBytes(word, 32) if !word.is_zero() => {
                    matching(&known, (*word).into(), false)
                }
                DynSolValue::Bytes(bytes) if bytes.len() >= 4 => same(played, at, &value, codec),
                _ => None,
            });
            if let Some(why) = why {
                let shown = match &value {
                    DynSolValue::Uint(value, bits) => number(*value, *bits),
                    other => words.value(other),
                };
                add(place.inner, written(step, &place, codec), shown, why);
            }
        }
    }
    Ok(found)
}

/// A place as people write it: `calldatas[0].amount`.
fn written(step: &Step, place: &Place, codec: &Codec) -> String {
    let Some(call) = place.step(step) else { return String::new() };
    let mut text = String::new();
    for depth in 0..place.path.len() {
        let number = place.path[depth];
        let above = Place { inner: place.inner, path: place.path[..depth].to_vec() };
        let function = match depth {
            0 => call.function.clone(),
            _ => match above.get(step, codec) {
                Some(DynSolValue::Bytes(bytes)) => codec.decode(&bytes).map(|(callable, _)| callable.clone()),
                _ => None,
            },
        };
        if depth > 0 && function.is_none() {
            text.push_str(&format!("[{number}]"));
            continue;
        }
        let name = parameter(function.as_deref(), number);
        if depth > 0 {
            text.push('.');
        }
        text.push_str(&if name.is_empty() { format!("argument {}", number + 1) } else { name });
    }
    text
}

/// What an earlier step answered or was given that is the same value.
fn earlier(played: &Played, at: usize, value: &DynSolValue, name: &str, codec: &Codec) -> Option<String> {
    let word: U256 = match value {
        DynSolValue::Uint(value, _) => *value,
        DynSolValue::FixedBytes(word, 32) => (*word).into(),
        _ => return None,
    };
    if word.is_zero() || (word < U256::from(CHANCE) && !name.to_lowercase().contains("id")) {
        return None;
    }
    (0..at).rev().find_map(|from| {
        let step = &played.items[from].step;
        if answers(step, &played.outputs[from]).any(|(_, other)| other == word) {
            return Some(format!("what step {} answered", from + 1));
        }
        places(step, codec).into_iter().find_map(|(place, value, _)| {
            let same = text(&value).is_some_and(|text| hash(text) == word);
            same.then(|| {
                format!("the Keccak hash of `{}` of step {}", written(step, &place, codec), from + 1)
            })
        })
    })
}

/// Where an earlier step has the same value.
fn same(played: &Played, at: usize, value: &DynSolValue, codec: &Codec) -> Option<String> {
    (0..at).find_map(|from| {
        let step = &played.items[from].step;
        let (place, ..) = places(step, codec).into_iter().find(|(_, other, _)| other == value)?;
        Some(format!("the same as `{}` of step {}", written(step, &place, codec), from + 1))
    })
}

/// What is known to have a value, or one less; a wait is no accident even where it is short.
fn matching(known: &[Known], value: U256, wait: bool) -> Option<String> {
    if value.is_zero() || (!wait && value < U256::from(CHANCE)) {
        return None;
    }
    let one = U256::from(1);
    let equal = known.iter().find(|known| known.value == value).map(|known| known.what.clone());
    equal.or_else(|| {
        let after = known.iter().find(|known| !known.value.is_zero() && known.value == value - one)?;
        Some(format!("{} + 1", after.what))
    })
}

/// What the accounts of the world hold, and what the contracts answer when asked without arguments.
fn around(machine: &mut Machine, world: &World, words: &Words<'_>, state: &Arc<State>) -> Result<Vec<Known>> {
    let accounts: Vec<Address> = world
        .contracts
        .iter()
        .map(|deployed| deployed.address)
        .chain(world.actors.iter().map(|actor| actor.address))
        .collect();
    let mut known = Vec::new();
    for deployed in &world.contracts {
        for callable in deployed.functions().filter(|callable| callable.view()) {
            let asked = callable.inputs.is_empty()
                && matches!(callable.outputs[..], [DynSolType::Uint(_) | DynSolType::FixedBytes(32)]);
            if asked {
                let data = callable.selector.to_vec().into();
                let sender = Address::ZERO;
                let call = Transaction { sender, to: Some(deployed.address), value: U256::ZERO, data };
                let outcome = machine.run(state, &call)?;
                if outcome.success() && outcome.output.len() == 32 {
                    let value = U256::from_be_slice(&outcome.output);
                    known.push(Known { value, what: format!("`{}.{}()`", deployed.name, callable.name()) });
                }
            }
        }
    }
    for account in &accounts {
        let (value, name) = (state.balance(*account), words.name(*account));
        known.push(Known { value, what: format!("all ether of `{name}`") });
    }
    for token in world
        .contracts
        .iter()
        .filter(|deployed| deployed.functions().any(|callable| callable.signature() == "balanceOf(address)"))
    {
        for account in &accounts {
            let value = balance(machine, state, token.address, *account)?;
            let name = words.name(*account);
            known.push(Known { value, what: format!("all that `{name}` has of `{}`", token.name) });
        }
    }
    known.retain(|known| !known.value.is_zero());
    Ok(known)
}
