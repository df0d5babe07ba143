//! `learned [CASE ...]` prints what a model of traffic is worth to the search, `learned fit` what models learn from which
//! traffic, and `learned calls CASE` what searches called.
//!
//! Searches run with no model, with one of real traffic, with the same of which only the order of functions is taken, and with
//! a private one, each with the same seeds: executions until the first finding, and edges passed after the same number of
//! executions, as medians. Figures say which traffic:
//!
//! - *real calldata*: governance calls of MakerDAO's DSChief 1.2 (`../shared/data/evm-governor-events`, the inputs that it
//!   logged), and transactions of Gitcoin's sixth round (`../shared/data/gitcoin-r6-raw`), decoded under their types;
//! - *simulated from real ballots*: those of Compound's Governor Bravo, played on contracts of our own;
//! - *private-synthetic*: the History of a private twin (`--synthetic FOLDER`: a sample of one that `daotwin fit --epsilon` made),
//!   played in the same way; without that, a model of all of the above that counts members with noise for tests, and claims
//!   nothing.
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use daotwin_audit::artifact;
use daotwin_audit::campaign::{Campaign, Options, Report, Taken};
use daotwin_audit::traffic::Recording;
use daotwin_audit::traffic::benign::{self, Load};
use daotwin_audit::traffic::calldata::{self, Functions};
use daotwin_audit::traffic::learned::{Model, PrivateSettings};
use daotwin_audit::world::{Scenario, World};
use daotwin_core::{Limits, Run, Seed};
use daotwin_history::History;
use daotwin_history::ingest::{Options as Ingest, Source, ingest};

type Anything<T> = Result<T, Box<dyn Error>>;

/// Governance cases that no model saw.
const CASES: [&str; 12] = [
    "governors/openzeppelin/Governor",
    "oracles/takeover/Vulnerable",
    "oracles/quorum-bypass/Vulnerable",
    "oracles/timelock-bypass/Vulnerable",
    "oracles/parameter-capture/Vulnerable",
    "oracles/proposal-mutation/Vulnerable",
    "incidents/beanstalk/Vulnerable",
    "incidents/build-finance/Vulnerable",
    "incidents/tornado-cash/Vulnerable",
    "incidents/swerve/Vulnerable",
    "held-out/quadratic/Vulnerable",
    "held-out/delegation/Vulnerable",
];
const SEEDS: u64 = 5;
/// Executions that a search has to find something, and after which edges are counted.
const MOST: u64 = 60_000;
const EDGES: u64 = 10_000;

fn world(case: &str) -> Anything<World> {
    // Governors that are as they should be stand beside the cases.
    let folder = if case.starts_with("governors/") { "" } else { "contracts" };
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(case);
    let folder = place.parent().unwrap_or(&place);
    let artifacts = artifact::read(&place.with_extension("json"), &Limits::default())?;
    let scenario = Scenario::open(&folder.join("audit.toml"), &Limits::default())?;
    Ok(World::deploy(&scenario, &artifacts)?)
}

fn history(name: &str) -> Anything<Option<History>> {
    let folder =
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/evm-governor-events"));
    let path = folder.join("eth_getLogs").join(name);
    if !path.exists() {
        println!("there is no {}: nothing is measured", path.display());
        return Ok(None);
    }
    Ok(Some(ingest(&[folder.join("block_timestamps.csv.gz"), path], &Ingest::default(), &Run::default())?))
}

/// Where real data lies.
fn data(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(name)
}

fn unpacked(name: &str) -> Anything<Option<Vec<u8>>> {
    let path = data(name);
    if !path.exists() {
        println!("there is no {}: it is left out", path.display());
        return Ok(None);
    }
    let mut text = Vec::new();
    Source::open(&path, &Ingest::default(), &Limits::default())?.reader()?.read_to_end(&mut text)?;
    Ok(Some(text))
}

