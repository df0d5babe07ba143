use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{Address, U256, keccak256};
use daotwin_core::Limits;
use serde_json::json;

use super::*;
use crate::artifact;
use crate::chain::Machine;

fn contracts() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/contracts")).to_path_buf()
}

/// What a function answers, as the first word.
fn ask(world: &World, name: &str, signature: &str, arguments: &[DynSolValue]) -> U256 {
    let mut data = keccak256(signature)[..4].to_vec();
    data.extend(DynSolValue::Tuple(arguments.to_vec()).abi_encode_params());
    let to = Some(world.contract(name).unwrap().address);
    let transaction = Transaction { sender: Address::ZERO, to, value: U256::ZERO, data: data.into() };
    let outcome = Machine::new(world.fork).run(&world.state, &transaction).unwrap();
    assert!(outcome.success(), "{name}.{signature}: {}", outcome.reason());
    U256::from_be_slice(&outcome.output[..32])
}

fn put(path: impl AsRef<Path>, text: &str) {
    daotwin_core::files::atomic_write(path.as_ref(), text.as_bytes()).unwrap();
}

fn read(text: &str) -> Scenario {
    Scenario::read(text, Path::new("")).unwrap()
}

/// A token whose constructor takes holders and amounts, and a voting contract over it.
fn governed() -> Artifacts {
    artifact::read(&contracts().join("incidents/build-finance/Fixed.json"), &Limits::default()).unwrap()
}

#[test]
fn every_case_is_deployed_in_both_twins() {
    let mut deployed = 0;
    let entries = |folder: &Path| {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut entries: Vec<PathBuf> = entries.collect();
        entries.sort();
        entries
    };
    let groups: Vec<PathBuf> = entries(&contracts()).into_iter().filter(|path| path.is_dir()).collect();
    for case in groups.iter().flat_map(|group| entries(group)) {
        let scenario = Scenario::open(&case.join("audit.toml"), &Limits::default()).unwrap();
        let builds = entries(&case);
        let builds =
            builds.iter().filter(|path| path.extension().is_some_and(|extension| extension == "json"));
        let mut addresses: Vec<Vec<(String, Address)>> = Vec::new();
        for build in builds {
            let artifacts = artifact::read(build, &Limits::default()).unwrap();
            let world = World::deploy(&scenario, &artifacts);
            let world = world.unwrap_or_else(|error| panic!("{}: {error}", build.display()));
            assert!(!world.contracts.is_empty());
            for found in &world.contracts {
                let code = world.state.code(found.address);
                assert!(found.contract.runtime.is_source_of(code.original_byte_slice()), "{}", found.name);
                assert!(!found.contract.lines().is_empty(), "{} has no lines", found.name);
                // The dispatcher tells the same functions as the ABI.
                let selectors = artifact::selectors(code.original_byte_slice());
                for callable in &found.contract.functions {
                    assert!(
                        selectors.contains_key(&callable.selector),
                        "{}.{}",
                        found.name,
                        callable.signature()
                    );
                }
            }
            let found = world.contracts.iter().map(|found| (found.name.clone(), found.address));
            addresses.push(found.collect());
            deployed += 1;
        }
        assert!(addresses.windows(2).all(|pair| pair[0] == pair[1]), "{}", case.display());
    }
    assert!(deployed >= 20, "{deployed} builds");
}

