//! `snapshot-json`: the shape of Snapshot's hub, `{"data":{"proposals":[..],"votes":[..]}}`, in one file.
//!
//! What the shape has no place for stands beside `data`, under `daotwin`, which other readers pass over: the
//! other tables, their cells as text. Proposals and votes carry `category` and `*_precision` where they have
//! them. Votes get an id made from their content. Two things are not kept: an empty text becomes null, and so
//! does an empty list of scores.

use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::TimestampSecondType;
use daotwin_core::Error as CoreError;
use daotwin_core::files::atomic_write_with;
use sha2::{Digest, Sha256};

use super::Exporter;
use crate::error::{Error, Result};
use crate::history::History;
use crate::ingest::{cells, snapshot_json::SECTION};
use crate::schema::{Kind, Table};

/// Writer of Snapshot's shape.
#[derive(Debug)]
pub struct SnapshotJson;

impl Exporter for SnapshotJson {
    fn name(&self) -> &'static str {
        "snapshot-json"
    }

    fn description(&self) -> &'static str {
        "one JSON file in the shape of Snapshot's hub, with the tables that it has no place for under `daotwin`"
    }

    fn write(&self, history: &History, path: &Path) -> Result<()> {
        write(history, path)
    }
}

/// Writes the History as one JSON file.
///
/// # Errors
/// I/O failures; amounts over 128 bits.
pub fn write(history: &History, path: &Path) -> Result<()> {
    atomic_write_with(path, |file| {
        let io = |source| Error::from(CoreError::Io { action: "write", path: path.to_path_buf(), source });
        let mut out = BufWriter::with_capacity(1 << 16, file);
        let mut line = String::new();
        out.write_all(b"{\"data\":{\"proposals\":[").map_err(io)?;
        if let Some(batch) = history.table(Table::Proposals) {
            let proposals = Rows { table: Table::Proposals, batch, decimals: history.decimals() };
            for row in 0..batch.num_rows() {
                line.clear();
                line.push_str(if row == 0 { "\n" } else { ",\n" });
                proposal(&proposals, row, &mut line)?;
                out.write_all(line.as_bytes()).map_err(io)?;
            }
        }
        out.write_all(b"],\"votes\":[").map_err(io)?;
        if let Some(batch) = history.table(Table::Votes) {
            let systems = systems(history)?;
            let votes = Rows { table: Table::Votes, batch, decimals: history.decimals() };
            for row in 0..batch.num_rows() {
                line.clear();
                line.push_str(if row == 0 { "\n" } else { ",\n" });
                vote(&votes, row, &systems, &mut line)?;
                out.write_all(line.as_bytes()).map_err(io)?;
            }
        }
        write!(out, "]}},\"{SECTION}\":{{\"tables\":{{").map_err(io)?;
        let mut first = true;
        for (table, batch) in history.tables() {
            if matches!(table, Table::Proposals | Table::Votes) {
                continue;
            }
            write!(out, "{}\n\"{}\":[", if first { "" } else { "," }, table.name()).map_err(io)?;
            first = false;
            let rows = Rows { table, batch, decimals: history.decimals() };
            for row in 0..batch.num_rows() {
                line.clear();
                line.push_str(if row == 0 { "\n{" } else { ",\n{" });
                let mut cell = String::new();
                for column in table.columns() {
                    cell.clear();
                    if rows.text(column.name, row, &mut cell)? {
                        field(column.name, &json(&cell)?, &mut line);
                    }
                }
                line.push('}');
                out.write_all(line.as_bytes()).map_err(io)?;
            }
            out.write_all(b"]").map_err(io)?;
        }
        out.write_all(b"}}}\n").map_err(io)?;
        out.flush().map_err(io)
    })
}

/// A table to be written.
struct Rows<'a> {
    table: Table,
    batch: &'a RecordBatch,
    decimals: u8,
}

impl Rows<'_> {
    fn column(&self, name: &str) -> Result<(&ArrayRef, Kind)> {
        let index = self.table.column_index(name);
        let index = index.ok_or_else(|| Error::Defect(format!("no column `{name}`")))?;
        Ok((self.batch.column(index), self.table.columns()[index].kind))
    }

    /// Appends a cell as text; false where it is null.
    fn text(&self, name: &str, row: usize, out: &mut String) -> Result<bool> {
        let (column, kind) = self.column(name)?;
        cells::write(column, kind, row, self.decimals, out)
    }

    /// A cell as a JSON text, or `null`.
    fn quoted(&self, name: &str, row: usize) -> Result<String> {
        let mut cell = String::new();
        if self.text(name, row, &mut cell)? { json(&cell) } else { Ok("null".to_owned()) }
    }

    /// A cell whose text is JSON as it stands (amounts and lists), or `null`.
    fn plain(&self, name: &str, row: usize) -> Result<String> {
        let mut cell = String::new();
        let some = self.text(name, row, &mut cell)?;
        Ok(if some { cell } else { "null".to_owned() })
    }

    /// A time in Unix seconds under `key`, and its precision where it is coarser than a second.
    fn time(&self, name: &str, key: &str, row: usize, line: &mut String) -> Result<()> {
        let (column, _) = self.column(name)?;
        let times = column.as_primitive_opt::<TimestampSecondType>();
        let times = times.ok_or_else(|| Error::Defect(format!("column `{name}` holds no times")))?;
        if times.is_null(row) {
            field(key, "null", line);
            return Ok(());
        }
        field(key, &times.value(row).to_string(), line);
        let precision = self.quoted(&format!("{name}_precision"), row)?;
        if precision != "\"second\"" && precision != "null" {
            field(&format!("{key}_precision"), &precision, line);
        }
        Ok(())
    }
}

