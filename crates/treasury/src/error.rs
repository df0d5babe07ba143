//! What can go wrong in a treasury's plan.

use daotwin_core::ErrorKind;

/// A failure of the `treasury` room.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A failure of the ground: limits, cancellation, files.
    #[error(transparent)]
    Core(#[from] daotwin_core::Error),
    /// A History could not be read or written as asked.
    #[error(transparent)]
    History(#[from] daotwin_history::Error),
    /// A rule of governance, such as quadratic funding, failed.
    #[error(transparent)]
    Simulation(#[from] daotwin_simulation::Error),
    /// One of the project's generators of tables failed.
    #[error(transparent)]
    Model(#[from] daotwin_history::synthesizer::Failure),
    /// Something named does not exist.
    #[error("there is no {what} `{name}`; there are {known}")]
    Unknown {
        /// What kind of thing: `market model`, `policy`.
        what: &'static str,
        /// What was asked for.
        name: String,
        /// What there is, quoted and joined by commas.
        known: String,
    },
    /// Values that no plan can have; one message a problem, each with its place.
    #[error("{}", problems.join("\n"))]
    Parameters {
        /// The problems.
        problems: Vec<String>,
    },
}

impl Error {
    /// The kind of this failure.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Core(error) => error.kind(),
            Self::History(error) => error.kind(),
            Self::Simulation(error) => error.kind(),
            Self::Model(failure) => failure.kind,
            Self::Unknown { .. } => ErrorKind::NotFound,
            Self::Parameters { .. } => ErrorKind::Input,
        }
    }
}

/// The room's result.
pub type Result<T> = std::result::Result<T, Error>;
