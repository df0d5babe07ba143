//! Salaries: what was agreed.

use super::{Card, Reward, Round, Spends, apportion};
use crate::Result;

/// The rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Salary;

impl Reward for Salary {
    fn name(&self) -> &'static str {
        "salary"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "Pays members what was agreed beforehand",
            definition: "Every agreed amount where the budget covers all of them; else the budget in their proportion, by largest \
                remainders",
            source: "Payroll; the proportion in want of money is that of claims of one rank in insolvency",
            goes_by: "salaries",
            spends: Spends::AtMost,
            limits: "Goes by agreement, not by this round's work",
        }
    }

    fn pay(&self, round: &Round) -> Result<Vec<u128>> {
        round.check()?;
        if round.salaries.is_empty() {
            return Ok(vec![0; round.members]);
        }
        let owed = round.salaries.iter().fold(0_u128, |sum, &salary| sum.saturating_add(salary));
        if owed <= round.budget {
            Ok(round.salaries.clone())
        } else {
            Ok(apportion(round.budget, &round.salaries))
        }
    }
}
