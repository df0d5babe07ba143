//! The facts of a DAO that a synthetic one must reproduce: who takes part how often, how power is held, how
//! choices fall, and when votes come.
//!
//! [`Facts::of`] reads them off a [`DaoView`]; [`compare`] measures eleven distances between two sets of
//! facts; [`floors`] says how large those distances are between the DAO and its own bootstraps; [`FactTable`]
//! puts the three beside each other.

mod ballots;
mod bootstrap;
mod compare;
mod measure;
mod pictures;
#[cfg(test)]
mod test;

pub use bootstrap::{Floor, floors};
pub use compare::{
    CountCheck, FACTS, Fact, FactDistance, FactId, FactRow, FactTable, compare, count_checks, table,
};
pub use measure::Facts;
pub use pictures::{CoVoting, activity_tail, co_voting, lorenz, power_tail, turnout};
