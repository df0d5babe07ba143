//! Rehearsals of a DAO's governance: exact rules, agents that behave like people, conditions and attacks.
//!
//! A rule ([`governance`]) is one folder and one line in [`governance::registry::RULES`]: what counts as power, how
//! ballots become an outcome, what an outcome still has to pass before it takes effect, or how a pot is shared out.
//! Token arithmetic is exact ([`governance::Amount`]); where the original computes in floating point, so does the rule,
//! operation by operation.

pub mod calibration;
pub mod described;
pub mod engine;
pub mod error;
pub mod governance;
pub mod incidents;
pub mod rehearsal;
pub mod scenario;

pub use error::{Error, Result};
