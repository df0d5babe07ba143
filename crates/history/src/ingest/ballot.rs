//! What a ballot says, in the many ways in which sources write it.

use serde_json::Value;

/// Why a ballot cannot be read, for the count of rows set aside.
pub(crate) const NOT_A_CHOICE: &str = "the choice is not among the proposal's choices";
pub(crate) const OUT_OF_RANGE: &str = "the choice's index is not among the proposal's choices";
pub(crate) const REPEATED: &str = "the ballot names a choice twice";
pub(crate) const BAD_WEIGHT: &str = "a weight is not a number of zero or more";
pub(crate) const BAD_BALLOT: &str = "the choice is neither an index, a label, a list nor weights";
pub(crate) const ENCRYPTED: &str = "the choice is encrypted";
pub(crate) const TOO_MANY: &str = "the ballot is over the limit `max_choices`";

/// Seconds that are a whole day.
pub(crate) const DAY: i64 = 86_400;

/// Whether a text is a Shutter ciphertext: `0x` and far more hexadecimal digits than an index has.
pub(crate) fn is_encrypted(text: &str) -> bool {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    digits.is_some_and(|digits| digits.len() >= 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The 1-based index of a label: exact, else the only one that is equal but for case and outer blanks.
pub(crate) fn label_index(text: &str, labels: &[String]) -> Option<i32> {
    if let Some(index) = labels.iter().position(|label| label == text) {
        return i32::try_from(index + 1).ok();
    }
    let wanted = text.trim().to_lowercase();
    let mut equal = labels.iter().enumerate().filter(|(_, label)| label.trim().to_lowercase() == wanted);
    match (equal.next(), equal.next()) {
        (Some((index, _)), None) => i32::try_from(index + 1).ok(),
        _ => None,
    }
}

/// Appends an entry if its index is one of `choices` choices (any positive one where that is 0, unknown),
/// not named before, and its weight is finite and not negative.
pub(crate) fn push(
    entries: &mut Vec<(i32, f64)>,
    index: i64,
    weight: f64,
    choices: usize,
    max_choices: u64,
) -> Result<(), &'static str> {
    let known = i64::try_from(if choices == 0 { max_choices as usize } else { choices }).unwrap_or(i64::MAX);
    let index = i32::try_from(index).ok().filter(|&index| (1..=known).contains(&i64::from(index)));
    let index = index.ok_or(OUT_OF_RANGE)?;
    if !weight.is_finite() || weight < 0.0 {
        return Err(BAD_WEIGHT);
    }
    if entries.len() as u64 >= max_choices {
        return Err(TOO_MANY);
    }
    if entries.iter().any(|entry| entry.0 == index) {
        return Err(REPEATED);
    }
    entries.push((index, weight));
    Ok(())
}

/// Reads a ballot written as text: a label, a 1-based index, a list `[2, 1]` (of indices or labels), or
/// weights `{"1": 60, "3": 40}`; lists and weights in JSON or as Python prints them. A label goes before an
/// index, because a poll may offer the choices `0`, `1`, `2`.
///
/// # Errors
/// The reason, fit for [`crate::HistoryBuilder::set_aside`].
pub(crate) fn parse(
    text: &str,
    labels: &[String],
    max_choices: u64,
    entries: &mut Vec<(i32, f64)>,
) -> Result<(), &'static str> {
    entries.clear();
    if let Some(index) = labels.iter().position(|label| label == text) {
        return push(entries, index as i64 + 1, 1.0, labels.len(), max_choices);
    }
    let trimmed = text.trim();
    if is_encrypted(trimmed) {
        return Err(ENCRYPTED);
    }
    if trimmed.starts_with(['[', '{'])
        && let Some(value) = json_or_python(trimmed)
    {
        return from_value(&value, labels, max_choices, entries);
    }
    if let Some(index) = whole_number(trimmed) {
        return push(entries, index, 1.0, labels.len(), max_choices);
    }
    let index = label_index(text, labels).ok_or(if labels.is_empty() { BAD_BALLOT } else { NOT_A_CHOICE })?;
    push(entries, i64::from(index), 1.0, labels.len(), max_choices)
}

/// Reads a ballot that is a JSON value, as it is written: `1`, `[2, 1]`, `{"1": 60}`, or a text as [`parse`].
///
/// # Errors
/// The reason, fit for [`crate::HistoryBuilder::set_aside`].
pub(crate) fn parse_json(
    raw: &str,
    labels: &[String],
    max_choices: u64,
    entries: &mut Vec<(i32, f64)>,
) -> Result<(), &'static str> {
    entries.clear();
    match raw.as_bytes().first() {
        Some(b'"') => {
            let text: String = serde_json::from_str(raw).map_err(|_| BAD_BALLOT)?;
            parse(&text, labels, max_choices, entries)
        }
        Some(b'[') if raw.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'[' | b']' | b',')) => {
            for item in raw.trim_matches(['[', ']']).split(',').filter(|item| !item.is_empty()) {
                let index = whole_number(item).ok_or(BAD_BALLOT)?;
                push(entries, index, 1.0, labels.len(), max_choices)?;
            }
            Ok(())
        }
        Some(b'[' | b'{') => {
            let value = serde_json::from_str(raw).map_err(|_| BAD_BALLOT)?;
            from_value(&value, labels, max_choices, entries)
        }
        _ => {
            let index = whole_number(raw).ok_or(OUT_OF_RANGE)?;
            push(entries, index, 1.0, labels.len(), max_choices)
        }
    }
}

