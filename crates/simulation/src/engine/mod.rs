//! What runs a simulation.
//!
//! Agents are columns ([`population`]); draws depend on nothing but who draws them ([`random`]); functions are the same
//! on every machine ([`math`]); [`hazard`] decides who acts when, by visiting every agent at every step or by touching
//! only those who act, with the same result; [`minimal`] is the smallest complete model on top of it.

pub mod dao;
pub mod ensemble;
pub mod hazard;
pub mod math;
pub mod minimal;
pub mod population;
pub mod random;
pub mod summary;
pub mod sweep;
pub mod tally;
