//! Foreign code runs on a contract's own storage.

use std::sync::Arc;

use super::evidence::{code_hash, replay};
use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::{CallRecord, Machine, State};
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
        let foreign = |call: &&CallRecord| call.success && look.foreign(call);
        let Some(call) = look.trace.calls.iter().find(foreign) else { return Ok(Vec::new()) };
        if !look.attack() || !look.smuggled(call, probe)? {
            return Ok(Vec::new());
        }
        let place = look.made_in(call);
        let title = format!("`{}` runs code of an attacker's choice as its own", look.name(place.0));
        let harm = (Impact::Critical, Confidence::High);
        let effects = look.damage(call, probe)?;
        let lost = effects.iter().any(|effect| {
            matches!(
                effect,
                crate::finding::Effect::EtherLost { .. } | crate::finding::Effect::TokenLost { .. }
            )
        });
        if !lost {
            // The attacker's code took nothing yet: let it move what the contract has.
            for steps in Self::armed(look, call, probe)? {
                let Some((last, path)) = steps.split_last() else { continue };
                let states = replay(probe, &look.world.state, path)?;
                let Some(state) = states.get(path.len()) else { continue };
                let ran = last.run(probe, state)?;
                if !ran.outcome.success() {
                    continue;
                }
                let trace = probe.trace().clone();
                let (step, before, outcome) = (last, &ran.before, &ran.outcome);
                let after = &ran.after(last);
                let second = Look { path, step, before, after, outcome, trace: &trace, ..*look };
                let effects = second.losses(probe)?;
                let findings = second.finding(&CARD, place.clone(), harm, title.clone(), effects, probe)?;
                if !findings.is_empty() {
                    return Ok(findings);
                }
            }
        }
        look.finding(&CARD, place, harm, title, effects, probe)
    }
}

impl UnprotectedDelegatecall {
    /// The steps, with code of the attacker's that moves what the contract has to the attacker: in the step itself where the
    /// attacker's own contract is run, else in the earlier step that copied that contract to where it is run.
    fn armed(look: &Look<'_>, call: &CallRecord, probe: &mut Machine) -> Result<Vec<Vec<Step>>> {
        let steps = look.steps();
        let at = call.code_address;
        let place = if look.facts.is_attacker(at) {
            Some(look.path.len())
        } else if code_hash(look.before, at) == Some(crate::puppet::code(&[]).hash_slow()) {
            let states = replay(probe, &look.world.state, look.path)?;
            let own = |state: &Arc<State>| code_hash(state, at) == code_hash(look.before, at);
            (0..look.path.len())
                .rev()
                .find(|step| states.get(step + 1).is_some_and(own) && !states.get(*step).is_some_and(own))
        } else {
            None
        };
        let Some(place) = place else { return Ok(Vec::new()) };
        let armed = look.seizures(call.target).into_iter().map(|seizure| {
            let mut steps = steps.clone();
            steps[place].inner.insert(0, seizure);
            steps
        });
        Ok(armed.collect())
    }
}
