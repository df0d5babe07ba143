//! An attacker becomes owner, admin or holder of a role.

use alloy_primitives::Address;

use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::Machine;
use crate::finding::{Confidence, Effect, Finding, Impact};

pub(super) struct OwnershipTakeover;

static CARD: Card = Card {
    name: "ownership-takeover",
    about: "attackers become owner, admin, implementation or holder of a role of a contract that had another",
    rule: "by attackers' calls alone a word that named an owner, an admin or a proxy's implementation names an attacker, or a \
           getter of roles says of an attacker what it said of those with rights, and calls that were refused are not any more",
    source: "SWC-105 and SWC-118; EIP-1967; the attack on the Parity wallets of 19 July 2017",
    limits: "rights that no getter, no proxy's word and no refused call shows are not seen",
};

/// Attackers who own now what others owned when the world began: where, the getter's name, and what shows it.
pub(super) fn taken(look: &Look<'_>, probe: &mut Machine) -> Result<Vec<(Address, String, Vec<Effect>)>> {
    let mut found = Vec::new();
    for owner in look.facts.owners.iter().filter(|owner| owner.ruler && !owner.holder.is_zero()) {
        let (contract, slot) = (owner.contract, owner.slot);
        let Some(attacker) = look.facts.attackers.iter().find(|attacker| {
            Look::names(look.after, contract, slot, **attacker)
                && !Look::names(&look.world.state, contract, slot, **attacker)
                && !Look::names(look.before, contract, slot, **attacker)
        }) else {
            continue;
        };
        let value = look.after.storage(contract, slot);
        let mut effects = vec![Effect::Stored { account: contract, slot, value }];
        if !owner.data.is_empty() {
            let (sender, data) = (*attacker, owner.data.clone());
            let output = attacker.into_word().to_vec().into();
            effects.push(Effect::Answers { sender, to: contract, data, output });
        }
        found.push((contract, owner.name.clone(), effects));
    }
    for role in &look.facts.roles {
        let yes: alloy_primitives::Bytes = alloy_primitives::B256::with_last_byte(1).to_vec().into();
        let (sender, to, data) = (role.attacker, role.contract, role.data.clone());
        let now = Effect::Answers { sender, to, data, output: yes };
        if !now.holds(probe, &look.world.state, look.after)?
            || now.holds(probe, &look.world.state, look.before)?
        {
            continue;
        }
        let usurped = look.usurped(|known| known.to == role.contract, probe)?;
        if let Some((_, succeeds)) = usurped.into_iter().next() {
            found.push((role.contract, role.name.clone(), vec![now, succeeds]));
        }
    }
    Ok(found)
}

impl Oracle for OwnershipTakeover {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::OWNER
    }

    fn step(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        if !look.attack() {
            return Ok(Vec::new());
        }
        let Some((contract, name, effects)) = taken(look, probe)?.into_iter().next() else {
            return Ok(Vec::new());
        };
        let title = format!("an attacker takes `{name}` of `{}`", look.name(contract));
        let harm = (Impact::Critical, Confidence::High);
        look.finding(&CARD, (contract, look.function()), harm, title, effects, probe)
    }
}
