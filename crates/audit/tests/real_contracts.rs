//! Contracts that DAOs run on, from npm packages: read as they are published, deployed, and used.
//!
//! `DAOTWIN_CONTRACTS` names the `node_modules` folder that holds them; without it these tests say so and return.
#![expect(clippy::panic, clippy::print_stdout, clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{Address, U256, keccak256};
use daotwin_audit::artifact::{self, Artifacts, Solc};
use daotwin_audit::campaign::{Campaign, Options};
use daotwin_audit::chain::{Machine, State, Transaction};
use daotwin_audit::export::lcov;
use daotwin_audit::world::{Scenario, World, address_of, guess};
use daotwin_core::{Limits, Run};

fn packages() -> Option<PathBuf> {
    let found = std::env::var_os("DAOTWIN_CONTRACTS").map(PathBuf::from).filter(|path| path.is_dir());
    if found.is_none() {
        println!("skipped: `DAOTWIN_CONTRACTS` names no folder of npm packages");
    }
    found
}

fn read(packages: &Path, name: &str) -> Artifacts {
    artifact::read(&packages.join(name), &Limits::default()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn deploy(scenario: &str, artifacts: &Artifacts) -> World {
    let scenario = Scenario::read(scenario, Path::new("")).unwrap();
    World::deploy(&scenario, artifacts).unwrap_or_else(|error| panic!("{error}"))
}

/// The first word that a view function answers.
fn ask(world: &World, name: &str, signature: &str, arguments: &[DynSolValue]) -> U256 {
    let mut data = keccak256(signature)[..4].to_vec();
    data.extend(DynSolValue::Tuple(arguments.to_vec()).abi_encode_params());
    let to = Some(world.contract(name).unwrap().address);
    let transaction = Transaction { sender: Address::ZERO, to, value: U256::ZERO, data: data.into() };
    let state: Arc<State> = Arc::clone(&world.state);
    let outcome = Machine::new(world.fork).run(&state, &transaction).unwrap();
    assert!(outcome.success(), "{name}.{signature}: {}", outcome.reason());
    U256::from_be_slice(&outcome.output[..32])
}

fn ether(units: u64) -> U256 {
    U256::from(units) * U256::from(10).pow(U256::from(18))
}

fn person(name: &str) -> DynSolValue {
    DynSolValue::Address(address_of(name))
}

#[test]
fn every_published_build_is_read() {
    let Some(packages) = packages() else { return };
    for (name, least, deployable) in [
        ("@openzeppelin/contracts", 200, 20),
        ("@openzeppelin/contracts-4.9", 120, 30),
        ("@uniswap/governance", 5, 4),
        ("@uniswap/v2-core", 5, 2),
        ("@aave/governance-v2", 15, 4),
        ("@gnosis.pm/safe-contracts", 30, 10),
        ("@safe-global/safe-contracts", 20, 10),
        ("@aragon/minime", 4, 2),
    ] {
        let artifacts = read(&packages, name);
        let code = artifacts.contracts.iter().filter(|contract| contract.deployable()).count();
        println!("{name}: {} contracts, {code} with code", artifacts.contracts.len());
        assert!(artifacts.contracts.len() >= least && code >= deployable, "{name}");
        // What the dispatcher compares with is what the ABI says.
        let (mut functions, mut found) = (0, 0);
        for contract in artifacts.contracts.iter().filter(|contract| !contract.runtime.is_empty()) {
            let selectors = artifact::selectors(&contract.runtime.bytes);
            functions += contract.functions.len();
            found += contract
                .functions
                .iter()
                .filter(|callable| selectors.contains_key(&callable.selector))
                .count();
        }
        println!("{name}: {found} of {functions} functions are told by code alone");
        assert_eq!(found, functions, "{name}");
    }
}

/// Token, timelock and governor of Uniswap: a proposal that sends ether passes through all of its phases.
#[test]
fn a_proposal_passes_through_uniswap_governance() {
    let Some(packages) = packages() else { return };
    let scenario = r#"
        [[actors]]
        name = "voter"
        [[setup]]
        deploy = "Uni"
        name = "uni"
        arguments = ["$voter", "$timelock", 1800000000]
        [[setup]]
        deploy = "Timelock"
        name = "timelock"
        arguments = ["$governor", "2 days"]
        [[setup]]
        deploy = "GovernorAlpha"
        name = "governor"
        arguments = ["$timelock", "$uni"]
        [[setup]]
        call = "timelock"
        value = "10 ether"
        [[setup]]
        call = "uni.delegate"
        from = "voter"
        arguments = ["$voter"]
        [[setup]]
        call = "governor.propose"
        from = "voter"
        blocks = 1
        arguments = [["$attacker"], ["3 ether"], [""], ["0x"], "a grant"]
        [[setup]]
        call = "governor.castVote"
        from = "voter"
        blocks = 2
        arguments = ["$governor.latestProposalIds($voter)", true]
        [[setup]]
        call = "governor.queue"
        blocks = 40320
        arguments = [1]
        [[setup]]
        call = "governor.execute"
        value = "3 ether"
        wait = "2 days"
        arguments = [1]
    "#;
    let world = deploy(scenario, &read(&packages, "@uniswap/governance"));
    assert_eq!(world.state.balance(address_of("attacker")), ether(103));
    // Whoever executes pays what the proposal sends.
    assert_eq!(world.state.balance(world.contract("timelock").unwrap().address), ether(10));
    // 7: executed.
    assert_eq!(
        ask(&world, "governor", "state(uint256)", &[DynSolValue::Uint(U256::from(1), 256)]),
        U256::from(7)
    );
    // A day too early, the timelock refuses, and the scenario says where.
    let early = scenario
        .replace("wait = \"2 days\"\n        arguments = [1]", "wait = \"1 day\"\n        arguments = [1]");
    let early = Scenario::read(&early, Path::new("")).unwrap();
    let problem = World::deploy(&early, &read(&packages, "@uniswap/governance")).unwrap_err().to_string();
    assert!(
        problem.contains("`governor.execute(1)` from `deployer` fails")
            && problem.contains("surpassed time lock"),
        "{problem}"
    );
}

#[test]
fn presets_of_openzeppelin_are_used() {
    let Some(packages) = packages() else { return };
    let world = deploy(
        r#"
        [[setup]]
        deploy = "ERC20PresetMinterPauser"
        name = "token"
        arguments = ["Token", "TKN"]
        [[setup]]
        call = "token.mint"
        arguments = ["$attacker", "5e18"]
        [[setup]]
        call = "token.grantRole"
        arguments = ["$token.MINTER_ROLE()", "$attacker"]
        [[setup]]
        call = "token.mint"
        from = "attacker"
        arguments = ["$attacker", "1e18"]
        [[setup]]
        deploy = "ERC721PresetMinterPauserAutoId"
        name = "badge"
        arguments = ["Badge", "BDG", "x://"]
        [[setup]]
        call = "badge.mint"
        arguments = ["$attacker"]
        [[setup]]
        deploy = "TimelockController"
        name = "timelock"
        arguments = ["1 day", ["$deployer"], ["$deployer"], "$deployer"]
        [assets]
        token = 1
        "#,
        &read(&packages, "@openzeppelin/contracts-4.9"),
    );
    assert_eq!(ask(&world, "token", "balanceOf(address)", &[person("attacker")]), ether(6));
    assert_eq!(ask(&world, "badge", "balanceOf(address)", &[person("attacker")]), U256::from(1));
    assert_eq!(ask(&world, "timelock", "getMinDelay()", &[]), U256::from(86_400));
    assert_eq!(world.assets[1].decimals, 18);
    // Proxies of the present version, over what is at hand.
    let world = deploy(
        r#"
        [[setup]]
        deploy = "TimelockController"
        name = "code"
        arguments = [5, [], [], "$deployer"]
        [[setup]]
        deploy = "ERC1967Proxy"
        name = "proxy"
        arguments = ["$code", "@code.getMinDelay()"]
        [[setup]]
        deploy = "UpgradeableBeacon"
        name = "beacon"
        arguments = ["$code", "$deployer"]
        [[setup]]
        deploy = "BeaconProxy"
        name = "distant"
        arguments = ["$beacon", "0x"]
        [[setup]]
        deploy = "TransparentUpgradeableProxy"
        name = "transparent"
        arguments = ["$code", "$deployer", "@code.getMinDelay()"]
        [[setup]]
        call = "proxy.getTimestamp"
        arguments = ["keccak:anything"]
        "#,
        &read(&packages, "@openzeppelin/contracts"),
    );
    for name in ["proxy", "distant", "transparent"] {
        let found = world.contract(name).unwrap();
        let behind = found.implementation.as_ref().unwrap_or_else(|| panic!("{name} has no implementation"));
        assert_eq!(behind.name, "TimelockController", "{name}");
        assert_eq!(found.implementation_address, Some(world.contract("code").unwrap().address));
    }
    assert!(world.contract("code").unwrap().implementation.is_none());
}

#[test]
fn wallets_of_safe_are_made_by_their_factories() {
    let Some(packages) = packages() else { return };
    for (package, single, factory, proxy) in [
        ("@gnosis.pm/safe-contracts", "GnosisSafe", "GnosisSafeProxyFactory", "gnosisSafeProxy"),
        ("@safe-global/safe-contracts", "Safe", "SafeProxyFactory", "safeProxy"),
    ] {
        let zero = Address::ZERO;
        let scenario = format!(
            r#"
            [[setup]]
            deploy = "{single}"
            name = "code"
            [[setup]]
            deploy = "{factory}"
            name = "factory"
            [[setup]]
            call = "factory.createProxyWithNonce"
            arguments = ["$code", "@code.setup([$deployer, $attacker], 2, {zero}, 0x, {zero}, {zero}, 0, {zero})", 1]
            "#
        );
        let world = deploy(&scenario, &read(&packages, package));
        let wallet = world.contract(proxy).unwrap();
        assert_eq!(wallet.implementation.as_ref().map(|contract| contract.name.as_str()), Some(single));
        assert_eq!(ask(&world, proxy, "getThreshold()", &[]), U256::from(2));
        assert!(wallet.functions().any(|callable| callable.name() == "execTransaction"));
    }
}

#[test]
fn a_pair_of_uniswap_is_made_and_swapped_on() {
    let Some(packages) = packages() else { return };
    let scenario = r#"
        [[setup]]
        deploy = "test/ERC20.sol:ERC20"
        name = "left"
        arguments = ["100e18"]
        [[setup]]
        deploy = "test/ERC20.sol:ERC20"
        name = "right"
        arguments = ["100e18"]
        [[setup]]
        deploy = "UniswapV2Factory"
        name = "factory"
        arguments = ["$deployer"]
        [[setup]]
        call = "factory.createPair"
        arguments = ["$left", "$right"]
        [[setup]]
        contract = "UniswapV2Pair"
        at = "$factory.getPair($left, $right)"
        name = "pair"
        [[setup]]
        call = "left.transfer"
        arguments = ["$pair", "10e18"]
        [[setup]]
        call = "right.transfer"
        arguments = ["$pair", "10e18"]
        [[setup]]
        call = "pair.mint"
        arguments = ["$deployer"]
    "#;
    let artifacts = read(&packages, "@uniswap/v2-core");
    let names: Vec<String> = artifacts.contracts.iter().map(|contract| contract.full_name()).collect();
    let scenario = if names.iter().any(|name| name.ends_with("test/ERC20.sol:ERC20")) {
        scenario.to_owned()
    } else {
        scenario.replace("test/ERC20.sol:ERC20", "ERC20")
    };
    let world = deploy(&scenario, &artifacts);
    let names: Vec<&str> = world.contracts.iter().map(|deployed| deployed.name.as_str()).collect();
    assert_eq!(names, ["left", "right", "factory", "pair"]);
    let supply = ask(&world, "pair", "totalSupply()", &[]);
    assert_eq!(supply, ether(10));
}

#[test]
fn tokens_of_minime_and_governance_of_aave_stand() {
    let Some(packages) = packages() else { return };
    let world = deploy(
        r#"
        [[setup]]
        deploy = "MiniMeTokenFactory"
        name = "factory"
        [[setup]]
        deploy = "MiniMeToken"
        name = "token"
        arguments = ["$factory", "0x0000000000000000000000000000000000000000", 0, "Org", 18, "ORG", true]
        [[setup]]
        call = "token.generateTokens"
        arguments = ["$attacker", "5e18"]
        [[setup]]
        call = "token.transfer"
        from = "attacker"
        blocks = 10
        arguments = ["$deployer", "1e18"]
        "#,
        &read(&packages, "@aragon/minime"),
    );
    let at = |block: u64| [person("attacker"), DynSolValue::Uint(U256::from(block), 256)];
    assert_eq!(ask(&world, "token", "balanceOfAt(address,uint256)", &at(5)), ether(5));
    assert_eq!(ask(&world, "token", "balanceOfAt(address,uint256)", &at(11)), ether(4));

    let world = deploy(
        r#"
        [[setup]]
        deploy = "GovernanceStrategy"
        name = "strategy"
        arguments = ["$deployer", "$deployer"]
        [[setup]]
        deploy = "AaveGovernanceV2"
        name = "governance"
        arguments = ["$strategy", 7200, "$deployer", ["$executor"]]
        [[setup]]
        deploy = "Executor"
        name = "executor"
        arguments = ["$governance", "1 day", "5 days", "1 hour", "30 days", 50, 19200, 50, 200]
        "#,
        &read(&packages, "@aave/governance-v2"),
    );
    assert_eq!(ask(&world, "executor", "getDelay()", &[]), U256::from(86_400));
    let executor = DynSolValue::Address(world.contract("executor").unwrap().address);
    assert_eq!(ask(&world, "governance", "isExecutorAuthorized(address)", &[executor]), U256::from(1));
}

/// OpenZeppelin's Governor with timelock and votes, compiled from source by npm's compiler, deployed by guessing.
#[test]
fn a_governor_of_openzeppelin_is_compiled_and_guessed() {
    let Some(packages) = packages() else { return };
    let project = tempfile::tempdir().unwrap();
    let source = include_str!("governor/Dao.sol");
    std::fs::create_dir(project.path().join("src")).unwrap();
    daotwin_core::files::atomic_write(&project.path().join("src/Dao.sol"), source.as_bytes()).unwrap();
    daotwin_core::files::atomic_write(&project.path().join("foundry.toml"), "".as_bytes()).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&packages, project.path().join("node_modules")).unwrap();
    let start = std::time::Instant::now();
    let artifacts =
        artifact::read(project.path(), &Limits::default()).unwrap_or_else(|error| panic!("{error}"));
    println!("compiled in {:.1} s: {} contracts", start.elapsed().as_secs_f64(), artifacts.contracts.len());
    assert!(artifacts.find("Dao").unwrap().lines().iter().any(|(_, place)| place.file == "src/Dao.sol"));
    let text = guess(&artifacts).unwrap();
    println!("{text}");
    let round = r#"
        [[setup]]
        call = "dao.propose"
        from = "member1"
        blocks = 1
        arguments = [["$govToken"], [0], ["@govToken.transfer($attacker, 0)"], "nothing"]
        [[setup]]
        call = "dao.castVote"
        from = "member1"
        blocks = 2
        arguments = ["$dao.hashProposal([$govToken], [0], [@govToken.transfer($attacker, 0)], keccak:nothing)", 1]
        [[setup]]
        call = "dao.queue(address[],uint256[],bytes[],bytes32)"
        blocks = 101
        arguments = [["$govToken"], [0], ["@govToken.transfer($attacker, 0)"], "keccak:nothing"]
        [[setup]]
        call = "dao.execute(address[],uint256[],bytes[],bytes32)"
        wait = "2 days"
        arguments = [["$govToken"], [0], ["@govToken.transfer($attacker, 0)"], "keccak:nothing"]
    "#;
    let (before, after) = text.split_once("\n# What a unit").unwrap();
    let text = format!("{before}{round}\n# What a unit{after}");
    let world = deploy(&text, &artifacts);
    let names: Vec<&str> = world.contracts.iter().map(|deployed| deployed.name.as_str()).collect();
    assert!(names.contains(&"dao") && names.contains(&"govToken") && names.contains(&"lock"), "{names:?}");
}

/// A line of Solidity on which no instruction can stand.
fn says_nothing(line: &str) -> bool {
    let line = line.trim();
    let comment = ["//", "/*", "*"].iter().any(|mark| line.starts_with(mark));
    let declared = ["import ", "pragma ", "event ", "error ", "using ", "interface ", "enum ", "struct "];
    line.is_empty()
        || comment
        || line == "}"
        || line == "{"
        || declared.iter().any(|word| line.starts_with(word))
}

/// Copies the sources of a folder.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &to);
        } else if path.extension().is_some_and(|extension| extension == "sol") {
            std::fs::copy(&path, &to).unwrap();
        }
    }
}

