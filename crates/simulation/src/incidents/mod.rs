//! Incidents replayed: votes that ended badly (or nearly), run again from what was public before they opened.
//!
//! One incident is one folder and one line in [`registry::INCIDENTS`]. A replay draws an electorate and an attacker from
//! declared numbers ([`Input`]), lets them act on the DAO's own rule (a state machine of [`crate::governance`]) and counts
//! how often the recorded outcome comes about, as it was and with one thing changed ([`Counterfactual`]). Every number has
//! a [`Role`], a date and a source, so that a reader sees what was known, what is assumed and what was fitted.

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
pub use report::{Changed, Likelihood, Measured, Report};
