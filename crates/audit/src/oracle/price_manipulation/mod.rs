//! A price is shifted and used at once.

use alloy_primitives::U256;

use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::{CallKind, CallRecord, Machine, Transaction};
use crate::finding::{Confidence, Finding, Impact};

pub(super) struct PriceManipulation;

static CARD: Card = Card {
    name: "price-manipulation",
    about: "attackers shift a number that a contract asks another for, and gain by it without time passing",
    rule: "attackers gain without time passing, and in the call that gains a contract asks another a view whose answer is more \
           than a tenth away from what it was before the attackers' calls; with the old answer the call is refused or gains less",
    source: "K. Qin et al., Attacking the DeFi Ecosystem with Flash Loans for Fun and Profit, FC 2021",
    limits: "prices that a contract computes from its own storage are not seen; the profit is",
};

/// Gains below this do not count, in wei.
const LEAST: f64 = 1e15;

impl PriceManipulation {
    /// A view that a contract asked another, and whose answer attackers shifted.
    fn shifted<'l>(look: &'l Look<'_>, probe: &mut Machine) -> Result<Option<(&'l CallRecord, U256)>> {
        let asked = look.trace.calls.iter().skip(1).filter(|call| {
            call.kind == CallKind::Static
                && call.success
                && call.output.len() == 32
                && look.facts.is_protocol(call.caller)
                && look.facts.is_protocol(call.target)
                && call.caller != call.target
        });
        for call in asked {
            let question = Transaction {
                sender: call.caller,
                to: Some(call.target),
                value: U256::ZERO,
                data: call.input.clone(),
            };
            let then = probe.run(&look.world.state, &question)?;
            if !then.success() || then.output.len() != 32 {
                continue;
            }
            let (old, new) = (U256::from_be_slice(&then.output), U256::from_be_slice(&call.output));
            let (low, high) = (old.min(new), old.max(new));
            // Words that are no numbers, as addresses, do not shift.
            let number = !low.is_zero() && high.bit_len() < 200 && high / low < U256::from(1_000_000_000_u64);
            if number && high.saturating_mul(U256::from(10)) > low.saturating_mul(U256::from(11)) {
                return Ok(Some((call, old)));
            }
        }
        Ok(None)
    }
}

impl Oracle for PriceManipulation {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::BALANCE.and(Signs::ETHER)
    }

    fn step(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        let asks = look.trace.calls.iter().any(|call| call.kind == CallKind::Static);
        let pause = look.path.iter().skip(1).chain([look.step]).any(|step| !step.wait.is_none());
        if !asks || (pause && !look.path.is_empty()) {
            return Ok(Vec::new());
        }
        let gain = look.facts.wealth_on(look.after, probe)? - look.facts.wealth - look.facts.entitled;
        if gain < LEAST || !look.attack() {
            return Ok(Vec::new());
        }
        let Some((call, old)) = Self::shifted(look, probe)? else { return Ok(Vec::new()) };
        if !look.step.inner.is_empty() {
            // Within one call: what was asked is shifted by what went before it in the same call.
            let effects = look.gains(probe)?;
            let place = look.made_in(call);
            let title = format!("`{}` believes a price that was shifted just before", look.name(place.0));
            return look.finding(&CARD, place, (Impact::Critical, Confidence::Medium), title, effects, probe);
        }
        // The same call, with the old answer.
        let helper = alloy_primitives::Address::repeat_byte(0x7c);
        let mut other = (**look.before).clone();
        other.set_code(helper, look.before.code(call.code_address));
        let stub = crate::puppet::answering(call.selector(), Some(old), false, helper);
        other.set_code(call.code_address, stub);
        let other = std::sync::Arc::new(other);
        let outcome = probe.run(&other, &look.step.transaction())?;
        if outcome.success() {
            let mut after = outcome.after(&other);
            after.set_code(call.code_address, look.before.code(call.code_address));
            let less = look.facts.wealth_on(&std::sync::Arc::new(after), probe)?;
            if less - look.facts.wealth - look.facts.entitled > gain * 0.9 {
                return Ok(Vec::new());
            }
        }
        let effects = look.gains(probe)?;
        let place = look.made_in(call);
        let title = format!("`{}` believes a price that was shifted just before", look.name(place.0));
        look.finding(&CARD, place, (Impact::Critical, Confidence::High), title, effects, probe)
    }
}
