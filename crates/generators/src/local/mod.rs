//! Whole tables for members who trust nobody: every value is noised before anyone collects the row.
//!
//! [`randomise`] turns a table into reports. Each declared column becomes categories (labels; bins of a number's
//! declared bounds; missing as a category of its own where a value may be missing), and each category is kept or
//! replaced by k-ary randomised response. A row's epsilon is split evenly over its columns, so that a row's reports
//! together are epsilon-private, whatever the columns tell about each other. A [`Statement`] says with what
//! probabilities, from which [`estimate`] and [`fit`] take the noise out again: what is made of reports is
//! post-processing and costs nothing more.
//!
//! # Sources
//! Warner 1965; Kairouz, Bonawitz and Ramage 2016 (k-ary randomised response); [`daotwin_privacy::local`].

use std::path::Path;

use daotwin_core::files::{atomic_write, read_limited};
use daotwin_core::{Run, Seed};
use daotwin_history::frame::Frame;
use daotwin_history::frame::synthesizer::{FittedTable, TableFitOptions};
use daotwin_privacy::Rational;
use daotwin_privacy::local::{Mechanism, Randomiser};
use serde::{Deserialize, Serialize};

use crate::encode::Discrete;
use crate::error::{Error, Result};

/// The version of a statement's file.
const VERSION: u32 = 1;

/// Bins of a statement that is read, at most.
const MAX_BINS: usize = 65_536;

/// What the reports of a table cost, and with what probabilities they were made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The version of the file.
    pub version: u32,
    /// `k-ary randomised response`.
    pub mechanism: String,
    /// What all reports of one row cost together.
    pub epsilon: f64,
    /// Bins that declared bounds were cut into.
    pub bins: usize,
    /// The columns in the table's order.
    pub columns: Vec<Report>,
}

/// How the reports of one column were made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The column.
    pub name: String,
    /// Its categories, that of missing values included.
    pub categories: usize,
    /// What one report costs. A column of one category tells nothing and costs nothing.
    pub epsilon: f64,
    /// The probability that a report is the true category.
    pub truth: f64,
    /// The probability that it is a given other one.
    pub other: f64,
}

const MECHANISM: &str = "k-ary randomised response";

impl Report {
    fn new(name: &str, categories: usize, epsilon: f64) -> Self {
        let other = 1.0 / (epsilon.exp() + categories as f64 - 1.0);
        Self { name: name.to_owned(), categories, epsilon, truth: other * epsilon.exp(), other }
    }

    /// What a row adds to the variance of an unbiased count of one category, averaged over the categories.
    pub(crate) fn variance(&self) -> f64 {
        let (p, q, share) = (self.truth, self.other, 1.0 / self.categories as f64);
        let second = |keep: f64| keep * (1.0 - q).powi(2) + (1.0 - keep) * q * q;
        ((1.0 - share) * second(q) + share * second(p)) / (p - q).powi(2)
    }
}

impl Statement {
    /// Writes the statement as JSON, whole or not at all.
    ///
    /// # Errors
    /// I/O.
    pub fn write(&self, path: &Path) -> Result<()> {
        let mut text = serde_json::to_vec_pretty(self).map_err(|error| Error::Defect(error.to_string()))?;
        text.push(b'\n');
        Ok(atomic_write(path, &text)?)
    }

