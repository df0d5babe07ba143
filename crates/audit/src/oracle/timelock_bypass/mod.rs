//! Something is done before the delay that a contract promises.

use super::evidence::writes_payment;
use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::{CallKind, CallRecord, Machine};
use crate::finding::{Confidence, Finding, Impact};

pub(super) struct TimelockBypass;

static CARD: Card = Card {
    name: "timelock-bypass",
    about: "a contract with a delay carries out what attackers wrote before that time has passed",
    rule: "a contract whose getter of a delay answered some seconds when the world began makes a call or a payment that an \
           attacker wrote, and less time has passed since it was first written",
    source: "OpenZeppelin, TimelockController advisory GHSA-fg47-3c2x-m2wr of 2021; Compound, Timelock",
    limits: "delays that no getter with `delay` in its name tells are not seen",
};

impl Oracle for TimelockBypass {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::CALL
    }

    fn step(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        let delay = |call: &CallRecord| {
            look.facts
                .delays
                .iter()
                .filter(|(contract, _)| *contract == call.caller)
                .map(|(_, delay)| *delay)
                .min()
        };
        let bound = look
            .trace
            .calls
            .iter()
            .skip(1)
            .any(|call| matches!(call.kind, CallKind::Call) && call.success && delay(call).is_some());
        if !bound || !look.suspicious() || !look.attack() {
            return Ok(Vec::new());
        }
        let steps = look.steps();
        let mut written: Vec<(usize, usize)> =
            look.payloads(probe)?.into_iter().map(|payload| (payload.call, payload.author)).collect();
        for (number, call) in look.trace.calls.iter().enumerate().skip(1) {
            let payment = call.kind == CallKind::Call && call.input.is_empty() && !call.value.is_zero();
            if payment && call.success && look.facts.is_protocol(call.caller) {
                let author = steps.iter().position(|step| writes_payment(step, call));
                written.extend(author.map(|author| (number, author)));
            }
        }
        for (number, author) in written {
            let call = &look.trace.calls[number];
            let Some(delay) = delay(call) else { continue };
            let passed: u64 = steps[author + 1..].iter().map(|step| step.wait.seconds).sum();
            if passed >= delay {
                continue;
            }
            let effects = look.damage(call, probe)?;
            let place = look.made_in(call);
            let name = look.name(place.0);
            let title = format!("`{name}` acts {passed} seconds after it was told to, and promises {delay}");
            return look.finding(&CARD, place, (Impact::High, Confidence::High), title, effects, probe);
        }
        Ok(Vec::new())
    }
}
