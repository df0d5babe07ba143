//! The verbs, one file each. A verb calls rooms and prints what they return; it decides nothing by itself.

pub(crate) mod account;
pub(crate) mod advise;
pub(crate) mod attack;
pub(crate) mod audit;
pub(crate) mod calibrate;
pub(crate) mod community;
pub(crate) mod compare;
pub(crate) mod demo;
pub(crate) mod detect;
pub(crate) mod evaluate;
pub(crate) mod export;
pub(crate) mod fit;
pub(crate) mod ingest;
pub(crate) mod inspect;
pub(crate) mod lists;
pub(crate) mod privacy;
pub(crate) mod randomise;
pub(crate) mod report;
pub(crate) mod sample;
pub(crate) mod schema;
pub(crate) mod simulate;
pub(crate) mod sweep;
mod table;
pub(crate) mod treasury;

use std::path::Path;

use daotwin::core::files::read_limited;
use daotwin::core::{Error as CoreError, ErrorKind, Limits};
use daotwin::history::Table;
use serde::Serialize;

use crate::Answer;
use crate::arguments::Verb;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{self, count};

/// Does what was asked.
pub(crate) fn run(verb: Verb, context: &mut Context) -> Result<Answer, Failure> {
    match verb {
        Verb::Demo(verb) => verb.run(context),
        Verb::Ingest(verb) => verb.run(context),
        Verb::Inspect(verb) => verb.run(context),
        Verb::Export(verb) => verb.run(context),
        Verb::Fit(verb) => verb.run(context),
        Verb::Sample(verb) => verb.run(context),
        Verb::Evaluate(verb) => verb.run(context),
        Verb::Simulate(verb) => verb.run(context),
        Verb::Sweep(verb) => verb.run(context),
        Verb::Compare(verb) => verb.run(context),
        Verb::Advise(verb) => verb.run(context),
        Verb::Attack(verb) => verb.run(context),
        Verb::Audit(verb) => verb.run(context),
        Verb::Calibrate(verb) => verb.run(context),
        Verb::Treasury(verb) => verb.run(context),
        Verb::Community(verb) => verb.run(context),
        Verb::Detect(verb) => verb.run(context),
        Verb::Randomise(verb) => verb.run(context),
        Verb::Report(verb) => verb.run(context),
        Verb::Privacy(verb) => verb.run(context),
        Verb::Formats(verb) => verb.run(context),
        Verb::Models(verb) => verb.run(context),
        Verb::Metrics(verb) => verb.run(context),
        Verb::Rules(verb) => verb.run(context),
        Verb::Scenarios(verb) => verb.run(context),
        Verb::Incidents(verb) => verb.run(context),
        Verb::Schema(verb) => verb.run(context),
    }
}

/// How many rows a table has.
#[derive(Debug, Serialize)]
pub(crate) struct Rows {
    table: &'static str,
    rows: u64,
}

impl Rows {
    pub(crate) fn new(table: Table, rows: usize) -> Self {
        Self { table: table.name(), rows: rows as u64 }
    }

    pub(crate) fn text(tables: &[Self]) -> String {
        let rows: Vec<Vec<String>> =
            tables.iter().map(|entry| vec![entry.table.to_owned(), count(entry.rows)]).collect();
        output::table(&["table", "rows"], &rows)
    }
}

/// Refuses a destination that exists, before the work rather than after it.
pub(crate) fn check_new(path: &Path) -> Result<(), Failure> {
    let empty = path.read_dir().is_ok_and(|mut entries| entries.next().is_none());
    if path.exists() && !empty {
        return Err(CoreError::Exists { path: path.to_path_buf() }.into());
    }
    check_parent(path)
}

/// Refuses a destination in a folder that does not exist, before the work rather than after it.
pub(crate) fn check_parent(path: &Path) -> Result<(), Failure> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    match parent {
        Some(parent) if !parent.is_dir() => Err(Failure::new(
            ErrorKind::NotFound,
            format!("the folder `{}` for the output does not exist; create it first", parent.display()),
        )),
        _ => Ok(()),
    }
}

/// The single values of a manifest, a line each, for people.
pub(crate) fn facts(manifest: &serde_json::Value) -> String {
    let mut rows = Vec::new();
    collect(manifest, "", &mut rows);
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    rows.iter().map(|(name, value)| format!("{name:<width$}  {value}\n")).collect()
}

fn collect(value: &serde_json::Value, name: &str, rows: &mut Vec<(String, String)>) {
    use serde_json::Value;
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                let name = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
                collect(value, &name, rows);
            }
        }
        // Lists are for programs; their length says enough here.
        Value::Array(items) => rows.push((name.to_owned(), format!("{} entries", items.len()))),
        Value::String(text) => rows.push((name.to_owned(), text.clone())),
        Value::Null => {}
        other => rows.push((name.to_owned(), other.to_string())),
    }
}

/// The manifest of a twin or a History.
pub(crate) fn manifest(folder: &Path) -> Result<serde_json::Value, Failure> {
    let path = folder.join("manifest.json");
    let bytes = read_limited(&path, Limits::default().max_file_bytes)?;
    serde_json::from_slice(&bytes).map_err(|error| {
        Failure::new(ErrorKind::Input, format!("`{}` line {}: not JSON", path.display(), error.line()))
    })
}
