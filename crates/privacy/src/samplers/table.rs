//! The same exact laws, many draws at a time.
//!
//! The integers are cut into blocks. A block is drawn with an integer weight that is at least its largest
//! probability (alias method, Walker 1977, on integers), a value uniformly inside it, and the value is kept with the
//! probability that makes its law exact: `factor * exp(-exponent) / weight`. One uniform number decides. Nearly
//! always its first 64 bits are below what every value of the block is kept with; else they are compared with that
//! probability as a float, and *where the two are closer than 2^-30* with integer bounds that are narrowed, beside
//! further bits, until they decide. So a float never decides what it could get wrong: `exp` of the standard library
//! is trusted to 30 bits of its 52. The time of a draw depends on the draw, as in [`super`].

use num_bigint::BigUint;

use super::{DiscreteGaussian, DiscreteLaplace, Rational};
use crate::error::Result;
use crate::noise::Bits;

/// Columns of the alias table, a power of two.
const COLUMN_BITS: u32 = 10;

/// Weights add up to 2 to this.
const WEIGHT_BITS: u32 = 54;

/// What a column holds.
const CAPACITY: u64 = 1 << (WEIGHT_BITS - COLUMN_BITS);

/// How far a float may be trusted, absolutely: 2^-30.
const TRUST: f64 = 1.0 / (1_u64 << 30) as f64;

/// Tail pieces are this many blocks long, which makes each at most half as likely as the one before.
const PIECE_BITS: u32 = 4;

/// Blocks each side at most: both sides, both tails and the empty rest fit the columns.
const MAX_BLOCKS: i64 = 500;

/// The exponent as a function of the magnitude x: x^2 a/b or x a/b.
#[derive(Debug, Clone, Copy)]
struct Exponent {
    squared: bool,
    numerator: u128,
    denominator: u128,
    /// numerator / denominator.
    rate: f64,
}

impl Exponent {
    fn float(&self, x: f64) -> f64 {
        if self.squared { x * x * self.rate } else { x * self.rate }
    }

    fn exact(&self, x: u128) -> (BigUint, BigUint) {
        let power = if self.squared { BigUint::from(x) * x } else { BigUint::from(x) };
        (power * self.numerator, BigUint::from(self.denominator))
    }
}

/// A column: up to the threshold it is one thing, above it another.
#[derive(Debug, Clone, Copy)]
struct Column {
    threshold: u64,
    below: u16,
    above: u16,
}

#[derive(Debug, Clone, Copy)]
struct Block {
    start: i128,
    weight: u64,
    /// A first word below this is kept whatever the value.
    sure: u64,
    /// factor / weight.
    scale: f64,
}

/// A law prepared for many draws. Making one costs tens of microseconds, a draw tens of nanoseconds.
///
/// ```
/// use daotwin_privacy::{OperatingSystem, Rational, samplers::DiscreteGaussian};
/// let law = DiscreteGaussian::new(Rational::new(100, 1)?)?;
/// let table = law.table().unwrap();
/// let mut bits = OperatingSystem::default();
/// let noise = (0..1000).map(|_| table.sample(&mut bits)).collect::<Result<Vec<i128>, _>>()?;
/// # let _ = noise;
/// # Ok::<(), daotwin_privacy::Error>(())
/// ```
#[derive(Debug)]
pub struct Table {
    exponent: Exponent,
    columns: Vec<Column>,
    blocks: Vec<Block>,
    /// Block length, as a power of two.
    shift: u32,
    /// Where the right tail begins; the left one begins one further out.
    reach: i128,
    factor: u64,
    tail_weight: u64,
}

impl DiscreteGaussian {
    /// This law prepared for many draws; none for a deviation above 2^50, which is drawn one by one.
    pub fn table(&self) -> Option<Table> {
        self.table_with(9.0)
    }

    /// With tails that begin at so many deviations.
    pub(super) fn table_with(&self, reach: f64) -> Option<Table> {
        let Rational { numerator, denominator } = self.variance;
        let sigma = self.variance.to_f64().sqrt();
        let doubled = numerator.checked_mul(2)?;
        let rate = 0.5 / self.variance.to_f64();
        let exponent = Exponent { squared: true, numerator: denominator, denominator: doubled, rate };
        Table::new(exponent, sigma, 4, reach * sigma)
    }
}

impl DiscreteLaplace {
    /// This law prepared for many draws; none for a scale above 2^50, which is drawn one by one.
    pub fn table(&self) -> Option<Table> {
        self.table_with(30.0)
    }

