//! `daotwin-csv`: the folder of CSV files that daotwin exports, read back exactly.
//!
//! A cell without quotes and without text is null; `""` is an empty text. A file's header must be the
//! table's columns. `manifest.json` beside the files, where given, is checked against them.

use std::collections::BTreeMap;
use std::io::{BufReader, Bytes, Read};

use daotwin_core::{Error as CoreError, Run};

use super::cells::OwnedRow;
use super::rows::{check_rows, read_error};
use super::{Importer, Source};
use crate::builder::HistoryBuilder;
use crate::error::{Error, Result};
use crate::history::Manifest;
use crate::schema::Table;

const FORMAT: &str = "daotwin CSV";

/// What the manifest of an exported folder says in `format`.
pub(crate) const MANIFEST_FORMAT: &str = "daotwin-history-csv";

const STEP_ROWS: u64 = 8_192;

/// Reader of daotwin's own CSV folder.
#[derive(Debug)]
pub(crate) struct DaotwinCsv;

impl Importer for DaotwinCsv {
    fn name(&self) -> &'static str {
        "daotwin-csv"
    }

    fn description(&self) -> &'static str {
        "the folder that `daotwin export --format csv` writes: one CSV file a table of the History, with the \
         table's own columns, and `manifest.json`"
    }

    fn recognises(&self, source: &Source) -> bool {
        is_manifest(source) || table_of(source).is_some()
    }

    fn read(&self, sources: &[Source], builder: &mut HistoryBuilder, run: &Run) -> Result<()> {
        let mut promised = BTreeMap::new();
        for source in sources.iter().filter(|source| is_manifest(source)) {
            promised.extend(manifest(source, builder, run)?);
        }
        let mut problems = Vec::new();
        let mut read: BTreeMap<String, u64> = BTreeMap::new();
        for source in sources {
            if let Some(table) = table_of(source) {
                *read.entry(table.name().to_owned()).or_default() += table_rows(source, table, builder, run)?;
            }
        }
        for (table, rows) in promised {
            let found = read.get(&table).copied().unwrap_or(0);
            if found != rows {
                problems.push(format!(
                    "table `{table}` has {found} rows where `manifest.json` says {rows}; give all files of the \
                     export together"
                ));
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(Error::Problems { problems }) }
    }
}

fn is_manifest(source: &Source) -> bool {
    source.head().starts_with(b"{") && String::from_utf8_lossy(source.head()).contains(MANIFEST_FORMAT)
}

fn table_of(source: &Source) -> Option<Table> {
    let columns = source.csv_columns();
    Table::ALL.into_iter().find(|table| {
        columns.len() == table.columns().len()
            && columns.iter().zip(table.columns()).all(|(found, column)| found == column.name)
    })
}

/// The tables' row counts that an exported folder's manifest states.
fn manifest(source: &Source, builder: &HistoryBuilder, run: &Run) -> Result<BTreeMap<String, u64>> {
    let refuse = |reason: String| Error::Source { path: source.path().to_path_buf(), format: FORMAT, reason };
    let mut text = Vec::new();
    let limit = run.limits.max_file_bytes;
    let read = source.reader()?.take(limit + 1).read_to_end(&mut text);
    read.map_err(|error| read_error(source, FORMAT, &run.limits, error))?;
    if text.len() as u64 > limit {
        let what = format!("the size of `{}`", source.path().display());
        let found = text.len() as u64;
        return Err(CoreError::Limit { what, limit: "max_file_bytes", found, allowed: limit }.into());
    }
    let manifest: Manifest =
        serde_json::from_slice(&text).map_err(|error| refuse(format!("line {}: {error}", error.line())))?;
    if manifest.decimals > builder.decimals() {
        return Err(refuse(format!(
            "its amounts have {} decimals, and an import keeps {}",
            manifest.decimals,
            builder.decimals()
        )));
    }
    Ok(manifest.tables.into_iter().map(|(table, entry)| (table, entry.rows)).collect())
}

