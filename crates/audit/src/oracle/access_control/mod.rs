//! Anyone does what only some may.

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::U256;

use super::facts::NOBODY;
use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::Machine;
use crate::finding::{Confidence, Effect, Finding, Impact, balance};

pub(super) struct AccessControl;

static CARD: Card = Card {
    name: "access-control",
    about: "attackers do what only some should: initialise, set rules, mint, or get past a refusal",
    rule: "by attackers' calls alone an attacker becomes the first owner of a contract that has none; or sets a number that was \
           set when the world began to any value, as a stranger may too; or mints itself tokens of any amount for nothing; or \
           makes a call that was refused to everybody but those with rights",
    source: "SWC-105 and SWC-118; OWASP Smart Contract Top 10, SC01; the attack on Audius of 23 July 2022",
    limits: "rights of which neither a getter nor a refused call tells are not seen; a token that anyone may mint by design is told",
};

impl AccessControl {
    /// An owner where there was none.
    fn first_owner(look: &Look<'_>) -> Option<(String, String, alloy_primitives::Address, Vec<Effect>)> {
        let owners = look.facts.owners.iter().filter(|owner| owner.holder.is_zero() && owner.ruler);
        for owner in owners {
            let (contract, slot) = (owner.contract, owner.slot);
            let named = |who: &&alloy_primitives::Address| {
                Look::names(look.after, contract, slot, **who)
                    && !Look::names(look.before, contract, slot, **who)
            };
            if let Some(attacker) = look.facts.attackers.iter().find(named) {
                let effect = Effect::Answers {
                    sender: *attacker,
                    to: contract,
                    data: owner.data.clone(),
                    output: attacker.into_word().to_vec().into(),
                };
                return Some((owner.name.clone(), look.name(contract), contract, vec![effect]));
            }
        }
        None
    }

    /// A number that anyone sets to anything: the step again by a stranger, with another number, sets that one.
    fn setting(look: &Look<'_>, probe: &mut Machine) -> Result<Option<(usize, Effect)>> {
        for (number, setting) in look.facts.settings.iter().enumerate() {
            if setting.contract != look.step.to {
                continue;
            }
            let now = look.after.storage(setting.contract, setting.slot);
            if now == look.world.state.storage(setting.contract, setting.slot) {
                continue;
            }
            let Some(place) = look.step.arguments.iter().position(|argument| {
                argument.as_uint().is_some_and(|(argument, _)| {
                    argument != setting.value
                        && answer(look, setting, look.after, probe).is_ok_and(|now| now == argument)
                })
            }) else {
                continue;
            };
            let DynSolValue::Uint(argument, bits) = look.step.arguments[place] else { continue };
            let mut free = true;
            for other in [argument ^ U256::from(1), argument ^ U256::from(6)] {
                let mut step = look.step.clone();
                step.sender = NOBODY;
                step.wait = crate::sequence::Wait::default();
                step.arguments[place] = DynSolValue::Uint(other, bits);
                let ran = step.run(probe, look.before)?;
                let done = ran.outcome.success();
                free &= done && answer(look, setting, &ran.after(&step), probe)? == other;
            }
            if free {
                let effect = Effect::Answers {
                    sender: look.step.sender,
                    to: setting.contract,
                    data: setting.data.clone(),
                    output: argument.to_be_bytes_vec().into(),
                };
                return Ok(Some((number, effect)));
            }
        }
        Ok(None)
    }

