//! Functions of code that comes without an ABI, from the branches at its beginning.
//!
//! A compiler's code takes the first four bytes of the input and compares them with the selector of each function, one
//! after the other or by halves. The walk follows both ways of every branch on the selector with a stack of what is known,
//! and stops where a function begins.

use std::collections::{BTreeMap, BTreeSet};

use alloy_dyn_abi::DynSolType;
use alloy_json_abi::{Function, StateMutability};
use alloy_primitives::{Selector, U256};

use super::abi::Callable;
use super::source_map::pushed;

/// Instructions of one walk.
const MOST_STEPS: usize = 400_000;
/// Ways not yet walked.
const MOST_WAYS: usize = 4_096;
/// Functions of one code.
const MOST_FUNCTIONS: usize = 4_096;

/// Words on the stack of a way.
const MOST_WORDS: usize = 64;
const JUMP: u8 = 0x56;
const JUMPI: u8 = 0x57;

/// What is known of a word on the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    Known(U256),
    /// The first word of the input.
    Input,
    /// Its first four bytes, as a number.
    Selector,
    /// Whether the selector is this one.
    Is(u32),
    /// Zero where the selector is this one, and something else where not.
    IsNot(u32),
    /// The length of the input, and that without the selector.
    Size,
    Rest,
    /// Above or below: the selector compared with a pivot.
    Half,
    Unknown,
}

/// The functions of runtime code: selectors, ascending, with the place where each begins.
///
/// Solidity's and Vyper's chains and halves of comparisons are followed; tables that are indexed by a hash of the selector
/// (Vyper from 0.3.10 on, with many functions) are not.
pub fn selectors(code: &[u8]) -> BTreeMap<Selector, usize> {
    let targets = targets(code);
    let mut found = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut ways: Vec<(usize, Vec<Word>)> = vec![(0, Vec::new())];
    let mut steps = 0;
    while let Some((mut at, mut stack)) = ways.pop() {
        // A way that comes to the same place with the same knowledge leads nowhere new.
        if !seen.insert((at, stack.clone())) {
            continue;
        }
        while let Some(&instruction) = code.get(at) {
            steps += 1;
            if steps > MOST_STEPS || found.len() >= MOST_FUNCTIONS {
                return found;
            }
            let next = at + 1 + pushed(instruction);
            match instruction {
                JUMP => {
                    let target = stack.pop().and_then(|target| target_of(target, &targets));
                    let Some(target) = target else { break };
                    if !seen.insert((target, stack.clone())) {
                        break;
                    }
                    at = target;
                    continue;
                }
                JUMPI => {
                    let target = stack.pop().and_then(|target| target_of(target, &targets));
                    match (stack.pop().unwrap_or(Word::Unknown), target) {
                        (Word::Is(selector), Some(target)) => {
                            found.entry(Selector::from(selector.to_be_bytes())).or_insert(target);
                        }
                        (Word::IsNot(selector), target) => {
                            found.entry(Selector::from(selector.to_be_bytes())).or_insert(next);
                            let Some(target) = target else { break };
                            at = target;
                            continue;
                        }
                        (Word::Known(condition), target) if !condition.is_zero() => {
                            let Some(target) = target else { break };
                            at = target;
                            continue;
                        }
                        (Word::Known(_), _) => {}
                        (_, Some(target)) if ways.len() < MOST_WAYS => ways.push((target, stack.clone())),
                        _ => {}
                    }
                }
                _ => {
                    let data = code.get(at + 1..next).unwrap_or_default();
                    // Before the first function no compiler has more than a few words on the stack.
                    if !compute(instruction, data, &mut stack) || stack.len() > MOST_WORDS {
                        break;
                    }
                }
            }
            at = next;
        }
    }
    found
}

