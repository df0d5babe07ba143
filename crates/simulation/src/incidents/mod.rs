//! Incidents replayed: votes that ended badly (or nearly), run again from what was public before they opened.
//!
//! One incident is one folder and one line in [`registry::INCIDENTS`]. A replay draws an electorate and an attacker from
//! declared numbers ([`Input`]), lets them act on the DAO's own rule (a state machine of [`crate::governance`]) and counts
//! how often the recorded outcome comes about, as it was and with one thing changed ([`Counterfactual`]). Every number has
//! a [`Role`], a date and a source, so that a reader sees what was known, what is assumed and what was fitted.
//!
//! Whoever set the assumed ranges knew how the vote had ended: a probability here is no forecast made in advance. What it
//! hangs on is said by [`Sensitivity`]: the outcome with each range held at either end.
//!
//! ```
//! use daotwin_core::Run;
//! use daotwin_simulation::incidents::registry::find;
//! use daotwin_simulation::incidents::{Options, render};
//!
//! let options = Options { replicates: 100, ..Options::default() };
//! let report = find("beanstalk")?.replay(&options, &Run::default())?;
//! assert!(report.likely && report.counterfactuals.iter().all(|changed| changed.flips));
//! assert!(render(&report).contains("Recorded outcome"));
//! # Ok::<(), daotwin_simulation::Error>(())
//! ```

pub mod aragon;
mod attention;
pub mod beanstalk;
pub mod build_finance;
pub mod compound_289;
mod frame;
pub mod indexed;
pub mod lobbyfi;
pub mod mango;
pub mod nouns_fork;
pub mod registry;
mod render;
mod report;
pub mod rook;
pub mod synthetify;
pub mod tornado_cash;
mod vote;

pub use frame::{
    Card, Counterfactual, Draws, Figure, Grade, Incident, Input, Options, Quantity, Reading, Role, Source,
    Trial,
};
pub use render::render;
pub use report::{Changed, Likelihood, Measured, Report, Sensitivity};

#[cfg(test)]
mod test;
