//! The attacker's own contract: real bytecode that takes callbacks, ether and loans, and does what a step says.
//!
//! Because it is bytecode at an address, and no hook of the machine, an exported test puts the same bytes at the same
//! address and sees the same attack.

use alloy_primitives::{B256, U256, keccak256};
use revm::bytecode::{Bytecode, opcode};

use crate::sequence::Step;

/// The slot in which the contract remembers that it is at work: any that nobody else uses.
const BUSY: u8 = 0x5f;

/// Callbacks, and the word that each wants for an answer. Everything else gets a one: what a call that went well says.
fn answers() -> [(&'static str, B256); 5] {
    let own = |signature: &str| {
        let mut word = B256::ZERO;
        word[..4].copy_from_slice(&keccak256(signature)[..4]);
        word
    };
    const NFT: &str = "onERC721Received(address,address,uint256,bytes)";
    const MULTI: &str = "onERC1155Received(address,address,uint256,uint256,bytes)";
    const BATCH: &str = "onERC1155BatchReceived(address,address,uint256[],uint256[],bytes)";
    const SIGNATURE: &str = "isValidSignature(bytes32,bytes)";
    [
        ("onFlashLoan(address,address,uint256,uint256,bytes)", keccak256("ERC3156FlashBorrower.onFlashLoan")),
        (NFT, own(NFT)),
        (MULTI, own(MULTI)),
        (BATCH, own(BATCH)),
        (SIGNATURE, own(SIGNATURE)),
    ]
}

/// Code that is written forwards, with jumps to places that come later.
#[derive(Default)]
struct Assembly {
    code: Vec<u8>,
}

impl Assembly {
    fn put(&mut self, bytes: &[u8]) {
        self.code.extend_from_slice(bytes);
    }

    /// Pushes a word with as few bytes as it needs.
    fn push(&mut self, word: B256) {
        let bytes = word.as_slice();
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count().min(31);
        let rest = &bytes[zeros..];
        self.code.push(opcode::PUSH1 + u8::try_from(rest.len() - 1).unwrap_or_default());
        self.put(rest);
    }

    fn number(&mut self, number: usize) {
        self.push(B256::left_padding_from(&(number as u64).to_be_bytes()));
    }

    /// Pushes a place that is not known yet; [`Self::here`] fills it in.
    fn push_place(&mut self) -> usize {
        self.put(&[opcode::PUSH3, 0, 0, 0]);
        self.code.len() - 3
    }

    fn here(&mut self, hole: usize) {
        self.set(hole, self.code.len());
        self.put(&[opcode::JUMPDEST]);
    }

    fn set(&mut self, hole: usize, place: usize) {
        let bytes = (place as u32).to_be_bytes();
        self.code[hole..hole + 3].copy_from_slice(&bytes[1..]);
    }
}

/// The contract that makes these calls, in this order, when it is first called during a transaction, whatever becomes of
/// each; called again meanwhile it only answers. Its answer is one word: a one, or what a known callback asks for. With no
/// calls it only answers. Run by another contract in its own name (`DELEGATECALL`), it makes the calls in that name.
pub(crate) fn code(calls: &[Step]) -> Bytecode {
    let mut assembly = Assembly::default();
    let mut data = Vec::new();
    if !calls.is_empty() {
        // if busy, go and answer
        assembly.put(&[opcode::PUSH1, BUSY, opcode::SLOAD]);
        let answer = assembly.push_place();
        assembly.put(&[opcode::JUMPI, opcode::PUSH1, 1, opcode::PUSH1, BUSY, opcode::SSTORE]);
        for call in calls {
            let input = call.data();
            // copy the input from behind the code to memory
            assembly.number(input.len());
            let hole = assembly.push_place();
            assembly.put(&[opcode::PUSH1, 0, opcode::CODECOPY]);
            data.push((hole, input.clone()));
            // outputs nowhere, input, value, target, all gas
            assembly.put(&[opcode::PUSH1, 0, opcode::PUSH1, 0]);
            assembly.number(input.len());
            assembly.put(&[opcode::PUSH1, 0]);
            assembly.push(B256::from(call.value));
            assembly.push(call.to.into_word());
            assembly.put(&[opcode::GAS, opcode::CALL, opcode::POP]);
        }
        assembly.put(&[opcode::PUSH1, 0, opcode::PUSH1, BUSY, opcode::SSTORE]);
        assembly.here(answer);
    }
    // the selector: a division by 2^224, which every hard fork can
    assembly.push(B256::from(U256::from(1) << 224));
    assembly.put(&[opcode::PUSH1, 0, opcode::CALLDATALOAD, opcode::DIV]);
    for (signature, word) in answers() {
        let selector = &keccak256(signature)[..4];
        assembly.put(&[opcode::DUP1, opcode::PUSH4]);
        assembly.put(selector);
        assembly.put(&[opcode::EQ, opcode::ISZERO]);
        let next = assembly.push_place();
        assembly.put(&[opcode::JUMPI]);
        assembly.push(word);
        assembly.put(&[
            opcode::PUSH1,
            0,
            opcode::MSTORE,
            opcode::PUSH1,
            32,
            opcode::PUSH1,
            0,
            opcode::RETURN,
        ]);
        assembly.here(next);
    }
    assembly.put(&[opcode::PUSH1, 1, opcode::PUSH1, 0, opcode::MSTORE]);
    assembly.put(&[opcode::PUSH1, 32, opcode::PUSH1, 0, opcode::RETURN]);
    for (hole, input) in data {
        let place = assembly.code.len();
        assembly.set(hole, place);
        assembly.put(&input);
    }
    Bytecode::new_legacy(assembly.code.into())
}

/// A contract that hands on whatever it is called with to another, in its own name.
pub(crate) fn forwarder(to: alloy_primitives::Address) -> Bytecode {
    let mut assembly = Assembly::default();
    let whole = [opcode::CALLDATASIZE, opcode::PUSH1, 0, opcode::PUSH1, 0, opcode::CALLDATACOPY];
    assembly.put(&whole);
    assembly.put(&[opcode::PUSH1, 0, opcode::PUSH1, 0, opcode::CALLDATASIZE, opcode::PUSH1, 0]);
    assembly.put(&[opcode::CALLVALUE]);
    assembly.push(to.into_word());
    assembly.put(&[opcode::GAS, opcode::CALL]);
    let well = assembly.push_place();
    // An invalid instruction fails on every hard fork.
    assembly.put(&[opcode::JUMPI, opcode::INVALID]);
    assembly.here(well);
    assembly.put(&[opcode::STOP]);
    Bytecode::new_legacy(assembly.code.into())
}

/// A contract that gives one answer, or fails, to calls of a function, or to those without input, and otherwise does in its own name what
/// another's code does.
pub(crate) fn answering(
    selector: Option<[u8; 4]>,
    answer: Option<U256>,
    fails: bool,
    otherwise: alloy_primitives::Address,
) -> Bytecode {
    let mut assembly = Assembly::default();
    match selector {
        Some(selector) => {
            assembly.push(B256::from(U256::from(1) << 224));
            assembly.put(&[opcode::PUSH1, 0, opcode::CALLDATALOAD, opcode::DIV, opcode::PUSH4]);
            assembly.put(&selector);
            assembly.put(&[opcode::EQ]);
        }
        None => assembly.put(&[opcode::CALLDATASIZE, opcode::ISZERO]),
    }
    let same = assembly.push_place();
    assembly.put(&[opcode::JUMPI]);
    assembly.put(&[opcode::CALLDATASIZE, opcode::PUSH1, 0, opcode::PUSH1, 0, opcode::CALLDATACOPY]);
    assembly.put(&[opcode::PUSH1, 0, opcode::PUSH1, 0, opcode::CALLDATASIZE, opcode::PUSH1, 0]);
    assembly.push(otherwise.into_word());
    assembly.put(&[opcode::GAS, opcode::DELEGATECALL]);
    assembly.put(&[opcode::RETURNDATASIZE, opcode::PUSH1, 0, opcode::PUSH1, 0, opcode::RETURNDATACOPY]);
    let well = assembly.push_place();
    assembly.put(&[opcode::JUMPI, opcode::RETURNDATASIZE, opcode::PUSH1, 0, opcode::REVERT]);
    assembly.here(well);
    assembly.put(&[opcode::RETURNDATASIZE, opcode::PUSH1, 0, opcode::RETURN]);
    assembly.here(same);
    match answer {
        _ if fails => assembly.put(&[opcode::PUSH1, 0, opcode::PUSH1, 0, opcode::REVERT]),
        Some(answer) => {
            assembly.push(B256::from(answer));
            assembly.put(&[
                opcode::PUSH1,
                0,
                opcode::MSTORE,
                opcode::PUSH1,
                32,
                opcode::PUSH1,
                0,
                opcode::RETURN,
            ]);
        }
        None => assembly.put(&[opcode::STOP]),
    }
    Bytecode::new_legacy(assembly.code.into())
}

#[cfg(test)]
mod test {
    use std::sync::Arc;

    use alloy_primitives::{Address, Bytes};
    use revm::bytecode::opcode as op;

    use super::*;
    use crate::chain::{Fork, Machine, State, Transaction};
    use crate::sequence::Wait;

    const OWN: Address = Address::repeat_byte(0xa7);

    /// Pays a wei to an account.
    fn pay(to: Address) -> Step {
        let (function, arguments, value) = (None, Vec::new(), U256::from(1));
        Step { sender: OWN, to, function, arguments, value, wait: Wait::default(), inner: Vec::new() }
    }

    fn run(fork: Fork, calls: &[Step], data: &[u8], back: Option<&[u8]>) -> (Arc<State>, Bytes) {
        let mut state = State::new(1, 1);
        let (sender, other) = (Address::repeat_byte(1), Address::repeat_byte(2));
        state.set_balance(OWN, U256::from(100));
        state.set_code(OWN, code(calls));
        if let Some(back) = back {
            state.set_code(other, Bytecode::new_legacy(Bytes::copy_from_slice(back)));
        }
        let state = Arc::new(state);
        let mut machine = Machine::new(fork);
        let to = Some(if back.is_some() { other } else { OWN });
        let call = Transaction { sender, to, value: U256::ZERO, data: Bytes::copy_from_slice(data) };
        let outcome = machine.run(&state, &call).unwrap();
        assert!(outcome.success(), "{}", outcome.reason());
        (Arc::new(outcome.after(&state)), outcome.output)
    }

    #[test]
    fn it_answers_what_each_callback_asks_for_on_every_hard_fork() {
        for fork in Fork::names() {
            let fork = fork.parse().unwrap();
            let one = B256::with_last_byte(1);
            assert_eq!(run(fork, &[], &[1, 2, 3, 4], None).1.as_ref(), one.as_slice());
            assert_eq!(run(fork, &[], &[], None).1.as_ref(), one.as_slice());
            for (signature, word) in answers() {
                let selector = &keccak256(signature)[..4];
                assert_eq!(run(fork, &[], selector, None).1.as_ref(), word.as_slice(), "{signature}");
            }
        }
    }

    #[test]
    fn it_does_its_calls_once_though_called_back_meanwhile() {
        let payee = Address::repeat_byte(9);
        // Calls the contract twice: it acts each time, but not while it is at work.
        let mut twice = Vec::new();
        for _ in 0..2 {
            twice.extend_from_slice(&[
                op::PUSH1,
                0,
                op::PUSH1,
                0,
                op::PUSH1,
                0,
                op::PUSH1,
                0,
                op::PUSH1,
                0,
                op::PUSH20,
            ]);
            twice.extend_from_slice(OWN.as_slice());
            twice.extend_from_slice(&[op::GAS, op::CALL, op::POP]);
        }
        let calls = [pay(payee), pay(OWN), pay(payee)];
        let (after, _) = run(Fork::default(), &calls, &[], None);
        assert_eq!(after.balance(payee), U256::from(2));
        let (after, _) = run(Fork::default(), &calls, &[], Some(&twice));
        assert_eq!(after.balance(payee), U256::from(4));
        assert_eq!(after.storage(OWN, U256::from(BUSY)), U256::ZERO);
    }
}
