//! A call that others need takes more and more gas.

use std::sync::Arc;

use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::Machine;
use crate::finding::{Confidence, Effect, Finding, Impact};
use crate::sequence::Step;

pub(super) struct GasGrowth;

static CARD: Card = Card {
    name: "gas-growth",
    about: "attackers make a call of others take more gas with every call of theirs, until it fits into no block",
    rule: "an attacker's call, made eight times more, lets a call of another that goes well take more gas each time, by two \
           thousand or more",
    source: "SWC-128, DoS with block gas limit",
    limits: "what a call of the attacker costs is not weighed against the harm",
};

/// Repetitions tried.
const TIMES: usize = 8;
/// Gas that each must add.
const EACH: u64 = 2_000;

impl Oracle for GasGrowth {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::RELIED
    }

    fn kept(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        if !look.step.inner.is_empty() || !look.attack() {
            return Ok(Vec::new());
        }
        for known in look.facts.calls.iter().filter(|known| !look.facts.is_attacker(known.sender)) {
            if known.wait > 0 || known.to != look.step.to {
                continue;
            }
            let call = known.of(known.sender);
            let outcome = probe.run(look.after, &call)?;
            if !outcome.success() || outcome.gas < known.gas + EACH {
                continue;
            }
            let again = Step { wait: crate::sequence::Wait::default(), ..look.step.clone() };
            let mut gas = outcome.gas;
            let mut state = Arc::clone(look.after);
            let mut grows = true;
            for _ in 0..TIMES {
                let ran = again.run(probe, &state)?;
                grows &= ran.outcome.success();
                if !grows {
                    break;
                }
                state = ran.after(&again);
                let outcome = probe.run(&state, &call)?;
                grows &= outcome.success() && outcome.gas >= gas + EACH;
                gas = outcome.gas;
            }
            if !grows {
                continue;
            }
            let (sender, to, value) = (known.sender, known.to, known.value);
            let least = gas - known.gas;
            let effect = Effect::Costs { sender, to, value, data: known.data.clone(), least };
            let each = least / (TIMES as u64 + 1);
            let title = format!(
                "`{}` of `{}` takes about {each} gas more with every `{}`",
                known.function,
                look.name(to),
                look.function()
            );
            let mut path = look.path.to_vec();
            path.push(look.step.clone());
            path.extend(vec![again.clone(); TIMES - 1]);
            let longer = Look { path: &path, step: &again, after: &state, ..*look };
            let place = (to, known.function.clone());
            return longer.finding(
                &CARD,
                place,
                (Impact::Medium, Confidence::High),
                title,
                vec![effect],
                probe,
            );
        }
        Ok(Vec::new())
    }
}
