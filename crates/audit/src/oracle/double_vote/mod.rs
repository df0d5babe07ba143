//! The same votes are counted twice.

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{Address, U256};

use super::facts::word;
use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::Machine;
use crate::finding::{Confidence, Effect, Finding, Impact, balance};
use crate::sequence::Step;

pub(super) struct DoubleVote;

static CARD: Card = Card {
    name: "double-vote",
    about: "the same tokens are counted as votes more than once",
    rule: "by attackers' calls alone a number of a contract that decides by votes grows at least twice, each time by no more \
           than attackers have of tokens, and in all by more than they ever had",
    source: "R. Feichtinger et al., SoK: Attacks on DAOs, AFT 2024 (vote recycling)",
    limits: "sees votes that are counted one for one; a sum of all that ever passed through is told too",
};

impl DoubleVote {
    /// How often a word grew along the path, and the most that attackers had of one token on it, with what they put in.
    fn counts(look: &Look<'_>, account: Address, slot: U256, probe: &mut Machine) -> Result<(usize, U256)> {
        let mut state = std::sync::Arc::clone(&look.world.state);
        let (mut times, mut most) = (0, look.facts.stake);
        for step in look.path.iter().chain([look.step]) {
            let plain = step.inner.is_empty();
            let ran = Step::run(step, probe, &state)?;
            if !ran.outcome.success() {
                break;
            }
            let next = ran.after(step);
            times += usize::from(next.storage(account, slot) > state.storage(account, slot));
            // Loans make votes of their own kind.
            if !plain && next.storage(account, slot) > state.storage(account, slot) {
                return Ok((0, U256::MAX));
            }
            state = next;
            for token in &look.facts.tokens {
                let mut sum = U256::ZERO;
                for attacker in &look.facts.attackers {
                    sum = sum.saturating_add(balance(probe, &state, token.address, *attacker)?);
                }
                most = most.max(sum);
            }
        }
        Ok((times, most))
    }
}

impl Oracle for DoubleVote {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::GOVERNANCE
    }

    fn step(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        if look.path.is_empty() || look.facts.stake.is_zero() {
            return Ok(Vec::new());
        }
        let written = look.trace.accesses.iter().filter(|access| access.write);
        let written = written.filter(|access| {
            look.facts.is_governance(access.address) && look.facts.token(access.address).is_none()
        });
        for access in written {
            let (account, slot) = (access.address, access.slot);
            let value = look.after.storage(account, slot);
            let last = value.saturating_sub(look.before.storage(account, slot));
            let grown = value.saturating_sub(look.world.state.storage(account, slot));
            let tally = !last.is_zero()
                && last <= look.facts.stake
                && grown > look.facts.stake
                && grown <= look.facts.stake.saturating_mul(U256::from(64));
            // An address that was written down is no number of votes.
            let named = |argument: &DynSolValue| argument.as_address().map(word) == Some(value);
            if !tally || look.step.arguments.iter().any(named) || !look.attack() {
                continue;
            }
            let (times, most) = Self::counts(look, account, slot, probe)?;
            if times < 2 || grown <= most {
                continue;
            }
            let function = look.trace.calls.get(access.call as usize).map(|call| look.signature(call));
            let effects = vec![Effect::Stored { account, slot, value }];
            let title = format!("`{}` counts the same votes more than once", look.name(account));
            let place = (account, function.unwrap_or_default());
            return look.finding(&CARD, place, (Impact::High, Confidence::Medium), title, effects, probe);
        }
        Ok(Vec::new())
    }
}
