//! What the examples share: where the public data is, and how it is read.

use std::error::Error;
use std::path::PathBuf;

use daotwin::core::Run;
use daotwin::history::History;
use daotwin::history::ingest::{Options, ingest};

/// Votes from which on a DAO's figures are stable enough to be judged.
#[allow(dead_code, reason = "not every example asks")]
pub(crate) const LEAST_VOTES: usize = 900;

/// Reads `governance-core`: from the folder given, or from where a checkout with the shared data has it.
///
/// # Errors
/// A missing or damaged file.
#[allow(dead_code, reason = "not every example asks")]
pub(crate) fn governance_core(folder: Option<PathBuf>) -> Result<History, Box<dyn Error>> {
    let folder = folder.unwrap_or_else(|| {
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/governance-core"))
    });
    let paths: Vec<PathBuf> = ["daos", "members", "proposals", "votes"]
        .iter()
        .map(|name| folder.join(format!("{name}.csv.gz")))
        .collect();
    Ok(ingest(&paths, &Options::default(), &Run::default())?)
}

/// Seconds of processor that this process took, user and system; NaN where the system does not say.
#[allow(dead_code, reason = "not every example asks")]
pub(crate) fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field, the name, may hold spaces: the fields are counted after its closing parenthesis.
    let fields: Vec<&str> = text.rsplit_once(") ").map_or(Vec::new(), |(_, rest)| rest.split(' ').collect());
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok());
    // A tick is 1/100 s on Linux.
    ticks(11).zip(ticks(12)).map_or(f64::NAN, |(user, system)| (user + system) / 100.0)
}

/// The largest memory that this process ever held, in MiB; NaN where the system does not say.
#[allow(dead_code, reason = "not every example asks")]
pub(crate) fn peak_mebibytes() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kibibytes.map_or(f64::NAN, |size| size / 1024.0)
}
