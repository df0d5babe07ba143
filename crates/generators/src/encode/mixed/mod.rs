//! Every value as a code and a scalar: what deep models learn.
//!
//! Labels and missing values are codes. Of a number, the values that fill many rows (spikes, a mass at zero) are
//! codes of their own and come back exactly; the others are codes with a scalar that says where in the code's
//! range they lie, in one of three [`Form`]s. No other value comes back on purpose: what lies between two rows is
//! drawn from between them.
//!
//! Where a fit is private, [`Mixed::declared`] cuts declared bounds instead, without a look at any value.

mod curve;
mod modes;
#[cfg(test)]
mod test;

use std::sync::Arc;

use daotwin_core::statistics::{normal_cdf, normal_quantile};
use daotwin_core::{Seed, Stream};
use daotwin_history::frame::synthesizer::{Condition, Conditions};
use daotwin_history::frame::{Column, Frame, Kind, MISSING, Values};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use self::curve::{Curve, unit};
use self::modes::Modes;
use super::discrete::DiscreteColumn;
use crate::error::{Error, Result};

/// What becomes of the numbers that are no spike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// One code; the scalar is a standard normal score of the value's rank.
    Score,
    /// At most so many codes, of about equally many rows each; the scalar, -1 to 1, is the rank within the code.
    Bins(usize),
    /// At most so many codes, each a mode of a Gaussian mixture; the scalar, -1 to 1, is the distance from its mean
    /// in units of four deviations (Xu et al. 2019, section 4.2).
    Modes(usize),
}

/// How columns become codes and scalars.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MixedOptions {
    /// What becomes of numbers.
    pub form: Form,
    /// Codes that the labels of a column have at most; the rarest labels share one.
    pub labels: usize,
    /// The share of the rows from which on a number is a code of its own.
    pub spike: f64,
    /// Such codes at most, those of most rows first.
    pub spikes: usize,
    /// Rows that a piece of a number's curve holds at least, so that no value of fewer rows comes back on purpose.
    pub part: usize,
}

impl Default for MixedOptions {
    fn default() -> Self {
        Self { form: Form::Score, labels: 256, spike: 0.02, spikes: 32, part: 5 }
    }
}

/// Numbers of a column with at most so many different ones are all codes of their own, where each has enough rows.
const FEW: usize = 32;

/// How one column becomes codes, and the way back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Law {
    /// Labels with a code of their own, ascending; then those that share the last code, each with its rows.
    Labels { own: Vec<u32>, shared: Vec<(u32, u64)> },
    /// Numbers with a code of their own, ascending, and the others.
    Numbers { spikes: Vec<f64>, rest: Rest },
    /// Cells of declared bounds.
    Declared(DiscreteColumn),
}

/// Numbers without a code of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Rest {
    None,
    Score(Curve),
    /// The curve, and the ranks between its bins, 0 and 1 included.
    Bins(Curve, Vec<f64>),
    Modes(Modes),
}

/// One column's codes: values first, the missing one last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MixedColumn {
    optional: bool,
    law: Law,
}

/// Beyond this a standard normal score is not encoded: one row in a million lies there.
const FARTHEST: f64 = 5.0;

/// The codes and scalars of rows, row after row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Encoded {
    /// Columns.
    pub width: usize,
    /// The code of every cell.
    pub codes: Vec<u32>,
    /// The scalar of every cell; 0 where the code has none.
    pub scalars: Vec<f32>,
}

impl Encoded {
    /// Room for so many rows.
    pub fn new(width: usize, rows: usize) -> Self {
        Self { width, codes: vec![0; width * rows], scalars: vec![0.0; width * rows] }
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.codes.len().checked_div(self.width).unwrap_or(0)
    }

    /// The codes of a row.
    pub fn codes_of(&self, row: usize) -> &[u32] {
        &self.codes[row * self.width..(row + 1) * self.width]
    }

    /// The scalars of a row.
    pub fn scalars_of(&self, row: usize) -> &[f32] {
        &self.scalars[row * self.width..(row + 1) * self.width]
    }
}

