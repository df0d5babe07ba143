//! What runs a simulation.
//!
//! Agents are columns ([`population`]); draws depend on nothing but who draws them ([`random`]); functions are the
//! same on every machine ([`math`]); [`hazard`] decides who acts when, by visiting every agent at every step or by
//! touching only those who can act, with the same result. [`minimal`] is the smallest complete model on top of it,
//! [`dao`] a whole DAO. Either is run again and again by [`ensemble`], summed up by [`summary`], and varied by
//! [`mod@sweep`].
//!
//! The same seed gives the same bytes for any number of threads, either scheduler, and every build.
//!
//! ```
//! use daotwin_core::Run;
//! use daotwin_simulation::engine::ensemble::{Model, ensemble};
//! use daotwin_simulation::engine::Scheduler;
//! use daotwin_simulation::engine::minimal::{Minimal, Parameters};
//! use daotwin_simulation::engine::population::Description;
//!
//! let population = Description { agents: 500, ..Description::default() };
//! let parameters = Parameters { population, proposals: 5, ..Parameters::default() };
//! let run = Run::default();
//! let model = Minimal::new(parameters, Scheduler::Events, 1, &run)?;
//! let summaries = ensemble(&model, 1, 50, &run)?;
//! let turnout = &summaries[0];
//! assert_eq!((model.variables()[0], turnout.count()), ("turnout", 50));
//! let (low, high) = turnout.interval(0.95);
//! assert!(low < turnout.mean() && turnout.mean() < high);
//! # Ok::<(), daotwin_simulation::Error>(())
//! ```

pub mod dao;
pub mod ensemble;
pub mod hazard;
pub mod math;
pub mod minimal;
pub mod population;
pub mod random;
pub mod summary;
pub mod sweep;
pub mod tally;

pub use hazard::Scheduler;
