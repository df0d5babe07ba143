//! Calls by signature, one after another, on a state that moves along.

use std::sync::Arc;

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{Address, Bytes, Log, Selector, U256, keccak256};

use crate::Result;
use crate::artifact::Contract;
use crate::chain::{Machine, Outcome, State, Status, Transaction};
use crate::world::World;

/// A call that the contracts refused, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

/// A call that went well.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What it answered.
    pub output: Bytes,
    /// What it logged.
    pub logs: Vec<Log>,
    /// Gas used.
    pub gas: u64,
}

/// A machine and a state that calls move along.
#[derive(Debug)]
pub struct Session {
    machine: Machine,
    /// The state.
    pub state: Arc<State>,
}

impl Session {
    /// Begins on the state of a world.
    pub fn new(world: &World) -> Self {
        Self { machine: Machine::new(world.fork), state: Arc::clone(&world.state) }
    }

    /// The machine.
    pub fn machine(&mut self) -> &mut Machine {
        &mut self.machine
    }

    /// Sets block and time of the next call.
    pub fn set_clock(&mut self, block: u64, time: u64) {
        if (self.state.block, self.state.time) != (block, time) {
            let state = Arc::make_mut(&mut self.state);
            (state.block, state.time) = (block, time);
        }
    }

    fn run(
        &mut self,
        from: Address,
        to: Address,
        signature: &str,
        arguments: Vec<DynSolValue>,
    ) -> Result<Outcome> {
        let data = input(selector(signature), arguments);
        self.machine.run(&self.state, &Transaction { sender: from, to: Some(to), value: U256::ZERO, data })
    }

    /// Sends a call; the state stays as it was where it is refused.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub fn send(
        &mut self,
        from: Address,
        to: Address,
        signature: &str,
        arguments: Vec<DynSolValue>,
    ) -> Result<std::result::Result<Answer, Refused>> {
        let outcome = self.run(from, to, signature, arguments)?;
        Ok(self.settle(outcome, None))
    }

    /// Sends a transaction; the state stays as it was where it is refused. Errors of the contract's own are told by name.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub fn transact(
        &mut self,
        transaction: &Transaction,
        contract: Option<&Contract>,
    ) -> Result<std::result::Result<Answer, Refused>> {
        let outcome = self.machine.run(&self.state, transaction)?;
        Ok(self.settle(outcome, contract))
    }

    fn settle(
        &mut self,
        mut outcome: Outcome,
        contract: Option<&Contract>,
    ) -> std::result::Result<Answer, Refused> {
        if !outcome.success() {
            return Err(Refused(reason(&outcome, contract)));
        }
        let (output, logs) = (std::mem::take(&mut outcome.output), std::mem::take(&mut outcome.logs));
        let answer = Answer { output, logs, gas: outcome.gas };
        self.state = Arc::new(outcome.after(&self.state));
        Ok(answer)
    }

    /// Asks without changing anything; none where the call is refused.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub fn ask(
        &mut self,
        to: Address,
        signature: &str,
        arguments: Vec<DynSolValue>,
    ) -> Result<Option<Bytes>> {
        let outcome = self.run(Address::ZERO, to, signature, arguments)?;
        Ok(outcome.success().then_some(outcome.output))
    }

    /// Asks for one number; none where the call is refused or answers less than a word.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub fn number(
        &mut self,
        to: Address,
        signature: &str,
        arguments: Vec<DynSolValue>,
    ) -> Result<Option<U256>> {
        let output = self.ask(to, signature, arguments)?;
        Ok(output.and_then(|output| output.get(..32).map(U256::from_be_slice)))
    }

    /// Asks for one address; none where the call is refused or answers none.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub fn address(&mut self, to: Address, signature: &str) -> Result<Option<Address>> {
        let word = self.number(to, signature, Vec::new())?;
        Ok(word.filter(|word| !word.is_zero() && word.bit_len() <= 160).map(address_of))
    }
}

/// The lower twenty bytes of a word.
pub(crate) fn address_of(word: U256) -> Address {
    Address::from_word(word.into())
}

/// Why a call was refused; errors that the contract declares by name.
pub(crate) fn reason(outcome: &Outcome, contract: Option<&Contract>) -> String {
    let declared = || {
        let selector: [u8; 4] = outcome.output.get(..4)?.try_into().ok()?;
        let mut errors = contract?.abi.errors.values().flatten();
        errors.find(|error| error.selector() == selector).map(|error| format!("`{}`", error.name))
    };
    let named = if outcome.status == Status::Reverted { declared() } else { None };
    named.unwrap_or_else(|| outcome.reason())
}

/// The first four bytes of the input of a function.
pub(crate) fn selector(signature: &str) -> Selector {
    let hash = keccak256(signature);
    Selector::from([hash[0], hash[1], hash[2], hash[3]])
}

/// The input of a call.
pub(crate) fn input(selector: Selector, arguments: Vec<DynSolValue>) -> Bytes {
    let mut data = selector.to_vec();
    data.extend(DynSolValue::Tuple(arguments).abi_encode_params());
    data.into()
}

/// A number as an argument.
pub(crate) fn uint(value: impl TryInto<U256>) -> DynSolValue {
    DynSolValue::Uint(value.try_into().unwrap_or(U256::MAX), 256)
}
