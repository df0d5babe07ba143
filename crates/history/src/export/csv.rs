//! `csv`: a folder with one CSV file a table and a manifest; exact, so that it can be read back.
//!
//! Cells are as the sources spelled them: a text that begins with `=`, `+`, `-` or `@` is not changed, and a
//! spreadsheet that opens the file may take it for a formula. Import the columns as text there.

use std::io::{BufWriter, Write as _};
use std::path::Path;

use daotwin_core::Error as CoreError;
use daotwin_core::files::{PartialFolder, atomic_write_with};

use super::Exporter;
use crate::error::{Error, Result};
use crate::history::{History, TableEntry, write_manifest};
use crate::ingest::cells;
use crate::ingest::daotwin_csv::MANIFEST_FORMAT;

/// Writer of the CSV folder.
#[derive(Debug)]
pub struct Csv;

impl Exporter for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn description(&self) -> &'static str {
        "a folder of CSV files, one a table, beside `manifest.json`; exact; cells are not guarded against \
         spreadsheet formulas"
    }

    fn write(&self, history: &History, path: &Path) -> Result<()> {
        write(history, path)
    }
}

/// Writes the History as a new folder of `<table>.csv` files beside `manifest.json`. Times are ISO 8601,
/// amounts decimal numbers of tokens, lists JSON text. A null cell is empty, an empty text is `""`.
///
/// # Errors
/// [`CoreError::Exists`] if the folder is there and not empty; I/O failures; amounts over 128 bits.
pub fn write(history: &History, path: &Path) -> Result<()> {
    let folder = PartialFolder::create(path)?;
    let mut manifest = history.manifest().clone();
    MANIFEST_FORMAT.clone_into(&mut manifest.format);
    manifest.tables.clear();
    for (table, batch) in history.tables() {
        let file = folder.path().join(format!("{}.csv", table.name()));
        atomic_write_with(&file, |out| -> Result<()> {
            let io = |source| Error::from(CoreError::Io { action: "write", path: file.clone(), source });
            let mut out = BufWriter::with_capacity(1 << 16, out);
            let names: Vec<&str> = table.columns().iter().map(|column| column.name).collect();
            writeln!(out, "{}", names.join(",")).map_err(io)?;
            let (mut line, mut cell) = (String::new(), String::new());
            for row in 0..batch.num_rows() {
                line.clear();
                for (index, (column, array)) in table.columns().iter().zip(batch.columns()).enumerate() {
                    if index > 0 {
                        line.push(',');
                    }
                    cell.clear();
                    if cells::write(array, column.kind, row, history.decimals(), &mut cell)? {
                        quote(&cell, &mut line);
                    }
                }
                line.push('\n');
                out.write_all(line.as_bytes()).map_err(io)?;
            }
            out.flush().map_err(io)
        })?;
        manifest.tables.insert(table.name().to_owned(), TableEntry::of(table, batch.num_rows() as u64));
    }
    write_manifest(&folder, &manifest)?;
    folder.commit()?;
    Ok(())
}

/// Appends a cell, in quotes where it is empty or a separator, quote, line end or outer blank asks for them.
fn quote(cell: &str, line: &mut String) {
    let special = |char: char| matches!(char, ',' | '"' | '\n' | '\r');
    if !cell.is_empty() && !cell.contains(special) && cell.trim() == cell {
        line.push_str(cell);
        return;
    }
    line.push('"');
    line.push_str(&cell.replace('"', "\"\""));
    line.push('"');
}
