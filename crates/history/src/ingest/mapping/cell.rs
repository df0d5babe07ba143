//! From the text of a cell to its value.

use daotwin_core::Limits;
use serde_json::Value;

use super::plan::{Choice, Format, Time};
use crate::amount;
use crate::builder::Cell;
use crate::ingest::logs::Clock;
use crate::schema::Precision;

/// A value with what it owns.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Owned {
    Null,
    Text(String),
    Amount(i128),
    Time(i64, Precision),
    Integer(i64),
    Float(f64),
    Choices(Vec<String>),
    Choice(Vec<(i32, f64)>),
}

impl Owned {
    pub(super) fn as_cell(&self) -> Cell<'_> {
        match self {
            Self::Null => Cell::Null,
            Self::Text(text) => Cell::Text(text),
            Self::Amount(amount) => Cell::Amount(*amount),
            Self::Time(at, precision) => Cell::Time(*at, *precision),
            Self::Integer(integer) => Cell::Integer(*integer),
            Self::Float(float) => Cell::Float(*float),
            Self::Choices(choices) => Cell::Choices(choices),
            Self::Choice(choice) => Cell::Choice(choice),
        }
    }
}

/// The last second that can be shown as a date: the end of the year 9999.
const LAST: i64 = 253_402_300_799;

/// Reads cells.
#[derive(Debug)]
pub(super) struct Reader {
    clock: Clock,
    decimals: u8,
    limits: Limits,
}

type Outcome = Result<Owned, &'static str>;

impl Reader {
    pub(super) fn new(clock: Clock, decimals: u8, limits: Limits) -> Self {
        Self { clock, decimals, limits }
    }

