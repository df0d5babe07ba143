//! `calibration speed [SIMULATIONS]` times simulations of a 10,000-member DAO; `calibration check [SIMULATIONS [FITS
//! [PROPOSALS [MEMBERS [VOTERS]]]]]` judges the amortised posterior on records whose parameters are known; `calibration fit DAO [SIMULATIONS]` fits a DAO of
//! `governance-core`; `calibration forecast [SIMULATIONS [DAO ...]]` fits the first 70 % of the proposals of each DAO with
//! enough of them and prints how the others were foretold, beside baselines.
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use daotwin_core::{Run, statistics as core};
use daotwin_history::ingest::{Options as Ingest, ingest};
use daotwin_history::view::DaoView;
use daotwin_simulation::calibration::check::check;
use daotwin_simulation::calibration::forecast::{BASELINES, FIGURES, Forecast, forecast};
use daotwin_simulation::calibration::model::{Design, Workspace, prior, simulate};
use daotwin_simulation::calibration::statistics::{COUNT, Scratch, summarise};
use daotwin_simulation::calibration::{Options, calibrate};
use rayon::prelude::*;

fn views() -> Result<Vec<DaoView>, Box<dyn Error>> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/governance-core"));
    let paths: Vec<PathBuf> = ["daos", "members", "proposals", "votes"]
        .iter()
        .map(|name| folder.join(format!("{name}.csv.gz")))
        .collect();
    Ok(DaoView::all(&ingest(&paths, &Ingest::default(), &Run::default())?)?)
}

/// Seconds of processor that this process took.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = text.rsplit_once(") ").map_or(Vec::new(), |(_, rest)| rest.split(' ').collect());
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok());
    ticks(11).zip(ticks(12)).map_or(f64::NAN, |(user, system)| (user + system) / 100.0)
}

const LARGE: Design =
    Design { agents: 10_000, proposals: 30, ahead: 0, voters: 300.0, timed: true, sided: true };

fn speed(count: u64) {
    for (name, fixed) in [("at 3 % turnout", true), ("over the prior", false)] {
        let (start, before) = (Instant::now(), processor_seconds());
        let ballots: usize = (0..count)
            .into_par_iter()
            .map_init(
                || (Workspace::default(), Scratch::default()),
                |(workspace, scratch), number| {
                    let mut natural = LARGE.natural(&prior(1, number));
                    if fixed {
                        (natural[0], natural[1], natural[2]) = (300.0_f64.ln(), 0.02, 0.02);
                    }
                    simulate(&LARGE, &natural, number, workspace);
                    let mut row = [0.0; COUNT];
                    summarise(&workspace.record, scratch, &mut row);
                    workspace.record.ballots.len()
                },
            )
            .sum();
        let seconds = processor_seconds() - before;
        println!(
            "{name}: {count} simulations in {:.0} s, {seconds:.0} s of processor, {:.2} ms each with statistics, {} ballots \
             a simulation",
            start.elapsed().as_secs_f64(),
            1_000.0 * seconds / count as f64,
            ballots as u64 / count
        );
    }
}

