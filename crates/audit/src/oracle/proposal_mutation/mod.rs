//! What governance runs is not what it would have run before.

use std::sync::Arc;

use alloy_primitives::{Address, B256};

use super::evidence::{code_hash, replay};
use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::{CallKind, CallRecord, Machine, State, Trace};
use crate::finding::{Confidence, Finding, Impact};

pub(super) struct ProposalMutation;

static CARD: Card = Card {
    name: "proposal-mutation",
    about: "what was proposed and voted on is exchanged for something else before it is carried out",
    rule: "attackers have a contract that decides by votes carry something out, and the same call at the same time, had some of \
           their calls before it not been made, would have gone well and called another target, or other code there",
    source: "the attack on Tornado Cash's governance of 20 May 2023: CREATE2, SELFDESTRUCT and CREATE at one address",
    limits: "payloads that differ only in amounts are not told",
};

/// Whom governance calls, whose code, with which function, and the hash of that code.
type Acts = Vec<(Address, Address, Option<[u8; 4]>, Option<B256>)>;

fn acts(look: &Look<'_>, trace: &Trace, state: &State) -> Acts {
    let governs = |call: &&CallRecord| {
        let by = if call.kind == CallKind::Delegate { call.target } else { call.caller };
        matches!(call.kind, CallKind::Call | CallKind::Delegate)
            && call.success
            && call.code_address != call.caller
            && !Look::hands_on(call, trace)
            && look.facts.is_governance(by)
    };
    let calls = trace.calls.iter().skip(1).filter(governs);
    let act = |call: &CallRecord| {
        (call.target, call.code_address, call.selector(), code_hash(state, call.code_address))
    };
    calls.map(act).collect()
}

impl Oracle for ProposalMutation {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::CALL
    }

    fn step(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        if look.path.is_empty() || !look.facts.is_governance(look.step.to) || !look.step.inner.is_empty() {
            return Ok(Vec::new());
        }
        let done = acts(look, look.trace, look.before);
        // Tokens moved as a function always does are no payload.
        let open = look.trace.calls.iter().skip(1).find(|call| {
            let known = call.selector().is_some_and(|selector| look.facts.pushes(call.caller, selector));
            let ether = call.input.is_empty() && !call.value.is_zero();
            call.success
                && !Look::hands_on(call, look.trace)
                && match call.kind {
                    CallKind::Delegate => {
                        look.facts.is_governance(call.target) && call.code_address != call.caller
                    }
                    CallKind::Call => look.facts.is_governance(call.caller) && (ether || !known),
                    _ => false,
                }
        });
        let Some(open) = open else { return Ok(Vec::new()) };
        if done.is_empty() || !look.attack() {
            return Ok(Vec::new());
        }
        let states = replay(probe, &look.world.state, look.path)?;
        // The last state is the one before: what the step does on it is known.
        for state in states.iter().take(look.path.len()) {
            let mut earlier = (**state).clone();
            (earlier.block, earlier.time) = (look.before.block, look.before.time);
            let earlier = Arc::new(earlier);
            let outcome = probe.run(&earlier, &look.step.transaction())?;
            if !outcome.success() {
                continue;
            }
            let meant = acts(look, probe.trace(), &earlier);
            if meant.is_empty() || meant == done {
                continue;
            }
            let effects = look.damage(open, probe)?;
            let place = look.made_in(open);
            let title = format!("`{}` carries out something else than was decided", look.name(place.0));
            return look.finding(&CARD, place, (Impact::Critical, Confidence::High), title, effects, probe);
        }
        Ok(Vec::new())
    }
}
