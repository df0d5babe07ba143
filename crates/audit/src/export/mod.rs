//! What becomes of a finding: a test, a file to replay, lines for machines and for people.

mod foundry;

pub use foundry::{Test, foundry};
