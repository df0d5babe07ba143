//! A column mapping end to end, and the constraints with rows that break them.

#![expect(clippy::unwrap_used, reason = "a test stops where its ground is missing")]

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use daotwin_core::Run;
use daotwin_core::files::atomic_write;
use daotwin_history::builder::{Cell, HistoryBuilder, ProposalRow, VoteRow};
use daotwin_history::constraints::{Severity, check, inspect};
use daotwin_history::ingest::{Options, ingest};
use daotwin_history::schema::Precision;
use daotwin_history::view::DaoView;
use daotwin_history::{History, Table};

fn import(files: &[(&str, &[u8])], mapping: &str) -> History {
    let folder = tempfile::tempdir().unwrap();
    let toml = folder.path().join("mapping.toml");
    atomic_write(&toml, mapping.as_bytes()).unwrap();
    let paths: Vec<PathBuf> = files
        .iter()
        .map(|(name, content)| {
            let path = folder.path().join(name);
            atomic_write(&path, content).unwrap();
            path
        })
        .collect();
    let options = Options { mapping: Some(toml), ..Options::default() };
    ingest(&paths, &options, &Run::default()).unwrap()
}

#[test]
fn a_csv_with_labels_and_its_own_delimiter() {
    let csv = "when;poll;who;answer;balance\n\
               2024-05-31T12:00:00Z;p1;0xABCDEFabcdef0123456789012345678901234567;Red;1500000\n\
               2024-05-31;p1;bob;Blue;2000000\n\
               2024-06-01 00:00:00;p1;eve;Red;-3\n";
    let mapping = "[votes]\nfile = \"ballots*.csv\"\ndelimiter = \";\"\ntime = \"iso\"\nchoice = \"label\"\nunit = \"wei\"\ndecimals = 6\n[votes.columns]\nproposal = \"poll\"\nmember = \"who\"\ncast_at = \"when\"\nchoice = \"answer\"\npower = \"balance\"\n[votes.constants]\ndao = \"guild\"\n";
    let history = import(&[("ballots-1.csv", csv.as_bytes())], mapping);
    let view = DaoView::one(&history, Some("guild")).unwrap();
    let votes: Vec<_> =
        view.votes.iter().map(|vote| (vote.choice, view.tokens(vote), vote.precision)).collect();
    assert_eq!(votes, [(2, 2.0, Precision::Day), (1, 1.5, Precision::Second)]);
    assert_eq!(view.proposals[0].choices, 2);
    assert!(view.members.contains(&"0xabcdefabcdef0123456789012345678901234567".to_owned()));
    assert_eq!(history.manifest().set_aside[0].reason, "amount is negative");
    assert_eq!(check(&history, &Run::default()).unwrap(), []);
}

#[test]
fn parquet_proposals_and_votes() {
    let write = |columns: Vec<(&str, ArrayRef)>| {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut bytes = Vec::new();
        let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        bytes
    };
    let proposals = write(vec![
        ("id", Arc::new(Int64Array::from(vec![1, 2]))),
        ("options", Arc::new(StringArray::from(vec!["[\"yes\",\"no\"]", "[\"a\",\"b\",\"c\"]"]))),
    ]);
    let votes = write(vec![
        ("proposal", Arc::new(Int64Array::from(vec![1, 2, 2]))),
        ("voter", Arc::new(StringArray::from(vec!["x", "x", "y"]))),
        ("vote", Arc::new(StringArray::from(vec!["2", "{\"1\":3,\"3\":1}", "{\"9\":\"x\"}"]))),
        (
            "at",
            Arc::new(
                arrow::array::TimestampMillisecondArray::from(vec![7_000, 8_000, 9_000]).with_timezone("UTC"),
            ),
        ),
        ("vp", Arc::new(Float64Array::from(vec![0.5, 2.0, 1.0]))),
    ]);
    let mapping = "[proposals]\nfile = \"p.parquet\"\n[proposals.columns]\nproposal = \"id\"\nchoices = \"options\"\n[proposals.constants]\ndao = \"d\"\n[votes]\nfile = \"v.parquet\"\nchoice = \"json\"\n[votes.columns]\nproposal = \"proposal\"\nmember = \"voter\"\ncast_at = { column = \"at\", time = \"iso\" }\nchoice = \"vote\"\npower = \"vp\"\n[votes.constants]\ndao = \"d\"\n";
    let history = import(&[("p.parquet", &proposals), ("v.parquet", &votes)], mapping);
    let view = DaoView::one(&history, None).unwrap();
    assert_eq!(view.votes.len(), 2);
    assert_eq!(view.entries(&view.votes[1]), [(1, 3.0), (3, 1.0)]);
    assert_eq!((view.tokens(&view.votes[0]), view.votes[0].at), (0.5, Some(7)));
    assert!(history.manifest().set_aside[0].reason.contains("weight"));
}

