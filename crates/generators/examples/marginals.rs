//! Fits `mst`, `aim` or `aim-grem` to a table and prints how far its samples lie from the table: the mean total variation
//! distance of all single columns, pairs and triples, numbers cut into 16 bins of equal width (in `log1p` where
//! the maximum is above 1,000), with the CPU seconds of the fit and the peak memory of the process.
//!
//! `marginals TABLE.csv.gz MODEL EPSILON [NOISES] [SETTING=VALUE...]`; epsilon 0 fits without privacy. Bounds and
//! labels are those of the table itself, declared. Noise comes from fixed seeds, so that figures are repeatable;
//! a model for release draws it from the operating system. `out=FILE.csv` keeps the last sample.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a lab tool")]

use std::collections::BTreeMap;
use std::path::Path;

use daotwin_core::{Run, Seed};
use daotwin_generators::table;
use daotwin_history::frame::synthesizer::{TableFitOptions, TableSynthesizer};
use daotwin_history::frame::{Column, Declaration, DeclaredColumn, Frame, Kind, Values, read, write};
use daotwin_history::synthesizer::PrivacyOptions;
use rayon::prelude::*;

const DELTA: f64 = 1e-9;
const BINS: usize = 16;

/// What the table itself says of its columns.
fn declaration(columns: &[Column]) -> Declaration {
    let declared = |column: &Column| {
        let ((low, high), optional) = (column.bounds, column.optional);
        match &column.kind {
            Kind::Numeric { decimals } => {
                DeclaredColumn::Numeric { decimals: *decimals, minimum: low, maximum: high, optional }
            }
            Kind::Integer => DeclaredColumn::Integer { minimum: low as i64, maximum: high as i64, optional },
            Kind::Boolean { labels } => DeclaredColumn::Boolean { labels: labels.clone(), optional },
            Kind::Categorical { labels } => DeclaredColumn::Categorical { labels: labels.clone(), optional },
            Kind::Datetime { .. } => DeclaredColumn::LeaveOut,
        }
    };
    let columns: BTreeMap<String, DeclaredColumn> =
        columns.iter().map(|column| (column.name.clone(), declared(column))).collect();
    Declaration { columns, ..Declaration::default() }
}

/// The codes of both tables in the bins of the first, and how many there are.
fn binned(real: &Frame, synthetic: &Frame) -> Vec<(usize, [Vec<usize>; 2])> {
    (0..real.columns().len())
        .map(|column| match real.values(column) {
            Values::Code(_) => {
                let size = real.columns()[column].kind.labels().unwrap().len();
                let codes = [real, synthetic].map(|frame| {
                    frame.values(column).codes().iter().map(|&code| (code as usize).min(size)).collect()
                });
                (size + 1, codes)
            }
            Values::Number(values) => {
                let (low, high) = values
                    .iter()
                    .fold((f64::MAX, f64::MIN), |(low, high), value| (value.min(low), value.max(high)));
                let skewed = high > 1_000.0 && low >= 0.0;
                let scale = |value: f64| if skewed { value.max(0.0).ln_1p() } else { value };
                let (from, width) = (scale(low), scale(high) + 1e-9 - scale(low));
                let bin = |value: &f64| {
                    if value.is_nan() {
                        return BINS;
                    }
                    let at = (scale(*value) - from) / width * BINS as f64;
                    (at.floor().max(0.0) as usize).min(BINS - 1)
                };
                (
                    BINS + 1,
                    [real, synthetic].map(|frame| frame.values(column).numbers().iter().map(bin).collect()),
                )
            }
        })
        .collect()
}

/// The mean distance over all sets of this many columns.
fn distance(columns: &[(usize, [Vec<usize>; 2])], order: usize) -> f64 {
    let count = columns.len();
    let mut sets: Vec<Vec<usize>> = (0..count).map(|column| vec![column]).collect();
    for _ in 1..order {
        sets = sets
            .iter()
            .flat_map(|set| {
                (set[set.len() - 1] + 1..count).map(move |next| {
                    let mut set = set.clone();
                    set.push(next);
                    set
                })
            })
            .collect();
    }
    let one = |set: &Vec<usize>| {
        let cells: usize = set.iter().map(|&column| columns[column].0).product();
        let [real, synthetic] = [0, 1].map(|side| {
            let rows = columns[0].1[side].len();
            let mut share = vec![0.0; cells];
            for row in 0..rows {
                let cell = set.iter().fold(0, |cell, &at| cell * columns[at].0 + columns[at].1[side][row]);
                share[cell] += 1.0 / rows as f64;
            }
            share
        });
        real.iter().zip(&synthetic).map(|(p, q)| (p - q).abs()).sum::<f64>() / 2.0
    };
    let distances: Vec<f64> = sets.par_iter().map(one).collect();
    distances.iter().sum::<f64>() / distances.len() as f64
}

/// CPU seconds of this process.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
    // User and system time, in hundredths of a second.
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

/// Peak memory of this process in MiB.
fn peak_mib() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (path, model) = (Path::new(&arguments[0]), &arguments[1]);
    let epsilon: f64 = arguments[2].parse().unwrap();
    let noises: u64 = arguments.get(3).map_or(1, |noises| noises.parse().unwrap());
    let given = arguments.iter().skip(4).filter_map(|argument| argument.split_once('='));
    let out = given.clone().find(|(name, _)| *name == "out").map(|(_, path)| path);
    let settings: Vec<(String, f64)> = given
        .filter(|(name, _)| *name != "out")
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .collect();
    let run = Run::default();
    let (guessed, _) = read(path, &Declaration::default(), &run).unwrap();
    let declaration = declaration(guessed.columns());
    drop(guessed);
    let (frame, _) = read(path, &declaration, &run).unwrap();
    let synthesizer: &dyn TableSynthesizer = table::registry::find(model).unwrap();
    let mut sums = [0.0; 4];
    for noise in 1..=noises {
        let privacy = (epsilon > 0.0).then(|| PrivacyOptions {
            epsilon,
            delta: DELTA,
            ledger: "unused".into(),
            account: None,
            test_noise: Some(Seed(noise)),
        });
        let options = TableFitOptions {
            seed: Seed(noise),
            privacy,
            settings: settings.clone(),
            ..TableFitOptions::default()
        };
        let before = cpu_seconds();
        let fitted = synthesizer.fit(&frame, &options, &run).unwrap();
        let seconds = cpu_seconds() - before;
        let peak = peak_mib();
        let before = cpu_seconds();
        let sample = table::sample(&*fitted, frame.rows() as u64, &Vec::new(), Seed(noise), &run).unwrap();
        let sampling = cpu_seconds() - before;
        if let Some(out) = out {
            std::fs::remove_file(out).ok();
            write(Path::new(out), &sample, &run).unwrap();
        }
        let columns = binned(&frame, &sample);
        let [one, two, three] = [1, 2, 3].map(|order| distance(&columns, order));
        println!(
            "{model} epsilon {epsilon} noise {noise}: 1-way {one:.4} 2-way {two:.4} 3-way {three:.4} fit {seconds:.2} CPU-s \
             sample {sampling:.2} CPU-s peak {peak:.0} MiB"
        );
        for (sum, value) in sums.iter_mut().zip([one, two, three, seconds]) {
            *sum += value / noises as f64;
        }
    }
    println!(
        "mean of {noises}: 1-way {:.4} 2-way {:.4} 3-way {:.4} fit {:.2} CPU-s",
        sums[0], sums[1], sums[2], sums[3]
    );
}
