//! What a user says of a table's columns, in TOML.
//!
//! ```toml
//! member = "voter"                 # the column that says whose row it is
//! rows_per_member = 20             # rows of a member that a private fit learns at most; 1 where not given
//!
//! [columns.age]
//! kind = "integer"
//! minimum = 17
//! maximum = 90
//!
//! [columns.income]
//! kind = "categorical"
//! labels = ["<=50K", ">50K"]
//!
//! [columns.note]
//! kind = "leave-out"
//!
//! [[constraints]]                  # never a value of `opened` above that of `closed`
//! order = ["opened", "closed"]
//!
//! [[constraints]]                  # only combinations that the data hold
//! combination = ["city", "country"]
//!
//! [[constraints]]                  # `whale` is `yes` in exactly the rows with such a weight
//! exactly = { column = "whale", label = "yes", where = "weight", minimum = 10000 }
//! ```
//!
//! Bounds come from what a column means, not from its data, and may be generous: private fits find out for a part of
//! their budget where between them the rows lie.

use std::collections::BTreeMap;
use std::path::Path;

use daotwin_core::Limits;
use daotwin_core::files::read_limited;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Rows of a member that a private fit may count: noise for more would leave nothing of them.
const MOST_ROWS_PER_MEMBER: u32 = 10_000;

/// What a user says of a table. What is not said is read from the data, which a private fit refuses.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    /// The column that names the member whose row it is. It is not learned.
    pub member: Option<String>,
    /// How many rows of a member a private fit learns at most, 1 where not given: the more, the more noise.
    pub rows_per_member: Option<u32>,
    /// What is said of each column.
    #[serde(default)]
    pub columns: BTreeMap<String, DeclaredColumn>,
    /// What holds in every row.
    #[serde(default)]
    pub constraints: Vec<Constraint>,
}

/// What holds in every row of a table, and in every row sampled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Constraint {
    /// A number or time is never above another one of the row.
    Order(String, String),
    /// Columns of labels show only combinations that the data hold.
    Combination(Vec<String>),
    /// A column has a label in exactly the rows whose number lies in a range.
    Exactly {
        /// The column with the label.
        column: String,
        /// The label.
        label: String,
        /// The column with the number.
        #[serde(rename = "where")]
        number: String,
        /// The range's lower end; none where not given.
        minimum: Option<f64>,
        /// The range's upper end, included; none where not given.
        maximum: Option<f64>,
    },
}

impl Constraint {
    /// The columns that it names.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Self::Order(low, high) => vec![low, high],
            Self::Combination(columns) => columns.iter().map(String::as_str).collect(),
            Self::Exactly { column, number, .. } => vec![column, number],
        }
    }
}

/// What a user says of a column.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum DeclaredColumn {
    /// Real numbers within bounds.
    Numeric {
        /// Digits behind the point.
        decimals: Option<u8>,
        /// The least value.
        minimum: f64,
        /// The greatest value.
        maximum: f64,
        /// Whether a value may be missing.
        #[serde(default)]
        optional: bool,
    },
    /// Whole numbers within bounds.
    Integer {
        /// The least value.
        minimum: i64,
        /// The greatest value.
        maximum: i64,
        /// Whether a value may be missing.
        #[serde(default)]
        optional: bool,
    },
    /// Times within bounds, in ISO 8601 or seconds since 1970.
    Datetime {
        /// The earliest time.
        minimum: String,
        /// The latest time.
        maximum: String,
        /// Whether every value is a day.
        #[serde(default)]
        day: bool,
        /// Whether a value may be missing.
        #[serde(default)]
        optional: bool,
    },
    /// One of two labels, false first.
    Boolean {
        /// The labels.
        labels: [String; 2],
        /// Whether a value may be missing.
        #[serde(default)]
        optional: bool,
    },
    /// One of the labels.
    Categorical {
        /// The labels.
        labels: Vec<String>,
        /// Whether a value may be missing.
        #[serde(default)]
        optional: bool,
    },
    /// Not learned and not sampled.
    LeaveOut,
}