/// Words of input that a function asks for at the least, from the comparison of the input's length with which compilers
/// begin (Solidity from 0.5 on); none where there is no such comparison.
fn words(code: &[u8], begin: usize) -> usize {
    let targets = targets(code);
    let mut ways = vec![(begin, Vec::new())];
    let mut steps = 0;
    while let Some((mut at, mut stack)) = ways.pop() {
        while let Some(&instruction) = code.get(at) {
            steps += 1;
            if steps > 500 {
                return 0;
            }
            let next = at + 1 + pushed(instruction);
            match instruction {
                JUMP => match stack.pop().and_then(|target| target_of(target, &targets)) {
                    Some(target) => at = target,
                    None => break,
                },
                JUMPI => {
                    let target = stack.pop().and_then(|target| target_of(target, &targets));
                    stack.pop();
                    if let Some(target) = target
                        && ways.len() < 16
                    {
                        ways.push((target, stack.clone()));
                    }
                    at = next;
                }
                // LT, SLT: the length on the left.
                0x10 | 0x12 if matches!(stack[..], [.., Word::Known(_), Word::Rest]) => {
                    let least = stack.len().checked_sub(2).map(|index| stack[index]);
                    let Some(Word::Known(least)) = least else { return 0 };
                    return usize::try_from(least).map_or(0, |least| least / 32).min(16);
                }
                _ => {
                    let data = code.get(at + 1..next).unwrap_or_default();
                    if !compute(instruction, data, &mut stack) || stack.len() > MOST_WORDS {
                        break;
                    }
                    at = next;
                }
            }
        }
    }
    0
}

/// What an instruction does with what is known, jumps left out; false where a way ends.
fn compute(instruction: u8, data: &[u8], stack: &mut Vec<Word>) -> bool {
    let mut pop = || stack.pop().unwrap_or(Word::Unknown);
    let result = match instruction {
        // PUSH0 to PUSH32.
        0x5f..=0x7f => Some(Word::Known(U256::try_from_be_slice(data).unwrap_or_default())),
        // DUP1 to DUP16.
        0x80..=0x8f => {
            let depth = usize::from(instruction - 0x7f);
            Some(stack.len().checked_sub(depth).map_or(Word::Unknown, |index| stack[index]))
        }
        // SWAP1 to SWAP16.
        0x90..=0x9f => {
            let depth = usize::from(instruction - 0x8f);
            while stack.len() <= depth {
                stack.insert(0, Word::Unknown);
            }
            let top = stack.len() - 1;
            stack.swap(top, top - depth);
            None
        }
        // JUMPDEST.
        0x5b => None,
        // CALLDATALOAD.
        0x35 => Some(if pop() == Word::Known(U256::ZERO) { Word::Input } else { Word::Unknown }),
        // SHR.
        0x1c => Some(match (pop(), pop()) {
            (Word::Known(shift), Word::Input) if shift == U256::from(224) => Word::Selector,
            (Word::Known(shift), Word::Known(value)) => {
                Word::Known(value.checked_shr(usize::try_from(shift).unwrap_or(256)).unwrap_or_default())
            }
            _ => Word::Unknown,
        }),
        // SHL and EXP make the divisor of old compilers.
        0x1b => Some(match (pop(), pop()) {
            (Word::Known(shift), Word::Known(value)) if shift < U256::from(256) => {
                Word::Known(value << usize::try_from(shift).unwrap_or_default())
            }
            _ => Word::Unknown,
        }),
        0x0a => Some(match (pop(), pop()) {
            (Word::Known(base), Word::Known(power)) => Word::Known(base.wrapping_pow(power)),
            _ => Word::Unknown,
        }),
        // DIV.
        0x04 => Some(match (pop(), pop()) {
            (Word::Input, Word::Known(divisor)) if divisor == U256::from(1) << 224 => Word::Selector,
            _ => Word::Unknown,
        }),
        // AND.
        0x16 => Some(match (pop(), pop()) {
            (Word::Selector, Word::Known(mask)) | (Word::Known(mask), Word::Selector)
                if mask == U256::from(u32::MAX) =>
            {
                Word::Selector
            }
            (Word::Known(left), Word::Known(right)) => Word::Known(left & right),
            _ => Word::Unknown,
        }),
        // EQ; XOR and SUB leave zero where both are the same.
        0x14 | 0x18 | 0x03 => Some(match (pop(), pop()) {
            (Word::Selector, Word::Known(value)) | (Word::Known(value), Word::Selector) => {
                match u32::try_from(value) {
                    Ok(value) if instruction == 0x14 => Word::Is(value),
                    Ok(value) => Word::IsNot(value),
                    Err(_) => Word::Unknown,
                }
            }
            (Word::Size, Word::Known(value)) if instruction == 0x03 && value == U256::from(4) => Word::Rest,
            _ => Word::Unknown,
        }),
        // ISZERO; the selector 0 is tested in this way.
        0x15 => Some(match pop() {
            Word::Is(value) => Word::IsNot(value),
            Word::IsNot(value) => Word::Is(value),
            Word::Selector => Word::Is(0),
            Word::Known(value) => Word::Known(U256::from(value.is_zero())),
            _ => Word::Unknown,
        }),
        // LT, GT, SLT, SGT.
        0x10..=0x13 => Some(match (pop(), pop()) {
            (Word::Selector, _) | (_, Word::Selector) => Word::Half,
            _ => Word::Unknown,
        }),
        // CALLDATASIZE.
        0x36 => Some(Word::Size),
        // Ends: STOP, RETURN, REVERT, INVALID, SELFDESTRUCT.
        0x00 | 0xf3 | 0xfd | 0xfe | 0xff => return false,
        other => {
            let Some((taken, left)) = arity(other) else { return false };
            for _ in 0..taken {
                pop();
            }
            (left > 0).then_some(Word::Unknown)
        }
    };
    stack.extend(result);
    true
}

