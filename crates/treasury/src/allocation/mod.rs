//! Portfolios and policies: what to hold, and when to change it.

pub mod allocator;
mod bundle;
pub mod evolution;
pub mod frontier;
pub mod judge;
mod linear;
pub mod mean_cvar;
pub mod multistage;
pub mod policy;
mod projection;
pub mod robust;
pub mod simulator;

pub use frontier::frontier;
pub use judge::recommend;

#[cfg(test)]
mod test;
