//! Constraints that hold in every row sampled, by construction.
//!
//! Before a model learns, each constraint rewrites its columns so that it cannot be broken: the higher of two
//! ordered numbers becomes their gap, a fixed combination becomes one column, and a label that stands in exactly
//! the rows of a range is taken out. After sampling the rewriting is undone. A model knows nothing of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use daotwin_core::files::{atomic_write, read_limited};
use daotwin_core::{Run, Stream};
use daotwin_history::frame::synthesizer::{
    Condition, Conditions, FittedTable, TableFitOptions, TableSynthesizer,
};
use daotwin_history::frame::{Column, Constraint, Frame, Kind, MISSING, Values};
use daotwin_history::synthesizer::Failure;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The file beside a model's own.
pub(super) const FILE: &str = "constraints.json";

/// Rounds of drawing until every row meets a condition on a rewritten column.
const ROUNDS: usize = 200;

/// A constraint with what undoing it needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Rule {
    constraint: Constraint,
    /// Of a combination: the codes of each one, in the order of its columns. [`MISSING`] stands for missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    combinations: Vec<Vec<u32>>,
    /// Of a label: how often each other label occurs outside the range, missing last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    others: Vec<f64>,
}

/// How a frame's columns are rewritten.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Rewriting {
    columns: Vec<Column>,
    rules: Vec<Rule>,
}

fn place(columns: &[Column], name: &str) -> usize {
    // Names are checked before any rule is made, and again when a model is read.
    columns.iter().position(|column| column.name == name).unwrap_or(0)
}

fn inside(value: f64, minimum: Option<f64>, maximum: Option<f64>) -> bool {
    value >= minimum.unwrap_or(f64::NEG_INFINITY) && value <= maximum.unwrap_or(f64::INFINITY)
}

/// Why a constraint does not fit columns; nothing where it does.
fn problem(constraint: &Constraint, columns: &[Column]) -> Option<String> {
    let find = |name: &str| columns.iter().find(|column| column.name == name);
    if let Some(gone) = constraint.columns().into_iter().find(|name| find(name).is_none()) {
        return Some(format!("constraint on column `{gone}`: there is no such column in the table"));
    }
    let labels = |name: &str| find(name).and_then(|column| column.kind.labels());
    match constraint {
        Constraint::Order(low, high) => {
            let bad = [low, high].into_iter().find(|name| labels(name).is_some())?;
            Some(format!("constraint `order`: column `{bad}` holds labels, not numbers or times"))
        }
        Constraint::Combination(names) => {
            let bad = names.iter().find(|name| labels(name).is_none())?;
            Some(format!("constraint `combination`: column `{bad}` holds numbers or times, not labels"))
        }
        Constraint::Exactly { column, label, number, .. } => match (labels(column), labels(number)) {
            (None, _) => {
                Some(format!("constraint `exactly`: column `{column}` holds numbers or times, not labels"))
            }
            (_, Some(_)) => {
                Some(format!("constraint `exactly`: column `{number}` holds labels, not numbers"))
            }
            (Some(labels), None) if !labels.contains(label) => {
                Some(format!("constraint `exactly`: column `{column}` has no label `{label}`"))
            }
            _ => None,
        },
    }
}

/// How many rows break a constraint.
fn broken(constraint: &Constraint, frame: &Frame) -> usize {
    let columns = frame.columns();
    match constraint {
        Constraint::Order(low, high) => {
            let (low, high) = (frame.values(place(columns, low)), frame.values(place(columns, high)));
            low.numbers().iter().zip(high.numbers()).filter(|(low, high)| low > high).count()
        }
        Constraint::Combination(_) => 0,
        Constraint::Exactly { column, label, number, minimum, maximum } => {
            let column = place(columns, column);
            let labels = columns[column].kind.labels().unwrap_or_default();
            let wanted = labels.iter().position(|known| known == label).map_or(MISSING, |at| at as u32);
            let numbers = frame.values(place(columns, number)).numbers();
            let codes = frame.values(column).codes();
            codes
                .iter()
                .zip(numbers)
                .filter(|(code, value)| (**code == wanted) != inside(**value, *minimum, *maximum))
                .count()
        }
    }
}

