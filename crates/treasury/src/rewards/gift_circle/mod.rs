//! Gift circles: members give points away to each other, and the budget follows the points.

use super::{Card, Give, Reward, Round, Spends, apportion};
use crate::Result;

/// The rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GiftCircle;

/// Points received by member.
pub fn received(members: usize, gives: &[Give]) -> Vec<u128> {
    let mut received = vec![0; members];
    for give in gives {
        received[give.to as usize] += u128::from(give.points);
    }
    received
}

impl Reward for GiftCircle {
    fn name(&self) -> &'static str {
        "gift-circle"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "Members thank each other with points, and the budget follows the points",
            definition: "budget x points received / points given by all; points kept count for nothing, points for oneself are left \
                out; largest remainders",
            source: "Coordinape's GIVE circles (docs.coordinape.com), as the circle of Developer DAO has it",
            goes_by: "gives",
            spends: Spends::All,
            limits: "Friends who give to each other are paid for it; who is in the circle has to be decided elsewhere",
        }
    }

    fn pay(&self, round: &Round) -> Result<Vec<u128>> {
        round.check()?;
        let gives: Vec<Give> = round.gives.iter().copied().filter(|give| give.from != give.to).collect();
        Ok(apportion(round.budget, &received(round.members, &gives)))
    }
}