/// An integer, also where a table tool wrote it as `2.0`.
pub(crate) fn whole_number(text: &str) -> Option<i64> {
    let digits = text.strip_suffix(".0").unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

/// JSON, or a Python literal of lists, dictionaries, numbers and texts.
pub(crate) fn json_or_python(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().or_else(|| {
        // Only texts without an inner double quote are turned; the others stay unread.
        if text.contains('"') {
            return None;
        }
        serde_json::from_str(&text.replace('\'', "\"")).ok()
    })
}

fn from_value(
    value: &Value,
    labels: &[String],
    max_choices: u64,
    entries: &mut Vec<(i32, f64)>,
) -> Result<(), &'static str> {
    match value {
        Value::Array(items) => {
            for item in items {
                let index = match item {
                    Value::Number(number) => whole_number(&number.to_string()).ok_or(OUT_OF_RANGE)?,
                    Value::String(label) => match label_index(label, labels) {
                        Some(index) => i64::from(index),
                        None => whole_number(label).ok_or(NOT_A_CHOICE)?,
                    },
                    _ => return Err(BAD_BALLOT),
                };
                push(entries, index, 1.0, labels.len(), max_choices)?;
            }
            Ok(())
        }
        Value::Object(weights) => {
            for (key, weight) in weights {
                let index = match whole_number(key) {
                    Some(index) => index,
                    None => i64::from(label_index(key, labels).ok_or(NOT_A_CHOICE)?),
                };
                let weight = weight.as_f64().or_else(|| weight.as_str()?.parse().ok()).ok_or(BAD_WEIGHT)?;
                push(entries, index, weight, labels.len(), max_choices)?;
            }
            Ok(())
        }
        _ => Err(BAD_BALLOT),
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn read(text: &str, labels: &[&str]) -> Result<Vec<(i32, f64)>, &'static str> {
        let labels: Vec<String> = labels.iter().map(|&label| label.to_owned()).collect();
        let mut entries = Vec::new();
        parse(text, &labels, 1_000, &mut entries).map(|()| entries)
    }

    #[test]
    fn reads_every_spelling() {
        let labels = ["For", "Against", "abstain"];
        assert_eq!(read("For", &labels), Ok(vec![(1, 1.0)]));
        assert_eq!(read("against", &labels), Ok(vec![(2, 1.0)]));
        assert_eq!(read("3", &labels), Ok(vec![(3, 1.0)]));
        assert_eq!(read("2.0", &labels), Ok(vec![(2, 1.0)]));
        assert_eq!(read("[3, 1]", &labels), Ok(vec![(3, 1.0), (1, 1.0)]));
        assert_eq!(read("[]", &labels), Ok(vec![]));
        assert_eq!(read("{\"1\": 60, \"3\": 40.5}", &labels), Ok(vec![(1, 60.0), (3, 40.5)]));
        assert_eq!(read("{'4': 1}", &[]), Ok(vec![(4, 1.0)]));
        assert_eq!(read("['For', 'abstain']", &labels), Ok(vec![(1, 1.0), (3, 1.0)]));
        // A label that looks like an index is a label.
        assert_eq!(read("0", &["0", "1", "2"]), Ok(vec![(1, 1.0)]));
    }

    #[test]
    fn says_why_not() {
        let labels = ["yes", "no"];
        assert_eq!(read("maybe", &labels), Err(NOT_A_CHOICE));
        assert_eq!(read("3", &labels), Err(OUT_OF_RANGE));
        assert_eq!(read("0", &labels), Err(OUT_OF_RANGE));
        assert_eq!(read("[1, 1]", &labels), Err(REPEATED));
        assert_eq!(read("{\"1\": -1}", &labels), Err(BAD_WEIGHT));
        assert_eq!(read("{\"1\": \"x\"}", &labels), Err(BAD_WEIGHT));
        assert_eq!(read("[[1]]", &labels), Err(BAD_BALLOT));
        assert_eq!(read(&format!("0x{}", "ab".repeat(64)), &labels), Err(ENCRYPTED));
        assert_eq!(read("what", &[]), Err(BAD_BALLOT));
        assert_eq!(read("99999999999999999999", &labels), Err(NOT_A_CHOICE));
        // Two labels that differ by case only: neither is meant more than the other.
        assert_eq!(read("YES", &["yes", "Yes"]), Err(NOT_A_CHOICE));
        assert_eq!(read("Yes", &["yes", "Yes"]), Ok(vec![(2, 1.0)]));
    }
}