/// What real transactions there are: recordings, and the functions of their contracts.
fn real_calldata() -> Anything<(Vec<Recording>, Functions)> {
    // As the contracts' sources declare them.
    let declared = [
        "vote(bytes32 slate)",
        "vote(address[] yays) returns (bytes32 slate)",
        "lock(uint256 wad)",
        "free(uint256 wad)",
        "lift(address whom)",
        "launch()",
        "donate((address,uint256,address)[] _donations) payable",
        "approve(address spender, uint256 amount) returns (bool)",
        "transfer(address to, uint256 amount) returns (bool)",
        "transferOwnership(address newOwner)",
    ];
    let functions = Functions::declared(&declared)?;
    let mut blocks: BTreeMap<u64, u64> = BTreeMap::new();
    if let Some(table) = unpacked("evm-governor-events/block_timestamps.csv.gz")? {
        for line in String::from_utf8_lossy(&table).lines() {
            if let Some((block, time)) = line.split_once(',')
                && let (Ok(block), Ok(time)) = (block.parse(), time.parse())
            {
                blocks.insert(block, time);
            }
        }
    }
    // Between known blocks on the line, beyond them at thirteen seconds a block, as blocks came before September 2022.
    let clock = |block: u64| {
        let before = blocks.range(..=block).next_back();
        let after = blocks.range(block..).next();
        Some(match (before, after) {
            (Some((first, time)), Some((last, end))) if last > first => {
                time + (block - first) * (end - time) / (last - first)
            }
            (Some((first, time)), _) => time + 13 * (block - first),
            (None, Some((last, end))) => end.saturating_sub(13 * (last - block)),
            (None, None) => 13 * block,
        })
    };
    let mut recordings = Vec::new();
    let mut took = |name: &str, read: calldata::Read| {
        let calls = &read.recording.calls;
        let senders: BTreeSet<_> = calls.iter().map(|call| call.step.sender).collect();
        println!(
            "  real calldata, {name}: {} calls of {} senders, {} of them refused by the chain; {} of other functions, {} without \
             sender, receiver or input",
            calls.len(),
            senders.len(),
            calls.iter().filter(|call| !call.success).count(),
            read.unknown,
            read.strange
        );
        recordings.push(read.recording);
    };
    if let Some(text) = unpacked("evm-governor-events/eth_getLogs/makerdao_dschief_1_2.json.gz")? {
        took("MakerDAO's DSChief", calldata::notes(&text, &functions, clock)?);
    }
    for (name, file) in [
        ("Gitcoin round 6, bulk checkout", "transactions_core_0x7d655c57f71464b6f83811c55d84009cd9f5221c"),
        ("Gitcoin round 6, its multisig", "transactions_grants_0x00de4b13153673bcae2616b67bf822500d325fc3"),
    ] {
        if let Some(text) = unpacked(&format!("gitcoin-r6-raw/{file}.json.gz"))? {
            took(name, calldata::transactions(&text, &functions)?);
        }
    }
    Ok((recordings, functions))
}

fn load(history: &History, case: &str) -> Anything<Load> {
    let load = benign::play(history, &world(case)?, &benign::Options::default(), &Run::default())?;
    let counts: Vec<String> = load
        .counts
        .iter()
        .map(|(act, count)| format!("{} {} ({} refused)", act.name(), count.done, count.refused))
        .collect();
    println!("  on {case}: {}; {:.2} % went well", counts.join(", "), 100.0 * load.share());
    for failure in load.failures.iter().take(3) {
        println!("    refused: {} of `{}`: {}", failure.act.name(), failure.member, failure.reason);
    }
    Ok(load)
}

/// A model, and what is taken of it.
type Arm<'a> = Option<(&'a Arc<Model>, Taken)>;

/// Executions to the first finding, edges after so many executions, and what calls gained that were made up and proposed.
fn search(world: &World, arm: Arm<'_>, seed: u64) -> Anything<(u64, u64, [(f64, f64); 2])> {
    let run = |executions, findings| -> Anything<Report> {
        let options = Options {
            seed: Seed(seed),
            executions: Some(executions),
            findings,
            learned: arm.map(|(model, _)| Arc::clone(model)),
            taken: arm.map(|(_, taken)| taken).unwrap_or_default(),
            ..Options::default()
        };
        Ok(Campaign::new(world.clone(), options)?.run(&Run::default(), &mut |_| ())?)
    };
    let report = run(EDGES, None)?;
    let found = match report.findings.first() {
        Some(finding) => finding.executions,
        None => run(MOST, Some(1))?.findings.first().map_or(MOST, |finding| finding.executions),
    };
    Ok((found, report.edges, report.gains))
}

/// What a search called, and how it went.
fn calls(world: &World, learned: Option<&Arc<Model>>) -> Anything<()> {
    let options = Options { executions: Some(MOST), learned: learned.cloned(), ..Options::default() };
    let report = Campaign::new(world.clone(), options)?.run(&Run::default(), &mut |_| ())?;
    println!("{}: {:.1} s", learned.map_or("no model", |model| model.source.as_str()), report.seconds);
    for called in report.functions {
        let why =
            called.failures.first().map(|(why, times)| format!("{times} times {why}")).unwrap_or_default();
        println!("  {}.{}: {} went well; {why}", called.contract, called.function, called.successes);
    }
    for finding in report.findings {
        println!("  {} after {}: {}", finding.oracle, finding.executions, finding.title);
    }
    Ok(())
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values[values.len() / 2]
}

