//! Others cannot use a contract any more.

use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::{Machine, Transaction};
use crate::finding::{Confidence, Effect, Finding, Impact};

pub(super) struct DenialOfService;

static CARD: Card = Card {
    name: "denial-of-service",
    about: "a payment to an account of an attacker's choice fails, and everybody's calls with it",
    rule: "after attackers' calls alone a call of another that would go well without them is refused, with ten and a thousand \
           times the ether too, because a payment within it fails that goes to an account which attackers named",
    source: "SWC-113, DoS with failed call; King of the Ether, post mortem of February 2016",
    limits: "contracts that an attacker makes refuse ether by their own code are not tried",
};

impl Oracle for DenialOfService {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::RELIED
    }

    fn kept(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        if !look.attack() {
            return Ok(Vec::new());
        }
        for known in &look.facts.calls {
            if look.facts.is_attacker(known.sender) || known.to != look.step.to {
                continue;
            }
            let mut blocked = 0;
            let mut rich = (**look.after).clone();
            rich.set_balance(known.sender, alloy_primitives::U256::MAX >> 8);
            let rich = super::facts::later(&std::sync::Arc::new(rich), known.wait);
            for factor in [1_u64, 10, 1000] {
                let value = known.value.saturating_mul(alloy_primitives::U256::from(factor));
                let call = Transaction { value, ..known.of(known.sender) };
                if probe.run(&rich, &call)?.success() {
                    break;
                }
                let failing = probe.trace().calls.iter().skip(1).any(|call| {
                    !call.success && !call.value.is_zero() && look.supplied(super::facts::word(call.target))
                });
                blocked += u32::from(failing);
            }
            if blocked < 2 {
                continue;
            }
            // The smallest payment may be refused for another reason: a higher one shows it.
            let mut effects = Vec::new();
            for factor in [10_u64, 1, 50] {
                let value = known.value.saturating_mul(alloy_primitives::U256::from(factor));
                let (sender, to, data) = (known.sender, known.to, known.data.clone());
                let effect = Effect::Prevents { sender, to, value, data, wait: known.wait };
                if effects.is_empty() && effect.holds(probe, &look.world.state, look.after)? {
                    effects.push(effect);
                }
            }
            let title = format!("`{}` of `{}` fails for everybody", known.function, look.name(known.to));
            let place = (known.to, known.function.clone());
            let harm = (Impact::High, Confidence::High);
            let findings = look.finding(&CARD, place, harm, title, effects, probe)?;
            if !findings.is_empty() {
                return Ok(findings);
            }
        }
        Ok(Vec::new())
    }
}
