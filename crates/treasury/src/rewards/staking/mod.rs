//! Staking rewards: the budget goes to tokens by the time for which they were staked.

use super::{Card, Reward, Round, Spends, apportion};
use crate::Result;

/// The rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Staking;

impl Reward for Staking {
    fn name(&self) -> &'static str {
        "staking"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "Pays holders who leave their tokens in the contract",
            definition: "Weight = sum over a member's stakes of amount x seconds; largest remainders. Over a round whose stakes all \
                last alike this is the share of staked tokens, as contracts with a reward per token and second have it.",
            source: "Batog, Boca, Johnson 2018, Scalable Reward Distribution on the Ethereum Blockchain; Synthetix \
                `StakingRewards.sol` (which rounds every member down)",
            goes_by: "stakes",
            spends: Spends::All,
            limits: "Pays capital, not work",
        }
    }

    fn pay(&self, round: &Round) -> Result<Vec<u128>> {
        round.check()?;
        let mut weights = vec![0_u128; round.members];
        for stake in &round.stakes {
            // Below 2^125; a sum of many saturates rather than wraps.
            let weight = stake.amount * u128::from(stake.seconds);
            let own = &mut weights[stake.member as usize];
            *own = own.saturating_add(weight);
        }
        // So that the sum keeps below 2^127 with any number of members.
        let largest = weights.iter().copied().max().unwrap_or_default();
        let spare = (round.members.max(1) as u128).next_power_of_two().trailing_zeros();
        let shift = (128 - largest.leading_zeros() + spare).saturating_sub(126);
        weights.iter_mut().for_each(|weight| *weight >>= shift);
        Ok(apportion(round.budget, &weights))
    }
}
