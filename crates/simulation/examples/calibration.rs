//! `calibration speed [SIMULATIONS]` times simulations of a 10,000-member DAO; `calibration check [SIMULATIONS [FITS
//! [PROPOSALS [MEMBERS [VOTERS]]]]]` judges the amortised posterior on records whose parameters are known; `calibration fit DAO [SIMULATIONS]` fits a DAO of
//! `governance-core`; `calibration forecast [SIMULATIONS [DAO ...]]` fits the first 70 % of the proposals of each DAO with
//! enough of them and prints how the others were foretold, beside baselines.
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use daotwin_core::{Run, Seed};
use daotwin_history::ingest::{Options as Ingest, ingest};
use daotwin_history::view::DaoView;
use daotwin_simulation::calibration::check::check;
use daotwin_simulation::calibration::forecast::{
    BASELINES, FIGURES, Forecast, HEADS, MEMBERS, forecast, pooled,
};
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
    println!(
        "\n| figure | DAOs | forecast | calibrated DAO alone | {} | to the best: DAOs like these | these DAOs | better in | held |",
        BASELINES.join(" | ")
    );
    println!("| --- | --- | --- | --- |{} --- | --- | --- | --- |", " --- |".repeat(3));
    for found in FIGURES.iter().filter_map(|figure| pooled(forecasts, figure, Seed(0))) {
        let told = |(low, high): (f64, f64)| {
            let verdict = match (low, high) {
                (_, high) if high < 0.0 => "wins",
                (low, _) if low > 0.0 => "**baseline wins**",
                _ => "undecided",
            };
            format!("{:+.4} ({low:+.4} to {high:+.4}) {verdict}", found.difference)
        };
        println!(
            "| {} | {} | {:.4} | {:.4} | {} | {} | {} | {} | {:.1} % |",
            found.figure,
            found.daos,
            found.model,
            found.simulated,
            found.baselines.map(|value| format!("{value:.4}")).join(" | "),
            told(found.interval),
            told(found.these),
            found.wins,
            100.0 * found.coverage
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
                "| DAO | proposals learned, foretold | {} | weights of {} |",
                HEADS.join(" | "),
                MEMBERS.join(", ")
            );
            println!("| --- | --- |{} --- |", " --- |".repeat(HEADS.len()));
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
                    let weights: Vec<String> =
                        score.weights.iter().map(|weight| format!("{weight:.2}")).collect();
                    println!(
                        "| {} | {}, {} | {} | {} |",
                        one.dao,
                        one.proposals.0,
                        one.proposals.1,
                        score.cells().join(" | "),
                        weights.join(" ")
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
