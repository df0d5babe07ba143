//! What is simpler than a step or a value.

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{Address, B256, I256, U256};

use super::place::{Codec, Place, places};
use super::trial::Item;
use crate::sequence::{Step, Wait};
use crate::words::show;

/// Parts of a list that are left out one by one.
const MOST_PARTS: usize = 32;

/// A candidate: the steps, and what was done to which.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) items: Vec<Item>,
    pub(super) step: usize,
    pub(super) what: String,
    /// Whether all that it does is to make a number smaller, for which there are quicker ways.
    pub(super) number: bool,
}

impl Candidate {
    fn new(items: Vec<Item>, step: usize, what: String) -> Self {
        Self { items, step, what, number: false }
    }
}

/// The steps without those of a range; the time that passed before them passes before the one that follows, or not at all.
pub(super) fn without(items: &[Item], range: std::ops::Range<usize>, fold: bool) -> Vec<Item> {
    let mut rest: Vec<Item> = items[..range.start].to_vec();
    let mut tail = items[range.end..].to_vec();
    if fold && let Some(next) = tail.first_mut() {
        let mut step = (*next.step).clone();
        for left_out in &items[range] {
            step.wait.blocks = step.wait.blocks.saturating_add(left_out.step.wait.blocks);
            step.wait.seconds = step.wait.seconds.saturating_add(left_out.step.wait.seconds);
        }
        if step.wait != next.step.wait {
            *next = next.with(step);
        }
    }
    rest.append(&mut tail);
    rest
}

/// The candidates with one call fewer, the last first.
pub(super) fn removals(items: &[Item]) -> Vec<Candidate> {
    let mut found = Vec::new();
    for at in (0..items.len()).rev() {
        for fold in [true, false] {
            let waits = !items[at].step.wait.is_none() && at + 1 < items.len();
            if items.len() > 1 && (fold || waits) {
                let items = without(items, at..at + 1, fold);
                found.push(Candidate::new(items, at, "left out".to_owned()));
            }
        }
        for inner in (0..items[at].step.inner.len()).rev() {
            let mut step = (*items[at].step).clone();
            step.inner.remove(inner);
            let what = format!("call {} of the attacker's contract left out", inner + 1);
            found.push(Candidate::new(replaced(items, at, step), at, what));
        }
    }
    found
}

/// The steps with another one in one place.
pub(super) fn replaced(items: &[Item], at: usize, step: Step) -> Vec<Item> {
    let mut items = items.to_vec();
    items[at] = items[at].with(step);
    items
}

/// The candidates with less of a wait: none at all, none in one of the two measures, half, one less.
pub(super) fn shorter_waits(items: &[Item]) -> Vec<Candidate> {
    let mut found = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let Wait { blocks, seconds } = item.step.wait;
        let mut waits = vec![(0, 0), (0, seconds), (blocks, 0)];
        for less in [seconds / 2, seconds.saturating_sub(1)] {
            waits.push((blocks, less));
        }
        for less in [blocks / 2, blocks.saturating_sub(1)] {
            waits.push((less, seconds));
        }
        waits.retain(|wait| *wait != (blocks, seconds));
        waits.dedup();
        for (blocks, seconds) in waits {
            let mut step = (*item.step).clone();
            step.wait = Wait { blocks, seconds };
            let what = format!("a wait of {seconds} s and {blocks} blocks");
            found.push(Candidate { number: true, ..Candidate::new(replaced(items, at, step), at, what) });
        }
    }
    found
}

/// The candidates with one value simpler: who sends, how much, and each part of each argument, here alone or wherever the
/// same value stands.
pub(super) fn simplifications(items: &[Item], codec: &Codec, attacker: Address) -> Vec<Candidate> {
    let mut found = Vec::new();
    for at in 0..items.len() {
        let step = &*items[at].step;
        if step.sender != attacker && step.inner.is_empty() {
            let own = Step { sender: attacker, ..step.clone() };
            let what = "sent by the attacker".to_owned();
            found.push(Candidate::new(replaced(items, at, own), at, what));
        }
        for inner in std::iter::once(None).chain((0..step.inner.len()).map(Some)) {
            for value in smaller(value_of(step, inner)) {
                if let Some(less) = with_value(step, inner, value) {
                    let what = format!("{value} wei sent along");
                    found.push(Candidate {
                        number: true,
                        ..Candidate::new(replaced(items, at, less), at, what)
                    });
                }
            }
            for step in fewer_rows(step, inner) {
                let what = "lists with one row fewer".to_owned();
                found.push(Candidate::new(replaced(items, at, step), at, what));
            }
        }
        for (place, old, name) in places(step, codec) {
            for new in simpler(&old, codec, attacker) {
                let what = format!("`{name}` {}", show(&new)).replace("`` ", "");
                let number = matches!(new, DynSolValue::Uint(..) | DynSolValue::Int(..));
                if let Some(step) = place.set(step, new.clone(), codec) {
                    let items = replaced(items, at, step);
                    found.push(Candidate { number, ..Candidate::new(items, at, what.clone()) });
                }
                if let Some(items) = everywhere(items, &old, &new, codec) {
                    found.push(Candidate {
                        number,
                        ..Candidate::new(items, at, format!("{what} everywhere"))
                    });
                }
            }
        }
    }
    found
}