/// The functions of runtime code as what can be called, named by the declarations that have their selectors.
pub(super) fn callables(code: &[u8], known: &BTreeMap<Selector, Function>) -> Vec<Callable> {
    let callable = |(selector, begin): (Selector, usize)| {
        let function = known.get(&selector).cloned();
        let resolved = function.as_ref().map(|function| {
            let types = |list: &[alloy_json_abi::Param]| {
                list.iter().map(super::abi::resolve).collect::<Result<Vec<_>, _>>().unwrap_or_default()
            };
            (types(&function.inputs), types(&function.outputs))
        });
        let (inputs, outputs) = resolved.unwrap_or_else(|| {
            // Of a function that nothing is known of any word may do.
            (vec![DynSolType::Uint(256); words(code, begin)], Vec::new())
        });
        let refuses = refuses_ether(code, 0) || refuses_ether(code, begin);
        let mutability = match &function {
            Some(function) => function.state_mutability,
            None if refuses => StateMutability::NonPayable,
            None => StateMutability::Payable,
        };
        Callable { selector, function, inputs, outputs, mutability }
    };
    selectors(code).into_iter().map(callable).collect()
}

/// Whether the code from here on begins with a refusal of ether: `CALLVALUE DUP1 ISZERO PUSH JUMPI`, perhaps after the
/// free memory pointer is set.
fn refuses_ether(code: &[u8], begin: usize) -> bool {
    let mut instructions = Vec::new();
    let mut at = begin;
    while instructions.len() < 9
        && let Some(&instruction) = code.get(at)
    {
        instructions.push(instruction);
        at += 1 + pushed(instruction);
    }
    let call_value = instructions.iter().position(|&instruction| instruction == 0x34);
    call_value.is_some_and(|index| {
        let rest: Vec<u8> = instructions[index + 1..].iter().copied().filter(|i| *i != 0x80).collect();
        matches!(rest[..], [0x15, 0x5f..=0x7f, 0x57, ..] | [0x5f..=0x7f, 0x57, ..])
    })
}

/// Every place that can be jumped to.
fn targets(code: &[u8]) -> Vec<bool> {
    let mut targets = vec![false; code.len()];
    let mut at = 0;
    while at < code.len() {
        targets[at] = code[at] == 0x5b;
        at += 1 + pushed(code[at]);
    }
    targets
}

