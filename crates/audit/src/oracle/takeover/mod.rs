//! Governance runs what an attacker wrote.

use alloy_primitives::{Address, U256};

use super::facts::word;
use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::{CallKind, CallRecord, Machine, Transaction};
use crate::finding::{Confidence, Finding, Impact};

pub(super) struct Takeover;

static CARD: Card = Card {
    name: "takeover",
    about: "a contract with rights or funds carries out a proposal that an attacker wrote, by the attacker's own calls alone",
    rule: "after attackers' calls alone a contract that decides by votes, or one to which the payload was given in an earlier \
           call, makes a call that an attacker wrote, or runs code that is an attacker's, and the attacker could not have \
           made that call with that effect",
    source: "the attack on Beanstalk of 17 April 2022 (Omniscia, post mortem); the takeover of Build Finance of February 2022; \
             R. Feichtinger et al., SoK: Attacks on DAOs, AFT 2024",
    limits: "an attacker who holds enough votes by right is told too; payloads that a contract puts together itself are not seen",
};

/// What an attacker wrote and a contract carried out.
pub(super) struct Payload {
    /// The number of the call.
    pub(super) call: usize,
    /// The step in whose input it stood.
    pub(super) author: usize,
}

impl Look<'_> {
    /// Calls of contracts of the world, within the step, that attackers wrote and could not have made themselves.
    pub(super) fn payloads(&self, probe: &mut Machine) -> Result<Vec<Payload>> {
        let mut found = Vec::new();
        for (number, call) in self.trace.calls.iter().enumerate().skip(1) {
            if !call.success || call.kind == CallKind::Static || call.kind == CallKind::Create {
                continue;
            }
            let author = match call.kind {
                CallKind::Delegate if self.smuggled(call, probe)? => self.author_of_code(call),
                CallKind::Delegate => None,
                _ if !self.facts.is_protocol(call.caller) || Self::hands_on(call, self.trace) => None,
                _ if call.input.is_empty() => self.author_of_payment(call),
                _ => self.author(call),
            };
            if let Some(author) = author
                && (call.kind == CallKind::Delegate
                    || (self.rightful(call, probe)? && self.caused(call, probe)?))
            {
                found.push(Payload { call: number, author });
            }
        }
        Ok(found)
    }

    fn author_of_code(&self, call: &CallRecord) -> Option<usize> {
        let word = word(call.code_address).to_be_bytes::<32>();
        let steps = self.path.iter().chain([self.step]);
        let named = steps.enumerate().find(|(_, step)| super::evidence::mentions(step, &word));
        // Named before the world began: what stands there now is the attacker's all the same.
        named.map(|(number, _)| number).or(Some(0))
    }

    /// The earlier step in which an attacker wrote to whom governance shall pay how much.
    fn author_of_payment(&self, call: &CallRecord) -> Option<usize> {
        if call.value.is_zero() || !self.facts.is_governance(self.trace.calls[0].target) {
            return None;
        }
        self.path.iter().position(|step| super::evidence::writes_payment(step, call))
    }

    /// Whether the caller did what the attacker could not: the attacker is refused, or what moves is the caller's.
    fn rightful(&self, call: &CallRecord, probe: &mut Machine) -> Result<bool> {
        if !call.value.is_zero() && call.target != self.step.to {
            return Ok(true);
        }
        let direct = Transaction {
            sender: self.step.sender,
            to: Some(call.target),
            value: U256::ZERO,
            data: call.input.clone(),
        };
        if !probe.run(self.before, &direct)?.success() {
            return Ok(true);
        }
        let mut own: Vec<(Address, U256)> = Vec::new();
        own.extend(probe.trace().accesses.iter().filter(|access| access.write).map(|a| (a.address, a.slot)));
        let other = self.trace.accesses.iter().any(|access| {
            access.write
                && access.clock > call.begin
                && access.clock < call.end
                && !own.contains(&(access.address, access.slot))
        });
        let stake = crate::finding::balance(probe, self.before, call.target, call.caller)?;
        Ok(other && self.facts.token(call.target).is_some() && !stake.is_zero())
    }
}

impl Oracle for Takeover {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::CALL
    }

    fn step(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        let decides = look.facts.is_governance(look.step.to)
            || look.trace.calls.iter().skip(1).any(|call| look.facts.is_governance(call.caller));
        if (!decides && look.path.is_empty()) || !look.suspicious() || !look.attack() {
            return Ok(Vec::new());
        }
        for payload in look.payloads(probe)? {
            let call = &look.trace.calls[payload.call];
            let caller = if call.kind == CallKind::Delegate { call.target } else { call.caller };
            if payload.author == look.path.len() && !look.facts.is_governance(caller) {
                continue;
            }
            let effects = look.damage(call, probe)?;
            let what = if call.kind == CallKind::Delegate {
                "runs an attacker's code as its own".to_owned()
            } else {
                format!(
                    "calls `{}` of `{}` as an attacker wrote",
                    if call.input.is_empty() { "receive()".to_owned() } else { look.signature(call) },
                    look.name(call.target)
                )
            };
            let title = format!("`{}` {what}", look.name(caller));
            let place = (caller, look.made_in(call).1);
            let findings =
                look.finding(&CARD, place, (Impact::Critical, Confidence::High), title, effects, probe)?;
            if !findings.is_empty() {
                return Ok(findings);
            }
        }
        Ok(Vec::new())
    }
}
