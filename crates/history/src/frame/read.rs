//! Reading a CSV or Parquet file as a frame.
//!
//! The file is read twice: once to tell what every column is, once for its values, so that memory holds the
//! values and never the texts.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use daotwin_core::Run;

use super::{Column, Declaration, DeclaredColumn, Frame, Kind, MISSING, Members, Values};
use crate::error::{Error, Result};
use crate::ingest::mapping::texts::Texts;
use crate::ingest::{Options, Source, times};
use crate::schema::Precision;

/// What users see this shape called.
const FORMAT: &str = "a table";

/// Digits behind the point beyond which a column's numbers count as continuous.
const MAX_DECIMALS: usize = 9;

/// Whole numbers are exact in an `f64` up to here.
const EXACT: f64 = (1_u64 << 53) as f64;

/// The fewest different texts that look like names of rows rather than categories.
const IDENTIFIERS: usize = 200;

/// A column that is not in the frame, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The column.
    pub column: String,
    /// Why, in words.
    pub reason: &'static str,
}

/// Reads a time in ISO 8601.
pub(super) fn time(text: &str) -> Option<(f64, bool)> {
    if !text.contains('-') {
        return None;
    }
    times::parse(text).map(|(at, precision)| (at as f64, precision == Precision::Day))
}

/// Reads a CSV or Parquet file (`.gz` and `.zst` too). Columns that `declaration` names are read as it says:
/// a cell outside is a problem. Of the others the kind is told from the cells: whole numbers, numbers, times
/// in ISO 8601, `true` and `false`, else categories. An empty cell is missing. Texts that differ in nearly every
/// row name rows and are left out, as are columns without any value.
///
/// # Errors
/// I/O; limits; a damaged file; [`Error::Problems`] naming every declared column that is missing or holds
/// cells outside its declaration, with how many and the first row.
pub fn read(path: &Path, declaration: &Declaration, run: &Run) -> Result<(Frame, Vec<LeftOut>)> {
    let source = Source::open(path, &Options::default(), &run.limits)?;
    let names = Texts::columns(&source, FORMAT)?;
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for name in &names {
        if !seen.insert(name.as_str()) {
            problems.push(format!("column `{name}` stands twice in the first line"));
        }
    }
    for name in declaration.columns.keys().chain(&declaration.member) {
        if !names.contains(name) {
            problems.push(format!("column `{name}` is declared and not in the file"));
        }
    }
    if !problems.is_empty() {
        return Err(named(path, problems));
    }

    let mut guesses: BTreeMap<usize, Guess> = names
        .iter()
        .enumerate()
        .filter(|(_, name)| {
            !declaration.columns.contains_key(*name) && declaration.member.as_ref() != Some(*name)
        })
        .map(|(index, _)| (index, Guess::default()))
        .collect();
    if !guesses.is_empty() {
        each(&source, &names, run, |texts, _| {
            guesses.iter_mut().for_each(|(index, guess)| guess.look(texts[*index].trim()));
            Ok(())
        })?;
        // A text late in a column of many numbers makes labels of them all, which nobody kept.
        let late: Vec<usize> =
            guesses.iter().filter(|(_, guess)| guess.lost_labels()).map(|(&index, _)| index).collect();
        if !late.is_empty() {
            let mut again: Vec<(usize, Guess)> =
                late.into_iter().map(|index| (index, Guess::of_labels())).collect();
            each(&source, &names, run, |texts, _| {
                again.iter_mut().for_each(|(index, guess)| guess.look(texts[*index].trim()));
                Ok(())
            })?;
            guesses.extend(again);
        }
    }

    let mut left_out = Vec::new();
    let mut kept: Vec<(usize, Column, bool)> = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let told = match (guesses.get(&index), declaration.columns.get(name)) {
            (Some(guess), _) => guess.column(name).map(|column| (column, false)),
            (None, Some(declared)) => column(name, declared).map(|column| (column, true)),
            (None, None) => Err("it names the member whose row it is"),
        };
        match told {
            Ok((column, declared)) => kept.push((index, column, declared)),
            Err(reason) => left_out.push(LeftOut { column: name.clone(), reason }),
        }
    }
    let mut builders: Vec<Builder<'_>> =
        kept.iter().map(|(index, column, declared)| Builder::new(*index, column, *declared)).collect();
    let member = declaration.member.as_ref().and_then(|member| names.iter().position(|name| name == member));
    let (mut known, mut of_rows) = (HashMap::new(), Vec::new());
    let mut nobody = (0_u64, 0);
    each(&source, &names, run, |texts, row| {
        builders.iter_mut().for_each(|builder| builder.push(texts[builder.index].trim(), row));
        if let Some(member) = member {
            let (name, next) = (texts[member].trim(), known.len() as u32);
            if name.is_empty() {
                nobody = (nobody.0 + 1, if nobody.0 == 0 { row } else { nobody.1 });
            }
            of_rows.push(*known.entry(name.to_owned()).or_insert(next));
        }
        Ok(())
    })?;
    let mut problems: Vec<String> = builders.iter().filter_map(Builder::problem).collect();
    if let (rows @ 1.., first) = nobody {
        let name = declaration.member.as_deref().unwrap_or_default();
        problems.push(format!(
            "column `{name}` names the member whose row it is, and is empty in {rows} rows, the first of them {first}; \
             name somebody in each, or leave these rows out"
        ));
    }
    if !problems.is_empty() {
        return Err(named(path, problems));
    }
    let values = builders.into_iter().map(|builder| builder.values).collect();
    let declared: Vec<usize> = (0..kept.len()).filter(|&place| kept[place].2).collect();
    let columns: Vec<Column> = kept.into_iter().map(|(_, column, _)| column).collect();
    let frame = Frame::new(columns, values)?.with_declared(declared);
    let most_rows = declaration.rows_per_member.unwrap_or(1);
    let frame = if member.is_some() { frame.with_members(Members { of_rows, most_rows })? } else { frame };
    Ok((frame, left_out))
}

