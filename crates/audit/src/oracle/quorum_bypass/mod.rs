//! A small minority decides alone.

use alloy_primitives::U256;

use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::Machine;
use crate::finding::{Confidence, Finding, Impact, balance};

pub(super) struct QuorumBypass;

static CARD: Card = Card {
    name: "quorum-bypass",
    about: "governance carries out what hardly anybody voted for",
    rule: "a contract that decides by votes carries out what attackers wrote, while attackers never held a tenth of the supply \
           of any token of the world, borrowed tokens counted, beside what they put in before",
    source: "the takeover of Build Finance of February 2022; R. Feichtinger et al., SoK: Attacks on DAOs, AFT 2024",
    limits: "a DAO that means a twentieth to be enough is told too; votes that are no tokens of the world do not count",
};

/// Of a hundred: a smaller share decides nothing by right.
const SHARE: u64 = 10;

impl QuorumBypass {
    /// Whether attackers held a tenth of some token at some time.
    fn held(look: &Look<'_>, probe: &mut Machine) -> Result<bool> {
        let mut state = std::sync::Arc::clone(&look.world.state);
        for (number, step) in look.path.iter().chain([look.step]).enumerate() {
            let last = number == look.path.len();
            let mut most = vec![U256::ZERO; look.facts.tokens.len()];
            let ran = step.run(probe, &state)?;
            for (token, most) in look.facts.tokens.iter().zip(&mut most) {
                let words = probe.trace().accesses.iter().filter(|access| {
                    access.write
                        && access.address == token.address
                        && token.slots.iter().flatten().any(|slot| *slot == access.slot)
                });
                *most = words.map(|access| access.value).max().unwrap_or_default();
            }
            for (token, most) in look.facts.tokens.iter().zip(&most) {
                // What is borrowed and paid back votes; what is taken by what was decided does not.
                let mut sum = if last && step.inner.is_empty() { U256::ZERO } else { *most };
                let mut own = look.facts.deposited(token.address);
                for attacker in &look.facts.attackers {
                    own = own.saturating_add(balance(probe, &state, token.address, *attacker)?);
                }
                sum = sum.max(own);
                let supply = super::facts::ask(
                    probe,
                    &state,
                    token.address,
                    super::facts::input("totalSupply()", &[]),
                )?;
                let supply = supply.map(|answer| answer.word).unwrap_or_default();
                if sum.saturating_mul(U256::from(100)) >= supply.saturating_mul(U256::from(SHARE))
                    && !supply.is_zero()
                    && look.facts.trusted_value(token)
                {
                    return Ok(true);
                }
            }
            if !ran.outcome.success() {
                break;
            }
            state = ran.after(step);
        }
        Ok(false)
    }
}

impl Oracle for QuorumBypass {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::CALL
    }

    fn step(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        if !look.facts.is_governance(look.step.to) && !look.signs.any(Signs::GOVERNANCE) {
            return Ok(Vec::new());
        }
        if look.path.is_empty() || !look.suspicious() || !look.attack() {
            return Ok(Vec::new());
        }
        for payload in look.payloads(probe)? {
            let call = &look.trace.calls[payload.call];
            let place = look.made_in(call);
            let governed = look.facts.is_governance(place.0) || look.facts.is_governance(look.step.to);
            // Proposed by an attacker to the very contract that acts: what others decided on is another matter.
            let proposed = look.path.get(payload.author).is_some_and(|step| step.to == look.step.to);
            let within = look.path.get(payload.author).is_some_and(|step| step.to == place.0);
            if !governed || !(proposed || within) {
                continue;
            }
            let effects = look.damage(call, probe)?;
            if effects.is_empty() || Self::held(look, probe)? {
                continue;
            }
            let title = format!("less than a tenth of the votes decides what `{}` does", look.name(place.0));
            return look.finding(&CARD, place, (Impact::High, Confidence::Medium), title, effects, probe);
        }
        Ok(Vec::new())
    }
}
