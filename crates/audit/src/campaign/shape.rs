//! Numbers that calls are told apart by.

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::Address;

use crate::sequence::Step;

/// Which functions are called in which order: a number for it.
pub(super) fn shape(steps: &[Step]) -> u64 {
    fn put(step: &Step, digest: &mut Digest) {
        digest.bytes(step.to.as_slice());
        digest.bytes(step.function.as_ref().map_or(&[0; 4], |function| &function.selector.0));
        digest.word(step.inner.len() as u64);
        step.inner.iter().for_each(|inner| put(inner, digest));
    }
    let mut digest = Digest(0);
    steps.iter().for_each(|step| put(step, &mut digest));
    digest.0
}

/// The exact calls: a number for them.
pub(super) fn exact(entry: u64, step: &Step) -> u64 {
    fn put(step: &Step, digest: &mut Digest) {
        digest.bytes(step.to.as_slice());
        digest.bytes(step.function.as_ref().map_or(&[], |function| &function.selector.0));
        digest.values(&step.arguments);
        step.value.as_limbs().iter().for_each(|limb| digest.word(*limb));
        digest.word(step.wait.seconds);
        digest.word(step.wait.blocks);
        digest.word(step.inner.len() as u64);
        step.inner.iter().for_each(|inner| put(inner, digest));
    }
    let mut digest = Digest(entry);
    put(step, &mut digest);
    digest.0
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
    let mut digest = Digest(seconds);
    digest.bytes(lender.as_slice());
    digest.bytes(token.unwrap_or_default().as_slice());
    for (to, selector) in called(path) {
        digest.bytes(to.as_slice());
        digest.bytes(&selector);
    }
    digest.0
}

/// What was done with a loan, in whatever order: a number for it. None where a function was called twice.
pub(super) fn used(loan: u64, steps: &[Step], bits: u16) -> Option<u64> {
    let mut digest = Digest(loan);
    digest.word(u64::from(bits / 16));
    let called = called(steps);
    for (to, selector) in &called {
        digest.bytes(to.as_slice());
        digest.bytes(selector);
    }
    (called.len() == steps.len()).then_some(digest.0)
}

/// Values of an account that go together: a number for them.
pub(super) fn together(account: Address, values: impl Iterator<Item = u64>) -> u64 {
    let mut digest = Digest(0);
    digest.bytes(account.as_slice());
    values.for_each(|value| digest.word(value));
    digest.0
}

/// Takes in words; two that took in others are as good as never equal. Every call that is planned has one made.
struct Digest(u64);

impl Digest {
    /// A step of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014, figure 13), the word put into its state.
    fn word(&mut self, word: u64) {
        let mut mixed = (self.0.rotate_left(5) ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        self.0 = mixed ^ (mixed >> 31);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u64);
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.word(u64::from_le_bytes(word));
        }
    }

    fn values(&mut self, values: &[DynSolValue]) {
        self.word(values.len() as u64);
        for value in values {
            match value {
                DynSolValue::Array(inner) | DynSolValue::FixedArray(inner) | DynSolValue::Tuple(inner) => {
                    self.values(inner);
                }
                DynSolValue::Bytes(bytes) => self.bytes(bytes),
                DynSolValue::String(text) => self.bytes(text.as_bytes()),
                other => self.bytes(other.as_word().unwrap_or_default().as_slice()),
            }
        }
    }
}
