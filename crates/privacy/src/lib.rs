//! Differential privacy for daotwin: exact noise, exact accounting, and a ledger that charges first.
//!
//! # What is promised
//!
//! The unit of privacy is the member: two Histories are neighbours when they differ in everything that one
//! member did. A release made through [`Measurer::charged`] is (epsilon, delta)-differentially private for
//! that unit, provided that the caller's sensitivities are right; the rest of this page is about what this
//! room does so that nothing else can break it.
//!
//! # What is defended against
//!
//! - **Noise that gives the input away.** Queries are integers before noise is added, and the noise is drawn
//!   by exact integer arithmetic ([`samplers`]); no float rounding takes part.
//! - **Noise that can be taken off again.** Bits come from the operating system, and there is no seed to
//!   know. Seeded noise exists for tests; its type cannot become a `Release<Charged>`, and its manifest
//!   claims nothing ([`noise`]).
//! - **Spending more than there is.** Prices are integers and sums are exact ([`accountant`]).
//!
//! # What is not
//!
//! - A reader who can time single draws.
//! - A wrong sensitivity, public column or bound declared by the caller; those are tested where they are
//!   declared.
//! - The memory of the process: true counts lie in it unprotected.

pub mod accountant;
pub mod error;
pub mod ledger;
pub mod measure;
pub mod noise;
pub mod quantise;
pub mod samplers;

pub use accountant::{Budget, Rho, rho_for};
pub use error::{Error, Result};
pub use ledger::{Account, Charge, Fingerprint, Head, Ledger, Reservation};
pub use measure::{Claim, Measurement, Measurer, Record, Release, Statement};
pub use noise::{Bits, Charged, Exact, Noise, NoiseKind, OperatingSystem, Seeded, Unaccounted};
pub use quantise::quantise_contribution;
pub use samplers::Rational;
