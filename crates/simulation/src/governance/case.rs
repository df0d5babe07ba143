//! What cases are made of.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, DeserializeOwned, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::{Error, Result};

/// An amount of tokens in their smallest unit. In JSON a text of decimal digits, as numbers of JSON end at 2^53; a whole
/// number is taken too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Amount(pub u128);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The sum; none where it is above 2^128.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// floor(self x numerator / denominator) without overflow in between, as Solidity's `mulDiv` has it; none where
    /// the denominator is zero or the quotient is above 2^128.
    pub const fn times(self, numerator: u128, denominator: u128) -> Option<Self> {
        if denominator == 0 {
            return None;
        }
        // Split off the whole part first; what remains is a remainder times the numerator, which is done bit by bit.
        let (whole, rest) = (self.0 / denominator, self.0 % denominator);
        let Some(mut quotient) = whole.checked_mul(numerator) else { return None };
        let (mut low, mut carry, mut bit) = (0_u128, 0_u128, 128);
        while bit > 0 {
            bit -= 1;
            // (carry, low) are quotient and remainder of rest x (the numerator's bits seen so far) / denominator.
            let over = low >= denominator - low;
            low = if over { low - (denominator - low) } else { low + low };
            let Some(doubled) = carry.checked_mul(2) else { return None };
            carry = doubled + over as u128;
            if numerator >> bit & 1 == 1 {
                let over = rest != 0 && low >= denominator - rest;
                low = if over { low - (denominator - rest) } else { low + rest };
                let Some(added) = carry.checked_add(over as u128) else { return None };
                carry = added;
            }
        }
        match quotient.checked_add(carry) {
            Some(sum) => {
                quotient = sum;
                Some(Self(quotient))
            }
            None => None,
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Digits;
        impl Visitor<'_> for Digits {
            type Value = Amount;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an amount: a text of decimal digits, or a whole number, from 0 to 2^128 - 1")
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> std::result::Result<Amount, E> {
                Ok(Amount(value.into()))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> std::result::Result<Amount, E> {
                let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                let value = if digits { text.parse().ok() } else { None };
                value.map(Amount).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        // Through a value: `serde_json` hands numbers of any precision on as maps.
        match Value::deserialize(deserializer)? {
            Value::String(text) => Digits.visit_str(&text),
            Value::Number(number) => match number.as_u64() {
                Some(value) => Digits.visit_u64(value),
                None => Digits.visit_str(&number.to_string()),
            },
            other => Err(de::Error::custom(format!("invalid type: {other}, expected {}", Expected(&Digits)))),
        }
    }
}

/// Shows what a visitor expects.
struct Expected<'v, V>(&'v V);

impl<'de, V: Visitor<'de>> fmt::Display for Expected<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }
}

/// Power by member.
pub type Powers = BTreeMap<String, Amount>;

/// Reads a case into the type that a rule works on.
///
/// # Errors
/// What does not fit, with its place. Types refuse unknown fields (`#[serde(deny_unknown_fields)]`), so that a
/// misspelt one is told instead of ignored.
pub fn read_case<T: DeserializeOwned>(rule: &str, case: &Value) -> Result<T> {
    T::deserialize(case).map_err(|error| {
        // Read as text the same error says what stands where; of a value `serde_json` says `invalid number` alone.
        let told = serde_json::from_str::<T>(&case.to_string()).err().unwrap_or(error);
        Error::Case { problems: vec![format!("case of rule `{rule}`: {told}")] }
    })
}

/// Writes what a rule found.
///
/// # Errors
/// An outcome that JSON cannot hold.
pub fn write_outcome<T: Serialize>(rule: &str, outcome: &T) -> Result<Value> {
    serde_json::to_value(outcome)
        .map_err(|error| Error::Case { problems: vec![format!("outcome of rule `{rule}`: {error}")] })
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn products_are_exact() {
        assert_eq!(Amount(10).times(1, 3), Some(Amount(3)));
        assert_eq!(Amount(u128::MAX).times(u128::MAX, u128::MAX), Some(Amount(u128::MAX)));
        assert_eq!(Amount(u128::MAX).times(2, 1), None);
        assert_eq!(Amount(1).times(1, 0), None);
        assert_eq!(Amount(u128::MAX - 1).times(3, 4), Some(Amount((u128::MAX - 1) / 4 * 3 + 1)));
        for (a, b, c) in
            [(0, 5, 7), (7, 0, 3), (123_456_789, 987_654_321, 1_000), (1 << 60, 1 << 60, (1 << 57) + 3)]
        {
            assert_eq!(Amount(a).times(b, c), Some(Amount(a * b / c)), "{a} {b} {c}");
        }
    }

    #[test]
    fn amounts_of_json_are_exact() {
        let read = |text: &str| serde_json::from_str::<Amount>(text);
        assert_eq!(read("\"340282366920938463463374607431768211455\"").unwrap(), Amount(u128::MAX));
        assert_eq!(read("340282366920938463463374607431768211455").unwrap(), Amount(u128::MAX));
        assert_eq!(read("12").unwrap(), Amount(12));
        for wrong in ["-1", "1.5", "\"\"", "\"0x1\"", "null", "\"340282366920938463463374607431768211456\""] {
            assert!(read(wrong).unwrap_err().to_string().contains("decimal digits"), "{wrong}");
        }
        assert_eq!(serde_json::to_string(&Amount(7)).unwrap(), "\"7\"");
    }
}