    /// Reads a statement, and checks that its probabilities are those of its epsilons.
    ///
    /// # Errors
    /// I/O, limits; [`Error::Options`] for what is no statement.
    pub fn read(path: &Path, run: &Run) -> Result<Self> {
        let bytes = read_limited(path, run.limits.max_file_bytes)?;
        let refuse = |what: String| Error::Options {
            problems: vec![format!(
                "`{}` is no statement of `daotwin randomise`: {what}; give the file that was written beside the table",
                path.display()
            )],
        };
        let statement: Self = serde_json::from_slice(&bytes)
            .map_err(|error| refuse(format!("line {} is not as expected", error.line())))?;
        if statement.version != VERSION || statement.mechanism != MECHANISM {
            return Err(refuse("its version or mechanism is not known".to_owned()));
        }
        let holds = |report: &Report| {
            let expected = Report::new(&report.name, report.categories, report.epsilon);
            report.categories == 1
                || report.categories > 1
                    && report.epsilon > 0.0
                    && report.epsilon <= 50.0
                    && (report.truth - expected.truth).abs() < 1e-9
                    && (report.other - expected.other).abs() < 1e-9
        };
        if let Some(wrong) = statement.columns.iter().find(|report| !holds(report)) {
            return Err(refuse(format!(
                "the probabilities of column `{}` are not its epsilon's",
                wrong.name
            )));
        }
        let spent: f64 = statement.columns.iter().map(|report| report.epsilon).sum();
        if spent.is_nan()
            || spent > statement.epsilon * (1.0 + 1e-9)
            || !(1..=MAX_BINS).contains(&statement.bins)
        {
            return Err(refuse(
                "its epsilon is less than its columns cost, or its bins are out of range".to_owned(),
            ));
        }
        Ok(statement)
    }

    /// How the table's columns become categories.
    ///
    /// # Errors
    /// [`Error::Options`] where the table's columns are not those of the statement.
    pub(crate) fn discrete(&self, frame: &Frame) -> Result<Discrete> {
        let discrete = Discrete::declared(frame.columns(), self.bins);
        let fits = self.columns.len() == frame.columns().len()
            && self.columns.iter().zip(frame.columns().iter()).zip(discrete.sizes()).enumerate().all(
                |(place, ((report, column), size))| {
                    report.name == column.name && report.categories == size && frame.is_declared(place)
                },
            );
        if fits {
            return Ok(discrete);
        }
        Err(Error::Options {
            problems: vec![
                "the table's columns are not those of the statement; give the same `--columns` as to \
                 `daotwin randomise`"
                    .to_owned(),
            ],
        })
    }
}

/// Reports of every row. `epsilon` is what a member's reports cost together: those of a row, or where members are
/// declared, those of as many of its rows as were declared at most (others are left out); `bins` intervals are cut into each number's
/// declared bounds, and a report of a number is a value drawn from its bin. Noise comes from the operating system:
/// no two calls agree.
///
/// # Errors
/// [`Error::Options`] naming every column that is not declared; an epsilon or bins out of range; cancellation.
pub fn randomise(frame: &Frame, epsilon: f64, bins: usize, run: &Run) -> Result<(Frame, Statement)> {
    let columns = frame.columns();
    let mut problems: Vec<String> = (0..columns.len())
        .filter(|&column| !frame.is_declared(column))
        .map(|column| {
            format!(
                "column `{}` is not declared: its labels or bounds would tell of other rows; declare it, or say \
                 `kind = \"leave-out\"`",
                columns[column].name
            )
        })
        .collect();
    if columns.is_empty() {
        problems.push("the table has no column to report".to_owned());
    }
    if !(1..=MAX_BINS).contains(&bins) {
        problems.push(format!("`bins` is {bins}, allowed is 1 to {MAX_BINS}"));
    }
    let discrete = Discrete::declared(columns, bins.clamp(1, MAX_BINS));
    let sizes = discrete.sizes();
    let telling = sizes.iter().filter(|&&size| size > 1).count().max(1);
    let frame = &*frame.bounded();
    let telling = telling * frame.members().map_or(1, |members| members.most_rows as usize);
    // Rounded down, so that the columns never cost more than the member.
    let units = (epsilon / telling as f64 * UNITS).floor();
    if !(units >= 1.0 && epsilon <= 50.0 * telling as f64) {
        problems.push(format!(
            "`epsilon` is {epsilon}, allowed is above 0 and up to 50 a report: below it every report is noise, above \
             it every report is the truth"
        ));
    }
    if !problems.is_empty() {
        return Err(Error::Options { problems });
    }
    let each = Rational::new(units as u128, UNITS as u128)?;
    let mut codes = discrete.encode(frame);
    let mut reports = Vec::with_capacity(columns.len());
    for (place, (codes, &size)) in codes.iter_mut().zip(&sizes).enumerate() {
        run.step("randomise", place as u64, columns.len() as u64)?;
        if size < 2 {
            reports.push(Report { truth: 1.0, ..Report::new(&columns[place].name, 1, 0.0) });
            continue;
        }
        let mechanism = Mechanism::Categories { categories: size as u32, epsilon: each };
        let mut randomiser = Randomiser::new(mechanism)?;
        for (row, code) in codes.iter_mut().enumerate() {
            if row % 4_096 == 0 {
                run.check()?;
            }
            let report = randomiser.report(i64::from(*code))?;
            *code = u32::try_from(report).map_err(|_| Error::Defect("a report is no category".into()))?;
        }
        reports.push(Report::new(&columns[place].name, size, each.to_f64()));
    }
    // Where in its bin a number is written is no secret: it follows from the report alone.
    let noisy = discrete.decode(&codes, &mut Seed(0).stream("values of reports"))?;
    let noisy = noisy.with_declared(0..columns.len());
    let statement =
        Statement { version: VERSION, mechanism: MECHANISM.to_owned(), epsilon, bins, columns: reports };
    Ok((noisy, statement))
}