fn json(text: &str) -> Result<String> {
    serde_json::to_string(text).map_err(|error| Error::Defect(error.to_string()))
}

fn field(key: &str, value: &str, line: &mut String) {
    if !line.ends_with('{') {
        line.push(',');
    }
    line.push('"');
    line.push_str(key);
    line.push_str("\":");
    line.push_str(value);
}

fn proposal(rows: &Rows<'_>, row: usize, line: &mut String) -> Result<()> {
    line.push('{');
    for (key, column) in [
        ("id", "proposal"),
        ("title", "title"),
        ("author", "author"),
        ("type", "voting_system"),
        ("state", "state"),
    ] {
        field(key, &rows.quoted(column, row)?, line);
    }
    for (key, column) in [("choices", "choices"), ("quorum", "quorum"), ("scores", "scores")] {
        field(key, &rows.plain(column, row)?, line);
    }
    for (key, column) in [("created", "created_at"), ("start", "start_at"), ("end", "end_at")] {
        rows.time(column, key, row, line)?;
    }
    let category = rows.quoted("category", row)?;
    if category != "null" {
        field("category", &category, line);
    }
    field("space", &format!("{{\"id\":{}}}", rows.quoted("dao", row)?), line);
    line.push('}');
    Ok(())
}

/// The voting system of each proposal, by DAO and id.
type Systems = std::collections::BTreeMap<(String, String), String>;

fn systems(history: &History) -> Result<Systems> {
    let mut systems = Systems::new();
    let Some(batch) = history.table(Table::Proposals) else { return Ok(systems) };
    let rows = Rows { table: Table::Proposals, batch, decimals: history.decimals() };
    for row in 0..batch.num_rows() {
        let (mut dao, mut proposal, mut system) = (String::new(), String::new(), String::new());
        rows.text("dao", row, &mut dao)?;
        rows.text("proposal", row, &mut proposal)?;
        rows.text("voting_system", row, &mut system)?;
        systems.insert((dao, proposal), system);
    }
    Ok(systems)
}

fn vote(rows: &Rows<'_>, row: usize, systems: &Systems, line: &mut String) -> Result<()> {
    let (mut dao, mut proposal, mut member) = (String::new(), String::new(), String::new());
    rows.text("dao", row, &mut dao)?;
    rows.text("proposal", row, &mut proposal)?;
    rows.text("member", row, &mut member)?;
    // The row's number keeps the ids of two equal ballots apart.
    let id = Sha256::digest(format!("{dao}\u{1f}{proposal}\u{1f}{member}\u{1f}{row}").as_bytes());
    let mut quoted = "\"0x".to_owned();
    for byte in id {
        // Writing into a `String` cannot fail.
        write!(quoted, "{byte:02x}").ok();
    }
    quoted.push('"');
    line.push('{');
    field("id", &quoted, line);
    field("voter", &json(&member)?, line);
    rows.time("cast_at", "created", row, line)?;
    let (choice, _) = rows.column("choice")?;
    let key = (dao, proposal);
    let system = systems.get(&key).map_or("", String::as_str);
    field("choice", &ballot(&cells::ballot(choice, row)?, system), line);
    field("vp", &rows.plain("power", row)?, line);
    field("proposal", &format!("{{\"id\":{}}}", json(&key.1)?), line);
    field("space", &format!("{{\"id\":{}}}", json(&key.0)?), line);
    line.push('}');
    Ok(())
}

/// A ballot as its voting system writes it.
fn ballot(entries: &[(i32, f64)], system: &str) -> String {
    let equal = entries.iter().all(|entry| entry.1 == 1.0);
    let weighted = matches!(system, "weighted" | "quadratic");
    let list = matches!(system, "approval" | "ranked-choice" | "copeland");
    match entries {
        [(index, _)] if equal && !weighted && !list => index.to_string(),
        _ if equal && !weighted => {
            let indices: Vec<String> = entries.iter().map(|entry| entry.0.to_string()).collect();
            format!("[{}]", indices.join(","))
        }
        _ => {
            let weights: Vec<String> =
                entries.iter().map(|(index, weight)| format!("\"{index}\":{weight}")).collect();
            format!("{{{}}}", weights.join(","))
        }
    }
}
