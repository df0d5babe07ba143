//! How fast the twin is, and how much memory it takes: `speed [DATA [VOTES [FOLDER]]]` fits all DAOs of
//! `governance-core`, samples on one thread, and streams VOTES votes (20 million where not given) by more
//! members into a History below FOLDER (the system's folder for temporary files), which it then deletes. The
//! streaming runs in a process of its own, so that its peak of memory is its own.
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

mod support;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use daotwin::core::{Run, Seed};
use daotwin::generators::twin::{self, FittedTwin};
use daotwin::history::Table;
use daotwin::history::synthesizer::{FitOptions, Fitted, SampleOptions};

/// The DAO that is enlarged: a token governor in the middle of the sizes.
const DAO: &str = "compound-bravo";

/// Options for about `votes` votes by more members.
fn enlarged(twin: &FittedTwin, votes: f64) -> SampleOptions {
    let dao = &twin.manifest().daos[0];
    let members = dao.members * votes / dao.votes;
    SampleOptions { seed: Seed(1), members: Some(members.round() as u64), ..SampleOptions::default() }
}

/// Streams into a folder and says what it took.
fn stream(folder: &Path, votes: f64) -> Result<(), Box<dyn Error>> {
    let run = Run::default();
    let twin = FittedTwin::read(&folder.join("twin"), &run)?;
    let (start, before) = (Instant::now(), support::processor_seconds());
    let out = folder.join("history");
    let manifest = twin.sample_to(&out, &enlarged(&twin, votes), &run)?;
    let (wall, processor) = (start.elapsed().as_secs_f64(), support::processor_seconds() - before);
    let rows = |table: Table| manifest.tables.get(table.name()).map_or(0, |entry| entry.rows);
    let bytes: u64 = std::fs::read_dir(&out)?
        .map(|entry| entry.and_then(|entry| entry.metadata()).map(|data| data.len()))
        .sum::<Result<u64, _>>()?;
    println!(
        "to Parquet: {} votes of {} members, {:.0} MiB on disk, {wall:.1} s, {processor:.1} CPU-s, {:.2} \
         million votes a CPU-second, peak {:.0} MiB",
        rows(Table::Votes),
        rows(Table::Members),
        bytes as f64 / f64::from(1 << 20),
        rows(Table::Votes) as f64 / processor / 1e6,
        support::peak_mebibytes(),
    );
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let data = arguments.next().map(PathBuf::from);
    let votes = match arguments.next() {
        Some(text) => text.to_string_lossy().parse()?,
        None => 2e7,
    };
    let parent = arguments.next().map_or_else(|| PathBuf::from("."), PathBuf::from);
    if data.as_deref() == Some(Path::new("--stream")) {
        return stream(&parent, votes);
    }
    let run = Run::default();
    let history = support::governance_core(data)?;
    let (start, before) = (Instant::now(), support::processor_seconds());
    let all = twin::fit(&history, &FitOptions::default(), &run)?;
    println!(
        "fit: {} DAOs, {} votes, {:.1} s, {:.1} CPU-s",
        all.manifest().daos.len(),
        history.rows(Table::Votes),
        start.elapsed().as_secs_f64(),
        support::processor_seconds() - before,
    );
    let twin = twin::fit(&history, &FitOptions { dao: Some(DAO.to_owned()), ..FitOptions::default() }, &run)?;
    let before = support::processor_seconds();
    let sampled = twin.sample(&enlarged(&twin, 2e6), &run)?.rows(Table::Votes);
    let processor = support::processor_seconds() - before;
    println!(
        "in memory: {sampled} votes, {processor:.1} CPU-s, {:.2} million votes a CPU-second",
        sampled as f64 / processor / 1e6
    );
    let folder = tempfile::Builder::new().prefix("daotwin-speed-").tempdir_in(parent)?;
    twin.save(&folder.path().join("twin"))?;
    let status = std::process::Command::new(std::env::current_exe()?)
        .args(["--stream", &votes.to_string()])
        .arg(folder.path())
        .status()?;
    if status.success() { Ok(()) } else { Err("the streaming process failed".into()) }
}
