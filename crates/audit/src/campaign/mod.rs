//! The search: which calls, in which order, do harm.
//!
//! A corpus holds states that something was reached on. A try takes one of them, makes one call on it and keeps what comes
//! of it where it reaches further: a new branch, a comparison nearer to the other way, another kind of value stored. No
//! call before it is made again. What a call was compared with is put into its arguments (input-to-state); what failed is
//! tried again where a state changes what it had read; time passes by what the clock was compared with; calls that would do
//! harm in another's name are looked for first and handed to whatever takes calls as arguments; a loan is a state of its
//! own, on which the search goes on until it can be paid back.
//!
//! Tries are made in rounds: all of a round see the same corpus, each draws from a stream of its own number, and what they
//! reach is taken in in their order. So a seed gives the same report on any number of threads.
//!
//! Sources: snapshots and waypoints as in ItyFuzz (Shou, Tan and Sen, ISSTA 2023, sections 3 and 4); input-to-state as in
//! REDQUEEN (Aschermann and others, NDSS 2019, section III).

mod coverage;
mod engine;
mod knowledge;
mod payload;
mod report;
mod shape;
mod tries;
mod values;

#[cfg(test)]
mod test;

pub(crate) use values::{leaves, put};

pub use engine::Campaign;
pub use report::{Called, Options, Progress, Report, Taken};
