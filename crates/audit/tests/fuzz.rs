//! Fuzz targets: whatever reads what others wrote. Inputs are changed copies of good ones, as JSON trees and as bytes; each
//! is read or refused in words, in bounded time and memory, never with a panic.
//!
//! Each target runs for two seconds on the same inputs every time; for `DAOTWIN_FUZZ_SECONDS` where it is set, on others every
//! time. A failure tells the seed and the number of the input: `DAOTWIN_FUZZ_SEED` plays them again.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests, which say what they did")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use alloy_primitives::{Address, Bytes, U256};
use daotwin_audit::artifact::{self, SourceMap, selectors};
use daotwin_audit::chain::{Fork, Machine, State, Transaction};
use daotwin_audit::export::File;
use daotwin_audit::world::{Scenario, World, guess};
use daotwin_core::random::Stream;
use daotwin_core::{Limits, Run, Seed};
use daotwin_history::ingest::{Options, ingest};
use revm::bytecode::Bytecode;
use serde_json::{Map, Value, json};

/// One input may take this long; the machine of a test may be busy with others.
const PATIENCE: Duration = Duration::from_secs(5);
/// And the process may be so large, in MiB.
const MEMORY: u64 = 2_048;

fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Reads changed copies of `seeds` for a while; how many were read well, and how many refused.
fn fuzz(name: &str, seeds: &[Vec<u8>], target: &dyn Fn(&[u8]) -> bool) -> (u64, u64) {
    let longer = number("DAOTWIN_FUZZ_SECONDS");
    let seconds = Duration::from_secs(longer.unwrap_or(2));
    #[expect(clippy::disallowed_methods, reason = "other inputs every time; a failure tells the seed")]
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let seed = number("DAOTWIN_FUZZ_SEED").unwrap_or(if longer.is_some() { clock } else { 0 });
    println!("{name}: DAOTWIN_FUZZ_SEED={seed}");
    for original in seeds {
        assert!(target(original), "{name}: a good input is refused");
    }
    let trees: Vec<Value> = seeds.iter().filter_map(|seed| serde_json::from_slice(seed).ok()).collect();
    let (mut fine, mut refused, mut slowest) = (0_u64, 0_u64, Duration::ZERO);
    let start = Instant::now();
    for input in 0.. {
        if start.elapsed() > seconds {
            break;
        }
        let mut stream = Seed(seed).streams("fuzz").stream(input);
        let bytes = changed(&mut stream, seeds, &trees);
        let begun = Instant::now();
        let came = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| target(&bytes)));
        let took = begun.elapsed();
        slowest = slowest.max(took);
        let told = || format!("{name}: input {input} of seed {seed}, {} bytes", bytes.len());
        assert!(came.is_ok(), "{} panics", told());
        assert!(took < PATIENCE, "{} takes {took:?}", told());
        assert!(peak() < MEMORY, "{} takes {} MiB", told(), peak());
        if came.unwrap_or(false) { fine += 1 } else { refused += 1 }
    }
    println!(
        "{name}: {fine} read, {refused} refused, {:.0} a second, the slowest {:.0} ms, {} MiB",
        (fine + refused) as f64 / start.elapsed().as_secs_f64(),
        slowest.as_secs_f64() * 1e3,
        peak()
    );
    (fine, refused)
}

fn changed(stream: &mut Stream, seeds: &[Vec<u8>], trees: &[Value]) -> Vec<u8> {
    if !trees.is_empty() && stream.chance(0.7) {
        let mut tree = trees[stream.below(trees.len() as u64) as usize].clone();
        for _ in 0..=stream.below(4) {
            let other = &trees[stream.below(trees.len() as u64) as usize];
            change(stream, &mut tree, other);
        }
        return tree.to_string().into_bytes();
    }
    let mut bytes = seeds[stream.below(seeds.len() as u64) as usize].clone();
    for _ in 0..=stream.below(6) {
        let at = stream.below(bytes.len() as u64 + 1) as usize;
        match stream.below(6) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, stream.below(256) as u8),
            2 => {
                let end = (at + stream.below(64) as usize).min(bytes.len());
                bytes.drain(at..end);
            }
            3 => {
                let end = (at + stream.below(400) as usize).min(bytes.len());
                let part = bytes[at..end].to_vec();
                for _ in 0..stream.below(40) {
                    bytes.splice(at..at, part.iter().copied());
                }
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << stream.below(8);
                }
            }
        }
    }
    bytes
}

