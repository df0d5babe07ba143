//! A chain elsewhere: OpenZeppelin's Governor is deployed and used on a local node, and an audit goes on from its state.
//!
//! `DAOTWIN_ANVIL` names the node's program (anvil) and `DAOTWIN_CONTRACTS` the `node_modules` folder that holds
//! OpenZeppelin's sources and npm's compiler; without them the test says so and returns.
#![expect(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{Address, U256, keccak256};
use daotwin_audit::artifact;
use daotwin_audit::chain::{Asking, Machine, Remote, State, Transaction};
use daotwin_audit::traffic::benign::{Options, play};
use daotwin_audit::traffic::chronicle::chronicle;
use daotwin_audit::world::{Scenario, World, address_of, guess};
use daotwin_core::{Limits, Run};
use serde_json::{Value, json};

/// A node that ends with the test.
struct Node {
    child: Child,
    port: u16,
}

impl Drop for Node {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Node {
    fn start(program: &Path) -> Self {
        let arguments = [
            "--port",
            "0",
            "--auto-impersonate",
            "--timestamp",
            "1700000000",
            "--hardfork",
            "prague",
            "--order",
            "fifo",
            "--gas-limit",
            "10000000000",
        ];
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = loop {
            let line = lines.next().unwrap().unwrap();
            if let Some(port) = line.strip_prefix("Listening on 127.0.0.1:") {
                break port.trim().parse().unwrap();
            }
        };
        // What it says from now on is thrown away, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, port }
    }

    fn ask(&self, method: &str, parameters: Value) -> Value {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}).to_string();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let head = format!(
            "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let answer: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"));
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// Puts transactions into one block of this number and time, in their order; how each ended.
    fn mine(&self, block: u64, time: u64, sent: &[&Transaction]) -> Vec<bool> {
        let number = self.number();
        if block > number + 1 {
            self.ask("anvil_mine", json!([format!("0x{:x}", block - 1 - number), "0xc"]));
        }
        self.ask("evm_setAutomine", json!([false]));
        let hashes: Vec<Value> = sent
            .iter()
            .map(|transaction| {
                self.ask("anvil_setBalance", json!([transaction.sender, "0x3635c9adc5dea00000"]));
                let call = json!({
                    "from": transaction.sender, "to": transaction.to, "data": transaction.data,
                    "value": format!("0x{:x}", transaction.value), "gas": "0x1c9c380",
                });
                self.ask("eth_sendTransaction", json!([call]))
            })
            .collect();
        self.ask("evm_setNextBlockTimestamp", json!([time]));
        self.ask("evm_mine", json!([]));
        self.ask("evm_setAutomine", json!([true]));
        let ended = |hash: &Value| {
            let receipt = self.ask("eth_getTransactionReceipt", json!([hash]));
            assert_eq!(receipt["blockNumber"], format!("0x{block:x}"), "{receipt}");
            receipt["status"] == "0x1"
        };
        hashes.iter().map(ended).collect()
    }

    /// The number of the newest block.
    fn number(&self) -> u64 {
        let number = self.ask("eth_blockNumber", json!([]));
        u64::from_str_radix(&number.as_str().unwrap()[2..], 16).unwrap()
    }

    /// Sends a transaction, which must end well.
    fn send(&self, transaction: &Transaction) {
        let mut call = json!({
            "from": transaction.sender, "value": format!("0x{:x}", transaction.value), "data": transaction.data,
            "gas": "0x1c9c380",
        });
        if let Some(to) = transaction.to {
            call["to"] = json!(to);
        }
        let hash = self.ask("eth_sendTransaction", json!([call]));
        // A node may answer before it has put the transaction into its block.
        let receipt = (0..500).find_map(|_| {
            let receipt = self.ask("eth_getTransactionReceipt", json!([hash]));
            if receipt.is_null() {
                std::thread::sleep(Duration::from_millis(10));
            }
            (!receipt.is_null()).then_some(receipt)
        });
        let receipt = receipt.unwrap_or_default();
        assert_eq!(receipt["status"], "0x1", "{receipt}");
    }
}

fn word(state: &Arc<State>, to: Address, signature: &str, arguments: &[DynSolValue]) -> U256 {
    let mut data = keccak256(signature)[..4].to_vec();
    data.extend(DynSolValue::Tuple(arguments.to_vec()).abi_encode_params());
    let transaction =
        Transaction { sender: Address::ZERO, to: Some(to), value: U256::ZERO, data: data.into() };
    let outcome = Machine::new("prague".parse().unwrap()).run(state, &transaction).unwrap();
    assert!(outcome.success(), "{signature}: {}", outcome.reason());
    U256::from_be_slice(&outcome.output[..32])
}

