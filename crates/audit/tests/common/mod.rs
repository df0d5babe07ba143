//! Histories that are played on governors, and Histories held against each other.

#![allow(dead_code, clippy::unwrap_used, reason = "each test uses a part; tests fail by panicking")]

use std::collections::BTreeMap;
use std::path::Path;

use alloy_primitives::keccak256;
use arrow::array::ArrayRef;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use daotwin_audit::artifact::{self, Artifacts};
use daotwin_audit::traffic::chronicle::Chronicle;
use daotwin_audit::world::{Scenario, World};
use daotwin_core::{Limits, Run, Seed};
use daotwin_history::History;
use daotwin_history::builder::{Cell, HistoryBuilder, ProposalRow, VoteRow};
use daotwin_history::ingest::{Options, ingest};
use daotwin_history::schema::{Precision, Table};
use serde_json::Value;

/// The rows of every table, sorted, each cell in words.
pub(crate) fn rows(history: &History) -> BTreeMap<&'static str, Vec<String>> {
    let options = FormatOptions::default().with_null("none");
    let mut found = BTreeMap::new();
    for (table, batch) in history.tables() {
        // Times as seconds: only offsets can be shown, and they are in UTC.
        let plain = |column: &ArrayRef| match column.data_type() {
            DataType::Timestamp(..) => cast(column, &DataType::Int64).unwrap(),
            _ => column.clone(),
        };
        let cells: Vec<ArrayRef> = batch.columns().iter().map(plain).collect();
        let columns: Vec<_> =
            cells.iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &options).unwrap()).collect();
        let row = |row: usize| {
            let cells: Vec<String> = columns.iter().map(|column| column.value(row).to_string()).collect();
            cells.join(" | ")
        };
        let mut rows: Vec<String> = (0..batch.num_rows()).map(row).collect();
        rows.sort();
        if !rows.is_empty() {
            found.insert(table.name(), rows);
        }
    }
    found
}

/// Holds the History of logs, as `ingest` reads a node's answer, against the record of the same transactions; how many rows.
pub(crate) fn compare(chronicle: &Chronicle, answer: &Value) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let [logs, clock] = ["logs.json", "blocks.csv"].map(|name| folder.path().join(name));
    let write = |path: &Path, text: &str| daotwin_core::files::atomic_write(path, text.as_bytes()).unwrap();
    write(&logs, &answer.to_string());
    write(&clock, &chronicle.clock_table());
    let options = Options { dao: Some("the dao".to_owned()), ..Options::default() };
    let read = ingest(&[logs, clock], &options, &Run::default()).unwrap();
    let (read, mut own) = (rows(&read), rows(&chronicle.history));
    // Not every token logs what power its holders have; then nobody can read it.
    let powers = keccak256("DelegateVotesChanged(address,uint256,uint256)");
    if chronicle.logs.iter().all(|log| log.topics.first() != Some(&powers)) {
        own.remove("holdings");
    }
    assert_eq!(read.keys().collect::<Vec<_>>(), own.keys().collect::<Vec<_>>());
    for (table, rows) in &own {
        for (read, own) in read[table].iter().zip(rows) {
            assert_eq!(read, own, "{table}");
        }
        assert_eq!(read[table].len(), rows.len(), "{table}");
    }
    own.values().map(Vec::len).sum()
}

/// A governor beside the audit's cases, deployed by its scenario with other words in some places.
pub(crate) fn governor(name: &str, changes: &[(&str, &str)]) -> (World, Artifacts) {
    let folder = format!("{}/governors/{name}", env!("CARGO_MANIFEST_DIR"));
    let artifacts =
        artifact::read(Path::new(&format!("{folder}/Governor.json")), &Limits::default()).unwrap();
    let mut text = std::fs::read_to_string(format!("{folder}/audit.toml")).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let scenario = Scenario::read(&text, Path::new(&folder)).unwrap();
    (World::deploy(&scenario, &artifacts).unwrap(), artifacts)
}

/// So many proposals, each voted on for a thousand seconds by some of so many members, with transfers and delegations.
pub(crate) fn made(seed: u64, proposals: u64, members: u64, most: u64) -> History {
    let mut stream = Seed(seed).stream("made");
    let mut builder = HistoryBuilder::new(0, Limits::default());
    let labels = ["For", "Against", "Abstain"].map(str::to_owned);
    let name = |member: u64| format!("member {member}");
    for proposal in 0..proposals {
        let start = 1_600_000_000 + 2_000 * proposal as i64 + stream.below(600) as i64;
        let (id, author) = (format!("proposal {proposal}"), name(stream.below(members)));
        let row = ProposalRow {
            dao: "made",
            proposal: &id,
            author: Some(&author),
            choices: &labels,
            created_at: Some(start),
            start_at: Some(start),
            end_at: Some(start + 1_000),
            ..ProposalRow::default()
        };
        builder.table(Table::Proposals).push_proposal(&row).unwrap();
        for member in (0..members).filter(|_| stream.chance(0.6)).collect::<Vec<_>>() {
            let row = VoteRow {
                dao: "made",
                proposal: &id,
                member: &name(member),
                cast_at: Some(start + stream.below(1_000) as i64),
                precision: Precision::Second,
                choice: &[(1 + stream.weighted(&[0.6, 0.25, 0.15]) as i32, 1.0)],
                power: 1 + i128::from(stream.below(most)),
            };
            builder.table(Table::Votes).push_vote(&row).unwrap();
        }
        let at = Cell::Time(start + 300, Precision::Second);
        let (from, to) = (name(stream.below(members)), name(stream.below(members)));
        let transfer = [
            ("dao", Cell::Text("made")),
            ("at", at),
            ("from", Cell::Text(&from)),
            ("to", Cell::Text(&to)),
            ("amount", Cell::Amount(2)),
        ];
        builder.table(Table::Transfers).push_named(&transfer).unwrap();
        let delegation = [
            ("dao", Cell::Text("made")),
            ("at", at),
            ("delegator", Cell::Text("idler")),
            ("to_delegate", Cell::Text(&to)),
        ];
        builder.table(Table::Delegations).push_named(&delegation).unwrap();
    }
    builder.finish().unwrap()
}
