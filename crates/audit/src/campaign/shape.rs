//! Numbers that calls are told apart by.

use alloy_primitives::{Address, keccak256};

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
pub(super) fn exact(entry: u64, step: &Step) -> u64 {
    let mut bytes = entry.to_be_bytes().to_vec();
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

/// The functions called, ascending, in whatever order they were and however often.
fn called(steps: &[Step]) -> Vec<(Address, [u8; 4])> {
    let selector = |step: &Step| step.function.as_ref().map_or([0; 4], |function| function.selector.0);
    let mut called: Vec<(Address, [u8; 4])> = steps.iter().map(|step| (step.to, selector(step))).collect();
    called.sort_unstable();
    called.dedup();
    called
}

/// A loan after calls of these functions and after so many seconds, whatever its amount: a number for it.
pub(super) fn lent(path: &[Step], seconds: u64, lender: Address, token: Option<Address>) -> u64 {
    let mut bytes = seconds.to_be_bytes().to_vec();
    bytes.extend_from_slice(lender.as_slice());
    bytes.extend_from_slice(token.unwrap_or_default().as_slice());
    for (to, selector) in called(path) {
        bytes.extend_from_slice(to.as_slice());
        bytes.extend_from_slice(&selector);
    }
    number(&bytes)
}

/// What was done with a loan, in whatever order: a number for it. None where a function was called twice.
pub(super) fn used(loan: u64, steps: &[Step], bits: u16) -> Option<u64> {
    let mut bytes = loan.to_be_bytes().to_vec();
    bytes.extend_from_slice(&(bits / 16).to_be_bytes());
    let called = called(steps);
    for (to, selector) in &called {
        bytes.extend_from_slice(to.as_slice());
        bytes.extend_from_slice(selector);
    }
    (called.len() == steps.len()).then(|| number(&bytes))
}

fn number(bytes: &[u8]) -> u64 {
    let hash = keccak256(bytes);
    u64::from_be_bytes(hash[..8].try_into().unwrap_or_default())
}
