//! Error kinds: what went wrong, in the one table that exit codes, HTTP statuses and Python exceptions
//! are read from.

use std::path::PathBuf;

/// What kind of failure an error is. Every error of every room maps to exactly one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The call itself is wrong: an unknown option, a value out of its range.
    Usage,
    /// The data or file given cannot be read as what it should be.
    Input,
    /// The privacy budget does not allow the request.
    Budget,
    /// A named limit would be exceeded.
    Limit,
    /// Something named does not exist.
    NotFound,
    /// The caller may not do this.
    Denied,
    /// The request contradicts the present state.
    Conflict,
    /// The operating system refused a read or a write.
    Io,
    /// The caller cancelled.
    Cancelled,
    /// A defect of daotwin.
    Internal,
}

impl ErrorKind {
    /// The process exit code: 2 the input, 3 the privacy budget, 4 a defect, 130 interrupted.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Usage
            | Self::Input
            | Self::Limit
            | Self::NotFound
            | Self::Denied
            | Self::Conflict
            | Self::Io => 2,
            Self::Budget => 3,
            Self::Internal => 4,
            Self::Cancelled => 130,
        }
    }

    /// The HTTP status of a response that carries this failure.
    pub const fn http_status(self) -> u16 {
        match self {
            Self::Usage | Self::Input => 400,
            Self::Budget | Self::Denied => 403,
            Self::Limit => 413,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::Cancelled => 499,
            Self::Io | Self::Internal => 500,
        }
    }
}

/// A failure of the ground itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was attempted, as a verb: `read`, `write`, `create`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// The destination exists and overwriting was not asked for.
    #[error("`{}` exists already; choose another path, or remove it first", path.display())]
    Exists {
        /// The destination.
        path: PathBuf,
    },
    /// A named limit would be exceeded.
    #[error("{what} is {found}, over the limit `{limit}` of {allowed}")]
    Limit {
        /// What is too large.
        what: String,
        /// The limit's name in [`crate::Limits`].
        limit: &'static str,
        /// What was found.
        found: u64,
        /// What is allowed.
        allowed: u64,
    },
    /// The run was cancelled.
    #[error("cancelled")]
    Cancelled,
}

impl Error {
    /// The kind of this failure.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => ErrorKind::NotFound,
            Self::Io { .. } => ErrorKind::Io,
            Self::Exists { .. } => ErrorKind::Conflict,
            Self::Limit { .. } => ErrorKind::Limit,
            Self::Cancelled => ErrorKind::Cancelled,
        }
    }
}

/// The ground's result.
pub type Result<T> = std::result::Result<T, Error>;

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn exit_codes_follow_the_contract() {
        assert_eq!(ErrorKind::Input.exit_code(), 2);
        assert_eq!(ErrorKind::Budget.exit_code(), 3);
        assert_eq!(ErrorKind::Internal.exit_code(), 4);
        assert_eq!(ErrorKind::Cancelled.exit_code(), 130);
    }
}
