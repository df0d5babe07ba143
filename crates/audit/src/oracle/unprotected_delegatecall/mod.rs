//! Foreign code runs on a contract's own storage.

use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::Machine;
use crate::finding::{Confidence, Finding, Impact};
use crate::sequence::Step;

pub(super) struct UnprotectedDelegatecall;

static CARD: Card = Card {
    name: "unprotected-delegatecall",
    about: "attackers have code of their choice run as if it were a contract's own",
    rule: "by attackers' calls alone a contract hands control by DELEGATECALL to an attacker's code, to code that was put at \
           its address since the world began, or to an address of an attacker's choice, and something of it is changed",
    source: "SWC-112, Delegatecall to untrusted callee; the attacks on Beanstalk and Tornado Cash",
    limits: "foreign code that changes nothing is told only where ether or tokens of the contract can be moved by it",
};

impl Oracle for UnprotectedDelegatecall {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::DELEGATE
    }

    fn step(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        let Some(call) = look.trace.calls.iter().find(|call| call.success && look.foreign(call)) else {
            return Ok(Vec::new());
        };
        if !look.attack() {
            return Ok(Vec::new());
        }
        let effects = look.damage(call, probe)?;
        let place = look.made_in(call);
        let title = format!("`{}` runs code of an attacker's choice as its own", look.name(place.0));
        let harm = (Impact::Critical, Confidence::High);
        if !effects.is_empty() || !look.facts.is_attacker(call.code_address) {
            return look.finding(&CARD, place, harm, title, effects, probe);
        }
        // The attacker's code did nothing yet: let it move what the contract has.
        for inner in look.seizures(call.target) {
            let step = Step { inner: vec![inner], ..look.step.clone() };
            // Time has passed already on the state before.
            let ran =
                Step { wait: crate::sequence::Wait::default(), ..step.clone() }.run(probe, look.before)?;
            if !ran.outcome.success() {
                continue;
            }
            let outcome = ran.outcome.clone();
            let trace = probe.trace().clone();
            let after = ran.after(&step);
            let second = Look { step: &step, after: &after, outcome: &outcome, trace: &trace, ..*look };
            let effects = second.losses(probe)?;
            let findings = second.finding(&CARD, place.clone(), harm, title.clone(), effects, probe)?;
            if !findings.is_empty() {
                return Ok(findings);
            }
        }
        Ok(Vec::new())
    }
}
