//! Times the import of Snapshot votes: `cargo run --release -p daotwin-history --example import_speed -- 1000000`.
//!
//! Writes that many votes on a thousandth as many proposals to a temporary file, reads them, and prints the
//! seconds and, on Linux, the peak resident memory of the process.

#![expect(clippy::print_stdout, reason = "an example prints its result")]

use std::error::Error;
use std::time::Instant;

use daotwin_core::Run;
use daotwin_history::Table;
use daotwin_history::ingest::{Options, ingest};

#[path = "../tests/shared/votes.rs"]
mod votes;

fn main() -> Result<(), Box<dyn Error>> {
    let votes: u64 = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse())?;
    let file = tempfile::Builder::new().suffix(".json").tempfile()?;
    votes::write(file.as_file(), votes)?;
    let bytes = file.as_file().metadata()?.len();
    let (start, cpu) = (Instant::now(), votes::cpu_seconds());
    let history = ingest(&[file.path().to_path_buf()], &Options::default(), &Run::default())?;
    let seconds = start.elapsed().as_secs_f64();
    println!("votes {} of {votes}, bytes {bytes}, seconds {seconds:.2}", history.rows(Table::Votes));
    if let (Some(before), Some(after)) = (cpu, votes::cpu_seconds()) {
        println!("processor seconds {:.2}", after - before);
    }
    match votes::peak_kib() {
        Some(peak) => println!("peak resident memory {} MiB", peak / 1_024),
        None => println!("peak resident memory unknown"),
    }
    Ok(())
}
