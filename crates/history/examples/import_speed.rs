//! Times the import of Snapshot votes: `cargo run --release -p daotwin-history --example import_speed -- 1000000`.
//!
//! Writes that many votes on a thousandth as many proposals to a temporary file, reads them, and prints the
//! seconds and, on Linux, the peak resident memory of the process.

#![expect(clippy::print_stdout, reason = "an example prints its result")]

use std::error::Error;
use std::io::{BufWriter, Write};
use std::time::Instant;

use daotwin_core::Run;
use daotwin_history::Table;
use daotwin_history::ingest::{Options, ingest};

fn main() -> Result<(), Box<dyn Error>> {
    let votes: u64 = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse())?;
    let file = tempfile::Builder::new().suffix(".json").tempfile()?;
    let mut out = BufWriter::new(file.as_file());
    write!(out, "{{\"data\":{{\"votes\":[")?;
    for vote in 0..votes {
        // A multiplicative hash spreads voters and powers without a random generator.
        let mixed = vote.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let (voter, proposal) = (mixed % 200_000, vote / 1_000);
        write!(
            out,
            "{}{{\"id\":\"0x{mixed:064x}\",\"ipfs\":\"bafkrei{mixed:052x}\",\"voter\":\"0x{voter:040X}\",\
             \"created\":{},\"choice\":{},\"vp\":{}.{:012},\"vp_by_strategy\":[{}.5,0],\"vp_state\":\"final\",\
             \"reason\":\"reason \\\"{vote}\\\"\",\"proposal\":{{\"id\":\"0x{proposal:064x}\"}},\
             \"space\":{{\"id\":\"example.eth\"}}}}",
            if vote == 0 { "" } else { "," },
            1_600_000_000 + vote,
            mixed % 3 + 1,
            mixed % 1_000_000,
            mixed % 1_000_000_000_000,
            mixed % 1_000_000,
        )?;
    }
    write!(out, "]}}}}")?;
    out.flush()?;
    drop(out);
    let bytes = file.as_file().metadata()?.len();
    let start = Instant::now();
    let history = ingest(&[file.path().to_path_buf()], &Options::default(), &Run::default())?;
    let seconds = start.elapsed().as_secs_f64();
    println!("votes {} of {votes}, bytes {bytes}, seconds {seconds:.2}", history.rows(Table::Votes));
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        let peak = status.lines().find(|line| line.starts_with("VmHWM"));
        println!("{}", peak.unwrap_or("VmHWM unknown"));
    }
    Ok(())
}
