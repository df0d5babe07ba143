//! A frame: one flat table of mixed columns, as synthesizers of tables see it.
//!
//! Numbers, whole numbers and times are `f64` (whole numbers are exact up to 2^53), booleans and categories
//! are codes into a list of labels. A missing number is NaN, a missing code is [`MISSING`]. What is known of
//! a column beyond its values, its [`Column`], is either told by a [`Declaration`] or read from the data: a
//! private fit may use only what was declared.

mod declaration;
mod read;
pub mod synthesizer;
#[cfg(test)]
mod test;
mod write;

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use declaration::{Constraint, Declaration, DeclaredColumn};
pub use read::{LeftOut, read};
pub use write::{FrameWriter, write};

use crate::error::{Error, Result};

/// Reads a time in ISO 8601, as seconds since 1970.
pub fn read_time(text: &str) -> Option<f64> {
    read::time(text).map(|(at, _)| at)
}

/// The code of a missing category.
pub const MISSING: u32 = u32::MAX;

/// What the values of a column are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Kind {
    /// Real numbers. Where `decimals` is known, every value has at most so many.
    Numeric {
        /// Digits behind the point; unknown or more than nine where not given.
        decimals: Option<u8>,
    },
    /// Whole numbers.
    Integer,
    /// Seconds since 1970-01-01 UTC; whole days where `day` is set.
    Datetime {
        /// Whether every value is a midnight, and is written as a date.
        day: bool,
    },
    /// One of two labels: what stands for false, then what stands for true.
    Boolean {
        /// The labels as the source spells them.
        labels: [String; 2],
    },
    /// One of the labels.
    Categorical {
        /// The labels in ascending order.
        labels: Vec<String>,
    },
}

impl Kind {
    /// The labels of a boolean or categorical column; none for numbers and times.
    pub fn labels(&self) -> Option<&[String]> {
        match self {
            Self::Boolean { labels } => Some(labels),
            Self::Categorical { labels } => Some(labels),
            _ => None,
        }
    }

    /// A value in the form that this kind allows: rounded to its decimals, to whole numbers or to days.
    pub fn round(&self, value: f64) -> f64 {
        match self {
            Self::Numeric { decimals: Some(decimals) } => {
                let unit = 10_f64.powi(i32::from(*decimals));
                let rounded = (value * unit).round() / unit;
                // Beyond 2^53 units the product has no such digits to round.
                if rounded.is_finite() { rounded } else { value }
            }
            Self::Integer | Self::Datetime { day: false } => value.round(),
            Self::Datetime { day: true } => (value / 86_400.0).round() * 86_400.0,
            _ => value,
        }
    }
}

/// A column: its name, what its values are, and the range they lie in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// The name in the file's first line.
    pub name: String,
    /// What its values are.
    #[serde(flatten)]
    pub kind: Kind,
    /// Whether a value may be missing.
    pub optional: bool,
    /// The least and greatest value of a number or time. (0, 0) where no value is known.
    pub bounds: (f64, f64),
}

/// The values of a column, one a row.
#[derive(Debug, Clone)]
pub enum Values {
    /// Numbers and times; NaN is missing.
    Number(Vec<f64>),
    /// Places in the column's labels; [`MISSING`] is missing.
    Code(Vec<u32>),
}

/// Missing values are equal to each other.
impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => {
                left.len() == right.len()
                    && left.iter().zip(right).all(|(a, b)| a == b || (a.is_nan() && b.is_nan()))
            }
            (Self::Code(left), Self::Code(right)) => left == right,
            _ => false,
        }
    }
}

impl Values {
    /// How many rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Number(values) => values.len(),
            Self::Code(codes) => codes.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The numbers; none for a column of codes.
    pub fn numbers(&self) -> &[f64] {
        match self {
            Self::Number(values) => values,
            Self::Code(_) => &[],
        }
    }

    /// The codes; none for a column of numbers.
    pub fn codes(&self) -> &[u32] {
        match self {
            Self::Number(_) => &[],
            Self::Code(codes) => codes,
        }
    }