/// Reads a table's file; returns how many rows it has, those set aside among them.
fn table_rows(source: &Source, table: Table, builder: &mut HistoryBuilder, run: &Run) -> Result<u64> {
    let mut records = Records::open(source, run)?;
    let mut row = OwnedRow::new(table);
    let stage = format!("read {}", source.name());
    let mut rows = 0_u64;
    // The header.
    records.next()?;
    while records.next()? {
        if rows.is_multiple_of(STEP_ROWS) {
            run.step(&stage, rows, 0)?;
        }
        rows += 1;
        row.clear();
        match fill(&mut row, table, &records, builder, run) {
            Ok(()) => row.push(builder)?,
            Err(reason) => builder.set_aside(&source.name(), table, reason),
        }
        check_rows(builder, table)?;
    }
    Ok(rows)
}

fn fill(
    row: &mut OwnedRow,
    table: Table,
    records: &Records<'_>,
    builder: &HistoryBuilder,
    run: &Run,
) -> std::result::Result<(), &'static str> {
    if records.cells.len() != table.columns().len() {
        return Err("the row has more or fewer cells than the header");
    }
    for (column, cell) in records.cells.iter().enumerate() {
        if cell.quoted || !cell.bytes.is_empty() {
            let text = std::str::from_utf8(&cell.bytes).map_err(|_| "the row is not UTF-8")?;
            row.set(column, text, builder.decimals(), &run.limits)?;
        }
    }
    row.complete()
}

#[derive(Debug, Default)]
struct Cell {
    bytes: Vec<u8>,
    quoted: bool,
}

/// CSV records with the one distinction that common readers drop: whether a cell was quoted.
struct Records<'a> {
    source: &'a Source,
    run: &'a Run,
    bytes: Bytes<BufReader<Box<dyn Read + Send>>>,
    line: u64,
    cells: Vec<Cell>,
}

impl<'a> Records<'a> {
    fn open(source: &'a Source, run: &'a Run) -> Result<Self> {
        let bytes = BufReader::new(source.reader()?).bytes();
        Ok(Self { source, run, bytes, line: 1, cells: Vec::new() })
    }

    fn byte(&mut self) -> Result<Option<u8>> {
        let byte = self.bytes.next().transpose();
        byte.map_err(|error| read_error(self.source, FORMAT, &self.run.limits, error))
    }

    fn refuse(&self, what: &str) -> Error {
        let reason = format!("line {}: {what}; nothing was imported", self.line);
        Error::Source { path: self.source.path().to_path_buf(), format: FORMAT, reason }
    }

    /// Reads the next record into `cells`; false at the end of the file.
    fn next(&mut self) -> Result<bool> {
        self.cells.clear();
        let Some(mut byte) = self.byte()? else { return Ok(false) };
        let mut cell = Cell::default();
        let mut size = 0_u64;
        loop {
            size += 1;
            if size > self.run.limits.max_cell_bytes {
                return Err(CoreError::Limit {
                    what: format!("a row at line {} of `{}`", self.line, self.source.path().display()),
                    limit: "max_cell_bytes",
                    found: size,
                    allowed: self.run.limits.max_cell_bytes,
                }
                .into());
            }
            let mut next = None;
            match byte {
                b'"' if cell.bytes.is_empty() && !cell.quoted => {
                    cell.quoted = true;
                    loop {
                        let byte = self.byte()?.ok_or_else(|| self.refuse("a quoted cell is cut off"))?;
                        size += 1;
                        if size > self.run.limits.max_cell_bytes {
                            break;
                        }
                        if byte != b'"' {
                            self.line += u64::from(byte == b'\n');
                            cell.bytes.push(byte);
                            continue;
                        }
                        next = self.byte()?;
                        if next != Some(b'"') {
                            break;
                        }
                        cell.bytes.push(b'"');
                    }
                    if next.is_none() {
                        self.cells.push(cell);
                        return Ok(true);
                    }
                }
                b',' => self.cells.push(std::mem::take(&mut cell)),
                b'\r' => {}
                b'\n' => {
                    self.line += 1;
                    self.cells.push(cell);
                    return Ok(true);
                }
                _ if cell.quoted => return Err(self.refuse("text follows a quoted cell")),
                other => cell.bytes.push(other),
            }
            let next = match next {
                Some(next) => Some(next),
                None => self.byte()?,
            };
            let Some(next) = next else {
                self.cells.push(cell);
                return Ok(true);
            };
            byte = next;
        }
    }
}
