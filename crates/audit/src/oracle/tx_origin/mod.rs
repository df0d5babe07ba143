//! Who began a transaction is taken for who calls.

use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::Machine;
use crate::finding::{Confidence, Effect, Finding, Impact};
use crate::sequence::Step;

pub(super) struct TxOrigin;

static CARD: Card = Card {
    name: "tx-origin",
    about: "a contract that someone with rights calls can use those rights",
    rule: "a call that goes well for another and is refused to the attacker reads who began the transaction, and goes well for \
           the attacker's contract too where that other one calls it",
    source: "SWC-115, Authorization through tx.origin",
    limits: "looks at calls without ether that go well when the world begins",
};

impl TxOrigin {
    fn phish(look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        let Some(attacker) = look.facts.attackers.first().copied() else { return Ok(Vec::new()) };
        for known in look.facts.calls.iter().filter(|known| known.to == look.step.to && known.value.is_zero())
        {
            let people = look.facts.members.iter().chain(&look.facts.trusted);
            if known.wait > 0 || !people.into_iter().any(|person| *person == known.sender) {
                continue;
            }
            // It must matter who began: the caller's own call by a stranger is refused.
            if probe.run(look.before, &known.of(attacker))?.success() || !probe.trace().environment.origin {
                continue;
            }
            let (origin, to) = (known.sender, known.to);
            let effect = Effect::Phished { origin, sender: attacker, to, data: known.data.clone() };
            // Only the time of the step passes.
            let idle = Step {
                sender: attacker,
                to: attacker,
                function: None,
                arguments: Vec::new(),
                value: alloy_primitives::U256::ZERO,
                inner: Vec::new(),
                ..look.step.clone()
            };
            let waited = Look { step: &idle, after: look.before, ..*look };
            let title = format!("`{}` of `{}` asks who began the transaction", known.function, look.name(to));
            let place = (to, known.function.clone());
            let harm = (Impact::High, Confidence::High);
            let findings = waited.finding(&CARD, place, harm, title, vec![effect], probe)?;
            if !findings.is_empty() {
                return Ok(findings);
            }
        }
        Ok(Vec::new())
    }
}

impl Oracle for TxOrigin {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::ORIGIN
    }

    fn kept(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        Self::phish(look, probe)
    }

    fn refused(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        // Once is enough: the world as it began.
        if look.path.is_empty() && look.signs.any(Signs::ORIGIN) && look.step.wait.is_none() {
            Self::phish(look, probe)
        } else {
            Ok(Vec::new())
        }
    }
}
