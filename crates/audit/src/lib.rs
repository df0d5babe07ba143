//! Attacks on a DAO's own contracts, found, made minimal and priced.
//!
//! [`artifact`] reads compiled contracts, [`world`] deploys them. A [`chain::Machine`] runs transactions on real bytecode over states that fork for nothing.

pub mod artifact;
pub mod chain;
mod error;
mod problems;
pub mod world;

pub use error::{Error, Result};
