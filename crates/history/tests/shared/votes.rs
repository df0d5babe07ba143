//! Made-up votes in the shape of Snapshot's hub, for timing.

use std::fs::File;
use std::io::{BufWriter, Write};

/// Writes this many votes, a thousand a proposal, of at most 200,000 voters.
pub(crate) fn write(file: &File, votes: u64) -> std::io::Result<()> {
    let mut out = BufWriter::new(file);
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
    out.flush()
}

/// The most memory that this process ever held, where the system tells.
pub(crate) fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

/// Seconds of processor time that this process has used, where the system tells. Unlike the wall clock it
/// does not count the time that other processes took.
pub(crate) fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The fields after the name in brackets; user and system time are the 12th and 13th, in hundredths.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks: f64 = fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?;
    Some(ticks / 100.0)
}
