//! Reading the formats in which DAOs' histories are found. One file a format.
//!
//! Every source is opened once to recognise it; an importer is then given all sources that it recognised,
//! together, because many formats come as several files that refer to each other.

mod ballot;
pub(crate) mod cells;
mod daostack;
pub(crate) mod daotwin_csv;
mod decentraland;
mod governance_core;
mod guard;
mod json;
pub mod logs;
pub mod mapping;
mod members;
mod rows;
mod sheet;
mod snapshot_csv;
pub(crate) mod snapshot_json;
pub mod source;
mod spaces;
pub(crate) mod times;

use std::path::PathBuf;

use daotwin_core::{Error as CoreError, Run};

pub use source::Source;

use crate::builder::HistoryBuilder;
use crate::error::{Error, Result};
use crate::history::History;

/// A reader of one format. Adding one: a file in this folder and a line in [`IMPORTERS`].
pub trait Importer: Sync {
    /// The format's stable name: `snapshot-json`.
    fn name(&self) -> &'static str;

    /// What it reads and from where, in a sentence, with the source of the format's definition.
    fn description(&self) -> &'static str;

    /// Whether this source is in the format, from its name and first bytes.
    fn recognises(&self, source: &Source) -> bool;

    /// The format whose reader takes this one's sources along with its own, because rows of one may refer to
    /// rows of the other.
    fn read_with(&self) -> &'static str {
        self.name()
    }

    /// Reads the sources into `builder`. Rows that cannot be read are set aside with their reason.
    ///
    /// # Errors
    /// [`Error::Source`] or [`Error::Problems`] where a whole source is unreadable; limits; cancellation.
    fn read(&self, sources: &[Source], builder: &mut HistoryBuilder, run: &Run) -> Result<()>;
}

/// The known formats, in the order in which they are asked.
pub const IMPORTERS: &[&dyn Importer] = &[
    &mapping::MappedColumns,
    &daotwin_csv::DaotwinCsv,
    &governance_core::GovernanceCore,
    &daostack::Daostack,
    &decentraland::Decentraland,
    &snapshot_json::SnapshotJson,
    &snapshot_csv::SnapshotCsv,
    &logs::EventLogs,
];

/// What an import may be told.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The DAO's name, for sources that do not name it.
    pub dao: Option<String>,
    /// Decimals of the token, for sources that count base units; 18 where not given.
    pub decimals: Option<u8>,
    /// A TOML column mapping, for CSV and Parquet files of no known format.
    pub mapping: Option<PathBuf>,
}

/// Reads sources of any known formats into one History.
///
/// # Errors
/// [`Error::Unrecognised`] for a source of no known format; all problems of all sources together.
pub fn ingest(paths: &[PathBuf], options: &Options, run: &Run) -> Result<History> {
    let mut builder = HistoryBuilder::new(18, run.limits);
    let mut groups: Vec<Vec<Source>> = IMPORTERS.iter().map(|_| Vec::new()).collect();
    let mut problems = Vec::new();
    let paths = expand(paths)?;
    for path in &paths {
        let source = match Source::open(path, options, &run.limits) {
            Ok(source) => source,
            Err(error) => {
                problems.push(error);
                continue;
            }
        };
        match IMPORTERS.iter().position(|importer| importer.recognises(&source)) {
            Some(index) => {
                let reader = IMPORTERS[index].read_with();
                let place = IMPORTERS.iter().position(|importer| importer.name() == reader);
                groups[place.unwrap_or(index)].push(source);
            }
            None => problems.push(Error::Unrecognised {
                path: path.clone(),
                known: IMPORTERS.iter().map(|importer| importer.name()).collect::<Vec<_>>().join(", "),
            }),
        }
    }
    match problems.len() {
        0 => {}
        1 => return Err(problems.remove(0)),
        _ => return Err(Error::Problems { problems: problems.iter().map(ToString::to_string).collect() }),
    }
    for (importer, sources) in IMPORTERS.iter().zip(&groups) {
        if !sources.is_empty() {
            for source in sources {
                builder.source(source.name());
            }
            importer.read(sources, &mut builder, run)?;
        }
    }
    builder.finish()
}

/// A folder stands for the files in it, but for hidden ones and readme files.
fn expand(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let io = |source| CoreError::Io { action: "read", path: path.clone(), source };
        let mut inside = Vec::new();
        for entry in std::fs::read_dir(path).map_err(io)? {
            let entry = entry.map_err(io)?;
            let name = entry.file_name().to_string_lossy().to_lowercase();
            if entry.path().is_file() && !name.starts_with('.') && !name.starts_with("readme") {
                inside.push(entry.path());
            }
        }
        inside.sort();
        files.extend(inside);
    }
    Ok(files)
}