/// What a condition leaves of one column.
#[derive(Debug, Clone, PartialEq)]
pub struct MixedAllowed {
    /// How much of each code's rows is allowed: 0 for none, 1 for all.
    pub shares: Vec<f64>,
    /// The least and greatest scalar allowed of each code.
    pub scalars: Vec<(f32, f32)>,
    /// The label asked for.
    label: Option<u32>,
    /// The numbers asked for.
    range: Option<(f64, f64)>,
    /// Whether some code has values in that range.
    reached: bool,
}

/// How a whole frame becomes codes and scalars.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixed {
    columns: Arc<[Column]>,
    parts: Vec<MixedColumn>,
    /// The code of every label, for each column; empty for numbers.
    codes: Vec<Vec<u32>>,
}

impl MixedColumn {
    fn fit(column: &Column, values: &Values, options: &MixedOptions) -> Self {
        let law = match values {
            Values::Code(codes) => {
                labels(codes, column.kind.labels().map_or(0, <[String]>::len), options.labels.max(2))
            }
            Values::Number(values) => numbers(values, unit(&column.kind), options),
        };
        Self { optional: column.optional, law }
    }

    /// Codes of values, missing ones not counted.
    fn known(&self) -> usize {
        match &self.law {
            Law::Labels { own, shared } => own.len() + usize::from(!shared.is_empty()),
            Law::Numbers { spikes, rest } => {
                spikes.len()
                    + match rest {
                        Rest::None => 0,
                        Rest::Score(_) => 1,
                        Rest::Bins(_, edges) => edges.len() - 1,
                        Rest::Modes(modes) => modes.count(),
                    }
            }
            Law::Declared(part) => part.size() - usize::from(part.missing().is_some()),
        }
    }

    /// How many codes there are; at least 1.
    pub fn size(&self) -> usize {
        (self.known() + usize::from(self.optional)).max(1)
    }

    /// The code of missing values, where there is one.
    pub fn missing(&self) -> Option<u32> {
        self.optional.then(|| self.size() as u32 - 1)
    }

    /// The first code with a scalar and the last one; none where no code has one.
    pub fn scalars(&self) -> Option<(u32, u32)> {
        let Law::Numbers { spikes, rest } = &self.law else { return None };
        (*rest != Rest::None).then(|| (spikes.len() as u32, self.known() as u32 - 1))
    }

    /// Whether the data hold a row of this code, so that it may be drawn where no condition asks for it.
    pub fn is_seen(&self, code: u32) -> bool {
        match &self.law {
            Law::Labels { own, shared } => {
                code as usize != own.len() || shared.is_empty() || shared.iter().any(|(_, rows)| *rows > 0)
            }
            _ => true,
        }
    }

    fn encode(&self, values: &Values, codes: &[u32], row: usize, stream: &mut Stream) -> (u32, f32) {
        // A missing value in a column without missing ones has no code of its own.
        let missing = (self.missing().unwrap_or(0), 0.0);
        match values {
            Values::Code(values) => match values[row] {
                MISSING => missing,
                label => (codes[label as usize], 0.0),
            },
            Values::Number(values) if values[row].is_nan() => missing,
            Values::Number(values) => self.number(values[row], stream),
        }
    }

    fn number(&self, value: f64, stream: &mut Stream) -> (u32, f32) {
        let Law::Numbers { spikes, rest } = &self.law else { return (0, 0.0) };
        let above = spikes.partition_point(|spike| *spike < value);
        if spikes.get(above).is_some_and(|spike| *spike == value) {
            return (above as u32, 0.0);
        }
        let first = spikes.len() as u32;
        match rest {
            // Data of another table; the nearest spike stands for it.
            Rest::None => {
                let below = above.saturating_sub(1);
                let near = spikes.get(above).is_some_and(|next| next - value < value - spikes[below]);
                (if near { above } else { below } as u32, 0.0)
            }
            Rest::Score(curve) => (first, score(curve.rank(value, stream)) as f32),
            Rest::Bins(curve, edges) => {
                let rank = curve.rank(value, stream);
                let bin = edges.partition_point(|edge| *edge <= rank).clamp(1, edges.len() - 1) - 1;
                (first + bin as u32, within(edges, bin, rank) as f32)
            }
            Rest::Modes(modes) => {
                let (mode, scalar) = modes.place(value, stream);
                (first + mode as u32, scalar as f32)
            }
        }
    }

