//! Differential privacy for daotwin: exact noise, exact accounting, and a ledger that charges first.
//!
//! # What is promised
//!
//! The unit of privacy is the **member**: two Histories are neighbours when one of them lacks everything that
//! one member of the other did. (To change a member into another is two such steps: twice the distance, at
//! four times the rho.) What is made through [`Measurer::charged`] is (epsilon, delta)-differentially private for that
//! unit, alone and together with everything else that the same account has paid for, provided that the
//! caller's sensitivities are right. The rest of this page is what this room does so that nothing else can
//! break the promise, and what it cannot do.
//!
//! # What is defended against
//!
//! | attack | defence |
//! | --- | --- |
//! | low bits of floating-point noise give the input away | queries are integers before noise is added; noise is drawn by exact integer arithmetic ([`samplers`]) |
//! | rounding makes a member count for more than was declared | contributions are bounded in integers, exactly ([`quantise_contribution`]); integer sums have no order |
//! | whoever knows the seed takes the noise off again | bits come from ChaCha20 under keys of the operating system and have no seed; seeded noise is another type, and its manifest claims nothing ([`noise`]) |
//! | spending more than there is | prices are integers and sums are exact ([`accountant`]); noise cannot be drawn without a [`Reservation`], and a reservation is used up |
//! | a crash, a re-run, a copy or a new name of the data refunds a charge | the [`ledger`] charges on disk before noise is drawn; its account is the DAO, not a file |
//! | two processes spend the same budget at once | the ledger's exclusive lock |
//! | a ledger that was damaged, shortened or edited | hash chain and head; it is refused whole |
//! | an implementation that does not keep its claim | [`audit`], run in the tests with a broken mechanism beside the right one; [`audit::one_run`] for a training that runs once |
//! | whoever collects the data | [`local`]: noise before anyone else sees a value |
//!
//! # What is not
//!
//! - An owner who deletes the ledger, rewrites it consistently or puts an older copy back spends again. That is
//!   detected (every earlier release names a record that the new ledger does not hold, see
//!   [`Ledger::confirm`]), not prevented.
//! - A sensitivity, bound or public column that the caller declares wrongly. Tests where they are declared,
//!   and [`audit`], are for that.
//! - Two names for one DAO, beyond what [`ledger::marks`] recognises.
//! - A reader who can time single draws, or read this process's memory: true counts lie in it.
//! - What is told beside the release: whoever fits a model and then publishes a comparison with the real data
//!   publishes that comparison without protection.
//!
//! # Sources
//!
//! Canonne, Kamath and Steinke 2020 (samplers, conversion); Bun and Steinke 2016 (zCDP); Bun, Dwork, Rothblum and
//! Steinke 2018 (truncated zCDP, for trainings); Dong, Roth and Su
//! 2022 (trade-off functions); Clopper and Pearson 1934 (intervals); [`accountant`] for its own.

pub mod accountant;
pub mod audit;
pub mod error;
pub mod ledger;
pub mod local;
pub mod measure;
pub mod noise;
pub mod quantise;
pub mod samplers;

pub use accountant::{Budget, Rho, rho_for};
pub use error::{Error, Result};
pub use ledger::{Account, Charge, Fingerprint, Head, Ledger, Reservation};
pub use measure::{Claim, Measurement, Measurer, Record, Release, Sampled, Sampling, Statement, Training};
pub use noise::{Bits, Charged, Exact, Noise, NoiseKind, OperatingSystem, Seeded, Unaccounted};
pub use quantise::quantise_contribution;
pub use samplers::Rational;
