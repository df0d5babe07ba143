//! The constants of `compound-289`, derived again from the votes that they are from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use daotwin_simulation::engine::random::Key;
use daotwin_simulation::incidents::compound_289::delegates::{DELEGATES, MEAN_TURNOUT, PROPOSALS, WEEKEND};
use flate2::read::GzDecoder;

/// 2022-06-01, in seconds.
const JUNE: f64 = 1_654_041_600.0;
const DAY: f64 = 86_400.0;

fn rows(file: &str) -> Option<Vec<BTreeMap<String, String>>> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/governance-core"));
    let bytes = std::fs::File::open(folder.join(file)).ok()?;
    let mut reader = csv::Reader::from_reader(GzDecoder::new(bytes));
    let all = reader.deserialize().map(|row: Result<BTreeMap<String, String>, _>| row.unwrap());
    Some(all.filter(|row| row["dao_id"] == "compound-bravo").collect())
}

/// A proposal's ballots: who, and with what power.
type Ballots<'a> = Vec<(&'a str, f64)>;

/// Of the power voting on each proposal, forecast from who voted on the 28 before it: whether the 5-95 % range holds it,
/// and forecast mean by record.
fn forecasts(proposals: &[Ballots<'_>]) -> Vec<(bool, f64)> {
    let window = PROPOSALS as usize;
    (window..proposals.len())
        .map(|place| {
            let mut powers: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
            let before = proposals[place - window..place].iter().flatten();
            before.for_each(|&(voter, power)| powers.entry(voter).or_default().push(power));
            let mut totals: Vec<f64> = (0..500)
                .map(|replicate| {
                    let key = Key::new(11, replicate, place as u64, 0);
                    let votes =
                        |member: u32, times: usize| key.uniform(member) < times as f64 / window as f64;
                    let voting =
                        (0..).zip(powers.values()).filter(|(member, powers)| votes(*member, powers.len()));
                    voting.map(|(_, powers)| mean(powers)).sum()
                })
                .collect();
            totals.sort_by(f64::total_cmp);
            let record: f64 = proposals[place].iter().map(|ballot| ballot.1).sum();
            ((totals[25]..=totals[474]).contains(&record), mean(&totals) / record)
        })
        .collect()
}

/// Whether at least half of the time between is on a Saturday or a Sunday (1970-01-01 was a Thursday).
fn over_weekend(start: f64, end: f64) -> bool {
    let weekend = |share: f64| {
        let day = ((start + (end - start) * share) / DAY).floor() as i64;
        matches!((day + 3).rem_euclid(7), 5 | 6)
    };
    (0..100).filter(|&part| weekend((f64::from(part) + 0.5) / 100.0)).count() >= 50
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn deviation(values: &[f64]) -> f64 {
    let center = mean(values);
    (values.iter().map(|value| (value - center).powi(2)).sum::<f64>() / (values.len() - 1) as f64).sqrt()
}

#[test]
fn delegates_of_compound_are_those_of_its_votes() {
    let (Some(proposals), Some(votes)) = (rows("proposals.csv.gz"), rows("votes.csv.gz")) else {
        println!("skipped: the shared folder with `governance-core` is not there");
        return;
    };
    let number = |row: &BTreeMap<String, String>, column: &str| row[column].parse::<f64>().unwrap();
    let mut ballots: BTreeMap<&str, Vec<(&str, f64)>> = BTreeMap::new();
    for vote in &votes {
        ballots.entry(&vote["proposal_id"]).or_default().push((&vote["voter"], number(vote, "vp")));
    }
    let held = proposals.iter().filter(|proposal| proposal["state"] != "canceled");
    let held: Vec<_> =
        held.filter(|proposal| ballots.contains_key(proposal["proposal_id"].as_str())).collect();
    let total = |id: &str| ballots[id].iter().map(|ballot| ballot.1).sum::<f64>();
    let (mut weekend, mut weekday, mut recent) = (Vec::new(), Vec::new(), Vec::new());
    let mut powers: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for &proposal in &held {
        let (id, start) = (proposal["proposal_id"].as_str(), number(proposal, "start"));
        let side = if over_weekend(start, number(proposal, "end")) { &mut weekend } else { &mut weekday };
        side.push(total(id));
        if start >= JUNE {
            recent.push(total(id));
            ballots[id].iter().for_each(|&(voter, power)| powers.entry(voter).or_default().push(power));
        }
    }
    assert_eq!(recent.len(), PROPOSALS as usize);
    assert!((mean(&recent) - MEAN_TURNOUT).abs() < 1.0);
    let ratio = mean(&weekend) / mean(&weekday);
    let error = (deviation(&weekend) / mean(&weekend)).powi(2) / weekend.len() as f64
        + (deviation(&weekday) / mean(&weekday)).powi(2) / weekday.len() as f64;
    println!("weekend by weekday: {ratio:.3}, standard error {:.3}", ratio * error.sqrt());
    assert!((ratio - WEEKEND).abs() < 5e-4, "{ratio}");
    let mut found: Vec<(f64, u32)> = powers
        .values()
        .map(|powers| (mean(powers).round(), powers.len() as u32))
        .filter(|&(power, _)| power >= 1_000.0)
        .collect();
    let order = |left: &(f64, u32), right: &(f64, u32)| right.0.total_cmp(&left.0).then(right.1.cmp(&left.1));
    found.sort_by(order);
    let mut listed = DELEGATES.to_vec();
    listed.sort_by(order);
    assert_eq!(found, listed);

    // Delegates who vote each for itself turn out on average as recorded, and spread a little less.
    let simulated: Vec<f64> = (0..4_000)
        .map(|replicate| {
            let key = Key::new(7, replicate, 0, 0);
            let votes =
                |member: u32, votes: u32| key.uniform(member) < f64::from(votes) / f64::from(PROPOSALS);
            (0..)
                .zip(DELEGATES)
                .filter(|&(member, &(_, n))| votes(member, n))
                .map(|(_, &(power, _))| power)
                .sum()
        })
        .collect();
    let spread = deviation(&simulated) / deviation(&recent);
    println!(
        "turnout {:.0} against {:.0}; spread {spread:.2} of the recorded",
        mean(&simulated),
        mean(&recent)
    );
    // 4,000 draws of a spread of some 200,000 miss their mean of 677,718 by 16,000 with probability below 1e-6.
    assert!((mean(&simulated) - mean(&recent)).abs() < 16_000.0);
    assert!((0.6..1.1).contains(&spread));

    // Out of sample: each proposal from those before it. Independent delegates are a little too sure of themselves.
    let mut in_time = held;
    in_time.sort_by(|left, right| number(left, "start").total_cmp(&number(right, "start")));
    let in_time: Vec<Ballots<'_>> =
        in_time.iter().map(|proposal| ballots[proposal["proposal_id"].as_str()].clone()).collect();
    let forecasts = forecasts(&in_time);
    let inside = forecasts.iter().filter(|forecast| forecast.0).count() as f64 / forecasts.len() as f64;
    let mut ratios: Vec<f64> = forecasts.iter().map(|forecast| forecast.1).collect();
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios[ratios.len() / 2];
    println!(
        "of {} forecasts 90 % ranges hold {:.0} %; median of mean by record {ratio:.2}",
        forecasts.len(),
        100.0 * inside
    );
    assert!(inside > 0.6 && (0.8..1.3).contains(&ratio));
}
