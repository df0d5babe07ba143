//! daotwin learns a private statistical twin of a DAO from its history and rehearses on the twin what
//! nobody would try on the real thing.
//!
//! This crate re-exports the rooms and holds no logic.

pub use daotwin_audit as audit;
pub use daotwin_community as community;
pub use daotwin_core as core;
pub use daotwin_detection as detection;
pub use daotwin_evaluation as evaluation;
pub use daotwin_generators as generators;
pub use daotwin_history as history;
pub use daotwin_privacy as privacy;
pub use daotwin_report as report;
pub use daotwin_simulation as simulation;