    /// Whether the value of a row is missing.
    pub fn is_missing(&self, row: usize) -> bool {
        match self {
            Self::Number(values) => values[row].is_nan(),
            Self::Code(codes) => codes[row] == MISSING,
        }
    }

    fn take(&self, rows: &[usize]) -> Self {
        match self {
            Self::Number(values) => Self::Number(rows.iter().map(|&row| values[row]).collect()),
            Self::Code(codes) => Self::Code(rows.iter().map(|&row| codes[row]).collect()),
        }
    }
}

/// A flat table of mixed columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    columns: Arc<[Column]>,
    values: Vec<Values>,
    rows: usize,
    /// Places of columns of which the data told nothing, in ascending order.
    declared: Arc<[usize]>,
    members: Option<Members>,
}

/// Whose rows a frame holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Members {
    /// The member of each row, as a number from 0.
    pub of_rows: Vec<u32>,
    /// Rows of a member that a private fit learns at most.
    pub most_rows: u32,
}

impl Frame {
    /// Puts columns and values together.
    ///
    /// # Errors
    /// [`Error::Defect`] where they do not fit each other: another number of columns or rows, numbers under
    /// a column of labels, a code without label, a number that is infinite.
    pub fn new(columns: impl Into<Arc<[Column]>>, values: Vec<Values>) -> Result<Self> {
        let columns = columns.into();
        let rows = values.first().map_or(0, Values::len);
        let defect = |what: String| Err(Error::Defect(what));
        if columns.len() != values.len() {
            return defect(format!("{} columns have {} lists of values", columns.len(), values.len()));
        }
        for (column, values) in columns.iter().zip(&values) {
            if values.len() != rows {
                return defect(format!("column `{}` has {} rows of {rows}", column.name, values.len()));
            }
            let fits = match (column.kind.labels(), values) {
                (None, Values::Number(values)) => values.iter().all(|value| !value.is_infinite()),
                (Some(labels), Values::Code(codes)) => {
                    codes.iter().all(|&code| code == MISSING || (code as usize) < labels.len())
                }
                _ => false,
            };
            if !fits {
                return defect(format!("column `{}` has values that its kind does not allow", column.name));
            }
        }
        Ok(Self { columns, values, rows, declared: Arc::default(), members: None })
    }

    /// The same frame, with the columns at these places marked as declared: their kind, labels and bounds come
    /// from a [`Declaration`] and tell nothing of the data.
    pub fn with_declared(self, places: impl IntoIterator<Item = usize>) -> Self {
        let declared: std::collections::BTreeSet<usize> = places.into_iter().collect();
        Self { declared: declared.into_iter().collect(), ..self }
    }

    /// Whether all that is known of the column at this place was declared, so that a private fit may use it.
    pub fn is_declared(&self, column: usize) -> bool {
        self.declared.binary_search(&column).is_ok()
    }

    /// The same frame, with members whose rows these are; without them every row is a member's of its own.
    ///
    /// # Errors
    /// [`Error::Defect`] for another number of rows.
    pub fn with_members(self, members: Members) -> Result<Self> {
        if members.of_rows.len() != self.rows {
            let what = format!("{} rows are said to be of members, of {}", members.of_rows.len(), self.rows);
            return Err(Error::Defect(what));
        }
        Ok(Self { members: Some(members), ..self })
    }

    /// Whose rows these are, where it was declared.
    pub fn members(&self) -> Option<&Members> {
        self.members.as_ref()
    }

