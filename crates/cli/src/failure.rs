//! Failures as the command reports them: once, on standard error, with an exit code.

use daotwin::core::ErrorKind;

use crate::output::note;

/// Why a verb could not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A failure to report.
    Error {
        /// Hence the exit code.
        kind: ErrorKind,
        /// What, where, and the fix; a line a problem.
        message: String,
    },
    /// The arguments were refused, and clap has said why.
    Arguments,
    /// The reader of our standard output went away: nothing is wrong.
    ClosedPipe,
}

impl Failure {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::Error { kind, message: message.into() }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    pub(crate) fn defect(message: impl std::fmt::Display) -> Self {
        Self::new(ErrorKind::Internal, format!("defect: {message}"))
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Error { kind, .. } => kind.exit_code(),
            Self::Arguments => ErrorKind::Usage.exit_code(),
            Self::ClosedPipe => 0,
        }
    }

    /// Prints the failure. Each failure is printed here and nowhere else.
    pub(crate) fn report(&self) {
        let Self::Error { kind, message } = self else { return };
        if *kind == ErrorKind::Cancelled {
            note("interrupted: no output was left behind");
            return;
        }
        match message.trim_end().split_once('\n') {
            None => note(&format!("error: {}", message.trim_end())),
            Some(_) => {
                let lines: Vec<&str> = message.lines().filter(|line| !line.trim().is_empty()).collect();
                note(&format!("error: {} problems\n  {}", lines.len(), lines.join("\n  ")));
            }
        }
        if *kind == ErrorKind::Internal {
            note(&format!(
                "this is a defect of daotwin; please report it at {}/issues",
                env!("CARGO_PKG_REPOSITORY")
            ));
        }
    }
}

/// The rooms' errors know their kind and say themselves what, where and how to mend it.
macro_rules! from_room {
    ($($error:ty),+ $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::new(error.kind(), error.to_string())
            }
        })+
    };
}

from_room!(
    daotwin::audit::Error,
    daotwin::generators::Error,
    daotwin::community::Error,
    daotwin::core::Error,
    daotwin::detection::Error,
    daotwin::evaluation::Error,
    daotwin::history::Error,
    daotwin::privacy::Error,
    daotwin::report::Error,
    daotwin::simulation::Error,
);

impl From<daotwin::history::synthesizer::Failure> for Failure {
    fn from(failure: daotwin::history::synthesizer::Failure) -> Self {
        Self::new(failure.kind, failure.to_string())
    }
}
