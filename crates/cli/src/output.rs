//! Where text goes: results to standard output, everything else to standard error.

use std::fmt::Write as _;
use std::io::{self, Write};

use daotwin::core::names::nearest;
use daotwin::core::{Error as CoreError, ErrorKind};
use serde::Serialize;

use crate::Answer;
use crate::failure::Failure;

/// Writes a line to standard error. There is nobody to tell if that fails.
pub(crate) fn note(text: &str) {
    writeln!(io::stderr().lock(), "{text}").ok();
}

/// Writes to standard output. A reader that went away is not an error.
pub(crate) fn result(text: &str) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    output.write_all(text.as_bytes()).and_then(|()| output.flush()).map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::ClosedPipe,
        _ => CoreError::Io { action: "write", path: "standard output".into(), source: error }.into(),
    })
}

/// Writes one JSON document to standard output.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(value).map_err(Failure::defect)?;
    text.push('\n');
    result(&text)
}

/// Prints what the argument parser has to say: help and version are results, the rest are errors.
pub(crate) fn usage(error: &clap::Error) -> Result<Answer, Failure> {
    if error.use_stderr() {
        note(error.render().to_string().trim_end());
        return Err(Failure::Arguments);
    }
    result(&error.render().to_string())?;
    Ok(Answer::Yes)
}

/// Rows of text in aligned columns. Columns whose cells are all numbers are aligned to the right.
pub(crate) fn table(heading: &[&str], rows: &[Vec<String>]) -> String {
    let number = |cell: &str| cell.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    let columns: Vec<(usize, bool)> = (0..heading.len())
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            let width = cells.clone().map(|cell| cell.chars().count()).max().unwrap_or(0);
            let right = !rows.is_empty() && cells.clone().all(|cell| cell.is_empty() || number(cell));
            (width.max(heading[column].chars().count()), right)
        })
        .collect();
    let mut text = String::new();
    let mut line = |cells: &[&str]| {
        let start = text.len();
        for (cell, (width, right)) in cells.iter().zip(&columns) {
            // Writing into a `String` cannot fail.
            if *right { write!(text, "{cell:>width$}  ") } else { write!(text, "{cell:<width$}  ") }.ok();
        }
        let end = text[start..].trim_end().len() + start;
        text.truncate(end);
        text.push('\n');
    };
    line(heading);
    for row in rows {
        line(&row.iter().map(String::as_str).collect::<Vec<_>>());
    }
    text
}

/// A count with its digits in groups.
pub(crate) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A path as a shell reads it.
pub(crate) fn quoted(path: &std::path::Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "-_./:=+,@".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// A usage failure that lists what was allowed, and what was probably meant.
pub(crate) fn unknown(what: &str, found: &str, known: &[&str]) -> Failure {
    let meant = nearest(found, known.iter().copied());
    let mut message = format!("unknown {what} `{found}`; known are {}", list(known));
    if let Some(candidate) = meant {
        write!(message, "; did you mean `{candidate}`?").ok();
    }
    Failure::new(ErrorKind::Usage, message)
}

/// Words in backticks, joined by commas.
pub(crate) fn list(words: &[&str]) -> String {
    if words.is_empty() {
        return "none".to_owned();
    }
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn numbers_stand_right_and_words_left() {
        let rows = [vec!["votes".to_owned(), "1,234".to_owned()], vec!["daos".to_owned(), "1".to_owned()]];
        assert_eq!(table(&["table", "rows"], &rows), "table   rows\nvotes  1,234\ndaos       1\n");
        assert_eq!((count(0), count(999), count(1_234_567)), ("0".into(), "999".into(), "1,234,567".into()));
    }

    #[test]
    fn a_slip_is_guessed_and_a_stranger_is_not() {
        let text = |found| match unknown("model", found, &["twin", "mst"]) {
            Failure::Error { message, .. } => message,
            other => panic!("{other:?}"),
        };
        assert!(text("twim").ends_with("did you mean `twin`?"));
        assert_eq!(text("gpt"), "unknown model `gpt`; known are `twin`, `mst`");
    }

    #[test]
    fn only_odd_paths_are_quoted() {
        assert_eq!(quoted("a/b-1.json".as_ref()), "a/b-1.json");
        assert_eq!(quoted("my dao's".as_ref()), r"'my dao'\''s'");
    }
}
