//! Contracts that try to use up time and memory: loops, gas bombs, recursion, absurd interfaces. Every run ends soon and small.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests, which say what they did")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use alloy_primitives::{Address, Bytes, U256};
use daotwin_audit::artifact;
use daotwin_audit::campaign::{Campaign, Options};
use daotwin_audit::chain::{Fork, Machine, State, Transaction};
use daotwin_audit::world::{Scenario, World, guess};
use daotwin_core::{Limits, Run};
use revm::bytecode::{Bytecode, opcode as op};
use serde_json::{Value, json};

/// One transaction of at most 30 million gas may take this long.
const PATIENCE: Duration = Duration::from_secs(10);
/// And the process may grow by so many MiB.
const MEMORY: u64 = 600;

/// The most memory that this process had, in MiB; 0 where the system does not tell.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// Processor time of this process so far: a test's machine may be busy with others. The time on the wall where the system does
/// not tell.
fn spent(start: Instant) -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    // After the name: `utime` and `stime` are the twelfth and the next, in hundredths of a second.
    let ticks = |place: usize| fields.get(place).and_then(|field| field.parse::<u64>().ok());
    match ticks(11).zip(ticks(12)) {
        Some((user, system)) if cfg!(target_os = "linux") => Duration::from_millis(10 * (user + system)),
        _ => start.elapsed(),
    }
}

fn push3(number: u32) -> [u8; 4] {
    let [_, a, b, c] = number.to_be_bytes();
    [op::PUSH3, a, b, c]
}

/// `before`, then `body` again and again.
fn forever(before: &[u8], body: &[u8]) -> Vec<u8> {
    let mut code = before.to_vec();
    let start = code.len() as u8;
    code.push(op::JUMPDEST);
    code.extend_from_slice(body);
    code.extend_from_slice(&[op::PUSH1, start, op::JUMP]);
    code
}

/// A call of `to` with so much of the memory as input, that takes so much of the answer.
fn calls(kind: u8, to: [u8; 2], input: u32, output: u32, gas: Option<u32>) -> Vec<u8> {
    let mut code = Vec::new();
    code.extend(push3(output));
    code.extend([op::PUSH0]);
    code.extend(push3(input));
    code.extend([op::PUSH0]);
    if kind == op::CALL {
        code.push(op::PUSH0);
    }
    code.extend([op::PUSH2, to[0], to[1]]);
    match gas {
        Some(gas) => code.extend(push3(gas)),
        None => code.push(op::GAS),
    }
    code.extend([kind, op::POP]);
    code
}

fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let mebibyte = 1 << 20;
    // Three mebibytes of memory are paid for once.
    let large = [&push3(3 << 20)[..], &[op::MLOAD, op::POP]].concat();
    let mut bombs = vec![
        ("an endless loop", forever(&[], &[])),
        ("an endless loop of comparisons", forever(&[], &[op::PUSH1, 1, op::PUSH1, 2, op::LT, op::POP])),
        ("memory that grows", forever(&[], &[op::MSIZE, op::MLOAD, op::POP])),
        ("all memory at once", vec![op::PUSH0, op::NOT, op::MLOAD]),
        (
            "hashes of large memory",
            forever(&large, &[&push3(3 << 20)[..], &[op::PUSH0, op::KECCAK256, op::POP]].concat()),
        ),
        (
            "copies of large memory",
            forever(&large, &[&push3(mebibyte)[..], &[op::PUSH0, op::PUSH0, op::MCOPY]].concat()),
        ),
        ("large inputs to nobody", forever(&large, &calls(op::CALL, [0x12, 0x34], 3 << 20, 0, Some(0)))),
        ("large inputs, static", forever(&large, &calls(op::STATICCALL, [0x12, 0x34], 3 << 20, 0, Some(0)))),
        (
            "large inputs, delegated",
            forever(&large, &calls(op::DELEGATECALL, [0x12, 0x34], 3 << 20, 0, Some(0))),
        ),
        ("the identity of a mebibyte", forever(&large, &calls(op::STATICCALL, [0, 4], mebibyte, 0, None))),
        ("large powers", forever(&large, &calls(op::STATICCALL, [0, 5], 4096, 0, None))),
        ("calls of itself", calls(op::CALL, [0xbb, 0xbb], 0, 0, None)),
        (
            "two calls of itself each",
            [calls(op::CALL, [0xbb, 0xbb], 0, 0, None), calls(op::CALL, [0xbb, 0xbb], 0, 0, None)].concat(),
        ),
        ("answers that are bombs", forever(&[], &calls(op::CALL, [0xcc, 0xcc], 0, 0, Some(3_000_000)))),
        (
            "answers that are copied",
            forever(&[], &calls(op::CALL, [0xcc, 0xcc], 0, 1 << 18, Some(3_000_000))),
        ),
        ("a large answer", [&push3(3 << 20)[..], &[op::PUSH0, op::RETURN]].concat()),
        ("a large reason", [&push3(3 << 20)[..], &[op::PUSH0, op::REVERT]].concat()),
        ("large logs", forever(&large, &[&push3(100_000)[..], &[op::PUSH0, op::LOG0]].concat())),
        (
            "contracts that are made",
            forever(&[], &[op::PUSH2, 0xc0, 0x00, op::PUSH0, op::PUSH0, op::CREATE, op::POP]),
        ),
        ("storage that is written", forever(&[], &[op::PUSH1, 1, op::GAS, op::SSTORE])),
        ("storage that is read", forever(&[], &[op::GAS, op::SLOAD, op::POP])),
        ("accounts that are looked at", forever(&[], &[op::GAS, op::BALANCE, op::POP])),
        ("a million places to jump to", vec![op::JUMPDEST; 1_000_000]),
    ];
    for bomb in &mut bombs {
        bomb.1.push(op::STOP);
    }
    bombs
}

