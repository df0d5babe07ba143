//! Compares Snapshot's voting types with the outcomes of Snapshot's own package, which `xtask/peers/snapshot` wrote:
//! `snapshot FOLDER`. Prints how many ballots agree; fails where one does not.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example prints")]

#[path = "../tests/snapshot/agreement.rs"]
mod agreement;

use std::collections::BTreeMap;
use std::fs::{File, read_dir};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::ExitCode;

use agreement::{Count, compare};

fn run(folder: &str) -> Result<bool, Box<dyn std::error::Error>> {
    let mut files: Vec<PathBuf> =
        read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_, std::io::Error>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    let mut told = 0;
    for file in &files {
        for line in BufReader::new(File::open(file)?).lines() {
            if let Err(problem) = compare(&line?, &mut counts) {
                told += 1;
                if told <= 3 {
                    eprintln!("{problem}");
                }
            }
        }
    }
    println!(
        "{:<28} {:>9} {:>9} {:>9} {:>9} {:>12}",
        "rule", "proposals", "ballots", "invalid", "no winner", "agreed"
    );
    for (rule, count) in &counts {
        println!(
            "{rule:<28} {:>9} {:>9} {:>9} {:>9} {:>11.4}%",
            count.proposals,
            count.ballots,
            count.invalid,
            count.tied,
            100.0 * count.agreed_ballots as f64 / count.ballots as f64
        );
    }
    Ok(!counts.is_empty() && counts.values().all(|count| count.agreed_proposals == count.proposals))
}

fn main() -> ExitCode {
    let Some(folder) = std::env::args().nth(1) else {
        eprintln!("name the folder with the package's outcomes");
        return ExitCode::from(2);
    };
    match run(&folder) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
