//! What stands out in a step at first sight: bits that say which oracles need to look closer.

use alloy_primitives::Address;

use super::facts::Facts;
use crate::chain::{CallKind, Outcome, Trace};
use crate::sequence::Step;

/// A set of signs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Signs(u32);

impl Signs {
    /// None.
    pub const NONE: Self = Self(0);
    /// A contract of the world handed control to foreign code by `DELEGATECALL`, or to another of its world.
    pub const DELEGATE: Self = Self(1);
    /// A contract called something.
    pub const CALL: Self = Self(1 << 1);
    /// An attacker's own contract was called during the step.
    pub const CALLBACK: Self = Self(1 << 2);
    /// A call within the step failed, or answered `false`.
    pub const FAILED: Self = Self(1 << 3);
    /// A contract destroyed itself.
    pub const DESTROYED: Self = Self(1 << 4);
    /// Arithmetic wrapped.
    pub const WRAPPED: Self = Self(1 << 5);
    /// The time or the block's number was read.
    pub const TIME: Self = Self(1 << 6);
    /// The block's hash, its random word or its producer was read.
    pub const RANDOM: Self = Self(1 << 7);
    /// Who sent the transaction was read.
    pub const ORIGIN: Self = Self(1 << 8);
    /// Storage was written.
    pub const WRITE: Self = Self(1 << 9);
    /// Storage of a token was written.
    pub const TOKEN: Self = Self(1 << 10);
    /// Ether moved within the step.
    pub const ETHER: Self = Self(1 << 11);
    /// A word that says who owns or rules a contract was written.
    pub const OWNER: Self = Self(1 << 12);
    /// A word that decides who may make a privileged call was written.
    pub const AUTHORITY: Self = Self(1 << 13);
    /// A word that a rule of governance lies in was written.
    pub const PARAMETER: Self = Self(1 << 14);
    /// A word that a property reads was written.
    pub const PROPERTY: Self = Self(1 << 15);
    /// Storage of a contract that decides by votes was written.
    pub const GOVERNANCE: Self = Self(1 << 16);
    /// What an attacker has of a token was written.
    pub const BALANCE: Self = Self(1 << 17);
    /// A public number that was set when the world began was written.
    pub const SETTING: Self = Self(1 << 18);
    /// A vault's storage, or its token's, was written.
    pub const VAULT: Self = Self(1 << 19);
    /// A call that others rely on reads a word that was written.
    pub const RELIED: Self = Self(1 << 20);
    /// The step took more gas than most ever do.
    pub const GAS: Self = Self(1 << 21);
    /// The storage of a collection of unique tokens was written.
    pub const UNIQUE: Self = Self(1 << 22);
    /// Always.
    pub const ALWAYS: Self = Self(1 << 31);

    /// Gas that is more than most steps ever take.
    const MUCH_GAS: u64 = 1_000_000;

    /// Both sets.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether one of the other set is in this one.
    pub const fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The signs of a step.
    ///
    /// Cost: one look at each call, and one in a table for each write.
    pub fn of(facts: &Facts, step: &Step, trace: &Trace, outcome: &Outcome) -> Self {
        let mut signs = Self::ALWAYS.0;
        let mut set = |sign: Self, when: bool| {
            if when {
                signs |= sign.0;
            }
        };
        set(Self::ETHER, !step.value.is_zero());
        for call in trace.calls.iter().skip(1) {
            signs |= Self::CALL.0;
            if call.kind == CallKind::Delegate {
                signs |= Self::DELEGATE.0;
            }
            if call.target == step.sender && call.kind != CallKind::Create {
                signs |= Self::CALLBACK.0;
            }
            if !call.value.is_zero() && call.kind != CallKind::Delegate {
                signs |= Self::ETHER.0;
            }
            if !call.success || (call.output.len() == 32 && call.output.iter().all(|byte| *byte == 0)) {
                signs |= Self::FAILED.0;
            }
        }
        let mut last = (Address::ZERO, Self::NONE);
        for access in trace.accesses.iter().filter(|access| access.write) {
            if access.address != last.0 {
                last = (access.address, facts.signs_of(access.address));
            }
            signs |= last.1.0 | Self::WRITE.0 | facts.signs_at(access.address, access.slot).0;
        }
        let mut set = |sign: Self, when: bool| {
            if when {
                signs |= sign.0;
            }
        };
        set(Self::DESTROYED, !trace.destroyed.is_empty());
        set(Self::ETHER, !trace.destroyed.is_empty());
        set(Self::WRAPPED, !trace.wraps.is_empty());
        let environment = trace.environment;
        set(Self::TIME, environment.time || environment.block);
        set(Self::RANDOM, environment.random);
        set(Self::ORIGIN, environment.origin);
        set(Self::GAS, outcome.gas >= Self::MUCH_GAS);
        Self(signs)
    }
}
