//! Votes are borrowed.

use alloy_primitives::{Address, U256};

use super::evidence::exchange;
use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::Machine;
use crate::finding::{Confidence, Effect, Finding, Impact, balance};
use crate::sequence::{Step, Wait};

pub(super) struct FlashVote;

static CARD: Card = Card {
    name: "flash-vote",
    about: "votes are counted from tokens that were borrowed for the time of one transaction",
    rule: "within one transaction an attacker has more of a token than before and after it, and a contract that decides by votes \
           keeps a number that grew by at least what was borrowed and at most by that and the attacker's own, that is another \
           when less is borrowed, while the attacker's own tokens are no more than before",
    source: "the attack on Beanstalk of 17 April 2022; R. Feichtinger et al., SoK: Attacks on DAOs, AFT 2024",
    limits: "votes that are counted otherwise than one for one are not seen, nor what a new proposal notes of all votes",
};

impl FlashVote {
    /// How much of a token came first to an attacker within the step, and what it had before.
    fn borrowed(look: &Look<'_>, token: Address, slot: U256) -> Option<(U256, U256)> {
        let before = look.before.storage(token, slot);
        let mut words =
            look.trace.accesses.iter().filter(|a| a.write && a.address == token && a.slot == slot);
        let first = words.find(|access| access.value > before)?;
        Some((first.value - before, before))
    }

    /// Whether a word is another after the step where a wei less is borrowed.
    fn depends(
        look: &Look<'_>,
        loan: U256,
        (account, slot): (Address, U256),
        probe: &mut Machine,
    ) -> Result<bool> {
        let mut step = Step { wait: Wait::default(), ..look.step.clone() };
        exchange(&mut step, loan, loan - U256::from(1));
        let ran = step.run(probe, look.before)?;
        Ok(!ran.outcome.success()
            || ran.after(&step).storage(account, slot) != look.after.storage(account, slot))
    }
}

impl Oracle for FlashVote {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::CALLBACK
    }

    fn step(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        if !look.signs.any(Signs::GOVERNANCE) || !look.signs.any(Signs::BALANCE) || !look.attack() {
            return Ok(Vec::new());
        }
        let Some(place) = look.facts.attackers.iter().position(|attacker| *attacker == look.step.sender)
        else {
            return Ok(Vec::new());
        };
        for token in &look.facts.tokens {
            let Some(Some(slot)) = token.slots.get(place) else { continue };
            let Some((loan, own)) = Self::borrowed(look, token.address, *slot) else { continue };
            // Who lent has it again.
            let lender = look.step.to;
            if balance(probe, look.after, token.address, lender)?
                < balance(probe, look.before, token.address, lender)?
            {
                continue;
            }
            let counted = look.trace.accesses.iter().filter(|access| {
                access.write && access.address != token.address && look.facts.is_governance(access.address)
            });
            for access in counted {
                let (account, slot) = (access.address, access.slot);
                let value = look.after.storage(account, slot);
                let grown = value.saturating_sub(look.before.storage(account, slot));
                let staked = look.stake(account, probe)?;
                let most = loan.saturating_add(own).saturating_add(staked);
                if grown < loan || grown > most || loan < own.saturating_add(staked) {
                    continue;
                }
                let vote = look.trace.calls.get(access.call as usize).map(|call| look.signature(call));
                if vote.as_ref().is_some_and(|vote| vote.starts_with("propose"))
                    || !Self::depends(look, loan, (account, slot), probe)?
                {
                    continue;
                }
                let effects = vec![Effect::Stored { account, slot, value }];
                let title = format!("votes of `{}` are counted from borrowed tokens", look.name(account));
                let place = (account, vote.unwrap_or_default());
                let harm = (Impact::Critical, Confidence::High);
                return look.finding(&CARD, place, harm, title, effects, probe);
            }
        }
        Ok(Vec::new())
    }
}
