//! How honest the chances of `daotwin advise --proposal` are: `outlook [RUNS]` foretells the last three in ten proposals of
//! each DAO of `governance-core` from what was known before each, and prints Brier scores (0 is best) beside those of base
//! rates, and how often came what was foretold.
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::error::Error;
use std::path::PathBuf;

use daotwin_core::statistics::{mean, standard_deviation, wilson};
use daotwin_core::{Run, Seed};
use daotwin_history::ingest::{Options as Ingest, ingest};
use daotwin_history::view::DaoView;
use daotwin_simulation::rehearsal::Options;
use daotwin_simulation::rehearsal::proposal::{Held, held_out};
use daotwin_simulation::scenario::{QuorumCounts, RuleChange};

/// Proposals that are foretold of a DAO, at the least.
const LEAST: usize = 15;

fn main() -> Result<(), Box<dyn Error>> {
    let runs = std::env::args().nth(1).map_or(Ok(400), |text| text.parse())?;
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/governance-core"));
    let paths: Vec<PathBuf> = ["daos", "members", "proposals", "votes"]
        .iter()
        .map(|name| folder.join(format!("{name}.csv.gz")))
        .collect();
    let run = Run::default();
    let history = ingest(&paths, &Ingest::default(), &run)?;
    let mut all: Vec<Held> = Vec::new();
    println!(
        "{:<32} {:>9} {:>7} {:>8} {:>9} {:>10} {:>8} {:>7} {:>15}",
        "Brier score",
        "proposals",
        "passed",
        "opening",
        "base rate",
        "recent ten",
        "quarter",
        "leader",
        "quorums missed"
    );
    for view in DaoView::all(&history)? {
        // Compound's records know no quorum; its contracts ask for 400,000 tokens for.
        let baseline = if view.dao.contains("compound") {
            RuleChange {
                quorum_tokens: Some(400_000.0),
                quorum_counts: Some(QuorumCounts::For),
                ..RuleChange::default()
            }
        } else {
            RuleChange::default()
        };
        let options = Options { seed: Seed(1), runs, dao: Some(view.dao.clone()), ..Options::default() };
        match held_out(&history, &baseline, &options, &run) {
            Ok(held) if held.proposals >= LEAST => {
                println!(
                    "{:<32} {:>9} {:>7} {:>8.3} {:>9.3} {:>10.3} {:>8.3} {:>7.3} {:>8.1} of {:>3}",
                    held.dao,
                    held.proposals,
                    held.passed,
                    held.opening,
                    held.base_rate,
                    held.recent,
                    held.quarter,
                    held.leader,
                    held.missed.0,
                    held.missed.1
                );
                all.push(held);
            }
            Ok(held) => println!("{:<32} {:>9} too few", held.dao, held.proposals),
            Err(problem) => println!("{:<32} {problem}", view.dao),
        }
    }
    for (name, own, other) in [
        ("opening - base rate", 0, 1),
        ("opening - recent ten", 0, 2),
        ("quarter - opening", 3, 0),
        ("quarter - leader", 3, 4),
        ("quarter - base rate", 3, 1),
    ] {
        // Every DAO weighs the same; proposals of one are taken to be independent.
        let differences: Vec<(f64, f64)> = all
            .iter()
            .map(|held| {
                let off: Vec<f64> = held.each.iter().map(|each| each[own] - each[other]).collect();
                (mean(&off), standard_deviation(&off).powi(2) / off.len() as f64)
            })
            .collect();
        let count = differences.len() as f64;
        let middle = differences.iter().map(|(mean, _)| mean).sum::<f64>() / count;
        let error = differences.iter().map(|(_, variance)| variance).sum::<f64>().sqrt() / count;
        println!(
            "{name}: {middle:+.4}, 95 % interval {:+.4} to {:+.4}",
            middle - 1.96 * error,
            middle + 1.96 * error
        );
    }
    for (name, quarter) in [("opening", false), ("quarter", true)] {
        println!("foretold at the {name}, and what came (90 % interval)");
        for bin in 0..5 {
            let (low, high) = (f64::from(bin) / 5.0, f64::from(bin + 1) / 5.0);
            let told: Vec<(f64, bool)> = all
                .iter()
                .flat_map(|held| &held.chances)
                .map(|&(opening, later, came)| (if quarter { later } else { opening }, came))
                .filter(|(chance, _)| (low..high).contains(&chance.min(0.999)))
                .collect();
            if told.is_empty() {
                continue;
            }
            let came = told.iter().filter(|(_, came)| *came).count();
            let chances: Vec<f64> = told.iter().map(|(chance, _)| *chance).collect();
            let (from, to) = wilson(came as u64, told.len() as u64, 0.1);
            println!(
                "  {:>4} proposals at {:.2}: {:.2} ({from:.2} to {to:.2})",
                told.len(),
                mean(&chances),
                came as f64 / told.len() as f64
            );
        }
    }
    Ok(())
}