fn main() -> Anything<()> {
    let mut named: Vec<String> = std::env::args().skip(1).collect();
    let synthetic = named.iter().position(|name| name == "--synthetic").map(|place| {
        named.remove(place);
        named.remove(place)
    });
    let Some(history) = history("compound_governor_bravo.json.gz")? else { return Ok(()) };
    println!("real ballots of Compound's Governor Bravo, played");
    let played = load(&history, "governors/compound/Governor")?;
    let functions: Vec<_> =
        played.world.contracts.iter().flat_map(|deployed| deployed.contract.functions.clone()).collect();
    let simulated = Model::fit(
        std::slice::from_ref(&played.recording),
        "simulated from real ballots: Compound's on our Governor Bravo",
    );
    let (mut recordings, declared) = real_calldata()?;
    let calldata = Model::fit(&recordings, "real calldata: MakerDAO's DSChief, Gitcoin's round 6");
    recordings.push(played.recording);
    let functions: Vec<_> = functions.into_iter().chain(declared.all()).collect();
    let real = Model::fit(&recordings, "real calldata, and simulated from real ballots");
    let settings = PrivateSettings { epsilon: 2.0, test_noise: Some(Seed(0)), ..PrivateSettings::default() };
    let private = match synthetic {
        Some(folder) => {
            println!("a private twin's ballots, played");
            let history = History::read(Path::new(&folder), &Run::default())?;
            let played = load(&history, "governors/compound/Governor")?;
            Model::fit(&[played.recording], "ballots of a private twin on our Governor Bravo")
        }
        None => {
            let source = "all of the above, with noise by member for tests";
            Model::fit_private(&recordings, &functions, source, &settings)?.model
        }
    };
    let (real, private) = (Arc::new(real), Arc::new(private));
    for model in [&simulated, &calldata, &*real, &*private] {
        println!("{}: {} functions, {:.0} calls or counts", model.source, model.functions(), model.seen());
    }
    if named.iter().any(|name| name == "fit") {
        println!("{}", calldata.to_json()?);
        println!("{}", real.to_json()?);
        println!("{}", private.to_json()?);
        return Ok(());
    }
    if named.first().is_some_and(|name| name == "calls") {
        let world = world(named.get(1).map_or(CASES[0], String::as_str))?;
        for model in [None, Some(&real), Some(&private)] {
            calls(&world, model)?;
        }
        return Ok(());
    }
    println!(
        "executions to the first finding (at most {MOST}) and edges after {EDGES}: medians of {SEEDS} seeds"
    );
    let arms: [(&str, Arm<'_>); 4] = [
        ("no model", None),
        ("real", Some((&real, Taken::Calls))),
        ("real, order alone", Some((&real, Taken::Order))),
        ("private", Some((&private, Taken::Calls))),
    ];
    let heading: Vec<String> = arms.iter().map(|(name, _)| format!("{name:>21}")).collect();
    println!("{:36} {}", "case", heading.join(" "));
    let cases: Vec<&str> = CASES
        .into_iter()
        .filter(|case| named.is_empty() || named.iter().any(|name| case.contains(name.as_str())))
        .collect();
    let mut logs = [[0.0; 2]; 4];
    let mut gains = [[(0.0, 0.0); 2]; 4];
    for case in &cases {
        let world = world(case)?;
        let mut medians = Vec::new();
        for (place, (_, arm)) in arms.iter().enumerate() {
            let (mut found, mut edges) = (Vec::new(), Vec::new());
            for seed in 0..SEEDS {
                let (executions, passed, gained) = search(&world, *arm, seed)?;
                found.push(executions);
                edges.push(passed);
                for (sum, own) in gains[place].iter_mut().zip(gained) {
                    *sum = (sum.0 + own.0, sum.1 + own.1);
                }
            }
            medians.push((median(found), median(edges)));
        }
        let cells: Vec<String> =
            medians.iter().map(|(found, edges)| format!("{found:>13} {edges:>7}")).collect();
        println!("{case:36} {}", cells.join(" "));
        for (log, (found, edges)) in logs.iter_mut().zip(&medians) {
            log[0] += (medians[0].0.max(1) as f64 / (*found).max(1) as f64).ln() / cases.len() as f64;
            log[1] += (*edges as f64 / medians[0].1.max(1) as f64).ln() / cases.len() as f64;
        }
    }
    for ((name, _), ([found, edges], [made, proposed])) in arms.iter().zip(logs.into_iter().zip(gains)) {
        let rate = |(tries, gains): (f64, f64)| 1_000.0 * gains / tries.max(1.0);
        println!(
            "{name}: {:.2} times fewer executions, {:+.1} % edges (geometric means over {} cases); of 1,000 calls those made up \
             gain {:.1}, those proposed {:.1} ({:.1} % of both)",
            found.exp(),
            100.0 * (edges.exp() - 1.0),
            cases.len(),
            rate(made),
            rate(proposed),
            100.0 * proposed.0 / (made.0 + proposed.0).max(1.0)
        );
    }
    Ok(())
}
