//! Every column as small codes: labels as they are, numbers as atoms and intervals.
//!
//! A value that fills a whole bin by itself (a zero balance, a default of 40 hours) is an atom and comes back
//! exactly. The other values share intervals with about equally many rows each; a code comes back as a draw
//! from its interval, so no number of the data is copied unless many rows share it.

use std::sync::Arc;

use daotwin_core::Stream;
use daotwin_history::frame::{Column, Frame, Kind, MISSING, Values};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// One value, or the values from `low` to `high`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Cell {
    pub(super) low: f64,
    pub(super) high: f64,
}

/// A part of a cell, and the share of the cell's rows up to its end.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) upto: f64,
}

/// How one column becomes codes from 0 to [`DiscreteColumn::size`].
///
/// A column that may be missing has one code more than values, the last one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DiscreteColumn {
    pub(super) kind: Kind,
    pub(super) optional: bool,
    /// Cells in ascending order, apart from each other; none for labels.
    pub(super) cells: Vec<Cell>,
    /// How rows lie within each cell, where that is known; even where a cell has no parts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) parts: Vec<Vec<Part>>,
}

/// Above this ratio of its ends an interval is drawn from on a logarithmic scale: heavy tails have most of
/// their values near the lower end.
const LOGARITHMIC: f64 = 2.0;

impl DiscreteColumn {
    /// A column without cells.
    pub(super) fn bare(kind: &Kind) -> Self {
        Self { kind: kind.clone(), optional: false, cells: Vec::new(), parts: Vec::new() }
    }

    /// Reads atoms and intervals from the data: at most `most` cells.
    pub fn fit(column: &Column, values: &Values, most: usize) -> Self {
        let mut cells = Vec::new();
        if column.kind.labels().is_none() {
            let mut sorted: Vec<f64> =
                values.numbers().iter().copied().filter(|value| !value.is_nan()).collect();
            sorted.sort_unstable_by(f64::total_cmp);
            cells = quantile_cells(&sorted, most.max(1));
        }
        Self { optional: column.optional, cells, ..Self::bare(&column.kind) }
    }

    /// Cuts declared bounds, without a look at any value: `most` intervals of equal width. Where numbers span
    /// more than 1,000 the width is equal in `log(1 + value)` (from the minimum where that is negative), and a
    /// minimum of zero, where a heavy tail often has a spike, is a cell of its own. Whole numbers that fit get
    /// a cell each.
    pub fn declared(column: &Column, most: usize) -> Self {
        let mut cells = Vec::new();
        if column.kind.labels().is_none() {
            let (low, high) = column.bounds;
            let whole = !matches!(column.kind, Kind::Numeric { .. });
            let unit = Self::bare(&column.kind).unit();
            let width = high - low;
            // The whole range of floats has a width that is no number.
            let most = if width.is_finite() { most } else { 1 };
            if whole && width / unit < most as f64 {
                let count = (width / unit) as usize + 1;
                cells = (0..count)
                    .map(|at| low + at as f64 * unit)
                    .map(|at| Cell { low: at, high: at })
                    .collect();
            } else {
                let skewed = width > 1_000.0 && matches!(column.kind, Kind::Integer | Kind::Numeric { .. });
                let origin = low.min(0.0);
                let (least, scale) = ((1.0 + low - origin).ln(), (1.0 + high - origin).ln());
                let edge = |at: usize| {
                    let share = at as f64 / most as f64;
                    let skew = || (least + share * (scale - least)).exp() - 1.0 + origin;
                    if at == 0 {
                        low
                    } else if at == most {
                        high
                    } else if skewed {
                        skew()
                    } else {
                        low + share * width
                    }
                };
                if skewed && low == 0.0 {
                    cells.push(Cell { low, high: low });
                }
                for at in 0..most {
                    let (mut from, mut to) = (edge(at), edge(at + 1));
                    if whole {
                        from = if at == 0 { from } else { (from / unit).floor() * unit + unit };
                        to = (to / unit).floor() * unit;
                    } else {
                        (from, to) = (column.kind.round(from), column.kind.round(to));
                    }
                    if let Some(last) = cells.last().filter(|last| last.high >= from) {
                        // Neighbours touch only at the edge, which belongs to the lower one.
                        from = if unit > 0.0 {
                            column.kind.round(last.high + unit)
                        } else {
                            last.high.next_up()
                        };
                    }
                    if from <= to {
                        cells.push(Cell { low: from, high: to });
                    }
                }
            }
        }
        Self { optional: column.optional, cells, ..Self::bare(&column.kind) }
    }

