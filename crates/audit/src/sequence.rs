//! Calls in their order: what an attack is, and what a test replays.

use std::sync::Arc;

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{Address, Bytes, U256};

use crate::Result;
use crate::artifact::Callable;
use crate::chain::{Machine, Outcome, State, Transaction};
use crate::puppet;

/// Seconds from one block to the next.
pub const BLOCK_SECONDS: u64 = 12;

/// Time that passes before a step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Wait {
    /// Blocks.
    pub blocks: u64,
    /// Seconds.
    pub seconds: u64,
}

impl Wait {
    /// So many seconds, and the blocks that they hold.
    pub fn seconds(seconds: u64) -> Self {
        Self { blocks: seconds.div_ceil(BLOCK_SECONDS), seconds }
    }

    /// So many blocks, and the seconds that they take.
    pub fn blocks(blocks: u64) -> Self {
        Self { blocks, seconds: blocks.saturating_mul(BLOCK_SECONDS) }
    }

    /// Whether no time passes.
    pub fn is_none(self) -> bool {
        self.blocks == 0 && self.seconds == 0
    }
}

/// A call, and what the sender's own contract does when it is called back during it.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Who calls.
    pub sender: Address,
    /// Whom.
    pub to: Address,
    /// Which function; none sends ether alone.
    pub function: Option<Arc<Callable>>,
    /// Its arguments, of the types of the function's inputs.
    pub arguments: Vec<DynSolValue>,
    /// Wei sent along.
    pub value: U256,
    /// Time that passes before.
    pub wait: Wait,
    /// What the sender's contract does, once, when it gets control during the call: a callback, ether received, a loan.
    /// Their senders are the sender of this step and they wait for nothing.
    pub inner: Vec<Step>,
}

impl Step {
    /// The input of the call.
    pub fn data(&self) -> Bytes {
        let Some(function) = &self.function else { return Bytes::new() };
        let mut data = Vec::with_capacity(4 + 32 * self.arguments.len());
        data.extend_from_slice(function.selector.as_slice());
        encode(&self.arguments, &mut data);
        data.into()
    }

    /// The transaction.
    pub fn transaction(&self) -> Transaction {
        Transaction { sender: self.sender, to: Some(self.to), value: self.value, data: self.data() }
    }

    /// The state that the call begins on: time has passed, and the sender's contract stands ready where it has something to
    /// do.
    pub fn before(&self, state: &Arc<State>) -> Arc<State> {
        if self.wait.is_none() && self.inner.is_empty() {
            return Arc::clone(state);
        }
        let mut state = (**state).clone();
        state.block += self.wait.blocks;
        state.time += self.wait.seconds;
        if !self.inner.is_empty() {
            state.set_code(self.sender, puppet::code(&self.inner));
        }
        Arc::new(state)
    }

    /// Carries the step out.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub fn run(&self, machine: &mut Machine, state: &Arc<State>) -> Result<Ran> {
        let before = self.before(state);
        let outcome = machine.run(&before, &self.transaction())?;
        Ok(Ran { before, outcome })
    }
}

/// A step carried out.
#[derive(Debug)]
pub struct Ran {
    /// The state that the call began on.
    pub before: Arc<State>,
    /// What came of it.
    pub outcome: Outcome,
}

impl Ran {
    /// The state afterwards. A sender's contract that stood ready is an idle one again.
    pub fn after(&self, step: &Step) -> Arc<State> {
        let mut after = self.outcome.after(&self.before);
        if !step.inner.is_empty() {
            after.set_code(step.sender, puppet::code(&[]));
        }
        Arc::new(after)
    }
}

pub(crate) fn encode(arguments: &[DynSolValue], data: &mut Vec<u8>) {
    // Arguments of one word each need no copy of them as a tuple.
    let plain = |value: &DynSolValue| {
        matches!(
            value,
            DynSolValue::Uint(..)
                | DynSolValue::Int(..)
                | DynSolValue::Address(..)
                | DynSolValue::Bool(..)
                | DynSolValue::FixedBytes(..)
        )
    };
    if arguments.iter().all(plain) {
        for argument in arguments {
            data.extend_from_slice(argument.as_word().unwrap_or_default().as_slice());
        }
    } else {
        data.extend(DynSolValue::Tuple(arguments.to_vec()).abi_encode_params());
    }
}
