//! What can go wrong while a report is rendered or read back.

use daotwin_core::ErrorKind;

/// A failure of the report room.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A failure of the ground.
    #[error(transparent)]
    Core(#[from] daotwin_core::Error),
    /// The document could not be written as JSON.
    #[error("cannot write the report as JSON: {0}")]
    Encode(serde_json::Error),
    /// The text is not the JSON of a report.
    #[error("this is not the JSON of a report: {0}")]
    Decode(serde_json::Error),
    /// The JSON is of another schema.
    #[error(
        "the report has schema `{found}`; this version reads schema `{}`, so render it with the version that wrote it",
        crate::SCHEMA
    )]
    Schema {
        /// The schema field as found, `missing` where there is none.
        found: String,
    },
}

impl Error {
    /// The kind of this failure.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Core(error) => error.kind(),
            Self::Encode(_) => ErrorKind::Internal,
            Self::Decode(_) | Self::Schema { .. } => ErrorKind::Input,
        }
    }
}

/// The report room's result.
pub type Result<T> = std::result::Result<T, Error>;
