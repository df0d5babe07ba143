//! A rule of governance is changed by an attacker.

use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::Machine;
use crate::finding::{Confidence, Effect, Finding, Impact};

pub(super) struct ParameterCapture;

static CARD: Card = Card {
    name: "parameter-capture",
    about: "attackers change a quorum, a threshold, a delay or a period of governance by themselves",
    rule: "after attackers' calls alone a getter of a rule of governance (its name speaks of a quorum, a threshold, a delay, a \
           period, a majority) answers less than half of what it did, or more than twice as much",
    source: "the attack on Audius of 23 July 2022, post mortem; R. Feichtinger et al., SoK: Attacks on DAOs, AFT 2024",
    limits: "rules without a getter, or with a name that says nothing, are not seen; an attacker with a majority by right is told",
};

impl Oracle for ParameterCapture {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::PARAMETER
    }

    fn step(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        for setting in look.facts.settings.iter().filter(|setting| setting.rule) {
            let (at, slot) = (setting.contract, setting.slot);
            if look.after.storage(at, slot) == look.world.state.storage(at, slot) || !look.attack() {
                continue;
            }
            let Some(answer) = super::facts::ask(probe, look.after, at, setting.data.clone())? else {
                continue;
            };
            let (then, now) = (setting.value, answer.word);
            if now.saturating_mul(alloy_primitives::U256::from(2)) > then
                && then.saturating_mul(alloy_primitives::U256::from(2)) > now
            {
                continue;
            }
            let effect = Effect::Answers {
                sender: look.step.sender,
                to: at,
                data: setting.data.clone(),
                output: now.to_be_bytes_vec().into(),
            };
            let (rule, name) = (&setting.name, look.name(at));
            let title = format!("an attacker changes `{rule}` of `{name}` from {then} to {now}");
            let harm = (Impact::High, Confidence::High);
            return look.finding(&CARD, (at, look.function()), harm, title, vec![effect], probe);
        }
        Ok(Vec::new())
    }
}