/// Changes one place of a tree, chosen on the way down.
fn change(stream: &mut Stream, tree: &mut Value, other: &Value) {
    let deeper = match tree {
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
        _ => false,
    };
    if deeper && stream.chance(0.85) {
        match tree {
            Value::Array(list) => {
                let at = stream.below(list.len() as u64) as usize;
                match stream.below(12) {
                    0 => drop(list.remove(at)),
                    1 => {
                        let one = list[at].clone();
                        list.extend(vec![one; 1 + stream.below(300) as usize]);
                    }
                    2 => list.reverse(),
                    _ => change(stream, &mut list[at], other),
                }
            }
            Value::Object(map) => {
                let keys: Vec<String> = map.keys().cloned().collect();
                let key = &keys[stream.below(keys.len() as u64) as usize];
                match stream.below(12) {
                    0 => drop(map.remove(key)),
                    1 => {
                        let one = map[key].clone();
                        map.insert(format!("{key}{}", stream.below(3)), one);
                    }
                    2 => {
                        let another = &keys[stream.below(keys.len() as u64) as usize];
                        let one = map[another].clone();
                        map.insert(key.clone(), one);
                    }
                    _ => change(stream, map.get_mut(key).unwrap(), other),
                }
            }
            _ => {}
        }
        return;
    }
    *tree = strange(stream, tree, other);
}

fn strange(stream: &mut Stream, old: &Value, other: &Value) -> Value {
    let text = old.as_str().unwrap_or("0x60016000").to_owned();
    let deep = |open: &str, close: &str, depth: usize| {
        let text = format!("{}1{}", open.repeat(depth), close.repeat(depth));
        serde_json::from_str(&text).unwrap_or(Value::Null)
    };
    match stream.below(22) {
        0 => Value::Null,
        1 => json!(-1),
        2 => json!(u64::MAX),
        3 => json!(1e300),
        4 => json!(""),
        5 => {
            json!(text.repeat(1 + stream.below(2_000.min((1 << 20) / (1 + text.len() as u64) + 1)) as usize))
        }
        6 => json!(text.chars().rev().collect::<String>()),
        7 => json!(text.chars().take(text.len() / 2).collect::<String>()),
        8 => json!(format!("{text}__$0123456789abcdef0123456789abcdef01$__")),
        9 => json!(format!("uint256{}", "[]".repeat(stream.below(300) as usize))),
        10 => json!(format!("uint{}[{}]", stream.below(600), u64::MAX)),
        11 => json!(format!("0x{}", "5b".repeat(stream.below(1 << 16) as usize))),
        12 => json!(format!("{text}\u{0}\u{202e}\u{1f600}")),
        13 => deep("[", "]", 1 + stream.below(100) as usize),
        14 => deep("{\"components\":[", "]}", 1 + stream.below(50) as usize),
        // Twice the same each time: it must not grow without end.
        15 if old.to_string().len() < 1 << 16 => {
            json!({"name": "x", "type": "tuple", "components": [old, old]})
        }
        16 => json!("tuple"),
        17 => json!(
            ["(", ")", "function", "address payable", "mapping(uint256=>bytes)", "fixed128x18", "bytes33"]
                [stream.below(7) as usize]
        ),
        18 => other.clone(),
        19 => Value::Object(Map::new()),
        20 => json!([]),
        _ => json!(stream.chance(0.5)),
    }
}

fn contracts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("contracts")
}

