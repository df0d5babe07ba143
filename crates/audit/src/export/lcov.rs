//! Lines of source that a search ran through, as LCOV trace files have them.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, B256};
use revm::bytecode::opcode;

use crate::artifact::Contract;
use crate::chain::push_size;
use crate::world::World;

/// A place where code branches: the Keccak hash of the code, the program counter of the jump, and whether it was taken.
pub type Branch = (B256, u32, bool);

/// Covered lines and branches of the contracts of a world, from the branches that were passed.
///
/// A line is covered where some instruction of it lies in a block that a passed branch led to, or that such a block leads to
/// without a condition; a call of an internal function is taken to return. Contracts without source map are left out.
/// Same input, same text.
pub fn lcov(world: &World, covered: &[Branch]) -> String {
    let mut codes: BTreeMap<B256, BTreeSet<(u32, bool)>> = BTreeMap::new();
    for (hash, counter, taken) in covered {
        codes.entry(*hash).or_default().insert((*counter, *taken));
    }
    let mut files: BTreeMap<String, Lines> = BTreeMap::new();
    for address in world.state.addresses() {
        let code = world.state.code(address);
        let Some(contract) = contract_of(world, address, code.original_byte_slice()) else { continue };
        let bytes = code.original_byte_slice();
        let none = BTreeSet::new();
        let passed = codes.get(&code.hash_slow()).unwrap_or(&none);
        let run = counters(bytes, passed);
        let places: BTreeMap<usize, (String, usize)> = contract
            .lines()
            .into_iter()
            .map(|(pc, place)| (pc, (place.file.to_owned(), place.line)))
            .collect();
        for (pc, (file, line)) in &places {
            let lines = files.entry(file.clone()).or_default();
            *lines.lines.entry(*line).or_insert(false) |= run.contains(pc);
            if bytes.get(*pc) == Some(&opcode::JUMPI) {
                let counter = u32::try_from(*pc).unwrap_or(u32::MAX);
                let branches = lines.branches.entry((*line, contract.name.clone(), counter)).or_default();
                branches[0] |= passed.contains(&(counter, false));
                branches[1] |= passed.contains(&(counter, true));
            }
        }
    }
    let mut text = String::new();
    for (file, lines) in files {
        text.push_str(&format!("TN:\nSF:{file}\n"));
        let mut hit = 0;
        for (number, ((line, ..), taken)) in lines.branches.iter().enumerate() {
            let reached = taken[0] || taken[1];
            for (branch, taken) in taken.iter().enumerate() {
                hit += usize::from(*taken);
                let count = match (reached, taken) {
                    (false, _) => "-",
                    (true, false) => "0",
                    (true, true) => "1",
                };
                text.push_str(&format!("BRDA:{line},{number},{branch},{count}\n"));
            }
        }
        text.push_str(&format!("BRF:{}\nBRH:{hit}\n", lines.branches.len() * 2));
        for (line, run) in &lines.lines {
            text.push_str(&format!("DA:{line},{}\n", u8::from(*run)));
        }
        let run = lines.lines.values().filter(|run| **run).count();
        text.push_str(&format!("LF:{}\nLH:{run}\nend_of_record\n", lines.lines.len()));
    }
    text
}

/// The contract at an address, or the implementation of a proxy whose code is there.
fn contract_of<'w>(world: &'w World, address: Address, code: &[u8]) -> Option<&'w Contract> {
    if let Some(deployed) = world.at(address) {
        return Some(&deployed.contract);
    }
    let behind = world.contracts.iter().filter_map(|deployed| deployed.implementation.as_deref());
    behind.into_iter().find(|contract| !code.is_empty() && contract.runtime.is_source_of(code))
}

/// What is known of a file.
#[derive(Debug, Default)]
struct Lines {
    lines: BTreeMap<usize, bool>,
    /// By line, contract and program counter: passed by, taken.
    branches: BTreeMap<(usize, String, u32), [bool; 2]>,
}

/// A run of instructions that begins at its start only and ends with its last.
#[derive(Debug, Default)]
struct Block {
    counters: Vec<usize>,
    /// Constants that it pushes, in order.
    pushed: Vec<usize>,
    last: u8,
    next: usize,
}

/// The program counters of all instructions that ran.
fn counters(code: &[u8], passed: &BTreeSet<(u32, bool)>) -> BTreeSet<usize> {
    let blocks = blocks(code);
    let mut open: Vec<usize> = Vec::new();
    for (start, block) in &blocks {
        let Some(jump) = block.counters.last().and_then(|counter| u32::try_from(*counter).ok()) else {
            continue;
        };
        for taken in [false, true] {
            if block.last == opcode::JUMPI && passed.contains(&(jump, taken)) {
                open.push(*start);
                open.extend(if taken { block.pushed.last().copied() } else { Some(block.next) });
            }
        }
    }
    let mut seen: BTreeSet<usize> = BTreeSet::new();
    while let Some(start) = open.pop() {
        let Some(block) = blocks.get(&start) else { continue };
        if !seen.insert(start) {
            continue;
        }
        match block.last {
            opcode::JUMP => {
                open.extend(block.pushed.iter().copied().filter(|target| blocks.contains_key(target)));
            }
            opcode::JUMPI
            | opcode::STOP
            | opcode::RETURN
            | opcode::REVERT
            | opcode::INVALID
            | opcode::SELFDESTRUCT => {}
            _ => open.push(block.next),
        }
    }
    seen.iter()
        .filter_map(|start| blocks.get(start))
        .flat_map(|block| block.counters.iter().copied())
        .collect()
}

fn blocks(code: &[u8]) -> BTreeMap<usize, Block> {
    let mut blocks = BTreeMap::new();
    let (mut start, mut block) = (0, Block::default());
    let mut counter = 0;
    while counter < code.len() {
        let instruction = code[counter];
        if instruction == opcode::JUMPDEST && counter > start {
            block.next = counter;
            blocks.insert(start, std::mem::take(&mut block));
            start = counter;
        }
        block.counters.push(counter);
        block.last = instruction;
        let size = push_size(instruction);
        let constant = code.get(counter + 1..counter + 1 + size).unwrap_or_default();
        if (1..=4).contains(&size) {
            block.pushed.push(constant.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)));
        }
        counter += 1 + size;
        if matches!(
            instruction,
            opcode::JUMP
                | opcode::JUMPI
                | opcode::STOP
                | opcode::RETURN
                | opcode::REVERT
                | opcode::INVALID
                | opcode::SELFDESTRUCT
        ) {
            block.next = counter;
            blocks.insert(start, std::mem::take(&mut block));
            start = counter;
        }
    }
    if !block.counters.is_empty() {
        block.next = counter;
        blocks.insert(start, block);
    }
    blocks
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn blocks_that_a_branch_led_to_are_covered_and_others_are_not() {
        // PUSH1 6, PUSH1 9, JUMPI | STOP, JUMPDEST(6) STOP | JUMPDEST(8)..
        let code = [0x60, 1, 0x60, 7, 0x57, 0x00, 0x5b, 0x5b, 0x60, 12, 0x56, 0x00, 0x5b, 0x00];
        let taken = counters(&code, &BTreeSet::from([(4, true)]));
        assert_eq!(taken, BTreeSet::from([0, 2, 4, 7, 8, 10, 12, 13]));
        let passed_by = counters(&code, &BTreeSet::from([(4, false)]));
        assert_eq!(passed_by, BTreeSet::from([0, 2, 4, 5]));
        assert_eq!(counters(&code, &BTreeSet::new()), BTreeSet::new());
    }
}
