//! Writing frames as CSV or Parquet, told by the ending of the file's name.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, DictionaryArray, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampSecondArray, UInt32Array,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit, UInt32Type};
use daotwin_core::files::atomic_write_with;
use daotwin_core::{Error as CoreError, Run};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::{Column, Frame, Kind, MISSING, Values};
use crate::error::{Error, Result};
use crate::ingest::times;

/// Writes a frame to a new file: whole or not at all.
///
/// # Errors
/// I/O; cancellation.
pub fn write(path: &Path, frame: &Frame, run: &Run) -> Result<()> {
    FrameWriter::file(path, frame.columns(), run, |writer| writer.push(frame))
}

/// Writes frames of the same columns one after the other, in memory that does not grow with their number.
#[derive(Debug)]
pub struct FrameWriter<'f> {
    path: &'f Path,
    run: &'f Run,
    format: Format<'f>,
}

#[derive(Debug)]
enum Format<'f> {
    Csv(BufWriter<&'f mut File>),
    Parquet(Box<ArrowWriter<&'f mut File>>, SchemaRef),
}

impl FrameWriter<'_> {
    /// Writes the file that `fill` hands frames of these columns to. A name that ends in `.parquet` gives
    /// Parquet, any other CSV.
    ///
    /// # Errors
    /// I/O; cancellation; the errors of `fill`.
    pub fn file<E: From<Error> + From<CoreError>>(
        path: &Path,
        columns: &[Column],
        run: &Run,
        fill: impl FnOnce(&mut FrameWriter<'_>) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        atomic_write_with(path, |file: &mut File| {
            let parquet = path.extension().is_some_and(|ending| ending == "parquet");
            let format = if parquet {
                let schema = Arc::new(schema(columns));
                let properties = WriterProperties::builder()
                    .set_compression(Compression::ZSTD(ZstdLevel::default()))
                    .set_max_row_group_row_count(Some(1 << 20))
                    .build();
                let writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties));
                Format::Parquet(Box::new(writer.map_err(|error| refused(error.into()))?), schema)
            } else {
                let mut out = BufWriter::with_capacity(1 << 20, file);
                let mut line = Vec::new();
                columns.iter().for_each(|column| push_text(&mut line, &column.name));
                end_line(&mut line);
                out.write_all(&line).map_err(|error| io(path, error))?;
                Format::Csv(out)
            };
            let mut writer = FrameWriter { path, run, format };
            fill(&mut writer)?;
            writer.finish()?;
            Ok(())
        })
    }

    /// Adds the rows of a frame.
    ///
    /// # Errors
    /// I/O; cancellation.
    pub fn push(&mut self, frame: &Frame) -> Result<()> {
        self.run.check()?;
        match &mut self.format {
            Format::Csv(out) => {
                let mut line = Vec::new();
                for row in 0..frame.rows() {
                    for (column, values) in frame.columns().iter().zip(&frame.values) {
                        push_cell(&mut line, column, values, row);
                    }
                    end_line(&mut line);
                    out.write_all(&line).map_err(|error| io(self.path, error))?;
                    line.clear();
                }
                Ok(())
            }
            Format::Parquet(out, schema) => {
                let arrays =
                    frame.columns().iter().zip(&frame.values).map(|(column, values)| array(column, values));
                let batch = RecordBatch::try_new(Arc::clone(schema), arrays.collect()).map_err(refused)?;
                out.write(&batch).map_err(|error| refused(error.into()))
            }
        }
    }

    fn finish(self) -> Result<()> {
        match self.format {
            Format::Csv(mut out) => out.flush().map_err(|error| io(self.path, error).into()),
            Format::Parquet(out, _) => out.close().map(|_| ()).map_err(|error| refused(error.into())),
        }
    }
}

fn io(path: &Path, source: std::io::Error) -> CoreError {
    CoreError::Io { action: "write", path: path.to_path_buf(), source }
}

fn refused(source: arrow::error::ArrowError) -> Error {
    Error::Arrow { table: "frame", source }
}

