//! Whoever shows something first is paid for it, and not whose it is.

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::U256;

use super::facts::NOBODY;
use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::Machine;
use crate::finding::{Confidence, Effect, Finding, Impact};
use crate::sequence::Step;

pub(super) struct FrontRunning;

static CARD: Card = Card {
    name: "front-running",
    about: "what somebody else shows in a call can be shown by an attacker first, who is paid instead",
    rule: "an attacker's call pays the attacker ether; the same call pays anyone else the same in its place, it pays nobody \
           after it, and it fails with another word in place of the bytes that it shows",
    source: "SWC-114, Transaction order dependence; P. Daian et al., Flash Boys 2.0, IEEE S&P 2020",
    limits: "sees gains in ether; orders that shift prices show in attackers' profit",
};

/// Another value of bytes; none where there are no bytes.
fn other(value: &DynSolValue) -> Option<DynSolValue> {
    match value {
        DynSolValue::FixedBytes(word, size) => {
            let mut word = *word;
            word[size - 1] ^= 1;
            Some(DynSolValue::FixedBytes(word, *size))
        }
        DynSolValue::Bytes(bytes) if !bytes.is_empty() => {
            let mut bytes = bytes.clone();
            bytes[0] ^= 1;
            Some(DynSolValue::Bytes(bytes))
        }
        DynSolValue::String(text) if !text.is_empty() => Some(DynSolValue::String(format!("{text}x"))),
        _ => None,
    }
}

impl Oracle for FrontRunning {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::ETHER
    }

    fn step(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        let shows = look.step.arguments.iter().any(|argument| other(argument).is_some());
        let gain = look.after.balance(look.step.sender).saturating_sub(look.before.balance(look.step.sender));
        if !shows || gain.is_zero() || !look.step.inner.is_empty() || !look.attack() {
            return Ok(Vec::new());
        }
        let now = Step { wait: crate::sequence::Wait::default(), ..look.step.clone() };
        // What anyone else gets by the same call, on a state.
        let paid = |step: &Step, state, probe: &mut Machine| -> Result<U256> {
            let ran = step.run(probe, state)?;
            if !ran.outcome.success() {
                return Ok(U256::ZERO);
            }
            let had = state.balance(step.sender);
            Ok(ran.after(step).balance(step.sender).saturating_sub(had))
        };
        let others = look.facts.members.iter().chain([&NOBODY]);
        let mut effects = look.won();
        for sender in others.copied() {
            let step = Step { sender, ..now.clone() };
            if paid(&step, look.before, probe)? != gain || !paid(&step, look.after, probe)?.is_zero() {
                return Ok(Vec::new());
            }
            let (to, value, data) = (step.to, step.value, step.data());
            effects.push(Effect::Fails { sender, to, value, data });
        }
        let mut needed = false;
        for (place, argument) in now.arguments.iter().enumerate() {
            if let Some(other) = other(argument) {
                let mut step = now.clone();
                step.arguments[place] = other;
                needed |= paid(&step, look.before, probe)?.is_zero();
            }
        }
        if !needed {
            return Ok(Vec::new());
        }
        let place = (look.step.to, look.function());
        let title = format!("`{}` of `{}` pays whoever comes first", place.1, look.name(place.0));
        look.finding(&CARD, place, (Impact::Medium, Confidence::Medium), title, effects, probe)
    }
}
