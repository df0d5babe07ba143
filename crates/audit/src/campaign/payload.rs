//! Calls that would do harm if only someone with rights made them: what a proposal is for.
//!
//! They are looked for first, by calling every function in the name of every contract and of everyone with rights. What
//! does harm so, and does none in the attacker's own name, is what arguments of type `bytes` are worth being.

use std::sync::Arc;

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_primitives::{Address, Bytes, U256};
use daotwin_core::random::Stream;

use super::knowledge::Knowledge;
use super::values::{Maker, Memory};
use crate::Result;
use crate::artifact::Callable;
use crate::chain::{Machine, State, Transaction};
use crate::finding::balance;
use crate::sequence::{Step, Wait};
use crate::world::World;

/// A call that does harm in the name of someone with rights.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Payload {
    /// Whom it calls.
    pub(crate) target: Address,
    /// Wei that it sends.
    pub(crate) value: U256,
    /// The input.
    pub(crate) data: Bytes,
    /// The function and its arguments, where it is a call of one.
    pub(crate) call: Option<(Arc<Callable>, Vec<DynSolValue>)>,
}

impl Payload {
    /// The call as something that the attacker's contract does.
    pub(super) fn step(&self, sender: Address) -> Option<Step> {
        let (function, arguments) = self.call.clone()?;
        let (to, value) = (self.target, self.value);
        let (function, wait, inner) = (Some(function), Wait::default(), Vec::new());
        Some(Step { sender, to, function, arguments, value, wait, inner })
    }

    /// Values for those arguments of a function that make it carry this call: the bytes, the address before them, and what
    /// stands between. None where the function carries no calls.
    pub(super) fn fit(&self, function: &Callable, stream: &mut Stream) -> Option<Vec<Option<DynSolValue>>> {
        let mut values: Vec<Option<DynSolValue>> = vec![None; function.inputs.len()];
        // Structures that hold a call, alone or in lists.
        for (value, kind) in values.iter_mut().zip(&function.inputs) {
            *value = match kind {
                DynSolType::Tuple(inner) => self.structure(inner),
                DynSolType::Array(inner) => match &**inner {
                    DynSolType::Tuple(inner) => {
                        self.structure(inner).map(|value| DynSolValue::Array(vec![value]))
                    }
                    _ => None,
                },
                _ => None,
            };
        }
        if values.iter().any(Option::is_some) {
            return Some(values);
        }
        let list = |kind: &DynSolType| match kind {
            DynSolType::Array(inner) => (true, (**inner).clone()),
            other => (false, other.clone()),
        };
        let bytes = function.inputs.iter().position(|kind| list(kind).1 == DynSolType::Bytes);
        let address = |before: usize| {
            (0..before).rev().find(|index| list(&function.inputs[*index]).1 == DynSolType::Address)
        };
        let wrap =
            |many: bool, value: DynSolValue| if many { DynSolValue::Array(vec![value]) } else { value };
        match bytes {
            Some(bytes) => {
                let target = address(bytes)?;
                let many = list(&function.inputs[bytes]).0;
                values[bytes] = Some(wrap(many, DynSolValue::Bytes(self.data.to_vec())));
                values[target] =
                    Some(wrap(list(&function.inputs[target]).0, DynSolValue::Address(self.target)));
                let between = values.iter_mut().zip(&function.inputs).take(bytes).skip(target + 1);
                for (value, kind) in between {
                    let (many, kind) = list(kind);
                    *value = match kind {
                        DynSolType::Uint(bits) => Some(wrap(many, DynSolValue::Uint(self.value, bits))),
                        // A signature left empty means that the bytes hold the selector.
                        DynSolType::String => Some(wrap(many, DynSolValue::String(String::new()))),
                        _ => None,
                    };
                }
            }
            // What takes an address alone may run its code.
            None => {
                let index = address(function.inputs.len())?;
                if stream.chance(0.5) {
                    return None;
                }
                let many = list(&function.inputs[index]).0;
                values[index] = Some(wrap(many, DynSolValue::Address(self.target)));
            }
        }
        Some(values)
    }

    fn structure(&self, inner: &[DynSolType]) -> Option<DynSolValue> {
        let has = |kind: &DynSolType| inner.contains(kind);
        if !has(&DynSolType::Bytes) || !has(&DynSolType::Address) {
            return None;
        }
        let values = inner.iter().map(|kind| match kind {
            DynSolType::Bytes => Some(DynSolValue::Bytes(self.data.to_vec())),
            DynSolType::Address => Some(DynSolValue::Address(self.target)),
            DynSolType::Uint(bits) => Some(DynSolValue::Uint(self.value, *bits)),
            DynSolType::Bool => Some(DynSolValue::Bool(false)),
            _ => None,
        });
        values.collect::<Option<Vec<_>>>().map(DynSolValue::Tuple)
    }
}

/// How many calls of one function in one name are tried, and how many payloads are kept.
const TRIES: usize = 24;
const MOST: usize = 48;
/// How many of the first are taken as often as all others.
pub(super) const FIRST: usize = 6;

