//! A frame as small codes and back: the shared cells, and within each the shape of its values.
//!
//! A number's interval is cut into parts of about equally many rows, at least `part` of them each, so that a
//! draw follows the data within an interval too (the last interval of a heavy tail above all) while no value
//! is copied: what is drawn lies between two cuts.

use std::collections::BTreeMap;
use std::sync::Arc;

use daotwin_core::Stream;
use daotwin_history::frame::synthesizer::{Condition, Conditions};
use daotwin_history::frame::{Column, Frame, Kind, MISSING, Values};
use rayon::prelude::*;

use crate::encode::{Discrete, DiscreteColumn};
use crate::error::{Error, Result};

/// Cells of a number; with a code for missing values they fit a byte.
pub(crate) const CELLS: usize = 255;

/// Parts that an interval may be cut into.
const PARTS: usize = 32;

/// Above this ratio of its ends a part is drawn from on a logarithmic scale.
const LOGARITHMIC: f64 = 1.5;

/// Steps of a column's unit that an interval may span to be drawn step by step.
const STEPS: f64 = 64.0;

/// The cuts of every interval of one column.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Cuts {
    /// Where the cuts of each code start; one more than codes. Empty for labels.
    pub starts: Vec<usize>,
    /// The cuts, ascending within a code. A value alone has one.
    pub at: Vec<f64>,
}

/// What a condition leaves of one column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Allowed {
    /// The first code.
    pub first: u32,
    /// The last code.
    pub last: u32,
    /// How much of the first and of the last code's values is allowed.
    pub shares: (f64, f64),
    /// The numbers allowed; none for labels and missing values.
    pub range: Option<(f64, f64)>,
}

impl Allowed {
    /// How much of a code's values is allowed.
    pub(crate) fn share(&self, code: u32) -> f64 {
        if code < self.first || code > self.last {
            0.0
        } else if code == self.first {
            self.shares.0
        } else if code == self.last {
            self.shares.1
        } else {
            1.0
        }
    }
}

/// Codes of all columns, and the way back.
#[derive(Debug, Clone)]
pub(crate) struct Codec {
    /// The shared cells.
    pub discrete: Discrete,
    /// One a column.
    pub cuts: Vec<Cuts>,
}

/// What two values of a kind differ by at least; none for real numbers.
fn unit(kind: &Kind) -> Option<f64> {
    match kind {
        Kind::Integer | Kind::Datetime { day: false } => Some(1.0),
        Kind::Datetime { day: true } => Some(86_400.0),
        Kind::Numeric { decimals: Some(decimals) } => Some(10_f64.powi(-i32::from(*decimals))),
        _ => None,
    }
}

/// Below this ratio of its ends a part from just above zero is drawn from evenly.
const FINEST: f64 = 1e-15;

fn logarithmic(low: f64, high: f64) -> bool {
    low > FINEST * high && low > 0.0 && high > LOGARITHMIC * low
}

/// The share of a part's values up to `value`.
fn rank(low: f64, high: f64, value: f64) -> f64 {
    let share = if logarithmic(low, high) {
        (value / low).ln() / (high / low).ln()
    } else {
        (value / high.abs().max(low.abs()) - low / high.abs().max(low.abs()))
            / (high / high.abs().max(low.abs()) - low / high.abs().max(low.abs()))
    };
    if share.is_nan() { 1.0 } else { share.clamp(0.0, 1.0) }
}

fn between(low: f64, high: f64, share: f64) -> f64 {
    if logarithmic(low, high) {
        low * (high / low).powf(share)
    } else {
        // Not low + (high - low) * share: the difference of extreme ends is infinite.
        low * (1.0 - share) + high * share
    }
}

impl Codec {
    /// Reads cells and cuts from a frame; every part of an interval holds at least `part` rows.
    pub(crate) fn fit(frame: &Frame, part: usize) -> (Self, Vec<Vec<u32>>) {
        Self::fit_cells(frame, part, CELLS)
    }

    /// As [`Codec::fit`], with at most so many cells a number.
    pub(crate) fn fit_cells(frame: &Frame, part: usize, cells: usize) -> (Self, Vec<Vec<u32>>) {
        let discrete = Discrete::fit(frame, cells);
        let codes = discrete.encode(frame);
        let cuts = (0..codes.len())
            .into_par_iter()
            .map(|column| cut(&discrete.parts[column], frame.values(column), &codes[column], part.max(1)))
            .collect();
        (Self { discrete, cuts }, codes)
    }

