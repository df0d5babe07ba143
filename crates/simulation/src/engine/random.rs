//! Random draws by counter: a draw is a function of (seed, replicate, purpose, step, agent) and of nothing else, so
//! that neither the number of threads nor the order of visits can change it.
//!
//! A [`Key`] of 64 bits is made once a (seed, replicate, purpose, step); a draw mixes the agent's number in by three
//! rounds of multiply and xor-shift, with one half of the key before the first round and the other after it, so that
//! two keys differ in how they permute and not only in where they begin. The rounds are those of C. Wellons' search
//! for low-bias permutations of 32 bits (`triple32`, bias 0.021; 2018); compilers turn them into vector instructions.
//!
//! Under one key the agents' 32 bits are a permutation: no two agents share them all. A count of agents below a
//! threshold is therefore under-dispersed by the factor 1 - n/2^32, 0.2 % at ten million agents.

use super::math;

#[cfg(test)]
mod test;

/// The draws of one purpose at one step of one replicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    first: u32,
    second: u32,
}

/// Mixes 64 bits (Stafford's variant 13 of the finaliser of MurmurHash3).
const fn mix64(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

impl Key {
    /// The key of this purpose; purposes are numbered by whoever draws. Costs some twenty nanoseconds.
    pub const fn new(seed: u64, replicate: u64, purpose: u64, step: u64) -> Self {
        let mut bits = mix64(seed ^ 0x9E37_79B9_7F4A_7C15);
        bits = mix64(bits ^ replicate.wrapping_mul(0xD1B5_4A32_D192_ED03));
        bits = mix64(bits ^ purpose.wrapping_mul(0xAEF1_7502_108E_F2D9));
        bits = mix64(bits ^ step.wrapping_mul(0x2545_F491_4F6C_DD1D));
        Self { first: (bits >> 32) as u32, second: bits as u32 }
    }

    /// 32 uniform bits of this agent.
    #[inline]
    pub const fn bits(self, agent: u32) -> u32 {
        let mut bits = agent ^ self.first;
        bits = (bits ^ (bits >> 17)).wrapping_mul(0xED5A_D4BB);
        bits = (bits ^ (bits >> 11) ^ self.second).wrapping_mul(0xAC4C_1B51);
        bits = (bits ^ (bits >> 15)).wrapping_mul(0x3184_8BAB);
        bits ^ (bits >> 14)
    }

    /// Uniform in (0, 1): an odd multiple of 2^-33, so that its logarithm and its odds are finite.
    #[inline]
    pub const fn uniform(self, agent: u32) -> f64 {
        (self.bits(agent) as f64 + 0.5) * (1.0 / 4_294_967_296.0)
    }

    /// Uniform in 0..n of this agent, by multiplication: each value within 2^-32 of its chance.
    #[inline]
    pub const fn below(self, agent: u32, n: u32) -> u32 {
        ((self.bits(agent) as u64 * n as u64) >> 32) as u32
    }

    /// Standard normal of this agent, by inversion ([`math::normal_quantile`]); it stays within 6.3 of 0.
    pub fn normal(self, agent: u32) -> f64 {
        math::normal_quantile(self.uniform(agent))
    }
}
