//! Runs one transaction on one state.

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes, Log, TxKind, U256, keccak256};
use revm::bytecode::Bytecode;
use revm::context::result::{ExecutionResult, HaltReason};
use revm::context::{BlockEnv, CfgEnv, Context, Evm, FrameStack, Journal, TxEnv};
use revm::context_interface::JournalTr;
use revm::context_interface::result::{EVMError, InvalidTransaction};
use revm::handler::evm::{ContextDbError, FrameInitResult, FrameTr};
use revm::handler::instructions::EthInstructions;
use revm::handler::{
    EthFrame, EthPrecompiles, EvmTr, FrameInitOrResult, FrameResult, Handler, ItemOrResult, MainnetHandler,
};
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::interpreter_action::FrameInit;
use revm::interpreter::interpreter_types::Jumps;
use revm::interpreter::{CallScheme, FrameInput};
use revm::state::EvmState;

use super::fork::Fork;
use super::instructions::tracing;
use super::state::{Shared, State};
use super::trace::{CallKind, CallRecord, Trace};
use crate::{Error, Result};

pub(super) type Inner = Context<BlockEnv, TxEnv, CfgEnv, Shared, Journal<Shared>, Trace>;
type Plain = Evm<Inner, (), EthInstructions<EthInterpreter, Inner>, EthPrecompiles, EthFrame<EthInterpreter>>;

/// A transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// Who sends it. Nonces and signatures are not asked for: a contract may send too.
    pub sender: Address,
    /// Whom it calls; none creates a contract.
    pub to: Option<Address>,
    /// Wei sent along.
    pub value: U256,
    /// The input, or the creation code.
    pub data: Bytes,
}

/// How a transaction ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Well.
    Success,
    /// It was reverted; the output says why.
    Reverted,
    /// It was stopped: gas, an invalid instruction or jump.
    Halted(HaltReason),
    /// It could not begin: no chain would take it.
    Refused,
}

/// What came of a transaction.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// How it ended.
    pub status: Status,
    /// What it answered, or why it was reverted.
    pub output: Bytes,
    /// The contract it created.
    pub created: Option<Address>,
    /// Gas used.
    pub gas: u64,
    /// What it logged.
    pub logs: Vec<Log>,
    /// What it changed; nothing where it did not end well.
    changes: EvmState,
}

impl Outcome {
    /// Whether it ended well.
    pub fn success(&self) -> bool {
        self.status == Status::Success
    }

    /// Whether it was stopped by an assertion: panic 1 of solc 0.8 and later, the invalid instruction of earlier ones.
    pub fn asserts(&self) -> bool {
        match &self.status {
            Status::Reverted => {
                self.output.len() == 36
                    && self.output[..4] == [0x4e, 0x48, 0x7b, 0x71]
                    && self.output[35] == 1
            }
            Status::Halted(reason) => *reason == HaltReason::InvalidFEOpcode,
            _ => false,
        }
    }

    /// The state after it, given the state before.
    pub fn after(&self, before: &State) -> State {
        let mut state = before.clone();
        state.apply(&self.changes);
        state
    }

    /// Why it was reverted, in words: the reason of `require` or `revert`, a panic, or the selector of an error of the
    /// contract's own.
    pub fn reason(&self) -> String {
        match &self.status {
            Status::Success => "success".to_owned(),
            Status::Refused => "no chain takes the transaction".to_owned(),
            Status::Halted(reason) => format!("{reason:?}"),
            Status::Reverted => reason(&self.output),
        }
    }
}

/// Why a call was reverted, in words, from what it answered.
pub(crate) fn reason(output: &[u8]) -> String {
    match output {
        [0x08, 0xc3, 0x79, 0xa0, rest @ ..] => {
            let length = rest.get(32..64).map_or(U256::ZERO, U256::from_be_slice);
            let length = usize::try_from(length).unwrap_or(usize::MAX).min(rest.len().saturating_sub(64));
            let text = rest.get(64..64 + length).unwrap_or_default();
            format!("`{}`", String::from_utf8_lossy(text).escape_debug())
        }
        [0x4e, 0x48, 0x7b, 0x71, rest @ ..] => {
            format!("panic 0x{:02x}", rest.last().copied().unwrap_or_default())
        }
        [] => "reverted without a reason".to_owned(),
        [a, b, c, d, ..] => format!("error 0x{a:02x}{b:02x}{c:02x}{d:02x}"),
        _ => "reverted".to_owned(),
    }
}

/// A machine that runs transactions: one a thread, used again and again.
///
/// The chain's number is 31337, as on the development nodes that exported tests run on. Gas is free; the sender needs no
/// nonce. Cost: under two microseconds for a small call, of which the trace takes a tenth.
#[derive(Debug)]
pub struct Machine {
    evm: Tracing,
    fork: Fork,
    /// Gas that is left of what all transactions together were allowed; none without an end.
    purse: Option<u64>,
}

/// The number of the chain.
pub(super) const CHAIN: u64 = 31337;

