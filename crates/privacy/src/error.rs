//! What can go wrong in this room.

use std::path::PathBuf;

use daotwin_core::ErrorKind;

/// A failure of a mechanism, an accountant or the ledger. No message holds a value of the protected data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A failure of the ground: a file, a limit, a cancelled run.
    #[error(transparent)]
    Core(#[from] daotwin_core::Error),
    /// A parameter is outside its range.
    #[error("`{name}` is {found}, allowed is {allowed}: {why}")]
    Parameter {
        /// The parameter's name as the caller wrote it.
        name: &'static str,
        /// The value given.
        found: String,
        /// The range.
        allowed: &'static str,
        /// Why the range is what it is.
        why: &'static str,
    },
    /// A number does not fit the exact arithmetic.
    #[error("{what} does not fit the exact arithmetic; allowed is {allowed}")]
    Overflow {
        /// What was computed.
        what: &'static str,
        /// The range.
        allowed: &'static str,
    },
    /// The operating system gives no random bits, so no noise can be drawn.
    #[error(
        "the operating system's random generator failed ({source}); no noise was drawn and nothing may be released"
    )]
    Entropy {
        /// The operating system's answer.
        source: getrandom::Error,
    },
    /// The budget does not allow the request.
    #[error("{asked} needs rho {needed}, but {holder} has rho {left} left of {total}; {fix}")]
    Budget {
        /// What was asked for.
        asked: String,
        /// Its price in zCDP.
        needed: f64,
        /// Who would pay.
        holder: String,
        /// What is left.
        left: f64,
        /// What there was in all.
        total: f64,
        /// What the caller can do.
        fix: &'static str,
    },
    /// The ledger is not what it was when its last charge was acknowledged.
    #[error("ledger `{}`, record {record}: {problem}; {fix}", path.display())]
    Ledger {
        /// The ledger file.
        path: PathBuf,
        /// The number of the first record that is wrong.
        record: u64,
        /// What is wrong.
        problem: String,
        /// What the caller can do.
        fix: &'static str,
    },
    /// There is no ledger at this path.
    #[error("there is no ledger at `{}`; create one by registering a DAO, or restore it from a copy", path.display())]
    NoLedger {
        /// The path.
        path: PathBuf,
    },
    /// There is a ledger already.
    #[error("a ledger exists already at `{}`; open it, or name another path", path.display())]
    LedgerExists {
        /// The path.
        path: PathBuf,
    },
    /// The account is not registered.
    #[error("the ledger has no account {account}; register the DAO with its epsilon and delta first")]
    NoAccount {
        /// The account.
        account: String,
    },
    /// The request contradicts what the ledger holds.
    #[error("{problem}; {fix}")]
    Conflict {
        /// The contradiction.
        problem: String,
        /// What the caller can do.
        fix: &'static str,
    },
}

impl Error {
    /// The kind of this failure.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Core(error) => error.kind(),
            Self::Parameter { .. } => ErrorKind::Usage,
            Self::Overflow { .. } => ErrorKind::Limit,
            Self::Entropy { .. } => ErrorKind::Io,
            // A ledger that cannot be trusted is a budget that cannot be shown to be there.
            Self::Budget { .. } | Self::Ledger { .. } => ErrorKind::Budget,
            Self::NoLedger { .. } | Self::NoAccount { .. } => ErrorKind::NotFound,
            Self::LedgerExists { .. } | Self::Conflict { .. } => ErrorKind::Conflict,
        }
    }
}

/// This room's result.
pub type Result<T> = std::result::Result<T, Error>;