fn named(path: &Path, problems: Vec<String>) -> Error {
    Error::Problems {
        problems: problems.iter().map(|what| format!("`{}`: {what}", path.display())).collect(),
    }
}

/// Hands the texts of every row and its 1-based number to `look`.
fn each(
    source: &Source,
    names: &[String],
    run: &Run,
    mut look: impl FnMut(&[String], u64) -> Result<()>,
) -> Result<()> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut rows = Texts::open(source, FORMAT, &names, b',', run)?;
    let mut texts = Vec::new();
    let mut row = 0;
    while let Some(outcome) = rows.next(&mut texts, run)? {
        row += 1;
        outcome.map_err(|reason| named(source.path(), vec![format!("row {row}: {reason}")]))?;
        look(&texts, row)?;
    }
    Ok(())
}

/// A declared column as frames hold it; why not, where it is left out.
fn column(name: &str, declared: &DeclaredColumn) -> std::result::Result<Column, &'static str> {
    let (kind, bounds, optional) = match declared.clone() {
        DeclaredColumn::Numeric { decimals, minimum, maximum, optional } => {
            (Kind::Numeric { decimals }, (minimum, maximum), optional)
        }
        DeclaredColumn::Integer { minimum, maximum, optional } => {
            (Kind::Integer, (minimum as f64, maximum as f64), optional)
        }
        DeclaredColumn::Datetime { minimum, maximum, day, optional } => {
            let at = |text: &str| time(text).map_or(0.0, |(at, _)| at);
            (Kind::Datetime { day }, (at(&minimum), at(&maximum)), optional)
        }
        DeclaredColumn::Boolean { labels, optional } => (Kind::Boolean { labels }, (0.0, 0.0), optional),
        DeclaredColumn::Categorical { mut labels, optional } => {
            labels.sort_unstable();
            (Kind::Categorical { labels }, (0.0, 0.0), optional)
        }
        DeclaredColumn::LeaveOut => return Err("it is declared to be left out"),
    };
    Ok(Column { name: name.to_owned(), kind, optional, bounds })
}

/// What a column's cells can still be, as far as they were seen.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "one a kind that the cells may still be")]
struct Guess {
    rows: usize,
    missing: usize,
    integer: bool,
    number: bool,
    time: bool,
    day: bool,
    decimals: usize,
    bounds: (f64, f64),
    /// Whether a label was not kept.
    dropped: bool,
    /// The labels, all of them once the column is neither numbers nor times.
    labels: BTreeSet<String>,
}

impl Default for Guess {
    fn default() -> Self {
        Self {
            rows: 0,
            missing: 0,
            integer: true,
            number: true,
            time: true,
            day: true,
            decimals: 0,
            bounds: (f64::INFINITY, f64::NEG_INFINITY),
            dropped: false,
            labels: BTreeSet::new(),
        }
    }
}

impl Guess {
    fn look(&mut self, text: &str) {
        self.rows += 1;
        if text.is_empty() {
            self.missing += 1;
            return;
        }
        if self.number || self.time {
            let value = if self.number { number(text) } else { None };
            let at = if self.time && value.is_none() { time(text) } else { None };
            match (value, at) {
                (Some((value, decimals)), _) => {
                    self.time = false;
                    self.integer &= decimals == Some(0) && value.abs() <= EXACT;
                    self.decimals = self.decimals.max(decimals.unwrap_or(MAX_DECIMALS + 1));
                    self.widen(value);
                }
                (None, Some((at, day))) => {
                    self.number = false;
                    self.day &= day;
                    self.widen(at);
                }
                (None, None) => (self.number, self.time) = (false, false),
            }
        }
        // The labels of a column of numbers matter only if a text comes later, so no more than a few are kept.
        if !self.labels.contains(text) {
            if (self.number || self.time) && self.labels.len() >= IDENTIFIERS {
                self.dropped = true;
            } else {
                self.labels.insert(text.to_owned());
            }
        }
    }

