//! Keccak-256 as Ethereum has it: the sponge of FIPS 202 at a rate of 136 bytes, with the first padding byte 1.

/// Bytes taken in between permutations.
const RATE: usize = 136;

/// Rotations of the lanes, in the order in which the rho and pi steps visit them.
const ROTATIONS: [u32; 24] =
    [1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44];
/// Where those lanes go.
const PLACES: [usize; 24] =
    [10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1];

/// The constant of each round, from the linear feedback register of the standard.
const fn constants() -> [u64; 24] {
    let mut constants = [0; 24];
    let mut register: u8 = 1;
    let mut round = 0;
    while round < 24 {
        let mut bit = 0;
        while bit < 7 {
            if register & 1 == 1 {
                constants[round] |= 1 << ((1_u32 << bit) - 1);
            }
            register = (register << 1) ^ if register >> 7 == 1 { 0x71 } else { 0 };
            bit += 1;
        }
        round += 1;
    }
    constants
}

const CONSTANTS: [u64; 24] = constants();

fn permute(lanes: &mut [u64; 25]) {
    for constant in CONSTANTS {
        let parity: [u64; 5] =
            std::array::from_fn(|x| lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20]);
        for (place, lane) in lanes.iter_mut().enumerate() {
            let x = place % 5;
            *lane ^= parity[(x + 4) % 5] ^ parity[(x + 1) % 5].rotate_left(1);
        }
        let mut moved = lanes[1];
        for (place, rotation) in PLACES.into_iter().zip(ROTATIONS) {
            moved = std::mem::replace(&mut lanes[place], moved.rotate_left(rotation));
        }
        for row in lanes.chunks_exact_mut(5) {
            let before: [u64; 5] = std::array::from_fn(|x| row[x]);
            for x in 0..5 {
                row[x] = before[x] ^ (!before[(x + 1) % 5] & before[(x + 2) % 5]);
            }
        }
        lanes[0] ^= constant;
    }
}

/// The keccak-256 hash of these bytes.
pub fn keccak256(bytes: &[u8]) -> [u8; 32] {
    let mut padded = bytes.to_vec();
    padded.push(1);
    padded.resize(padded.len().next_multiple_of(RATE), 0);
    if let Some(last) = padded.last_mut() {
        *last |= 0x80;
    }
    let mut lanes = [0_u64; 25];
    for block in padded.chunks_exact(RATE) {
        for (lane, chunk) in lanes.iter_mut().zip(block.chunks_exact(8)) {
            *lane ^= chunk.iter().rev().fold(0, |lane, &byte| lane << 8 | u64::from(byte));
        }
        permute(&mut lanes);
    }
    let mut hash = [0; 32];
    for (chunk, lane) in hash.chunks_exact_mut(8).zip(lanes) {
        chunk.copy_from_slice(&lane.to_le_bytes());
    }
    hash
}

/// The hash that hides a choice behind a salt.
pub fn commitment(choice: u128, salt: u128) -> [u8; 32] {
    let mut bytes = [0; 64];
    bytes[16..32].copy_from_slice(&choice.to_be_bytes());
    bytes[48..].copy_from_slice(&salt.to_be_bytes());
    keccak256(&bytes)
}