#[test]
fn a_world_has_what_its_scenario_says() {
    let scenario = read(
        r#"
        [chain]
        block = 100
        time = 1_000_000
        [[actors]]
        name = "founder"
        ether = "7 ether"
        [[setup]]
        deploy = "Build"
        name = "token"
        arguments = [["$deployer", "$attacker"], ["100e18", "3e18"]]
        [[setup]]
        deploy = "Governance"
        arguments = ["$token"]
        [[setup]]
        call = "token.transfer"
        arguments = ["$governance", "$token.balanceOf($attacker)"]
        wait = "2 days"
        [[setup]]
        call = "founder"
        value = "1 ether"
        blocks = 5
        [assets]
        token = 0.25
        [attack]
        loans = true
        [turnout]
        mean = 0.2
        "#,
    );
    let world = World::deploy(&scenario, &governed()).unwrap();
    let names: Vec<&str> = world.contracts.iter().map(|deployed| deployed.name.as_str()).collect();
    assert_eq!(names, ["token", "governance", "loans"]);
    let actors: Vec<(&str, Role)> =
        world.actors.iter().map(|actor| (actor.name.as_str(), actor.role)).collect();
    assert_eq!(
        actors,
        [("deployer", Role::Trusted), ("attacker", Role::Attacker), ("founder", Role::Member)]
    );
    let deployer = world.actor("deployer").unwrap().address;
    assert_eq!(world.contract("token").unwrap().address, deployer.create(0));
    assert_eq!(world.contract("governance").unwrap().address, deployer.create(1));
    let balance = |name: &str| {
        let address = world.contract(name).map(|deployed| deployed.address);
        let address = address.unwrap_or_else(|_| world.actor(name).unwrap().address);
        ask(&world, "token", "balanceOf(address)", &[DynSolValue::Address(address)])
    };
    let unit = U256::from(10).pow(U256::from(18));
    assert_eq!(balance("governance"), U256::from(3) * unit);
    // Half of what the largest holder has is lent, and half of the deployer's ether.
    assert_eq!(balance("deployer") + balance("loans"), U256::from(97) * unit);
    assert_eq!(balance("deployer"), balance("loans"));
    let loans = world.contract("loans").unwrap().address;
    assert_eq!(world.state.balance(loans), world.state.balance(deployer));
    assert_eq!(world.state.balance(world.actor("founder").unwrap().address), U256::from(8) * unit);
    // Two days are 14,400 blocks; then five, and one more that follows.
    assert_eq!((world.state.block, world.state.time), (100 + 14_400 + 5 + 1, 1_000_000 + 172_800 + 60 + 12));
    let assets: Vec<(&str, U256)> =
        world.assets.iter().map(|asset| (asset.name.as_str(), asset.worth)).collect();
    assert_eq!(assets, [("ether", unit), ("token", unit / U256::from(4))]);
    assert_eq!(world.turnout, Some(Turnout { mean: 0.2, concentration: 10.0, against: 1.0 }));
    let words: Vec<&str> = world.setup.iter().map(|done| done.words.as_str()).collect();
    assert_eq!(words[2], "token.transfer(governance, 3000000000000000000)");
    assert_eq!(world.setup[1].created.as_ref().map(|(name, _)| name.as_str()), Some("governance"));
    assert_eq!((world.setup[2].block, world.setup[3].block), (14_500, 14_505));
    // The steps alone, on the state before them, make the same world.
    let mut machine = Machine::new(world.fork);
    let mut state = Arc::clone(&world.genesis);
    for done in &world.setup {
        let mut before = (*state).clone();
        (before.block, before.time) = (done.block, done.time);
        let before = Arc::new(before);
        let outcome = machine.run(&before, &done.transaction).unwrap();
        assert!(outcome.success());
        state = Arc::new(outcome.after(&before));
    }
    for address in world.state.addresses() {
        assert_eq!(state.slots(address), world.state.slots(address));
        assert_eq!(state.balance(address), world.state.balance(address));
    }
    assert_eq!(world.name_of(deployer), "deployer");
    assert_eq!(world.name_of(deployer.create(0)), "token");
}

#[test]
fn all_problems_of_a_file_are_told_with_their_lines() {
    let text = r#"colour = 1
[chain]
fork = "pragu"
block = -1
[[actors]]
role = "member"
[[actors]]
name = "ether"
[[actors]]
name = "whale"
role = "memer"
ether = "lots"
[[actors]]
name = "whale"
[[setup]]
name = "x"
[[setup]]
deploy = "A"
call = "b"
[[setup]]
deploy = "A"
frm = "deployer"
wait = "2 dogs"
arguments = 7
[[setup]]
call = "a.b"
arguments = [2024-01-01]
[assets]
token = "dear"
[attack]
loan = true
[turnout]
mean = 2
"#;
    let message = Scenario::read(text, Path::new("")).unwrap_err().to_string();
    for expected in [
        "line 1: unknown key `colour`",
        "line 3: unknown hard fork `pragu`; did you mean `prague`?",
        "line 4: `block` must be a number of a block",
        "line 5: an actor needs a `name`",
        "line 8: a `name` has at most 64 letters",
        "line 11: unknown role `memer`; did you mean `member`?",
        "line 12: `ether` must be an amount such as \"10 ether\"",
        "line 13: the name `whale` is taken already",
        "line 15: a step needs one of `deploy`",
        "line 17: a step needs one of `deploy`",
        "line 22: unknown key of a step `frm`; did you mean `from`?",
        "line 23: `wait` must be a time such as \"2 days\"",
        "line 24: `arguments` must be a list",
        "line 27: `arguments`: a date; write seconds since 1970",
        "line 29: `token` must be what a unit is worth in ether",
        "line 31: unknown key of `[attack]` `loan`; did you mean `loans`?",
        "line 33: `mean` must be a number from 0 to 1",
    ] {
        assert!(message.contains(expected), "{expected}\n--\n{message}");
    }
    for text in ["", "setup", "setup = 3", "[[setup]]\n", "\u{0}", "[[actors]]\nname = 'a b'", "chain = []"] {
        if !text.is_empty() {
            assert!(Scenario::read(text, Path::new("")).is_err(), "{text:?}");
        }
    }
    let many = "[[setup]]\ndeploy = 'A'\n".repeat(3_000);
    assert!(Scenario::read(&many, Path::new("")).unwrap_err().to_string().contains("at most 2000"));
}

