//! Conditions on columns, as users write them.

use daotwin_history::frame::synthesizer::{Condition, Conditions};
use daotwin_history::frame::{Column, MISSING, read_time};

use crate::error::{Error, Result};

/// Reads conditions: `column=label`, `column=7`, `column=7..9` (both ends included), `column=` for a missing
/// value; times in ISO 8601.
///
/// # Errors
/// One message a condition that names no column, an unknown label, or a range outside the column's; all of
/// them together.
pub fn parse(columns: &[Column], texts: &[(String, String)]) -> Result<Conditions> {
    let mut problems = Vec::new();
    let mut conditions: Conditions = Vec::new();
    for (name, text) in texts {
        let Some(index) = columns.iter().position(|column| column.name == *name) else {
            let known: Vec<String> = columns.iter().map(|column| format!("`{}`", column.name)).collect();
            problems
                .push(format!("condition `{name}`: there is no such column; known are {}", known.join(", ")));
            continue;
        };
        if conditions.iter().any(|(known, _)| *known == index) {
            problems.push(format!("condition `{name}` is given twice; one a column is allowed"));
            continue;
        }
        match one(&columns[index], text) {
            Ok(condition) => conditions.push((index, condition)),
            Err(reason) => problems.push(format!("condition `{name}`: {reason}")),
        }
    }
    if problems.is_empty() { Ok(conditions) } else { Err(Error::Options { problems }) }
}

fn one(column: &Column, text: &str) -> std::result::Result<Condition, String> {
    let missing = text.is_empty();
    if missing && !column.optional {
        return Err("its values are never missing".to_owned());
    }
    if let Some(labels) = column.kind.labels() {
        if missing {
            return Ok(Condition::Code(MISSING));
        }
        let Some(place) = labels.iter().position(|label| label == text) else {
            let shown: Vec<String> = labels.iter().take(20).map(|label| format!("`{label}`")).collect();
            let more =
                if labels.len() > 20 { format!(" and {} more", labels.len() - 20) } else { String::new() };
            return Err(format!("`{text}` is none of its labels; known are {}{more}", shown.join(", ")));
        };
        return Ok(Condition::Code(place as u32));
    }
    if missing {
        return Ok(Condition::Range(f64::NAN, f64::NAN));
    }
    let number = |text: &str| -> Option<f64> {
        let text = text.trim();
        let value = text.parse().ok().or_else(|| read_time(text))?;
        Some(value).filter(|value: &f64| value.is_finite())
    };
    let (low, high) = match text.split_once("..") {
        Some((low, high)) => (number(low), number(high)),
        None => (number(text), number(text)),
    };
    let (Some(low), Some(high)) = (low, high) else {
        return Err("it is neither a number nor a range such as `7..9`".to_owned());
    };
    let (least, greatest) = column.bounds;
    if low > high || low < least || high > greatest {
        return Err(format!("`{text}` is not within {least} to {greatest}, lower end first"));
    }
    Ok(Condition::Range(low, high))
}

#[cfg(test)]
mod test {
    use daotwin_history::frame::Kind;

    use super::*;

    fn columns() -> Vec<Column> {
        let labels = vec!["a".to_owned(), "b".to_owned()];
        let column =
            |name: &str, kind, optional, bounds| Column { name: name.to_owned(), kind, optional, bounds };
        vec![
            column("label", Kind::Categorical { labels }, true, (0.0, 0.0)),
            column("age", Kind::Integer, false, (0.0, 9.0)),
            column("seen", Kind::Datetime { day: true }, false, (0.0, 864_000.0)),
        ]
    }

    fn read(texts: &[(&str, &str)]) -> Result<Conditions> {
        let texts: Vec<(String, String)> =
            texts.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        parse(&columns(), &texts)
    }

    #[test]
    fn conditions_are_read() {
        assert_eq!(read(&[("label", "b")]).unwrap(), [(0, Condition::Code(1))]);
        assert_eq!(read(&[("label", "")]).unwrap(), [(0, Condition::Code(MISSING))]);
        assert_eq!(
            read(&[("age", "2..3"), ("seen", "1970-01-02")]).unwrap(),
            [(1, Condition::Range(2.0, 3.0)), (2, Condition::Range(86_400.0, 86_400.0))]
        );
    }

    #[test]
    fn all_problems_are_told() {
        let error =
            read(&[("label", "c"), ("age", "3..2"), ("age", "x"), ("age", ""), ("gone", "1")]).unwrap_err();
        assert_eq!(error.to_string().lines().count(), 5, "{error}");
    }
}
