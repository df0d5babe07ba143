//! Numbers of 256 bits, for rules whose originals compute with them: every operation is checked, as theirs are.

use std::fmt;

use serde::{Serialize, Serializer};

/// A whole number below 2^256. In JSON a text of decimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Wide {
    // In this order, so that the derived order is that of the numbers.
    high: u128,
    low: u128,
}

impl Wide {
    /// Zero.
    pub const ZERO: Self = Self { high: 0, low: 0 };

    /// The sum; none where it is 2^256 or more.
    pub fn plus(self, other: Self) -> Option<Self> {
        let (low, carry) = self.low.overflowing_add(other.low);
        let high = self.high.checked_add(other.high)?.checked_add(u128::from(carry))?;
        Some(Self { high, low })
    }

    /// The difference; none where it is below zero.
    pub fn minus(self, other: Self) -> Option<Self> {
        let (low, borrow) = self.low.overflowing_sub(other.low);
        let high = self.high.checked_sub(other.high)?.checked_sub(u128::from(borrow))?;
        Some(Self { high, low })
    }

    /// The product of two numbers of 128 bits, which always fits.
    pub const fn product(left: u128, right: u128) -> Self {
        const HALF: u128 = u64::MAX as u128;
        let (left_high, left_low) = (left >> 64, left & HALF);
        let (right_high, right_low) = (right >> 64, right & HALF);
        let low = left_low * right_low;
        let middle = left_high * right_low + (low >> 64);
        let cross = left_low * right_high + (middle & HALF);
        Self { high: left_high * right_high + (middle >> 64) + (cross >> 64), low: cross << 64 | low & HALF }
    }

    /// The product; none where it is 2^256 or more.
    pub fn times(self, other: Self) -> Option<Self> {
        let crossed = match (self.high, other.high) {
            (0, high) => Self::product(self.low, high),
            (high, 0) => Self::product(high, other.low),
            _ => return None,
        };
        let high = if crossed.high == 0 { crossed.low } else { return None };
        Self::product(self.low, other.low).plus(Self { high, low: 0 })
    }

    /// The whole part of the quotient; none where the divisor is zero.
    pub fn over(self, other: Self) -> Option<Self> {
        if other == Self::ZERO {
            return None;
        }
        if self.high == 0 && other.high == 0 {
            return Some(Self { high: 0, low: self.low / other.low });
        }
        if let (0, Ok(small)) = (other.high, u64::try_from(other.low)) {
            return Some(self.div_small(small));
        }
        let (mut quotient, mut rest) = (Self::ZERO, Self::ZERO);
        for bit in (0..256).rev() {
            let over = rest.high >> 127 == 1;
            rest = rest.shl(1);
            rest.low |= self.shr(bit).low & 1;
            if over || rest >= other {
                // With a bit lost above, the difference is what remains after wrapping round once.
                let (low, borrow) = rest.low.overflowing_sub(other.low);
                rest =
                    Self { high: rest.high.wrapping_sub(other.high).wrapping_sub(u128::from(borrow)), low };
                quotient = quotient.or(Self { high: 0, low: 1 }.shl(bit));
            }
        }
        Some(quotient)
    }

    /// Long division by one digit of 64 bits, which is not zero.
    fn div_small(self, divisor: u64) -> Self {
        let divisor = u128::from(divisor);
        let (mut rest, mut digits) = (0_u128, [0_u128; 4]);
        let parts = [
            self.high >> 64,
            self.high & u128::from(u64::MAX),
            self.low >> 64,
            self.low & u128::from(u64::MAX),
        ];
        for (digit, part) in digits.iter_mut().zip(parts) {
            let whole = rest << 64 | part;
            (*digit, rest) = (whole / divisor, whole % divisor);
        }
        let [a, b, c, d] = digits;
        Self { high: a << 64 | b, low: c << 64 | d }
    }

    const fn or(self, other: Self) -> Self {
        Self { high: self.high | other.high, low: self.low | other.low }
    }

