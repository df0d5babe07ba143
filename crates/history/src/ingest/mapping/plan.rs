//! The TOML file of a column mapping: parsed and checked whole, with the line of every problem.

use std::ops::Range;

use daotwin_core::names::nearest;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::schema::{Kind, Table};

/// How a cell is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Integer,
    Float,
    /// In tokens, or where decimals are given in base units of 10^-decimals tokens.
    Amount(Option<u8>),
    Time(Time),
    /// A JSON list of labels.
    Choices,
    Choice(Choice),
}

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Time {
    Epoch,
    EpochMilliseconds,
    Iso,
    Block,
    Day,
}

/// How a ballot is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    Index,
    Label,
    Json,
    ForAgainstAbstain,
}

/// Where a cell comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    Column(String),
    Constant(String),
}

/// One column of a History.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) column: usize,
    pub(super) origin: Origin,
    pub(super) format: Format,
}

/// One table of a History.
#[derive(Debug, Clone)]
pub(super) struct TablePlan {
    pub(super) table: Table,
    pub(super) file: String,
    pub(super) delimiter: u8,
    pub(super) fields: Vec<Field>,
}

/// The whole mapping.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    /// A CSV of block times, beside the mapping's file.
    pub(super) blocks: Option<String>,
    pub(super) tables: Vec<TablePlan>,
}

type Entry<'a, 'i> = (&'a str, Range<usize>, &'a Spanned<DeValue<'i>>);

struct Checker<'t> {
    text: &'t str,
    problems: Vec<String>,
}

/// Reads a mapping; all its problems at once, each with its line.
pub(super) fn parse(text: &str) -> Result<Plan, Vec<String>> {
    let mut checker = Checker { text, problems: Vec::new() };
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let at = error.span().unwrap_or(0..0);
        checker.problem(&at, error.message());
    }
    let mut plan = Plan::default();
    let mut known: Vec<&str> = Table::ALL.iter().map(|table| table.name()).collect();
    known.push("blocks");
    for (key, at, value) in entries(document.get_ref()) {
        if key == "blocks" {
            plan.blocks = checker.text(key, value);
        } else if let Some(table) = Table::from_name(key) {
            match value.get_ref() {
                DeValue::Table(entries) => plan.tables.extend(checker.table(table, &at, entries)),
                _ => checker.problem(&at, &format!("`{key}` is a table; write `[{key}]`")),
            }
        } else {
            checker.unknown(&at, "table", key, &known);
        }
    }
    if plan.tables.is_empty() && checker.problems.is_empty() {
        checker.problem(&(0..0), "no table is mapped; write `[votes]`, a `file` and its `columns`");
    }
    plan.tables.sort_by_key(|table| table.table);
    if checker.problems.is_empty() { Ok(plan) } else { Err(checker.problems) }
}

/// A table's entries in the order of the file.
fn entries<'a, 'i>(table: &'a DeTable<'i>) -> Vec<Entry<'a, 'i>> {
    let mut entries: Vec<Entry<'a, 'i>> =
        table.iter().map(|(key, value)| (key.get_ref().as_ref(), key.span(), value)).collect();
    entries.sort_by_key(|entry| entry.1.start);
    entries
}

