//! How far a synthetic DAO is from the real one, what it is good for, and what it gives away.
//!
//! Every score stands beside its references: the same score between two halves of the real DAO, with
//! columns made independent of each other, or by chance. A metric is one file and one line in
//! [`metric::METRICS`]; ids such as `fidelity.facts.votes_per_member` are stable, and gates are written
//! against them.
//!
//! An evaluation on real data is not private: it may be shown only to those who may see the data.

pub mod context;
pub mod detection;
pub mod document;
pub mod error;
pub mod evaluation;
pub mod fidelity;
pub mod forecast;
pub mod gates;
pub mod metric;
pub mod privacy;
pub mod rows;
pub mod table;
mod trees;
pub mod utility;
pub mod variants;

pub use context::{Context, Options};
pub use error::{Error, Result};
pub use evaluation::{Evaluation, evaluate};
pub use gates::Gates;
pub use metric::{METRICS, Metric};
