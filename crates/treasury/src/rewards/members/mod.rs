//! Who contributes, how much, and for how long: joining, effort, burn-out, leaving.
//!
//! [`Parameters`] is the model of one member, [`Joining`] that of how many come. Both are fitted to records of activity ([`fit()`])
//! and judged on later periods ([`held_back()`]). How members answer rewards adds to the logit of leaving; it is measured where
//! records hold who asked for a reward and who got it ([`measure`]).
//!
//! Members are independent of each other given the model: nothing moves a whole community at once, such as a proposal that calls
//! everyone or a falling price. Intervals of forecasts are therefore too narrow for communities of thousands.

mod activity;
mod fit;
mod held_back;
mod joining;
mod likelihood;
mod model;
mod optimise;
mod response;
mod simulate;
mod spread;

pub use activity::Activity;
pub use fit::{Fit, fit};
pub use held_back::{Figure, HeldBack, held_back};
pub use joining::Joining;
pub use likelihood::Records;
pub use model::{NAMES, Parameters, Person, State};
pub use response::{Case, Response, answer, foretold, measure};
pub use simulate::{Standings, carry_on, draw};
pub use spread::Spread;

#[cfg(test)]
mod test;