    /// How many codes there are, that of missing values included.
    pub fn size(&self) -> usize {
        let values = self.kind.labels().map_or(self.cells.len(), <[String]>::len);
        (values + usize::from(self.optional)).max(1)
    }

    /// The code of missing values, where there is one.
    pub fn missing(&self) -> Option<u32> {
        self.optional.then(|| self.size() as u32 - 1)
    }

    /// The middle of a code's values on the scale in which they are drawn; none for labels and for missing.
    pub fn center(&self, code: u32) -> Option<f64> {
        let cell = self.cells.get(code as usize)?;
        Some(if logarithmic(cell) { (cell.low * cell.high).sqrt() } else { (cell.low + cell.high) / 2.0 })
    }

    /// The least and greatest value of a code; none for labels and for missing.
    pub fn interval(&self, code: u32) -> Option<(f64, f64)> {
        self.cells.get(code as usize).map(|cell| (cell.low, cell.high))
    }

    /// The codes of a column's values. A number between two cells goes to the nearer one.
    pub fn encode(&self, values: &Values) -> Vec<u32> {
        // A missing value in a column without missing ones (a table that the model was not fitted on) has no
        // code of its own.
        let missing = self.missing().unwrap_or(0);
        match values {
            Values::Code(codes) => {
                codes.iter().map(|&code| if code == MISSING { missing } else { code }).collect()
            }
            Values::Number(values) => {
                values.iter().map(|&value| if value.is_nan() { missing } else { self.cell(value) }).collect()
            }
        }
    }

    fn cell(&self, value: f64) -> u32 {
        let above = self.cells.partition_point(|cell| cell.low <= value);
        let (Some(below), next) = (above.checked_sub(1), self.cells.get(above)) else { return 0 };
        let nearer = next.is_some_and(|next| next.low - value < value - self.cells[below].high);
        (if nearer { above } else { below }) as u32
    }

    /// A value of each code.
    pub fn decode(&self, codes: &[u32], stream: &mut Stream) -> Values {
        let missing = self.missing();
        if self.kind.labels().is_some() {
            return Values::Code(
                codes.iter().map(|&code| if Some(code) == missing { MISSING } else { code }).collect(),
            );
        }
        Values::Number(codes.iter().map(|&code| self.draw(code, stream)).collect())
    }

    /// A value of a code of a number; NaN for missing.
    pub fn draw(&self, code: u32, stream: &mut Stream) -> f64 {
        let Some(whole) = self.cells.get(code as usize) else { return f64::NAN };
        let parts = self.parts_of(code);
        let cell = if parts.is_empty() {
            *whole
        } else {
            let place = stream.uniform();
            parts[parts.partition_point(|part| part.upto <= place).min(parts.len() - 1)].cell()
        };
        if cell.low == cell.high {
            return cell.low;
        }
        let (low, high) = self.span(&cell);
        let value = super::law::between(logarithmic(&cell), low, high, stream.uniform());
        self.kind.round(value).clamp(cell.low, cell.high)
    }

    /// The parts of a code; none where its values are even.
    pub(super) fn parts_of(&self, code: u32) -> &[Part] {
        self.parts.get(code as usize).map_or(&[], Vec::as_slice)
    }

    /// Cuts of a code's values into at most `most` parts of about equally many rows, its ends included; one for a
    /// value alone, none for labels and for missing.
    pub(crate) fn cuts(&self, code: u32, most: usize) -> Vec<f64> {
        let Some((low, high)) = self.interval(code) else { return Vec::new() };
        let mut cuts = vec![low];
        let parts = self.parts_of(code);
        let (mut from, mut next) = (0.0, 1);
        for part in parts {
            let logarithmic = logarithmic(&part.cell());
            // Every cut that lies in this part, at its share of it.
            while next < most && next as f64 / most as f64 <= part.upto {
                let share = (next as f64 / most as f64 - from) / (part.upto - from);
                let at = super::law::between(logarithmic, part.low, part.high, share.clamp(0.0, 1.0));
                cuts.push(self.kind.round(at));
                next += 1;
            }
            from = part.upto;
        }
        cuts.push(high);
        cuts.dedup_by(|right, left| *right <= *left);
        cuts.retain(|cut| *cut <= high);
        if high > low && cuts.last() != Some(&high) {
            cuts.push(high);
        }
        cuts
    }