    /// The cells of a private fit, without a look at any value; numbers are drawn as the cells say.
    pub(crate) fn of_cells(discrete: Discrete) -> Self {
        let cuts = |part: &DiscreteColumn| {
            let mut cuts = Cuts::default();
            if part.interval(0).is_some() {
                cuts.starts.push(0);
            }
            for code in (0..part.size() as u32).take_while(|&code| part.interval(code).is_some()) {
                cuts.at.extend(part.cuts(code, PARTS));
                cuts.starts.push(cuts.at.len());
            }
            cuts
        };
        Self { cuts: discrete.parts.iter().map(cuts).collect(), discrete }
    }

    /// Puts what was read from files together.
    ///
    /// # Errors
    /// [`Error::Defect`] where it does not fit.
    pub(crate) fn new(discrete: Discrete, cuts: Vec<Cuts>) -> Result<Self> {
        let fits = |part: &DiscreteColumn, kind: &Kind, cuts: &Cuts| {
            if kind.labels().is_some() {
                return cuts.starts.is_empty() && cuts.at.is_empty();
            }
            let cells = part.size() - usize::from(part.missing().is_some());
            // A column without any value has no cell, and one code.
            let cells = if part.interval(0).is_none() { 0 } else { cells };
            cuts.starts.len() == cells + 1
                && cuts.starts[0] == 0
                && cuts.starts[cells] == cuts.at.len()
                && cuts.starts.windows(2).enumerate().all(|(code, pair)| {
                    pair[0] < pair[1]
                        && pair[1] <= cuts.at.len()
                        && part.interval(code as u32).is_some_and(|(low, high)| {
                            let own = &cuts.at[pair[0]..pair[1]];
                            own[0] == low
                                && own[own.len() - 1] == high
                                && own.windows(2).all(|pair| pair[0] < pair[1])
                        })
                })
        };
        let columns = Arc::clone(discrete.columns());
        let all = discrete.parts.iter().zip(columns.iter()).zip(&cuts);
        if cuts.len() == columns.len()
            && all.into_iter().all(|((part, column), cuts)| fits(part, &column.kind, cuts))
        {
            Ok(Self { discrete, cuts })
        } else {
            Err(Error::Defect("cuts do not fit their columns".to_owned()))
        }
    }

    /// The columns.
    pub(crate) fn columns(&self) -> &Arc<[Column]> {
        self.discrete.columns()
    }

    /// The codes of another frame's rows, a list a column, and which rows have a code in every column: a label
    /// that was never seen has none. None where the frame lacks a column or has one of another kind.
    pub(crate) fn encode(&self, frame: &Frame) -> Option<(Vec<Vec<u32>>, Vec<bool>)> {
        let mut known = vec![true; frame.rows()];
        let mut all = Vec::with_capacity(self.cuts.len());
        for (column, part) in self.columns().iter().zip(&self.discrete.parts) {
            let index = frame.index(&column.name)?;
            let values = frame.values(index);
            let codes = match (column.kind.labels(), frame.columns()[index].kind.labels(), values) {
                (None, None, values) => part.encode(values),
                (Some(labels), Some(own), Values::Code(codes)) => {
                    let places: BTreeMap<&str, u32> =
                        labels.iter().zip(0..).map(|(label, place)| (label.as_str(), place)).collect();
                    let places: Vec<Option<u32>> =
                        own.iter().map(|label| places.get(label.as_str()).copied()).collect();
                    let place =
                        |code: u32| if code == MISSING { part.missing() } else { places[code as usize] };
                    let code = |(&code, known): (&u32, &mut bool)| {
                        let place = place(code);
                        *known &= place.is_some();
                        place.unwrap_or(0)
                    };
                    codes.iter().zip(&mut known).map(code).collect()
                }
                _ => return None,
            };
            if part.missing().is_none() {
                known.iter_mut().enumerate().for_each(|(row, known)| *known &= !values.is_missing(row));
            }
            all.push(codes);
        }
        Some((all, known))
    }

    /// The cuts of a code; none for labels and missing values.
    fn own(&self, column: usize, code: u32) -> &[f64] {
        let cuts = &self.cuts[column];
        match cuts.starts.get(code as usize..code as usize + 2) {
            Some(&[start, end]) => &cuts.at[start..end],
            _ => &[],
        }
    }

