//! Attacks on a DAO's own contracts, found, made minimal and priced.
//!
//! A [`chain::Machine`] runs transactions on real bytecode over states that fork for nothing.

pub mod chain;
mod error;

pub use error::{Error, Result};