/// Lines that are told as covered are lines of the sources, and there is something on them that runs.
#[test]
fn covered_lines_are_lines_that_run() {
    let Some(packages) = packages() else { return };
    let project = tempfile::tempdir().unwrap();
    std::fs::create_dir(project.path().join("src")).unwrap();
    let source = include_str!("../governors/openzeppelin/Governor.sol");
    daotwin_core::files::atomic_write(&project.path().join("src/Governor.sol"), source.as_bytes()).unwrap();
    daotwin_core::files::atomic_write(&project.path().join("foundry.toml"), b"").unwrap();
    // Texts of sources are read from within the project only: no link will do.
    let library = Path::new("@openzeppelin/contracts");
    copy(&packages.join(library), &project.path().join("node_modules").join(library));
    let solc = Solc { package: packages.join("solc").display().to_string(), ..Solc::default() };
    let artifacts = artifact::read_with(project.path(), &solc, &Limits::default())
        .unwrap_or_else(|error| panic!("{error}"));
    let world = deploy(include_str!("../governors/openzeppelin/audit.toml"), &artifacts);
    let options = Options { executions: Some(20_000), ..Options::default() };
    let mut campaign = Campaign::new(world, options).unwrap();
    let report = campaign.run(&Run::default(), &mut |_| ()).unwrap();
    let text = lcov(campaign.world(), &report.covered);
    let (mut lines, mut hit, mut files, mut wrong) = (0, 0, 0, Vec::new());
    let mut source: (String, Vec<String>) = Default::default();
    let mut run = Vec::new();
    for line in text.lines() {
        if let Some(file) = line.strip_prefix("SF:") {
            let path =
                [project.path().join(file), packages.join(file)].into_iter().find(|path| path.is_file());
            let path = path.unwrap_or_else(|| panic!("`{file}` is no file of the project"));
            let text = std::fs::read_to_string(path).unwrap();
            source = (file.to_owned(), text.lines().map(str::to_owned).collect());
            files += 1;
        } else if let Some((number, count)) = line.strip_prefix("DA:").and_then(|rest| rest.split_once(',')) {
            let number: usize = number.parse().unwrap();
            let line = number.checked_sub(1).and_then(|line| source.1.get(line));
            lines += 1;
            hit += usize::from(count != "0");
            match line {
                None => wrong.push(format!("{}:{number}: there is no such line", source.0)),
                Some(line) if says_nothing(line) => wrong.push(format!("{}:{number}: `{line}`", source.0)),
                Some(line) if count != "0" => run.push(line.trim().to_owned()),
                Some(_) => {}
            }
        }
    }
    println!("{files} files, {hit} of {lines} lines covered");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(files > 10 && hit > 100 && hit < lines, "{files} files, {hit} of {lines} lines");
    // What anybody can do was done.
    for part in ["_delegate(account, delegatee);", "_transfer(owner, to, value);"] {
        assert!(run.iter().any(|line| line.contains(part)), "`{part}` did not run");
    }
}