    /// With tails that begin at so many scales.
    pub(super) fn table_with(&self, reach: f64) -> Option<Table> {
        let Rational { numerator, denominator } = self.scale;
        let scale = self.scale.to_f64();
        let exponent =
            Exponent { squared: false, numerator: denominator, denominator: numerator, rate: 1.0 / scale };
        Table::new(exponent, scale, 3, reach * scale)
    }
}

impl Table {
    /// `size` is cut into 2^fine to 2^(fine + 1) blocks.
    fn new(exponent: Exponent, size: f64, fine: u32, reach: f64) -> Option<Self> {
        if !(size > 1e-3 && size <= 2.0_f64.powi(50)) {
            return None;
        }
        let shift = (size.log2().floor() as i32 - fine as i32).max(0) as u32;
        let length = 1_i128 << shift;
        let count = (reach / length as f64).ceil().max(1.0) as i64;
        if count > MAX_BLOCKS {
            return None;
        }
        let at = |x: i128| (-exponent.float(x as f64)).exp();
        let reach = i128::from(count) * length;
        // Starts, and the magnitudes nearest to and farthest from zero.
        let spans: Vec<(i128, i128, i128)> = (-count..count)
            .map(|index| {
                let start = i128::from(index) * length;
                let end = start + length - 1;
                if index >= 0 { (start, start, end) } else { (start, -end, -start) }
            })
            .collect();
        // Room for the rounding up of each weight and both tails.
        let whole: f64 = spans.iter().map(|&(_, near, _)| at(near)).sum::<f64>()
            + 5.0 * f64::from(1 << PIECE_BITS) * at(reach);
        let total = 1_u64 << WEIGHT_BITS;
        let factor = ((total as f64 - 4096.0) / whole * (1.0 - 1e-6)).floor() as u64;
        // Never below the true value: the margin is far above the error of `exp`.
        let above = |value: f64| (factor as f64 * value * (1.0 + TRUST * 1e-2)).ceil().max(1.0) as u64;
        let blocks: Vec<Block> = spans
            .iter()
            .map(|&(start, near, far)| {
                let weight = above(at(near));
                let scale = factor as f64 / weight as f64;
                let least = (scale * at(far) * (1.0 - TRUST)).max(0.0);
                // The cast saturates.
                Block { start, weight, sure: (least * 2.0_f64.powi(64)) as u64, scale }
            })
            .collect();
        // A piece is longer than a block, and the first is half of the tail.
        let tail_weight = above(2.0 * f64::from(1 << PIECE_BITS) * at(reach));
        let mut weights: Vec<u64> = blocks.iter().map(|block| block.weight).collect();
        weights.extend([tail_weight, tail_weight]);
        let used: u64 = weights.iter().sum();
        // What is left over is drawn again.
        weights.push(total.checked_sub(used)?);
        let columns = alias(&weights)?;
        Some(Self { exponent, columns, blocks, shift, reach, factor, tail_weight })
    }

    /// One draw. Expected constant time.
    ///
    /// # Errors
    /// [`Error::Entropy`](crate::Error::Entropy) if the source of bits fails.
    pub fn sample<B: Bits + ?Sized>(&self, bits: &mut B) -> Result<i128> {
        self.draw::<false, B>(bits)
    }

    /// One draw; with `EXACT`, integers alone decide. From the same bits both give the same draw.
    pub(super) fn draw<const EXACT: bool, B: Bits + ?Sized>(&self, bits: &mut B) -> Result<i128> {
        loop {
            let word = bits.bits()?;
            let column = &self.columns[(word >> (64 - COLUMN_BITS)) as usize];
            let chosen =
                if (word & (CAPACITY - 1)) < column.threshold { column.below } else { column.above } as usize;
            let Some(block) = self.blocks.get(chosen) else {
                // Behind the blocks: the right tail, the left one, and what is drawn again.
                let side = chosen - self.blocks.len();
                if side < 2
                    && let Some(value) = self.tail(side == 1, bits)?
                {
                    return Ok(value);
                }
                continue;
            };
            let inside = if self.shift == 0 { 0 } else { bits.bits()? & ((1_u64 << self.shift) - 1) };
            let value = block.start + i128::from(inside);
            let first = bits.bits()?;
            if !EXACT {
                if first < block.sure {
                    return Ok(value);
                }
                let kept = block.scale * (-self.exponent.float(value.unsigned_abs() as f64)).exp();
                let uniform = first as f64 / 2.0_f64.powi(64);
                if uniform < kept - TRUST {
                    return Ok(value);
                }
                if uniform > kept + TRUST {
                    continue;
                }
            }
            let factor = BigUint::from(self.factor);
            if self.kept(value.unsigned_abs(), &factor, block.weight, first, bits)? {
                return Ok(value);
            }
        }
    }