    /// Whether parts fit their cells: for what was read from a file.
    fn parts_fit(&self) -> bool {
        let fits = |(cell, parts): (&Cell, &Vec<Part>)| match (parts.first(), parts.last()) {
            (Some(first), Some(last)) => {
                first.low == cell.low
                    && last.high == cell.high
                    && first.upto > 0.0
                    && last.upto == 1.0
                    && parts.iter().all(|part| part.low <= part.high)
                    && parts.windows(2).all(|pair| pair[0].high < pair[1].low && pair[0].upto < pair[1].upto)
            }
            _ => true,
        };
        self.parts.is_empty()
            || self.parts.len() == self.cells.len() && self.cells.iter().zip(&self.parts).all(fits)
    }
}

impl Part {
    pub(super) fn cell(&self) -> Cell {
        Cell { low: self.low, high: self.high }
    }
}

/// Below this ratio of its ends an interval from just above zero is drawn from evenly: it has no scale of its own.
const FINEST: f64 = 1e-15;

pub(super) fn logarithmic(cell: &Cell) -> bool {
    cell.low > FINEST * cell.high && cell.low > 0.0 && cell.high > LOGARITHMIC * cell.low
}

/// Atoms for values that fill a bin by themselves, intervals of about equally many rows between them.
fn quantile_cells(sorted: &[f64], most: usize) -> Vec<Cell> {
    // Runs of equal values.
    let mut runs: Vec<(f64, usize)> = Vec::new();
    for &value in sorted {
        match runs.last_mut() {
            Some((last, count)) if *last == value => *count += 1,
            _ => runs.push((value, 1)),
        }
    }
    if runs.len() <= most {
        return runs.iter().map(|&(value, _)| Cell { low: value, high: value }).collect();
    }
    let heavy = sorted.len() / most;
    let atom = |&&(_, count): &&(f64, usize)| count > heavy;
    let atoms = runs.iter().filter(atom).count();
    let rest: usize = runs.iter().filter(|run| !atom(run)).map(|run| run.1).sum();
    // Every atom may cut an interval in two.
    let intervals = most.saturating_sub(2 * atoms).max(1);
    let share = rest.div_ceil(intervals).max(1);
    let mut cells = Vec::new();
    let mut open: Option<(Cell, usize)> = None;
    for run @ &(value, count) in &runs {
        if atom(&run) {
            cells.extend(open.take().map(|(cell, _)| cell));
            cells.push(Cell { low: value, high: value });
            continue;
        }
        let (cell, filled) = open.get_or_insert((Cell { low: value, high: value }, 0));
        cell.high = value;
        *filled += count;
        if *filled >= share {
            cells.extend(open.take().map(|(cell, _)| cell));
        }
    }
    cells.extend(open.map(|(cell, _)| cell));
    cells
}

/// How a whole frame becomes codes.
#[derive(Debug, Clone, PartialEq)]
pub struct Discrete {
    columns: Arc<[Column]>,
    /// One a column, in order.
    pub parts: Vec<DiscreteColumn>,
}

impl Discrete {
    /// Reads atoms and intervals from the data: at most `most` cells a column.
    pub fn fit(frame: &Frame, most: usize) -> Self {
        let columns = Arc::clone(frame.columns());
        let parts = (0..columns.len())
            .into_par_iter()
            .map(|index| DiscreteColumn::fit(&columns[index], frame.values(index), most))
            .collect();
        Self { columns, parts }
    }

    /// Cuts the declared bounds of every column; see [`DiscreteColumn::declared`].
    pub fn declared(columns: &Arc<[Column]>, most: usize) -> Self {
        let parts = columns.iter().map(|column| DiscreteColumn::declared(column, most)).collect();
        Self { columns: Arc::clone(columns), parts }
    }

    /// Puts columns and their parts, as read from a file, together.
    ///
    /// # Errors
    /// [`Error::Defect`] where they do not fit.
    pub fn new(columns: Arc<[Column]>, parts: Vec<DiscreteColumn>) -> Result<Self> {
        let fits = columns.len() == parts.len()
            && columns.iter().zip(&parts).all(|(column, part)| column.kind == part.kind)
            && parts.iter().all(|part| {
                part.cells.iter().all(|cell| cell.low <= cell.high)
                    && part.cells.windows(2).all(|pair| pair[0].high < pair[1].low)
                    && part.parts_fit()
            });
        if fits {
            Ok(Self { columns, parts })
        } else {
            Err(Error::Defect("codes do not fit their columns".into()))
        }
    }

    /// The columns.
    pub fn columns(&self) -> &Arc<[Column]> {
        &self.columns
    }

    /// How many codes each column has.
    pub fn sizes(&self) -> Vec<usize> {
        self.parts.iter().map(DiscreteColumn::size).collect()
    }

