//! Balances of a token do not add up.

use alloy_primitives::{Address, U256};

use super::facts::{ask, input, word};
use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::{Machine, State};
use crate::finding::{Confidence, Effect, Finding, Impact, balance};

pub(super) struct Erc20Laws;

static CARD: Card = Card {
    name: "erc20-laws",
    about: "tokens come from nowhere, or move without leave",
    rule: "a step lets balances of known accounts grow by more than all words of the token shrink and its supply grows; or an \
           attacker's `transferFrom` takes more from somebody than was allowed",
    source: "EIP-20; the BeautyChain overflow of 22 April 2018 (CVE-2018-10299)",
    limits: "tokens whose balances lie in no words of their own, as shares do, are left out",
};

impl Erc20Laws {
    fn from_nowhere(look: &Look<'_>, token: Address, probe: &mut Machine) -> Result<Option<Vec<Effect>>> {
        let mut words: Vec<U256> = look
            .trace
            .accesses
            .iter()
            .filter(|access| access.write && access.address == token)
            .map(|access| access.slot)
            .collect();
        words.sort_unstable();
        words.dedup();
        let (mut grown, mut shrunk) = (0.0, 0.0);
        let mut holder = None;
        for slot in words {
            let (had, has) = (look.before.storage(token, slot), look.after.storage(token, slot));
            match look.facts.holder(token, slot) {
                Some(account) if has > had => {
                    grown += f64::from(has - had);
                    holder = Some(account);
                }
                _ if had > has => shrunk += f64::from(had - has),
                _ => {}
            }
        }
        let Some(account) = holder.filter(|_| grown > shrunk * (1.0 + 1e-9) + 1.0) else { return Ok(None) };
        let mut supply = |state: &std::sync::Arc<State>| -> Result<f64> {
            let answer = ask(probe, state, token, input("totalSupply()", &[]))?;
            Ok(answer.map_or(0.0, |answer| f64::from(answer.word)))
        };
        let more = supply(look.after)? - supply(look.before)?;
        if grown <= shrunk + more * (1.0 + 1e-9) + 1.0 {
            return Ok(None);
        }
        let least = balance(probe, look.after, token, account)?.saturating_sub(balance(
            probe,
            &look.world.state,
            token,
            account,
        )?);
        if least.is_zero() {
            return Ok(None);
        }
        Ok(Some(vec![Effect::TokenGained { token, account, least }]))
    }

    fn without_leave(look: &Look<'_>, probe: &mut Machine) -> Result<Option<Vec<Effect>>> {
        let (token, step) = (look.step.to, look.step);
        let moves = step.function.as_ref().is_some_and(|function| {
            function.selector == super::facts::selector("transferFrom(address,address,uint256)")
        });
        if !moves || look.facts.token(token).is_none() || !step.inner.is_empty() {
            return Ok(None);
        }
        let Some(from) = step.arguments.first().and_then(alloy_dyn_abi::DynSolValue::as_address) else {
            return Ok(None);
        };
        if from == step.sender {
            return Ok(None);
        }
        let taken = balance(probe, look.before, token, from)?
            .saturating_sub(balance(probe, look.after, token, from)?);
        let data = input("allowance(address,address)", &[word(from), word(step.sender)]);
        let Some(allowed) = ask(probe, look.before, token, data)? else { return Ok(None) };
        if taken <= allowed.word {
            return Ok(None);
        }
        Ok(Some(vec![Effect::TokenLost { token, account: from, least: taken }]))
    }
}

impl Oracle for Erc20Laws {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::TOKEN
    }

    fn step(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        let mut last = Address::ZERO;
        for access in look.trace.accesses.iter().filter(|access| access.write) {
            if access.address == last || look.facts.token(access.address).is_none() {
                continue;
            }
            last = access.address;
            if let Some(effects) = Self::from_nowhere(look, last, probe)? {
                let title = format!("balances of `{}` grow from nothing", look.name(last));
                let harm = (Impact::Critical, Confidence::High);
                return look.finding(&CARD, (last, look.function()), harm, title, effects, probe);
            }
        }
        if let Some(effects) = Self::without_leave(look, probe)? {
            let token = look.step.to;
            let title = format!("`{}` moves more than was allowed", look.name(token));
            let harm = (Impact::Critical, Confidence::High);
            return look.finding(&CARD, (token, look.function()), harm, title, effects, probe);
        }
        Ok(Vec::new())
    }
}
