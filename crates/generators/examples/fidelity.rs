//! Prints, for every DAO of `governance-core` with at least 900 votes, the eleven facts of section "The twin" in
//! the book: distance averaged over samples, bar, floor of the DAO's own bootstraps, and whether it holds; then
//! the two counts with the interval of the samples. DAOs named as arguments are shown alone.
//! `cargo xtask verify` runs it.
#![cfg_attr(not(test), expect(clippy::print_stdout, reason = "an example talks to its user"))]

use std::path::{Path, PathBuf};

use daotwin_core::{Run, Seed};
use daotwin_generators::twin;
use daotwin_history::facts::{FactTable, Facts, count_checks, floors, table};
use daotwin_history::ingest::{Options, ingest};
use daotwin_history::synthesizer::{FitOptions, Fitted, SampleOptions};
use daotwin_history::view::DaoView;

type Failure = Box<dyn std::error::Error>;

/// The DAOs' fact tables, of those in `only` or of all where it is empty: distances from `samples` samples,
/// counts from `counted` of them; `None` where the real data is absent.
pub(crate) fn tables(
    only: &[String],
    samples: usize,
    counted: usize,
    replicates: usize,
) -> Result<Option<Vec<FactTable>>, Failure> {
    let data = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/governance-core"));
    if !data.exists() {
        return Ok(None);
    }
    let names = ["daos", "members", "proposals", "votes"];
    let paths: Vec<PathBuf> = names.iter().map(|name| data.join(format!("{name}.csv.gz"))).collect();
    let run = Run::default();
    let history = ingest(&paths, &Options::default(), &run)?;
    let views = DaoView::all(&history)?;
    let wanted = |view: &&DaoView| view.votes.len() >= 900 && (only.is_empty() || only.contains(&view.dao));
    let one = |view: &DaoView| -> Result<FactTable, Failure> {
        let options = FitOptions { dao: Some(view.dao.clone()), ..FitOptions::default() };
        let fitted = twin::fit(&history, &options, &run)?;
        let mut facts = Vec::new();
        for seed in 1..=samples.max(counted) as u64 {
            let options = SampleOptions { seed: Seed(seed), ..SampleOptions::default() };
            facts.push(Facts::of(&DaoView::one(&fitted.sample(&options, &run)?, Some(&view.dao))?));
        }
        let real = Facts::of(view);
        let mut table = table(&view.dao, &real, &facts[..samples], &floors(view, replicates, Seed(0)));
        table.counts = count_checks(&real, &facts[..counted]);
        Ok(table)
    };
    Ok(Some(views.iter().filter(wanted).map(one).collect::<Result<_, _>>()?))
}

#[cfg(not(test))]
fn main() -> Result<(), Failure> {
    let only: Vec<String> = std::env::args().skip(1).collect();
    let Some(tables) = tables(&only, 5, 20, 200)? else {
        println!("skipped: no real data beside the checkout");
        return Ok(());
    };
    println!("| DAO | fact | real | synthetic | distance | bar | floor | holds |");
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for dao in &tables {
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
    for dao in &tables {
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
    let outside: Vec<String> = tables.iter().map(|dao| format!("{} {}", dao.dao, dao.outside())).collect();
    println!("\nFacts outside their tolerance: {}", outside.join(", "));
    Ok(())
}
