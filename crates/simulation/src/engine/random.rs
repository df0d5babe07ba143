//! Random draws by counter: a draw is a function of (seed, replicate, step, agent, purpose) and of nothing else, so
//! that neither the number of threads nor the order of visits can change it.
//!
//! A [`Key`] is made once a (seed, replicate, purpose, step); a draw mixes the agent's number in by two rounds of
//! multiply and xor-shift (the 32-bit finaliser of C. Wellons' hash prospector, bias 0.17 of 2^-32), which compilers
//! turn into vector instructions.

/// The draws of one purpose at one step of one replicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key(u32);

/// Mixes 64 bits (Stafford's variant 13 of the finaliser of MurmurHash3).
const fn mix64(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// Mixes 32 bits.
#[inline]
const fn mix32(mut bits: u32) -> u32 {
    bits = (bits ^ (bits >> 16)).wrapping_mul(0x7FEB_352D);
    bits = (bits ^ (bits >> 15)).wrapping_mul(0x846C_A68B);
    bits ^ (bits >> 16)
}

impl Key {
    /// The key of this purpose; purposes are numbered by whoever draws.
    pub const fn new(seed: u64, replicate: u64, purpose: u64, step: u64) -> Self {
        let mut bits = mix64(seed ^ 0x9E37_79B9_7F4A_7C15);
        bits = mix64(bits ^ replicate.wrapping_mul(0xD1B5_4A32_D192_ED03));
        bits = mix64(bits ^ purpose.wrapping_mul(0xAEF1_7502_108E_F2D9));
        bits = mix64(bits ^ step.wrapping_mul(0x2545_F491_4F6C_DD1D));
        Self((bits >> 32) as u32 ^ bits as u32)
    }

    /// 32 uniform bits of this agent.
    #[inline]
    pub const fn bits(self, agent: u32) -> u32 {
        mix32(agent.wrapping_mul(0x9E37_79B9) ^ self.0)
    }

    /// Uniform in [0, 1), a multiple of 2^-32.
    #[inline]
    pub const fn uniform(self, agent: u32) -> f64 {
        self.bits(agent) as f64 * (1.0 / 4_294_967_296.0)
    }
}