/// Adds a cell's text and the comma behind it, quoted where CSV asks for it (RFC 4180).
fn push_text(line: &mut Vec<u8>, text: &str) {
    if text.contains(['"', ',', '\n', '\r']) {
        line.push(b'"');
        line.extend_from_slice(text.replace('"', "\"\"").as_bytes());
        line.push(b'"');
    } else {
        line.extend_from_slice(text.as_bytes());
    }
    line.push(b',');
}

/// Turns the last comma into the line's end.
fn end_line(line: &mut Vec<u8>) {
    // A lone empty cell must not read as no line at all.
    if line.as_slice() == b"," {
        line.splice(..0, *b"\"\"");
    }
    if let Some(last) = line.last_mut() {
        *last = b'\n';
    }
}

fn push_cell(line: &mut Vec<u8>, column: &Column, values: &Values, row: usize) {
    if values.is_missing(row) {
        line.push(b',');
        return;
    }
    match (&column.kind, values) {
        (Kind::Boolean { .. } | Kind::Categorical { .. }, Values::Code(codes)) => {
            let labels = column.kind.labels().unwrap_or_default();
            push_text(line, &labels[codes[row] as usize]);
        }
        (Kind::Numeric { decimals: Some(decimals) }, Values::Number(values)) => {
            let text = format!("{:.*}", usize::from(*decimals), values[row]);
            push_text(line, &text);
        }
        (Kind::Datetime { day }, Values::Number(values)) => {
            let text = times::format(values[row] as i64);
            push_text(line, if *day { text.split('T').next().unwrap_or(&text) } else { &text });
        }
        // `Display` gives the shortest digits that read back as the same number.
        (_, Values::Number(values)) => push_text(line, &values[row].to_string()),
        (_, Values::Code(_)) => line.push(b','),
    }
}

fn data_type(kind: &Kind) -> DataType {
    match kind {
        Kind::Numeric { .. } => DataType::Float64,
        Kind::Integer => DataType::Int64,
        Kind::Datetime { day: true } => DataType::Date32,
        Kind::Datetime { day: false } => DataType::Timestamp(TimeUnit::Second, Some("UTC".into())),
        Kind::Boolean { labels } if is_boolean(labels) => DataType::Boolean,
        Kind::Boolean { .. } | Kind::Categorical { .. } => {
            DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8))
        }
    }
}

/// Whether a reader of the Parquet file would give these labels back for false and true.
fn is_boolean(labels: &[String; 2]) -> bool {
    labels[0] == "false" && labels[1] == "true"
}

fn schema(columns: &[Column]) -> Schema {
    let field = |column: &Column| Field::new(&column.name, data_type(&column.kind), true);
    Schema::new(columns.iter().map(field).collect::<Vec<_>>())
}

fn array(column: &Column, values: &Values) -> ArrayRef {
    let integers = |unit: f64| {
        let integer = move |value: &f64| (!value.is_nan()).then_some((value / unit) as i64);
        values.numbers().iter().map(integer)
    };
    let codes = || values.codes().iter().map(|&code| (code != MISSING).then_some(code));
    match &column.kind {
        Kind::Numeric { .. } => {
            let some = |value: &f64| (!value.is_nan()).then_some(*value);
            Arc::new(values.numbers().iter().map(some).collect::<Float64Array>())
        }
        Kind::Integer => Arc::new(integers(1.0).collect::<Int64Array>()),
        Kind::Datetime { day: true } => {
            Arc::new(integers(86_400.0).map(|day| day.map(|day| day as i32)).collect::<Date32Array>())
        }
        Kind::Datetime { day: false } => {
            Arc::new(integers(1.0).collect::<TimestampSecondArray>().with_timezone("UTC"))
        }
        Kind::Boolean { labels } if is_boolean(labels) => {
            Arc::new(codes().map(|code| code.map(|code| code == 1)).collect::<BooleanArray>())
        }
        Kind::Boolean { .. } | Kind::Categorical { .. } => {
            let labels = column.kind.labels().unwrap_or_default();
            let keys: UInt32Array = codes().collect();
            let labels = Arc::new(StringArray::from_iter_values(labels));
            // `Frame::new` checked every code against the labels.
            Arc::new(DictionaryArray::<UInt32Type>::new(keys, labels))
        }
    }
}
