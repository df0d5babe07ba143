//! What a decided proposal pays.

use serde::Serialize;

use super::machine::{Machine, Proposal};
use super::{Refusal, State};
use crate::governance::Amount;

/// What an account redeems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Rewards {
    /// Staking tokens.
    pub tokens: Amount,
    /// Reputation, as a voter before the boost.
    pub voter_reputation: Amount,
    /// Reputation, as the proposer.
    pub proposer_reputation: Amount,
}

/// floor(amount x numerator / denominator).
fn part(amount: u128, numerator: u128, denominator: u128) -> Result<u128, Refusal> {
    Amount(amount).times(numerator, denominator).map(|part| part.0).ok_or(Refusal::OutOfRange)
}

impl Proposal {
    /// What whoever executed it late gets of the stakes for.
    pub fn call_bounty(&self) -> u128 {
        Amount(self.stakes.yes).times(self.late.min(1_500).into(), 15_000).unwrap_or_default().0
    }
}

impl Machine {
    /// Pays an account what it has won, once; `organisation` where the account is the organisation itself.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn redeem(&mut self, number: u32, account: u32, organisation: bool) -> Result<Rewards, Refusal> {
        let (loss, proposing) =
            (self.parameters.voters_reputation_loss_ratio, self.parameters.proposing_reputation_reward);
        let proposal = self.proposals.get_mut(number as usize).ok_or(Refusal::NoProposal)?;
        let expired = proposal.state == State::ExpiredInQueue;
        if !expired && proposal.state != State::Executed {
            return Err(Refusal::NotDecided);
        }
        let winner = proposal.winner;
        let winning = proposal.stakes.of(winner);
        let left = proposal.stakes.no + proposal.stakes.yes - proposal.call_bounty();
        let mut rewards = Rewards::default();
        if let Some(staker) = proposal.stakers.get_mut(&account)
            && staker.amount > 0
        {
            if expired {
                rewards.tokens.0 = staker.amount;
            } else if staker.yes == winner {
                let shared = if winner { left.saturating_sub(proposal.bounty) } else { left };
                rewards.tokens.0 = part(staker.amount, shared, winning)?;
            }
            staker.amount = 0;
        }
        if organisation && !proposal.organisation_paid && !expired && !winner {
            let won = part(proposal.bounty, left, winning)?;
            rewards.tokens.0 += won.checked_sub(proposal.bounty).ok_or(Refusal::OutOfRange)?;
            proposal.organisation_paid = true;
        }
        if let Some(voter) = proposal.voters.get_mut(&account)
            && voter.reputation != 0
            && voter.before_boost
        {
            let deposit = part(voter.reputation, loss, 100)?;
            if expired {
                rewards.voter_reputation.0 = deposit;
            } else if voter.yes == winner {
                let lost = part(proposal.pre_boosted_votes.of(!winner), loss, 100)?;
                rewards.voter_reputation.0 =
                    deposit + part(voter.reputation, lost, proposal.pre_boosted_votes.of(winner))?;
            }
            voter.reputation = 0;
        }
        if proposal.proposer == Some(account) && winner {
            rewards.proposer_reputation.0 = proposing;
            proposal.proposer = None;
        }
        proposal.total_stakes =
            proposal.total_stakes.checked_sub(rewards.tokens.0).ok_or(Refusal::OutOfRange)?;
        Ok(rewards)
    }

    /// Pays a winning staker its part of the organisation's bounty, where the organisation has that much.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn redeem_bounty(
        &mut self,
        number: u32,
        account: u32,
        organisation_has: u128,
    ) -> Result<u128, Refusal> {
        let proposal = self.proposals.get_mut(number as usize).ok_or(Refusal::NoProposal)?;
        if proposal.state != State::Executed {
            return Err(Refusal::NotDecided);
        }
        let winning = proposal.stakes.of(proposal.winner);
        let Some(staker) = proposal.stakers.get_mut(&account) else { return Ok(0) };
        if staker.for_bounty == 0 || !staker.yes || !proposal.winner {
            return Ok(0);
        }
        let bounty = part(staker.for_bounty, proposal.bounty, winning)?;
        if bounty == 0 || organisation_has < bounty {
            return Ok(0);
        }
        staker.for_bounty = 0;
        proposal.bounty_left = proposal.bounty_left.checked_sub(bounty).ok_or(Refusal::OutOfRange)?;
        Ok(bounty)
    }
}