/// Parts of 1 that an epsilon is a whole number of.
const UNITS: f64 = 1e9;

/// The shares of rows in each combination of the categories of these columns (the last runs fastest), estimated from
/// reports without bias: the reports' shares with each column's law inverted. Single estimates may lie below 0 or
/// above 1; cutting them would bias them.
///
/// # Errors
/// [`Error::Options`] for columns that are not the statement's, for a place that is none, for no rows, and for more
/// than 2^24 combinations.
pub fn estimate(frame: &Frame, statement: &Statement, columns: &[usize]) -> Result<Vec<f64>> {
    let discrete = statement.discrete(frame)?;
    let sizes = discrete.sizes();
    let cells = columns
        .iter()
        .try_fold(1_usize, |cells, &column| sizes.get(column).and_then(|&size| cells.checked_mul(size)));
    let Some(cells) = cells.filter(|&cells| cells <= 1 << 24 && frame.rows() > 0) else {
        let what =
            "an estimate needs rows, columns of the table, and at most 2^24 combinations of categories";
        return Err(Error::Options { problems: vec![what.to_owned()] });
    };
    let mut shares = vec![0.0; cells];
    let codes: Vec<Vec<u32>> =
        columns.iter().map(|&column| discrete.parts[column].encode(frame.values(column))).collect();
    for row in 0..frame.rows() {
        let place =
            |cell: usize, (codes, &column): (&Vec<u32>, &usize)| cell * sizes[column] + codes[row] as usize;
        shares[codes.iter().zip(columns).fold(0, place)] += 1.0 / frame.rows() as f64;
    }
    let reports: Vec<&Report> = columns.iter().map(|&column| &statement.columns[column]).collect();
    invert(&mut shares, &reports);
    Ok(shares)
}

/// Takes the law of reports off a table over columns with these reports, the last column running fastest.
pub(crate) fn invert(table: &mut [f64], reports: &[&Report]) {
    let mut stride = 1;
    for report in reports.iter().rev() {
        let size = report.categories;
        for block in table.chunks_exact_mut(size * stride) {
            for start in 0..stride {
                let sum: f64 = block.iter().skip(start).step_by(stride).sum();
                for value in block.iter_mut().skip(start).step_by(stride) {
                    *value = (*value - report.other * sum) / (report.truth - report.other);
                }
            }
        }
        stride *= size;
    }
}

/// A spanning tree of pairs of columns ([`Mst`](crate::table::marginals::Strategy::Mst)) learned from reports: from the unbiased
/// estimates of single columns and of pairs, each weighted by its noise. Pairs in which the noise hides what they tell
/// are left out. The model's guarantee is the statement's.
///
/// # Errors
/// [`Error::Options`] for columns that are not the statement's, and for a second guarantee; cancellation.
pub fn fit(
    frame: &Frame,
    statement: &Statement,
    options: &TableFitOptions,
    run: &Run,
) -> Result<Box<dyn FittedTable>> {
    crate::table::marginals::fit_reports(frame, statement, options, run)
}

#[cfg(test)]
mod test;