    /// A value of a code and a scalar, not yet rounded; NaN for missing.
    fn value(&self, code: u32, scalar: f32, stream: &mut Stream) -> f64 {
        let (spikes, rest) = match &self.law {
            Law::Numbers { spikes, rest } => (spikes, rest),
            Law::Declared(part) => return part.draw(code, stream),
            Law::Labels { .. } => return f64::NAN,
        };
        if let Some(spike) = spikes.get(code as usize) {
            return *spike;
        }
        if code as usize >= self.known() {
            return f64::NAN;
        }
        let at = code as usize - spikes.len();
        let scalar = if scalar.is_nan() { 0.0 } else { f64::from(scalar) };
        match rest {
            Rest::None => f64::NAN,
            Rest::Score(curve) => curve.value(normal_cdf(scalar)),
            Rest::Bins(curve, edges) => {
                let share = ((scalar + 1.0) / 2.0).clamp(0.0, 1.0 - 1e-7);
                curve.value(edges[at] + (edges[at + 1] - edges[at]) * share)
            }
            Rest::Modes(modes) => modes.value(at, scalar),
        }
    }

    /// What a range leaves of a number's codes.
    fn ranged(&self, low: f64, high: f64) -> MixedAllowed {
        let size = self.size();
        let mut allowed = MixedAllowed {
            shares: vec![0.0; size],
            scalars: vec![(0.0, 0.0); size],
            label: None,
            range: Some((low, high)),
            reached: true,
        };
        match &self.law {
            Law::Labels { .. } => {}
            Law::Declared(part) => {
                for code in 0..self.known() as u32 {
                    allowed.shares[code as usize] = part.share_within(code, low, high);
                }
            }
            Law::Numbers { spikes, rest } => {
                for (share, spike) in allowed.shares.iter_mut().zip(spikes) {
                    *share = f64::from(u8::from((low..=high).contains(spike)));
                }
                let first = spikes.len();
                let mut set = |at: usize, share: f64, from: f64, to: f64| {
                    allowed.shares[first + at] = share;
                    allowed.scalars[first + at] = (from.min(to) as f32, to as f32);
                };
                match rest {
                    Rest::None => {}
                    Rest::Score(curve) => {
                        let (from, to) = (curve.below(low, false), curve.below(high, true));
                        set(0, (to - from).max(0.0), score(from), score(to));
                    }
                    Rest::Bins(curve, edges) => {
                        let (from, to) = (curve.below(low, false), curve.below(high, true));
                        for bin in 0..edges.len() - 1 {
                            let (least, most) = (from.max(edges[bin]), to.min(edges[bin + 1]));
                            let share = (most - least) / (edges[bin + 1] - edges[bin]);
                            if share > 0.0 {
                                set(bin, share, within(edges, bin, least), within(edges, bin, most));
                            }
                        }
                    }
                    Rest::Modes(modes) => {
                        for mode in 0..modes.count() {
                            let (from, to) = (modes.scalar(mode, low), modes.scalar(mode, high));
                            let share = normal_cdf(4.0 * to) - normal_cdf(4.0 * from);
                            set(mode, share.max(0.0), from, to);
                        }
                    }
                }
            }
        }
        if allowed.shares.iter().all(|share| *share <= 0.0) {
            // No row has such a value: what is near counts as evidence, and the value is drawn from the range.
            let middle = low * 0.5 + high * 0.5;
            let near = match &self.law {
                Law::Declared(part) => part.encode(&Values::Number(vec![middle]))[0],
                _ => self.number(middle, &mut Seed(0).stream("condition")).0,
            };
            let near = (near as usize).min(size - 1);
            allowed.shares[near] = 1.0;
            allowed.reached = false;
        }
        allowed
    }

