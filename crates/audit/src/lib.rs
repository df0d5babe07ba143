//! Attacks on a DAO's own contracts, found, made minimal and priced.
//!
//! [`artifact`] reads compiled contracts and [`world`] deploys them. A [`chain::Machine`] runs transactions on real bytecode
//! over states that fork for nothing.

pub mod artifact;
pub mod campaign;
pub mod chain;
pub mod cost;
mod error;
pub mod export;
mod finding;
pub mod oracle;
mod problems;
mod puppet;
mod sequence;
pub mod shrink;
pub mod traffic;
pub mod words;
pub mod world;

pub use error::{Error, Result};
pub use finding::{Confidence, Effect, Explained, Finding, Impact, Replayed, balance, play, replay};
pub use sequence::{BLOCK_SECONDS, Ran, Step, Wait};
