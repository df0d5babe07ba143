//! `learned [CASE ...]` prints what a model of traffic is worth to the search, `learned fit` what models learn from which
//! traffic, and `learned calls CASE` what searches called.
//!
//! Searches run with no model, with one of real traffic, and with one of private synthetic traffic, each with the same seeds:
//! executions until the first finding, and edges passed after the same number of executions, as medians. Figures say which
//! traffic: ballots are those of Compound's Governor Bravo in `../shared/data/evm-governor-events` (real histories; the
//! transactions are simulated by playing them on contracts of our own). Private traffic is either the History of a private twin
//! (`--synthetic FOLDER`: a sample of one that `daotwin fit --epsilon` made), played in the same way, or, without that, a model
//! of the real traffic that counts members with noise for tests, and claims nothing.
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use daotwin_audit::artifact;
use daotwin_audit::campaign::{Campaign, Options};
use daotwin_audit::traffic::benign::{self, Load};
use daotwin_audit::traffic::learned::{Model, PrivateSettings};
use daotwin_audit::world::{Scenario, World};
use daotwin_core::{Limits, Run, Seed};
use daotwin_history::History;
use daotwin_history::ingest::{Options as Ingest, ingest};

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

/// Executions to the first finding, and edges after so many executions.
fn search(world: &World, learned: Option<&Arc<Model>>, seed: u64) -> Anything<(u64, u64)> {
    let options = |executions, findings| Options {
        seed: Seed(seed),
        executions: Some(executions),
        findings,
        learned: learned.cloned(),
        ..Options::default()
    };
    let found = Campaign::new(world.clone(), options(MOST, Some(1)))?.run(&Run::default(), &mut |_| ())?;
    let executions = found.findings.first().map_or(MOST, |finding| finding.executions);
    let edges = Campaign::new(world.clone(), options(EDGES, None))?.run(&Run::default(), &mut |_| ())?;
    Ok((executions, edges.edges))
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
    let real =
        Model::fit(std::slice::from_ref(&played.recording), "Compound's ballots on our Governor Bravo");
    let settings = PrivateSettings { epsilon: 2.0, test_noise: Some(Seed(0)), ..PrivateSettings::default() };
    let private = match synthetic {
        Some(folder) => {
            println!("a private twin's ballots, played");
            let history = History::read(Path::new(&folder), &Run::default())?;
            let played = load(&history, "governors/compound/Governor")?;
            Model::fit(&[played.recording], "ballots of a private twin on our Governor Bravo")
        }
        None => {
            Model::fit_private(&[played.recording], &functions, "the same, with noise by member", &settings)?
                .model
        }
    };
    let (real, private) = (Arc::new(real), Arc::new(private));
    if named.iter().any(|name| name == "fit") {
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
        "{} functions, {} calls; private: {:.0} counts above the noise",
        real.functions(),
        real.seen(),
        private.seen()
    );
    println!(
        "executions to the first finding (at most {MOST}) and edges after {EDGES}: medians of {SEEDS} seeds"
    );
    println!("{:36} {:>21} {:>21} {:>21}", "case", "no model", "real traffic", "private traffic");
    let cases: Vec<&str> = CASES
        .into_iter()
        .filter(|case| named.is_empty() || named.iter().any(|name| case.contains(name.as_str())))
        .collect();
    let mut logs = [[0.0; 2]; 2];
    for case in &cases {
        let world = world(case)?;
        let mut medians = Vec::new();
        for model in [None, Some(&real), Some(&private)] {
            let all = (0..SEEDS).map(|seed| search(&world, model, seed)).collect::<Anything<Vec<_>>>()?;
            let (found, edges): (Vec<u64>, Vec<u64>) = all.into_iter().unzip();
            medians.push((median(found), median(edges)));
        }
        let cells: Vec<String> =
            medians.iter().map(|(found, edges)| format!("{found:>13} {edges:>7}")).collect();
        println!("{case:36} {}", cells.join(" "));
        for arm in 0..2 {
            let (found, edges) = medians[arm + 1];
            logs[arm][0] += (medians[0].0.max(1) as f64 / found.max(1) as f64).ln() / cases.len() as f64;
            logs[arm][1] += (edges as f64 / medians[0].1.max(1) as f64).ln() / cases.len() as f64;
        }
    }
    for (name, [found, edges]) in ["real traffic", "private traffic"].into_iter().zip(logs) {
        println!(
            "{name}: {:.2} times fewer executions, {:+.1} % edges (geometric means over {} cases)",
            found.exp(),
            100.0 * (edges.exp() - 1.0),
            cases.len()
        );
    }
    Ok(())
}
