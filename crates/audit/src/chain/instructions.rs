//! The instructions that leave a trace.
//!
//! Each looks at the stack, then does what the plain instruction does. Replacing instructions costs less than an inspector
//! that is asked before every one of them, and gives the operands.

use alloy_primitives::U256;
use revm::bytecode::opcode;
use revm::context_interface::Host;
use revm::handler::instructions::EthInstructions;
use revm::interpreter::instructions::{
    arithmetic, bitwise, block_info, control, gas_table_spec, host, instruction_table, tx_info,
};
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::interpreter_types::{InputsTr, Jumps};
use revm::interpreter::{Instruction, InstructionContext, InstructionExecResult};

use super::fork::Fork;
use super::machine::Inner;
use super::trace::ComparisonKind;

type Looking<'a> = InstructionContext<'a, Inner, EthInterpreter>;

/// The top two words of the stack.
fn top(context: &Looking<'_>) -> Option<(U256, U256)> {
    match context.interpreter.stack.data().as_slice() {
        [.., second, first] => Some((*first, *second)),
        _ => None,
    }
}

/// The program counter of the instruction that runs: the interpreter has stepped on already.
fn counter(context: &Looking<'_>) -> usize {
    context.interpreter.bytecode.pc().saturating_sub(1)
}

fn jumpi(context: Looking<'_>) -> InstructionExecResult {
    if let Some((_, condition)) = top(&context) {
        let counter = counter(&context);
        context.host.chain.jump(counter, !condition.is_zero());
    }
    control::jumpi(context)
}

macro_rules! comparing {
    ($name:ident, $kind:ident, $swap:expr) => {
        fn $name(context: Looking<'_>) -> InstructionExecResult {
            if let Some((first, second)) = top(&context) {
                let counter = counter(&context);
                let (left, right) = if $swap { (second, first) } else { (first, second) };
                context.host.chain.compare(counter, ComparisonKind::$kind, left, right);
            }
            bitwise::$name(context)
        }
    };
}

comparing!(eq, Equal, false);
comparing!(lt, Less, false);
comparing!(gt, Less, true);
comparing!(slt, SignedLess, false);
comparing!(sgt, SignedLess, true);
comparing!(bitxor, Equal, false);

fn sub(context: Looking<'_>) -> InstructionExecResult {
    if let Some((first, second)) = top(&context) {
        let counter = counter(&context);
        // A difference is how the optimiser writes an inequality; and one below zero has wrapped.
        context.host.chain.compare(counter, ComparisonKind::Equal, first, second);
        if first < second {
            context.host.chain.wrap(counter, opcode::SUB, first.wrapping_sub(second));
        }
    }
    arithmetic::sub(context)
}

fn add(context: Looking<'_>) -> InstructionExecResult {
    if let Some((first, second)) = top(&context)
        && let (result, true) = first.overflowing_add(second)
    {
        let counter = counter(&context);
        context.host.chain.wrap(counter, opcode::ADD, result);
    }
    arithmetic::add(context)
}

fn mul(context: Looking<'_>) -> InstructionExecResult {
    if let Some((first, second)) = top(&context)
        && first.bit_len() + second.bit_len() > 256
        && let (result, true) = first.overflowing_mul(second)
    {
        let counter = counter(&context);
        context.host.chain.wrap(counter, opcode::MUL, result);
    }
    arithmetic::mul(context)
}

fn sload(context: Looking<'_>) -> InstructionExecResult {
    let counter = counter(&context);
    let InstructionContext { interpreter, host } = context;
    let slot = interpreter.stack.data().last().copied();
    host::sload(InstructionContext { interpreter: &mut *interpreter, host: &mut *host })?;
    if let (Some(slot), Some(value)) = (slot, interpreter.stack.data().last().copied()) {
        host.chain.access(counter, interpreter.input.target_address(), slot, value, false);
    }
    Ok(())
}

fn sstore(context: Looking<'_>) -> InstructionExecResult {
    let counter = counter(&context);
    let InstructionContext { interpreter, host } = context;
    let words = match interpreter.stack.data().as_slice() {
        [.., value, slot] => Some((*slot, *value)),
        _ => None,
    };
    host::sstore(InstructionContext { interpreter: &mut *interpreter, host: &mut *host })?;
    if let Some((slot, value)) = words {
        host.chain.access(counter, interpreter.input.target_address(), slot, value, true);
    }
    Ok(())
}

fn selfdestruct(context: Looking<'_>) -> InstructionExecResult {
    let heir = context.interpreter.stack.data().last().copied();
    if let Some(heir) = heir {
        let account = context.interpreter.input.target_address();
        let heir = alloy_primitives::Address::from_word(heir.into());
        context.host.chain.destroyed.push((account, heir));
    }
    host::selfdestruct(context)
}

macro_rules! looking {
    ($name:ident, $module:ident, $field:ident) => {
        fn $name(context: Looking<'_>) -> InstructionExecResult {
            context.host.chain.environment.$field = true;
            $module::$name(context)
        }
    };
}

looking!(timestamp, block_info, time);
looking!(block_number, block_info, block);
looking!(difficulty, block_info, random);
looking!(coinbase, block_info, random);
looking!(origin, tx_info, origin);
looking!(gasprice, tx_info, gas);
looking!(blockhash, host, random);
looking!(balance, host, balance);
looking!(selfbalance, host, balance);

/// The instructions of a hard fork, with a trace.
pub(super) fn tracing(fork: Fork) -> EthInstructions<EthInterpreter, Inner>
where
    Inner: Host,
{
    let mut table = instruction_table::<EthInterpreter, Inner>();
    let mut put = |instruction: u8, with: fn(Looking<'_>) -> InstructionExecResult| {
        table[instruction as usize] = Instruction::new(with);
    };
    put(opcode::JUMPI, jumpi);
    put(opcode::EQ, eq);
    put(opcode::LT, lt);
    put(opcode::GT, gt);
    put(opcode::SLT, slt);
    put(opcode::SGT, sgt);
    put(opcode::XOR, bitxor);
    put(opcode::SUB, sub);
    put(opcode::ADD, add);
    put(opcode::MUL, mul);
    put(opcode::SLOAD, sload);
    put(opcode::SSTORE, sstore);
    put(opcode::SELFDESTRUCT, selfdestruct);
    put(opcode::TIMESTAMP, timestamp);
    put(opcode::NUMBER, block_number);
    put(opcode::DIFFICULTY, difficulty);
    put(opcode::COINBASE, coinbase);
    put(opcode::ORIGIN, origin);
    put(opcode::GASPRICE, gasprice);
    put(opcode::BLOCKHASH, blockhash);
    put(opcode::BALANCE, balance);
    put(opcode::SELFBALANCE, selfbalance);
    EthInstructions::new(table, gas_table_spec(fork.spec()), fork.spec())
}