    /// What a condition leaves; the message says why nothing.
    fn allowed(
        &self,
        column: &Column,
        codes: &[u32],
        condition: &Condition,
    ) -> std::result::Result<MixedAllowed, String> {
        let alone = |code: u32, label: Option<u32>| {
            let mut shares = vec![0.0; self.size()];
            shares[code as usize] = 1.0;
            Ok(MixedAllowed {
                scalars: vec![(0.0, 0.0); shares.len()],
                shares,
                label,
                range: None,
                reached: true,
            })
        };
        let missing = || {
            self.missing()
                .map_or(Err("it was never missing in the data".to_owned()), |code| alone(code, None))
        };
        match (condition, column.kind.labels()) {
            (Condition::Code(MISSING), _) => missing(),
            (Condition::Code(label), Some(labels)) if (*label as usize) < labels.len() => {
                alone(codes[*label as usize], Some(*label))
            }
            (Condition::Code(_), Some(labels)) => Err(format!("it has {} labels", labels.len())),
            (Condition::Code(_), None) => Err("it is a number, not a label".to_owned()),
            (Condition::Range(..), Some(_)) => Err("it is a label, not a number".to_owned()),
            (Condition::Range(low, high), None) if low.is_nan() && high.is_nan() => missing(),
            (Condition::Range(low, high), None) => {
                let (low, high) = inward(&column.kind, *low, *high)
                    .ok_or_else(|| "its range holds no value of the column's kind".to_owned())?;
                Ok(self.ranged(low, high))
            }
        }
    }

    /// Whether this fits its column: for what was read from a file.
    fn holds(&self, column: &Column) -> bool {
        let labels = column.kind.labels().map(<[String]>::len);
        let law = match (&self.law, labels) {
            (Law::Labels { own, shared }, Some(labels)) => {
                let mut all: Vec<u32> = own.iter().copied().chain(shared.iter().map(|(at, _)| *at)).collect();
                all.sort_unstable();
                own.is_sorted()
                    && all.len() == labels
                    && all.iter().zip(0..).all(|(label, place)| *label == place)
                    && shared.iter().try_fold(0_u64, |sum, (_, rows)| sum.checked_add(*rows)).is_some()
            }
            (Law::Numbers { spikes, rest }, None) => {
                spikes.iter().all(|spike| spike.is_finite())
                    && spikes.windows(2).all(|pair| pair[0] < pair[1])
                    && match rest {
                        Rest::None => true,
                        Rest::Score(curve) => curve.holds(&column.kind),
                        Rest::Bins(curve, edges) => {
                            curve.holds(&column.kind)
                                && edges.first() == Some(&0.0)
                                && edges.last() == Some(&1.0)
                                && edges.windows(2).all(|pair| pair[0] < pair[1])
                        }
                        Rest::Modes(modes) => modes.holds(),
                    }
            }
            // What a declared column's cells must be is checked where they are put together.
            (Law::Declared(_), _) => true,
            _ => false,
        };
        law && self.optional == column.optional
            && column.bounds.0 <= column.bounds.1
            && (self.known() > 0 || self.optional || labels == Some(0))
    }
}

/// The scalar of a rank within a bin.
fn within(edges: &[f64], bin: usize, rank: f64) -> f64 {
    (2.0 * (rank - edges[bin]) / (edges[bin + 1] - edges[bin]) - 1.0).clamp(-1.0, 1.0)
}

/// The standard normal score of a rank.
fn score(rank: f64) -> f64 {
    if rank <= 0.0 {
        -FARTHEST
    } else if rank >= 1.0 {
        FARTHEST
    } else {
        normal_quantile(rank).clamp(-FARTHEST, FARTHEST)
    }
}

/// The ends of a range, moved inward to values of a kind; none where there are none between.
fn inward(kind: &Kind, low: f64, high: f64) -> Option<(f64, f64)> {
    let step = unit(kind);
    let (near_low, near_high) = (kind.round(low), kind.round(high));
    let low = if near_low >= low { near_low } else { kind.round(near_low + step) };
    let high = if near_high <= high { near_high } else { kind.round(near_high - step) };
    (low.is_finite() && high.is_finite() && low <= high).then_some((low, high))
}

