//! A chain to try things on: states that fork for nothing, a machine that runs one transaction on one of them, and a trace
//! of what it did.

mod fork;
mod instructions;
mod machine;
mod remote;
mod state;
mod trace;

#[cfg(test)]
mod test;

pub use fork::Fork;
pub use machine::{Machine, Outcome, Status, Transaction};
pub(crate) use machine::{random, reason};
pub use remote::{Asking, Base, Remote};
pub use state::State;
pub(crate) use trace::push_size;
pub use trace::{
    Access, CallKind, CallRecord, Codes, Comparison, ComparisonKind, Environment, Site, Trace, Wrap,
};
