//! Does what came lie in the range that the twin foretold? `forecast [DATA [SAMPLES]]` fits the twin of each
//! DAO of `governance-core` with at least 900 votes on the first 70 % of its proposals, samples as many
//! proposals as the whole has, and prints the last 30 % of both as the table of `book/forecast.md`.
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

mod support;

use std::error::Error;
use std::path::PathBuf;

use daotwin::core::{Run, Seed};
use daotwin::evaluation::forecast::{FIGURES, forecast};
use daotwin::evaluation::utility::TRAIN_SHARE;
use daotwin::generators::twin;
use daotwin::history::subset::first_proposals;
use daotwin::history::synthesizer::{FitOptions, Fitted, SampleOptions};
use daotwin::history::view::DaoView;

/// The proposals of the first part that is learned: as [`forecast`] splits, proposals without a ballot are
/// not counted.
fn first_part(view: &DaoView) -> (usize, usize) {
    let voted: Vec<usize> =
        (0..view.proposals.len()).filter(|&index| !view.proposals[index].votes.is_empty()).collect();
    let cut = (voted.len() as f64 * TRAIN_SHARE).round() as usize;
    (voted.get(cut).copied().unwrap_or(view.proposals.len()), voted.len())
}

/// Three digits that matter.
fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let data = arguments.next().map(PathBuf::from);
    let seeds = match arguments.next() {
        Some(text) => text.to_string_lossy().parse()?,
        None => 20_u64,
    };
    let run = Run::default();
    let history = support::governance_core(data)?;
    let mut inside = [0_usize; FIGURES.len()];
    let mut daos = 0_usize;
    println!("| DAO | proposals learned, foretold | {} |", FIGURES.map(|(_, label, _)| label).join(" | "));
    println!("| --- | --- |{}", " --- |".repeat(FIGURES.len()));
    for view in DaoView::all(&history)? {
        if view.votes.len() < support::LEAST_VOTES {
            continue;
        }
        let (learned, voted) = first_part(&view);
        let part = first_proposals(&history, &view, learned)?;
        let fitted =
            twin::fit(&part, &FitOptions { dao: Some(view.dao.clone()), ..FitOptions::default() }, &run)?;
        let unvoted = view.proposals[..learned].iter().filter(|proposal| proposal.votes.is_empty()).count();
        let mut samples = Vec::new();
        for seed in 1..=seeds {
            let options = SampleOptions {
                seed: Seed(seed),
                proposals: Some((voted + unvoted) as u64),
                ..SampleOptions::default()
            };
            samples.push(DaoView::one(&fitted.sample(&options, &run)?, Some(&view.dao))?);
        }
        let Some(foretold) = forecast(&view, &samples) else { continue };
        daos += 1;
        let mut cells = Vec::new();
        for (figure, inside) in foretold.iter().zip(&mut inside) {
            let (low, middle, high) = figure.range;
            let holds = low <= figure.truth && figure.truth <= high;
            *inside += usize::from(holds);
            cells.push(format!(
                "{} {} ({} to {}) {}",
                short(figure.truth),
                if holds { "in" } else { "**out**" },
                short(low),
                short(high),
                short(middle)
            ));
        }
        println!(
            "| {} | {}, {} | {} |",
            view.dao,
            learned - unvoted,
            voted - (learned - unvoted),
            cells.join(" | ")
        );
    }
    let shares = inside.map(|count| format!("{count} of {daos}"));
    let all: usize = inside.iter().sum();
    println!("| inside | {all} of {} | {} |", daos * FIGURES.len(), shares.join(" | "));
    Ok(())
}
