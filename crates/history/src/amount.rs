//! Token amounts: exact integers in base units (10^-decimals tokens), never floats.

use std::fmt::Write as _;

/// Why a text is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AmountError {
    /// Not a decimal number.
    NotANumber,
    /// Below zero, where the column allows no such value.
    Negative,
    /// Above the limit `max_amount_digits`.
    TooLarge,
}

impl AmountError {
    /// The reason in words, for the count of rows set aside.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NotANumber => "amount is not a decimal number",
            Self::Negative => "amount is negative",
            Self::TooLarge => "amount is over the limit `max_amount_digits`",
        }
    }
}

/// Reads a decimal number (`12`, `0.5`, `1.2e-5`, `-3`) as base units of 10^-`decimals`, exactly up to that
/// many decimals; further digits are rounded half to even, which happens only where a source printed a
/// binary float.
///
/// # Errors
/// [`AmountError`] if the text is no number or does not fit `max_digits` decimal digits of base units.
pub fn parse(text: &str, decimals: u8, max_digits: u32) -> Result<i128, AmountError> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            (mantissa, exponent.parse::<i32>().map_err(|_| AmountError::NotANumber)?)
        }
        None => (digits, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty()
        || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit())
    {
        return Err(AmountError::NotANumber);
    }
    let mut value: i128 = 0;
    // Digits kept, counted from the first digit of the mantissa.
    let keep = i64::try_from(whole.len()).map_err(|_| AmountError::TooLarge)?
        + i64::from(exponent)
        + i64::from(decimals);
    let mut position: i64 = 0;
    let mut rest = (0_u8, false);
    for byte in whole.bytes().chain(fraction.bytes()) {
        let digit = byte - b'0';
        if position < keep {
            value = value
                .checked_mul(10)
                .and_then(|v| v.checked_add(i128::from(digit)))
                .ok_or(AmountError::TooLarge)?;
        } else if position == keep {
            rest.0 = digit;
        } else {
            rest.1 |= digit != 0;
        }
        position += 1;
    }
    while position < keep && value != 0 {
        value = value.checked_mul(10).ok_or(AmountError::TooLarge)?;
        position += 1;
    }
    if rest.0 > 5 || rest.0 == 5 && (rest.1 || value % 2 == 1) {
        value += 1;
    }
    if value >= 10_i128.checked_pow(max_digits).unwrap_or(i128::MAX) {
        return Err(AmountError::TooLarge);
    }
    Ok(if negative { -value } else { value })
}

/// Like [`parse`], and refuses negative numbers.
///
/// # Errors
/// See [`AmountError`].
pub fn parse_non_negative(text: &str, decimals: u8, max_digits: u32) -> Result<i128, AmountError> {
    let value = parse(text, decimals, max_digits)?;
    if value < 0 { Err(AmountError::Negative) } else { Ok(value) }
}

/// Writes base units as a decimal number of tokens without trailing zeros.
pub fn format(value: i128, decimals: u8) -> String {
    let unit = 10_u128.pow(u32::from(decimals));
    let magnitude = value.unsigned_abs();
    let mut text = String::new();
    if value < 0 {
        text.push('-');
    }
    // Writing into a `String` cannot fail.
    write!(text, "{}", magnitude / unit).ok();
    let fraction = magnitude % unit;
    if fraction != 0 {
        let mut digits = format!("{fraction:0width$}", width = usize::from(decimals));
        digits.truncate(digits.trim_end_matches('0').len());
        text.push('.');
        text.push_str(&digits);
    }
    text
}

/// Base units as a float number of tokens, for models and pictures.
pub fn to_tokens(value: i128, decimals: u8) -> f64 {
    value as f64 / 10_f64.powi(i32::from(decimals))
}

/// A float number of tokens as base units, rounded to the nearest; not below zero.
pub fn from_tokens(tokens: f64, decimals: u8) -> i128 {
    (tokens.max(0.0) * 10_f64.powi(i32::from(decimals))).round() as i128
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn reads_what_sources_print() {
        assert_eq!(parse("24107.64", 18, 37), Ok(24_107_640_000_000_000_000_000));
        assert_eq!(parse("1.2e-05", 18, 37), Ok(12_000_000_000_000));
        assert_eq!(parse("1E3", 2, 37), Ok(100_000));
        assert_eq!(parse("0", 18, 37), Ok(0));
        assert_eq!(parse("-0.5", 1, 37), Ok(-5));
        assert_eq!(parse("0.15", 1, 37), Ok(2));
        assert_eq!(parse("0.25", 1, 37), Ok(2));
        assert_eq!(parse("0.251", 1, 37), Ok(3));
        assert_eq!(parse("1e-300", 18, 37), Ok(0));
        assert_eq!(parse("1e300", 18, 37), Err(AmountError::TooLarge));
        for bad in ["", ".", "NaN", "inf", "1,5", "0x10", "1e", "--1"] {
            assert_eq!(parse(bad, 18, 37), Err(AmountError::NotANumber), "{bad}");
        }
        assert_eq!(parse_non_negative("-1", 18, 37), Err(AmountError::Negative));
    }

    #[test]
    fn writes_what_it_reads() {
        for text in ["0", "1", "0.000000000000000001", "24107.64", "-3.5"] {
            assert_eq!(format(parse(text, 18, 37).unwrap(), 18), text);
        }
    }
}