#[test]
fn what_cannot_be_carried_out_is_told_before_anything_is() {
    let scenario = read(
        r#"
[[setup]]
deploy = "Buil"
name = "a"
[[setup]]
deploy = "Build"
name = "token"
arguments = [["$deployer", "$nobody"], ["1"]]
[[setup]]
call = "token.transfr"
arguments = ["$attacker", 1]
[[setup]]
call = "token.transfer"
arguments = ["$attacker"]
[[setup]]
call = "token.transfer"
arguments = ["attacker", "1.5"]
[[setup]]
call = "token.transfer"
arguments = ["$attacker", 1]
value = 1
[[setup]]
call = "tokn.transfer"
[[setup]]
deploy = "Governance"
from = "me"
arguments = ["$token.nothing()"]
[assets]
tken = 1
"#,
    );
    let message = World::deploy(&scenario, &governed()).unwrap_err().to_string();
    for expected in [
        "line 2: there is no contract `Buil`; did you mean `Build`?",
        "line 5: constructor of `Build`: argument `",
        "there is no `nobody` yet",
        "line 9: `token` has no function `transfr`; did you mean `transfer`?",
        "line 12: `token.transfer`: 1 arguments are given, and 2 are wanted: (address to, uint256 amount)",
        "line 15: `token.transfer`: argument `to`: `attacker` is no address",
        "line 18: `token.transfer(address,uint256)` takes no ether",
        "line 22: there is no `tokn` yet; did you mean `token`?",
        "line 24: there is no `me` yet",
        "line 29: there is no `tken` yet; did you mean `token`?",
    ] {
        assert!(message.contains(expected), "{expected}\n--\n{message}");
    }
}

/// Broken copies of a scenario: refused or carried out, never a panic.
#[test]
fn broken_scenarios_do_no_harm() {
    let case = contracts_of("incidents/tornado-cash");
    assert_eq!(
        Scenario::beside(&case.join("Fixed.json")),
        Some(case.join("audit.toml").canonicalize().unwrap())
    );
    let original = std::fs::read(case.join("audit.toml")).unwrap();
    let artifacts = artifact::read(&case.join("Fixed.json"), &Limits::default()).unwrap();
    let mut draws = 0x9e37_79b9_u64;
    let mut draw = move |below: usize| {
        draws = draws.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (draws >> 33) as usize % below.max(1)
    };
    let (mut fine, mut refused) = (0, 0);
    for _ in 0..600 {
        let mut copy = original.clone();
        for _ in 0..=draw(2) {
            let at = draw(copy.len());
            match draw(4) {
                0 => copy[at] = b"$@()[]{}\"'.,=#-e9x\n"[draw(19)],
                1 => copy.truncate(at),
                2 => copy.splice(at..at, *b"$dao.f($dao.f(").for_each(drop),
                _ => {
                    let end = (at + draw(20)).min(copy.len());
                    copy.drain(at..end).for_each(drop);
                }
            }
        }
        let scenario = Scenario::read(&String::from_utf8_lossy(&copy), Path::new(""));
        match scenario.and_then(|scenario| World::deploy(&scenario, &artifacts)) {
            Ok(_) => fine += 1,
            Err(error) => {
                refused += 1;
                assert!(!error.to_string().is_empty());
            }
        }
    }
    assert!(fine > 10 && refused > 100, "{fine} carried out, {refused} refused");
}

