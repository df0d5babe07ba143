//! Whole numbers as people write them: `100e18`, `1.5 ether`, `2 days`, `0xff`, `1_000`.

use alloy_primitives::U256;

/// What a unit counts, in ones.
const UNITS: [(&str, u64); 13] = [
    ("wei", 1),
    ("gwei", 1_000_000_000),
    ("ether", 1_000_000_000_000_000_000),
    ("second", 1),
    ("seconds", 1),
    ("minute", 60),
    ("minutes", 60),
    ("hour", 3_600),
    ("hours", 3_600),
    ("day", 86_400),
    ("days", 86_400),
    ("week", 604_800),
    ("weeks", 604_800),
];

/// A whole number with its sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Whole {
    pub(super) negative: bool,
    pub(super) size: U256,
}

/// Reads a number; nothing where the text is none, is not whole, or does not fit 256 bits.
pub(super) fn whole(text: &str) -> Option<Whole> {
    let text = text.trim();
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let size = size(text)?;
    Some(Whole { negative: negative && !size.is_zero(), size })
}

fn size(text: &str) -> Option<U256> {
    if text.len() > 200 {
        return None;
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return if digits.is_empty() { None } else { U256::from_str_radix(digits, 16).ok() };
    }
    let (number, unit) = match text.split_once(char::is_whitespace) {
        Some((number, unit)) => (number, UNITS.iter().find(|(name, _)| *name == unit.trim())?.1),
        None => (text, 1),
    };
    let number = number.replace('_', "");
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok().filter(|e| e.abs() <= 100)?),
        None => (number.as_str(), 0),
    };
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if before.is_empty() && after.is_empty() {
        return None;
    }
    let digits = format!("{before}{after}");
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value = U256::from_str_radix(&digits, 10).ok()?.checked_mul(U256::from(unit))?;
    let exponent = exponent - i32::try_from(after.len()).ok()?;
    let power = U256::from(10).checked_pow(U256::from(exponent.unsigned_abs()));
    if exponent >= 0 {
        if value.is_zero() { Some(value) } else { value.checked_mul(power?) }
    } else {
        let power = power?;
        (value % power).is_zero().then(|| value / power)
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn numbers_are_whole_or_none() {
        let read = |text: &str| whole(text).map(|whole| (whole.negative, whole.size.to_string()));
        for (text, expected) in [
            ("0", "0"),
            ("1_000", "1000"),
            ("100e18", "100000000000000000000"),
            ("1.5 ether", "1500000000000000000"),
            ("1.5e3", "1500"),
            ("2 days", "172800"),
            ("0.5 hours", "1800"),
            (".5e1", "5"),
            ("0xff", "255"),
            ("0e99", "0"),
            ("3 gwei", "3000000000"),
        ] {
            assert_eq!(read(text), Some((false, expected.to_owned())), "{text}");
        }
        assert_eq!(read("-5"), Some((true, "5".to_owned())));
        assert_eq!(read("-0"), Some((false, "0".to_owned())));
        for text in [
            "",
            ".",
            "1.5",
            "1e-1",
            "two",
            "1 parsec",
            "0x",
            "0xg",
            "1e99",
            "1e999999999999",
            "--1",
            "1e",
            "٣",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(&"9".repeat(78)), None);
        assert_eq!(read(&"9".repeat(1_000)), None);
    }
}
