//! What can go wrong with a synthesizer.

use std::path::PathBuf;

use daotwin_core::ErrorKind;
use daotwin_history::synthesizer::Failure;

/// A failure of the `generators` room.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A failure of the ground: files, limits, cancellation.
    #[error(transparent)]
    Core(#[from] daotwin_core::Error),
    /// A failure of the History.
    #[error(transparent)]
    History(#[from] daotwin_history::Error),
    /// A failure of the privacy room: budget, ledger.
    #[error(transparent)]
    Privacy(#[from] daotwin_privacy::Error),
    /// A failure of the room of neural networks.
    #[error(transparent)]
    Networks(#[from] daotwin_nn::Error),
    /// A folder is not a twin.
    #[error("`{}` is not a twin: {reason}; a twin is a folder made by `daotwin fit`", path.display())]
    NotATwin {
        /// The folder.
        path: PathBuf,
        /// What is missing or wrong.
        reason: String,
    },
    /// A folder is not a model of a table.
    #[error("`{}` is not a model of a table: {reason}; such a folder is made by `daotwin fit TABLE.csv`", path.display())]
    NotATable {
        /// The folder.
        path: PathBuf,
        /// What is missing or wrong.
        reason: String,
    },
    /// A file is no checkpoint of this fit.
    #[error("cannot go on from the checkpoint `{}`: {reason}; remove the file to start anew, or name another", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Options that cannot be obeyed, all of them.
    #[error("{}", problems.join("\n"))]
    Options {
        /// One message a problem.
        problems: Vec<String>,
    },
    /// More proposals than a sample may have.
    #[error(
        "a sample of {found} proposals is over the limit `max_sampled_proposals` of {allowed}: proposals are \
         held in memory, members are not; ask for more members instead (`--members`, or `--scale` with \
         `--by members`)"
    )]
    TooManyProposals {
        /// Asked for.
        found: u64,
        /// At most.
        allowed: u64,
    },
    /// The History has nothing to learn from.
    #[error("{0}")]
    Nothing(String),
    /// Arrow refused columns that daotwin made.
    #[error("defect: {0}")]
    Defect(String),
}

impl Error {
    /// The kind of this failure.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Core(error) => error.kind(),
            Self::History(error) => error.kind(),
            Self::Privacy(error) => error.kind(),
            Self::Networks(error) => error.kind(),
            Self::TooManyProposals { .. } => ErrorKind::Limit,
            Self::NotATwin { .. } | Self::NotATable { .. } | Self::Checkpoint { .. } | Self::Nothing(_) => {
                ErrorKind::Input
            }
            Self::Options { .. } => ErrorKind::Usage,
            Self::Defect(_) => ErrorKind::Internal,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { kind: error.kind(), source: Box::new(error) }
    }
}

/// The room's result.
pub type Result<T> = std::result::Result<T, Error>;