#[test]
fn contracts_that_need_each_other_know_their_places() {
    let text = r#"
        [[setup]]
        deploy = "Build"
        name = "token"
        arguments = [["$dao", "$deployer"], ["7", "9"]]
        [[setup]]
        call = "token.transfer"
        arguments = ["$dao", 2]
        [[setup]]
        deploy = "Governance"
        name = "dao"
        arguments = ["$token"]
    "#;
    let world = World::deploy(&read(text), &governed()).unwrap();
    let dao = world.contract("dao").unwrap().address;
    assert_eq!(dao, address_of("deployer").create(2));
    assert_eq!(ask(&world, "token", "balanceOf(address)", &[DynSolValue::Address(dao)]), U256::from(9));
}

#[test]
fn a_step_that_fails_says_why() {
    let scenario = read(
        r#"
[[setup]]
deploy = "Build"
name = "token"
arguments = [["$deployer"], ["1"]]
[[setup]]
call = "token.transfer"
from = "attacker"
arguments = ["$deployer", "5"]
"#,
    );
    let message = World::deploy(&scenario, &governed()).unwrap_err().to_string();
    assert!(
        message.starts_with("line 6: `token.transfer(deployer, 5)` from `attacker` fails: "),
        "{message}"
    );
}

#[test]
fn the_schema_knows_what_the_reader_knows() {
    let schema = json_schema();
    let kept = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/audit.schema.json"));
    let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    if std::env::var_os("DAOTWIN_RENEW").is_some() {
        daotwin_core::files::atomic_write(kept, text.as_bytes()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(kept).unwrap(), text, "renew it with DAOTWIN_RENEW=1");
    for key in super::read::KEYS {
        assert!(schema["properties"][key].is_object(), "{key}");
    }
    let step = &schema["properties"]["setup"]["items"]["properties"];
    assert_eq!(step.as_object().unwrap().len(), super::read::SETUP.len());
    assert_eq!(schema["properties"]["chain"]["properties"]["fork"]["default"], json!("prague"));
}

/// A build of handmade contracts: name and runtime code, or creation code where it is given whole.
fn handmade(contracts: &[(&str, String)]) -> (tempfile::TempDir, Artifacts) {
    let folder = tempfile::tempdir().unwrap();
    for (name, creation) in contracts {
        let fallback = json!([{"type": "fallback", "stateMutability": "payable"}]);
        let artifact =
            json!({"contractName": name, "abi": fallback, "bytecode": creation, "deployedBytecode": "0x"});
        put(folder.path().join(format!("{name}.json")), &artifact.to_string());
    }
    let token = contracts_of("small/erc20/Token.json");
    std::fs::copy(token, folder.path().join("Token.json")).unwrap();
    let artifacts = artifact::read(folder.path(), &Limits::default()).unwrap();
    (folder, artifacts)
}

fn contracts_of(file: &str) -> PathBuf {
    contracts().join(file)
}

/// Creation code that stores words and leaves this runtime code.
fn creation(stored: &[(&str, &str)], runtime: &str) -> String {
    let mut code = String::new();
    for (slot, value) in stored {
        code.push_str(&format!("73{value}7f{slot}55"));
    }
    // CODECOPY of all that follows: PUSH2 length, DUP1, PUSH2 offset, PUSH0, CODECOPY, PUSH0, RETURN.
    let offset = code.len() / 2 + 11;
    format!("0x{code}61{:04x}8061{offset:04x}5f395ff3{runtime}", runtime.len() / 2)
}

#[test]
fn proxies_of_every_kind_have_the_functions_of_what_is_behind_them() {
    let deployer = address_of("deployer");
    let bare = |address: Address| address.to_string()[2..].to_lowercase();
    let (token, beacon) = (bare(deployer.create(0)), bare(deployer.create(1)));
    let implementation = "360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc";
    let of_beacon = "a3f0ad74e5423aebfd80d3ef4346578335a9a72aeaee59ff6cb3582b35133d50";
    // Copies the input, calls on by DELEGATECALL, and answers what it answers; padded beyond what is minimal.
    let forwards = format!("365f5f375f5f365f73{token}5af43d5f5f3e6029573d5ffd5b3d5ff3{}", "00".repeat(100));
    let (_folder, artifacts) = handmade(&[
        ("Beacon", creation(&[], &format!("73{token}5f5260205ff3"))),
        ("Slot", creation(&[(implementation, &token)], "5f5ffd")),
        ("OfBeacon", creation(&[(of_beacon, &beacon)], "5f5ffd")),
        ("Minimal", creation(&[], &format!("363d3d373d3d3d363d73{token}5af43d82803e903d91602b57fd5bf3"))),
        ("Forwards", creation(&[], &forwards)),
        ("Plain", creation(&[], "00")),
    ]);
    let mut text = "[[setup]]\ndeploy = 'Token'\narguments = [5]\n".to_owned();
    for name in ["Beacon", "Slot", "OfBeacon", "Minimal", "Forwards", "Plain"] {
        text.push_str(&format!("[[setup]]\ndeploy = '{name}'\n"));
    }
    // A proxy's storage is its own: nobody has anything there.
    text.push_str(
        "[[setup]]\ncall = 'forwards.transfer'\narguments = ['$attacker', '$minimal.balanceOf($deployer)']\n",
    );
    let world = World::deploy(&read(&text), &artifacts).unwrap();
    let behind = |name: &str| {
        let found = world.contract(name).unwrap();
        assert_eq!(found.implementation.is_some(), found.implementation_address.is_some());
        found.implementation.as_ref().map(|contract| contract.name.clone())
    };
    for name in ["slot", "ofBeacon", "minimal", "forwards"] {
        assert_eq!(behind(name).as_deref(), Some("Token"), "{name}");
        assert!(world.contract(name).unwrap().functions().any(|callable| callable.name() == "transfer"));
    }
    assert_eq!(behind("plain"), None);
    assert_eq!(behind("token"), None);
}

#[test]
fn libraries_are_deployed_where_they_are_needed() {
    let hole = |name: &str| format!("__{name:_<38}");
    let (_folder, artifacts) = handmade(&[
        ("Low", "0x6001600c60003960016000f300".to_owned()),
        ("High", format!("0x73{}506001602260003960016000f300", hole("Low"))),
        ("Needs", format!("0x73{}5073{}506001603860003960016000f300", hole("High"), hole("Low"))),
        ("Left", format!("0x73{}5000", hole("Right"))),
        ("Right", format!("0x73{}5000", hole("Left"))),
        ("Lost", format!("0x73{}5000", hole("Nowhere"))),
    ]);
    let world = World::deploy(&read("[[setup]]\ndeploy = 'Needs'"), &artifacts).unwrap();
    let names: Vec<&str> = world.contracts.iter().map(|found| found.name.as_str()).collect();
    assert_eq!(names, ["low", "high", "needs"]);
    let needs = &world.setup[2].transaction.data;
    assert_eq!(needs[1..21], world.contract("high").unwrap().address[..]);
    assert_eq!(needs[23..43], world.contract("low").unwrap().address[..]);
    let given = "[libraries]\nHigh = '$attacker'\nLow = '0x00000000000000000000000000000000000000aa'\n[[setup]]\ndeploy = 'Needs'";
    let world = World::deploy(&read(given), &artifacts).unwrap();
    assert_eq!(world.contracts.len(), 1);
    assert_eq!(world.setup[0].transaction.data[1..21], address_of("attacker")[..]);
    let message = |name: &str| {
        World::deploy(&read(&format!("[[setup]]\ndeploy = '{name}'")), &artifacts).unwrap_err().to_string()
    };
    assert!(message("Left").contains("libraries that need each other"), "{}", message("Left"));
    assert!(message("Lost").contains("needs the library `Nowhere`, which is not among the contracts"));
}

#[test]
fn a_broadcast_of_forge_is_done_again() {
    let artifacts = artifact::read(&contracts_of("small/erc20/Token.json"), &Limits::default()).unwrap();
    let script = Address::repeat_byte(0x11);
    let mut creation = artifacts.find("Token").unwrap().creation.bytes.clone();
    creation.extend(DynSolValue::Uint(U256::from(1_000), 256).abi_encode());
    let token = script.create(5);
    let mut transfer = keccak256("transfer(address,uint256)")[..4].to_vec();
    transfer.extend(DynSolValue::Address(address_of("attacker")).abi_encode());
    transfer.extend(DynSolValue::Uint(U256::from(7), 256).abi_encode());
    let factory = "0x4e59b44847b379578588920ca78fbf26c0b4956c";
    let salted: Vec<u8> = [0_u8; 32].into_iter().chain(creation.clone()).collect();
    let hex = |bytes: &[u8]| alloy_primitives::hex::encode_prefixed(bytes);
    let file = |address: Address| {
        json!({"transactions": [
            {"hash": "0x01", "transactionType": "CREATE", "contractName": "Token", "contractAddress": address,
             "function": null, "arguments": ["1000"], "transaction": {"from": script, "gas": "0x1000", "value": "0x0",
             "input": hex(&creation), "nonce": "0x5", "chainId": "0x7a69"}, "additionalContracts": [], "isFixedGasLimit": false},
            {"hash": "0x02", "transactionType": "CALL", "contractName": "Token", "contractAddress": token,
             "function": "transfer(address,uint256)", "arguments": [], "transaction": {"from": script, "to": token,
             "value": "0x0", "input": hex(&transfer), "nonce": "0x6"}},
            {"hash": "0x03", "transactionType": "CREATE2", "contractName": "Token", "contractAddress": null,
             "transaction": {"from": script, "to": factory, "value": "0x0", "input": hex(&salted), "nonce": "0x7"}}],
            "receipts": [], "libraries": [], "pending": [], "timestamp": 1, "chain": 31337})
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run-latest.json");
    put(&path, &file(token).to_string());
    let world = World::deploy(&Scenario::broadcast(&path), &artifacts).unwrap();
    assert_eq!(world.contract("token").unwrap().address, token);
    assert_eq!(world.contracts.len(), 2, "one by the factory");
    assert_eq!(world.actor("script").unwrap().address, script);
    let attacker = DynSolValue::Address(address_of("attacker"));
    assert_eq!(ask(&world, "token", "balanceOf(address)", &[attacker]), U256::from(7));
    // Steps may follow it.
    let text = "[chain]\nbroadcast = 'run-latest.json'\n[[setup]]\ncall = 'token.transfer'\nfrom = 'script'\narguments = ['$deployer', 3]";
    let world = World::deploy(&Scenario::read(text, folder.path()).unwrap(), &artifacts).unwrap();
    let deployer = DynSolValue::Address(address_of("deployer"));
    assert_eq!(ask(&world, "token", "balanceOf(address)", &[deployer]), U256::from(3));
    put(&path, &file(Address::ZERO).to_string());
    let message = World::deploy(&Scenario::broadcast(&path), &artifacts).unwrap_err().to_string();
    assert!(message.contains("transaction 0: its contract gets another address"), "{message}");
    put(&path, "{}");
    let message = World::deploy(&Scenario::broadcast(&path), &artifacts).unwrap_err().to_string();
    assert!(message.contains("is no broadcast file of forge"), "{message}");
}

#[test]
fn without_a_scenario_constructors_tell() {
    let text = guess(&governed()).unwrap();
    let world = World::deploy(&read(&text), &governed()).unwrap();
    let names: BTreeSet<&str> = world.contracts.iter().map(|found| found.contract.name.as_str()).collect();
    assert_eq!(names, BTreeSet::from(["Build", "Governance", "Loans"]), "{text}");
    let token = &world.contracts.iter().find(|found| found.contract.name == "Build").unwrap().name;
    let holds = |person: &str| {
        let address = DynSolValue::Address(address_of(person));
        ask(&world, token, "balanceOf(address)", &[address])
    };
    assert!(holds("member1") > holds("member2") && holds("member3") > holds("attacker"), "{text}");
    assert!(!holds("attacker").is_zero());
    assert!(text.contains("[assets]") && world.contracts.iter().any(|deployed| deployed.name == "loans"));
    for case in ["small/chain/Fixed.json", "incidents/tornado-cash/Fixed.json", "incidents/audius/Fixed.json"]
    {
        let artifacts = artifact::read(&contracts_of(case), &Limits::default()).unwrap();
        let text = guess(&artifacts).unwrap();
        let world = World::deploy(&read(&text), &artifacts).unwrap();
        assert!(!world.contracts.is_empty(), "{case}");
    }
}