impl Rewriting {
    /// Checks constraints against a frame and reads what undoing them needs.
    fn learn(frame: &Frame, constraints: &[Constraint]) -> Result<Self> {
        let mut problems: Vec<String> =
            constraints.iter().filter_map(|constraint| problem(constraint, frame.columns())).collect();
        if problems.is_empty() {
            for constraint in constraints {
                let rows = broken(constraint, frame);
                if rows > 0 {
                    let names = constraint.columns().join("`, `");
                    problems
                        .push(format!("the constraint on `{names}` is broken by {rows} rows of the table"));
                }
            }
        }
        if !problems.is_empty() {
            return Err(Error::Options { problems });
        }
        let rules = constraints.iter().map(|constraint| Rule::learn(constraint, frame)).collect();
        Ok(Self { columns: frame.columns().to_vec(), rules })
    }

    /// The columns that a model learns, in order, each with what it is made of.
    fn parts(&self) -> Vec<(Column, Part<'_>)> {
        let mut parts = Vec::new();
        for (index, column) in self.columns.iter().enumerate() {
            let rule =
                self.rules.iter().find(|rule| rule.constraint.columns().contains(&column.name.as_str()));
            match rule.map(|rule| (&rule.constraint, rule)) {
                Some((Constraint::Order(low, high), _)) if column.name == *high => {
                    let low = place(&self.columns, low);
                    let below = &self.columns[low];
                    let most = (column.bounds.1 - below.bounds.0).max(0.0);
                    let optional = column.optional || below.optional;
                    let kind = match &column.kind {
                        // A gap of whole days is a number of seconds that no date can show.
                        Kind::Datetime { .. } => Kind::Integer,
                        kind => kind.clone(),
                    };
                    let name = column.name.clone();
                    parts.push((
                        Column { name, kind, optional, bounds: (0.0, most) },
                        Part::Gap { low, high: index },
                    ));
                }
                Some((Constraint::Combination(names), rule)) => {
                    if names.first() == Some(&column.name) {
                        let labels = (0..rule.combinations.len()).map(|at| format!("{at:06}")).collect();
                        let kind = Kind::Categorical { labels };
                        let name = column.name.clone();
                        parts.push((
                            Column { name, kind, optional: false, bounds: (0.0, 0.0) },
                            Part::Combination(rule),
                        ));
                    }
                }
                Some((Constraint::Exactly { column: labelled, .. }, rule)) if *labelled == column.name => {
                    if rule.others.iter().filter(|count| **count > 0.0).count() > 1 {
                        parts
                            .push((Column { optional: true, ..column.clone() }, Part::Other { index, rule }));
                    }
                }
                _ => parts.push((column.clone(), Part::Plain(index))),
            }
        }
        parts
    }

