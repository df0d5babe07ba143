//! Opening Parquet files from outside without trusting what they decode to.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use daotwin_core::{Error as CoreError, Limits, Run};
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Type as PhysicalType;
use parquet::column::page::PageReader;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::serialized_reader::SerializedPageReader;

use crate::error::{Error, Result};

/// Rows decoded at once.
const BATCH_ROWS: usize = 8_192;

/// Reads batches while it counts what they decode to.
///
/// Texts are decoded as views: a small file may name one long dictionary entry in every row, and views of
/// it take sixteen bytes each until somebody copies them. What the page headers promise is added up before
/// a page is unpacked. A page whose own header contradicts the file's footer can still unpack to the
/// two gigabytes that the format allows one page.
#[derive(Debug)]
pub(crate) struct Guarded {
    reader: ParquetRecordBatchReader,
    limits: Limits,
    what: String,
    bytes: u64,
}

fn limit(what: String, limit: &'static str, found: u64, allowed: u64) -> Error {
    CoreError::Limit { what, limit, found, allowed }.into()
}

/// The type with every text as a view; `None` where it holds none.
fn viewed(data_type: &DataType) -> Option<DataType> {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 => Some(DataType::Utf8View),
        DataType::List(field) => {
            let item = viewed(field.data_type())?;
            Some(DataType::List(Arc::new(Field::new(field.name(), item, field.is_nullable()))))
        }
        _ => None,
    }
}

/// The schema of a file, without reading rows.
///
/// # Errors
/// I/O failures; what is wrong with the file, in words.
pub(crate) fn schema(path: &Path) -> Result<std::result::Result<SchemaRef, String>> {
    Ok(ParquetRecordBatchReaderBuilder::try_new(open(path)?)
        .map(|builder| builder.schema().clone())
        .map_err(|_| "damaged, or no Parquet file".to_owned()))
}

fn open(path: &Path) -> Result<File> {
    let io = |source| CoreError::Io { action: "read", path: path.to_path_buf(), source };
    Ok(File::open(path).map_err(io)?)
}

impl Guarded {
    /// Opens a file to read the columns with these positions, in the file's order.
    ///
    /// # Errors
    /// I/O failures and limits; inside, what is wrong with the file, in words.
    pub(crate) fn open(
        path: &Path,
        columns: &[usize],
        limits: &Limits,
    ) -> Result<std::result::Result<Self, String>> {
        let damaged = |error: parquet::errors::ParquetError| format!("not readable: {error}");
        let Ok(builder) = ParquetRecordBatchReaderBuilder::try_new(open(path)?) else {
            return Ok(Err("damaged, or no Parquet file".to_owned()));
        };
        let what = |what: &str| format!("the {what} of `{}`", path.display());
        let (found, allowed) = (builder.schema().fields().len() as u64, limits.max_columns);
        if found > allowed {
            return Err(limit(what("column count"), "max_columns", found, allowed));
        }
        let (found, allowed) = (builder.metadata().file_metadata().num_rows().max(0) as u64, limits.max_rows);
        if found > allowed {
            return Err(limit(what("row count"), "max_rows", found, allowed));
        }
        match promised(builder.metadata(), &Arc::new(open(path)?), limits.max_decoded_bytes) {
            Ok(found) if found > limits.max_decoded_bytes => {
                return Err(limit(
                    what("decoded size"),
                    "max_decoded_bytes",
                    found,
                    limits.max_decoded_bytes,
                ));
            }
            Ok(_) => {}
            Err(error) => return Ok(Err(damaged(error))),
        }
        let fields: Vec<Field> = builder
            .schema()
            .fields()
            .iter()
            .map(|field| match viewed(field.data_type()) {
                Some(data_type) => Field::new(field.name(), data_type, field.is_nullable()),
                None => field.as_ref().clone(),
            })
            .collect();
        let options = ArrowReaderOptions::new().with_schema(Arc::new(Schema::new(fields)));
        let builder = match ParquetRecordBatchReaderBuilder::try_new_with_options(open(path)?, options) {
            Ok(builder) => builder,
            Err(error) => return Ok(Err(damaged(error))),
        };
        let mask = parquet::arrow::ProjectionMask::roots(builder.parquet_schema(), columns.iter().copied());
        let reader = builder.with_projection(mask).with_batch_size(BATCH_ROWS).build();
        Ok(reader
            .map(|reader| Self { reader, limits: *limits, what: what("decoded size"), bytes: 0 })
            .map_err(damaged))
    }

    /// The next batch. It is counted at the size of its texts when they are copied out.
    ///
    /// # Errors
    /// Limits, cancellation; inside, what is wrong with the file, in words.
    pub(crate) fn next(&mut self, run: &Run) -> Result<Option<std::result::Result<RecordBatch, String>>> {
        run.check()?;
        let batch = match self.reader.next() {
            None => return Ok(None),
            Some(Err(error)) => return Ok(Some(Err(format!("damaged: {error}")))),
            Some(Ok(batch)) => batch,
        };
        let size: u64 = batch.columns().iter().map(expanded).sum();
        self.bytes = self.bytes.saturating_add(size);
        if self.bytes > self.limits.max_decoded_bytes {
            let what = std::mem::take(&mut self.what);
            return Err(limit(what, "max_decoded_bytes", self.bytes, self.limits.max_decoded_bytes));
        }
        Ok(Some(Ok(batch)))
    }
}

/// Bytes of a column once its texts stand one after the other.
fn expanded(column: &ArrayRef) -> u64 {
    if let Some(texts) = column.as_string_view_opt() {
        return texts.lengths().map(u64::from).sum::<u64>() + 16 * texts.len() as u64;
    }
    if let Some(lists) = column.as_list_opt::<i32>() {
        return expanded(lists.values()) + 4 * lists.len() as u64;
    }
    if let Some(codes) = column.as_any_dictionary_opt() {
        return codes.values().get_array_memory_size() as u64 + 4 * codes.len() as u64;
    }
    column.get_array_memory_size() as u64
}

/// Bytes that the file says it decodes to: the footer's unpacked sizes, and a place for every value that a
/// page header announces. Run lengths make a value cost no bytes in the file, and one row's list may hold
/// all of them.
fn promised(
    metadata: &ParquetMetaData,
    file: &Arc<File>,
    enough: u64,
) -> std::result::Result<u64, parquet::errors::ParquetError> {
    let mut bytes = 0_u64;
    for group in metadata.row_groups() {
        let rows = usize::try_from(group.num_rows()).unwrap_or(0);
        for column in group.columns() {
            bytes = bytes.saturating_add(column.uncompressed_size().max(0) as u64);
            let width = match column.column_type() {
                PhysicalType::BOOLEAN => 1,
                PhysicalType::INT32 | PhysicalType::FLOAT => 4,
                PhysicalType::FIXED_LEN_BYTE_ARRAY => column.column_descr().type_length().max(0) as u64,
                PhysicalType::INT64 | PhysicalType::DOUBLE => 8,
                PhysicalType::INT96 => 12,
                PhysicalType::BYTE_ARRAY => 16,
            };
            let mut pages = SerializedPageReader::new(Arc::clone(file), column, rows, None)?;
            while let Some(page) = pages.peek_next_page()? {
                let values = page.num_levels.or(page.num_rows).unwrap_or(0) as u64;
                bytes = bytes.saturating_add(values.saturating_mul(width));
                if bytes > enough {
                    return Ok(bytes);
                }
                pages.skip_next_page()?;
            }
        }
    }
    Ok(bytes)
}
