//! Can boosted trees tell a twin's votes from real ones? `detection [DATA [SEEDS [DAO...]]]` prints, for each
//! DAO of `governance-core` with at least 900 votes, the area under the curve of the classifier two-sample test,
//! as the mean and the range over seeds (3 where not given) that each fit a twin, sample it and split anew,
//! beside the means of its references; for DAOs that are named also by which columns, and how steady powers are.
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

mod support;

use std::error::Error;
use std::path::PathBuf;

use daotwin::core::statistics::{mean, quantile};
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

/// An area, or its mirror where that is larger.
fn fold(area: f64) -> f64 {
    area.max(1.0 - area)
}

type Area<'a> = dyn Fn(&Rows, &Rows, usize, u64) -> Result<f64, Box<dyn Error>> + 'a;

/// Prints by which columns a sample is told from its DAO, looking at `most` rows a side.
///
/// # Errors
/// Those of `area`.
fn explained(view: &DaoView, sample: &DaoView, most: usize, area: &Area<'_>) -> Result<(), Box<dyn Error>> {
    println!(
        "    unchanged powers by time between ballots: real {}, twin {}",
        unchanged(view),
        unchanged(sample)
    );
    let (real, synthetic) = (Rows::of(view), Rows::of(sample));
    let by = |columns: &[&str]| area(&only(&real, columns), &only(&synthetic, columns), most, 1).map(fold);
    let mut kinds = Vec::new();
    for (kind, columns) in KINDS {
        kinds.push(format!("{kind} {:.3}", by(columns)?));
    }
    println!("    by kind of column: {}", kinds.join(", "));
    let mut single = Vec::new();
    for column in COLUMNS {
        single.push((by(&[column])?, column));
    }
    single.sort_by(|a, b| b.0.total_cmp(&a.0));
    let worst: Vec<String> = single.iter().take(6).map(|(area, name)| format!("{name} {area:.3}")).collect();
    println!("    by single column: {}", worst.join(", "));
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let data = arguments.next().map(PathBuf::from);
    let seeds = match arguments.next() {
        Some(text) => text.to_string_lossy().parse()?,
        None => 3_u64,
    };
    let wanted: Vec<String> = arguments.map(|name| name.to_string_lossy().into_owned()).collect();
    // Named DAOs are explained: columns of a proposal alone tell little apart but single proposals.
    let explain = !wanted.is_empty();
    let run = Run::default();
    let history = support::governance_core(data)?;
    let most = Options::default().max_rows;
    // As the metric does it, two splits a seed; folded at one half only after averaging, because the larger
    // of an area and its mirror is above one half by luck alone.
    let area = |left: &Rows, right: &Rows, most: usize, seed: u64| -> Result<f64, Box<dyn Error>> {
        let mut areas = Vec::new();
        for split in 0..2 {
            let seed = Seed(Seed(seed).streams("detection").stream(split).bits());
            areas.extend(separation(left, right, most, seed, &run)?);
        }
        Ok(areas.iter().sum::<f64>() / areas.len() as f64)
    };
    let started = support::processor_seconds();
    let (mut of_seed, mut means) = (vec![Vec::new(); seeds as usize], [const { Vec::new() }; 4]);
    println!(
        "{:28} {:>6} {:>14} {:>6} {:>6} {:>6} {:>7}",
        "DAO", "twin", "range", "halves", "resamp", "indep", "CPU-s"
    );
    for view in DaoView::all(&history)? {
        if view.votes.len() < support::LEAST_VOTES || !(wanted.is_empty() || wanted.contains(&view.dao)) {
            continue;
        }
        let begun = support::processor_seconds();
        let real = Rows::of(&view);
        let (mut areas, mut sample) = ([const { Vec::new() }; 4], DaoView::default());
        for seed in (1..=seeds).rev() {
            let fit = FitOptions { seed: Seed(seed), dao: Some(view.dao.clone()), ..FitOptions::default() };
            let options = SampleOptions { seed: Seed(seed), ..SampleOptions::default() };
            let fitted = twin::fit(&history, &fit, &run)?;
            sample = DaoView::one(&fitted.sample(&options, &run)?, None)?;
            let (first, second) = variants::halves(&view, Seed(seed));
            let pairs = [
                (&real, Rows::of(&sample)),
                (&Rows::of(&first), Rows::of(&second)),
                (&real, Rows::of(&variants::bootstrap(&view, Seed(seed)))),
                (&real, Rows::of(&variants::independent_columns(&view, Seed(seed)))),
            ];
            for (list, (left, right)) in areas.iter_mut().zip(&pairs) {
                list.push(area(left, right, most, seed)?);
            }
        }
        let twin = &areas[0];
        if twin.iter().any(|area| area.is_nan()) {
            println!("{:28} has too few proposals to be split", view.dao);
            continue;
        }
        // The range is told on the side on which the mean lies.
        let side = if mean(twin) < 0.5 { |area: &f64| 1.0 - area } else { |area: &f64| *area };
        let sides: Vec<f64> = twin.iter().map(side).collect();
        let folded = areas.each_ref().map(|list| fold(mean(list)));
        println!(
            "{:28} {:>6.3} {:>6.3}-{:<7.3} {:>6.3} {:>6.3} {:>6.3} {:>7.1}",
            view.dao,
            folded[0],
            quantile(&sides, 0.0),
            quantile(&sides, 1.0),
            folded[1],
            folded[2],
            folded[3],
            support::processor_seconds() - begun
        );
        for (list, area) in of_seed.iter_mut().zip(twin.iter().rev()) {
            list.push(fold(*area));
        }
        for (list, area) in means.iter_mut().zip(folded) {
            list.push(area);
        }
        if explain {
            explained(&view, &sample, most / 4, &area)?;
        }
    }
    let medians: Vec<f64> = of_seed.iter().map(|list| quantile(list, 0.5)).collect();
    let [twin, halves, resampled, independent] = means.map(|list| quantile(&list, 0.5));
    println!(
        "{:28} {twin:>6.3} {:>6.3}-{:<7.3} {halves:>6.3} {resampled:>6.3} {independent:>6.3} {:>7.1}",
        "median",
        quantile(&medians, 0.0),
        quantile(&medians, 1.0),
        support::processor_seconds() - started
    );
    Ok(())
}
