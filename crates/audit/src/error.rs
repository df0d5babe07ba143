//! What can go wrong in an audit.

use daotwin_core::ErrorKind;

/// A failure of the `audit` room.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A failure of the ground: limits, cancellation, files.
    #[error(transparent)]
    Core(#[from] daotwin_core::Error),
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
            Self::Unknown { .. } => ErrorKind::NotFound,
            Self::Transaction { .. } => ErrorKind::Input,
        }
    }
}

/// The room's result.
pub type Result<T> = std::result::Result<T, Error>;