fn target_of(target: Word, targets: &[bool]) -> Option<usize> {
    let Word::Known(target) = target else { return None };
    let target = usize::try_from(target).ok()?;
    targets.get(target).copied().unwrap_or_default().then_some(target)
}

/// How many words an instruction takes and leaves; none for one that does not exist.
fn arity(instruction: u8) -> Option<(usize, usize)> {
    Some(match instruction {
        0x01 | 0x02 | 0x05..=0x07 | 0x0b | 0x17 | 0x1a | 0x1d | 0x20 => (2, 1),
        0x08 | 0x09 | 0xf0 => (3, 1),
        0x19 | 0x1e | 0x31 | 0x3b | 0x3f | 0x40 | 0x49 | 0x51 | 0x54 | 0x5c => (1, 1),
        0x30 | 0x32..=0x34 | 0x38 | 0x3a | 0x3d | 0x41..=0x48 | 0x4a | 0x58..=0x5a => (0, 1),
        0x37 | 0x39 | 0x3e | 0x5e => (3, 0),
        0x3c => (4, 0),
        0x50 => (1, 0),
        0x52 | 0x53 | 0x55 | 0x5d => (2, 0),
        0xa0..=0xa4 => (usize::from(instruction - 0xa0) + 2, 0),
        0xf1 | 0xf2 => (7, 1),
        0xf4 | 0xfa => (6, 1),
        0xf5 => (4, 1),
        _ => return None,
    })
}

#[cfg(test)]
mod test {
    use alloy_primitives::hex;

    use super::*;

    fn found(code: &str) -> Vec<(String, usize)> {
        let code = hex::decode(code.replace(' ', "")).unwrap();
        selectors(&code).into_iter().map(|(selector, at)| (selector.to_string(), at)).collect()
    }

    fn pairs(expected: &[(&str, usize)]) -> Vec<(String, usize)> {
        expected.iter().map(|(selector, at)| ((*selector).to_owned(), *at)).collect()
    }

    #[test]
    fn chains_and_halves_and_differences_are_followed() {
        // 00: selector; 06: EQ chain of one, to 15; 10: stop
        let chain = "5f35 60e01c 80 63a9059cbb 14 6012 57 00 00 00 5b 00";
        assert_eq!(found(chain), pairs(&[("0xa9059cbb", 18)]));
        // Divided by 2^224, masked, as before solc 0.4.22.
        let old = "6000 35 7c0100000000000000000000000000000000000000000000000000000000 90 04 63ffffffff 16 \
                   80 6311223344 14 6034 57 00 5b 00";
        assert_eq!(found(old), pairs(&[("0x11223344", 52)]));
        // GT splits: 0x80000000 > selector jumps to 0x18.
        let halves = "5f35 60e01c 80 6380000000 11 601a 57 80 63a9059cbb 14 6026 57 00 \
                      5b 80 6311223344 14 6026 57 00 5b 00";
        let found_halves = found(halves);
        assert_eq!(found_halves.len(), 2, "{found_halves:?}");
        // XOR and a jump where they differ, as Vyper does: the function follows.
        let vyper = "5f35 60e01c 63a9059cbb 81 18 6013 57 00 00 00 00 5b 00";
        assert_eq!(found(vyper), pairs(&[("0xa9059cbb", 15)]));
    }

    #[test]
    fn walks_end() {
        assert!(found("5b600056").is_empty());
        assert!(found("").is_empty());
        assert!(found("600157").is_empty());
        // A loop that pushes for ever, and one that branches for ever.
        assert!(found("5b5f 6000 56").is_empty());
        assert!(found("5b34 80 6000 57 34 6000 57 6000 56").is_empty());
        let mut code = hex::decode("5f3560e01c").unwrap();
        for selector in 1..20_000_u32 {
            code.extend([0x80, 0x63]);
            code.extend(selector.to_be_bytes());
            code.extend([0x14, 0x60, 0, 0x57]);
        }
        assert!(selectors(&code).is_empty(), "no place to jump to");
        let noise: Vec<u8> = (0..200_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        assert!(selectors(&noise).len() < MOST_FUNCTIONS);
    }
}
