//! A History in memory and on disk.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{Int64Type, TimestampSecondType};
use daotwin_core::files::{PartialFolder, atomic_write, read_limited};
use daotwin_core::{Error as CoreError, Run};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::builder::SetAside;
use crate::error::{Error, Result};
use crate::parquet_guard::Guarded;
use crate::schema::{Privacy, Table};

const FORMAT: &str = "daotwin-history";
const VERSION: u32 = 1;

/// What `manifest.json` of a History says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Manifest {
    /// Always `daotwin-history`.
    pub format: String,
    /// The layout's version.
    pub version: u32,
    /// The decimals of every amount.
    pub decimals: u8,
    /// Whether the rows were sampled or simulated rather than recorded.
    pub synthetic: bool,
    /// Where the rows come from: file names, or the twin's fingerprint and seed.
    pub sources: Vec<String>,
    /// Rows that could not be read, by reason.
    pub set_aside: Vec<SetAside>,
    /// The tables present.
    pub tables: BTreeMap<String, TableEntry>,
    /// Free facts about the run that made it: seed, version, epsilon, delta.
    pub provenance: BTreeMap<String, String>,
}

impl Default for Manifest {
    fn default() -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            decimals: 18,
            synthetic: false,
            sources: Vec::new(),
            set_aside: Vec::new(),
            tables: BTreeMap::new(),
            provenance: BTreeMap::new(),
        }
    }
}

/// A table as the manifest lists it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableEntry {
    /// How many rows.
    pub rows: u64,
    /// The columns that everybody may know.
    pub public: Vec<String>,
    /// The columns that tell what a member did or owns.
    pub protected: Vec<String>,
}

impl TableEntry {
    pub(crate) fn of(table: Table, rows: u64) -> Self {
        let names = |privacy| {
            let columns = table.columns().iter().filter(move |column| column.privacy == privacy);
            columns.map(|column| column.name.to_owned()).collect()
        };
        Self { rows, public: names(Privacy::Public), protected: names(Privacy::Protected) }
    }
}

/// What happened in one or more DAOs.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    manifest: Manifest,
    tables: BTreeMap<Table, RecordBatch>,
}

impl History {
    /// A History without rows.
    pub fn new(manifest: Manifest) -> Self {
        Self { manifest, tables: BTreeMap::new() }
    }

    /// The manifest. Its list of tables is made when the History is written.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The manifest, to change.
    pub fn manifest_mut(&mut self) -> &mut Manifest {
        &mut self.manifest
    }

    /// The decimals of every amount.
    pub fn decimals(&self) -> u8 {
        self.manifest.decimals
    }

    /// A table's rows; `None` for a table without rows.
    pub fn table(&self, table: Table) -> Option<&RecordBatch> {
        self.tables.get(&table)
    }

    /// The tables that have rows, in listing order.
    pub fn tables(&self) -> impl Iterator<Item = (Table, &RecordBatch)> {
        self.tables.iter().map(|(table, batch)| (*table, batch))
    }

    /// How many rows a table has.
    pub fn rows(&self, table: Table) -> usize {
        self.tables.get(&table).map_or(0, RecordBatch::num_rows)
    }

    /// Puts a table's rows in place.
    pub fn set(&mut self, table: Table, batch: RecordBatch) {
        if batch.num_rows() == 0 {
            self.tables.remove(&table);
        } else {
            self.tables.insert(table, batch);
        }
    }

