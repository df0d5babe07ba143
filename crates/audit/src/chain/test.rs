use std::collections::BTreeMap;
use std::sync::Arc;

use alloy_primitives::{Address, Bytes, U256};
use daotwin_core::random::Seed;
use revm::bytecode::{Bytecode, opcode as op};

use super::{CallKind, ComparisonKind, Fork, Machine, State, Status, Transaction};

fn address(byte: u8) -> Address {
    Address::repeat_byte(byte)
}

fn with(codes: &[(u8, &[u8])]) -> Arc<State> {
    let mut state = State::new(7, 1_700_000_000);
    state.set_balance(address(1), U256::from(1_000_000));
    for (at, code) in codes {
        state.set_code(address(*at), Bytecode::new_legacy(Bytes::copy_from_slice(code)));
    }
    Arc::new(state)
}

fn call(to: u8, value: u64, data: &[u8]) -> Transaction {
    let (sender, to, value) = (address(1), Some(address(to)), U256::from(value));
    Transaction { sender, to, value, data: Bytes::copy_from_slice(data) }
}

/// Reference: a map of every word, changed alike.
#[test]
fn a_state_and_its_forks_hold_what_was_put_into_each() {
    let mut stream = Seed(1).stream("state");
    let mut states = vec![(State::new(1, 1), BTreeMap::new())];
    for _ in 0..5_000 {
        let number = stream.below(states.len() as u64) as usize;
        if stream.chance(0.01) && states.len() < 12 {
            let fork = states[number].clone();
            states.push(fork);
        }
        let (state, words) = &mut states[number];
        let (at, slot) = (address(stream.below(4) as u8), U256::from(stream.below(300)));
        let value = U256::from(stream.below(5));
        state.set_storage(at, slot, value);
        words.insert((at, slot), value);
    }
    for (state, words) in &states {
        for at in 0..4 {
            let expected: Vec<(U256, U256)> = words
                .iter()
                .filter(|((account, _), value)| *account == address(at) && !value.is_zero())
                .map(|((_, slot), value)| (*slot, *value))
                .collect();
            assert_eq!(state.slots(address(at)), expected);
        }
    }
}

#[test]
fn a_transaction_leaves_the_state_it_ran_on_as_it_was() {
    // storage[0] = value sent
    let state = with(&[(2, &[op::CALLVALUE, op::PUSH1, 0, op::SSTORE])]);
    let mut machine = Machine::new(Fork::default());
    let outcome = machine.run(&state, &call(2, 5, &[])).unwrap();
    let after = outcome.after(&state);
    assert_eq!(state.storage(address(2), U256::ZERO), U256::ZERO);
    assert_eq!(state.balance(address(2)), U256::ZERO);
    assert_eq!(after.storage(address(2), U256::ZERO), U256::from(5));
    assert_eq!(after.balance(address(2)), U256::from(5));
    assert!(!after.same(&state, address(2)) && after.same(&state, address(9)));
    assert!(!machine.run(&state, &call(2, 2_000_000, &[])).unwrap().success(), "the sender has half of it");
}

#[test]
fn what_selfdestruct_leaves_depends_on_the_hard_fork() {
    let mut code = vec![op::PUSH20];
    code.extend_from_slice(address(9).as_slice());
    code.push(op::SELFDESTRUCT);
    let state = with(&[(2, &code)]);
    for (fork, gone) in [("shanghai", true), ("cancun", false)] {
        let mut machine = Machine::new(fork.parse().unwrap());
        let outcome = machine.run(&state, &call(2, 5, &[])).unwrap();
        let after = outcome.after(&state);
        assert_eq!(after.code(address(2)).is_empty(), gone, "{fork}");
        assert_eq!(after.balance(address(9)), U256::from(5), "{fork}");
        assert_eq!(machine.trace().destroyed, [(address(2), address(9))]);
    }
    assert!("dencun".parse::<Fork>().unwrap_err().to_string().contains("`cancun`"));
}

