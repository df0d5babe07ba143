//! A call fails and nobody looks.

use std::sync::Arc;

use alloy_primitives::{Address, U256};

use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::{CallKind, CallRecord, Machine, Trace};
use crate::finding::{Confidence, Effect, Finding, Impact};
use crate::puppet;

pub(super) struct UncheckedCall;

static CARD: Card = Card {
    name: "unchecked-call",
    about: "a contract goes on as if a call had gone well that failed, or that answered false",
    rule: "a call of a contract fails or answers false, the step goes well and the contract has written something; and with the \
           same call answered as if it had gone well, the contract takes the very same branches and writes the same words",
    source: "SWC-104, Unchecked call return value; Force DAO, xFORCE exploit post mortem, 4 April 2021",
    limits: "a failure that is known and put up with on purpose, without any branch, is told too",
};

/// Where a helper holds the code whose one answer is exchanged.
const HELPER: Address = Address::repeat_byte(0x7c);

/// What a contract did: the branches of its code and the words it wrote, in order.
type Deeds = (Vec<(u32, u8)>, Vec<(Address, U256, U256)>);

fn deeds(trace: &Trace, hash: alloy_primitives::B256, contract: Address) -> Deeds {
    let codes = trace.codes();
    let code = codes.find(hash);
    let own = |edge: u32| code.is_some_and(|code| codes.site(edge / 2).code == code);
    let base = |edge: u32| (codes.site(edge / 2).counter << 1) | (edge & 1);
    let edges = trace.edges().filter(|(edge, _)| own(*edge)).map(|(edge, hits)| (base(edge), hits));
    let written = trace.accesses.iter().filter(|access| access.write && access.address == contract);
    (edges.collect(), written.map(|access| (access.address, access.slot, access.value)).collect())
}

impl UncheckedCall {
    /// Calls of contracts that failed, or answered false where a truth value is declared.
    fn failed<'l>(look: &'l Look<'_>) -> Option<(&'l CallRecord, &'l CallRecord)> {
        look.trace.calls.iter().skip(1).find_map(|call| {
            let caller = look.trace.calls.get(call.parent? as usize)?;
            let no = call.success && call.output.len() == 32 && call.output.iter().all(|byte| *byte == 0);
            let bad = call.kind == CallKind::Call
                && caller.success
                && look.facts.is_protocol(call.caller)
                && (!call.success || (no && look.answers_truth(call)));
            let wrote = || {
                let accesses = &look.trace.accesses;
                accesses.iter().any(|access| access.write && access.address == call.caller)
            };
            (bad && wrote()).then_some((call, caller))
        })
    }
}

impl Look<'_> {
    /// Whether the function that a call was made to is declared to change something and to answer a truth value.
    fn answers_truth(&self, call: &CallRecord) -> bool {
        let Some(selector) = call.selector() else { return false };
        let deployed = self.world.contracts.iter().find(|deployed| deployed.address == call.target);
        let mut functions = deployed.into_iter().flat_map(super::facts::functions);
        functions.any(|callable| {
            callable.selector == selector
                && !callable.view()
                && callable.outputs[..] == [alloy_dyn_abi::DynSolType::Bool]
        })
    }
}

impl Oracle for UncheckedCall {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::FAILED
    }

    fn step(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        if !look.signs.any(Signs::WRITE) {
            return Ok(Vec::new());
        }
        let Some((call, caller)) = Self::failed(look) else { return Ok(Vec::new()) };
        let contract = call.caller;
        if !look.step.inner.is_empty() {
            return Ok(Vec::new());
        }
        let code = look.before.code(caller.code_address);
        let hash = code.hash_slow();
        probe.learn(&code);
        // The call fails, or answers false, and nothing else comes of it; and then as if it had gone well.
        let mut stubbed = |answer: Option<U256>, fails: bool| -> Result<Option<Deeds>> {
            let mut other = (**look.before).clone();
            other.set_code(HELPER, look.before.code(call.code_address));
            other.set_code(call.code_address, puppet::answering(call.selector(), answer, fails, HELPER));
            let outcome = probe.run(&Arc::new(other), &look.step.transaction())?;
            Ok(outcome.success().then(|| deeds(probe.trace(), hash, contract)))
        };
        let one = Some(U256::from(1));
        let (real, well) = if call.success {
            (stubbed(Some(U256::ZERO), false)?, stubbed(one, false)?)
        } else {
            (stubbed(None, true)?, stubbed(None, false)?)
        };
        let Some(real) = real.filter(|real| Some(real) == well.as_ref() && !real.1.is_empty()) else {
            return Ok(Vec::new());
        };
        let mut words: Vec<U256> = real.1.iter().map(|(_, slot, _)| *slot).collect();
        words.sort_unstable();
        words.dedup();
        let stored = words.into_iter().map(|slot| Effect::Stored {
            account: contract,
            slot,
            value: look.after.storage(contract, slot),
        });
        let place = look.made_in(call);
        let what = if call.input.is_empty() {
            "a payment".to_owned()
        } else {
            format!("`{}`", look.signature(call))
        };
        let title = format!("`{}` does not look whether {what} went well", look.name(contract));
        look.finding(&CARD, place, (Impact::Medium, Confidence::High), title, stored.collect(), probe)
    }
}