/// Looks for payloads on the first state. Cost: a few ten thousand executions.
pub(super) fn search(
    world: &World,
    knowledge: &Knowledge,
    amounts: &[U256],
    machine: &mut Machine,
    stream: &mut Stream,
) -> Result<(Vec<Payload>, u64)> {
    let mut found: Vec<(u8, Payload)> = Vec::new();
    let mut executions = 0;
    let memory = Memory::default();
    let tokens = tokens(world);
    for target in knowledge.targets.iter().filter(|target| target.own) {
        let Some(function) = &target.function else { continue };
        let mut best: Vec<(u8, Payload)> = Vec::new();
        for name in &knowledge.privileged {
            if !Knowledge::is_contract(world, *name) {
                continue;
            }
            for _ in 0..TRIES {
                let ether = world.state.balance(*name);
                let maker = Maker { knowledge, memory: &memory, payloads: &[], ether, amounts, lent: None };
                let (arguments, _) = maker.arguments(function, stream);
                let value = if target.payable { maker.sent(stream) } else { U256::ZERO };
                let data: Bytes = super::values::call(function, arguments.clone()).into();
                let call = |sender| Transaction { sender, to: Some(target.to), value, data: data.clone() };
                let outcome = machine.run(&world.state, &call(*name))?;
                executions += 1;
                if !outcome.success() {
                    continue;
                }
                let after = Arc::new(outcome.after(&world.state));
                let mut rank = harm(world, knowledge, machine, &after, &tokens)?;
                if rank == 0 {
                    continue;
                }
                if rank < 3 && allowed(knowledge.attacker, *name, machine, &after, &tokens)? {
                    rank = 3;
                }
                // What the attacker can do alone needs nobody's name.
                let own = machine.run(&world.state, &call(knowledge.attacker))?;
                executions += 1;
                if own.success() {
                    let own = harm(world, knowledge, machine, &Arc::new(own.after(&world.state)), &tokens)?;
                    if own >= rank && rank > 1 {
                        continue;
                    }
                }
                let call = Some((Arc::clone(function), arguments));
                let payload = Payload { target: target.to, value, data, call };
                if best.iter().all(|(_, known): &(u8, Payload)| known.data != payload.data) {
                    best.push((rank, payload));
                }
            }
        }
        best.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
        best.truncate(4);
        found.extend(best);
    }
    found.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
    found.truncate(MOST);
    let mut payloads: Vec<Payload> = found.into_iter().map(|(_, payload)| payload).collect();
    // A contract of the attacker's own, for those who run foreign code in their own name.
    let (target, value, data) = (knowledge.attacker, U256::ZERO, Bytes::new());
    payloads.insert(payloads.len().min(FIRST - 1), Payload { target, value, data, call: None });
    Ok((payloads, executions))
}

/// The contracts that hold balances.
pub(super) fn tokens(world: &World) -> Vec<Address> {
    let holds = |name: &str, deployed: &crate::world::Deployed| {
        deployed.functions().any(|function| function.signature() == name)
    };
    let tokens = world.contracts.iter().filter(|deployed| {
        holds("balanceOf(address)", deployed) && holds("transfer(address,uint256)", deployed)
    });
    tokens.map(|deployed| deployed.address).collect()
}

/// How much harm a state is in comparison with the first: 0 none; 1 something written that names the attacker; 2 others
/// lost ether; 3 the attacker gained ether or tokens, or took the place of someone with rights, or a contract is gone.
fn harm(
    world: &World,
    knowledge: &Knowledge,
    machine: &mut Machine,
    after: &Arc<State>,
    tokens: &[Address],
) -> Result<u8> {
    let first = &world.state;
    if after.balance(knowledge.attacker) > first.balance(knowledge.attacker) {
        return Ok(3);
    }
    for token in tokens {
        let before = balance(machine, first, *token, knowledge.attacker)?;
        if balance(machine, after, *token, knowledge.attacker)? > before {
            return Ok(3);
        }
    }
    let mut rank = 0;
    for deployed in &world.contracts {
        let account = deployed.address;
        if after.code(account).is_empty() && !first.code(account).is_empty() {
            return Ok(3);
        }
        if after.balance(account) < first.balance(account) {
            rank = rank.max(2);
        }
        if after.same(first, account) {
            continue;
        }
        for (slot, value) in after.slots(account) {
            let before = first.storage(account, slot);
            if before == value {
                continue;
            }
            let named = value == U256::from_be_slice(knowledge.attacker.as_slice());
            if named && !before.is_zero() {
                return Ok(3);
            }
            rank = rank.max(if named { 2 } else { 1 });
        }
    }
    Ok(rank)
}

/// Whether the attacker may take a token from someone now.
fn allowed(
    attacker: Address,
    from: Address,
    machine: &mut Machine,
    after: &Arc<State>,
    tokens: &[Address],
) -> Result<bool> {
    for token in tokens {
        let held = balance(machine, after, *token, from)?;
        if held.is_zero() {
            continue;
        }
        let mut data = vec![0x23, 0xb8, 0x72, 0xdd];
        for word in [from.into_word(), attacker.into_word(), held.into()] {
            data.extend_from_slice(word.as_slice());
        }
        let call = Transaction { sender: attacker, to: Some(*token), value: U256::ZERO, data: data.into() };
        if machine.run(after, &call)?.success() {
            return Ok(true);
        }
    }
    Ok(false)
}