    /// The codes of a frame, a list a column.
    pub fn encode(&self, frame: &Frame) -> Vec<Vec<u32>> {
        self.parts.par_iter().enumerate().map(|(index, part)| part.encode(frame.values(index))).collect()
    }

    /// Rows with these codes, a list a column.
    ///
    /// # Errors
    /// [`Error::Defect`] for a code that a column does not have.
    pub fn decode(&self, codes: &[Vec<u32>], stream: &mut Stream) -> Result<Frame> {
        let values = self.parts.iter().zip(codes).map(|(part, codes)| part.decode(codes, stream)).collect();
        Ok(Frame::new(Arc::clone(&self.columns), values)?)
    }
}

#[cfg(test)]
mod test {
    use daotwin_core::Seed;

    use super::*;

    fn column(kind: Kind, optional: bool, bounds: (f64, f64)) -> Column {
        Column { name: "a".to_owned(), kind, optional, bounds }
    }

    #[test]
    fn atoms_come_back_exactly_and_other_values_within_their_interval() {
        let kind = Kind::Numeric { decimals: None };
        let mut numbers = vec![0.0; 500];
        numbers.extend((1..=500).map(|value| f64::from(value).powi(3)));
        numbers.push(f64::NAN);
        let values = Values::Number(numbers);
        let part = DiscreteColumn::fit(&column(kind, true, (0.0, 1.25e8)), &values, 32);
        assert!(part.size() <= 33, "{}", part.size());
        let codes = part.encode(&values);
        let mut stream = Seed(1).stream("test");
        let again = part.decode(&codes, &mut stream);
        assert_eq!(part.encode(&again), codes);
        assert!(again.numbers()[..500].iter().all(|value| *value == 0.0) && again.is_missing(1_000));
        let copied = again.numbers()[500..1_000].iter().zip(&values.numbers()[500..]).filter(|(a, b)| a == b);
        assert!(copied.count() < 20);
    }

    #[test]
    fn few_different_values_are_all_atoms() {
        let values = Values::Number((0..1_000).map(|row| f64::from(row % 7)).collect());
        let part = DiscreteColumn::fit(&column(Kind::Integer, false, (0.0, 6.0)), &values, 16);
        assert_eq!(part.size(), 7);
        assert_eq!(part.decode(&part.encode(&values), &mut Seed(1).stream("test")), values);
    }

    #[test]
    fn declared_cells_cover_the_bounds() {
        for (kind, bounds, size) in [
            (Kind::Integer, (17.0, 90.0), 16),
            (Kind::Integer, (1.0, 16.0), 16),
            (Kind::Integer, (0.0, 99_999.0), 16),
            (Kind::Numeric { decimals: None }, (-1.5, 2.5), 16),
            (Kind::Datetime { day: true }, (0.0, 864_000.0), 11),
        ] {
            let part = DiscreteColumn::declared(&column(kind.clone(), false, bounds), 16);
            // A heavy tail from zero has a cell more, for zero.
            assert!(part.size() <= 17 && part.size() >= size.min(8), "{kind:?} {}", part.size());
            assert_eq!(part.interval(0).unwrap().0, bounds.0, "{kind:?}");
            assert_eq!(part.interval(part.size() as u32 - 1).unwrap().1, bounds.1, "{kind:?}");
            let steps: Vec<f64> =
                (0..=1_000).map(|at| bounds.0 + (bounds.1 - bounds.0) * f64::from(at) / 1e3).collect();
            let rounded = Values::Number(steps.iter().map(|at| kind.round(*at)).collect());
            let codes = part.encode(&rounded);
            for (code, value) in codes.iter().zip(rounded.numbers()) {
                let (low, high) = part.interval(*code).unwrap();
                assert!((low..=high).contains(value), "{kind:?} {value} in {low} to {high}");
            }
        }
    }

    #[test]
    fn hostile_columns_have_a_code() {
        let number = Kind::Numeric { decimals: None };
        for numbers in [vec![], vec![f64::NAN], vec![1.0], vec![f64::MAX, f64::MIN, 0.0], vec![3.0; 100]] {
            let values = Values::Number(numbers);
            let part = DiscreteColumn::fit(&column(number.clone(), true, (0.0, 0.0)), &values, 2);
            let again = part.decode(&part.encode(&values), &mut Seed(1).stream("test"));
            assert_eq!(part.encode(&again), part.encode(&values));
            assert!(again.numbers().iter().all(|value| !value.is_infinite()));
        }
    }
}
