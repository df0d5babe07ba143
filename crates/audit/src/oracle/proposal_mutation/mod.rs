//! What governance runs is not what stood there when it was proposed.

use alloy_primitives::B256;

use super::evidence::{code_hash, replay};
use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::{CallKind, Machine};
use crate::finding::{Confidence, Finding, Impact};

pub(super) struct ProposalMutation;

static CARD: Card = Card {
    name: "proposal-mutation",
    about: "a contract that was proposed and voted on is exchanged for another before it is carried out",
    rule: "a contract that decides by votes calls an address whose code, when it runs, is other than it was when the world \
           began or after an earlier call, and something is changed by it",
    source: "the attack on Tornado Cash's governance of 20 May 2023: CREATE2, SELFDESTRUCT and CREATE at one address",
    limits: "a proxy whose implementation is exchanged keeps its own code, and is not told",
};

impl Oracle for ProposalMutation {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::CALL
    }

    fn step(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        for call in look.trace.calls.iter().skip(1) {
            let governed = call.kind == CallKind::Call || call.kind == CallKind::Delegate;
            let at = call.code_address;
            if !governed
                || !call.success
                || at == call.caller
                || !look.facts.is_governance(if call.kind == CallKind::Delegate {
                    call.target
                } else {
                    call.caller
                })
                || look.facts.is_attacker(at)
            {
                continue;
            }
            let Some(now) = code_hash(look.before, at) else { continue };
            let other = |then: Option<B256>| then.is_some_and(|then| then != now);
            let mut mutated = other(code_hash(&look.world.state, at));
            if !mutated && look.path.len() > 2 {
                let states = replay(probe, &look.world.state, look.path)?;
                mutated = states.iter().any(|state| other(code_hash(state, at)));
            }
            if !mutated || !look.attack() {
                continue;
            }
            let effects = look.damage(call, probe)?;
            let place = look.made_in(call);
            let title = format!("`{}` runs other code than was proposed", look.name(place.0));
            return look.finding(&CARD, place, (Impact::Critical, Confidence::High), title, effects, probe);
        }
        Ok(Vec::new())
    }
}