#[test]
fn an_audit_goes_on_from_a_governor_on_a_node() {
    let found = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.exists());
    let (Some(program), Some(packages)) = (found("DAOTWIN_ANVIL"), found("DAOTWIN_CONTRACTS")) else {
        println!("skipped: `DAOTWIN_ANVIL` names no node, or `DAOTWIN_CONTRACTS` no folder of npm packages");
        return;
    };
    let project = tempfile::tempdir().unwrap();
    std::fs::create_dir(project.path().join("src")).unwrap();
    daotwin_core::files::atomic_write(
        &project.path().join("src/Dao.sol"),
        include_str!("governor/Dao.sol").as_bytes(),
    )
    .unwrap();
    daotwin_core::files::atomic_write(&project.path().join("foundry.toml"), "".as_bytes()).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&packages, project.path().join("node_modules")).unwrap();
    let artifacts =
        artifact::read(project.path(), &Limits::default()).unwrap_or_else(|error| panic!("{error}"));
    let local =
        World::deploy(&Scenario::read(&guess(&artifacts).unwrap(), Path::new("")).unwrap(), &artifacts)
            .unwrap();

    // The same transactions on a real node: contracts get the same addresses.
    let node = Node::start(&program);
    for actor in &local.actors {
        let ether = actor.ether + U256::from(10).pow(U256::from(21));
        node.ask("anvil_setBalance", json!([actor.address, format!("0x{ether:x}")]));
    }
    for done in &local.setup {
        node.send(&done.transaction);
    }
    for deployed in &local.contracts {
        let code = node.ask("eth_getCode", json!([deployed.address, "latest"]));
        let here = local.state.code(deployed.address);
        assert_eq!(code, json!(here.original_bytes()), "{}", deployed.name);
    }
    // A proposal is made and voted on there.
    let address = |name: &str| local.contract(name).unwrap().address;
    let (dao, token) = (address("dao"), address("govToken"));
    let arguments = r#"[["$dao.token()"], ["0"], ["@token.transfer($attacker, 5e18)"], "a grant"]"#;
    let prelude = |block: Option<u64>| {
        let block = block.map(|block| format!("block = {block}\n")).unwrap_or_default();
        format!(
            "[chain]\nnode = 'http://127.0.0.1:{}'\ncache = 'cache'\n{block}\
             [[actors]]\nname = 'member1'\n[[setup]]\ncontract = 'Dao'\nat = '{dao}'\nname = 'dao'\n\
             [[setup]]\ncontract = 'GovToken'\nat = '{token}'\nname = 'token'\n",
            node.port
        )
    };
    let steps = |text: &str, block: Option<u64>| {
        let scenario = Scenario::read(&format!("{}{text}", prelude(block)), project.path()).unwrap();
        World::deploy(&scenario, &artifacts).unwrap_or_else(|error| panic!("{error}"))
    };
    let propose = format!("[[setup]]\ncall = 'dao.propose'\nfrom = 'member1'\narguments = {arguments}\n");
    let proposing = steps(&propose, None);
    node.send(&proposing.setup[0].transaction);
    node.ask("anvil_mine", json!(["0x2", "0xc"]));
    let id = "$dao.hashProposal([$token], [0], [@token.transfer($attacker, 5e18)], \\\"keccak:a grant\\\")";
    let vote = format!("[[setup]]\ncall = \"dao.castVote\"\nfrom = \"member1\"\narguments = [\"{id}\", 1]\n");
    let voting = steps(&vote, None);
    node.send(&voting.setup[0].transaction);
    node.ask("anvil_mine", json!(["0x65", "0xc"]));

    // From there on it is ours: queued, waited for and executed on the state of a pinned block.
    let block =
        u64::from_str_radix(&node.ask("eth_blockNumber", json!([])).as_str().unwrap()[2..], 16).unwrap();
    let hashed = r#"[["$token"], ["0"], ["@token.transfer($attacker, 5e18)"], "keccak:a grant"]"#;
    let finish = format!(
        "[[setup]]\ncall = 'token.transfer'\nfrom = 'member1'\narguments = ['{lock}', '5e18']\n\
         [[setup]]\ncall = 'dao.queue(address[],uint256[],bytes[],bytes32)'\nblocks = 1\narguments = {hashed}\n\
         [[setup]]\ncall = 'dao.execute(address[],uint256[],bytes[],bytes32)'\nwait = '2 days'\nblocks = 2\narguments = {hashed}\n",
        lock = address("lock"),
    );
    let start = Instant::now();
    let world = steps(&finish, Some(block));
    println!("three transactions on the state of a node: {:.0} ms", start.elapsed().as_secs_f64() * 1e3);
    let unit = U256::from(10).pow(U256::from(18));
    let holds = |state: &Arc<State>| {
        word(state, token, "balanceOf(address)", &[DynSolValue::Address(address_of("attacker"))])
    };
    assert_eq!(holds(&world.state), U256::from(10_005) * unit);
    // The node, doing the same in the same blocks, ends in the same storage.
    for done in &world.setup {
        let number = node.ask("eth_blockNumber", json!([]));
        let number = u64::from_str_radix(&number.as_str().unwrap()[2..], 16).unwrap();
        if done.block > number + 1 {
            node.ask("anvil_mine", json!([format!("0x{:x}", done.block - 1 - number), "0xc"]));
        }
        node.ask("evm_setNextBlockTimestamp", json!([done.time]));
        node.send(&done.transaction);
    }
    let mut compared = 0;
    for deployed in &local.contracts {
        for (slot, value) in world.state.slots(deployed.address) {
            let there =
                node.ask("eth_getStorageAt", json!([deployed.address, format!("0x{slot:064x}"), "latest"]));
            let there = U256::from_str_radix(&there.as_str().unwrap()[2..], 16).unwrap();
            assert_eq!(there, value, "{} {slot}", deployed.name);
            compared += 1;
        }
        let balance = U256::from_str_radix(
            &node.ask("eth_getBalance", json!([deployed.address, "latest"])).as_str().unwrap()[2..],
            16,
        );
        assert_eq!(balance.unwrap(), world.state.balance(deployed.address), "{}", deployed.name);
    }

    assert!(compared >= 5, "{compared} words");

    // With the node gone, what was asked before is still known.
    let url = format!("http://127.0.0.1:{}", node.port);
    drop(world);
    drop(node);
    let asking = Asking {
        block: Some(block),
        cache: Some(project.path().join("cache")),
        attempts: 1,
        timeout: Duration::from_secs(2),
        ..Asking::default()
    };
    let remote = Arc::new(Remote::open(&url, &asking).unwrap());
    assert_eq!(holds(&Arc::new(State::of(Arc::clone(&remote)))), U256::from(10_000) * unit);
    assert_eq!(remote.requests(), 0);
}

