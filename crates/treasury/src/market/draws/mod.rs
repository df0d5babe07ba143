//! Uniform and normal draws by counter, fast enough for millions of paths.
//!
//! The bits are Philox4x64-10 (Salmon et al. 2011): a draw is a function of (seed, path, purpose, place), so that
//! neither the number of threads nor the order of paths can change it. Normals are made from pairs of uniforms by Box
//! and Muller (1958). ChaCha8, which the rest of the project draws from, costs some three times as much a number here;
//! nothing secret is drawn. Additions, multiplications, divisions and square roots alone are used, so that the same
//! bits come out on every machine; loops have no branches, so that compilers make them vector instructions.

use daotwin_core::{Seed, Stream, Streams};
use daotwin_simulation::engine::math;

#[cfg(test)]
mod test;

const MULTIPLIERS: [u64; 2] = [0xD2E7_470E_E14C_6C93, 0xCA5A_8263_9512_1157];
const WEYL: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xBB67_AE85_84CA_A73B];
/// Bits that are turned into draws at once; they stay in the nearest cache.
const CHUNK: usize = 256;

/// One block of Philox4x64 with ten rounds.
#[inline]
fn philox(mut counter: [u64; 4], mut key: [u64; 2]) -> [u64; 4] {
    for _ in 0..10 {
        let first = u128::from(MULTIPLIERS[0]) * u128::from(counter[0]);
        let second = u128::from(MULTIPLIERS[1]) * u128::from(counter[2]);
        counter = [
            (second >> 64) as u64 ^ counter[1] ^ key[0],
            second as u64,
            (first >> 64) as u64 ^ counter[3] ^ key[1],
            first as u64,
        ];
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    counter
}

/// The draws of one simulation.
#[derive(Debug, Clone)]
pub struct Draws {
    key: [u64; 2],
    streams: Streams,
}

impl Draws {
    /// The draws that follow from a seed.
    pub fn new(seed: Seed) -> Self {
        let mut stream = seed.stream("market draws");
        Self { key: [stream.bits(), stream.bits()], streams: seed.streams("market stream") }
    }

    /// A stream of one path's own, for what takes an unforeseen number of draws.
    pub fn stream(&self, path: u64) -> Stream {
        self.streams.stream(path)
    }

    /// Fills `bits` with those of one path and purpose, from the first on.
    #[inline]
    fn bits(&self, path: u64, purpose: u64, from: usize, bits: &mut [u64; CHUNK]) {
        let mut block = (from / 4) as u64;
        for four in bits.as_chunks_mut::<4>().0 {
            *four = philox([block, path, purpose, 0], self.key);
            block = block.wrapping_add(1);
        }
    }

    /// Uniforms in (0, 1): odd multiples of 2^-53. Purposes are numbered by whoever draws; another purpose is another
    /// sequence.
    pub fn uniforms(&self, path: u64, purpose: u64, out: &mut [f64]) {
        let mut bits = [0; CHUNK];
        for (chunk, out) in out.chunks_mut(CHUNK).enumerate() {
            self.bits(path, purpose, chunk * CHUNK, &mut bits);
            for (out, &bits) in out.iter_mut().zip(&bits) {
                *out = open_unit(bits);
            }
        }
    }

    /// Standard normals, within 8.7 of 0. A purpose gives either uniforms or normals: they share their bits.
    pub fn normals(&self, path: u64, purpose: u64, out: &mut [f64]) {
        let mut bits = [0; CHUNK];
        let mut whole = [0.0; CHUNK];
        for (chunk, out) in out.chunks_mut(CHUNK).enumerate() {
            self.bits(path, purpose, chunk * CHUNK, &mut bits);
            // The first half gives radii, the second angles: one pair of normals each.
            let (radii, angles) = bits.split_at(CHUNK / 2);
            let (cosines, sines) = whole.split_at_mut(CHUNK / 2);
            for (((cosine, sine), &radius), &angle) in cosines.iter_mut().zip(sines).zip(radii).zip(angles) {
                let radius = (-2.0 * math::ln(open_unit(radius))).sqrt();
                let (sin, cos) = sine_cosine_of_turns(open_unit(angle));
                *cosine = radius * cos;
                *sine = radius * sin;
            }
            out.copy_from_slice(&whole[..out.len()]);
        }
    }
}

/// The upper 52 bits as an odd multiple of 2^-53.
#[inline]
fn open_unit(bits: u64) -> f64 {
    f64::from_bits((bits >> 12) | 0x3FF0_0000_0000_0000) - (1.0 - 0.5 * f64::EPSILON)
}

/// 1.5 * 2^52: adding it rounds to the nearest integer and leaves that in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// Sine and cosine of 2 pi `turns`, for turns in 0..1, with absolute error below 4e-16.
///
/// A quarter turn is split off; on the remaining half of a right angle Taylor's polynomials of degrees 15 and 16 err by
/// less than 5e-17.
#[inline]
fn sine_cosine_of_turns(turns: f64) -> (f64, f64) {
    let quarters = turns * 4.0;
    let shifted = quarters + ROUND;
    let quarter = shifted.to_bits();
    let x = (quarters - (shifted - ROUND)) * std::f64::consts::FRAC_PI_2;
    let s = x * x;
    let mut sine = -1.0 / 1_307_674_368_000.0;
    sine = sine * s + 1.0 / 6_227_020_800.0;
    sine = sine * s - 1.0 / 39_916_800.0;
    sine = sine * s + 1.0 / 362_880.0;
    sine = sine * s - 1.0 / 5_040.0;
    sine = sine * s + 1.0 / 120.0;
    sine = sine * s - 1.0 / 6.0;
    let sine = x + x * s * sine;
    let mut cosine = 1.0 / 20_922_789_888_000.0;
    cosine = cosine * s - 1.0 / 87_178_291_200.0;
    cosine = cosine * s + 1.0 / 479_001_600.0;
    cosine = cosine * s - 1.0 / 3_628_800.0;
    cosine = cosine * s + 1.0 / 40_320.0;
    cosine = cosine * s - 1.0 / 720.0;
    cosine = cosine * s + 1.0 / 24.0;
    cosine = cosine * s - 0.5;
    let cosine = 1.0 + s * cosine;
    // Odd quarters swap the two; the sine's sign is the quarter's second bit, the cosine's that of the next quarter.
    let swap = 0_u64.wrapping_sub(quarter & 1);
    let (sine, cosine) = (sine.to_bits(), cosine.to_bits());
    let (a, b) = ((sine & !swap) | (cosine & swap), (cosine & !swap) | (sine & swap));
    let negative_sine = (quarter & 2) << 62;
    let negative_cosine = (quarter.wrapping_add(1) & 2) << 62;
    (f64::from_bits(a ^ negative_sine), f64::from_bits(b ^ negative_cosine))
}
