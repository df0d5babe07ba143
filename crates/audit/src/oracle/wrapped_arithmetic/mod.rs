//! A number goes over the edge of 256 bits, and somebody gains by it.

use alloy_primitives::U256;
use revm::bytecode::opcode;

use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::Machine;
use crate::finding::{Confidence, Effect, Finding, Impact, balance};

pub(super) struct WrappedArithmetic;

static CARD: Card = Card {
    name: "wrapped-arithmetic",
    about: "a sum, a difference or a product wraps around, and attackers gain by it or a contract keeps the result",
    rule: "in an attacker's call arithmetic of a contract wraps, at no place of a 512-bit product, and the attacker has more of \
           a token and less of nothing, or a contract keeps a word that a difference below zero gave",
    source: "SWC-101, Integer overflow and underflow; the BeautyChain overflow of 22 April 2018 (CVE-2018-10299)",
    limits: "numbers of fewer than 256 bits that are cut are not seen",
};

impl WrappedArithmetic {
    /// Whether the code near a place multiplies modulo a number, as products of 512 bits do.
    fn wide(code: &[u8], counter: usize) -> bool {
        let from = counter.saturating_sub(64);
        let to = (counter + 64).min(code.len());
        code.get(from..to).is_some_and(|near| near.contains(&opcode::MULMOD))
    }
}

impl Oracle for WrappedArithmetic {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::WRAPPED
    }

    fn step(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        if !look.signs.any(Signs::WRITE) || !look.attack() {
            return Ok(Vec::new());
        }
        for wrap in &look.trace.wraps {
            let Some(call) = look.trace.calls.get(wrap.call as usize) else { continue };
            // Checked arithmetic wraps too, and is reverted for it.
            if !look.facts.is_protocol(call.target) || !look.stands(call) {
                continue;
            }
            let code = look.before.code(call.code_address);
            if Self::wide(code.original_byte_slice(), wrap.site.counter as usize) {
                continue;
            }
            let mut effects = Vec::new();
            // A difference below zero that a contract keeps.
            let kept = look.trace.accesses.iter().filter(|access| {
                access.write
                    && wrap.instruction == opcode::SUB
                    && access.call == wrap.call
                    && access.value == wrap.result
                    && access.value.bit_len() == 256
                    && !look.supplied(access.value)
                    && look.after.storage(access.address, access.slot) == access.value
            });
            effects.extend(kept.map(|access| Effect::Stored {
                account: access.address,
                slot: access.slot,
                value: access.value,
            }));
            let (mut gained, mut lost) = (Vec::new(), false);
            // Compilers add and subtract over the edge for their own ends; those results are not stored.
            let stored = || {
                let mut writes = look.trace.accesses.iter().filter(|access| access.write);
                writes.any(|access| access.call == wrap.call && access.value == wrap.result)
            };
            let meant = wrap.instruction == opcode::MUL || (!wrap.result.is_zero() && stored());
            if look.signs.any(Signs::BALANCE) && meant {
                for token in &look.facts.tokens {
                    let account = look.step.sender;
                    let had = balance(probe, look.before, token.address, account)?;
                    let has = balance(probe, look.after, token.address, account)?;
                    lost |= has < had;
                    let first = balance(probe, &look.world.state, token.address, account)?;
                    if has > had && has > first {
                        let least: U256 = has - first;
                        gained.push(Effect::TokenGained { token: token.address, account, least });
                    }
                }
            }
            lost |= look.after.balance(look.step.sender) < look.before.balance(look.step.sender);
            if !lost {
                effects.extend(gained);
            }
            if effects.is_empty() {
                continue;
            }
            effects.truncate(3);
            let place = (call.target, look.signature(call));
            let title = format!("arithmetic of `{}` wraps around", look.name(place.0));
            return look.finding(&CARD, place, (Impact::High, Confidence::Medium), title, effects, probe);
        }
        Ok(Vec::new())
    }
}