/// Benign traffic on a node: its logs, read by `ingest`, are the record of the same transactions.
#[test]
fn the_logs_of_a_node_are_the_record_of_the_same_transactions() {
    let Some(program) = std::env::var_os("DAOTWIN_ANVIL").map(PathBuf::from).filter(|path| path.exists())
    else {
        println!("skipped: `DAOTWIN_ANVIL` names no node");
        return;
    };
    let (mut world, _) = common::governor(
        "openzeppelin",
        &[("\"1\", \"7200\", \"0\", \"4\"", "\"1\", \"100\", \"0\", \"4\""), ("172800", "1200")],
    );
    let node = Node::start(&program);
    for actor in &world.actors {
        let ether = actor.ether + U256::from(10).pow(U256::from(21));
        node.ask("anvil_setBalance", json!([actor.address, format!("0x{ether:x}")]));
    }
    for done in &world.setup {
        node.send(&done.transaction);
    }
    for deployed in &world.contracts {
        let code = node.ask("eth_getCode", json!([deployed.address, "latest"]));
        assert_eq!(code, json!(world.state.code(deployed.address).original_bytes()), "{}", deployed.name);
    }
    // From the node's block on, twelve seconds a block on both sides.
    let first = node.number() + 1;
    let newest = node.ask("eth_getBlockByNumber", json!(["latest", false]));
    let time = u64::from_str_radix(&newest["timestamp"].as_str().unwrap()[2..], 16).unwrap();
    let state = Arc::make_mut(&mut world.state);
    (state.block, state.time) = (first, time + 12);
    let load = play(&common::made(5, 6, 6, 60), &world, &Options::default(), &Run::default()).unwrap();
    assert_eq!(load.failures, []);
    let start = Instant::now();
    let mut rest = &load.sent[..];
    while let Some(next) = rest.first() {
        let (block, later) = rest.split_at(rest.iter().take_while(|sent| sent.block == next.block).count());
        let sent: Vec<&Transaction> = block.iter().map(|sent| &sent.transaction).collect();
        assert!(node.mine(next.block, next.time, &sent).iter().all(|good| *good), "block {}", next.block);
        rest = later;
    }
    let from = format!("0x{first:x}");
    let logs = node.ask("eth_getLogs", json!([{"fromBlock": from, "toBlock": "latest"}]));
    let record = chronicle(&world, &load.sent, None, "the dao").unwrap();
    // Times of blocks as the node has them.
    for (block, time) in &record.clock {
        let there = node.ask("eth_getBlockByNumber", json!([format!("0x{block:x}"), false]));
        assert_eq!(there["timestamp"], format!("0x{time:x}"), "block {block}");
    }
    let compared = common::compare(&record, &json!({"jsonrpc": "2.0", "id": 1, "result": logs}));
    println!(
        "{} transactions on a node in {:.1} s: {} logs, {compared} rows, the same in both",
        load.sent.len(),
        start.elapsed().as_secs_f64(),
        record.logs.len()
    );
    assert!(compared > 100 && logs.as_array().unwrap().len() == record.logs.len());
}
