//! Synthesizers of flat tables.
//!
//! [`registry`] lists them; [`sample`] draws rows of any of them in parallel blocks, so that the rows depend on
//! the seed and never on the number of threads. One model is one folder and one line in the registry.

pub mod conditions;
pub mod files;
pub mod independent;
pub mod registry;
pub mod sample;

pub use sample::{sample, sample_to};
