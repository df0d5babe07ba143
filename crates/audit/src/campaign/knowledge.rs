//! What a search knows before it begins: functions that can be called, values that the contracts speak of.

use std::collections::BTreeSet;
use std::sync::Arc;

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_primitives::{Address, B256, U256};
use revm::bytecode::opcode;

use super::values::{leaves, simple};
use crate::Result;
use crate::artifact::Callable;
use crate::chain::{Machine, Transaction};
use crate::world::{Deployed, Role, World};

/// A function at an address.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The address.
    pub(crate) to: Address,
    /// The function; none sends ether alone.
    pub(crate) function: Option<Arc<Callable>>,
    /// Whether ether can be sent along.
    pub(crate) payable: bool,
    /// Whether the contract itself declares it; a fallback may know functions of other contracts.
    pub(crate) own: bool,
}

/// What a search knows before it begins.
#[derive(Debug)]
pub(crate) struct Knowledge {
    /// Who attacks.
    pub(crate) attacker: Address,
    /// What can be called with an effect.
    pub(crate) targets: Vec<Target>,
    /// Addresses worth naming: the attacker first, contracts, other actors.
    pub(crate) addresses: Vec<Address>,
    /// Addresses of contracts and of actors who have rights: who could do more than the attacker.
    pub(crate) privileged: Vec<Address>,
    /// Numbers that the contracts hold or were written with.
    pub(crate) numbers: Vec<U256>,
    /// Spans of time, in seconds, that the contracts hold or were written with.
    pub(crate) spans: Vec<u64>,
    /// Words that are no numbers: roles, hashes, salts.
    pub(crate) words: Vec<B256>,
    /// Selectors that contracts know but declare nowhere.
    pub(crate) texts: Vec<String>,
}

impl Knowledge {
    /// Asks every function that changes nothing and needs no arguments, and reads constants out of codes.
    pub(crate) fn new(world: &World, machine: &mut Machine) -> Result<Self> {
        let attacker =
            world.of_role(Role::Attacker).next().map_or(Address::repeat_byte(0xa7), |actor| actor.address);
        let mut addresses = vec![attacker];
        addresses.extend(world.contracts.iter().map(|deployed| deployed.address));
        addresses.extend(world.actors.iter().map(|actor| actor.address));
        let mut privileged: Vec<Address> = world.contracts.iter().map(|deployed| deployed.address).collect();
        privileged.extend(
            world.actors.iter().filter(|actor| actor.role == Role::Trusted).map(|actor| actor.address),
        );

        let mut targets = Vec::new();
        for deployed in &world.contracts {
            let own: Vec<&Callable> = deployed.functions().filter(|function| !function.view()).collect();
            let mut known: BTreeSet<[u8; 4]> = own.iter().map(|function| function.selector.0).collect();
            let target = |function: &Callable, own| Target {
                to: deployed.address,
                payable: function.payable(),
                function: Some(Arc::new(function.clone())),
                own,
            };
            targets.extend(own.iter().map(|function| target(function, true)));
            if deployed.contract.abi.fallback.is_some() {
                let others = world.contracts.iter().flat_map(Deployed::functions);
                for function in others.filter(|function| !function.view()) {
                    let declared =
                        deployed.contract.functions.iter().any(|own| own.selector == function.selector);
                    if !declared && known.insert(function.selector.0) {
                        targets.push(target(function, false));
                    }
                }
            }
            if deployed.receives() {
                targets.push(Target { to: deployed.address, function: None, payable: true, own: true });
            }
        }

        let mut numbers = BTreeSet::new();
        let mut words = BTreeSet::new();
        let mut spans = BTreeSet::from([1, 12, 3600, 86_400, 604_800]);
        for deployed in &world.contracts {
            for function in
                deployed.contract.functions.iter().filter(|function| function.view() && simple(function))
            {
                if !function.inputs.is_empty() {
                    continue;
                }
                let data = function.selector.to_vec().into();
                let (sender, to) = (attacker, Some(deployed.address));
                let outcome =
                    machine.run(&world.state, &Transaction { sender, to, value: U256::ZERO, data })?;
                if !outcome.success() {
                    continue;
                }
                for (kind, word) in function.outputs.iter().zip(outcome.output.chunks_exact(32)) {
                    let word = B256::from_slice(word);
                    match kind {
                        DynSolType::Address => addresses.push(Address::from_word(word)),
                        DynSolType::Uint(_) => {
                            numbers.insert(U256::from_be_bytes(word.0));
                        }
                        DynSolType::FixedBytes(32) => {
                            words.insert(word);
                        }
                        _ => {}
                    }
                }
            }
            constants(world.state.code(deployed.address).original_byte_slice(), &mut numbers, &mut words);
            for (_, value) in world.state.slots(deployed.address) {
                if value.bit_len() <= 128 {
                    numbers.insert(value);
                }
            }
        }
        for done in &world.setup {
            let called =
                world.contracts.iter().filter(|deployed| Some(deployed.address) == done.transaction.to);
            let function = called
                .flat_map(Deployed::functions)
                .find(|function| done.transaction.data.get(..4) == Some(function.selector.as_slice()));
            let Some(function) = function else { continue };
            let given = DynSolType::Tuple(function.inputs.clone());
            if let Ok(DynSolValue::Tuple(given)) = given.abi_decode_params(&done.transaction.data[4..]) {
                let words = leaves(&given).into_iter().map(|word| U256::from_be_bytes(word.0));
                numbers.extend(words.filter(|word| word.bit_len() <= 128));
            }
        }
        for number in &numbers {
            if let Ok(span) = u64::try_from(*number)
                && (2..=126_144_000).contains(&span)
            {
                spans.insert(span);
            }
        }
        words.insert(B256::ZERO);
        let mut seen = BTreeSet::new();
        addresses.retain(|address| seen.insert(*address));
        Ok(Self {
            attacker,
            targets,
            addresses,
            privileged,
            numbers: numbers.into_iter().collect(),
            spans: spans.into_iter().collect(),
            words: words.into_iter().collect(),
            texts: vec![String::new(), "a".to_owned()],
        })
    }

    /// The contract of an address, by its number in the world.
    pub(crate) fn is_contract(world: &World, address: Address) -> bool {
        world.contracts.iter().any(|deployed| deployed.address == address)
    }
}

/// The words that a code pushes, of three bytes and more: amounts, limits, roles, magic numbers.
fn constants(code: &[u8], numbers: &mut BTreeSet<U256>, words: &mut BTreeSet<B256>) {
    let mut counter = 0;
    while counter < code.len() {
        let instruction = code[counter];
        let size = crate::chain::push_size(instruction);
        if size > 0
            && let Some(bytes) = code.get(counter + 1..counter + 1 + size)
        {
            // Four bytes at the head of a dispatcher are selectors, and full masks are the compiler's.
            let after = code.get(counter + 1 + size).copied().unwrap_or_default();
            let selector = size == 4 && after == opcode::EQ;
            let mask = bytes.iter().all(|byte| *byte == 0xff);
            if size == 32 {
                words.insert(B256::from_slice(bytes));
            }
            if !selector && !mask && size <= 16 {
                numbers.insert(U256::from_be_slice(bytes));
            }
        }
        counter += 1 + size;
    }
}

/// What an answer holds, by the types that were declared; nothing where it does not fit.
pub(crate) fn decode(function: &Callable, output: &[u8]) -> Vec<DynSolValue> {
    match DynSolType::Tuple(function.outputs.clone()).abi_decode_params(output) {
        Ok(DynSolValue::Tuple(values)) => values,
        _ => Vec::new(),
    }
}
