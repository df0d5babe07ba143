//! A price is shifted and used at once.

use std::sync::Arc;

use alloy_primitives::{Address, U256};

use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::{CallKind, CallRecord, Machine, State, Transaction};
use crate::finding::{Confidence, Finding, Impact};
use crate::sequence::Step;

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
/// Where a helper holds the code whose one answer is exchanged.
const HELPER: Address = Address::repeat_byte(0x7c);

impl PriceManipulation {
    /// A view that a contract asked another in the last call of a machine, and whose answer attackers shifted; with the
    /// answer that it gave when the world began.
    fn shifted(
        look: &Look<'_>,
        trace: &[CallRecord],
        probe: &mut Machine,
    ) -> Result<Option<(CallRecord, U256)>> {
        let asked = trace.iter().skip(1).filter(|call| {
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
                return Ok(Some((call.clone(), old)));
            }
        }
        Ok(None)
    }

    /// Whether a step on a state is refused, or leaves attackers poorer, where a view answers as it did at first.
    fn needs(
        look: &Look<'_>,
        step: &Step,
        state: &Arc<State>,
        call: &CallRecord,
        old: U256,
        probe: &mut Machine,
    ) -> Result<bool> {
        let mut other = (**state).clone();
        other.set_code(HELPER, state.code(call.code_address));
        other
            .set_code(call.code_address, crate::puppet::answering(call.selector(), Some(old), false, HELPER));
        let wealth = |step: &Step, state: &Arc<State>, probe: &mut Machine| -> Result<Option<f64>> {
            let ran = step.run(probe, state)?;
            if !ran.outcome.success() {
                return Ok(None);
            }
            let mut after = (*ran.after(step)).clone();
            after.set_code(call.code_address, look.world.state.code(call.code_address));
            look.facts.wealth_on(&Arc::new(after), probe).map(Some)
        };
        let (real, less) = (wealth(step, state, probe)?, wealth(step, &Arc::new(other), probe)?);
        Ok(match (real, less) {
            (Some(real), Some(less)) => less < real - LEAST,
            (Some(_), None) => true,
            _ => false,
        })
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
        if look.path.iter().skip(1).chain([look.step]).any(|step| !step.wait.is_none()) {
            return Ok(Vec::new());
        }
        let wealth = look.facts.wealth_on(look.after, probe)?;
        let gain = wealth - look.facts.wealth - look.facts.entitled;
        if gain < LEAST || wealth <= look.facts.wealth_on(look.before, probe)? || !look.attack() {
            return Ok(Vec::new());
        }
        let mut state = Arc::clone(&look.world.state);
        for step in look.steps() {
            let ran = step.run(probe, &state)?;
            if !ran.outcome.success() {
                break;
            }
            let trace = probe.trace().calls.clone();
            let next = ran.after(&step);
            if let Some((call, old)) = Self::shifted(look, &trace, probe)?
                && (!step.inner.is_empty() || Self::needs(look, &step, &state, &call, old, probe)?)
            {
                let effects = look.gains(probe)?;
                let title =
                    format!("`{}` believes a price that was shifted just before", look.name(call.caller));
                let place = (call.caller, step.function.as_ref().map(|f| f.signature()).unwrap_or_default());
                let harm = (Impact::Critical, Confidence::Medium);
                return look.finding(&CARD, place, harm, title, effects, probe);
            }
            state = next;
        }
        Ok(Vec::new())
    }
}