fn labels(codes: &[u32], count: usize, most: usize) -> Law {
    let mut rows = vec![0_u64; count];
    for &code in codes.iter().filter(|code| **code != MISSING) {
        rows[code as usize] += 1;
    }
    let mut order: Vec<u32> = (0..count as u32).collect();
    order.sort_by_key(|&label| (std::cmp::Reverse(rows[label as usize]), label));
    // Labels without a row share a code that no row has; it waits for a condition.
    let seen = rows.iter().filter(|rows| **rows > 0).count();
    let kept = if count <= most && seen == count { count } else { seen.min(most - 1) };
    let mut own = order[..kept].to_vec();
    own.sort_unstable();
    let shared = order[kept..].iter().map(|&label| (label, rows[label as usize])).collect();
    Law::Labels { own, shared }
}

fn numbers(values: &[f64], unit: f64, options: &MixedOptions) -> Law {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    sorted.par_sort_unstable_by(f64::total_cmp);
    let mut runs: Vec<(f64, usize)> = Vec::new();
    for value in sorted {
        match runs.last_mut() {
            Some((last, count)) if *last == value => *count += 1,
            _ => runs.push((value, 1)),
        }
    }
    let part = options.part.max(1);
    let many = ((values.len() as f64 * options.spike).ceil() as usize).max(part);
    let few = runs.len() <= FEW.min(options.spikes);
    let mut heavy: Vec<usize> =
        (0..runs.len()).filter(|&run| runs[run].1 >= if few { part } else { many }).collect();
    heavy.sort_by_key(|&run| (std::cmp::Reverse(runs[run].1), run));
    heavy.truncate(options.spikes);
    heavy.sort_unstable();
    let spikes: Vec<f64> = heavy.iter().map(|&run| runs[run].0).collect();
    let mut place = 0;
    let rest: Vec<(f64, usize)> = runs
        .into_iter()
        .enumerate()
        .filter(|(at, _)| {
            let spike = heavy.get(place) == Some(at);
            place += usize::from(spike);
            !spike
        })
        .map(|(_, run)| run)
        .collect();
    let rest = if rest.is_empty() {
        Rest::None
    } else {
        match options.form {
            Form::Modes(most) => Rest::Modes(Modes::fit(&rest, most)),
            Form::Score => Rest::Score(Curve::fit(&rest, part, unit)),
            Form::Bins(most) => {
                let curve = Curve::fit(&rest, part, unit);
                let edges = curve.edges(most.max(1));
                Rest::Bins(curve, edges)
            }
        }
    };
    Law::Numbers { spikes, rest }
}

/// Rows that are encoded from one stream.
const BLOCK: usize = 8_192;

impl Mixed {
    /// Reads codes from the data; columns in parallel. Deterministic.
    pub fn fit(frame: &Frame, options: &MixedOptions) -> Self {
        let columns = Arc::clone(frame.columns());
        let parts = (0..columns.len())
            .into_par_iter()
            .map(|index| MixedColumn::fit(&columns[index], frame.values(index), options))
            .collect();
        Self::assemble(columns, parts)
    }

    /// Cuts the declared bounds of every column into at most `most` codes, without a look at any value; no code has
    /// a scalar. See [`DiscreteColumn::declared`].
    pub fn declared(columns: &Arc<[Column]>, most: usize) -> Self {
        Self::of_cells(&super::Discrete::declared(columns, most))
    }

    /// Codes without scalars: the cells of a private fit.
    pub(crate) fn of_cells(discrete: &super::Discrete) -> Self {
        let columns = discrete.columns();
        let part = |(column, part): (&Column, &DiscreteColumn)| MixedColumn {
            optional: column.optional,
            law: Law::Declared(part.clone()),
        };
        Self::assemble(Arc::clone(columns), columns.iter().zip(&discrete.parts).map(part).collect())
    }

    fn assemble(columns: Arc<[Column]>, parts: Vec<MixedColumn>) -> Self {
        let codes = parts
            .iter()
            .zip(columns.iter())
            .map(|(part, column)| {
                let labels = column.kind.labels().map_or(0, <[String]>::len) as u32;
                match &part.law {
                    Law::Labels { own, .. } => {
                        let mut codes = vec![own.len() as u32; labels as usize];
                        own.iter().zip(0..).for_each(|(&label, code)| codes[label as usize] = code);
                        codes
                    }
                    _ => (0..labels).collect(),
                }
            })
            .collect();
        Self { columns, parts, codes }
    }

