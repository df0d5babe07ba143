//! Exported and read back, a History is the same: every table, row by row, and its fingerprint.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod shared;

use std::path::PathBuf;

use daotwin_core::Run;
use daotwin_history::builder::{Cell, HistoryBuilder};
use daotwin_history::export::{EXPORTERS, csv, snapshot_json};
use daotwin_history::ingest::{Options, ingest};
use daotwin_history::schema::{Precision, Table};
use daotwin_history::{History, ingest::IMPORTERS};
use shared::import;

fn again(path: PathBuf) -> History {
    ingest(&[path], &Options::default(), &Run::default()).unwrap()
}

fn assert_same(history: &History, other: &History) {
    assert_eq!(shared::aside(other), []);
    for table in Table::ALL {
        assert_eq!(history.table(table), other.table(table), "{}", table.name());
    }
    assert_eq!(history.fingerprint().unwrap(), other.fingerprint().unwrap());
}

fn round_trip(history: &History) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("csv");
    csv::write(history, &path).unwrap();
    assert_same(history, &again(path));
    let path = folder.path().join("history.json");
    snapshot_json::write(history, &path).unwrap();
    assert_same(history, &again(path));
    let path = folder.path().join("parquet");
    history.write(&path).unwrap();
    assert_same(history, &History::read(&path, &Run::default()).unwrap());
}

#[test]
fn governance_core() {
    let files = ["daos.csv.gz", "members.csv.gz", "proposals.csv.gz", "votes.csv.gz"];
    let Some(history) = import("governance-core", &files) else { return };
    round_trip(&history);
}

#[test]
fn snapshot_graphql() {
    let files =
        ["ens_eth_proposals.json.gz", "ens_smallgrants_proposals.json.gz", "ens_smallgrants_votes.json.gz"];
    let Some(history) = import("snapshot-graphql", &files) else { return };
    round_trip(&history);
}

#[test]
fn decentraland() {
    let names = ["grants", "members", "proposals", "transactions_2024", "votes"];
    let files: Vec<String> = names.iter().map(|name| format!("{name}.csv.gz")).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let Some(mut history) = import("decentraland", &files) else { return };
    // What was set aside is no part of the tables.
    history.manifest_mut().set_aside.clear();
    round_trip(&history);
}

#[test]
fn hostile_texts_survive_csv() {
    let mut builder = HistoryBuilder::new(18, Run::default().limits);
    let texts =
        ["=1+1", "", " ", "a,b", "\"", "line\nline\r\n", "\u{feff}x", "null", "é😀", "'", "\\N", "@cmd"];
    for (index, text) in texts.into_iter().enumerate() {
        let message = index.to_string();
        let named = [
            ("dao", Cell::Text("d")),
            ("message", Cell::Text(&message)),
            ("at", Cell::Time(-62_167_219_201 + index as i64 * 7_000_000_000, Precision::Day)),
            ("sentiment", Cell::Float(0.1 + index as f64)),
            ("text", Cell::Text(text)),
        ];
        builder.table(Table::Messages).push_named(&named).unwrap();
        builder.table(Table::Messages).push_named(&named[..2]).unwrap();
    }
    let labels = texts.map(str::to_owned);
    builder
        .table(Table::Proposals)
        .push_named(&[
            ("dao", Cell::Text("d")),
            ("proposal", Cell::Text("p,\"1")),
            ("choices", Cell::Choices(&labels)),
            ("scores", Cell::Amounts(&[0, 1, i128::pow(10, 37) - 1])),
        ])
        .unwrap();
    builder
        .table(Table::Votes)
        .push_named(&[
            ("dao", Cell::Text("d")),
            ("proposal", Cell::Text("p,\"1")),
            ("member", Cell::Text("m")),
            ("choice", Cell::Choice(&[(3, 0.1), (1, 1e-9)])),
            ("power", Cell::Amount(1)),
        ])
        .unwrap();
    let history = builder.finish().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("csv");
    csv::write(&history, &path).unwrap();
    assert_same(&history, &again(path.clone()));

    // A file that lost a row is noticed by the manifest.
    let file = path.join("messages.csv");
    let text = std::fs::read_to_string(&file).unwrap();
    let shorter = text.trim_end().rsplit_once('\n').unwrap().0;
    daotwin_core::files::atomic_write(&file, shorter.as_bytes()).unwrap();
    let error = ingest(&[path], &Options::default(), &Run::default()).unwrap_err();
    assert!(error.to_string().contains("`messages`"), "{error}");
}

#[test]
fn every_export_has_a_name_and_can_be_read() {
    for exporter in EXPORTERS {
        assert!(!exporter.description().is_empty());
        let read = exporter.name() == "parquet"
            || IMPORTERS.iter().any(|importer| importer.name().ends_with(exporter.name()));
        assert!(read, "{}", exporter.name());
    }
}
