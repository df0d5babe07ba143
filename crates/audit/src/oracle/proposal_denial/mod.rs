//! What was decided is never carried out.

use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::{CallKind, Machine};
use crate::finding::{Confidence, Effect, Finding, Impact};

pub(super) struct ProposalDenial;

static CARD: Card = Card {
    name: "proposal-denial",
    about: "attackers keep governance from carrying out what would have been carried out",
    rule: "a call by which a contract that decides by votes would have called another, at once or after 400 days, is refused \
           after attackers' calls alone, and what it would have called was not called by theirs",
    source: "R. Feichtinger et al., SoK: Attacks on DAOs, AFT 2024 (denial of proposals)",
    limits: "looks at what stands when the world begins; an attacker with votes enough to outvote the rest is told too",
};

impl Oracle for ProposalDenial {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::GOVERNANCE
    }

    fn step(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        if !look.signs.any(Signs::RELIED) {
            return Ok(Vec::new());
        }
        for known in look.facts.calls.iter().filter(|known| look.facts.is_governance(known.to)) {
            // Carried out by an attacker, it is done.
            let same = |step: &crate::sequence::Step| {
                let selector = step.function.as_ref().map(|function| function.selector.0);
                step.to == known.to
                    && selector.as_ref().is_some_and(|selector| known.data.starts_with(selector))
            };
            let carried = look.path.iter().chain([look.step]).any(same);
            if known.makes.is_empty() || carried || known.to != look.step.to || !look.attack() {
                continue;
            }
            let (sender, to, value) = (known.sender, known.to, known.value);
            let effect = Effect::Prevents { sender, to, value, data: known.data.clone(), wait: known.wait };
            // What was refused before the step already is not of its doing.
            if !effect.holds(probe, &look.world.state, look.after)?
                || effect.holds(probe, &look.world.state, look.before)?
            {
                continue;
            }
            // Tokens of the caller's own that move are no decision.
            let decided = known.makes.iter().any(|(target, value, input)| {
                !value.is_zero() && *target != known.sender
                    || input.get(..4).is_some_and(|first| {
                        first.try_into().is_ok_and(|selector| !look.facts.pushes(known.to, selector))
                    })
            });
            let mut made = false;
            let mut state = std::sync::Arc::clone(&look.world.state);
            for step in look.path.iter().chain([look.step]) {
                let ran = step.run(probe, &state)?;
                made |= probe.trace().calls.iter().any(|call| {
                    call.kind == CallKind::Call
                        && call.success
                        && call.caller == known.to
                        && known.makes.contains(&(call.target, call.value, call.input.clone()))
                });
                state = ran.after(step);
            }
            if !decided || made {
                continue;
            }
            let title = format!("`{}` of `{}` is refused for ever", known.function, look.name(to));
            let harm = (Impact::Medium, Confidence::High);
            return look.finding(&CARD, (to, look.function()), harm, title, vec![effect], probe);
        }
        Ok(Vec::new())
    }
}