    /// Puts columns and their parts, as read from a file, together.
    ///
    /// # Errors
    /// [`Error::Defect`] where they do not fit.
    pub fn new(columns: Arc<[Column]>, parts: Vec<MixedColumn>) -> Result<Self> {
        let fits = columns.len() == parts.len()
            && parts.iter().zip(columns.iter()).all(|(part, column)| part.holds(column));
        let cells = columns.iter().zip(&parts).filter_map(|(column, part)| match &part.law {
            Law::Declared(cells) => Some((column.clone(), cells.clone())),
            _ => None,
        });
        let (declared, cells): (Vec<Column>, Vec<DiscreteColumn>) = cells.unzip();
        let fits = fits
            && cells
                .iter()
                .zip(&declared)
                .all(|(cells, column)| cells.missing().is_some() == column.optional)
            && super::Discrete::new(declared.into(), cells).is_ok();
        if fits {
            Ok(Self::assemble(columns, parts))
        } else {
            Err(Error::Defect("codes and scalars do not fit their columns".to_owned()))
        }
    }

    /// Whether all columns are the cells of a private fit.
    pub(crate) fn is_declared(&self) -> bool {
        self.parts.iter().all(|part| matches!(part.law, Law::Declared(_)))
    }

    /// The columns.
    pub fn columns(&self) -> &Arc<[Column]> {
        &self.columns
    }

    /// How each column becomes codes, for a file; see [`Mixed::new`].
    pub fn parts(&self) -> &[MixedColumn] {
        &self.parts
    }

    /// How many codes each column has.
    pub fn sizes(&self) -> Vec<usize> {
        self.parts.iter().map(MixedColumn::size).collect()
    }

    /// The codes and scalars of a frame of the same columns. Blocks of rows in parallel; the same seed gives the
    /// same scalars on any number of threads.
    pub fn encode(&self, frame: &Frame, seed: Seed) -> Encoded {
        let width = self.parts.len();
        let mut encoded = Encoded::new(width, if width == 0 { 0 } else { frame.rows() });
        let streams = seed.streams("encode table");
        // Cells of declared bounds need no draw.
        let declared: Vec<Option<Vec<u32>>> = self
            .parts
            .par_iter()
            .enumerate()
            .map(|(index, part)| match &part.law {
                Law::Declared(part) => Some(part.encode(frame.values(index))),
                _ => None,
            })
            .collect();
        let chunk = BLOCK * width.max(1);
        let blocks = encoded.codes.par_chunks_mut(chunk).zip(encoded.scalars.par_chunks_mut(chunk));
        blocks.enumerate().for_each(|(block, (codes, scalars))| {
            let mut stream = streams.stream(block as u64);
            for (index, part) in self.parts.iter().enumerate() {
                let (values, labels) = (frame.values(index), &self.codes[index]);
                let cells = codes.iter_mut().zip(scalars.iter_mut()).skip(index).step_by(width);
                for ((code, scalar), row) in cells.zip(block * BLOCK..) {
                    (*code, *scalar) = match &declared[index] {
                        Some(codes) => (codes[row], 0.0),
                        None => part.encode(values, labels, row, &mut stream),
                    };
                }
            }
        });
        encoded
    }

