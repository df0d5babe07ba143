//! Prints what detection reaches beside what is asked of it, and fails where it reaches less.
//!
//! `cargo run --release -p daotwin-detection -p daotwin-cli --example reach -- [trust] [text] [ethereum] [speed] [attacks] [families]`;
//! without names all of them but `families`. Experiments whose data are not in `../shared/data` are passed over, and say so.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::exit,
    reason = "a lab tool that ends with its answer"
)]

mod attacks;
mod ethereum;
mod speed;
mod text;
mod trust;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use daotwin_detection::measure::Figure;

/// Figures beside what is asked.
#[derive(Default)]
struct Table {
    broken: usize,
}

impl Table {
    fn say(&mut self, name: &str, reached: f64, at_least: Option<f64>) {
        let holds = at_least.is_none_or(|asked| reached >= asked);
        self.line(
            name,
            &format!("{reached:.4}"),
            at_least.map(|asked| format!("at least {asked:.4}")),
            holds,
        );
    }

    fn most(&mut self, name: &str, reached: f64, at_most: f64) {
        self.line(name, &format!("{reached:.4}"), Some(format!("at most {at_most:.4}")), reached <= at_most);
    }

    fn figure(&mut self, figure: &Figure, at_least: Option<f64>) {
        let Figure { name, value, interval: (low, high), chance, naive } = figure;
        let naive = if naive.is_nan() { String::new() } else { format!(", naive {naive:.4}") };
        let reached = format!("{value:.4} (95 % {low:.4} to {high:.4}; chance {chance:.4}{naive})");
        let holds = at_least.is_none_or(|asked| *value >= asked);
        self.line(name, &reached, at_least.map(|asked| format!("at least {asked:.4}")), holds);
    }

    fn line(&mut self, name: &str, reached: &str, asked: Option<String>, holds: bool) {
        self.broken += usize::from(!holds);
        println!(
            "| {name} | {reached} | {}{} |",
            asked.unwrap_or_default(),
            if holds { "" } else { " **broken**" }
        );
    }
}

/// Begins a table.
fn head(title: &str) {
    println!("\n## {title}\n\n| figure | reached | asked |\n|---|--:|--:|");
}

/// The folder of a data set; none where it is not here.
fn data(name: &str) -> Option<PathBuf> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("\n`{}` is not here, so this is not measured", folder.display());
    None
}

/// The records of a compressed CSV file, the first line among them.
fn records(path: &Path) -> Vec<Vec<String>> {
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_end(&mut text).unwrap();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_slice());
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// A number from 0 to 99 that a text always gets: splits of data that stay.
fn part(text: &str) -> u64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash ^ (hash >> 31)) % 100
}

/// An experiment: it adds its figures to the table.
type Experiment = fn(&mut Table);

/// The experiments by name.
const EXPERIMENTS: [(&str, Experiment); 6] = [
    ("trust", trust::run),
    ("text", text::run),
    ("ethereum", ethereum::run),
    ("speed", speed::run),
    ("attacks", attacks::run),
    (FAMILIES, attacks::families),
];

/// The experiment that is done only where it is named: nothing is asked of it, and it takes as long as all others.
const FAMILIES: &str = "families";

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = asked.iter().find(|name| EXPERIMENTS.iter().all(|(known, _)| known != name)) {
        let known: Vec<&str> = EXPERIMENTS.iter().map(|(name, _)| *name).collect();
        eprintln!("there is no experiment `{unknown}`; there are {}", known.join(", "));
        std::process::exit(2);
    }
    let mut table = Table::default();
    for (name, run) in EXPERIMENTS {
        if (asked.is_empty() && name != FAMILIES) || asked.iter().any(|asked| asked == name) {
            run(&mut table);
        }
    }
    if table.broken > 0 {
        println!("\n{} figures are not what is asked", table.broken);
        std::process::exit(1);
    }
}