#[test]
fn no_transaction_takes_long_or_grows_large() {
    // Answers with a mebibyte.
    let answering = [&push3(1 << 20)[..], &[op::PUSH0, op::RETURN]].concat();
    let address = |low: u16| Address::from_word(U256::from(low).into());
    let at = address(0xbbbb);
    for (name, code) in bombs() {
        let mut state = State::new(7, 1_700_000_000);
        state.set_code(at, Bytecode::new_legacy(code.into()));
        state.set_code(address(0xcccc), Bytecode::new_legacy(answering.clone().into()));
        let state = Arc::new(state);
        let mut machine = Machine::new(Fork::default());
        machine.learn(&state.code(at));
        let before = peak();
        let (start, first) = (Instant::now(), spent(Instant::now()));
        let transaction =
            Transaction { sender: address(1), to: Some(at), value: U256::ZERO, data: Bytes::new() };
        let outcome = machine.run(&state, &transaction).unwrap();
        let (took, grew) = (spent(start).saturating_sub(first), peak().saturating_sub(before));
        println!(
            "{name}: {:.0} ms, {grew} MiB more, {} calls kept, {} gas",
            took.as_secs_f64() * 1e3,
            machine.trace().calls.len(),
            outcome.gas
        );
        assert!(took < PATIENCE && grew < MEMORY, "{name}: {took:?}, {grew} MiB");
        assert!(outcome.gas <= Machine::GAS, "{name}");
        let trace = machine.trace();
        assert!(trace.calls.len() <= 4_096 && trace.accesses.len() <= 4_096, "{name}");
        let kept: usize = trace.calls.iter().map(|call| call.input.len() + call.output.len()).sum();
        assert!(kept <= 16 << 20, "{name}: {kept} bytes kept");
    }
}

fn world(artifacts: &[Value]) -> World {
    let folder = tempfile::tempdir().unwrap();
    for (number, artifact) in artifacts.iter().enumerate() {
        let path = folder.path().join(format!("C{number}.json"));
        daotwin_core::files::atomic_write(&path, artifact.to_string().as_bytes()).unwrap();
    }
    let artifacts = artifact::read(folder.path(), &Limits::default()).unwrap();
    World::deploy(&Scenario::read(&guess(&artifacts).unwrap(), folder.path()).unwrap(), &artifacts).unwrap()
}

/// Code that is put there by a constructor that copies it.
fn creation(code: &[u8]) -> String {
    let [high, low] = (code.len() as u16).to_be_bytes();
    let mut all =
        vec![op::PUSH2, high, low, op::DUP1, op::PUSH1, 12, op::PUSH0, op::CODECOPY, op::PUSH0, op::RETURN];
    all.extend([op::STOP; 2]);
    all.extend_from_slice(code);
    format!("0x{}", alloy_primitives::hex::encode(all))
}

