//! What a contract holds can never leave it again.

use alloy_primitives::U256;

use super::facts::Purpose;
use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::{CallKind, Machine, Transaction};
use crate::finding::{Confidence, Effect, Finding, Impact};

pub(super) struct StuckFunds;

static CARD: Card = Card {
    name: "stuck-funds",
    about: "attackers make that nobody gets out what a contract holds",
    rule: "after attackers' calls alone calls by which others got something out of a contract are refused now and after 400 \
           days, though they would go well without those calls, the contract holds as much, and no other call of anybody gets \
           anything out; or code that a contract with funds hands its calls to is gone",
    source: "SWC-132, Unexpected ether balance; issue 6995 of the Parity client, 6 November 2017",
    limits: "looks for ways out of one call each",
};

impl StuckFunds {
    /// A contract with funds whose calls are handed to code that is gone.
    fn orphan(look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        for holding in &look.facts.holdings {
            let contract = holding.contract;
            if look.after.balance(contract) < holding.ether || look.after.code(contract).is_empty() {
                continue;
            }
            let deployed = look.world.contracts.iter().find(|deployed| deployed.address == contract);
            for callable in deployed.into_iter().flat_map(super::facts::functions) {
                if !callable.view() || !callable.inputs.is_empty() {
                    continue;
                }
                let data: alloy_primitives::Bytes = callable.selector.to_vec().into();
                let call = Transaction {
                    sender: look.step.sender,
                    to: Some(contract),
                    value: U256::ZERO,
                    data: data.clone(),
                };
                probe.run(&look.world.state, &call)?;
                let gone = probe.trace().calls.iter().any(|call| {
                    call.kind == CallKind::Delegate
                        && look.after.code(call.code_address).is_empty()
                        && !look.world.state.code(call.code_address).is_empty()
                });
                if !gone {
                    continue;
                }
                let outcome = probe.run(look.after, &call)?;
                let (sender, to) = (look.step.sender, contract);
                let effect = if outcome.success() {
                    Effect::Answers { sender, to, data, output: outcome.output }
                } else {
                    Effect::Fails { sender, to, value: U256::ZERO, data }
                };
                let title = format!("what `{}` holds is stuck: its code is gone", look.name(contract));
                let harm = (Impact::Critical, Confidence::High);
                return look.finding(&CARD, (contract, look.function()), harm, title, vec![effect], probe);
            }
        }
        Ok(Vec::new())
    }
}

impl Oracle for StuckFunds {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::DESTROYED.and(Signs::RELIED)
    }

    fn step(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        if look.signs.any(Signs::DESTROYED) && look.attack() {
            Self::orphan(look, probe)
        } else {
            Ok(Vec::new())
        }
    }

    fn kept(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        if !look.signs.any(Signs::RELIED) || !look.attack() {
            return Ok(Vec::new());
        }
        let exits = || look.facts.calls.iter().filter(|known| known.purpose == Purpose::Exit);
        let mut contracts: Vec<_> = exits().map(|known| known.to).collect();
        contracts.sort_unstable();
        contracts.dedup();
        // What governance holds leaves by proposals, which take more than one call.
        contracts.retain(|contract| !look.facts.is_governance(*contract));
        for contract in contracts {
            let held = look.facts.wealth_of(contract, &look.world.state, probe)?;
            if look.facts.wealth_of(contract, look.after, probe)? < held || held <= 0.0 {
                continue;
            }
            let mut effects = Vec::new();
            let mut open = false;
            for known in exits().filter(|known| known.to == contract) {
                let (sender, to, value) = (known.sender, known.to, known.value);
                let data = known.data.clone();
                let effect = Effect::Prevents { sender, to, value, data, wait: known.wait };
                if effect.holds(probe, &look.world.state, look.after)? {
                    effects.push(effect);
                } else {
                    open = true;
                    break;
                }
            }
            if open || effects.is_empty() || look.facts.leaves(look.world, probe, look.after, contract)? {
                continue;
            }
            effects.truncate(3);
            let title = format!("nobody gets out any more what `{}` holds", look.name(contract));
            let harm = (Impact::High, Confidence::High);
            return look.finding(&CARD, (contract, look.function()), harm, title, effects, probe);
        }
        Ok(Vec::new())
    }
}
