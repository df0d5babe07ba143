//! What can go wrong in an evaluation.

use daotwin_core::ErrorKind;

/// A failure of the `evaluation` room.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A failure of the ground: limits, cancellation.
    #[error(transparent)]
    Core(#[from] daotwin_core::Error),
    /// A History could not be read as asked.
    #[error(transparent)]
    History(#[from] daotwin_history::Error),
    /// A synthesizer that an attack trains failed.
    #[error(transparent)]
    Synthesizer(#[from] daotwin_history::synthesizer::Failure),
    /// The Histories cannot be compared.
    #[error("cannot compare the Histories: {reason}")]
    Incomparable {
        /// Why, and what would do.
        reason: String,
    },
    /// Gates that cannot be read or that name no metric; one message a problem.
    #[error("{}", problems.join("\n"))]
    Gates {
        /// The problems.
        problems: Vec<String>,
    },
    /// Metrics asked for that do not exist; one message a problem.
    #[error("{}", problems.join("\n"))]
    UnknownMetric {
        /// The problems.
        problems: Vec<String>,
    },
    /// The tree library refused its input: a defect of daotwin.
    #[error("defect: boosted trees: {0}")]
    Trees(String),
}

impl Error {
    /// The kind of this failure.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Core(error) => error.kind(),
            Self::History(error) => error.kind(),
            Self::Synthesizer(failure) => failure.kind,
            Self::Incomparable { .. } => ErrorKind::Input,
            Self::Gates { .. } | Self::UnknownMetric { .. } => ErrorKind::Usage,
            Self::Trees(_) => ErrorKind::Internal,
        }
    }
}

/// The room's result.
pub type Result<T> = std::result::Result<T, Error>;
