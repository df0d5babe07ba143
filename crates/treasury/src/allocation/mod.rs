//! Portfolios and policies: what to hold, and when to change it.

mod bundle;
pub mod evolution;
pub mod judge;
pub mod mean_cvar;
pub mod policy;
mod projection;
pub mod simulator;

#[cfg(test)]
mod test;