    /// The frame that a model learns. A column is declared where all that it is made of is.
    fn apply(&self, frame: &Frame) -> Result<Frame> {
        let declared = |part: &Part<'_>| match part {
            Part::Plain(column) => frame.is_declared(*column),
            Part::Gap { low, high } => frame.is_declared(*low) && frame.is_declared(*high),
            Part::Combination(_) | Part::Other { .. } => false,
        };
        let parts = self.parts();
        let places: Vec<usize> = parts
            .iter()
            .enumerate()
            .filter(|(_, (_, part))| declared(part))
            .map(|(place, _)| place)
            .collect();
        let (columns, values): (Vec<Column>, Vec<Values>) =
            parts.into_iter().map(|(column, part)| (column, part.apply(frame, &self.columns))).unzip();
        let learned = Frame::new(columns, values)?.with_declared(places);
        Ok(match frame.members() {
            Some(members) => learned.with_members(members.clone())?,
            None => learned,
        })
    }

    /// The rows of the frame that a model sampled.
    fn undo(&self, sampled: &Frame, stream: &mut Stream) -> Result<Frame> {
        let rows = sampled.rows();
        let mut values: Vec<Option<Values>> = vec![None; self.columns.len()];
        let parts = self.parts();
        // Gaps and labels are undone from columns that must stand already.
        for later in [false, true] {
            for (index, (_, part)) in parts.iter().enumerate() {
                match part {
                    Part::Plain(column) if !later => values[*column] = Some(sampled.values(index).clone()),
                    Part::Combination(rule) if !later => {
                        for (at, name) in rule.constraint.columns().into_iter().enumerate() {
                            let code = |&code: &u32| rule.combinations[code as usize][at];
                            let codes = sampled.values(index).codes().iter().map(code).collect();
                            values[place(&self.columns, name)] = Some(Values::Code(codes));
                        }
                    }
                    Part::Gap { low, high } if later => {
                        let column = &self.columns[*high];
                        let lows = values[*low].as_ref().map_or(&[][..], Values::numbers);
                        let above = |(low, gap): (&f64, &f64)| {
                            let sum = column.kind.round(low + gap).min(column.bounds.1).max(*low);
                            if !column.optional && sum.is_nan() { column.bounds.1.max(*low) } else { sum }
                        };
                        let numbers = lows.iter().zip(sampled.values(index).numbers()).map(above).collect();
                        values[*high] = Some(Values::Number(numbers));
                    }
                    _ => {}
                }
            }
        }
        for rule in &self.rules {
            let Constraint::Exactly { column, label, number, minimum, maximum } = &rule.constraint else {
                continue;
            };
            let column = place(&self.columns, column);
            let labels = self.columns[column].kind.labels().unwrap_or_default();
            let wanted = labels.iter().position(|known| known == label).map_or(MISSING, |at| at as u32);
            let numbers =
                values[place(&self.columns, number)].as_ref().map_or(&[][..], Values::numbers).to_vec();
            let drawn = parts
                .iter()
                .position(|(_, part)| matches!(part, Part::Other { index, .. } if *index == column));
            let codes = (0..rows).map(|row| {
                if inside(numbers[row], *minimum, *maximum) {
                    return wanted;
                }
                let code = drawn.map_or(MISSING, |index| sampled.values(index).codes()[row]);
                let known = code != MISSING && code != wanted;
                if known {
                    return code;
                }
                let other = stream.weighted(&rule.others);
                if other == labels.len() { MISSING } else { other as u32 }
            });
            values[column] = Some(Values::Code(codes.collect()));
        }
        let values: Option<Vec<Values>> = values.into_iter().collect();
        let values = values.ok_or_else(|| Error::Defect("a rewritten column was not undone".to_owned()))?;
        Ok(Frame::new(self.columns.clone(), values)?)
    }

    /// Whether what a file holds can be undone: names, codes and counts fit.
    fn is_sound(&self) -> bool {
        self.rules.iter().all(|rule| {
            problem(&rule.constraint, &self.columns).is_none()
                && match &rule.constraint {
                    Constraint::Order(..) => true,
                    Constraint::Combination(names) => {
                        let size = |name: &String| {
                            self.columns[place(&self.columns, name)].kind.labels().map_or(0, <[String]>::len)
                        };
                        let sizes: Vec<usize> = names.iter().map(size).collect();
                        !rule.combinations.is_empty()
                            && rule.combinations.iter().all(|codes| {
                                let fits = |(&code, &size): (&u32, &usize)| {
                                    code == MISSING || (code as usize) < size
                                };
                                codes.len() == sizes.len() && codes.iter().zip(&sizes).all(fits)
                            })
                    }
                    Constraint::Exactly { column, .. } => {
                        let labels = self.columns[place(&self.columns, column)].kind.labels();
                        rule.others.len() == labels.map_or(0, <[String]>::len) + 1
                            && rule.others.iter().all(|count| *count >= 0.0 && count.is_finite())
                    }
                }
        })
    }
}

