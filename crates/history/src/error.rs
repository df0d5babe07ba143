//! What can go wrong with a History.

use std::path::PathBuf;

use daotwin_core::ErrorKind;

/// A failure of the `history` room.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A failure of the ground: files, limits, cancellation.
    #[error(transparent)]
    Core(#[from] daotwin_core::Error),
    /// A folder is not a History.
    #[error("`{}` is not a History: {reason}; a History is a folder with `manifest.json` and `<table>.parquet` files, made by `daotwin ingest`", path.display())]
    NotAHistory {
        /// The folder.
        path: PathBuf,
        /// What is missing or wrong.
        reason: String,
    },
    /// A table's file does not have the columns or types that its name promises.
    #[error("table `{table}` in `{}`: {reason}", path.display())]
    Schema {
        /// The table.
        table: &'static str,
        /// The file.
        path: PathBuf,
        /// Every difference, joined by `; `.
        reason: String,
    },
    /// A source could not be read as the format it was taken for.
    #[error("`{}` cannot be read as {format}: {reason}", path.display())]
    Source {
        /// The file.
        path: PathBuf,
        /// The format, in words.
        format: &'static str,
        /// Where and why, and what was allowed.
        reason: String,
    },
    /// No importer recognises a source.
    #[error("`{}` has no format that daotwin recognises; known formats are {known}; for any other CSV or Parquet file give a column mapping with `--mapping FILE.toml`", path.display())]
    Unrecognised {
        /// The file.
        path: PathBuf,
        /// The formats, joined by `, `.
        known: String,
    },
    /// Several problems of one input, all of them listed.
    #[error("{}", problems.join("\n"))]
    Problems {
        /// One message a problem.
        problems: Vec<String>,
    },
    /// A row was built against the schema: a defect of the caller.
    #[error("defect: {0}")]
    Defect(String),
    /// Arrow or Parquet refused the data.
    #[error("table `{table}`: {source}")]
    Arrow {
        /// The table.
        table: &'static str,
        /// The answer.
        source: arrow::error::ArrowError,
    },
}

impl Error {
    /// The kind of this failure.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Core(error) => error.kind(),
            Self::NotAHistory { .. }
            | Self::Schema { .. }
            | Self::Source { .. }
            | Self::Unrecognised { .. }
            | Self::Problems { .. }
            | Self::Arrow { .. } => ErrorKind::Input,
            Self::Defect(_) => ErrorKind::Internal,
        }
    }
}

/// The room's result.
pub type Result<T> = std::result::Result<T, Error>;
