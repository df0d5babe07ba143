//! What a search does on contracts that tools are measured on, for a script that runs forge beside it.
//!
//! - `audit_race sources FOLDER LOCKS MAZES` writes the contracts: so many staged locks and mazes.
//! - `audit_race rate BUILD SCENARIO SECONDS SEED [ORACLE]` makes calls for so long, all oracles asked or one.
//! - `audit_race lock BUILD NUMBER SECONDS SEED` opens a lock.
//! - `audit_race maze BUILD NUMBER calls|seconds MOST SEED` counts the traps of a maze that were stepped into.
//!
//! BUILD is a folder of artifacts. Each prints one line of JSON; one thread does the work.

#![expect(clippy::print_stdout, reason = "an example prints")]

mod puzzles;

use std::error::Error;
use std::path::Path;

use alloy_primitives::U256;
use daotwin_audit::artifact;
use daotwin_audit::campaign::{Campaign, Options};
use daotwin_audit::world::{Scenario, World};
use daotwin_core::files::atomic_write;
use daotwin_core::random::Seed;
use daotwin_core::{Limits, Run};
use serde_json::json;

/// The side of a maze, in cells.
const SIDE: u64 = 7;

/// Where a maze keeps its traps: the second word, after both coordinates.
const FOUND: U256 = U256::ONE;

type Answer = Result<(), Box<dyn Error>>;

fn main() -> Answer {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["sources", folder, locks, mazes] => sources(Path::new(folder), locks.parse()?, mazes.parse()?),
        ["rate", build, scenario, seconds, seed, ref oracles @ ..] => {
            let world = deploy(Path::new(build), &std::fs::read_to_string(scenario)?)?;
            let options = Options {
                oracles: oracles.iter().map(|name| (*name).to_owned()).collect(),
                ..limited(None, Some(seconds.parse()?), seed.parse()?)
            };
            let report = Campaign::new(world, options)?.run(&Run::default(), &mut |_| ())?;
            let findings: Vec<&str> = report.findings.iter().map(|finding| finding.oracle).collect();
            println!(
                "{}",
                json!({ "executions": report.executions, "seconds": report.seconds, "edges": report.edges,
                    "corpus": report.corpus, "findings": findings })
            );
            Ok(())
        }
        ["lock", build, number, seconds, seed] => {
            let world = deploy(Path::new(build), &format!("[[setup]]\ndeploy = \"Lock{number}\"\n"))?;
            let options =
                Options { findings: Some(1), ..limited(None, Some(seconds.parse()?), seed.parse()?) };
            let report = Campaign::new(world, options)?.run(&Run::default(), &mut |_| ())?;
            let opened = report.findings.iter().any(|finding| finding.oracle == "user-invariant");
            println!(
                "{}",
                json!({ "executions": report.executions, "seconds": report.seconds, "opened": opened })
            );
            Ok(())
        }
        ["maze", build, number, kind, most, seed] => {
            let world = deploy(Path::new(build), &format!("[[setup]]\ndeploy = \"Maze{number}\"\n"))?;
            let at = world.contracts[0].address;
            let options = match kind {
                "calls" => limited(Some(most.parse()?), None, seed.parse()?),
                _ => limited(None, Some(most.parse()?), seed.parse()?),
            };
            let mut campaign = Campaign::new(world, options)?;
            let report = campaign.run(&Run::default(), &mut |_| ())?;
            let found = campaign.states().fold(U256::ZERO, |found, state| found | state.storage(at, FOUND));
            println!(
                "{}",
                json!({ "executions": report.executions, "seconds": report.seconds,
                    "traps": found.count_ones(), "edges": report.edges, "corpus": report.corpus })
            );
            Ok(())
        }
        _ => Err("see the head of the example for its arguments".into()),
    }
}

fn sources(folder: &Path, locks: u64, mazes: u64) -> Answer {
    for number in 0..locks {
        let text =
            puzzles::lock(number, 3 + number % 6).replace("contract Lock", &format!("contract Lock{number}"));
        atomic_write(&folder.join(format!("Lock{number}.sol")), text.as_bytes())?;
    }
    for number in 0..mazes {
        let text = puzzles::maze(number, SIDE).replace("contract Maze", &format!("contract Maze{number}"));
        atomic_write(&folder.join(format!("Maze{number}.sol")), text.as_bytes())?;
    }
    Ok(())
}

fn limited(executions: Option<u64>, seconds: Option<f64>, seed: u64) -> Options {
    Options { seed: Seed(seed), executions, seconds, ..Options::default() }
}

fn deploy(build: &Path, scenario: &str) -> Result<World, Box<dyn Error>> {
    let artifacts = artifact::read(build, &Limits::default())?;
    let scenario = Scenario::read(scenario, Path::new("."))?;
    Ok(World::deploy(&scenario, &artifacts)?)
}