/// What a column that a model learns is made of.
enum Part<'r> {
    Plain(usize),
    Gap { low: usize, high: usize },
    Combination(&'r Rule),
    Other { index: usize, rule: &'r Rule },
}

impl Part<'_> {
    fn apply(&self, frame: &Frame, columns: &[Column]) -> Values {
        match self {
            Self::Plain(index) => frame.values(*index).clone(),
            Self::Gap { low, high } => {
                let pairs = frame.values(*low).numbers().iter().zip(frame.values(*high).numbers());
                Values::Number(pairs.map(|(low, high)| high - low).collect())
            }
            Self::Combination(rule) => {
                let places: BTreeMap<&[u32], u32> = rule
                    .combinations
                    .iter()
                    .enumerate()
                    .map(|(at, codes)| (codes.as_slice(), at as u32))
                    .collect();
                let names = rule.constraint.columns();
                let parts: Vec<&[u32]> =
                    names.iter().map(|name| frame.values(place(columns, name)).codes()).collect();
                let of = |row: usize| {
                    let codes: Vec<u32> = parts.iter().map(|codes| codes[row]).collect();
                    places.get(codes.as_slice()).copied().unwrap_or(0)
                };
                Values::Code((0..frame.rows()).map(of).collect())
            }
            Self::Other { index, rule } => {
                let Constraint::Exactly { number, minimum, maximum, .. } = &rule.constraint else {
                    return frame.values(*index).clone();
                };
                let numbers = frame.values(place(columns, number)).numbers();
                let codes = frame.values(*index).codes().iter().zip(numbers);
                let other = |(&code, &value): (&u32, &f64)| {
                    if inside(value, *minimum, *maximum) { MISSING } else { code }
                };
                Values::Code(codes.map(other).collect())
            }
        }
    }
}

impl Rule {
    fn learn(constraint: &Constraint, frame: &Frame) -> Self {
        let columns = frame.columns();
        let mut rule = Self { constraint: constraint.clone(), combinations: Vec::new(), others: Vec::new() };
        match constraint {
            Constraint::Order(..) => {}
            Constraint::Combination(names) => {
                let parts: Vec<&[u32]> =
                    names.iter().map(|name| frame.values(place(columns, name)).codes()).collect();
                rule.combinations =
                    (0..frame.rows()).map(|row| parts.iter().map(|codes| codes[row]).collect()).collect();
                rule.combinations.sort_unstable();
                rule.combinations.dedup();
            }
            Constraint::Exactly { column, number, minimum, maximum, .. } => {
                let column = place(columns, column);
                let labels = columns[column].kind.labels().map_or(0, <[String]>::len);
                rule.others = vec![0.0; labels + 1];
                let numbers = frame.values(place(columns, number)).numbers();
                for (&code, &value) in frame.values(column).codes().iter().zip(numbers) {
                    if !inside(value, *minimum, *maximum) {
                        rule.others[if code == MISSING { labels } else { code as usize }] += 1.0;
                    }
                }
            }
        }
        rule
    }
}

/// Learns a frame so that the constraints hold in every row sampled.
///
/// # Errors
/// Constraints that do not fit the columns or that rows of the frame break, all of them; those of the model;
/// constraints on a private fit, which would read combinations and counts from the data for nothing.
pub fn fit(
    model: &dyn TableSynthesizer,
    frame: &Frame,
    constraints: &[Constraint],
    options: &TableFitOptions,
    run: &Run,
) -> std::result::Result<Box<dyn FittedTable>, Failure> {
    if constraints.is_empty() {
        return model.fit(frame, options, run);
    }
    let reads = |constraint: &Constraint| !matches!(constraint, Constraint::Order(..));
    if options.privacy.is_some() && constraints.iter().any(reads) {
        let what = "a private fit takes only `order` constraints: the others read the data without paying";
        return Err(Error::Options { problems: vec![what.to_owned()] }.into());
    }
    let rewriting = Rewriting::learn(frame, constraints)?;
    let inner = model.fit(&rewriting.apply(frame)?, options, run)?;
    Ok(Box::new(Constrained::new(rewriting, inner)))
}

/// Wraps a model that was read if constraints stand beside it.
///
/// # Errors
/// A damaged file.
pub(super) fn wrap(
    folder: &Path,
    inner: Box<dyn FittedTable>,
    run: &Run,
) -> std::result::Result<Box<dyn FittedTable>, Failure> {
    let path = folder.join(FILE);
    if !path.exists() {
        return Ok(inner);
    }
    let bytes = read_limited(&path, run.limits.max_file_bytes).map_err(Error::from)?;
    let damaged = || Error::NotATable { path: folder.to_path_buf(), reason: format!("`{FILE}` is damaged") };
    let rewriting: Rewriting = serde_json::from_slice(&bytes).map_err(|_| damaged())?;
    let fits =
        rewriting.is_sound() && rewriting.parts().iter().map(|(column, _)| column).eq(inner.columns().iter());
    if !fits {
        return Err(damaged().into());
    }
    Ok(Box::new(Constrained::new(rewriting, inner)))
}