    /// A number of a code; NaN for missing.
    pub(crate) fn draw(&self, column: usize, code: u32, stream: &mut Stream) -> f64 {
        let cuts = self.own(column, code);
        let (Some(&low), Some(&high)) = (cuts.first(), cuts.last()) else { return f64::NAN };
        if low == high {
            return low;
        }
        let kind = &self.columns()[column].kind;
        let step = unit(kind).filter(|step| high - low <= STEPS * step);
        let value = if let Some(step) = step {
            // Every step alike: rounding a draw between the ends would give the ends half their share.
            low - 0.5 * step + (high - low + step) * stream.uniform()
        } else {
            let place = stream.uniform() * (cuts.len() - 1) as f64;
            let part = (place as usize).min(cuts.len() - 2);
            between(cuts[part], cuts[part + 1], place - part as f64)
        };
        kind.round(value).clamp(low, high)
    }

    /// A number of a code within a range.
    pub(crate) fn draw_within(
        &self,
        column: usize,
        code: u32,
        range: (f64, f64),
        stream: &mut Stream,
    ) -> f64 {
        for _ in 0..16 {
            let value = self.draw(column, code, stream);
            if (range.0..=range.1).contains(&value) {
                return value;
            }
        }
        let kind = &self.columns()[column].kind;
        let cuts = self.own(column, code);
        let (mut low, mut high) = range;
        if let (Some(&first), Some(&last)) = (cuts.first(), cuts.last())
            && first.max(low) <= last.min(high)
        {
            (low, high) = (first.max(low), last.min(high));
        }
        kind.round(between(low, high, stream.uniform())).clamp(range.0, range.1)
    }

    /// Values of codes, of one column.
    pub(crate) fn decode(
        &self,
        column: usize,
        codes: &[u32],
        allowed: Option<&Allowed>,
        stream: &mut Stream,
    ) -> Values {
        let part = &self.discrete.parts[column];
        if self.columns()[column].kind.labels().is_some() {
            let missing = part.missing();
            let code = |&code: &u32| if Some(code) == missing { MISSING } else { code };
            return Values::Code(codes.iter().map(code).collect());
        }
        let draw = |&code: &u32| match allowed.and_then(|allowed| allowed.range) {
            Some(range) => self.draw_within(column, code, range, stream),
            None => self.draw(column, code, stream),
        };
        Values::Number(codes.iter().map(draw).collect())
    }

    /// The natural logarithm of the density of a number within its code; 0 for a value alone, a label or a
    /// missing value. Whole numbers and times count as drawn from the interval around them.
    pub(crate) fn log_density(&self, column: usize, code: u32, value: f64) -> f64 {
        let cuts = self.own(column, code);
        if cuts.len() < 2 || value.is_nan() {
            return 0.0;
        }
        let above = cuts.partition_point(|cut| *cut <= value).clamp(1, cuts.len() - 1);
        let (low, high) = (cuts[above - 1], cuts[above]);
        let parts = ((cuts.len() - 1) as f64).ln();
        if logarithmic(low, high) {
            -parts - value.clamp(low, high).ln() - (high / low).ln().ln()
        } else {
            // The difference of extreme ends would be infinite.
            -parts - (high * 0.5 - low * 0.5).ln() - std::f64::consts::LN_2
        }
    }

    /// What every condition leaves of its column.
    ///
    /// # Errors
    /// One message a condition that no row meets.
    pub(crate) fn allowed(&self, conditions: &Conditions) -> Result<Vec<Option<Allowed>>> {
        let mut all = vec![None; self.cuts.len()];
        let mut problems = Vec::new();
        for (column, condition) in conditions {
            match self.columns().get(*column) {
                None => problems.push(format!("a condition names column {column} of {}", self.cuts.len())),
                Some(known) => match self.one(*column, condition) {
                    Ok(allowed) => all[*column] = Some(allowed),
                    Err(reason) => {
                        problems.push(format!("no row can meet the condition on `{}`: {reason}", known.name));
                    }
                },
            }
        }
        if problems.is_empty() { Ok(all) } else { Err(Error::Options { problems }) }
    }

    fn one(&self, column: usize, condition: &Condition) -> std::result::Result<Allowed, String> {
        let part = &self.discrete.parts[column];
        let kind = &self.columns()[column].kind;
        let alone = |code: u32| Ok(Allowed { first: code, last: code, shares: (1.0, 1.0), range: None });
        match (condition, kind.labels()) {
            (Condition::Code(MISSING), _) => {
                part.missing().map_or(Err("it was never missing in the data".to_owned()), alone)
            }
            (Condition::Code(code), Some(labels)) if (*code as usize) < labels.len() => alone(*code),
            (Condition::Code(_), Some(labels)) => Err(format!("it has {} labels", labels.len())),
            (Condition::Code(_), None) => Err("it is a number, not a label".to_owned()),
            (Condition::Range(..), Some(_)) => Err("it is a label, not a number".to_owned()),
            (Condition::Range(low, high), None) if low.is_nan() && high.is_nan() => {
                part.missing().map_or(Err("it was never missing in the data".to_owned()), alone)
            }
            (Condition::Range(low, high), None) => self.range(column, *low, *high),
        }
    }

