//! A call out lets an attacker in again before the books are closed.

use alloy_primitives::{Address, U256};

use super::evidence::replay;
use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::{CallRecord, Machine};
use crate::finding::{Confidence, Effect, Finding, Impact, balance};
use crate::sequence::Step;

pub(super) struct Reentrancy;

static CARD: Card = Card {
    name: "reentrancy",
    about: "a contract calls an attacker before it has written down what it does, and is entered again meanwhile",
    rule: "a word of storage is read, an attacker is called, calls in again and has the word written, and the outer call writes \
           it afterwards; and no order of the same calls one after another leaves attackers as much, or the same storage",
    source: "SWC-107; the attack on The DAO of 17 June 2016; M. Rodler et al., Sereum, NDSS 2019",
    limits: "reading alone across contracts (read-only reentrancy) is told only where attackers end with more",
};

/// What attackers have: ether, then every token.
fn purse(
    look: &Look<'_>,
    state: &std::sync::Arc<crate::chain::State>,
    probe: &mut Machine,
) -> Result<Vec<U256>> {
    let mut purse = Vec::new();
    for attacker in &look.facts.attackers {
        purse.push(state.balance(*attacker));
        for token in &look.facts.tokens {
            purse.push(balance(probe, state, token.address, *attacker)?);
        }
    }
    Ok(purse)
}

/// Words that an outer call read before a callback, that were written within it, and that the outer call wrote after.
fn torn(look: &Look<'_>, callback: &CallRecord) -> Vec<(Address, U256)> {
    let accesses = &look.trace.accesses;
    let inside = |clock: u32| clock > callback.begin && clock < callback.end;
    let mut words: Vec<(Address, U256)> = accesses
        .iter()
        .filter(|access| access.write && inside(access.clock) && look.facts.is_protocol(access.address))
        .map(|access| (access.address, access.slot))
        .collect();
    words.sort_unstable();
    words.dedup();
    words.retain(|(address, slot)| {
        let same = |access: &&crate::chain::Access| access.address == *address && access.slot == *slot;
        let read = accesses.iter().filter(same).any(|a| !a.write && a.clock < callback.begin);
        let early = accesses.iter().filter(same).any(|a| a.write && a.clock < callback.begin);
        let late = accesses.iter().filter(same).any(|a| a.write && a.clock > callback.end);
        read && !early && late
    });
    words
}

impl Oracle for Reentrancy {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::CALLBACK
    }

    fn step(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        if look.step.inner.is_empty() || !look.facts.is_attacker(look.step.sender) {
            return Ok(Vec::new());
        }
        let callbacks = look.trace.calls.iter().skip(1).filter(|call| {
            call.target == look.step.sender && look.facts.is_protocol(call.caller) && call.success
        });
        let Some((callback, words)) =
            callbacks.map(|callback| (callback, torn(look, callback))).find(|(_, words)| !words.is_empty())
        else {
            return Ok(Vec::new());
        };
        // The same calls one after another: the outer one, and those of the attacker's that went well within it.
        let outer = Step { inner: Vec::new(), wait: crate::sequence::Wait::default(), ..look.step.clone() };
        let went = |step: &&Step| {
            let data = step.data();
            look.trace.calls.iter().any(|call| {
                call.caller == look.step.sender
                    && call.target == step.to
                    && call.input == data
                    && call.success
            })
        };
        let inner: Vec<Step> = look.step.inner.iter().filter(went).cloned().collect();
        let mut orders = vec![vec![outer.clone()], inner.clone()];
        orders[0].extend(inner);
        orders[1].push(outer);
        let got = purse(look, look.after, probe)?;
        let (mut richer, mut other) = (true, true);
        let mut idle = (**look.before).clone();
        idle.set_code(look.step.sender, crate::puppet::code(&[]));
        let idle = std::sync::Arc::new(idle);
        for order in orders {
            let mut state = std::sync::Arc::clone(&idle);
            for step in &order {
                // What the attacker's contract does may fail, as it may within the call.
                if let Some(next) = replay(probe, &state, std::slice::from_ref(step))?.get(1) {
                    state = std::sync::Arc::clone(next);
                }
            }
            let gets = purse(look, &state, probe)?;
            let more = got.iter().zip(&gets).any(|(got, gets)| got > gets);
            let less = got.iter().zip(&gets).any(|(got, gets)| got < gets);
            richer &= more && !less;
            let written = look.trace.accesses.iter().filter(|access| access.write);
            let mut written = written.filter(|access| look.facts.is_protocol(access.address));
            other &= written.any(|access| {
                let (at, slot) = (access.address, access.slot);
                look.after.storage(at, slot) != state.storage(at, slot)
            });
        }
        if !richer && !other {
            return Ok(Vec::new());
        }
        let mut effects = look.losses(probe)?;
        if richer {
            effects.extend(look.gains(probe)?);
        }
        if effects.is_empty() {
            effects.extend(words.iter().map(|(account, slot)| {
                let (account, slot) = (*account, *slot);
                Effect::Stored { account, slot, value: look.after.storage(account, slot) }
            }));
        }
        let place = look.made_in(callback);
        let title =
            format!("`{}` is entered again before it has written down what it did", look.name(place.0));
        let harm =
            if richer { (Impact::Critical, Confidence::High) } else { (Impact::Medium, Confidence::Medium) };
        look.finding(&CARD, place, harm, title, effects, probe)
    }
}
