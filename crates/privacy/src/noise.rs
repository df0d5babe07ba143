//! Where noise comes from, as types, so that a release cannot claim what its noise does not give.
//!
//! | type | bits | ledger | claim |
//! | --- | --- | --- | --- |
//! | [`Charged`] | operating system | charged first | (epsilon, delta) |
//! | [`Unaccounted`] | operating system | none | none: for audits of the mechanism itself |
//! | [`Seeded`] | a seed | none | none: for tests |
//! | [`Exact`] | no noise | none | none: for fits without privacy |
//!
//! "Operating system" is ChaCha20 under fresh keys of its generator, see [`OperatingSystem`].
//!
//! Only a release of charged noise can be committed to a ledger, and only a reservation makes one. The
//! compiler refuses the rest:
//!
//! ```compile_fail,E0308
//! use daotwin_privacy::{Budget, Fingerprint, Ledger, Measurer};
//! fn publish(ledger: &mut Ledger, stream: daotwin_core::Stream) -> daotwin_privacy::Result<()> {
//!     let release = Measurer::seeded(Budget::new(1.0, 1e-6)?, stream).finish();
//!     ledger.commit(&release, Fingerprint::of([b"file".as_slice()]), "twin")?;
//!     Ok(())
//! }
//! ```
//!
//! Nor can a seeded stream be put where a release's bits come from:
//!
//! ```compile_fail,E0308
//! use daotwin_privacy::{Charged, Measurer, Reservation};
//! fn release(reservation: Reservation, stream: daotwin_core::Stream) -> Measurer<Charged> {
//!     Measurer::charged(stream)
//! }
//! ```
//!
//! while the same code with the reservation compiles:
//!
//! ```
//! use daotwin_privacy::{Charged, Measurer, Reservation};
//! fn release(reservation: Reservation, stream: daotwin_core::Stream) -> Measurer<Charged> {
//!     Measurer::charged(reservation)
//! }
//! ```
//!
//! Noise that takes its bits from elsewhere cannot be written outside this room, because [`Noise`] is sealed:
//!
//! ```compile_fail,E0277
//! #[derive(Debug)]
//! struct Mine(daotwin_core::Stream);
//! impl daotwin_privacy::Noise for Mine {
//!     const KIND: daotwin_privacy::NoiseKind = daotwin_privacy::NoiseKind::Charged;
//!     fn gaussian(&mut self, _: daotwin_privacy::Rational, _: &[i64]) -> daotwin_privacy::Result<Vec<f64>> {
//!         Ok(Vec::new())
//!     }
//! }
//! ```

use daotwin_core::Stream;
use rand::rngs::ChaCha20Rng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::ledger::{Head, Reservation};
use crate::samplers::{DiscreteGaussian, Rational, select};

/// A source of independent uniform bits.
pub trait Bits {
    /// 64 uniform bits.
    ///
    /// # Errors
    /// [`Error::Entropy`] if the source fails.
    fn bits(&mut self) -> Result<u64>;
}

impl Bits for Stream {
    fn bits(&mut self) -> Result<u64> {
        Ok(Self::bits(self))
    }
}

/// Bytes made at once.
const BUFFER_BYTES: usize = 4096;

/// Buffers that one key makes before the operating system is asked for another.
const BUFFERS_A_KEY: u32 = 256;

/// Bits from ChaCha20 under keys of the operating system's generator (`getrandom`). A key makes at most a
/// mebibyte, and is forgotten whenever the bits read ahead are: at the start of every measurement. The buffer's
/// bytes are erased as they are used and when it is dropped. There is no seed, and no way to put one in.
pub struct OperatingSystem {
    generator: Option<ChaCha20Rng>,
    left: u32,
    buffer: Box<[u8; BUFFER_BYTES]>,
    used: usize,
}

impl std::fmt::Debug for OperatingSystem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("OperatingSystem").finish_non_exhaustive()
    }
}

impl Default for OperatingSystem {
    fn default() -> Self {
        Self { generator: None, left: 0, buffer: Box::new([0; BUFFER_BYTES]), used: BUFFER_BYTES }
    }
}

impl OperatingSystem {
    /// Forgets the key and the bits read ahead, so that the two sides of a `fork` never share them.
    fn discard(&mut self) {
        self.generator = None;
        self.buffer.fill(0);
        std::hint::black_box(&self.buffer);
        self.used = BUFFER_BYTES;
    }

    #[cold]
    fn refill(&mut self) -> Result<()> {
        if self.left == 0 {
            self.generator = None;
        }
        let generator = match &mut self.generator {
            Some(generator) => generator,
            none => {
                let mut key = [0; 32];
                getrandom::fill(&mut key).map_err(|source| Error::Entropy { source })?;
                self.left = BUFFERS_A_KEY;
                none.insert(ChaCha20Rng::from_seed(key))
            }
        };
        self.left -= 1;
        generator.fill_bytes(self.buffer.as_mut_slice());
        self.used = 0;
        Ok(())
    }
}

impl Bits for OperatingSystem {
    fn bits(&mut self) -> Result<u64> {
        if self.used == BUFFER_BYTES {
            self.refill()?;
        }
        let mut bytes = [0; 8];
        let word = &mut self.buffer[self.used..self.used + 8];
        bytes.copy_from_slice(word);
        word.fill(0);
        self.used += 8;
        Ok(u64::from_le_bytes(bytes))
    }
}

impl Drop for OperatingSystem {
    fn drop(&mut self) {
        self.discard();
    }
}

/// How a release was noised, as its manifest says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoiseKind {
    /// Bits of the operating system, charged to a ledger before they were drawn.
    Charged,
    /// Bits of the operating system, not charged to any ledger: no privacy claim.
    Unaccounted,
    /// Bits of a seed, which whoever knows the seed can take away again: no privacy claim.
    Seeded,
    /// No noise: no privacy claim.
    Exact,
}

