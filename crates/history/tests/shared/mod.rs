//! What the import tests share: where the data lies, and how a History is made from it.

#![allow(dead_code, reason = "every test file takes its part")]

use std::path::PathBuf;

use daotwin_core::Run;
use daotwin_history::History;
use daotwin_history::ingest::{Options, ingest};

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
