//! Snapshot's voting types on proposals that were really voted on: scores counted from their votes beside those that
//! Snapshot recorded. The order of votes in which Snapshot summed is not recorded, so last digits may differ.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says why it is skipped"
)]

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;

use daotwin_simulation::governance::registry::find;
use flate2::read::MultiGzDecoder;
use serde_json::{Value, json};

/// A file of the shared data, if it is there.
fn shared(name: &str) -> Option<MultiGzDecoder<File>> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(name);
    let file = File::open(&path).ok();
    if file.is_none() {
        eprintln!("skipped: there is no `{}`", path.display());
    }
    file.map(MultiGzDecoder::new)
}

/// The rule that counts a type of Snapshot.
fn rule(kind: &str) -> String {
    let name = kind.split('-').next().unwrap();
    format!("snapshot-{name}")
}

fn close(found: f64, recorded: f64, total: f64) -> bool {
    (found - recorded).abs() <= 1e-12 * total.max(1.0)
}

#[test]
fn scores_of_small_grants_are_the_recorded_ones() {
    let read = |name: &str, list: &str| {
        let file = shared(&format!("snapshot-graphql/ens_smallgrants_{name}.json.gz"))?;
        let value: Value = serde_json::from_reader(file).unwrap();
        Some(value["data"][list].as_array().unwrap().clone())
    };
    let (Some(proposals), Some(votes)) = (read("proposals", "proposals"), read("votes", "votes")) else {
        return;
    };
    let mut ballots: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for vote in &votes {
        let ballot = json!({"choice": vote["choice"], "power": vote["vp"]});
        ballots.entry(vote["proposal"]["id"].as_str().unwrap()).or_default().push(ballot);
    }
    let mut counted: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut problems = Vec::new();
    for proposal in &proposals {
        let rule = rule(proposal["type"].as_str().unwrap());
        let ballots = &ballots[proposal["id"].as_str().unwrap()];
        let choices = proposal["choices"].as_array().unwrap().len();
        let outcome = find(&rule).unwrap().decide(&json!({"choices": choices, "ballots": ballots})).unwrap();
        let total = proposal["scores_total"].as_f64().unwrap();
        let recorded = proposal["scores"].as_array().unwrap().iter().map(|score| score.as_f64().unwrap());
        let found = outcome["scores"].as_array().unwrap().iter().map(|score| score.as_f64().unwrap());
        let mut pairs = found.zip(recorded).chain([(outcome["scores_total"].as_f64().unwrap(), total)]);
        let (done, votes) = counted.entry(rule).or_default();
        *done += 1;
        *votes += ballots.len();
        if let Some((found, recorded)) = pairs.find(|&(found, recorded)| !close(found, recorded, total)) {
            problems.push(format!("{}: {found} is recorded as {recorded}", proposal["title"]));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert_eq!(counted.values().map(|&(done, _)| done).sum::<usize>(), 24);
    assert_eq!(counted.values().map(|&(_, votes)| votes).sum::<usize>(), 1_562);
}

#[test]
fn totals_and_leads_of_large_spaces_are_the_recorded_ones() {
    let (Some(proposals), Some(votes)) =
        (shared("snapshot-mixed/proposals.csv.gz"), shared("snapshot-mixed/votes.csv.gz"))
    else {
        return;
    };
    let mut ballots: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for row in csv::Reader::from_reader(votes).records() {
        let row = row.unwrap();
        let choice: Value = serde_json::from_str(&row[4].replace('\'', "\"")).unwrap();
        let power: f64 = row[3].parse().unwrap();
        ballots.entry(row[1].to_owned()).or_default().push(json!({"choice": choice, "power": power}));
    }
    let (mut done, mut problems) = (BTreeMap::<String, usize>::new(), Vec::new());
    for row in csv::Reader::from_reader(proposals).records() {
        let row = row.unwrap();
        let Some(ballots) = ballots.get(&row[2]) else { continue };
        let rule = rule(&row[4]);
        // The number of choices is not recorded; more of them have no votes.
        let outcome = find(&rule).unwrap().decide(&json!({"choices": 20, "ballots": ballots})).unwrap();
        let (total, lead): (f64, f64) = (row[9].parse().unwrap(), row[11].parse().unwrap());
        let found = outcome["scores_total"].as_f64().unwrap();
        let highest = outcome["scores"].as_array().unwrap().iter().map(|score| score.as_f64().unwrap());
        let share = highest.fold(0.0, f64::max) / found * 100.0;
        // Recorded to a tenth.
        if !close(found, total, total) || (share - lead).abs() > 0.0501 {
            problems.push(format!("{}: {found} {share:.3}, recorded {total} {lead}", &row[3]));
        }
        *done.entry(rule).or_default() += 1;
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert_eq!(done.values().sum::<usize>(), 19);
}