impl Machine {
    /// Gas of a transaction: half of a block of today.
    pub const GAS: u64 = 30_000_000;
    /// Gas of a transaction once all that is allowed is used up: enough for any that is no bomb.
    const LITTLE: u64 = 3_000_000;

    /// A machine of a hard fork.
    pub fn new(fork: Fork) -> Self {
        let mut context: Inner = Context::new(Shared::default(), fork.spec());
        context.modify_cfg(|cfg| {
            cfg.chain_id = CHAIN;
            cfg.tx_chain_id_check = false;
            cfg.disable_nonce_check = true;
            cfg.disable_block_gas_limit = true;
            cfg.disable_eip3607 = true;
            cfg.disable_base_fee = true;
            cfg.disable_fee_charge = true;
            cfg.tx_gas_limit_cap = Some(u64::MAX);
        });
        let evm = Evm {
            ctx: context,
            inspector: (),
            instruction: tracing(fork),
            precompiles: EthPrecompiles::new(fork.spec()),
            frame_stack: FrameStack::new_prealloc(8),
        };
        Self { evm: Tracing(evm), fork, purse: None }
    }

    /// Allows so much gas to all transactions from now on: contracts of whom every call takes as long as it may would else
    /// hold up what looks them over. Where it is used up each transaction gets a tenth.
    pub fn allow(&mut self, gas: Option<u64>) {
        self.purse = gas;
    }

    /// The hard fork.
    pub fn fork(&self) -> Fork {
        self.fork
    }

    /// What the last transaction did.
    pub fn trace(&self) -> &Trace {
        &self.evm.0.ctx.chain
    }

    /// Looks through a code, so that its places have numbers. Codes that a machine was not shown run without coverage:
    /// machines that were shown the same in the same order number alike.
    pub fn learn(&mut self, code: &Bytecode) -> u32 {
        self.evm.0.ctx.chain.codes.number(code.hash_slow(), code)
    }

    /// Runs a transaction on a state; the state stays as it is.
    ///
    /// # Errors
    /// A defect of the interpreter; whatever a transaction does wrong is an [`Outcome`].
    pub fn run(&mut self, state: &Arc<State>, transaction: &Transaction) -> Result<Outcome> {
        let context = &mut self.evm.0.ctx;
        context.chain.clear();
        context.journaled_state.database.0 = Arc::clone(state);
        let chain = state.base().map_or(CHAIN, |base| base.chain());
        if context.cfg.chain_id != chain {
            context.modify_cfg(|cfg| cfg.chain_id = chain);
        }
        context.block.number = U256::from(state.block);
        context.block.timestamp = U256::from(state.time);
        context.block.prevrandao = Some(random(state.block));
        context.tx.caller = transaction.sender;
        context.tx.kind = transaction.to.map_or(TxKind::Create, TxKind::Call);
        context.tx.value = transaction.value;
        context.tx.data = transaction.data.clone();
        context.tx.gas_limit = if self.purse == Some(0) { Self::LITTLE } else { Self::GAS };
        let result = MainnetHandler::<_, EVMError<_, InvalidTransaction>, _>::default().run(&mut self.evm);
        let changes = self.evm.0.ctx.journaled_state.finalize();
        if let Some(message) = state.base().and_then(|base| base.problem()) {
            return Err(Error::Remote { message });
        }
        let refused = || Outcome {
            status: Status::Refused,
            output: Bytes::new(),
            created: None,
            gas: 0,
            logs: Vec::new(),
            changes: EvmState::default(),
        };
        let outcome = match result {
            Ok(ExecutionResult::Success { gas, logs, output, .. }) => {
                let created = output.address().copied();
                let output = output.into_data();
                Ok(Outcome {
                    status: Status::Success,
                    output,
                    created,
                    gas: gas.tx_gas_used(),
                    logs,
                    changes,
                })
            }
            Ok(ExecutionResult::Revert { gas, output, .. }) => {
                Ok(Outcome { status: Status::Reverted, output, gas: gas.tx_gas_used(), ..refused() })
            }
            Ok(ExecutionResult::Halt { reason, gas, .. }) => {
                Ok(Outcome { status: Status::Halted(reason), gas: gas.tx_gas_used(), ..refused() })
            }
            Err(EVMError::Transaction(_)) => Ok(refused()),
            Err(error) => Err(Error::Transaction { reason: error.to_string() }),
        };
        if let (Some(purse), Ok(outcome)) = (&mut self.purse, &outcome) {
            *purse = purse.saturating_sub(outcome.gas);
        }
        outcome
    }
}

