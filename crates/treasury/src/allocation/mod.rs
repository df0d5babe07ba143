//! Portfolios and policies: what to hold, and when to change it.

mod bundle;
pub mod evolution;
pub mod judge;
mod linear;
pub mod mean_cvar;
pub mod multistage;
pub mod policy;
mod projection;
pub mod robust;
pub mod simulator;

#[cfg(test)]
mod test;