#[test]
fn every_broken_rule_is_told() {
    let mut builder = HistoryBuilder::new(0, daotwin_core::Limits::default());
    builder.table(Table::Daos).push_named(&[("dao", Cell::Text("d"))]).unwrap();
    builder
        .table(Table::Members)
        .push_named(&[("dao", Cell::Text("d")), ("member", Cell::Text("m"))])
        .unwrap();
    let choices = ["a".to_owned(), "b".to_owned()];
    let proposal = |id, system, start, end, scores| ProposalRow {
        dao: "d",
        proposal: id,
        voting_system: Some(system),
        choices: &choices,
        created_at: Some(50),
        start_at: Some(start),
        end_at: Some(end),
        scores,
        ..ProposalRow::default()
    };
    for row in [
        proposal("good", "single-choice", 100, 200, &[5, 0][..]),
        proposal("ranked", "ranked-choice", 100, 200, &[]),
        proposal("backwards", "single-choice", 40, 30, &[1]),
        proposal("good", "single-choice", 100, 200, &[]),
    ] {
        builder.table(Table::Proposals).push_proposal(&row).unwrap();
    }
    let mut vote = |proposal, member, at, choice: &[(i32, f64)], power| {
        let precision = Precision::Second;
        let row = VoteRow { dao: "d", proposal, member, cast_at: Some(at), precision, choice, power };
        builder.table(Table::Votes).push_vote(&row).unwrap();
    };
    vote("good", "m", 150, &[(1, 1.0)], 4);
    vote("good", "m", 99, &[(2, 1.0)], 4);
    vote("good", "stranger", 201, &[(3, 1.0)], -1);
    vote("nowhere", "m", 150, &[(1, f64::NAN)], 1);
    vote("ranked", "m", 150, &[(2, 1.0), (2, 1.0)], 1);
    let history = builder.finish().unwrap();
    let violations = check(&history, &Run::default()).unwrap();
    let told: Vec<_> = violations.iter().map(|found| (found.constraint, found.first_rows.clone())).collect();
    assert_eq!(
        told,
        [
            ("proposals.key", vec![3]),
            ("proposals.created", vec![2]),
            ("proposals.window", vec![2]),
            ("proposals.score_a_choice", vec![2]),
            ("proposals.scores", vec![0]),
            ("votes.proposal", vec![3]),
            ("votes.member", vec![2]),
            ("votes.one_ballot", vec![1]),
            ("votes.window", vec![1, 2]),
            ("votes.power", vec![2]),
            ("votes.choice", vec![2]),
            ("votes.weights", vec![3]),
            ("votes.ranking", vec![4]),
        ]
    );
    assert!(violations.iter().all(|found| found.severity == Severity::Error));
    let document = inspect(&history, &Run::default()).unwrap();
    let text = format!("{document:?}");
    assert!(text.contains("votes.window") && !text.contains("stranger"), "{text}");
}

#[test]
fn a_million_votes_are_checked_fast() {
    let mut builder = HistoryBuilder::new(18, daotwin_core::Limits::default());
    builder.table(Table::Daos).push_named(&[("dao", Cell::Text("d"))]).unwrap();
    let choices = ["a".to_owned(), "b".to_owned()];
    for member in 0..10_000 {
        let name = format!("m{member}");
        builder
            .table(Table::Members)
            .push_named(&[("dao", Cell::Text("d")), ("member", Cell::Text(&name))])
            .unwrap();
    }
    for proposal in 0..100 {
        let id = format!("p{proposal}");
        let row = ProposalRow {
            dao: "d",
            proposal: &id,
            choices: &choices,
            start_at: Some(0),
            end_at: Some(1_000_000),
            scores: &[10_000, 0],
            ..ProposalRow::default()
        };
        builder.table(Table::Proposals).push_proposal(&row).unwrap();
        for member in 0..10_000 {
            let row = VoteRow {
                dao: "d",
                proposal: &id,
                member: &format!("m{member}"),
                cast_at: Some(member),
                precision: Precision::Second,
                choice: &[(1, 1.0)],
                power: 1,
            };
            builder.table(Table::Votes).push_vote(&row).unwrap();
        }
    }
    let history = builder.finish().unwrap();
    let start = std::time::Instant::now();
    assert_eq!(check(&history, &Run::default()).unwrap(), []);
    let took = start.elapsed();
    println!("checked in {took:?}");
    assert!(took < std::time::Duration::from_secs(10), "{took:?}");
}