    /// A hash of all rows, whatever their order of arrival in files: SHA-256 over the tables' Arrow text
    /// form. It names a data set in manifests; it is not a protection.
    ///
    /// # Errors
    /// [`Error::Arrow`] if a column cannot be formatted.
    pub fn fingerprint(&self) -> Result<String> {
        use arrow::util::display::{ArrayFormatter, FormatOptions};
        let mut hash = Sha256::new();
        let options = FormatOptions::default();
        let mut text = String::new();
        for (table, batch) in &self.tables {
            let arrow = |source| Error::Arrow { table: table.name(), source };
            hash.update(table.name().as_bytes());
            // Times are hashed as seconds: Arrow formats no named time zone without a table of them.
            let columns: Vec<ArrayRef> = batch
                .columns()
                .iter()
                .map(|column| match column.as_primitive_opt::<TimestampSecondType>() {
                    Some(times) => Arc::new(times.reinterpret_cast::<Int64Type>()),
                    None => column.clone(),
                })
                .collect();
            let formatters = columns
                .iter()
                .map(|column| ArrayFormatter::try_new(column, &options))
                .collect::<std::result::Result<Vec<_>, _>>()
                .map_err(arrow)?;
            // The sum of row hashes does not depend on the rows' order.
            let mut sum = [0_u64; 4];
            for row in 0..batch.num_rows() {
                text.clear();
                for formatter in &formatters {
                    formatter.value(row).write(&mut text).map_err(|_| {
                        Error::Defect(format!("a cell of `{}` cannot be formatted", table.name()))
                    })?;
                    text.push('\u{1f}');
                }
                let digest = Sha256::digest(text.as_bytes());
                for (part, bytes) in sum.iter_mut().zip(digest.chunks_exact(8)) {
                    let mut word = [0_u8; 8];
                    word.copy_from_slice(bytes);
                    *part = part.wrapping_add(u64::from_le_bytes(word));
                }
            }
            for part in sum {
                hash.update(part.to_le_bytes());
            }
        }
        Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Writes the History as a new folder: whole or not at all.
    ///
    /// # Errors
    /// [`CoreError::Exists`] if the folder is there and not empty; I/O and Parquet failures.
    pub fn write(&self, path: &Path) -> Result<()> {
        let folder = PartialFolder::create(path)?;
        let mut manifest = self.manifest.clone();
        manifest.tables.clear();
        for (table, batch) in &self.tables {
            let mut writer = TableWriter::create(&folder, *table, self.decimals())?;
            writer.write(batch)?;
            let rows = writer.close()?;
            manifest.tables.insert(table.name().to_owned(), TableEntry::of(*table, rows));
        }
        write_manifest(&folder, &manifest)?;
        folder.commit()?;
        Ok(())
    }

    /// Reads a History's folder.
    ///
    /// # Errors
    /// [`Error::NotAHistory`], [`Error::Schema`] with every difference, limits, cancellation.
    pub fn read(path: &Path, run: &Run) -> Result<Self> {
        let not = |reason: String| Error::NotAHistory { path: path.to_path_buf(), reason };
        if !path.is_dir() {
            return Err(if path.exists() {
                not("it is a file, not a folder".to_owned())
            } else {
                CoreError::Io {
                    action: "read",
                    path: path.to_path_buf(),
                    source: std::io::Error::from(std::io::ErrorKind::NotFound),
                }
                .into()
            });
        }
        let manifest_path = path.join("manifest.json");
        if !manifest_path.exists() {
            return Err(not("`manifest.json` is missing".to_owned()));
        }
        let bytes = read_limited(&manifest_path, run.limits.max_file_bytes)?;
        let manifest: Manifest = serde_json::from_slice(&bytes)
            .map_err(|error| not(format!("`manifest.json` line {}: {error}", error.line())))?;
        if manifest.format != FORMAT || manifest.version != VERSION {
            return Err(not(format!("its manifest does not say `{FORMAT}` version {VERSION}")));
        }
        if manifest.decimals > 38 {
            return Err(not("its manifest gives more than 38 decimals".to_owned()));
        }
        let mut history = Self::new(manifest);
        for (name, entry) in history.manifest.tables.clone() {
            let table =
                Table::from_name(&name).ok_or_else(|| not(format!("its manifest lists a table `{name}`")))?;
            run.step(&format!("read {name}"), 0, entry.rows)?;
            let batch = read_table(&path.join(format!("{name}.parquet")), table, history.decimals(), run)?;
            if batch.num_rows() as u64 != entry.rows {
                return Err(not(format!(
                    "table `{name}` has {} rows where the manifest says {}",
                    batch.num_rows(),
                    entry.rows
                )));
            }
            history.set(table, batch);
        }
        Ok(history)
    }
}

/// Writes `manifest.json` into a History's folder.
///
/// # Errors
/// I/O failures.
pub fn write_manifest(folder: &PartialFolder, manifest: &Manifest) -> Result<()> {
    let text = serde_json::to_vec_pretty(manifest).map_err(|error| Error::Defect(error.to_string()))?;
    atomic_write(&folder.path().join("manifest.json"), &text)?;
    Ok(())
}

/// Reads one table's Parquet file, batch by batch under the decoded-bytes limit.
fn read_table(path: &Path, table: Table, decimals: u8, run: &Run) -> Result<RecordBatch> {
    let schema_error =
        |reason: String| Error::Schema { table: table.name(), path: path.to_path_buf(), reason };
    let arrow_error = |source| Error::Arrow { table: table.name(), source };
    let found = crate::parquet_guard::schema(path)?.map_err(schema_error)?;
    let expected = table.schema(decimals);
    let mut problems = Vec::new();
    let mut positions = Vec::new();
    for field in expected.fields() {
        match found.column_with_name(field.name()) {
            Some((position, column)) if column.data_type() == field.data_type() => positions.push(position),
            Some((_, column)) => problems.push(format!(
                "column `{}` is {}, not {}",
                field.name(),
                column.data_type(),
                field.data_type()
            )),
            None => problems.push(format!("column `{}` is missing", field.name())),
        }
    }
    if !problems.is_empty() {
        return Err(schema_error(problems.join("; ")));
    }
    let mut reader = Guarded::open(path, &positions, &run.limits)?.map_err(schema_error)?;
    let mut parts = Vec::new();
    while let Some(batch) = reader.next(run)? {
        let batch = batch.map_err(schema_error)?;
        let columns = expected
            .fields()
            .iter()
            .map(|field| match batch.column_by_name(field.name()) {
                Some(column) => cast(column, field.data_type()),
                None => Err(arrow::error::ArrowError::SchemaError("a column is missing".to_owned())),
            })
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(arrow_error)?;
        parts.push(RecordBatch::try_new(expected.clone(), columns).map_err(arrow_error)?);
    }
    concat_batches(&expected, &parts).map_err(arrow_error)
}

/// Writes the rows of one table, batch by batch, in constant memory.
#[derive(Debug)]
pub struct TableWriter {
    table: Table,
    path: std::path::PathBuf,
    writer: ArrowWriter<File>,
    rows: u64,
}

impl TableWriter {
    /// Opens `<table>.parquet` in a History's folder.
    ///
    /// # Errors
    /// I/O and Parquet failures.
    pub fn create(folder: &PartialFolder, table: Table, decimals: u8) -> Result<Self> {
        let path = folder.path().join(format!("{}.parquet", table.name()));
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(1 << 20))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            // Seconds hardly repeat, but neighbours are near each other.
            .set_column_dictionary_enabled("cast_at".into(), false)
            .set_column_encoding("cast_at".into(), Encoding::DELTA_BINARY_PACKED)
            .build();
        let file = File::create(&path).map_err(|source| CoreError::Io {
            action: "create",
            path: path.clone(),
            source,
        })?;
        let writer = ArrowWriter::try_new(file, table.schema(decimals), Some(properties))
            .map_err(|error| parquet_error(&path, error))?;
        Ok(Self { table, path, writer, rows: 0 })
    }

    /// Appends a batch.
    ///
    /// # Errors
    /// I/O and Parquet failures.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows += batch.num_rows() as u64;
        self.writer.write(batch).map_err(|error| parquet_error(&self.path, error))
    }

    /// Completes the file and returns its row count.
    ///
    /// # Errors
    /// I/O and Parquet failures.
    pub fn close(self) -> Result<u64> {
        self.writer.close().map_err(|error| parquet_error(&self.path, error))?;
        Ok(self.rows)
    }

    /// The manifest's entry for the rows so far.
    pub fn entry(&self) -> (String, TableEntry) {
        (self.table.name().to_owned(), TableEntry::of(self.table, self.rows))
    }
}

fn parquet_error(path: &Path, error: parquet::errors::ParquetError) -> Error {
    // Parquet wraps what the operating system said; a full disk must be told as such.
    let source = match error {
        parquet::errors::ParquetError::External(inner) => match inner.downcast::<std::io::Error>() {
            Ok(io) => *io,
            Err(other) => std::io::Error::other(other),
        },
        other => std::io::Error::other(other),
    };
    CoreError::Io { action: "write", path: path.to_path_buf(), source }.into()
}
