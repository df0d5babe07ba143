//! The wanted columns of a CSV or Parquet file, row by row, as text.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use daotwin_core::{Error as CoreError, Run};

use crate::error::{Error, Result};
use crate::ingest::Source;
use crate::ingest::rows;
use crate::parquet_guard::{self, Guarded};

/// Rows of either kind of file, as text.
pub(crate) enum Texts<'a> {
    Csv {
        rows: Box<rows::Rows<'a>>,
        /// The position of each wanted column.
        wanted: Vec<usize>,
    },
    Parquet {
        source: &'a Source,
        format: &'static str,
        reader: Box<Guarded>,
        /// The wanted columns' names.
        wanted: Vec<String>,
        batch: Option<(RecordBatch, usize)>,
        /// Bytes of text copied out so far: a dictionary's entry counts each time that a row names it.
        copied: u64,
    },
}

fn problem(source: &Source, format: &'static str, reason: String) -> Error {
    Error::Source { path: source.path().to_path_buf(), format, reason }
}

/// Refuses a file that lacks columns; all of them are named.
fn missing(source: &Source, format: &'static str, wanted: &[&str], has: impl Fn(&str) -> bool) -> Result<()> {
    let missing: Vec<String> =
        wanted.iter().filter(|name| !has(name)).map(|name| format!("`{name}`")).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(problem(source, format, format!("it lacks the columns {}", missing.join(", "))))
}

impl<'a> Texts<'a> {
    /// The names of a file's columns.
    pub(crate) fn columns(source: &Source, format: &'static str) -> Result<Vec<String>> {
        if !source.head().starts_with(b"PAR1") {
            return Ok(source.csv_columns());
        }
        let schema =
            parquet_guard::schema(source.path())?.map_err(|reason| problem(source, format, reason))?;
        Ok(schema.fields().iter().map(|field| field.name().clone()).collect())
    }

    /// Opens a file.
    pub(crate) fn open(
        source: &'a Source,
        format: &'static str,
        wanted: &[&str],
        delimiter: u8,
        run: &Run,
    ) -> Result<Self> {
        if !source.head().starts_with(b"PAR1") {
            let rows = rows::Rows::open_delimited(source, format, delimiter, run)?;
            missing(source, format, wanted, |name| rows.index(name).is_some())?;
            let wanted = wanted.iter().filter_map(|name| rows.index(name)).collect();
            return Ok(Self::Csv { rows: Box::new(rows), wanted });
        }
        let schema =
            parquet_guard::schema(source.path())?.map_err(|reason| problem(source, format, reason))?;
        missing(source, format, wanted, |name| schema.index_of(name).is_ok())?;
        let columns: Vec<usize> = wanted.iter().filter_map(|name| schema.index_of(name).ok()).collect();
        let reader = Guarded::open(source.path(), &columns, &run.limits)?;
        let reader = Box::new(reader.map_err(|reason| problem(source, format, reason))?);
        let wanted = wanted.iter().map(ToString::to_string).collect();
        Ok(Self::Parquet { source, format, reader, wanted, batch: None, copied: 0 })
    }

    /// Puts the wanted cells of the next row into `texts`; `Err` inside is a row to set aside.
    pub(crate) fn next(
        &mut self,
        texts: &mut Vec<String>,
        run: &Run,
    ) -> Result<Option<std::result::Result<(), &'static str>>> {
        match self {
            Self::Csv { rows, wanted } => Ok(rows.next(run)?.map(|row| {
                let row = row?;
                texts.resize(wanted.len(), String::new());
                for (text, &index) in texts.iter_mut().zip(wanted.iter()) {
                    text.clear();
                    text.push_str(row.get(index));
                }
                Ok(())
            })),
            Self::Parquet { source, format, reader, wanted, batch, copied } => loop {
                match batch {
                    Some((batch, row)) if *row < batch.num_rows() => {
                        texts.resize(wanted.len(), String::new());
                        let mut outcome = Ok(());
                        for (text, name) in texts.iter_mut().zip(wanted.iter()) {
                            text.clear();
                            outcome = outcome.and(match batch.column_by_name(name) {
                                Some(column) => write_text(column, *row, text),
                                None => Err("a column is missing"),
                            });
                        }
                        *row += 1;
                        *copied += texts.iter().map(|text| text.len() as u64).sum::<u64>();
                        if *copied > run.limits.max_decoded_bytes {
                            return Err(CoreError::Limit {
                                what: format!("the decoded size of `{}`", source.path().display()),
                                limit: "max_decoded_bytes",
                                found: *copied,
                                allowed: run.limits.max_decoded_bytes,
                            }
                            .into());
                        }
                        return Ok(Some(outcome));
                    }
                    _ => match reader.next(run)? {
                        Some(Ok(next)) => *batch = Some((next, 0)),
                        Some(Err(reason)) => return Err(problem(source, format, reason)),
                        None => return Ok(None),
                    },
                }
            },
        }
    }
}

/// A cell as text: numbers in digits, times in ISO 8601, lists as JSON; nothing for null.
fn write_text(column: &ArrayRef, row: usize, text: &mut String) -> std::result::Result<(), &'static str> {
    if column.is_null(row) {
        return Ok(());
    }
    if let Some(views) = column.as_string_view_opt() {
        text.push_str(views.value(row));
        return Ok(());
    }
    if let Some(lists) = column.as_list_opt::<i32>() {
        let items = lists.value(row);
        let mut parts = Vec::with_capacity(items.len());
        for item in 0..items.len() {
            let mut part = String::new();
            write_text(&items, item, &mut part)?;
            let plain = items.data_type().is_numeric();
            parts.push(if plain { part } else { serde_json::Value::String(part).to_string() });
        }
        text.push('[');
        text.push_str(&parts.join(","));
        text.push(']');
        return Ok(());
    }
    let unreadable = "a Parquet column has a type that cannot be read as text";
    if let DataType::Timestamp(unit, Some(_)) = column.data_type() {
        // Parquet keeps such times in UTC, and Arrow formats no named zone without a table of zones.
        let cell = cast(&column.slice(row, 1), &DataType::Int64);
        let cell = cell.and_then(|cell| cast(&cell, &DataType::Timestamp(*unit, None)));
        return write_text(&cell.map_err(|_| unreadable)?, 0, text);
    }
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(column.as_ref(), &options).map_err(|_| unreadable)?;
    formatter.value(row).write(text).map_err(|_| unreadable)
}
