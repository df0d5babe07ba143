//! Times as sources write them.

use crate::schema::Precision;

/// Days from 1970-01-01 to a day of the proleptic Gregorian calendar; `None` where there is no such day.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    // Years that start in March put the leap day at the end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    Some(
        year.div_euclid(400) * 146_097 + year.rem_euclid(400) * 365 + year.rem_euclid(400) / 4
            - year.rem_euclid(400) / 100
            + (month * 153 + 2) / 5
            + day
            - 1
            - 719_468,
    )
}

fn number(text: &str, from: usize, to: usize) -> Option<i64> {
    let digits = text.get(from..to)?;
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// Reads Unix seconds (`1587955312`, `1587955312.0`), a day (`2026-03-03`), or a time in ISO 8601
/// (`2022-05-15T05:04:00.460Z`, `2022-05-15 05:04:00 UTC`, with an offset such as `+02:00` too); parts of a
/// second are cut off. A day alone has the precision of a day.
pub(crate) fn parse(text: &str) -> Option<(i64, Precision)> {
    let text = text.trim();
    let sign = usize::from(text.starts_with('-'));
    let whole = text[sign..].bytes().take_while(u8::is_ascii_digit).count();
    let fraction = &text[sign + whole..];
    let only_zeros = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    if whole > 0 && (fraction.is_empty() || fraction.strip_prefix('.').is_some_and(only_zeros)) {
        return text[..sign + whole].parse().ok().map(|at| (at, Precision::Second));
    }
    let bytes = text.as_bytes();
    if bytes.len() < 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let day = days(number(text, 0, 4)?, number(text, 5, 7)?, number(text, 8, 10)?)? * 86_400;
    if bytes.len() == 10 {
        return Some((day, Precision::Day));
    }
    if !matches!(bytes[10], b'T' | b' ') || bytes.get(13) != Some(&b':') || bytes.get(16) != Some(&b':') {
        return None;
    }
    let (hour, minute, second) = (number(text, 11, 13)?, number(text, 14, 16)?, number(text, 17, 19)?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let rest = text.get(19..)?;
    let rest = match rest.strip_prefix('.') {
        Some(rest) => rest.trim_start_matches(|char: char| char.is_ascii_digit()),
        None => rest,
    };
    let offset = match rest.trim() {
        "" | "Z" | "UTC" => 0,
        zone => {
            let sign = match zone.as_bytes()[0] {
                b'+' => 1,
                b'-' => -1,
                _ => return None,
            };
            let minutes = if zone.len() == 6 { number(zone, 4, 6)? } else { number(zone, 3, 5)? };
            sign * (number(zone, 1, 3)? * 3_600 + minutes * 60)
        }
    };
    Some((day + hour * 3_600 + minute * 60 + second - offset, Precision::Second))
}

/// Writes a time in ISO 8601, or as Unix seconds outside the years 0 to 9999.
pub(crate) fn format(at: i64) -> String {
    let (day, second) = (at.div_euclid(86_400), at.rem_euclid(86_400));
    if !(-719_528..=2_932_896).contains(&day) {
        return at.to_string();
    }
    // Counted from a first of March that starts a cycle of 400 years.
    let shifted = day + 719_468;
    let (cycle, of_cycle) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_cycle - of_cycle / 1_460 + of_cycle / 36_524 - of_cycle / 146_096) / 365;
    let of_year = of_cycle - (365 * year + year / 4 - year / 100);
    let march = (5 * of_year + 2) / 153;
    let month = if march < 10 { march + 3 } else { march - 9 };
    let year = cycle * 400 + year + i64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{:02}T{:02}:{:02}:{:02}Z",
        of_year - (153 * march + 2) / 5 + 1,
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(test)]
mod test {
    #[test]
    fn writes_what_it_reads() {
        for day in (-719_528..=2_932_896_i64).step_by(13).chain([0, -1, 2_932_896]) {
            let at = day * 86_400 + 12_345;
            assert_eq!(parse(&format(at)), Some((at, Precision::Second)), "{at}");
        }
        for at in [i64::MIN, -62_167_219_201, 253_402_300_800, i64::MAX] {
            assert_eq!(parse(&format(at)), Some((at, Precision::Second)), "{at}");
        }
        assert_eq!(format(1_652_591_040), "2022-05-15T05:04:00Z");
    }

    use super::*;

    #[test]
    fn reads_what_sources_print() {
        let second = |at| Some((at, Precision::Second));
        assert_eq!(parse("1587955312"), second(1_587_955_312));
        assert_eq!(parse("1587955312.0"), second(1_587_955_312));
        assert_eq!(parse("1970-01-01"), Some((0, Precision::Day)));
        assert_eq!(parse("2000-02-29"), Some((951_782_400, Precision::Day)));
        assert_eq!(parse("2022-05-15T05:04:00.460Z"), second(1_652_591_040));
        assert_eq!(parse("2022-05-15 05:04:00.000 UTC"), second(1_652_591_040));
        assert_eq!(parse("2022-05-15T07:04:00+02:00"), second(1_652_591_040));
        assert_eq!(parse("2022-05-15T00:34:00-0430"), second(1_652_591_040));
        assert_eq!(parse("1969-12-31T23:59:59Z"), second(-1));
        for bad in [
            "",
            "-",
            "x",
            "2022-13-01",
            "2023-02-29",
            "2022-05-15T25:00:00Z",
            "2022-05-15T05:04",
            "1e9",
            "0x10",
            "2022-05-15T05:04:00 CET",
            "2022-05-15T05:04:00+é",
            "é022-05-15",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