    /// A value beyond the blocks, or nothing: piece j with probability 2^-(j + 1).
    #[cold]
    fn tail<B: Bits + ?Sized>(&self, left: bool, bits: &mut B) -> Result<Option<i128>> {
        let mut piece = 0_u32;
        loop {
            let ones = bits.bits()?.trailing_ones();
            piece += ones;
            if ones < 64 {
                break;
            }
        }
        let piece_shift = self.shift + PIECE_BITS;
        let inside = bits.bits()? & ((1_u64 << piece_shift) - 1);
        let magnitude =
            self.reach + i128::from(left) + (i128::from(piece) << piece_shift) + i128::from(inside);
        let factor = BigUint::from(self.factor) << (piece + 1 + PIECE_BITS);
        let first = bits.bits()?;
        let kept = self.kept(magnitude.unsigned_abs(), &factor, self.tail_weight, first, bits)?;
        Ok(kept.then_some(if left { -magnitude } else { magnitude }))
    }

    /// Whether a uniform number that begins with these 64 bits is below factor exp(-exponent) / weight.
    #[cold]
    fn kept<B: Bits + ?Sized>(
        &self,
        magnitude: u128,
        factor: &BigUint,
        weight: u64,
        first: u64,
        bits: &mut B,
    ) -> Result<bool> {
        let (numerator, denominator) = self.exponent.exact(magnitude);
        let mut uniform = BigUint::from(first);
        let mut known = 64_u64;
        loop {
            let precision = known + 64;
            let (low, high) = exp_minus(&numerator, &denominator, precision);
            let lowest = (&uniform * weight) << precision;
            let highest = ((&uniform + 1_u32) * weight) << precision;
            if highest <= (low * factor) << known {
                return Ok(true);
            }
            if lowest >= (high * factor) << known {
                return Ok(false);
            }
            uniform = (uniform << 64_u32) + bits.bits()?;
            known += 64;
        }
    }
}

/// Integers below and above 2^precision exp(-numerator/denominator), a few units apart.
pub(super) fn exp_minus(numerator: &BigUint, denominator: &BigUint, precision: u64) -> (BigUint, BigUint) {
    // Halved until below 1/2, then squared as often.
    let halvings = (numerator.bits() + 2).saturating_sub(denominator.bits());
    let work = precision + 2 * halvings + 32;
    let one = BigUint::from(1_u32) << work;
    let z = (numerator << work) / (denominator << halvings);
    let (mut sum, mut term) = (one.clone(), one);
    let mut index = 1_u32;
    loop {
        term = ((term * &z) >> work) / index;
        if term == BigUint::ZERO {
            break;
        }
        // Terms fall, so the sum stays positive.
        if index % 2 == 1 {
            sum -= &term;
        } else {
            sum += &term;
        }
        index += 1;
    }
    // Each term is short by less than 2 units, z by less than 1, and the series by less than its next term.
    let error = BigUint::from(2 * index + 4);
    let (mut low, mut high) = (&sum - &error, sum + error);
    for _ in 0..halvings {
        low = (&low * &low) >> work;
        high = ((&high * &high) >> work) + 1_u32;
    }
    let drop = work - precision;
    (low >> drop, (high >> drop) + 1_u32)
}

/// Walker's alias table over weights that add up to 2^[`WEIGHT_BITS`], in integers. `None` for too many.
fn alias(weights: &[u64]) -> Option<Vec<Column>> {
    let count = 1_usize << COLUMN_BITS;
    if weights.len() > count {
        return None;
    }
    let mut left: Vec<u64> = weights.to_vec();
    left.resize(count, 0);
    let mut columns = vec![Column { threshold: CAPACITY, below: 0, above: 0 }; count];
    let (mut small, mut large): (Vec<usize>, Vec<usize>) =
        (0..count).partition(|&item| left[item] < CAPACITY);
    while let (Some(&less), Some(&more)) = (small.last(), large.last()) {
        small.pop();
        columns[less] = Column { threshold: left[less], below: less as u16, above: more as u16 };
        left[more] -= CAPACITY - left[less];
        if left[more] < CAPACITY {
            large.pop();
            small.push(more);
        }
    }
    // Integers leave no rest: what is not paired fills its column exactly.
    for item in small.into_iter().chain(large) {
        columns[item] = Column { threshold: CAPACITY, below: item as u16, above: item as u16 };
    }
    Some(columns)
}
