//! Prints, for every DAO of `governance-core` with at least 900 votes, the eleven facts of section "The twin" in
//! the book: distance averaged over samples, bar, floor of the DAO's own bootstraps, and whether it holds; then
//! the two counts with the interval of the samples. `cargo xtask verify` runs it.
#![cfg_attr(not(test), expect(clippy::print_stdout, reason = "an example talks to its user"))]

use std::path::{Path, PathBuf};

use daotwin_core::{Run, Seed};
use daotwin_generators::twin;
use daotwin_history::facts::{FactTable, Facts, floors, table};
use daotwin_history::ingest::{Options, ingest};
use daotwin_history::synthesizer::{FitOptions, Fitted, SampleOptions};
use daotwin_history::view::DaoView;

type Failure = Box<dyn std::error::Error>;

/// The DAOs' fact tables; `None` where the real data is absent.
pub(crate) fn tables(samples: u64, replicates: usize) -> Result<Option<Vec<FactTable>>, Failure> {
    let data = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/governance-core"));
    if !data.exists() {
        return Ok(None);
    }
    let names = ["daos", "members", "proposals", "votes"];
    let paths: Vec<PathBuf> = names.iter().map(|name| data.join(format!("{name}.csv.gz"))).collect();
    let run = Run::default();
    let history = ingest(&paths, &Options::default(), &run)?;
    let fitted = twin::fit(&history, &FitOptions::default(), &run)?;
    let mut synthetic = Vec::new();
    for seed in 1..=samples {
        let sample = fitted.sample(&SampleOptions { seed: Seed(seed), ..SampleOptions::default() }, &run)?;
        synthetic.push(DaoView::all(&sample)?);
    }
    let mut tables = Vec::new();
    for view in DaoView::all(&history)?.iter().filter(|view| view.votes.len() >= 900) {
        let facts: Vec<Facts> = synthetic
            .iter()
            .filter_map(|views| views.iter().find(|other| other.dao == view.dao))
            .map(Facts::of)
            .collect();
        tables.push(table(&view.dao, &Facts::of(view), &facts, &floors(view, replicates, Seed(0))));
    }
    Ok(Some(tables))
}

#[cfg(not(test))]
fn main() -> Result<(), Failure> {
    let (Some(five), Some(twenty)) = (tables(5, 200)?, tables(20, 1)?) else {
        println!("skipped: no real data beside the checkout");
        return Ok(());
    };
    println!("| DAO | fact | real | synthetic | distance | bar | floor | holds |");
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for dao in &five {
        for row in &dao.rows {
            let number = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.4}"));
            println!(
                "| {} | {} | {} | {} | {:.4} | {:.4} | {:.4} | {} |",
                dao.dao,
                row.label,
                number(row.real),
                number(row.synthetic),
                row.distance,
                row.bar,
                row.floor,
                if row.holds { "yes" } else { "**no**" }
            );
        }
    }
    println!("\n| DAO | count | real | 5 % | median | 95 % | holds |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for dao in &twenty {
        for count in &dao.counts {
            println!(
                "| {} | {} | {} | {:.1} | {:.1} | {:.1} | {} |",
                dao.dao,
                count.label,
                count.real,
                count.low,
                count.median,
                count.high,
                if count.holds { "yes" } else { "**no**" }
            );
        }
    }
    let outside: Vec<String> = five.iter().map(|dao| format!("{} {}", dao.dao, dao.outside())).collect();
    println!("\nFacts outside their tolerance: {}", outside.join(", "));
    Ok(())
}
