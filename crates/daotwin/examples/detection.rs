//! Can boosted trees tell a twin's votes from real ones? `detection [DATA [DAO...]]` prints, for each DAO of
//! `governance-core` with at least 900 votes, the area under the curve of the classifier two-sample test
//! beside its references; for DAOs that are named also
//! by which columns, and how steady powers are.
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

mod support;

use std::error::Error;
use std::path::PathBuf;

use daotwin::core::statistics::quantile;
use daotwin::core::{Run, Seed};
use daotwin::evaluation::detection::separation;
use daotwin::evaluation::rows::{COLUMNS, Rows};
use daotwin::evaluation::{Options, variants};
use daotwin::generators::twin;
use daotwin::history::synthesizer::{FitOptions, Fitted, SampleOptions};
use daotwin::history::view::{DaoView, VoteView};

/// Columns that tell of the same thing.
const KINDS: [(&str, &[&str]); 5] = [
    ("power", &["power", "power_step", "power_to_mean", "unchanged", "power_to_proposal", "member_power"]),
    ("time", &["time_in_window", "hour", "rank_share", "gap_seconds"]),
    ("choice", &["leads", "agrees_so_far", "leader_so_far", "choice", "agreement_so_far", "majority_share"]),
    ("activity", &["votes_so_far", "gap_proposals", "recent_share", "rate_since_joining", "member_votes"]),
    ("proposal", &["proposal_size", "first_time_share", "choices", "duration", "proposal_gap"]),
];

/// The rows with every other column without content.
fn only(rows: &Rows, keep: &[&str]) -> Rows {
    let mut rows = rows.clone();
    for (column, values) in COLUMNS.iter().zip(&mut rows.columns) {
        if !keep.contains(column) {
            values.fill(0.0);
        }
    }
    rows
}

/// Share of unchanged powers by the time between a member's ballots: below an hour, six hours, a day, four
/// days, and longer.
fn unchanged(view: &DaoView) -> String {
    let mut counts = [(0_usize, 0_usize); 5];
    for list in view.votes_by_member() {
        for pair in list.windows(2) {
            let [before, now] = [pair[0], pair[1]].map(|vote| &view.votes[vote as usize]);
            let start = |vote: &VoteView| view.proposals[vote.proposal as usize].start_at;
            let Some((then, at)) = start(before).zip(start(now)) else { continue };
            let class = [3_600, 21_600, 86_400, 345_600].partition_point(|&edge| edge <= at - then);
            counts[class].0 += usize::from(before.power == now.power);
            counts[class].1 += 1;
        }
    }
    counts.map(|(same, all)| format!("{:.2}", same as f64 / all as f64)).join(" ")
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let data = arguments.next().map(PathBuf::from);
    let wanted: Vec<String> = arguments.map(|name| name.to_string_lossy().into_owned()).collect();
    // Named DAOs are explained: columns of a proposal alone tell little apart but single proposals.
    let explain = !wanted.is_empty();
    let run = Run::default();
    let history = support::governance_core(data)?;
    let most = Options::default().max_rows;
    let area = |left: &Rows, right: &Rows, most: usize| -> Result<f64, Box<dyn Error>> {
        // As the metric does it: two splits, folded at one half after averaging.
        let mut areas = Vec::new();
        for split in 0..2 {
            let seed = Seed(Seed(0).streams("detection").stream(split).bits());
            areas.extend(separation(left, right, most, seed, &run)?);
        }
        let area = areas.iter().sum::<f64>() / areas.len() as f64;
        Ok(area.max(1.0 - area))
    };
    let mut medians: [Vec<f64>; 4] = Default::default();
    println!("{:28} {:>6} {:>6} {:>6} {:>6}", "DAO", "twin", "halves", "resamp", "indep");
    for view in DaoView::all(&history)? {
        if view.votes.len() < support::LEAST_VOTES || !(wanted.is_empty() || wanted.contains(&view.dao)) {
            continue;
        }
        let options = FitOptions { dao: Some(view.dao.clone()), ..FitOptions::default() };
        let fitted = twin::fit(&history, &options, &run)?;
        let sample = fitted.sample(&SampleOptions { seed: Seed(1), ..SampleOptions::default() }, &run)?;
        let synthetic = Rows::of(&DaoView::one(&sample, None)?);
        let real = Rows::of(&view);
        let (first, second) = variants::halves(&view, Seed(0));
        let areas = [
            area(&real, &synthetic, most)?,
            area(&Rows::of(&first), &Rows::of(&second), most)?,
            area(&real, &Rows::of(&variants::bootstrap(&view, Seed(0))), most)?,
            area(&real, &Rows::of(&variants::independent_columns(&view, Seed(0))), most)?,
        ];
        if areas[0].is_nan() {
            println!("{:28} has too few proposals to be split", view.dao);
            continue;
        }
        println!("{:28} {:>6.3} {:>6.3} {:>6.3} {:>6.3}", view.dao, areas[0], areas[1], areas[2], areas[3]);
        for (list, area) in medians.iter_mut().zip(areas) {
            list.push(area);
        }
        if !explain {
            continue;
        }
        println!(
            "    unchanged powers by time between ballots: real {}, twin {}",
            unchanged(&view),
            unchanged(&DaoView::one(&sample, None)?)
        );
        let mut kinds = Vec::new();
        for (kind, columns) in KINDS {
            kinds.push(format!(
                "{kind} {:.3}",
                area(&only(&real, columns), &only(&synthetic, columns), most / 4)?
            ));
        }
        println!("    by kind of column: {}", kinds.join(", "));
        let mut single = Vec::new();
        for column in COLUMNS {
            single.push((area(&only(&real, &[column]), &only(&synthetic, &[column]), most / 4)?, column));
        }
        single.sort_by(|a, b| b.0.total_cmp(&a.0));
        let worst: Vec<String> =
            single.iter().take(6).map(|(area, name)| format!("{name} {area:.3}")).collect();
        println!("    by single column: {}", worst.join(", "));
    }
    let [twin, halves, resampled, independent] = medians.map(|list| quantile(&list, 0.5));
    println!("{:28} {twin:>6.3} {halves:>6.3} {resampled:>6.3} {independent:>6.3}", "median");
    Ok(())
}
