//! Boosted trees as judges: can they tell the tables apart, and can they learn from a synthetic one?

use daotwin_core::Seed;
use daotwin_core::statistics::area_under_curve;
use daotwin_history::frame::{Frame, MISSING, Values};

use crate::error::{Error, Result};
use crate::trees::{Effort, Samples, scores};

/// Rows of each side that the detection test looks at.
const MAX_ROWS: usize = 30_000;

/// Fewer rows of a side give no figure.
const MIN_ROWS: usize = 40;

/// A cell as trees see it: labels by their place, missing as NaN.
fn cell(values: &Values, row: usize) -> f64 {
    match values {
        Values::Number(values) => values[row],
        Values::Code(codes) if codes[row] == MISSING => f64::NAN,
        Values::Code(codes) => f64::from(codes[row]),
    }
}

fn row(frame: &Frame, without: Option<usize>, row: usize) -> impl Iterator<Item = f64> + '_ {
    let columns = (0..frame.columns().len()).filter(move |&column| Some(column) != without);
    columns.map(move |column| cell(frame.values(column), row))
}

/// The area under the curve, folded at one half, with which trees that learned on half of the rows of both
/// tables tell the other half apart; equally many rows a table. None with too few rows.
pub(super) fn detection(real: &Frame, other: &Frame, seed: Seed) -> Result<Option<f64>> {
    let each = real.rows().min(other.rows()).min(MAX_ROWS);
    if each < MIN_ROWS {
        return Ok(None);
    }
    let streams = seed.streams("table detection");
    let mut halves = [Samples::new(real.columns().len()), Samples::new(real.columns().len())];
    for (side, frame) in [real, other].into_iter().enumerate() {
        let mut stream = streams.stream(side as u64);
        let mut order: Vec<usize> = (0..frame.rows()).collect();
        for place in 0..each {
            let swap = place + stream.below((order.len() - place) as u64) as usize;
            order.swap(place, swap);
            halves[place % 2].push(row(frame, None, order[place]), side == 1);
        }
    }
    let [train, test] = &halves;
    let area = area_under_curve(&scores(train, test, Effort::Thorough)?, test.labels());
    Ok(Some(area.max(1.0 - area)))
}

/// What the utility test predicts: the rarer label of a column against all others.
pub(super) struct Target {
    column: usize,
    label: u32,
}

impl Target {
    /// The rarest label that occurs.
    ///
    /// # Errors
    /// A column that is not there, or has no two labels; the columns of labels are named.
    pub(super) fn of(real: &Frame, name: &str) -> Result<Self> {
        let fits = |index: usize| real.columns()[index].kind.labels().is_some_and(|labels| labels.len() >= 2);
        let Some(column) = real.index(name).filter(|&index| fits(index)) else {
            let known: Vec<String> = (0..real.columns().len())
                .filter(|&index| fits(index))
                .map(|index| format!("`{}`", real.columns()[index].name))
                .collect();
            let known = known.join(", ");
            return Err(Error::Incomparable {
                reason: format!(
                    "the target `{name}` is no column with at least two labels; such are {known}"
                ),
            });
        };
        let mut counts = vec![0_usize; real.columns()[column].kind.labels().map_or(0, <[String]>::len)];
        for &code in real.values(column).codes() {
            if code != MISSING {
                counts[code as usize] += 1;
            }
        }
        let rarest =
            counts.iter().enumerate().filter(|(_, count)| **count > 0).min_by_key(|(_, count)| **count);
        Ok(Self { column, label: rarest.map_or(0, |(label, _)| label as u32) })
    }

    fn samples(&self, frame: &Frame) -> Samples {
        let mut samples = Samples::new(frame.columns().len() - 1);
        let codes = frame.values(self.column).codes();
        for (index, code) in codes.iter().enumerate() {
            samples.push(row(frame, Some(self.column), index), *code == self.label);
        }
        samples
    }

    /// The area under the curve and F1 of trees that learned from `train`, on `test`.
    pub(super) fn utility(&self, train: &Frame, test: &Frame) -> Result<(f64, f64)> {
        let (train, test) = (self.samples(train), self.samples(test));
        if !train.enough(1) {
            return Ok((0.5, 0.0));
        }
        let scores = scores(&train, &test, Effort::Thorough)?;
        let area = area_under_curve(&scores, test.labels());
        // Scores are log-odds: above zero is more likely than not.
        let hits = scores.iter().zip(test.labels()).filter(|(score, label)| **score > 0.0 && **label).count();
        let called = scores.iter().filter(|score| **score > 0.0).count();
        let f1 = 2.0 * hits as f64 / (called + test.positives()).max(1) as f64;
        Ok((area, f1))
    }
}