fn small(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

/// A file of its own for each target.
struct Paper(tempfile::TempDir, &'static str);

impl Paper {
    fn new(name: &'static str) -> Self {
        Self(tempfile::tempdir().unwrap(), name)
    }

    fn with(&self, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(self.1);
        #[expect(clippy::disallowed_methods, reason = "whole or not: it is read once")]
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

/// Artifacts of every shape, and what comes of those that are read: a guessed deployment, a call of every function.
#[test]
fn artifacts() {
    let case = |name: &str| small(&contracts().join(name));
    let output = case("small/chain/Vulnerable.json");
    let trees: Value = serde_json::from_slice(&output).unwrap();
    let mut seeds = vec![output];
    // The same as Foundry and as Truffle write it.
    for file in trees["contracts"].as_object().unwrap().values() {
        for contract in file.as_object().unwrap().values() {
            let (abi, evm) = (&contract["abi"], &contract["evm"]);
            let (made, runs) = (&evm["bytecode"], &evm["deployedBytecode"]);
            seeds.push(json!({"abi": abi, "bytecode": made, "deployedBytecode": runs, "storageLayout": contract["storageLayout"]}).to_string().into_bytes());
            let flat = |code: &Value| json!(format!("0x{}", code["object"].as_str().unwrap_or_default()));
            seeds.push(json!({"contractName": "C", "abi": abi, "bytecode": flat(made), "deployedBytecode": flat(runs), "linkReferences": {}}).to_string().into_bytes());
        }
    }
    let paper = Paper::new("C.json");
    let target = |bytes: &[u8]| {
        let Ok(artifacts) = artifact::read(&paper.with(bytes), &Limits::default()) else { return false };
        let Ok(text) = guess(&artifacts) else { return true };
        let Ok(scenario) = Scenario::read(&text, Path::new("")) else { return true };
        let Ok(world) = World::deploy(&scenario, &artifacts) else { return true };
        let mut machine = Machine::new(world.fork);
        for deployed in world.contracts.iter().take(3) {
            for callable in deployed.functions().take(4) {
                let data: Bytes = [&callable.selector[..], &[0xff; 96]].concat().into();
                let call = Transaction {
                    sender: Address::ZERO,
                    to: Some(deployed.address),
                    value: U256::ZERO,
                    data,
                };
                machine.run(&world.state, &call).ok();
            }
        }
        true
    };
    let (fine, refused) = fuzz("artifacts", &seeds, &target);
    assert!(fine > 0 && refused > 0);
}

/// Interfaces alone: types of every form.
#[test]
fn interfaces() {
    let input = |kind: &str| json!({"name": "x", "type": kind, "internalType": kind});
    let pair = json!({"name": "p", "type": "tuple[2][]", "internalType": "struct A.B[2][]", "components": [input("uint8"), input("bytes")]});
    let abi = json!([
        {"type": "constructor", "inputs": [input("address")], "stateMutability": "payable"},
        {"type": "function", "name": "f", "inputs": [pair, input("string")], "outputs": [input("bytes32[]")], "stateMutability": "view"},
        {"type": "event", "name": "E", "inputs": [{"name": "a", "type": "uint256", "indexed": true}], "anonymous": false},
        {"type": "error", "name": "R", "inputs": [input("int128")]},
        {"type": "receive", "stateMutability": "payable"}, {"type": "fallback", "stateMutability": "nonpayable"},
    ]);
    let seed =
        json!({"abi": abi, "bytecode": "0x6001", "deployedBytecode": "0x6001"}).to_string().into_bytes();
    let paper = Paper::new("C.json");
    let target = |bytes: &[u8]| artifact::read(&paper.with(bytes), &Limits::default()).is_ok();
    let (fine, refused) = fuzz("interfaces", &[seed], &target);
    assert!(fine > 0 && refused > 0);
}

/// Any bytes as code: its functions are recovered, its source map is read, and it runs.
#[test]
fn codes() {
    let governor: Value = serde_json::from_slice(&small(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("governors/compound/Governor.json"),
    ))
    .unwrap();
    let mut seeds = Vec::new();
    for file in governor["contracts"].as_object().unwrap().values() {
        for contract in file.as_object().unwrap().values() {
            let object = contract["evm"]["deployedBytecode"]["object"].as_str().unwrap_or_default();
            seeds.extend(alloy_primitives::hex::decode(object).ok().filter(|code| !code.is_empty()));
        }
    }
    let at = Address::repeat_byte(7);
    let mut count = 0_u64;
    let target = |bytes: &[u8]| {
        let found = selectors(bytes);
        SourceMap::parse(&String::from_utf8_lossy(&bytes[..bytes.len().min(2_000)]), bytes).ok();
        let mut state = State::new(7, 1_700_000_000);
        state.set_code(at, Bytecode::new_legacy(Bytes::copy_from_slice(bytes)));
        let state = Arc::new(state);
        let mut machine = Machine::new(Fork::default());
        machine.learn(&state.code(at));
        for selector in found.keys().take(2) {
            let data: Bytes = [&selector[..], &[1; 64]].concat().into();
            let call = Transaction { sender: Address::ZERO, to: Some(at), value: U256::ZERO, data };
            machine.run(&state, &call).unwrap();
        }
        true
    };
    count += fuzz("codes", &seeds, &target).0;
    assert!(count > 0);
}

/// Deployments: TOML of every shape.
#[test]
fn deployments() {
    let seeds: Vec<Vec<u8>> = ["openzeppelin", "compound"]
        .map(|name| {
            small(&Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("governors/{name}/audit.toml")))
        })
        .to_vec();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("governors/openzeppelin/Governor.json");
    let artifacts = artifact::read(&path, &Limits::default()).unwrap();
    let target = |bytes: &[u8]| {
        let Ok(text) = std::str::from_utf8(bytes) else { return false };
        // A changed file must not lead anywhere else.
        if text.contains("node") || text.contains("cache") || text.contains("broadcast") {
            return false;
        }
        let Ok(scenario) = Scenario::read(text, Path::new("")) else { return false };
        World::deploy(&scenario, &artifacts).ok();
        true
    };
    let (fine, refused) = fuzz("deployments", &seeds, &target);
    assert!(fine > 0 && refused > 0);
}

/// Findings that somebody else wrote.
#[test]
fn findings() {
    use daotwin_audit::campaign::{Campaign, Options};
    use daotwin_audit::export::Origin;
    use daotwin_audit::shrink::{self, Budget};
    let folder = contracts().join("incidents/parity-july");
    let artifacts = artifact::read(&folder.join("Vulnerable.json"), &Limits::default()).unwrap();
    let world =
        World::deploy(&Scenario::open(&folder.join("audit.toml"), &Limits::default()).unwrap(), &artifacts)
            .unwrap();
    let options = Options { executions: Some(3_000), workers: 2, ..Options::default() };
    let report = Campaign::new(world.clone(), options).unwrap().run(&Run::default(), &mut |_| {}).unwrap();
    let shrunk = shrink::all(&world, &report.findings[..1], Budget::default()).unwrap();
    let origin =
        Origin { daotwin: "0".to_owned(), project: "p".to_owned(), scenario: String::new(), seed: 0 };
    let seed = File::new(&world, &shrunk[0], origin).text().into_bytes();
    let paper = Paper::new("finding.json");
    let target = |bytes: &[u8]| {
        let Ok(file) = File::open(&paper.with(bytes), &Limits::default()) else { return false };
        let (Ok(finding), Ok(fork)) = (file.finding(), file.fork()) else { return false };
        daotwin_audit::replay(&mut Machine::new(fork), &file.state(), &finding.steps).ok();
        true
    };
    let (fine, refused) = fuzz("findings", &[seed], &target);
    assert!(fine > 0 && refused > 0);
}

/// Logs of a node.
#[test]
fn logs() {
    let word = |byte: &str| format!("0x{}", byte.repeat(32));
    let vote = json!({"address": format!("0x{}", "11".repeat(20)), "blockNumber": "0x10", "blockTimestamp": "0x6553f100", "logIndex": "0x1",
        "transactionHash": word("aa"), "removed": false,
        "topics": ["0xb8e138887d0aa13bab447e82de9d5c1777041ecd21ca36ba824ff1e6c07ddda4", format!("0x{}{}", "00".repeat(12), "22".repeat(20))],
        "data": format!("0x{:064x}{:064x}{:064x}{:064x}{:064x}", 5, 1, 1_000_000, 0xa0, 0)});
    let moved = json!({"address": format!("0x{}", "33".repeat(20)), "blockNumber": "0x11", "logIndex": "0x2", "transactionHash": word("bb"),
        "topics": ["0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef", format!("0x{}{}", "00".repeat(12), "22".repeat(20)),
            format!("0x{}{}", "00".repeat(12), "44".repeat(20))], "data": format!("0x{:064x}", 77)});
    let seed = json!({"jsonrpc": "2.0", "id": 1, "result": [vote, moved]}).to_string().into_bytes();
    let paper = Paper::new("logs.json");
    let target = |bytes: &[u8]| ingest(&[paper.with(bytes)], &Options::default(), &Run::default()).is_ok();
    let (fine, refused) = fuzz("logs", &[seed], &target);
    assert!(fine > 0 && refused > 0);
}