    fn range(&self, column: usize, low: f64, high: f64) -> std::result::Result<Allowed, String> {
        let kind = &self.columns()[column].kind;
        let step = unit(kind).unwrap_or(0.0);
        let inward = |end: f64, step: f64, inside: &dyn Fn(f64) -> bool| {
            let near = kind.round(end);
            if inside(near) { near } else { kind.round(near + step) }
        };
        let (low, high) = (inward(low, step, &|near| near >= low), inward(high, -step, &|near| near <= high));
        if !(low.is_finite() && high.is_finite() && low <= high) {
            return Err("its range holds no value of the column's kind".to_owned());
        }
        let part = &self.discrete.parts[column];
        let cells = self.cuts[column].starts.len().saturating_sub(1) as u32;
        if cells == 0 {
            return Ok(Allowed { first: 0, last: 0, shares: (1.0, 1.0), range: Some((low, high)) });
        }
        let ends = |code: u32| part.interval(code).unwrap_or((f64::NAN, f64::NAN));
        let first = (0..cells).find(|&code| ends(code).1 >= low);
        let last = (0..cells).rev().find(|&code| ends(code).0 <= high);
        Ok(match (first, last) {
            (Some(first), Some(last)) if first <= last => {
                let share = |code: u32| self.share(column, code, low, high).max(1e-9);
                Allowed { first, last, shares: (share(first), share(last)), range: Some((low, high)) }
            }
            // Between two cells, or beyond the data: what is near counts as evidence.
            _ => {
                let values = Values::Number(vec![between(low, high, 0.5)]);
                let code = part.encode(&values)[0];
                Allowed { first: code, last: code, shares: (1.0, 1.0), range: Some((low, high)) }
            }
        })
    }

    /// The share of a code's values between `low` and `high`.
    fn share(&self, column: usize, code: u32, low: f64, high: f64) -> f64 {
        let cuts = self.own(column, code);
        if cuts.len() < 2 {
            return 1.0;
        }
        let up_to = |value: f64| {
            let parts =
                cuts.windows(2).map(|pair| if value < pair[0] { 0.0 } else { rank(pair[0], pair[1], value) });
            parts.sum::<f64>() / (cuts.len() - 1) as f64
        };
        // Both ends belong to the range: half a step around a whole number.
        let half = unit(&self.columns()[column].kind).unwrap_or(0.0) / 2.0;
        (up_to(high + half) - up_to(low - half)).clamp(0.0, 1.0)
    }
}

/// Puts a value from one place to another of values of the same kind.
pub(crate) fn put(to: &mut Values, at: usize, values: &Values, from: usize) {
    match (to, values) {
        (Values::Number(to), Values::Number(values)) => to[at] = values[from],
        (Values::Code(to), Values::Code(values)) => to[at] = values[from],
        _ => {}
    }
}

fn cut(column: &DiscreteColumn, values: &Values, codes: &[u32], part: usize) -> Cuts {
    let Values::Number(values) = values else { return Cuts::default() };
    let cells = (0..column.size() as u32).take_while(|&code| column.interval(code).is_some()).count();
    let mut within = vec![Vec::new(); cells];
    for (&code, &value) in codes.iter().zip(values) {
        if let Some(own) = within.get_mut(code as usize)
            && !value.is_nan()
        {
            own.push(value);
        }
    }
    let mut cuts = Cuts { starts: vec![0], at: Vec::new() };
    for (code, mut own) in within.into_iter().enumerate() {
        own.sort_unstable_by(f64::total_cmp);
        let (low, high) = column.interval(code as u32).unwrap_or((0.0, 0.0));
        cuts.at.push(low);
        if low < high {
            let parts = (own.len() / part).clamp(1, PARTS);
            for at in 1..parts {
                // Between two rows rather than at one.
                let place = at * own.len() / parts;
                let middle = own[place - 1] * 0.5 + own[place] * 0.5;
                if cuts.at.last().is_some_and(|last| *last < middle) && middle < high {
                    cuts.at.push(middle);
                }
            }
            cuts.at.push(high);
        }
        cuts.starts.push(cuts.at.len());
    }
    cuts
}