    /// Tokens from nowhere: the supply and an attacker's balance grew by a number that the attacker wrote, for nothing.
    fn mint(look: &Look<'_>, probe: &mut Machine) -> Result<Option<Effect>> {
        if !look.step.value.is_zero() || !look.step.inner.is_empty() {
            return Ok(None);
        }
        let written = |token: &&super::facts::Token| {
            token.supply.is_some_and(|supply| {
                let accesses = &look.trace.accesses;
                accesses.iter().any(|a| a.write && a.address == token.address && a.slot == supply)
            })
        };
        for token in look.facts.tokens.iter().filter(written) {
            let mut others = 0_u32;
            for other in look.facts.tokens.iter().filter(|other| other.address != token.address) {
                let less = balance(probe, look.after, other.address, look.step.sender)?
                    < balance(probe, look.before, other.address, look.step.sender)?;
                others += u32::from(less);
            }
            if others > 0 || look.after.balance(look.step.sender) < look.before.balance(look.step.sender) {
                continue;
            }
            let had = balance(probe, look.before, token.address, look.step.sender)?;
            let has = balance(probe, look.after, token.address, look.step.sender)?;
            let amount = has.saturating_sub(had);
            let wrote = look.step.arguments.iter().position(|argument| {
                argument.as_uint().is_some_and(|(argument, _)| argument == amount && !amount.is_zero())
            });
            let Some(place) = wrote else { continue };
            // As much again as anyone likes.
            let DynSolValue::Uint(_, bits) = look.step.arguments[place] else { continue };
            let mut step = look.step.clone();
            step.wait = crate::sequence::Wait::default();
            step.arguments[place] = DynSolValue::Uint(amount.saturating_mul(U256::from(2)), bits);
            let ran = step.run(probe, look.after)?;
            if !ran.outcome.success() {
                continue;
            }
            let after = ran.after(&step);
            if balance(probe, &after, token.address, look.step.sender)? > has.saturating_add(amount) {
                let (token, account) = (token.address, look.step.sender);
                return Ok(Some(Effect::TokenGained { token, account, least: amount }));
            }
        }
        Ok(None)
    }
}

fn answer(
    look: &Look<'_>,
    setting: &super::facts::Setting,
    state: &std::sync::Arc<crate::chain::State>,
    probe: &mut Machine,
) -> Result<U256> {
    let _ = look;
    let answer = super::facts::ask(probe, state, setting.contract, setting.data.clone())?;
    Ok(answer.map(|answer| answer.word).unwrap_or_default())
}

impl Oracle for AccessControl {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::OWNER.and(Signs::AUTHORITY).and(Signs::SETTING).and(Signs::BALANCE)
    }

    fn step(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        if !look.attack() {
            return Ok(Vec::new());
        }
        let harm = (Impact::High, Confidence::High);
        if look.signs.any(Signs::OWNER)
            && let Some((name, at, contract, effects)) = Self::first_owner(look)
        {
            let title = format!("anyone may become the first `{name}` of `{at}`");
            return look.finding(&CARD, (contract, look.function()), harm, title, effects, probe);
        }
        if look.signs.any(Signs::AUTHORITY) {
            let written = |known: &super::facts::Known| {
                known.authority.iter().any(|(contract, slot)| {
                    look.trace.accesses.iter().any(|a| a.write && a.address == *contract && a.slot == *slot)
                })
            };
            if let Some((known, effect)) = look.usurped(written, probe)?.into_iter().next() {
                let title =
                    format!("attackers make `{}` of `{}` go well", known.function, look.name(known.to));
                let place = (known.to, look.function());
                return look.finding(&CARD, place, harm, title, vec![effect], probe);
            }
        }
        if look.signs.any(Signs::SETTING)
            && let Some((number, effect)) = Self::setting(look, probe)?
        {
            let setting = &look.facts.settings[number];
            let title = format!("anyone sets `{}` of `{}`", setting.name, look.name(setting.contract));
            let place = (setting.contract, look.function());
            return look.finding(&CARD, place, harm, title, vec![effect], probe);
        }
        if look.signs.any(Signs::BALANCE)
            && let Some(effect) = Self::mint(look, probe)?
        {
            let Effect::TokenGained { token, .. } = effect else { return Ok(Vec::new()) };
            let title = format!("anyone mints `{}`", look.name(token));
            return look.finding(&CARD, (token, look.function()), harm, title, vec![effect], probe);
        }
        Ok(Vec::new())
    }
}