impl Checker<'_> {
    fn problem(&mut self, at: &Range<usize>, message: &str) {
        let before = self.text.get(..at.start).unwrap_or_default();
        let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
        self.problems.push(format!("line {line}: {message}"));
    }

    fn unknown(&mut self, at: &Range<usize>, what: &str, name: &str, known: &[&str]) {
        let hint = match nearest(name, known.iter().copied()) {
            Some(near) => format!("; did you mean `{near}`?"),
            None => format!("; known are {}", known.join(", ")),
        };
        self.problem(at, &format!("unknown {what} `{name}`{hint}"));
    }

    fn text(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<String> {
        let text = value.get_ref().as_str().map(str::to_owned);
        if text.is_none() {
            self.problem(&value.span(), &format!("`{key}` is a text in quotes"));
        }
        text
    }

    fn decimals(&mut self, value: &Spanned<DeValue<'_>>) -> Option<u8> {
        let number = value.get_ref().as_integer().and_then(|number| number.as_str().parse::<u8>().ok());
        let number = number.filter(|&number| number <= 38);
        if number.is_none() {
            self.problem(&value.span(), "`decimals` is an integer from 0 to 38");
        }
        number
    }

    fn table(&mut self, table: Table, at: &Range<usize>, content: &DeTable<'_>) -> Option<TablePlan> {
        const KNOWN: [&str; 8] =
            ["file", "columns", "constants", "delimiter", "time", "unit", "decimals", "choice"];
        let (mut file, mut delimiter) = (None, b',');
        let mut style = Style::default();
        let before = self.problems.len();
        for (key, at, value) in entries(content) {
            match key {
                "file" => file = self.text(key, value),
                "delimiter" => match value.get_ref().as_str().map(str::as_bytes) {
                    Some(&[byte]) if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => {
                        delimiter = byte;
                    }
                    _ => self.problem(&value.span(), "`delimiter` is one ASCII character: `,`, `;` or a tab"),
                },
                "columns" | "constants" => {
                    if value.get_ref().as_table().is_none() {
                        self.problem(&at, &format!("`{key}` is a table: `our_name = \"their name\"`"));
                    }
                }
                _ if KNOWN.contains(&key) => self.style(&mut style, key, value),
                _ => self.unknown(&at, "key", key, &KNOWN),
            }
        }
        let mut fields = Vec::new();
        for (key, constant) in [("columns", false), ("constants", true)] {
            let Some(part) = content.get(key).and_then(|value| value.get_ref().as_table()) else { continue };
            for (name, at, value) in entries(part) {
                let names: Vec<&str> = table
                    .columns()
                    .iter()
                    .filter(|column| column.kind != Kind::Precision && column.kind != Kind::Amounts)
                    .map(|column| column.name)
                    .collect();
                let Some(column) = table.column_index(name).filter(|_| names.contains(&name)) else {
                    self.unknown(&at, "column", name, &names);
                    continue;
                };
                if fields.iter().any(|field: &Field| field.column == column) {
                    self.problem(&at, &format!("`{name}` is given twice"));
                }
                if let Some((origin, style)) = self.origin(name, value, constant, style) {
                    fields.push(Field { column, origin, format: style.format(table.columns()[column].kind) });
                }
            }
        }
        for (index, column) in table.columns().iter().enumerate() {
            if !column.nullable && !fields.iter().any(|field| field.column == index) {
                let name = column.name;
                let message =
                    format!("table `{}` needs `{name}` under `columns` or `constants`", table.name());
                self.problem(at, &message);
            }
        }
        if file.is_none() {
            self.problem(at, &format!("table `{}` needs `file`, a name or a pattern with `*`", table.name()));
        }
        (self.problems.len() == before).then_some(TablePlan { table, file: file?, delimiter, fields })
    }

    fn origin(
        &mut self,
        name: &str,
        value: &Spanned<DeValue<'_>>,
        constant: bool,
        mut style: Style,
    ) -> Option<(Origin, Style)> {
        match value.get_ref() {
            DeValue::String(text) if constant => Some((Origin::Constant(text.to_string()), style)),
            DeValue::Integer(number) if constant => {
                Some((Origin::Constant(number.as_str().to_owned()), style))
            }
            DeValue::Float(number) if constant => Some((Origin::Constant(number.as_str().to_owned()), style)),
            DeValue::String(text) => Some((Origin::Column(text.to_string()), style)),
            DeValue::Table(content) if !constant => {
                const KNOWN: [&str; 5] = ["column", "time", "unit", "decimals", "choice"];
                let mut column = None;
                for (key, at, value) in entries(content) {
                    match key {
                        "column" => column = self.text(key, value),
                        _ if KNOWN.contains(&key) => self.style(&mut style, key, value),
                        _ => self.unknown(&at, "key", key, &KNOWN),
                    }
                }
                if column.is_none() {
                    self.problem(&value.span(), &format!("`{name}` needs `column`, their name for it"));
                }
                column.map(|column| (Origin::Column(column), style))
            }
            _ => {
                let allowed = if constant { "a text or number" } else { "their column's name in quotes" };
                self.problem(&value.span(), &format!("`{name}` is {allowed}"));
                None
            }
        }
    }

    fn style(&mut self, style: &mut Style, key: &str, value: &Spanned<DeValue<'_>>) {
        if key == "decimals" {
            style.decimals = self.decimals(value).or(style.decimals);
            return;
        }
        let Some(text) = self.text(key, value) else { return };
        let allowed: &[&str] = match key {
            "time" => &["epoch", "epoch-ms", "iso", "block", "day"],
            "unit" => &["tokens", "wei"],
            _ => &["index", "label", "json", "for-against-abstain"],
        };
        match text.as_str() {
            "epoch" if key == "time" => style.time = Time::Epoch,
            "epoch-ms" if key == "time" => style.time = Time::EpochMilliseconds,
            "iso" if key == "time" => style.time = Time::Iso,
            "block" if key == "time" => style.time = Time::Block,
            "day" if key == "time" => style.time = Time::Day,
            "tokens" if key == "unit" => style.wei = false,
            "wei" if key == "unit" => style.wei = true,
            "index" if key == "choice" => style.choice = Choice::Index,
            "label" if key == "choice" => style.choice = Choice::Label,
            "json" if key == "choice" => style.choice = Choice::Json,
            "for-against-abstain" if key == "choice" => style.choice = Choice::ForAgainstAbstain,
            _ => self.unknown(&value.span(), key, &text, allowed),
        }
    }
}