    /// Reads a cell; an empty one is null.
    pub(super) fn read(&self, text: &str, format: Format) -> Outcome {
        if text.len() as u64 > self.limits.max_cell_bytes {
            return Err("a cell is over the limit `max_cell_bytes`");
        }
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Ok(Owned::Null);
        }
        match format {
            Format::Text if is_address(trimmed) => Ok(Owned::Text(trimmed.to_ascii_lowercase())),
            Format::Text => Ok(Owned::Text(text.to_owned())),
            Format::Integer => trimmed.parse().map(Owned::Integer).map_err(|_| "a cell is not an integer"),
            Format::Float => match trimmed.parse::<f64>() {
                Ok(float) if float.is_finite() => Ok(Owned::Float(float)),
                _ => Err("a cell is not a finite number"),
            },
            Format::Amount(wei) => self.amount(trimmed, wei),
            Format::Time(time) => self.time(trimmed, time),
            Format::Choices => self.choices(trimmed),
            Format::Choice(choice) => self.choice(trimmed, choice),
        }
    }

    fn amount(&self, text: &str, wei: Option<u8>) -> Outcome {
        let reason = amount::AmountError::reason;
        let digits = self.limits.max_amount_digits;
        let Some(wei) = wei else {
            let value = amount::parse_non_negative(text, self.decimals, digits);
            return value.map(Owned::Amount).map_err(reason);
        };
        let value = amount::parse_non_negative(text, 0, digits).map_err(reason)?;
        let unit = 10_i128.checked_pow(u32::from(self.decimals.abs_diff(wei)));
        let large = amount::AmountError::TooLarge.reason();
        let unit = unit.ok_or(large)?;
        if wei > self.decimals {
            let exact = value % unit == 0;
            return exact
                .then_some(Owned::Amount(value / unit))
                .ok_or("amount has more decimals than the History keeps");
        }
        let limit = 10_i128.checked_pow(digits).unwrap_or(i128::MAX);
        value.checked_mul(unit).filter(|&value| value < limit).map(Owned::Amount).ok_or(large)
    }

    fn time(&self, text: &str, time: Time) -> Outcome {
        let read = match time {
            Time::Epoch => text.parse().ok().map(|at| (at, Precision::Second)),
            Time::EpochMilliseconds => {
                text.parse::<i64>().ok().map(|at| (at.div_euclid(1_000), Precision::Second))
            }
            Time::Iso => iso(text),
            Time::Day => iso(text).map(|(at, _)| (at - at.rem_euclid(86_400), Precision::Day)),
            Time::Block => {
                let block = text.parse().map_err(|_| "a cell is not a block number")?;
                return Ok(self
                    .clock
                    .time(block)
                    .map_or(Owned::Null, |(at, precision)| Owned::Time(at, precision)));
            }
        };
        match read {
            Some((at, precision)) if (0..=LAST).contains(&at) => Ok(Owned::Time(at, precision)),
            _ => Err("a cell is not a time between 1970 and 9999 in the format that the mapping names"),
        }
    }

    fn choices(&self, text: &str) -> Outcome {
        let Ok(Value::Array(items)) = serde_json::from_str(text) else {
            return Err("choices are not a JSON list of labels");
        };
        if items.len() as u64 > self.limits.max_choices {
            return Err("proposal has more choices than the limit `max_choices`");
        }
        let label = |item: &Value| match item {
            Value::String(label) => Some(label.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let labels: Option<Vec<String>> = items.iter().map(label).collect();
        labels.map(Owned::Choices).ok_or("choices are not a JSON list of labels")
    }

    fn choice(&self, text: &str, choice: Choice) -> Outcome {
        let index = |text: &str| match text.parse::<i32>() {
            Ok(index) if index >= 1 && i64::from(index) as u64 <= self.limits.max_choices => Ok(index),
            _ => Err("choice is not a 1-based index"),
        };
        match choice {
            Choice::Index => index(text).map(|index| Owned::Choice(vec![(index, 1.0)])),
            Choice::ForAgainstAbstain => {
                let place = match text.to_ascii_lowercase().as_str() {
                    "for" | "yes" | "yea" | "true" => 1,
                    "against" | "no" | "nay" | "false" => 2,
                    "abstain" => 3,
                    _ => return Err("choice is not `for`, `against` or `abstain`"),
                };
                Ok(Owned::Choice(vec![(place, 1.0)]))
            }
            Choice::Label => Err("choice is not a label"),
            Choice::Json => {
                let wrong = "choice is not a JSON index, list of indices, or object of weights";
                let entries = match serde_json::from_str(text).map_err(|_| wrong)? {
                    Value::Number(number) => vec![(index(&number.to_string())?, 1.0)],
                    Value::Array(items) => items
                        .iter()
                        .map(|item| match item {
                            Value::Number(number) => Ok((index(&number.to_string())?, 1.0)),
                            _ => Err(wrong),
                        })
                        .collect::<Result<_, _>>()?,
                    Value::Object(weights) => weights
                        .iter()
                        .map(|(key, weight)| match weight.as_f64() {
                            Some(weight) if weight.is_finite() && weight >= 0.0 => Ok((index(key)?, weight)),
                            _ => Err("a weight is not a finite number, or is below zero"),
                        })
                        // A choice of no weight was not chosen.
                        .filter(|entry| !matches!(entry, Ok((_, weight)) if *weight == 0.0))
                        .collect::<Result<_, _>>()?,
                    _ => return Err(wrong),
                };
                if entries.len() as u64 > self.limits.max_choices {
                    return Err("ballot names more choices than the limit `max_choices`");
                }
                Ok(Owned::Choice(entries))
            }
        }
    }
}

fn is_address(text: &str) -> bool {
    text.len() == 42 && text.starts_with("0x") && text.as_bytes()[2..].iter().all(u8::is_ascii_hexdigit)
}

/// Reads `2024-05-31`, with `T` or a blank `12:30[:59[.123]]`, and `Z`, ` UTC`, `+02:00` or nothing (UTC).
fn iso(text: &str) -> Option<(i64, Precision)> {
    let number = |text: &str, digits: usize| {
        (text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text.parse::<i64>().ok())
            .flatten()
    };
    let date = text.get(..10)?;
    let year = number(date.get(..4)?, 4)?;
    let month = number(date.get(5..7)?, 2)?;
    let day = number(date.get(8..)?, 2)?;
    if date.as_bytes()[4] != b'-' || date.as_bytes()[7] != b'-' || !(1..=12).contains(&month) {
        return None;
    }
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    // Days since 1970-01-01 in a calendar whose year starts in March, so that the leap day ends it.
    let (shifted_year, shifted_month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * shifted_year + shifted_year.div_euclid(4) - shifted_year.div_euclid(100)
        + shifted_year.div_euclid(400)
        + (153 * shifted_month + 2) / 5
        + day
        - 719_469;
    let midnight = days * 86_400;
    let rest = &text[10..];
    if rest.is_empty() {
        return Some((midnight, Precision::Day));
    }
    let rest = rest.strip_prefix(['T', ' '])?;
    let hour = number(rest.get(..2)?, 2).filter(|hour| *hour < 24)?;
    let minute = number(rest.get(3..5)?, 2).filter(|minute| *minute < 60)?;
    if rest.as_bytes()[2] != b':' {
        return None;
    }
    let mut rest = &rest[5..];
    let mut second = 0;
    if let Some(seconds) = rest.strip_prefix(':') {
        // A leap second is told as the last one of its minute.
        second = number(seconds.get(..2)?, 2).filter(|second| *second <= 60)?.min(59);
        rest = &seconds[2..];
        if let Some(fraction) = rest.strip_prefix('.') {
            rest = fraction.trim_start_matches(|digit: char| digit.is_ascii_digit());
        }
    }
    let at = midnight + hour * 3_600 + minute * 60 + second;
    let zone = rest.trim();
    let offset = match zone {
        "" | "Z" | "UTC" => 0,
        _ => {
            let sign = match zone.as_bytes()[0] {
                b'+' => 1,
                b'-' => -1,
                _ => return None,
            };
            let digits = zone.get(1..)?.replace(':', "");
            let (hours, minutes) = (number(digits.get(..2)?, 2)?, digits.get(2..)?);
            let minutes = if minutes.is_empty() { 0 } else { number(minutes, 2)? };
            sign * (hours * 3_600 + minutes * 60)
        }
    };
    Some((at - offset, Precision::Second))
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn iso_times() {
        let second = |at| Some((at, Precision::Second));
        assert_eq!(iso("1970-01-01"), Some((0, Precision::Day)));
        assert_eq!(iso("2000-02-29T00:00:00Z"), second(951_782_400));
        assert_eq!(iso("2024-05-31 12:30:59.000 UTC"), second(1_717_158_659));
        assert_eq!(iso("2024-05-31T14:30:59+02:00"), second(1_717_158_659));
        assert_eq!(iso("2024-05-31T12:30"), second(1_717_158_600));
        for bad in [
            "2023-02-29",
            "2024-13-01",
            "2024-1-1",
            "31/05/2024",
            "2024-05-31T25:00",
            "2024-05-31x",
            "é",
            "2024-05-3é1",
        ] {
            assert_eq!(iso(bad), None, "{bad}");
        }
    }

    #[test]
    fn cells() {
        let reader = Reader::new(Clock::default(), 18, Limits::default());
        let read = |text: &str, format| reader.read(text, format);
        assert_eq!(read("5", Format::Amount(Some(6))), Ok(Owned::Amount(5_000_000_000_000)));
        assert_eq!(read("1.5", Format::Amount(None)), Ok(Owned::Amount(1_500_000_000_000_000_000)));
        assert!(read("-1", Format::Amount(None)).is_err());
        assert!(read("NaN", Format::Float).is_err());
        let json = Format::Choice(Choice::Json);
        assert_eq!(read("{\"2\": 3, \"1\": 0}", json), Ok(Owned::Choice(vec![(2, 3.0)])));
        assert_eq!(read("[3,1]", json), Ok(Owned::Choice(vec![(3, 1.0), (1, 1.0)])));
        assert!(read("[0]", json).is_err());
        assert_eq!(read("YES", Format::Choice(Choice::ForAgainstAbstain)), Ok(Owned::Choice(vec![(1, 1.0)])));
        assert_eq!(
            read("0xABCDEFabcdef0123456789012345678901234567", Format::Text),
            Ok(Owned::Text("0xabcdefabcdef0123456789012345678901234567".to_owned()))
        );
    }
}