#[test]
fn a_trace_tells_branches_comparisons_storage_and_calls() {
    // if (calldata[0] < 10) storage[1] = storage[1] + 1
    let inner = [
        op::PUSH1,
        10,
        op::PUSH1,
        0,
        op::CALLDATALOAD,
        op::LT,
        op::PUSH1,
        10,
        op::JUMPI,
        op::STOP,
        op::JUMPDEST,
        op::PUSH1,
        1,
        op::SLOAD,
        op::PUSH1,
        1,
        op::ADD,
        op::PUSH1,
        1,
        op::SSTORE,
    ];
    // call 2 with the same input; then revert where it failed
    let mut outer = vec![
        op::CALLDATASIZE,
        op::PUSH1,
        0,
        op::PUSH1,
        0,
        op::CALLDATACOPY,
        op::PUSH1,
        0,
        op::PUSH1,
        0,
        op::CALLDATASIZE,
        op::PUSH1,
        0,
        op::PUSH1,
        0,
        op::PUSH20,
    ];
    outer.extend_from_slice(address(2).as_slice());
    outer.extend_from_slice(&[op::GAS, op::CALL]);
    let state = with(&[(2, &inner), (3, &outer)]);
    let mut machine = Machine::new(Fork::default());
    machine.learn(&state.code(address(2)));
    let word = |number: u64| U256::from(number).to_be_bytes::<32>();

    let outcome = machine.run(&state, &call(3, 0, &word(4))).unwrap();
    assert!(outcome.success());
    let trace = machine.trace();
    assert_eq!(trace.edges().collect::<Vec<_>>(), [(2 + 1, 1)], "place 0 compares, place 1 jumps");
    let [comparison] = trace.comparisons[..] else { panic!("one comparison") };
    assert_eq!(
        (comparison.kind, comparison.left, comparison.right),
        (ComparisonKind::Less, U256::from(4), U256::from(10))
    );
    let words: Vec<(bool, U256)> = trace.accesses.iter().map(|access| (access.write, access.value)).collect();
    assert_eq!(words, [(false, U256::ZERO), (true, U256::from(1))]);
    let [first, second] = &trace.calls[..] else { panic!("two calls") };
    assert_eq!((first.kind, first.target, second.target), (CallKind::Call, address(3), address(2)));
    assert_eq!((second.caller, second.parent, second.depth), (address(3), Some(0), 1));
    assert_eq!(second.input.as_ref(), word(4));
    assert!(first.begin < second.begin && second.begin < trace.accesses[0].clock);
    assert!(
        trace.accesses[1].clock < second.end && second.end < first.end && first.success && second.success
    );

    // Nothing of the last transaction is left, and the other branch is another edge.
    machine.run(&state, &call(3, 0, &word(10))).unwrap();
    let trace = machine.trace();
    assert_eq!(trace.edges().collect::<Vec<_>>(), [(2, 1)]);
    assert!(trace.accesses.is_empty());
}

#[test]
fn sums_that_wrap_are_told() {
    // storage[0] = calldata[0] + calldata[1]
    let code =
        [op::PUSH1, 32, op::CALLDATALOAD, op::PUSH1, 0, op::CALLDATALOAD, op::ADD, op::PUSH1, 0, op::SSTORE];
    let state = with(&[(2, &code)]);
    let mut machine = Machine::new(Fork::default());
    machine.learn(&state.code(address(2)));
    let run = |machine: &mut Machine, left: U256, right: U256| {
        let data = [left.to_be_bytes::<32>(), right.to_be_bytes::<32>()].concat();
        machine.run(&state, &call(2, 0, &data)).unwrap();
        machine.trace().wraps.len()
    };
    assert_eq!(run(&mut machine, U256::MAX, U256::from(1)), 1);
    assert_eq!(run(&mut machine, U256::MAX, U256::ZERO), 0);
}

#[test]
fn a_loop_ends_with_its_gas_and_fills_no_memory() {
    // calls itself and reads storage for ever
    let mut code = vec![op::JUMPDEST, op::PUSH1, 0, op::SLOAD, op::POP];
    code.extend_from_slice(&[
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
        op::ADDRESS,
    ]);
    code.extend_from_slice(&[op::PUSH2, 0xff, 0xff, op::CALL, op::POP, op::PUSH1, 0, op::JUMP]);
    let state = with(&[(2, &code)]);
    let mut machine = Machine::new(Fork::default());
    let outcome = machine.run(&state, &call(2, 0, &[])).unwrap();
    assert!(matches!(outcome.status, Status::Halted(_)));
    let trace = machine.trace();
    assert!(trace.calls.len() <= 4096 && trace.accesses.len() <= 4096);
    // The machine is as good as new.
    let state = with(&[(2, &[op::CALLVALUE, op::PUSH1, 0, op::SSTORE])]);
    assert!(machine.run(&state, &call(2, 1, &[])).unwrap().success());
}
