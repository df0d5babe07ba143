//! Numbers as a reader wants them: few digits, thin thousands, no floating-point noise.

/// The narrow space between groups of three digits; it does not break.
const THIN: char = '\u{202f}';
/// What stands for a number that is missing.
pub(crate) const MISSING: &str = "–";

/// `value` with `digits` significant digits: `0.0312`, `1 234`, `6.02×10²³`, `∞`, `–` for NaN.
pub(crate) fn significant(value: f64, digits: usize) -> String {
    if value.is_nan() {
        return MISSING.to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "∞".to_owned() } else { "−∞".to_owned() };
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    // The exponent after rounding, so that 0.9996 with three digits is 1.
    let scientific = format!("{:.*e}", digits.saturating_sub(1), value.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if value < 0.0 { "−" } else { "" };
    if !(-4..15).contains(&exponent) {
        let mantissa = trim_zeros(mantissa);
        let power = superscript(exponent);
        return if mantissa == "1" {
            format!("{sign}10{power}")
        } else {
            format!("{sign}{mantissa}×10{power}")
        };
    }
    let decimals = usize::try_from(digits as i32 - 1 - exponent).unwrap_or(0);
    format!("{sign}{}", group(trim_zeros(&format!("{:.decimals$}", value.abs()))))
}

/// A score: three significant digits, and what is smaller than a ten-thousandth is said to be so.
pub(crate) fn score(value: f64) -> String {
    if value != 0.0 && value.abs() < 1e-4 {
        return if value > 0.0 { "< 0.0001".to_owned() } else { "> −0.0001".to_owned() };
    }
    if value.abs() >= 1000.0 && value.is_finite() {
        return significant(value, 6);
    }
    significant(value, 3)
}

/// A cell of a chart's table: four significant digits (whole numbers in full), zero where the value is
/// rounding noise beside `largest`.
pub(crate) fn cell(value: f64, largest: f64) -> String {
    if value.abs() < largest.abs() * 1e-12 {
        return "0".to_owned();
    }
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return significant(value, 16);
    }
    significant(value, 4)
}

/// An axis label with a fixed number of decimals, after division by the unit of its axis.
pub(crate) fn fixed(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let sign = if value < 0.0 && text.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) { "−" } else { "" };
    format!("{sign}{}", group(&text))
}

/// `10⁻³` and the like are written with these digits.
pub(crate) fn superscript(exponent: i32) -> String {
    let digit = |character| match character {
        '-' => '⁻',
        '0' => '⁰',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4' => '⁴',
        '5' => '⁵',
        '6' => '⁶',
        '7' => '⁷',
        '8' => '⁸',
        _ => '⁹',
    };
    exponent.to_string().chars().map(digit).collect()
}

fn trim_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// Thin spaces between the thousands of the whole part, from five digits on (`1234`, but `12 345`).
fn group(text: &str) -> String {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, rest)| (whole, Some(rest)));
    let mut out = String::with_capacity(text.len() + 8);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) && whole.len() > 4 {
            out.push(THIN);
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn significant_digits_are_kept_and_noise_is_not() {
        for (value, expected) in [
            (0.031_234, "0.0312"),
            (0.1 + 0.2, "0.3"),
            (0.999_96, "1"),
            (1234.4, "1234"),
            (-12.345, "−12.3"),
            (6.022e23, "6.02×10²³"),
            (1e-7, "10⁻⁷"),
            (0.0, "0"),
            (-0.0, "0"),
            (f64::INFINITY, "∞"),
            (f64::NEG_INFINITY, "−∞"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(significant(value, 3), expected);
        }
        assert_eq!(significant(f64::MAX, 3), "1.8×10³⁰⁸");
    }

    #[test]
    fn scores_say_when_they_are_tiny() {
        assert_eq!(score(1e-7), "< 0.0001");
        assert_eq!(score(-1e-7), "> −0.0001");
        assert_eq!(score(0.0), "0");
        assert_eq!(score(12_345.0), "12\u{202f}345");
        assert_eq!(score(f64::NAN), "–");
    }

    #[test]
    fn cells_keep_whole_numbers_and_drop_rounding_noise() {
        assert_eq!(cell(1_234_567.0, 1e9), "1\u{202f}234\u{202f}567");
        assert_eq!(cell(1e-17, 1.0), "0");
        assert_eq!(cell(1.0 / 3.0, 1.0), "0.3333");
        assert_eq!(cell(f64::NAN, 1.0), "–");
    }

    #[test]
    fn axis_labels_have_no_negative_zero() {
        assert_eq!(fixed(-0.001, 1), "0.0");
        assert_eq!(fixed(-12_345.0, 0), "−12\u{202f}345");
    }
}