impl Declaration {
    /// Reads a declaration.
    ///
    /// # Errors
    /// I/O, limits; [`Error::Problems`] naming everything that is wrong with it.
    pub fn read(path: &Path, limits: &Limits) -> Result<Self> {
        let bytes = read_limited(path, limits.max_file_bytes)?;
        let name = |problem: String| format!("`{}`: {problem}", path.display());
        let declaration: Self = toml::from_str(&String::from_utf8_lossy(&bytes))
            .map_err(|error| Error::Problems { problems: vec![name(error.to_string().trim().to_owned())] })?;
        let problems: Vec<String> = declaration.problems().into_iter().map(name).collect();
        if problems.is_empty() { Ok(declaration) } else { Err(Error::Problems { problems }) }
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if let Some(rows) = self.rows_per_member {
            if self.member.is_none() {
                problems.push(
                    "`rows_per_member` needs `member`, the column that says whose row it is".to_owned(),
                );
            }
            if !(1..=MOST_ROWS_PER_MEMBER).contains(&rows) {
                problems
                    .push(format!("`rows_per_member` is {rows}; 1 to {MOST_ROWS_PER_MEMBER} are allowed"));
            }
        }
        for (name, column) in &self.columns {
            let mut say = |what: &str| problems.push(format!("column `{name}`: {what}"));
            match column {
                DeclaredColumn::Numeric { minimum, maximum, decimals, .. } => {
                    if !(minimum.is_finite() && maximum.is_finite() && minimum <= maximum) {
                        say("`minimum` and `maximum` must be finite, the minimum not above the maximum");
                    }
                    if decimals.is_some_and(|decimals| decimals > 9) {
                        say("`decimals` is at most 9");
                    }
                }
                DeclaredColumn::Integer { minimum, maximum, .. } => {
                    let exact = 1_i64 << 53;
                    if minimum > maximum || *minimum < -exact || *maximum > exact {
                        say("`minimum` must not be above `maximum`, and both lie within 2^53 of 0");
                    }
                }
                DeclaredColumn::Datetime { minimum, maximum, .. } => {
                    match (super::read::time(minimum), super::read::time(maximum)) {
                        (Some((low, _)), Some((high, _))) if low <= high => {}
                        _ => say(
                            "`minimum` and `maximum` must be times such as `2024-05-31T12:00:00Z`, in order",
                        ),
                    }
                }
                DeclaredColumn::Boolean { labels: [no, yes], .. } => {
                    if no == yes {
                        say("the two labels are the same");
                    }
                }
                DeclaredColumn::Categorical { labels, .. } => {
                    let mut sorted = labels.clone();
                    sorted.sort_unstable();
                    sorted.dedup();
                    if labels.is_empty() || sorted.len() < labels.len() {
                        say("`labels` must name at least one label, each once");
                    }
                }
                DeclaredColumn::LeaveOut => {}
            }
        }
        if let Some(member) = &self.member
            && self.columns.get(member).is_some_and(|column| *column != DeclaredColumn::LeaveOut)
        {
            problems.push(format!(
                "column `{member}` names members, so it cannot be learned; leave it out of `columns`"
            ));
        }
        // Each constraint rewrites its columns, so two of them cannot share one.
        let mut named: Vec<&str> = self.constraints.iter().flat_map(Constraint::columns).collect();
        named.sort_unstable();
        for pair in named.windows(2).filter(|pair| pair[0] == pair[1]) {
            problems.push(format!("column `{}` is named twice by constraints; once is allowed", pair[0]));
        }
        for constraint in &self.constraints {
            match constraint {
                Constraint::Combination(columns) if columns.len() < 2 => {
                    problems.push("a `combination` names at least two columns".to_owned());
                }
                Constraint::Exactly { column, minimum: None, maximum: None, .. } => {
                    problems.push(format!("`exactly` of column `{column}` needs a `minimum` or a `maximum`"));
                }
                _ => {}
            }
        }
        problems
    }
}