fn function(name: &str, inputs: &[&str]) -> Value {
    let inputs: Vec<Value> =
        inputs.iter().enumerate().map(|(at, kind)| json!({"name": format!("x{at}"), "type": kind})).collect();
    json!({"type": "function", "name": name, "inputs": inputs, "outputs": [], "stateMutability": "nonpayable"})
}

fn searched(world: World, executions: u64, seconds: Option<f64>) -> Duration {
    let options = Options { executions: Some(executions), seconds, workers: 2, ..Options::default() };
    let (start, first) = (Instant::now(), spent(Instant::now()));
    let report = Campaign::new(world, options).unwrap().run(&Run::default(), &mut |_| {}).unwrap();
    let took = spent(start).saturating_sub(first);
    println!("{} calls in {:.1} CPU-s", report.executions, took.as_secs_f64());
    took
}

/// A search of contracts in which every call is a bomb keeps to its time, and to some rounds beyond.
#[test]
fn a_search_of_bombs_keeps_to_its_time() {
    for (name, code) in bombs() {
        if code.len() > 1_000 || ["contracts that are made", "two calls of itself each"].contains(&name) {
            continue;
        }
        let code = creation(&code);
        let abi = json!([function("f", &[]), function("g", &["uint256", "bytes"])]);
        let bomb = json!({"abi": abi, "bytecode": code, "deployedBytecode": "0x00"});
        print!("{name}: ");
        let before = peak();
        let took = searched(world(&[bomb]), u64::MAX, Some(1.0));
        let grew = peak().saturating_sub(before);
        assert!(took < Duration::from_mins(1) && grew < 1_500, "{name}: {took:?}, {grew} MiB");
    }
}

/// The most that the reader lets through: thousands of functions, thousands of words, nested structures.
#[test]
fn a_search_of_absurd_interfaces_ends() {
    let stops = creation(&[op::STOP]);
    let many: Vec<Value> =
        (0..4_000).map(|number| function(&format!("f{number}"), &["uint256", "address"])).collect();
    let wide: Vec<Value> = (0..4).map(|number| function(&format!("w{number}"), &["uint256[4000]"])).collect();
    let deep = vec![function("d", &["uint8[][][][][][][][]"]), function("e", &["bytes[2][][3][][2][]"])];
    let crowded = vec![function("c", &["uint256"; 500])];
    for (name, abi) in [("many", many), ("wide", wide), ("deep", deep), ("crowded", crowded)] {
        let contract = json!({"abi": abi, "bytecode": stops, "deployedBytecode": "0x00"});
        print!("{name}: ");
        let before = peak();
        let took = searched(world(&[contract]), 3_000, Some(5.0));
        let grew = peak().saturating_sub(before);
        assert!(took < Duration::from_mins(1) && grew < 1_500, "{name}: {took:?}, {grew} MiB");
    }
}

/// What the reader refuses: in words, at once.
#[test]
fn absurd_artifacts_are_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let tuple = |depth: usize| {
        (0..depth).fold(
            json!({"name": "x", "type": "uint256"}),
            |inner, _| json!({"name": "x", "type": "tuple", "components": [inner]}),
        )
    };
    let with = |input: Value| json!([{"type": "function", "name": "f", "inputs": [input], "outputs": []}]);
    let cases = [
        ("deep", with(tuple(60)), "more than 8"),
        ("huge", with(json!({"name": "x", "type": "uint256[1000000000]"})), "more than 4096"),
        ("cube", with(json!({"name": "x", "type": "uint256[1000][1000][1000]"})), "more than 4096"),
        (
            "dimensions",
            with(json!({"name": "x", "type": format!("uint256{}", "[]".repeat(200))})),
            "dimensions",
        ),
        ("long", with(json!({"name": "x".repeat(1 << 20), "type": "uint256"})), "letters"),
        ("nothing", with(json!({"name": "x", "type": "uint256[0]"})), "valid Solidity type"),
    ];
    let start = Instant::now();
    for (name, abi, expected) in cases {
        let path = folder.path().join(format!("{name}.json"));
        let text = json!({"abi": abi, "bytecode": "0x6001", "deployedBytecode": "0x6001"}).to_string();
        daotwin_core::files::atomic_write(&path, text.as_bytes()).unwrap();
        let told = artifact::read(Path::new(&path), &Limits::default()).unwrap_err().to_string();
        assert!(told.contains(expected), "{name}: {told}");
        assert!(told.len() < 2_000, "{name}: a message of {} letters", told.len());
    }
    assert!(start.elapsed() < PATIENCE);
}
