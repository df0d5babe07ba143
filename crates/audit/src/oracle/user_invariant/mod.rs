//! A promise of the contracts' own authors is broken.

use alloy_primitives::{B256, U256};

use super::facts::NOBODY;
use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::Machine;
use crate::finding::{Confidence, Effect, Finding, Impact};
use crate::sequence::Step;

pub(super) struct UserInvariant;

static CARD: Card = Card {
    name: "user-invariant",
    about: "a property that the authors wrote, or an assertion, does not hold",
    rule: "a function without arguments whose name begins with `invariant` or `echidna_` held when the world began and is \
           reverted or answers false now; or a call fails with panic 1, that of `assert`",
    source: "Foundry, invariant testing; G. Grieco et al., Echidna, ISSTA 2020; SWC-110, Assert violation",
    limits: "assertions of compilers before solc 0.8 count only in contracts that have properties",
};

impl UserInvariant {
    fn broken(look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        for property in &look.facts.properties {
            if property.holds(probe, look.after)? {
                continue;
            }
            let (sender, to, data) = (NOBODY, property.contract, property.data.clone());
            let no = Effect::Answers { sender, to, data: data.clone(), output: B256::ZERO.to_vec().into() };
            let fails = Effect::Fails { sender, to, value: U256::ZERO, data };
            let title = format!("`{}` of `{}` does not hold", property.name, look.name(to));
            let place = (to, format!("{}()", property.name));
            return look.finding(
                &CARD,
                place,
                (Impact::High, Confidence::High),
                title,
                vec![no, fails],
                probe,
            );
        }
        Ok(Vec::new())
    }
}

impl Oracle for UserInvariant {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::PROPERTY.and(Signs::WRITE)
    }

    fn step(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        if look.signs.any(Signs::PROPERTY) { Self::broken(look, probe) } else { Ok(Vec::new()) }
    }

    fn kept(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        // What a property reads may be elsewhere than when the world began.
        if look.signs.any(Signs::PROPERTY) { Ok(Vec::new()) } else { Self::broken(look, probe) }
    }

    fn refused(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        if !look.outcome.asserts() || !look.step.inner.is_empty() {
            return Ok(Vec::new());
        }
        let own = look.facts.properties.iter().any(|property| property.contract == look.step.to);
        let panics = look.outcome.output.len() == 36;
        if !(panics || own) || !look.facts.is_protocol(look.step.to) {
            return Ok(Vec::new());
        }
        let effect = Effect::Panics {
            sender: look.step.sender,
            to: look.step.to,
            value: look.step.value,
            data: look.step.data(),
        };
        // Only the time of the step passes.
        let idle = Step {
            to: look.step.sender,
            function: None,
            arguments: Vec::new(),
            value: U256::ZERO,
            inner: Vec::new(),
            ..look.step.clone()
        };
        let waited = Look { step: &idle, ..*look };
        let title = format!("an assertion fails in `{}`", look.name(look.step.to));
        let harm = (Impact::Medium, Confidence::High);
        waited.finding(&CARD, (look.step.to, look.function()), harm, title, vec![effect], probe)
    }
}
