//! Two incidents in which rewards or members were taken in, as scenarios whose remedy must change the outcome.

pub mod announcement;
pub mod sybil_round;
