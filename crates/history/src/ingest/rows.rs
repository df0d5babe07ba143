//! CSV files row by row, with the limits that outside files are read under.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use csv::ByteRecord;
use daotwin_core::{Error as CoreError, Limits, Run};

use super::Source;
use crate::builder::HistoryBuilder;
use crate::error::{Error, Result};
use crate::schema::Table;

/// How many rows pass between two looks at the cancel flag.
const STEP_ROWS: u64 = 8_192;

/// Turns what a source's reader answered into the room's error: a limit, a damaged file, or the operating
/// system's refusal.
pub(crate) fn read_error(source: &Source, format: &'static str, limits: &Limits, error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::FileTooLarge {
        return CoreError::Limit {
            what: format!("the decoded size of `{}`", source.path().display()),
            limit: "max_decoded_bytes",
            found: limits.max_decoded_bytes.saturating_add(1),
            allowed: limits.max_decoded_bytes,
        }
        .into();
    }
    if error.raw_os_error().is_some() {
        return CoreError::Io { action: "read", path: source.path().to_path_buf(), source: error }.into();
    }
    let reason = format!("the packed bytes are damaged or cut off ({error}); fetch the file again");
    Error::Source { path: source.path().to_path_buf(), format, reason }
}

/// Refuses a table that would grow over `max_rows`.
pub(crate) fn check_rows(builder: &HistoryBuilder, table: Table) -> Result<()> {
    let (found, allowed) = (builder.rows(table) as u64, builder.limits().max_rows);
    if found > allowed {
        return Err(CoreError::Limit {
            what: format!("the row count of table `{}`", table.name()),
            limit: "max_rows",
            found,
            allowed,
        }
        .into());
    }
    Ok(())
}

/// Counts the bytes of the record being read, so that an unclosed quote cannot swallow the whole file.
struct Guard {
    inner: Box<dyn Read + Send>,
    bytes: Rc<Cell<u64>>,
    allowed: u64,
}

impl Read for Guard {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.bytes.get() > self.allowed {
            return Err(io::Error::other("a row is over the limit `max_cell_bytes`"));
        }
        let read = self.inner.read(buffer)?;
        self.bytes.set(self.bytes.get() + read as u64);
        Ok(read)
    }
}

/// A CSV file with a header row.
pub(crate) struct Rows<'a> {
    source: &'a Source,
    format: &'static str,
    stage: String,
    limits: Limits,
    reader: csv::Reader<Guard>,
    columns: Vec<String>,
    record: ByteRecord,
    bytes: Rc<Cell<u64>>,
    count: u64,
}

impl<'a> Rows<'a> {
    /// Opens the file and reads its header.
    pub(crate) fn open(source: &'a Source, format: &'static str, run: &Run) -> Result<Self> {
        Self::open_delimited(source, format, b',', run)
    }

    /// Like [`Rows::open`], for cells that another character separates.
    pub(crate) fn open_delimited(
        source: &'a Source,
        format: &'static str,
        delimiter: u8,
        run: &Run,
    ) -> Result<Self> {
        let limits = run.limits;
        let bytes = Rc::new(Cell::new(0));
        let guard = Guard { inner: source.reader()?, bytes: bytes.clone(), allowed: limits.max_cell_bytes };
        let reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(guard);
        let mut rows = Self {
            source,
            format,
            stage: format!("read {}", source.name()),
            limits,
            reader,
            columns: Vec::new(),
            record: ByteRecord::new(),
            bytes,
            count: 0,
        };
        let header = rows.reader.byte_headers().cloned().map_err(|error| rows.error(error))?;
        if header.len() as u64 > limits.max_columns {
            return Err(CoreError::Limit {
                what: format!("the column count of `{}`", source.path().display()),
                limit: "max_columns",
                found: header.len() as u64,
                allowed: limits.max_columns,
            }
            .into());
        }
        rows.columns = header
            .iter()
            .map(|name| String::from_utf8_lossy(name).trim_start_matches('\u{feff}').trim().to_owned())
            .collect();
        Ok(rows)
    }

    fn error(&self, error: csv::Error) -> Error {
        let position = error.position().map_or_else(|| self.reader.position().line(), csv::Position::line);
        match error.into_kind() {
            csv::ErrorKind::Io(error) if error.to_string().contains("max_cell_bytes") => CoreError::Limit {
                what: format!("a row after line {position} of `{}`", self.source.path().display()),
                limit: "max_cell_bytes",
                found: self.bytes.get(),
                allowed: self.limits.max_cell_bytes,
            }
            .into(),
            csv::ErrorKind::Io(error) => read_error(self.source, self.format, &self.limits, error),
            other => Error::Source {
                path: self.source.path().to_path_buf(),
                format: self.format,
                reason: format!("line {position} is not CSV ({other:?})"),
            },
        }
    }

    /// The position of a column.
    pub(crate) fn index(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// The positions of columns that must be there; all that are missing are named together.
    pub(crate) fn indices<const N: usize>(&self, names: [&str; N]) -> Result<[usize; N]> {
        let mut found = [0; N];
        let mut missing = Vec::new();
        for (slot, name) in found.iter_mut().zip(names) {
            match self.index(name) {
                Some(index) => *slot = index,
                None => missing.push(format!("`{name}`")),
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        Err(Error::Source {
            path: self.source.path().to_path_buf(),
            format: self.format,
            reason: format!("the header lacks {}", missing.join(", ")),
        })
    }

    /// The next row; `Err` inside is a row to set aside, with its reason.
    pub(crate) fn next(&mut self, run: &Run) -> Result<Option<std::result::Result<Row<'_>, &'static str>>> {
        if self.count.is_multiple_of(STEP_ROWS) {
            run.step(&self.stage, self.count, 0)?;
        }
        self.bytes.set(0);
        match self.reader.read_byte_record(&mut self.record) {
            Ok(false) => Ok(None),
            Ok(true) => {
                self.count += 1;
                if self.record.len() != self.columns.len() {
                    return Ok(Some(Err("the row has more or fewer cells than the header")));
                }
                if std::str::from_utf8(self.record.as_slice()).is_err() {
                    return Ok(Some(Err("the row is not UTF-8")));
                }
                Ok(Some(Ok(Row { record: &self.record })))
            }
            Err(error) => Err(self.error(error)),
        }
    }
}

/// One row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    record: &'a ByteRecord,
}

impl<'a> Row<'a> {
    /// A cell; empty where the row is shorter. A cut in the middle of a character cannot happen, because
    /// separators are ASCII and the whole row was checked.
    pub(crate) fn get(self, index: usize) -> &'a str {
        self.record.get(index).and_then(|cell| std::str::from_utf8(cell).ok()).unwrap_or_default()
    }

    /// A cell that may be blank.
    pub(crate) fn text(self, index: usize) -> Option<&'a str> {
        Some(self.get(index)).filter(|cell| !cell.is_empty())
    }

    /// An address, hash or other id in lower case.
    pub(crate) fn lower(self, index: usize) -> String {
        self.get(index).trim().to_ascii_lowercase()
    }
}
