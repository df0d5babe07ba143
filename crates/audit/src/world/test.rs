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
    assert_eq!(names, ["token", "governance"]);
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
    assert_eq!(balance("deployer"), U256::from(97) * unit);
    assert_eq!(world.state.balance(world.actor("founder").unwrap().address), U256::from(8) * unit);
    // Two days are 14,400 blocks; then five, and one more that follows.
    assert_eq!((world.state.block, world.state.time), (100 + 14_400 + 5 + 1, 1_000_000 + 172_800 + 60 + 12));
    let assets: Vec<(&str, U256)> =
        world.assets.iter().map(|asset| (asset.name.as_str(), asset.worth)).collect();
    assert_eq!(assets, [("ether", unit), ("token", unit / U256::from(4))]);
    assert!(world.loans);
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
