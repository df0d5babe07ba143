//! How near a synthetic DAO is to the real one.

pub mod facts;
pub mod marginals;
