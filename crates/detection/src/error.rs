//! What can go wrong in detection.

use daotwin_core::ErrorKind;

/// A failure of the `detection` room.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A failure of the ground: limits, cancellation, files.
    #[error(transparent)]
    Core(#[from] daotwin_core::Error),
    /// A History could not be read or written as asked.
    #[error(transparent)]
    History(#[from] daotwin_history::Error),
    /// A stream or an attack on it could not be made.
    #[error(transparent)]
    Community(#[from] daotwin_community::Error),
    /// Something named does not exist.
    #[error("there is no {what} `{name}`; there are {known}")]
    Unknown {
        /// What kind of thing: `detector`.
        what: &'static str,
        /// What was asked for.
        name: String,
        /// What there is, quoted and joined by commas.
        known: String,
    },
    /// Trees could not be grown.
    #[error("trees could not be grown: {0}")]
    Trees(String),
    /// A model that was read is not one.
    #[error("this is no detector of daotwin: {problem}; make one with `daotwin detect --train`")]
    Model {
        /// What is wrong with it.
        problem: String,
    },
    /// Something that cannot be.
    #[error("defect: {0}")]
    Defect(String),
    /// Values that make no sense here; one message a problem, each with its place.
    #[error("{}", problems.join("\n"))]
    Parameters {
        /// The problems.
        problems: Vec<String>,
    },
}

impl Error {
    pub(crate) fn defect(error: impl std::fmt::Display) -> Self {
        Self::Defect(error.to_string())
    }

    pub(crate) fn model(error: impl std::fmt::Display) -> Self {
        Self::Model { problem: error.to_string() }
    }

    /// The kind of this failure.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Core(error) => error.kind(),
            Self::History(error) => error.kind(),
            Self::Community(error) => error.kind(),
            Self::Unknown { .. } => ErrorKind::NotFound,
            Self::Parameters { .. } | Self::Model { .. } => ErrorKind::Input,
            Self::Trees(_) | Self::Defect(_) => ErrorKind::Internal,
        }
    }
}

/// The room's result.
pub type Result<T> = std::result::Result<T, Error>;
