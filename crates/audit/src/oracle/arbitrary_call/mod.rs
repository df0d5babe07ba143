//! A contract calls whatever it is told to.

use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::{CallKind, Machine};
use crate::finding::{Confidence, Finding, Impact};

pub(super) struct ArbitraryCall;

static CARD: Card = Card {
    name: "arbitrary-call",
    about: "attackers make a contract call a target of their choice with an input of their choice",
    rule: "within one call of an attacker, a contract makes a call whose input stands in that call's arguments, changes with \
           them, and would be refused to the attacker or moves what is the contract's",
    source: "SWC-107 and SWC-123; C. Shou, S. Tan, K. Sen, ItyFuzz, ISSTA 2023, section 4 (arbitrary call)",
    limits: "calls that governance decided on are told as a takeover",
};

impl Oracle for ArbitraryCall {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::CALL
    }

    fn step(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        let open = look.trace.calls.iter().skip(1).any(|call| {
            call.kind == CallKind::Call
                && call.input.len() >= 4
                && look.facts.is_protocol(call.caller)
                && !look.facts.is_governance(call.caller)
        });
        if !open || !look.suspicious() || !look.attack() {
            return Ok(Vec::new());
        }
        for payload in look.payloads(probe)? {
            let call = &look.trace.calls[payload.call];
            if call.kind != CallKind::Call
                || payload.author != look.path.len()
                || look.facts.is_governance(call.caller)
            {
                continue;
            }
            let effects = look.damage(call, probe)?;
            let place = look.made_in(call);
            let (who, what) = (look.name(place.0), look.signature(call));
            let title = format!("`{who}` calls `{what}` of `{}` as an attacker says", look.name(call.target));
            let findings =
                look.finding(&CARD, place, (Impact::Critical, Confidence::High), title, effects, probe)?;
            if !findings.is_empty() {
                return Ok(findings);
            }
        }
        Ok(Vec::new())
    }
}
