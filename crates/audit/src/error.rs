//! What can go wrong in an audit.

use daotwin_core::ErrorKind;

/// A failure of the `audit` room.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A failure of the ground: limits, cancellation, files.
    #[error(transparent)]
    Core(#[from] daotwin_core::Error),
    /// A History could not be read or written.
    #[error(transparent)]
    History(#[from] daotwin_history::Error),
    /// A private fit failed.
    #[error(transparent)]
    Privacy(#[from] daotwin_privacy::Error),
    /// Something named does not exist.
    #[error("there is no {what} `{name}`; there are `{known}`")]
    Unknown {
        /// What kind of thing: `hard fork`, `oracle`.
        what: &'static str,
        /// What was asked for.
        name: String,
        /// What there is, joined by commas and quoted but for the outermost.
        known: String,
    },
    /// Compiled contracts that cannot be used; one message a problem, each with its place.
    #[error("{}", problems.join("\n"))]
    Artifacts {
        /// The problems.
        problems: Vec<String>,
    },
    /// A contract that is not there, or that several have the name of.
    #[error("{message}")]
    Contract {
        /// What was asked for, and what there is.
        message: String,
    },
    /// A deployment that cannot be read or carried out; one message a problem, each with its line.
    #[error("{}", problems.join("\n"))]
    Deployment {
        /// The problems.
        problems: Vec<String>,
    },
    /// The compiler refused, or there is none.
    #[error("{message}")]
    Compiler {
        /// What it said.
        message: String,
    },
    /// A chain elsewhere that cannot be read.
    #[error("{message}")]
    Remote {
        /// What happened.
        message: String,
    },
    /// A transaction that no chain would take.
    #[error("the chain refuses the transaction: {reason}")]
    Transaction {
        /// Why.
        reason: String,
    },
}

impl Error {
    /// The kind of this failure.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Core(error) => error.kind(),
            Self::History(error) => error.kind(),
            Self::Privacy(error) => error.kind(),
            Self::Unknown { .. } | Self::Contract { .. } => ErrorKind::NotFound,
            Self::Remote { .. } => ErrorKind::Io,
            Self::Artifacts { .. }
            | Self::Compiler { .. }
            | Self::Deployment { .. }
            | Self::Transaction { .. } => ErrorKind::Input,
        }
    }
}

/// The room's result.
pub type Result<T> = std::result::Result<T, Error>;