/// The steps with a value replaced wherever it stands; nothing where it stands in one place only.
pub(super) fn everywhere(
    items: &[Item],
    old: &DynSolValue,
    new: &DynSolValue,
    codec: &Codec,
) -> Option<Vec<Item>> {
    let mut count = 0;
    let mut all = items.to_vec();
    for item in &mut all {
        let mut step = (*item.step).clone();
        let before = count;
        let found: Vec<Place> = places(&step, codec)
            .into_iter()
            .filter(|(_, value, _)| value == old)
            .map(|(place, ..)| place)
            .collect();
        for place in found {
            if let Some(changed) = place.set(&step, new.clone(), codec) {
                step = changed;
                count += 1;
            }
        }
        if count > before {
            *item = item.with(step);
        }
    }
    (count > 1).then_some(all)
}

/// Ether sent along with a step or one of its inner calls.
pub(super) fn value_of(step: &Step, inner: Option<usize>) -> U256 {
    inner.map_or(step.value, |number| step.inner.get(number).map_or(U256::ZERO, |call| call.value))
}

/// The step with other ether sent along.
pub(super) fn with_value(step: &Step, inner: Option<usize>, value: U256) -> Option<Step> {
    let mut step = step.clone();
    match inner {
        None => step.value = value,
        Some(number) => step.inner.get_mut(number)?.value = value,
    }
    Some(step)
}

/// Numbers that are simpler: nothing, one, half, one less.
fn smaller(value: U256) -> Vec<U256> {
    let one = U256::from(1);
    let mut found = vec![U256::ZERO, one, value >> 1, value.saturating_sub(one)];
    found.retain(|new| *new < value);
    found.dedup();
    found
}

/// Lists of one length side by side, as a proposal's targets, values and calls, lose the same row.
fn fewer_rows(step: &Step, inner: Option<usize>) -> Vec<Step> {
    let Some(call) = inner.map_or(Some(step), |number| step.inner.get(number)) else { return Vec::new() };
    let lengths: Vec<usize> = call
        .arguments
        .iter()
        .filter_map(|argument| match argument {
            DynSolValue::Array(parts) => Some(parts.len()),
            _ => None,
        })
        .collect();
    let Some(length) = lengths.first().copied().filter(|length| *length > 0) else { return Vec::new() };
    if lengths.len() < 2 || lengths.iter().any(|other| *other != length) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for row in (0..length.min(MOST_PARTS)).rev() {
        let mut step = step.clone();
        let call = match inner {
            None => &mut step,
            Some(number) => &mut step.inner[number],
        };
        for argument in &mut call.arguments {
            if let DynSolValue::Array(parts) = argument {
                parts.remove(row);
            }
        }
        found.push(step);
    }
    found
}

/// Values of the same type that are simpler, the simplest first.
pub(super) fn simpler(value: &DynSolValue, codec: &Codec, attacker: Address) -> Vec<DynSolValue> {
    match value {
        DynSolValue::Bool(true) => vec![DynSolValue::Bool(false)],
        DynSolValue::Uint(value, bits) => {
            smaller(*value).into_iter().map(|value| DynSolValue::Uint(value, *bits)).collect()
        }
        DynSolValue::Int(value, bits) => {
            let sizes = smaller(value.unsigned_abs()).into_iter().filter_map(|size| {
                let size = I256::try_from(size).ok()?;
                Some(if value.is_negative() { -size } else { size })
            });
            sizes.map(|size| DynSolValue::Int(size, *bits)).collect()
        }
        DynSolValue::FixedBytes(word, size) if !word.is_zero() => {
            vec![DynSolValue::FixedBytes(B256::ZERO, *size)]
        }
        DynSolValue::Address(address) if *address != attacker => vec![DynSolValue::Address(attacker)],
        DynSolValue::Bytes(bytes) if !bytes.is_empty() => {
            let mut found = vec![DynSolValue::Bytes(Vec::new())];
            if codec.decode(bytes).is_none() {
                for length in [bytes.len() / 2, bytes.len() - 1] {
                    found.push(DynSolValue::Bytes(bytes[..length].to_vec()));
                }
                found.dedup();
            }
            found
        }
        DynSolValue::String(text) if !text.is_empty() => {
            let letters = text.chars().count();
            let mut found: Vec<DynSolValue> = [0, letters / 2, letters - 1]
                .map(|length| DynSolValue::String(text.chars().take(length).collect()))
                .to_vec();
            found.dedup();
            found
        }
        DynSolValue::Array(parts) if !parts.is_empty() => {
            let mut found = vec![DynSolValue::Array(Vec::new())];
            if parts.len() > 1 {
                found.push(DynSolValue::Array(parts[..parts.len() / 2].to_vec()));
                for left_out in (0..parts.len().min(MOST_PARTS)).rev() {
                    let mut rest = parts.clone();
                    rest.remove(left_out);
                    found.push(DynSolValue::Array(rest));
                }
            }
            found
        }
        _ => Vec::new(),
    }
}
