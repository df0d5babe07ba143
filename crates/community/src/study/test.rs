#![cfg(test)]

use daotwin_core::{Limits, Run, Seed};
use daotwin_history::builder::{HistoryBuilder, VoteRow};
use daotwin_history::schema::{Precision, Table};

use super::*;
use crate::stream::{baseline, to_history};

fn quick() -> Options {
    Options { draws: 3, runs: 4, weeks: 20, campaigns: 2, ..Options::default() }
}

#[test]
fn a_community_is_studied_whole_and_the_same_twice() {
    let history = to_history(&baseline(80, 130, Seed(4)), "dao").unwrap();
    let found = study(&history, &quick(), &Run::default()).unwrap();
    assert!(found.facts.len() >= 9 && found.ties.is_some() && found.climate.is_some());
    assert_eq!(
        (found.interventions.len(), found.spread.len()),
        (INTERVENTIONS.len(), contagion::MODELS.len())
    );
    assert!(found.recommendation.is_some(), "{:?}", found.missing);
    let times = found.times.as_ref().unwrap();
    // The wrong model, without excitement, is told from the right kind.
    assert!(times.branching > 0.2 && times.calm.probability < 1e-6, "{times:?}");
    assert!(times.fitted.distance < 0.5 * times.calm.distance, "{times:?}");
    let document = found.document();
    let ids: Vec<&str> = document.sections.iter().map(|section| section.id.as_str()).collect();
    assert_eq!(ids, ["summary", "stream", "ties", "times", "moods", "help", "mitigation"]);
    let again = study(&history, &quick(), &Run::default()).unwrap();
    assert_eq!(serde_json::to_string(&found).unwrap(), serde_json::to_string(&again).unwrap());
}

#[test]
fn ballots_alone_tell_ties_and_times() {
    let mut builder = HistoryBuilder::new(18, Limits::default());
    for proposal in 0..12_i64 {
        for voter in 0..20_i64 {
            builder
                .table(Table::Votes)
                .push_vote(&VoteRow {
                    dao: "dao",
                    proposal: &format!("p{proposal}"),
                    member: &format!("m{voter}"),
                    cast_at: Some(1_700_000_000 + proposal * 86_400 + voter * voter * 37),
                    precision: Precision::Second,
                    choice: &[(1 + i32::from(voter % 2 == 0), 1.0)],
                    power: 1,
                })
                .unwrap();
        }
        let id = format!("p{proposal}");
        let row = daotwin_history::builder::ProposalRow { dao: "dao", proposal: &id, ..Default::default() };
        builder.table(Table::Proposals).push_proposal(&row).unwrap();
    }
    let found = study(&builder.finish().unwrap(), &quick(), &Run::default()).unwrap();
    let ties = found.ties.as_ref().unwrap();
    // Two camps of ten who always agree.
    assert_eq!((ties.nodes, ties.edges), (20, 90));
    assert_eq!(found.times.as_ref().unwrap().of, "ballots");
    assert!(found.model.is_none() && found.interventions.is_empty() && !found.missing.is_empty());
    let empty = HistoryBuilder::new(18, Limits::default()).finish().unwrap();
    assert!(study(&empty, &quick(), &Run::default()).is_err());
}

#[test]
fn every_bad_option_is_told() {
    let bad =
        Options { draws: 1, runs: 0, weeks: 3, campaigns: 1, tolerance: f64::NAN, ..Options::default() };
    let history = to_history(&baseline(10, 2, Seed(1)), "dao").unwrap();
    let told = study(&history, &bad, &Run::default()).unwrap_err().to_string();
    for name in ["draws", "runs", "weeks", "campaigns", "tolerance"] {
        assert!(told.contains(&format!("`{name}` is")), "{told}");
    }
    assert!(study(&history, &Options { dao: Some("other".to_owned()), ..quick() }, &Run::default()).is_err());
}