    /// The rows that a private fit may learn: of each member as many as were declared at most, evenly spaced over its
    /// rows. Which ones of a member depends on no other member, so that nobody moves more rows than its own.
    pub fn bounded(&self) -> Cow<'_, Self> {
        let Some(Members { of_rows, most_rows }) = &self.members else { return Cow::Borrowed(self) };
        let most = *most_rows as usize;
        let mut counts = vec![0_usize; of_rows.iter().max().map_or(0, |most| *most as usize + 1)];
        of_rows.iter().for_each(|&member| counts[member as usize] += 1);
        if counts.iter().all(|count| *count <= most) {
            return Cow::Borrowed(self);
        }
        let mut seen = vec![(0, 0); counts.len()];
        let mut keep = |member: u32| {
            let (count, (place, kept)) = (counts[member as usize], &mut seen[member as usize]);
            let next = if count <= most { *place } else { (2 * *kept + 1) * count / (2 * most) };
            let takes = *kept < most && *place == next;
            *place += 1;
            *kept += usize::from(takes);
            takes
        };
        let rows: Vec<usize> = (0..self.rows).filter(|&row| keep(of_rows[row])).collect();
        Cow::Owned(self.take(&rows))
    }

    /// The columns, in the file's order.
    pub fn columns(&self) -> &Arc<[Column]> {
        &self.columns
    }

    /// The values of the column at this place.
    pub fn values(&self, column: usize) -> &Values {
        &self.values[column]
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The place of the column with this name.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The rows at these places, in that order; a row may be taken more than once. Panics where there is no
    /// such row.
    pub fn take(&self, rows: &[usize]) -> Self {
        let values = self.values.iter().map(|values| values.take(rows)).collect();
        let declared = Arc::clone(&self.declared);
        let members = self.members.as_ref().map(|members| Members {
            of_rows: rows.iter().map(|&row| members.of_rows[row]).collect(),
            most_rows: members.most_rows,
        });
        Self { columns: Arc::clone(&self.columns), values, rows: rows.len(), declared, members }
    }

    /// The rows of several frames of the same columns, one after the other. No frame gives no row.
    pub fn concatenate(columns: &Arc<[Column]>, frames: impl IntoIterator<Item = Self>) -> Self {
        let mut all: Vec<Values> = columns
            .iter()
            .map(|column| match column.kind.labels() {
                None => Values::Number(Vec::new()),
                Some(_) => Values::Code(Vec::new()),
            })
            .collect();
        let mut rows = 0;
        for frame in frames {
            rows += frame.rows;
            for (all, values) in all.iter_mut().zip(frame.values) {
                match (all, values) {
                    (Values::Number(all), Values::Number(values)) => all.extend(values),
                    (Values::Code(all), Values::Code(values)) => all.extend(values),
                    _ => {}
                }
            }
        }
        Self { columns: Arc::clone(columns), values: all, rows, declared: Arc::default(), members: None }
    }

    /// The same rows under other columns of the same names: labels are looked up anew, so that two files
    /// with different labels can be compared code by code.
    ///
    /// # Errors
    /// [`Error::Problems`] naming every column that is missing, of another kind, or holds a value that
    /// `columns` does not know.
    pub fn conform(&self, columns: &Arc<[Column]>) -> Result<Self> {
        let mut problems = Vec::new();
        let mut values = Vec::with_capacity(columns.len());
        for column in columns.iter() {
            let Some(index) = self.index(&column.name) else {
                problems.push(format!("column `{}` is missing", column.name));
                continue;
            };
            match (column.kind.labels(), self.columns[index].kind.labels(), &self.values[index]) {
                (None, None, numbers) => values.push(numbers.clone()),
                (Some(labels), Some(own), Values::Code(codes)) => {
                    let places: Vec<Option<u32>> = own
                        .iter()
                        .map(|label| labels.iter().position(|known| known == label).map(|place| place as u32))
                        .collect();
                    let place = |&code: &u32| match code {
                        MISSING => Some(MISSING),
                        code => places[code as usize],
                    };
                    match codes.iter().map(place).collect::<Option<Vec<u32>>>() {
                        Some(codes) => values.push(Values::Code(codes)),
                        None => {
                            problems.push(format!("column `{}` has labels that are not known", column.name));
                        }
                    }
                }
                _ => problems.push(format!("column `{}` is of another kind", column.name)),
            }
        }
        if problems.is_empty() {
            return Ok(Self {
                columns: Arc::clone(columns),
                values,
                rows: self.rows,
                declared: Arc::default(),
                members: None,
            });
        }
        Err(Error::Problems { problems })
    }
}
