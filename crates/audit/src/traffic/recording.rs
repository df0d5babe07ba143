//! Traffic as it was seen: who called what, when, and what came of it.

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_primitives::{Address, Bytes, U256};

use crate::Result;
use crate::sequence::Step;
use crate::traffic::Session;
use crate::world::{Role, World};

/// A call that was seen.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The call; its time is that of the record.
    pub step: Step,
    /// What the sender is to the contracts.
    pub role: Role,
    /// What it answered.
    pub output: Bytes,
    /// Whether it went well.
    pub success: bool,
    /// The block in which it ran.
    pub block: u64,
    /// Its time, in seconds since 1970.
    pub time: u64,
}

/// Calls in their order, and what was known of the contracts.
#[derive(Debug, Clone, Default)]
pub struct Recording {
    /// The calls.
    pub calls: Vec<Recorded>,
    /// Addresses of the contracts.
    pub contracts: Vec<Address>,
    /// Numbers that contracts tell of themselves, by the name of the view without arguments: periods, delays, thresholds.
    pub getters: Vec<(String, U256)>,
}

impl Recording {
    /// An empty one of a world.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub fn of(world: &World) -> Result<Self> {
        let contracts = world.contracts.iter().map(|deployed| deployed.address).collect();
        Ok(Self { calls: Vec::new(), contracts, getters: getters(world)? })
    }
}

/// Numbers that the contracts of a world tell of themselves, in the order of their deployment.
///
/// # Errors
/// A defect of the interpreter.
pub fn getters(world: &World) -> Result<Vec<(String, U256)>> {
    let mut session = Session::new(world);
    let mut found = Vec::new();
    for deployed in &world.contracts {
        let contracts = [Some(&deployed.contract), deployed.implementation.as_ref()];
        for callable in contracts.into_iter().flatten().flat_map(|contract| &contract.functions) {
            let number = matches!(callable.outputs[..], [DynSolType::Uint(_)]);
            if callable.view()
                && callable.inputs.is_empty()
                && number
                && let Some(value) = session.number(deployed.address, &callable.signature(), Vec::new())?
            {
                found.push((callable.name(), value));
            }
        }
    }
    Ok(found)
}

/// What a call answered, by the types of its function; nothing where it does not fit them.
pub fn decoded(step: &Step, output: &[u8]) -> Vec<DynSolValue> {
    let Some(function) = &step.function else { return Vec::new() };
    if function.outputs.is_empty() {
        return Vec::new();
    }
    match DynSolType::Tuple(function.outputs.clone()).abi_decode_params(output) {
        Ok(DynSolValue::Tuple(values)) => values,
        _ => Vec::new(),
    }
}