struct Constrained {
    rewriting: Rewriting,
    columns: Arc<[Column]>,
    inner: Box<dyn FittedTable>,
}

impl Constrained {
    fn new(rewriting: Rewriting, inner: Box<dyn FittedTable>) -> Self {
        let columns = rewriting.columns.clone().into();
        Self { rewriting, columns, inner }
    }

    /// The conditions that the model itself can hold, and those on rewritten columns.
    fn split(&self, conditions: &Conditions) -> (Conditions, Conditions) {
        let parts = self.rewriting.parts();
        let (mut held, mut left) = (Conditions::new(), Conditions::new());
        for &(column, condition) in conditions {
            match parts.iter().position(|(_, part)| matches!(part, Part::Plain(plain) if *plain == column)) {
                Some(index) => held.push((index, condition)),
                None => left.push((column, condition)),
            }
        }
        (held, left)
    }
}

fn meets(values: &Values, condition: Condition, row: usize) -> bool {
    match (condition, values) {
        (Condition::Code(code), Values::Code(codes)) => codes[row] == code,
        (Condition::Range(low, _), Values::Number(values)) if low.is_nan() => values[row].is_nan(),
        (Condition::Range(low, high), Values::Number(values)) => (low..=high).contains(&values[row]),
        _ => false,
    }
}

impl FittedTable for Constrained {
    fn columns(&self) -> &Arc<[Column]> {
        &self.columns
    }

    fn rows(&self) -> u64 {
        self.inner.rows()
    }

    fn block_rows(&self) -> u64 {
        self.inner.block_rows()
    }

    fn sample_block(
        &self,
        rows: usize,
        conditions: &Conditions,
        stream: &mut Stream,
    ) -> std::result::Result<Frame, Failure> {
        let (held, left) = self.split(conditions);
        let mut kept = Vec::new();
        let mut count = 0;
        for _ in 0..ROUNDS {
            let sampled = self.inner.sample_block(rows, &held, stream)?;
            let frame = self.rewriting.undo(&sampled, stream)?;
            if left.is_empty() {
                return Ok(frame);
            }
            let met = |row: &usize| {
                left.iter().all(|&(column, condition)| meets(frame.values(column), condition, *row))
            };
            let good: Vec<usize> = (0..frame.rows()).filter(met).take(rows - count).collect();
            count += good.len();
            kept.push(frame.take(&good));
            if count == rows {
                return Ok(Frame::concatenate(&self.columns, kept));
            }
        }
        let names: Vec<String> =
            left.iter().map(|(column, _)| format!("`{}`", self.columns[*column].name)).collect();
        let what = format!("conditions on {} are met by hardly any row of the model", names.join(", "));
        Err(Error::Options { problems: vec![what] }.into())
    }

    fn log_density(&self, frame: &Frame) -> Option<Vec<f64>> {
        self.inner.log_density(&self.rewriting.apply(frame).ok()?)
    }

    fn save(&self, folder: &Path) -> std::result::Result<(), Failure> {
        let text = serde_json::to_vec(&self.rewriting).map_err(|error| Error::Defect(error.to_string()))?;
        self.inner.save(folder)?;
        Ok(atomic_write(&folder.join(FILE), &text).map_err(Error::from)?)
    }
}

#[cfg(test)]
mod test {
    use daotwin_core::Seed;

    use super::*;
    use crate::table::independent::Independent;
    use crate::table::{registry, sample};

    /// `low` <= `high`, `b` follows `a`, and `mark` is `first` exactly where `n` is 0.
    fn frame() -> Frame {
        let mut stream = Seed(1).stream("constrained");
        let labels =
            |names: &[&str]| Kind::Categorical { labels: names.iter().map(ToString::to_string).collect() };
        let column =
            |name: &str, kind: Kind, bounds| Column { name: name.to_owned(), kind, optional: false, bounds };
        let (mut low, mut high, mut a, mut b, mut n, mut mark) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..800 {
            low.push(stream.below(50) as f64);
            high.push((low[low.len() - 1] + stream.below(20) as f64).min(60.0));
            let x = stream.below(6) as u32;
            a.push(x);
            b.push(x / 2);
            n.push(stream.below(3) as f64);
            mark.push(if n[n.len() - 1] == 0.0 { 0 } else { 1 + stream.below(2) as u32 });
        }
        let columns = vec![
            column("low", Kind::Integer, (0.0, 49.0)),
            column("high", Kind::Integer, (0.0, 60.0)),
            column("a", labels(&["a0", "a1", "a2", "a3", "a4", "a5"]), (0.0, 0.0)),
            column("b", labels(&["b0", "b1", "b2"]), (0.0, 0.0)),
            column("n", Kind::Integer, (0.0, 2.0)),
            column("mark", labels(&["first", "later", "much later"]), (0.0, 0.0)),
        ];
        let values = vec![
            Values::Number(low),
            Values::Number(high),
            Values::Code(a),
            Values::Code(b),
            Values::Number(n),
            Values::Code(mark),
        ];
        Frame::new(columns, values).unwrap()
    }

