//! Writing a History in formats that others read. One file a format; each can be read back by the importer
//! of the same shape.

pub mod csv;
pub mod snapshot_json;

use std::path::Path;

use crate::error::Result;
use crate::history::History;

/// A writer of one format. Adding one: a file in this folder and a line in [`EXPORTERS`].
pub trait Exporter: Sync {
    /// The format's stable name: `csv`.
    fn name(&self) -> &'static str;

    /// What it writes, in a sentence.
    fn description(&self) -> &'static str;

    /// Writes the History to a new file or folder: whole or not at all.
    ///
    /// # Errors
    /// I/O failures; the destination exists, where it is a folder.
    fn write(&self, history: &History, path: &Path) -> Result<()>;
}

/// The known formats.
pub const EXPORTERS: &[&dyn Exporter] = &[&Parquet, &csv::Csv, &snapshot_json::SnapshotJson];

/// The History's own folder.
#[derive(Debug)]
pub struct Parquet;

impl Exporter for Parquet {
    fn name(&self) -> &'static str {
        "parquet"
    }

    fn description(&self) -> &'static str {
        "the History's own folder: `<table>.parquet` beside `manifest.json`; exact"
    }

    fn write(&self, history: &History, path: &Path) -> Result<()> {
        history.write(path)
    }
}
