//! Nothing is traded but what bills force.

use super::{Card, Family, Parameter, TreasuryPolicy};
use crate::Result;
use crate::allocation::simulator::{Futures, State, Treasury};

/// The family.
#[derive(Debug)]
pub struct Hold;

impl TreasuryPolicy for Hold {
    fn orders(&self, _: &State<'_>, _: &mut [f64]) {}
}

impl Family for Hold {
    fn name(&self) -> &'static str {
        "hold"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "Holds what there is; bills are paid from cash, then stable assets, then volatile ones, then the own token.",
            source: "What most treasuries do that hold more than four fifths of their own token.",
            limits: "A baseline. After a fall of the own token the treasury sells most when it is worth least.",
        }
    }

    fn parameters(&self) -> &'static [Parameter] {
        &[]
    }

    fn build(&self, _: &[f64], _: &Treasury, _: &Futures) -> Result<Box<dyn TreasuryPolicy>> {
        Ok(Box::new(Self))
    }
}
