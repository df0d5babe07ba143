//! What can go wrong in this room.

use daotwin_core::ErrorKind;

/// Every failure of this room.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Failed in the core.
    #[error(transparent)]
    Core(#[from] daotwin_core::Error),
    /// Matrices, layers or parameters that do not fit each other: the caller is wrong.
    #[error("defect in a neural network: {0}")]
    Defect(String),
    /// The tensor library failed.
    #[error("the tensor library failed: {0}")]
    Tensors(String),
}

impl Error {
    /// The kind, hence the exit code.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Core(error) => error.kind(),
            Self::Defect(_) | Self::Tensors(_) => ErrorKind::Internal,
        }
    }
}

/// A result of this room.
pub type Result<T> = std::result::Result<T, Error>;