    /// Bits moved up; those above 2^256 are lost.
    pub const fn shl(self, bits: u32) -> Self {
        match bits {
            0 => self,
            1..=127 => Self { high: self.high << bits | self.low >> (128 - bits), low: self.low << bits },
            128..=255 => Self { high: self.low << (bits - 128), low: 0 },
            _ => Self::ZERO,
        }
    }

    /// Bits moved down.
    pub const fn shr(self, bits: u32) -> Self {
        match bits {
            0 => self,
            1..=127 => Self { high: self.high >> bits, low: self.low >> bits | self.high << (128 - bits) },
            128..=255 => Self { high: 0, low: self.high >> (bits - 128) },
            _ => Self::ZERO,
        }
    }

    /// As a number of 128 bits; none where it is above.
    pub const fn narrow(self) -> Option<u128> {
        if self.high == 0 { Some(self.low) } else { None }
    }

    /// The nearest double.
    pub fn to_f64(self) -> f64 {
        self.high as f64 * 2.0_f64.powi(128) + self.low as f64
    }
}

impl From<u128> for Wide {
    fn from(low: u128) -> Self {
        Self { high: 0, low }
    }
}

impl From<u64> for Wide {
    fn from(low: u64) -> Self {
        Self { high: 0, low: low.into() }
    }
}

impl fmt::Display for Wide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const TEN_19: u64 = 10_000_000_000_000_000_000;
        let mut groups = Vec::new();
        let mut rest = *self;
        while rest.high > 0 {
            let quotient = rest.div_small(TEN_19);
            // What remains fits 64 bits, so the low halves alone tell it.
            groups.push(rest.low.wrapping_sub(quotient.low.wrapping_mul(TEN_19.into())));
            rest = quotient;
        }
        write!(f, "{}", rest.low)?;
        groups.iter().rev().try_for_each(|group| write!(f, "{group:019}"))
    }
}

impl Serialize for Wide {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod test {
    use super::*;

    const MAX: Wide = Wide { high: u128::MAX, low: u128::MAX };

    #[test]
    fn ends_are_told() {
        let one = Wide::from(1_u64);
        assert_eq!(MAX.plus(one), None);
        assert_eq!(Wide::ZERO.minus(one), None);
        assert_eq!(one.over(Wide::ZERO), None);
        assert_eq!(Wide::from(1_u64).shl(128).times(one.shl(128)), None);
        assert_eq!(MAX.times(Wide::from(2_u64)), None);
        assert_eq!(
            MAX.to_string(),
            "115792089237316195423570985008687907853269984665640564039457584007913129639935"
        );
        assert_eq!(one.shl(128).to_string(), "340282366920938463463374607431768211456");
        assert_eq!(Wide::from(u128::MAX).narrow(), Some(u128::MAX));
        assert_eq!(one.shl(128).narrow(), None);
    }

    #[test]
    fn quotients_undo_products() {
        let mut stream = daotwin_core::Seed(3).stream("wide");
        let mut draw = |bits: u32| {
            let low = u128::from(stream.bits()) << 64 | u128::from(stream.bits());
            Wide { high: u128::from(stream.bits()) << 64, low }.shr(256 - bits)
        };
        for bits in (1..128).chain(1..128) {
            let (left, right) = (draw(bits), draw(255 - bits).plus(Wide::from(1_u64)).unwrap());
            let product = left.times(right).unwrap();
            assert_eq!(product.over(right).unwrap(), left);
            let rest = right.minus(Wide::from(1_u64)).unwrap();
            assert_eq!(product.plus(rest).unwrap().over(right).unwrap(), left);
            assert_eq!(left.shl(256 - bits).shr(256 - bits), left);
        }
        assert_eq!(MAX.over(MAX), Some(Wide::from(1_u64)));
        assert_eq!(MAX.over(MAX.shr(1)), Some(Wide::from(2_u64)));
        assert_eq!(MAX.over(MAX.minus(Wide::from(1_u64)).unwrap()), Some(Wide::from(1_u64)));
    }
}
