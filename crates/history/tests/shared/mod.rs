//! What the import tests share: where the data lies, and how a History is made from it.

#![allow(dead_code, reason = "every test file takes its part")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and says why it is skipped"
)]

use std::path::PathBuf;

use arrow::array::{Array, ArrayAccessor, AsArray, StringArray};
use arrow::datatypes::{Decimal256Type, Int32Type};
use daotwin_core::Run;
use daotwin_history::History;
use daotwin_history::ingest::{Options, ingest};
use daotwin_history::schema::Table;

/// Files of a folder of the shared data; `None`, saying so, where the data is not on this machine.
pub(crate) fn data(folder: &str, files: &[&str]) -> Option<Vec<PathBuf>> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(folder);
    if !root.is_dir() {
        println!("skipped: `{}` is not on this machine", root.display());
        return None;
    }
    Some(files.iter().map(|file| root.join(file)).collect())
}

/// Imports files of the shared data.
pub(crate) fn import(folder: &str, files: &[&str]) -> Option<History> {
    import_with(folder, files, &Options::default())
}

/// Imports files of the shared data with options.
pub(crate) fn import_with(folder: &str, files: &[&str], options: &Options) -> Option<History> {
    Some(ingest(&data(folder, files)?, options, &Run::default()).unwrap())
}

/// The rows set aside: (table, reason, rows).
pub(crate) fn aside(history: &History) -> Vec<(String, String, u64)> {
    let rows = history.manifest().set_aside.iter();
    rows.map(|row| (row.table.clone(), row.reason.clone(), row.rows)).collect()
}

/// The recorded scores of a proposal in base units; empty where it has none.
pub(crate) fn scores(history: &History, dao: &str, proposal: &str) -> Vec<i128> {
    let batch = history.table(Table::Proposals).unwrap();
    let ids = |name: &str| batch.column_by_name(name).unwrap().as_dictionary::<Int32Type>().clone();
    let (daos, proposals) = (ids("dao"), ids("proposal"));
    let (daos, proposals) =
        (daos.downcast_dict::<StringArray>().unwrap(), proposals.downcast_dict::<StringArray>().unwrap());
    let row = (0..batch.num_rows())
        .find(|&row| daos.value(row) == dao && proposals.value(row) == proposal)
        .unwrap();
    let scores = batch.column_by_name("scores").unwrap().as_list::<i32>();
    if scores.is_null(row) {
        return Vec::new();
    }
    let scores = scores.value(row);
    let scores = scores.as_primitive::<Decimal256Type>();
    scores.values().iter().map(|score| score.to_i128().unwrap()).collect()
}
