//! Fits the twin that `daotwin demo` carries: `demo_twin DATA OUT LEDGER`. Run by `cargo xtask twin`.
//!
//! DATA is the folder of the Decentraland set (Apache-2.0). The noise is the operating system's, so every run
//! gives another twin and is charged to the ledger.
#![expect(clippy::print_stderr, reason = "an example talks to its user")]

use std::error::Error;
use std::path::PathBuf;

use daotwin_core::{Run, Seed};
use daotwin_generators::twin;
use daotwin_history::ingest::{Options, ingest};
use daotwin_history::synthesizer::{FitOptions, Fitted, PrivacyOptions};
use daotwin_privacy::ledger::Unit;
use daotwin_privacy::{Account, Budget, Ledger};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(data), Some(out), Some(ledger)) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("give the folder of the Decentraland set, the folder to write and the ledger".into());
    };
    let names = ["proposals", "votes", "members"];
    let paths: Vec<PathBuf> = names.iter().map(|name| data.join(format!("{name}.csv.gz"))).collect();
    let run = Run::default();
    let history = ingest(&paths, &Options::default(), &run)?;
    let account = Account::new("decentraland", Unit::Member)?;
    let mut book = Ledger::open_or_create(&ledger)?;
    if !book.accounts()?.iter().any(|status| status.account == account) {
        book.register(&account, Budget::new(3.0, 1e-6)?)?;
    }
    let options = FitOptions {
        seed: Seed(1),
        dao: None,
        privacy: Some(PrivacyOptions { epsilon: 3.0, delta: 1e-6, ledger, account: None, test_noise: None }),
        ..FitOptions::default()
    };
    let fitted = twin::fit(&history, &options, &run)?;
    fitted.save(&out)?;
    for entry in &fitted.manifest().daos {
        eprintln!(
            "{}: {} proposals, {:.0} members, {:.0} votes",
            entry.dao, entry.proposals, entry.members, entry.votes
        );
    }
    Ok(())
}