    /// Rows of these codes and scalars. Where a condition says what is allowed of a column, its values meet it
    /// whatever their code.
    ///
    /// # Errors
    /// [`Error::Defect`] for a code that a column does not have.
    pub fn decode(
        &self,
        encoded: &Encoded,
        allowed: &[Option<MixedAllowed>],
        stream: &mut Stream,
    ) -> Result<Frame> {
        let rows = encoded.rows();
        let cell = |row: usize, index: usize| {
            let at = row * encoded.width + index;
            (encoded.codes[at], encoded.scalars[at])
        };
        let mut all = Vec::with_capacity(self.parts.len());
        for (index, (part, column)) in self.parts.iter().zip(self.columns.iter()).enumerate() {
            let wanted = allowed.get(index).and_then(Option::as_ref);
            all.push(if column.kind.labels().is_some() {
                let missing = part.missing();
                let lookup = Lookup::new(part);
                let label = |row| {
                    let code = cell(row, index).0;
                    match wanted.and_then(|wanted| wanted.label) {
                        Some(label) => label,
                        None if Some(code) == missing => MISSING,
                        None => lookup.label(code, stream),
                    }
                };
                Values::Code((0..rows).map(label).collect())
            } else {
                let number = |row| {
                    let (code, scalar) = cell(row, index);
                    match wanted.and_then(|wanted| wanted.range.map(|range| (wanted, range))) {
                        Some((wanted, range)) => {
                            self.number_within(index, code, scalar, wanted, range, stream)
                        }
                        None => self.number(index, code, scalar, stream),
                    }
                };
                Values::Number((0..rows).map(number).collect())
            });
        }
        Ok(Frame::new(Arc::clone(&self.columns), all)?)
    }

    fn number(&self, index: usize, code: u32, scalar: f32, stream: &mut Stream) -> f64 {
        let column = &self.columns[index];
        let value = self.parts[index].value(code, scalar, stream);
        if value.is_nan() { value } else { column.kind.round(value).clamp(column.bounds.0, column.bounds.1) }
    }

    fn number_within(
        &self,
        index: usize,
        code: u32,
        scalar: f32,
        wanted: &MixedAllowed,
        (low, high): (f64, f64),
        stream: &mut Stream,
    ) -> f64 {
        let value = match &self.parts[index].law {
            Law::Declared(part) => part.draw_within(code, low, high, stream),
            _ => {
                let (from, to) = wanted.scalars.get(code as usize).copied().unwrap_or_default();
                self.number(index, code, scalar.max(from).min(to), stream)
            }
        };
        // What rounding moved out of the range goes to its nearer end.
        if value.is_finite()
            && wanted.reached
            && wanted.shares.get(code as usize).is_some_and(|share| *share > 0.0)
        {
            return value.clamp(low, high);
        }
        let share = stream.uniform();
        self.columns[index].kind.round(low * (1.0 - share) + high * share).clamp(low, high)
    }

    /// What every condition leaves of its column.
    ///
    /// # Errors
    /// One message a condition that no row meets.
    pub fn allowed(&self, conditions: &Conditions) -> Result<Vec<Option<MixedAllowed>>> {
        let mut all = vec![None; self.parts.len()];
        let mut problems = Vec::new();
        for (index, condition) in conditions {
            let Some(column) = self.columns.get(*index) else {
                problems.push(format!("a condition names column {index} of {}", self.parts.len()));
                continue;
            };
            match self.parts[*index].allowed(column, &self.codes[*index], condition) {
                Ok(allowed) => all[*index] = Some(allowed),
                Err(reason) => {
                    problems.push(format!("no row can meet the condition on `{}`: {reason}", column.name));
                }
            }
        }
        if problems.is_empty() { Ok(all) } else { Err(Error::Options { problems }) }
    }
}

/// Labels of codes.
struct Lookup<'a> {
    own: Option<&'a [u32]>,
    shared: &'a [(u32, u64)],
    /// Rows of the shared labels up to each, itself included.
    sums: Vec<u64>,
}

impl<'a> Lookup<'a> {
    fn new(part: &'a MixedColumn) -> Self {
        match &part.law {
            Law::Labels { own, shared } => {
                let mut sum = 0;
                let sums = shared.iter().map(|(_, rows)| {
                    sum += rows;
                    sum
                });
                Self { own: Some(own), sums: sums.collect(), shared }
            }
            _ => Self { own: None, shared: &[], sums: Vec::new() },
        }
    }

    fn label(&self, code: u32, stream: &mut Stream) -> u32 {
        let Some(own) = self.own else { return code };
        if let Some(label) = own.get(code as usize) {
            return *label;
        }
        let place = match self.sums.last() {
            Some(0) | None => stream.below(self.shared.len() as u64) as usize,
            Some(&sum) => {
                let draw = stream.below(sum);
                self.sums.partition_point(|sum| *sum <= draw)
            }
        };
        self.shared.get(place).map_or(MISSING, |(label, _)| *label)
    }
}
