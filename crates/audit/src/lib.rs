//! Attacks on a DAO's own contracts, found, made minimal and priced.
//!
//! [`artifact`] reads compiled contracts.

pub mod artifact;
pub mod chain;
mod error;
mod problems;

pub use error::{Error, Result};
