//! What mechanisms cost, alone and together.
//!
//! | accountant | answers | for |
//! | --- | --- | --- |
//! | [`zcdp`] | sums that are exact integers, so that a ledger can be audited with pen and paper | what this room measures itself; the ledger |
//! | [`rdp`] | an upper bound from Rényi divergences | a second opinion on [`pld`]; what other tools report |
//! | [`pld`] | a lower and an upper bound of the true epsilon, less than 0.1 % apart | Poisson-sampled training, mixed compositions |
//!
//! All are told what was done as an [`Event`]. [`calibrate`] turns the question round.

pub mod calibrate;
mod event;
mod normal;
pub mod pld;
pub mod rdp;
pub mod zcdp;

pub use event::Event;
pub use zcdp::{Budget, Rho, rho_for};

use event::within;

use crate::error::Result;

/// A number that is known to lie between two others.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Bounds {
    /// It is at least this.
    pub lower: f64,
    /// It is at most this: what to claim.
    pub upper: f64,
}

/// Refuses a delta that no accountant answers for.
fn check_delta(delta: f64) -> Result<()> {
    let why = "it is the chance that the loss is larger; at 0 Gaussian noise has no guarantee, and what is \
               below 1e-30 is lost in rounding";
    within("delta", delta, 1e-30..=0.5, "1e-30 to 0.5", why)
}

/// Refuses an epsilon that no accountant answers for.
fn check_epsilon(epsilon: f64) -> Result<()> {
    within("epsilon", epsilon, 0.0..=1e7, "0 to 1e7", "it is the logarithm of a likelihood ratio")
}