    fn constraints() -> Vec<Constraint> {
        let name = str::to_owned;
        vec![
            Constraint::Order(name("low"), name("high")),
            Constraint::Combination(vec![name("a"), name("b")]),
            Constraint::Exactly {
                column: name("mark"),
                label: name("first"),
                number: name("n"),
                minimum: None,
                maximum: Some(0.0),
            },
        ]
    }

    fn sound(sample: &Frame) -> bool {
        (0..sample.rows()).all(|row| {
            let number = |index: usize| sample.values(index).numbers()[row];
            let code = |index: usize| sample.values(index).codes()[row];
            number(0) <= number(1) && code(2) / 2 == code(3) && (code(5) == 0) == (number(4) == 0.0)
        })
    }

    #[test]
    fn constraints_hold_in_every_row_of_a_model_that_knows_no_relation() {
        let real = frame();
        let run = Run::default();
        let options = TableFitOptions::default();
        let free = Independent.fit(&real, &options, &run).unwrap();
        assert!(!sound(&sample(&*free, 2_000, &Vec::new(), Seed(2), &run).unwrap()));
        let model = fit(&Independent, &real, &constraints(), &options, &run).unwrap();
        let rows = sample(&*model, 20_000, &Vec::new(), Seed(2), &run).unwrap();
        assert_eq!(rows.columns(), real.columns());
        assert!(sound(&rows));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        model.save(&path).unwrap();
        let again = registry::load(&path, &run).unwrap();
        assert_eq!(sample(&*again, 20_000, &Vec::new(), Seed(2), &run).unwrap(), rows);
    }

    #[test]
    fn conditions_on_rewritten_columns_hold() {
        let run = Run::default();
        let model = fit(&Independent, &frame(), &constraints(), &TableFitOptions::default(), &run).unwrap();
        for conditions in [
            vec![(1, Condition::Range(20.0, 30.0)), (0, Condition::Range(18.0, 22.0))],
            vec![(3, Condition::Code(1)), (5, Condition::Code(0))],
        ] {
            let rows = sample(&*model, 500, &conditions, Seed(3), &run).unwrap();
            assert!(sound(&rows) && rows.rows() == 500);
            let met = |row| {
                conditions.iter().all(|&(column, condition)| meets(rows.values(column), condition, row))
            };
            assert!((0..500).all(met), "{conditions:?}");
        }
        let never = vec![(1, Condition::Range(1.0, 2.0)), (0, Condition::Range(40.0, 49.0))];
        assert!(sample(&*model, 10, &never, Seed(3), &run).is_err());
    }

    #[test]
    fn constraints_that_do_not_fit_are_refused_together() {
        let name = str::to_owned;
        let wrong = [
            Constraint::Order(name("high"), name("low")),
            Constraint::Order(name("a"), name("low")),
            Constraint::Combination(vec![name("a"), name("gone")]),
            Constraint::Exactly {
                column: name("mark"),
                label: name("x"),
                number: name("n"),
                minimum: None,
                maximum: None,
            },
        ];
        let run = Run::default();
        let failure = fit(&Independent, &frame(), &wrong, &TableFitOptions::default(), &run).err().unwrap();
        assert_eq!(failure.to_string().lines().count(), 3, "{failure}");
        let failure =
            fit(&Independent, &frame(), &wrong[..1], &TableFitOptions::default(), &run).err().unwrap();
        assert!(failure.to_string().contains("is broken by"), "{failure}");
    }
}
