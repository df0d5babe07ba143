//! What can go wrong in a simulation.

use daotwin_core::ErrorKind;

/// A failure of the `simulation` room.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A failure of the ground: limits, cancellation, files.
    #[error(transparent)]
    Core(#[from] daotwin_core::Error),
    /// A History could not be read or written as asked.
    #[error(transparent)]
    History(#[from] daotwin_history::Error),
    /// The model of the DAO failed.
    #[error(transparent)]
    Model(#[from] daotwin_history::synthesizer::Failure),
    /// A neural network failed.
    #[error(transparent)]
    Networks(#[from] daotwin_nn::Error),
    /// Something named does not exist.
    #[error("there is no {what} `{name}`; there are {known}")]
    Unknown {
        /// What kind of thing: `rule`, `scenario`.
        what: &'static str,
        /// What was asked for.
        name: String,
        /// What there is, quoted and joined by commas.
        known: String,
    },
    /// A case that a rule cannot decide; one message a problem, each with its place.
    #[error("{}", problems.join("\n"))]
    Case {
        /// The problems.
        problems: Vec<String>,
    },
    /// Parameters that no run can have; one message a problem, each with its place.
    #[error("{}", problems.join("\n"))]
    Parameters {
        /// The problems.
        problems: Vec<String>,
    },
}

impl Error {
    /// What a rule says to a case that it cannot decide; nothing where there is no problem.
    pub(crate) fn refuse(rule: &str, problems: Vec<String>) -> Result<()> {
        if problems.is_empty() {
            return Ok(());
        }
        let problems = problems.iter().map(|problem| format!("case of rule `{rule}`: {problem}")).collect();
        Err(Self::Case { problems })
    }

    /// The kind of this failure.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Core(error) => error.kind(),
            Self::History(error) => error.kind(),
            Self::Model(failure) => failure.kind,
            Self::Networks(error) => error.kind(),
            Self::Unknown { .. } => ErrorKind::NotFound,
            Self::Case { .. } | Self::Parameters { .. } => ErrorKind::Input,
        }
    }
}

/// The room's result.
pub type Result<T> = std::result::Result<T, Error>;
