//! Those who can stop governance lose that power.

use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::Machine;
use crate::finding::{Confidence, Effect, Finding, Impact};

pub(super) struct VetoLoss;

static CARD: Card = Card {
    name: "veto-loss",
    about: "attackers take a guardian's power to stop what governance decides, or do away with it",
    rule: "after attackers' calls alone a getter whose name speaks of a guardian, a veto, a canceller or a pauser names another \
           than the one who had it when the world began",
    source: "R. Feichtinger et al., SoK: Attacks on DAOs, AFT 2024; the attack on Audius of 23 July 2022",
    limits: "guardians that no getter names are not seen",
};

/// What the name of a guardian's getter speaks of.
const GUARDS: [&str; 5] = ["guardian", "veto", "cancel", "pauser", "sentinel"];

impl Oracle for VetoLoss {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::OWNER
    }

    fn step(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        for owner in look.facts.owners.iter().filter(|owner| !owner.holder.is_zero()) {
            let name = owner.name.to_lowercase();
            let (at, slot) = (owner.contract, owner.slot);
            if !GUARDS.iter().any(|guard| name.contains(guard))
                || Look::names(look.after, at, slot, owner.holder)
                || !Look::names(look.before, at, slot, owner.holder)
                || !look.attack()
            {
                continue;
            }
            let Some(answer) = super::facts::ask(probe, look.after, at, owner.data.clone())? else {
                continue;
            };
            let effect = Effect::Answers {
                sender: look.step.sender,
                to: at,
                data: owner.data.clone(),
                output: answer.word.to_be_bytes_vec().into(),
            };
            let title = format!("`{}` of `{}` is not who it was", owner.name, look.name(at));
            let harm = (Impact::High, Confidence::High);
            return look.finding(&CARD, (at, look.function()), harm, title, vec![effect], probe);
        }
        Ok(Vec::new())
    }
}
