//! Does a twin remember whom it learned from? `membership [DATA [SEEDS [DAO...]]]` prints, for each DAO of
//! `governance-core` with at least 900 votes and each seed, the area under the curve of both membership attacks
//! with its 95 % interval, over random halves of the members that the twin is fitted on. Beside them stand the
//! density ratio's area on a model that repeats the members that it learned from (the positive control), and on
//! twins that were fitted on other halves than those attacked (the negative control, one half).
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

mod support;

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use daotwin::core::{Run, Seed};
use daotwin::evaluation::Options;
use daotwin::evaluation::context::{Context, Trial};
use daotwin::evaluation::metric::Metric;
use daotwin::evaluation::privacy::membership::Attack;
use daotwin::evaluation::privacy::{membership, shadow};
use daotwin::generators::twin::Twin;
use daotwin::history::view::DaoView;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let data = arguments.next().map(PathBuf::from);
    let seeds = match arguments.next() {
        Some(text) => text.to_string_lossy().parse()?,
        None => 3_u64,
    };
    let wanted: Vec<String> = arguments.map(|name| name.to_string_lossy().into_owned()).collect();
    let run = Run::default();
    let history = support::governance_core(data)?;
    println!(
        "| DAO | voters | halves | seed | density ratio | shadow models | a copying model | twins of other halves | seconds |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for view in DaoView::all(&history)? {
        if view.votes.len() < support::LEAST_VOTES || !(wanted.is_empty() || wanted.contains(&view.dao)) {
            continue;
        }
        for seed in 1..=seeds {
            let started = Instant::now();
            let options = Options { seed: Seed(seed), synthesizer: Some(&Twin), ..Options::default() };
            // The attacks fit the model anew and look at no sample.
            let samples = std::slice::from_ref(&view);
            let context = Context::new(&view, samples, None, &[], Some(&history), &options);
            let mut cells = Vec::new();
            for metric in [&membership::Membership as &dyn Metric, &shadow::Shadow] {
                let measured = metric.measure(&context, &run)?;
                cells.push(match (measured.scores.first(), measured.skipped.first()) {
                    (Some(score), _) => {
                        let (low, high) = score.interval.unwrap_or((f64::NAN, f64::NAN));
                        format!("{:.3} ({low:.3} to {high:.3})", score.value)
                    }
                    (None, Some((_, reason))) => reason.clone(),
                    (None, None) => "none".to_owned(),
                });
            }
            let (mut copies, mut strangers) = (Vec::new(), Vec::new());
            for index in 0..context.refits() {
                let next = (index + 1) % context.refits();
                let (Some(trial), Some(other)) = (context.refit(index, &run)?, context.refit(next, &run)?)
                else {
                    continue;
                };
                let said = |synthetic: &DaoView| {
                    membership::attack(&Trial { synthetic: synthetic.clone(), ..trial.clone() })
                };
                copies.push(said(&trial.train));
                strangers.push(said(&other.synthetic));
            }
            let area = |attacks: &[Option<Attack>]| {
                Attack::pooled(attacks).map_or("none".to_owned(), |attack| format!("{:.3}", attack.area))
            };
            println!(
                "| {} | {} | {} | {seed} | {} | {} | {} | {:.1} |",
                view.dao,
                view.voters(),
                context.refits(),
                cells.join(" | "),
                area(&copies),
                area(&strangers),
                started.elapsed().as_secs_f64()
            );
        }
    }
    Ok(())
}