mod sealed {
    pub trait Sealed {}
}

/// A kind of noise that a [`Measurer`](crate::Measurer) can add. Sealed: an outside type cannot claim to be
/// private.
pub trait Noise: sealed::Sealed + std::fmt::Debug {
    /// What the manifest says.
    const KIND: NoiseKind;

    /// The ledger's record of the charge.
    fn charge(&self) -> Option<Head> {
        None
    }

    /// Adds discrete Gaussian noise of this variance to each value.
    ///
    /// # Errors
    /// [`Error::Entropy`] if the source of bits fails; [`Error::Overflow`] where a value or its noise does
    /// not fit.
    #[doc(hidden)]
    fn gaussian(&mut self, variance: Rational, values: &[i64]) -> Result<Vec<f64>>;

    /// The exponential mechanism; see [`select`].
    ///
    /// # Errors
    /// As [`select`].
    #[doc(hidden)]
    fn select(&mut self, scores: &[i64], rate: Rational) -> Result<usize>;

    /// 64 uniform bits, for the coins by which members take part.
    ///
    /// # Errors
    /// [`Error::Entropy`] if the source of bits fails.
    #[doc(hidden)]
    fn word(&mut self) -> Result<u64>;
}

/// Vectors from this length on are worth a table.
const TABLE_LENGTH: usize = 64;

fn add_gaussian(bits: &mut impl Bits, variance: Rational, values: &[i64]) -> Result<Vec<f64>> {
    let law = DiscreteGaussian::new(variance)?;
    let table = if values.len() >= TABLE_LENGTH { law.table() } else { None };
    // The integer sum is the release; the conversion to a float only post-processes it.
    let noisy = |&value: &i64| {
        let noise = match &table {
            Some(table) => table.sample(bits)?,
            None => law.sample(bits)?,
        };
        Ok((i128::from(value) + noise) as f64)
    };
    values.iter().map(noisy).collect()
}

/// Noise of the operating system under a ledger's reservation: the only kind with a claim.
#[derive(Debug)]
pub struct Charged {
    bits: OperatingSystem,
    reservation: Reservation,
}

impl Charged {
    pub(crate) fn new(reservation: Reservation) -> Self {
        Self { bits: OperatingSystem::default(), reservation }
    }

    pub(crate) const fn reservation(&self) -> Head {
        self.reservation.head()
    }
}

impl sealed::Sealed for Charged {}
impl Noise for Charged {
    const KIND: NoiseKind = NoiseKind::Charged;

    fn charge(&self) -> Option<Head> {
        Some(self.reservation())
    }

    fn gaussian(&mut self, variance: Rational, values: &[i64]) -> Result<Vec<f64>> {
        self.bits.discard();
        add_gaussian(&mut self.bits, variance, values)
    }

    fn select(&mut self, scores: &[i64], rate: Rational) -> Result<usize> {
        self.bits.discard();
        select(scores, rate, &mut self.bits)
    }

    fn word(&mut self) -> Result<u64> {
        self.bits.bits()
    }
}

/// Noise of the operating system that no ledger was charged for.
#[derive(Debug, Default)]
pub struct Unaccounted {
    bits: OperatingSystem,
}

impl sealed::Sealed for Unaccounted {}
impl Noise for Unaccounted {
    const KIND: NoiseKind = NoiseKind::Unaccounted;

    fn gaussian(&mut self, variance: Rational, values: &[i64]) -> Result<Vec<f64>> {
        self.bits.discard();
        add_gaussian(&mut self.bits, variance, values)
    }

    fn select(&mut self, scores: &[i64], rate: Rational) -> Result<usize> {
        self.bits.discard();
        select(scores, rate, &mut self.bits)
    }

    fn word(&mut self) -> Result<u64> {
        self.bits.bits()
    }
}

/// Repeatable noise for tests. What it touches protects nobody.
#[derive(Debug)]
pub struct Seeded {
    bits: Stream,
}

impl Seeded {
    pub(crate) fn new(bits: Stream) -> Self {
        Self { bits }
    }
}

impl sealed::Sealed for Seeded {}
impl Noise for Seeded {
    const KIND: NoiseKind = NoiseKind::Seeded;

    fn gaussian(&mut self, variance: Rational, values: &[i64]) -> Result<Vec<f64>> {
        // Draw by draw: what a seed gives does not change with the length of the vector.
        let law = DiscreteGaussian::new(variance)?;
        values.iter().map(|&value| Ok((i128::from(value) + law.sample(&mut self.bits)?) as f64)).collect()
    }

    fn select(&mut self, scores: &[i64], rate: Rational) -> Result<usize> {
        select(scores, rate, &mut self.bits)
    }

    fn word(&mut self) -> Result<u64> {
        Ok(self.bits.bits())
    }
}

/// No noise at all.
#[derive(Debug, Default)]
pub struct Exact;

impl sealed::Sealed for Exact {}
impl Noise for Exact {
    const KIND: NoiseKind = NoiseKind::Exact;

    fn gaussian(&mut self, _: Rational, values: &[i64]) -> Result<Vec<f64>> {
        Ok(values.iter().map(|&value| value as f64).collect())
    }

    /// The first of the best.
    fn select(&mut self, scores: &[i64], _: Rational) -> Result<usize> {
        let best = (0..scores.len()).rev().max_by_key(|&index| scores[index]);
        best.map_or_else(|| select(scores, Rational::new(1, 1)?, &mut OperatingSystem::default()), Ok)
    }

    fn word(&mut self) -> Result<u64> {
        OperatingSystem::default().bits()
    }
}