fn table(forecasts: &[Forecast]) {
    println!("\n| figure | DAOs | model | {} | 90 % intervals hold |", BASELINES.join(" | "));
    println!("| --- | --- | --- |{} --- |", " --- |".repeat(3));
    for figure in FIGURES {
        let of: Vec<_> = forecasts
            .iter()
            .filter_map(|one| one.scores.iter().find(|score| score.figure == figure))
            .collect();
        let n = of.len();
        let model: Vec<f64> = of.iter().map(|score| score.model).collect();
        let baselines = (0..3).map(|at| {
            let other: Vec<f64> = of.iter().map(|score| score.baselines[at]).collect();
            let apart: Vec<f64> = model.iter().zip(&other).map(|(model, other)| model - other).collect();
            let width = core::student_quantile(0.975, n.saturating_sub(1)) * core::standard_deviation(&apart)
                / (n as f64).sqrt();
            let mean = core::mean(&apart);
            let verdict = if mean + width < 0.0 {
                "model wins"
            } else if mean - width > 0.0 {
                "**baseline wins**"
            } else {
                "undecided"
            };
            format!(
                "{:.4}: {mean:+.4} ({:+.4} to {:+.4}) {verdict}",
                core::mean(&other),
                mean - width,
                mean + width
            )
        });
        let baselines: Vec<String> = baselines.collect();
        let held: f64 = of.iter().map(|score| score.coverage * score.proposals as f64).sum();
        let all: usize = of.iter().map(|score| score.proposals).sum();
        println!(
            "| {figure} | {n} | {:.4} | {} | {:.1} % of {all} |",
            core::mean(&model),
            baselines.join(" | "),
            100.0 * held / all as f64
        );
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, otherwise: u64| arguments.get(at).map_or(Ok(otherwise), |text| text.parse());
    let run = Run::default();
    match arguments.first().map(String::as_str) {
        Some("speed") => speed(number(1, 500)?),
        Some("check") => {
            let options = Options { simulations: number(1, 20_000)?, ..Options::default() };
            println!(
                "| parameter | recovery r | spread | coverage of 90 % | chi-square of ranks, 19 degrees |"
            );
            println!("| --- | --- | --- | --- | --- |");
            let design = Design {
                proposals: number(3, 30)? as u32,
                agents: number(4, 10_000)? as u32,
                voters: number(5, 300)? as f64,
                ..LARGE
            };
            for quality in check(design, &options, number(2, 1_000)?, 1.0, &run)? {
                println!(
                    "| {} | {:.3} | {:.3} | {:.3} | {:.1} |",
                    quality.name, quality.recovery, quality.spread, quality.coverage, quality.uniformity
                );
            }
            println!("{:.0} s of processor", processor_seconds());
        }
        Some("fit") => {
            let wanted = arguments.get(1).map_or("compound-bravo", String::as_str);
            let options = Options { simulations: number(2, 20_000)?, ..Options::default() };
            let view = views()?.into_iter().find(|view| view.dao == wanted).ok_or("no such DAO")?;
            let calibration = calibrate(&view, &options, &run)?;
            let document = calibration.document();
            println!("{}\n", document.verdict.text);
            for parameter in &calibration.parameters {
                let [low, middle, high] = parameter.posterior.quantiles;
                println!(
                    "{:<12} network {middle:.2} ({low:.2} to {high:.2}), sequential {:?}, moments {:?}, spread {:.2}",
                    parameter.name,
                    parameter.sequential.map(|estimate| estimate.quantiles),
                    parameter.moments,
                    parameter.spread
                );
            }
            println!("{:?}", calibration.sequential);
            for check in calibration.missed() {
                println!("missed: {check:?}");
            }
            println!("{:.0} s of processor", processor_seconds());
        }
        Some("forecast") => {
            let options = Options { simulations: number(1, 10_000)?, epochs: 30, ..Options::default() };
            let wanted = arguments.get(2..).unwrap_or_default();
            let mut forecasts = vec![];
            println!(
                "| DAO | proposals learned, foretold | figure | recorded mean +- error, foretold | model | {} | held |",
                BASELINES.join(" | ")
            );
            println!("| --- | --- | --- | --- | --- |{} --- |", " --- |".repeat(3));
            for view in views()? {
                if !wanted.is_empty() && !wanted.contains(&view.dao) {
                    continue;
                }
                let one = match forecast(&view, 0.7, 1_000, &options, &run) {
                    Ok(one) => one,
                    Err(error) => {
                        println!("| {} | left out: {error} |", view.dao);
                        continue;
                    }
                };
                for score in &one.scores {
                    println!(
                        "| {} | {}, {} | {} | {:.3} +- {:.3}, {:.3} | {:.4} | {} | {:.2} |",
                        one.dao,
                        one.proposals.0,
                        one.proposals.1,
                        score.figure,
                        score.means.0,
                        score.error,
                        score.means.1,
                        score.model,
                        score.baselines.map(|value| format!("{value:.4}")).join(" | "),
                        score.coverage
                    );
                }
                forecasts.push(one);
            }
            table(&forecasts);
            println!("\n{:.0} s of processor", processor_seconds());
        }
        _ => println!("usage: calibration speed | check | fit | forecast"),
    }
    Ok(())
}
