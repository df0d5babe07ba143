//! Numbers that calls are told apart by.

use alloy_primitives::keccak256;

use crate::sequence::Step;

/// Which functions are called in which order: a number for it.
pub(super) fn shape(steps: &[Step]) -> u64 {
    let mut bytes = Vec::new();
    fn put(step: &Step, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(step.to.as_slice());
        bytes.extend_from_slice(step.function.as_ref().map_or(&[0; 4], |function| &function.selector.0));
        bytes.push(step.inner.len() as u8);
        step.inner.iter().for_each(|inner| put(inner, bytes));
    }
    steps.iter().for_each(|step| put(step, &mut bytes));
    number(&bytes)
}

/// The exact calls: a number for them.
pub(super) fn exact(entry: usize, step: &Step) -> u64 {
    let mut bytes = (entry as u64).to_be_bytes().to_vec();
    fn put(step: &Step, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(step.to.as_slice());
        bytes.extend_from_slice(&step.data());
        bytes.extend_from_slice(&step.value.to_be_bytes::<32>());
        bytes.extend_from_slice(&step.wait.seconds.to_be_bytes());
        bytes.extend_from_slice(&step.wait.blocks.to_be_bytes());
        step.inner.iter().for_each(|inner| put(inner, bytes));
    }
    put(step, &mut bytes);
    number(&bytes)
}

fn number(bytes: &[u8]) -> u64 {
    let hash = keccak256(bytes);
    u64::from_be_bytes(hash[..8].try_into().unwrap_or_default())
}