    /// What a column is taken for once it is known to hold labels.
    fn of_labels() -> Self {
        Self { number: false, time: false, ..Self::default() }
    }

    fn lost_labels(&self) -> bool {
        self.dropped && !(self.number || self.time)
    }

    fn widen(&mut self, value: f64) {
        self.bounds = (self.bounds.0.min(value), self.bounds.1.max(value));
    }

    fn column(&self, name: &str) -> std::result::Result<Column, &'static str> {
        let found = self.rows - self.missing;
        if found == 0 {
            return Err("it has no value in any row");
        }
        let kind = if self.number && self.integer {
            Kind::Integer
        } else if self.number {
            Kind::Numeric { decimals: (self.decimals <= MAX_DECIMALS).then_some(self.decimals as u8) }
        } else if self.time {
            Kind::Datetime { day: self.day }
        } else if let Some(labels) = boolean(&self.labels) {
            Kind::Boolean { labels }
        } else if self.labels.len() > IDENTIFIERS && self.labels.len() * 10 > found * 9 {
            return Err("its texts differ in nearly every row, so they name rows and cannot be learned");
        } else {
            Kind::Categorical { labels: self.labels.iter().cloned().collect() }
        };
        let bounds = if self.number || self.time { self.bounds } else { (0.0, 0.0) };
        Ok(Column { name: name.to_owned(), kind, optional: self.missing > 0, bounds })
    }
}

/// The labels of false and true, where these two are all that a column holds.
fn boolean(labels: &BTreeSet<String>) -> Option<[String; 2]> {
    let mut pair = labels.iter();
    let (Some(no), Some(yes), None) = (pair.next(), pair.next(), pair.next()) else { return None };
    (no.eq_ignore_ascii_case("false") && yes.eq_ignore_ascii_case("true")).then(|| [no.clone(), yes.clone()])
}

/// A finite decimal number, with how many digits behind the point it shows; none where it is written with an
/// exponent.
fn number(text: &str) -> Option<(f64, Option<usize>)> {
    // `parse` reads `inf` and `nan` too, which are no numbers of a table.
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value: f64 = text.parse().ok().filter(|value: &f64| value.is_finite())?;
    if text.contains(['e', 'E']) {
        return Some((value, None));
    }
    let decimals = text.split_once('.').map_or(0, |(_, digits)| digits.trim_end_matches('0').len());
    Some((value, Some(decimals)))
}

/// Collects a column's values.
struct Builder<'c> {
    index: usize,
    column: &'c Column,
    declared: bool,
    labels: BTreeMap<&'c str, u32>,
    values: Values,
    outside: u64,
    first_outside: u64,
}

impl<'c> Builder<'c> {
    fn new(index: usize, column: &'c Column, declared: bool) -> Self {
        let labels = column.kind.labels();
        let values = if labels.is_some() { Values::Code(Vec::new()) } else { Values::Number(Vec::new()) };
        let places = labels.unwrap_or_default().iter().enumerate();
        let labels = places.map(|(place, label)| (label.as_str(), place as u32)).collect();
        Self { index, column, declared, labels, values, outside: 0, first_outside: 0 }
    }

    fn push(&mut self, text: &str, row: u64) {
        let Column { kind, bounds, optional, .. } = self.column;
        let inside = match &mut self.values {
            Values::Code(codes) => {
                let code = if text.is_empty() { None } else { self.labels.get(text).copied() };
                codes.push(code.unwrap_or(MISSING));
                code.is_some() || (text.is_empty() && *optional)
            }
            Values::Number(values) => {
                let value = match kind {
                    Kind::Datetime { .. } => time(text).map(|(at, _)| at),
                    Kind::Integer => {
                        number(text).map(|(value, _)| value).filter(|value| value.fract() == 0.0)
                    }
                    _ => number(text).map(|(value, _)| value),
                };
                let value = value.filter(|value| !self.declared || (bounds.0..=bounds.1).contains(value));
                values.push(value.unwrap_or(f64::NAN));
                value.is_some() || (text.is_empty() && *optional)
            }
        };
        if !inside {
            self.outside += 1;
            if self.first_outside == 0 {
                self.first_outside = row;
            }
        }
    }

    fn problem(&self) -> Option<String> {
        (self.outside > 0).then(|| {
            format!(
                "column `{}`: {} cells are not what was declared, the first in row {}; widen its bounds, add its \
                 labels, or set `optional = true`",
                self.column.name, self.outside, self.first_outside
            )
        })
    }
}
