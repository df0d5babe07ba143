//! The ground that every room of daotwin stands on.
//!
//! No domain logic lives here: error kinds, seeds and random streams, limits, whole-file writes,
//! progress and cancellation, names that people mistype, statistics that several rooms share, and the neutral
//! [`document`] that the rooms return and the report renders.

pub mod document;
pub mod error;
pub mod files;
pub mod limits;
pub mod names;
pub mod progress;
pub mod random;
pub mod statistics;

pub use error::{Error, ErrorKind, Result};
pub use limits::Limits;
pub use progress::{Cancel, Run};
pub use random::{Seed, Stream, Streams};
