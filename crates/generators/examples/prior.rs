//! Pools the prior from the public histories of `governance-core`: `prior DATA OUT`. Run by `cargo xtask prior`.
#![expect(clippy::print_stderr, reason = "an example talks to its user")]

use std::error::Error;
use std::path::PathBuf;

use daotwin_core::Run;
use daotwin_core::files::atomic_write;
use daotwin_generators::twin::pool_prior;
use daotwin_history::ingest::{Options, ingest};

/// DAOs of each regime whose licence allows it, and on which no private fit is demonstrated or tested.
const DAOS: [&str; 8] = [
    "compound-alpha",
    "ens-governor",
    "ens-smallgrants",
    "daostack-polkadao",
    "daostack-dxdao",
    "daostack-kyber-dao-exp#2",
    "daostack-0x94a58747",
    "daostack-0xbe1a98d3",
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(data), Some(out)) = (arguments.next(), arguments.next()) else {
        return Err("give the folder of governance-core and the file to write".into());
    };
    let paths: Vec<PathBuf> = ["daos", "members", "proposals", "votes"]
        .iter()
        .map(|name| data.join(format!("{name}.csv.gz")))
        .collect();
    let run = Run::default();
    let history = ingest(&paths, &Options::default(), &run)?;
    let text = pool_prior(&history, &DAOS, &run)?;
    atomic_write(&out, text.as_bytes())?;
    eprintln!("wrote {} bytes", text.len());
    Ok(())
}
