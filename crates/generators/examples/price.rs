//! Prints what privacy costs: for each DAO a Markdown table with the distance of every fact between the real
//! DAO and the samples of its twin, fitted privately at several epsilons and without privacy.
//!
//! `cargo run --release -p daotwin-generators --example price [DAO...]`; without names the three DAOs that the
//! embedded prior does not know. Noise comes from fixed seeds, so that the tables are repeatable; a twin for
//! release draws it from the operating system.
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used, reason = "a lab tool")]

use daotwin_core::{Run, Seed};
use daotwin_generators::twin;
use daotwin_history::facts::{self, FactTable, Facts};
use daotwin_history::synthesizer::{FitOptions, Fitted, PrivacyOptions, SampleOptions};
use daotwin_history::view::DaoView;
use daotwin_history::{History, ingest};

const DAOS: [&str; 3] = ["decentraland", "aave-v2", "compound-bravo"];
/// From no privacy to much.
const EPSILONS: [Option<f64>; 4] = [None, Some(10.0), Some(3.0), Some(1.0)];
const DELTA: f64 = 1e-6;
/// Fits with different noise; distances are means over all samples of all of them.
const NOISES: u64 = 3;
const SAMPLES: u64 = 5;
/// Bootstraps behind a tolerance.
const REPLICATES: usize = 200;

/// The facts of samples of twins fitted at one epsilon.
fn synthetic(real: &History, dao: &str, epsilon: Option<f64>, run: &Run) -> Vec<Facts> {
    let noises = if epsilon.is_some() { NOISES } else { 1 };
    let mut facts = Vec::new();
    for noise in 1..=noises {
        let privacy = epsilon.map(|epsilon| PrivacyOptions {
            epsilon,
            delta: DELTA,
            ledger: "unused".into(),
            account: None,
            test_noise: Some(Seed(noise)),
        });
        let options =
            FitOptions { seed: Seed(noise), dao: Some(dao.to_owned()), privacy, ..FitOptions::default() };
        let twin = twin::fit(real, &options, run).unwrap();
        for seed in 1..=SAMPLES {
            let options = SampleOptions { seed: Seed(seed), ..SampleOptions::default() };
            let sampled = twin.sample(&options, run).unwrap();
            facts.push(Facts::of(&DaoView::one(&sampled, Some(dao)).unwrap()));
        }
    }
    facts
}

fn print(real: &DaoView, tables: &[FactTable]) {
    println!("\n### {} ({} members, {} votes)\n", real.dao, real.voters(), real.votes.len());
    println!("| fact | tolerance | three times | none | ε = 10 | ε = 3 | ε = 1 |");
    println!("|---|--:|--:|--:|--:|--:|--:|");
    for (index, row) in tables[0].rows.iter().enumerate() {
        print!("| {} | {:.3} | {:.3} |", row.label, row.tolerance, 3.0 * row.tolerance);
        for table in tables {
            let row = &table.rows[index];
            // Bold is outside three times the tolerance; a star is outside the tolerance itself.
            match row.distance {
                distance if distance <= row.tolerance => print!(" {distance:.3} |"),
                distance if distance <= 3.0 * row.tolerance => print!(" {distance:.3} \\* |"),
                distance => print!(" **{distance:.3}** |"),
            }
        }
        println!();
    }
    for (index, count) in tables[0].counts.iter().enumerate() {
        print!("| {} (real {}; 90 % interval) | | |", count.label, count.real);
        for table in tables {
            let count = &table.counts[index];
            print!(" {:.0} to {:.0}{} |", count.low, count.high, if count.holds { "" } else { " **not**" });
        }
        println!();
    }
    print!("| facts outside three times the tolerance | | |");
    for table in tables {
        print!(" {} |", table.rows.iter().filter(|row| row.distance > 3.0 * row.tolerance).count());
    }
    println!();
}

fn main() {
    let data =
        std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/governance-core"));
    let files = ["daos", "members", "proposals", "votes"].map(|name| data.join(format!("{name}.csv.gz")));
    if files.iter().any(|file| !file.exists()) {
        eprintln!("`{}` is not here, so there is nothing to measure", data.display());
        return;
    }
    let run = Run::default();
    let real = ingest::ingest(&files, &ingest::Options::default(), &run).unwrap();
    let mut daos: Vec<String> = std::env::args().skip(1).collect();
    if daos.is_empty() {
        daos = DAOS.map(str::to_owned).to_vec();
    }
    for dao in &daos {
        let view = DaoView::one(&real, Some(dao)).unwrap();
        let facts = Facts::of(&view);
        let floors = facts::floors(&view, REPLICATES, Seed(9));
        let tables: Vec<FactTable> = EPSILONS
            .iter()
            .map(|epsilon| facts::table(dao, &facts, &synthetic(&real, dao, *epsilon, &run), &floors))
            .collect();
        print(&view, &tables);
    }
}