/// How cells are written where a column does not say it itself.
#[derive(Debug, Clone, Copy)]
struct Style {
    time: Time,
    wei: bool,
    decimals: Option<u8>,
    choice: Choice,
}

impl Default for Style {
    fn default() -> Self {
        Self { time: Time::Epoch, wei: false, decimals: None, choice: Choice::Index }
    }
}

impl Style {
    fn format(self, kind: Kind) -> Format {
        match kind {
            Kind::Id | Kind::Text | Kind::Precision => Format::Text,
            Kind::Amount | Kind::Amounts => Format::Amount(self.wei.then_some(self.decimals.unwrap_or(18))),
            Kind::Time => Format::Time(self.time),
            Kind::Integer => Format::Integer,
            Kind::Float => Format::Float,
            Kind::Choices => Format::Choices,
            Kind::Choice => Format::Choice(self.choice),
        }
    }
}

/// Whether a file's name fits a pattern of letters, `*` and `?`.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    // Where the last `*` stands and how much of the name it has taken: no backtracking further than that.
    let (mut at, mut read, mut star) = (0, 0, None);
    while read < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(&letter) if letter == '?' || letter == name[read] => {
                at += 1;
                read += 1;
            }
            _ => match star {
                Some((place, taken)) => {
                    star = Some((place, taken + 1));
                    at = place + 1;
                    read = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|&letter| letter == '*')
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            ("votes.csv", "votes.csv", true),
            ("votes*.csv", "votes-2024.csv", true),
            ("*", "anything", true),
            ("v?tes.*", "votes.parquet", true),
            ("votes.csv", "votes.csv.gz", false),
            ("*a*b", "xaxbx", false),
            ("*a*b", "xaxbxb", true),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn all_problems_are_told_with_their_lines() {
        let text = "[vote]\nfile = \"a.csv\"\n\n[proposals]\nfiles = \"b.csv\"\ntime = \"unix\"\n\n[proposals.columns]\nproposal = \"id\"\ntitel = \"t\"\nquorum = { column = \"q\", unit = \"gwei\" }\n";
        let problems = parse(text).unwrap_err();
        let all = problems.join("\n");
        for part in [
            "line 1: unknown table `vote`; did you mean `votes`?",
            "line 5: unknown key `files`; did you mean `file`?",
            "line 6: unknown time `unix`; known are epoch, epoch-ms, iso, block, day",
            "line 10: unknown column `titel`; did you mean `title`?",
            "line 11: unknown unit `gwei`",
            "table `proposals` needs `dao`",
            "table `proposals` needs `file`",
        ] {
            assert!(all.contains(part), "{part} is not in\n{all}");
        }
        assert_eq!(problems.len(), 7, "{all}");
        assert!(parse("").is_err());
        assert!(parse("[votes").unwrap_err()[0].starts_with("line 1"));
    }
}