/// The random word of a block: any, but the same for the same block.
pub(crate) fn random(block: u64) -> B256 {
    let mut word = [0_u8; 32];
    word[24..].copy_from_slice(&block.to_be_bytes());
    word[..8].copy_from_slice(&block.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    B256::from(word)
}

pub(super) fn block_hash(number: u64) -> B256 {
    keccak256(number.to_be_bytes())
}

/// The machine of revm, with a look at the beginning and the end of every call.
#[derive(Debug)]
struct Tracing(Plain);

impl Tracing {
    /// What is kept of a call that begins, and the number of its code.
    fn record(&mut self, init: &FrameInit) -> Option<(CallRecord, Option<u32>)> {
        let context = &mut self.0.ctx;
        if context.chain.full() {
            return None;
        }
        let site = match self.0.frame_stack.index() {
            Some(_) => {
                // An instruction that makes a call has stepped on already.
                let counter = self.0.frame_stack.get().interpreter.bytecode.pc().saturating_sub(1);
                context.chain.site(counter)
            }
            None => None,
        };
        let depth = u32::try_from(init.depth).unwrap_or(u32::MAX);
        let blank = |kind, caller, target, code_address, value, input, gas| CallRecord {
            kind,
            parent: None,
            depth,
            caller,
            target,
            code_address,
            code: None,
            value,
            input,
            gas,
            site,
            success: false,
            output: Bytes::new(),
            begin: 0,
            end: 0,
        };
        match &init.frame_input {
            FrameInput::Empty => None,
            FrameInput::Call(inputs) => {
                let kind = match inputs.scheme {
                    CallScheme::Call | CallScheme::CallCode => CallKind::Call,
                    CallScheme::DelegateCall => CallKind::Delegate,
                    CallScheme::StaticCall => CallKind::Static,
                };
                let input = if context.chain.keeps(inputs.input.len()) {
                    inputs.input.bytes(context)
                } else {
                    Bytes::new()
                };
                let (target, code_address) = (inputs.target_address, inputs.bytecode_address);
                let record = blank(
                    kind,
                    inputs.caller,
                    target,
                    code_address,
                    inputs.value.get(),
                    input,
                    inputs.gas_limit,
                );
                let (hash, code) = &inputs.known_bytecode;
                let code = if code.is_empty() { None } else { context.chain.codes.find(*hash) };
                Some((record, code))
            }
            FrameInput::Create(inputs) => {
                let (value, gas) = (inputs.value(), inputs.gas_limit());
                let record = blank(
                    CallKind::Create,
                    inputs.caller(),
                    Address::ZERO,
                    Address::ZERO,
                    value,
                    Bytes::new(),
                    gas,
                );
                Some((record, None))
            }
        }
    }
}

impl EvmTr for Tracing {
    type Context = Inner;
    type Instructions = EthInstructions<EthInterpreter, Inner>;
    type Precompiles = EthPrecompiles;
    type Frame = EthFrame<EthInterpreter>;

    fn all(&self) -> (&Self::Context, &Self::Instructions, &Self::Precompiles, &FrameStack<Self::Frame>) {
        self.0.all()
    }

    fn all_mut(
        &mut self,
    ) -> (&mut Self::Context, &mut Self::Instructions, &mut Self::Precompiles, &mut FrameStack<Self::Frame>)
    {
        self.0.all_mut()
    }

    fn frame_init(
        &mut self,
        init: <Self::Frame as FrameTr>::FrameInit,
    ) -> std::result::Result<FrameInitResult<'_, Self::Frame>, ContextDbError<Inner>> {
        let record = self.record(&init);
        let number = record.map(|(record, code)| (self.0.ctx.chain.begin(record, code), code));
        let now = match self.0.frame_init(init)? {
            ItemOrResult::Item(_) => None,
            ItemOrResult::Result(result) => Some(result),
        };
        let trace = &mut self.0.ctx.chain;
        match now {
            None => {
                // Calls beyond what is kept are counted to the last one that is.
                let (call, code) =
                    number.unwrap_or((u32::try_from(trace.calls.len()).unwrap_or(1) - 1, None));
                trace.open(call, code);
                Ok(ItemOrResult::Item(self.0.frame_stack.get()))
            }
            Some(result) => {
                if let Some((call, _)) = number {
                    let answer = result.interpreter_result();
                    trace.end(call, answer.result.is_ok(), answer.output.clone());
                }
                Ok(ItemOrResult::Result(result))
            }
        }
    }

    fn frame_run(&mut self) -> std::result::Result<FrameInitOrResult<Self::Frame>, ContextDbError<Inner>> {
        self.0.frame_run()
    }

    fn frame_return_result(
        &mut self,
        result: <Self::Frame as FrameTr>::FrameResult,
    ) -> std::result::Result<Option<<Self::Frame as FrameTr>::FrameResult>, ContextDbError<Inner>> {
        if self.0.frame_stack.get().is_finished()
            && let Some(call) = self.0.ctx.chain.close()
        {
            let answer = result.interpreter_result();
            let (success, output) = (answer.result.is_ok(), answer.output.clone());
            if let FrameResult::Create(outcome) = &result
                && let Some(created) = outcome.address
            {
                let record = &mut self.0.ctx.chain.calls[call as usize];
                record.target = created;
                record.code_address = created;
            }
            self.0.ctx.chain.end(call, success, output);
        }
        self.0.frame_return_result(result)
    }
}
