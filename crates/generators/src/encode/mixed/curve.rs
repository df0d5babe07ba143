//! The quantile curve of a column's numbers: from values to ranks and back.
//!
//! The curve is a list of segments, each with its share of the rows. A value that many rows share is a segment of
//! width zero: every rank in its share comes back as exactly that value. All other segments reach over several
//! values, from half-way to the value before to half-way to the value after, so no rare value comes back on purpose.

use daotwin_core::Stream;
use daotwin_history::frame::Kind;
use serde::{Deserialize, Serialize};

/// Segments that a curve has at most, beside those of width zero.
const SEGMENTS: usize = 512;

/// Above this ratio of its ends a segment is drawn from on a logarithmic scale.
const LOGARITHMIC: f64 = 1.5;

/// Steps of a column's unit that a segment may span to be drawn step by step, not on a logarithmic scale.
const STEPS: f64 = 64.0;

/// What two values of a kind differ by at least; 0 for real numbers.
pub(super) fn unit(kind: &Kind) -> f64 {
    match kind {
        Kind::Integer | Kind::Datetime { day: false } => 1.0,
        Kind::Datetime { day: true } => 86_400.0,
        Kind::Numeric { decimals: Some(decimals) } => 10_f64.powi(-i32::from(*decimals)),
        _ => 0.0,
    }
}

/// Segments in ascending order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Curve {
    /// Where each segment begins.
    low: Vec<f64>,
    /// Where it ends.
    high: Vec<f64>,
    /// The rank at its end; the last one is 1.
    rank: Vec<f64>,
    /// What two values differ by at least; 0 for real numbers.
    unit: f64,
}

impl Curve {
    /// Reads the curve from ascending runs of equal values, at least one: values and how many rows have each.
    /// A segment of width above zero holds at least `part` rows where there are as many.
    pub(super) fn fit(runs: &[(f64, usize)], part: usize, unit: f64) -> Self {
        let total: usize = runs.iter().map(|run| run.1).sum();
        let share = part.max(total.div_ceil(SEGMENTS)).max(1);
        // First and last run of every segment, and its rows.
        let mut parts: Vec<(usize, usize, usize)> = Vec::new();
        let mut open: Option<(usize, usize)> = None;
        for (at, &(_, count)) in runs.iter().enumerate() {
            if count >= share {
                parts.extend(open.take().map(|(from, rows)| (from, at - 1, rows)));
                parts.push((at, at, count));
                continue;
            }
            let (from, rows) = open.get_or_insert((at, 0));
            *rows += count;
            if *rows >= share {
                parts.push((*from, at, *rows));
                open = None;
            }
        }
        parts.extend(open.map(|(from, rows)| (from, runs.len() - 1, rows)));
        let mut curve = Self { low: Vec::new(), high: Vec::new(), rank: Vec::new(), unit };
        let half = unit / 2.0;
        let mut seen = 0;
        for (from, to, rows) in parts {
            let flat = from == to && (rows >= share || runs.len() == 1);
            let (first, last) = (runs[from].0, runs[to].0);
            let (low, high) = if flat {
                (first, first)
            } else {
                let before = from.checked_sub(1).map(|at| runs[at].0);
                let after = runs.get(to + 1).map(|run| run.0);
                let low = before.map_or(first - half, |before| between(before, first, 0.5, unit));
                (low, after.map_or(last + half, |after| between(last, after, 0.5, unit)))
            };
            seen += rows;
            curve.low.push(low);
            curve.high.push(high);
            curve.rank.push(seen as f64 / total as f64);
        }
        curve
    }

    /// Whether this is a curve: for what was read from a file.
    pub(super) fn holds(&self, kind: &Kind) -> bool {
        let segments = self.low.len();
        segments > 0
            && self.high.len() == segments
            && self.rank.len() == segments
            && self.unit == unit(kind)
            && self.rank[segments - 1] == 1.0
            && self.rank[0] > 0.0
            && self.rank.windows(2).all(|pair| pair[0] < pair[1])
            && self
                .low
                .iter()
                .zip(&self.high)
                .all(|(low, high)| low <= high && low.is_finite() && high.is_finite())
            && (1..segments).all(|at| self.high[at - 1] <= self.low[at])
    }

    fn start(&self, segment: usize) -> f64 {
        segment.checked_sub(1).map_or(0.0, |before| self.rank[before])
    }

    /// A rank of a value, in 0 to 1: any rank of a value that many rows share, by a draw.
    pub(super) fn rank(&self, value: f64, stream: &mut Stream) -> f64 {
        let share = stream.uniform();
        let value = if self.unit > 0.0 { value + self.unit * (share - 0.5) } else { value };
        let at = self.segment(value);
        // A value on a segment of width zero, moved within its step, still belongs there.
        let within = if self.low[at] == self.high[at] { share } else { self.within(at, value) };
        let start = self.start(at);
        start + (self.rank[at] - start) * within
    }

    /// The rank below which the values under `value` lie, those equal to it included where `closed`.
    pub(super) fn below(&self, value: f64, closed: bool) -> f64 {
        let half = self.unit / 2.0;
        let moved = if closed { value + half } else { value - half };
        let mut sum = 0.0;
        for at in 0..self.low.len() {
            let (start, end) = (self.start(at), self.rank[at]);
            let (low, high) = (self.low[at], self.high[at]);
            let share = if low == high {
                f64::from(u8::from(low < value || (closed && low == value)))
            } else if moved <= low {
                0.0
            } else {
                self.within(at, moved)
            };
            if share == 0.0 {
                break;
            }
            sum = start + (end - start) * share;
        }
        sum
    }

    /// The segment of a value: the nearest one where it lies between two.
    fn segment(&self, value: f64) -> usize {
        let at = self.high.partition_point(|high| *high < value);
        if at == self.low.len() {
            return at - 1;
        }
        // A value of width zero draws everything within half a step; elsewhere the nearer one has it.
        if at > 0 && value < self.low[at] && value - self.high[at - 1] < self.low[at] - value {
            at - 1
        } else {
            at
        }
    }

    fn logarithmic(&self, low: f64, high: f64) -> bool {
        low > 0.0 && high > LOGARITHMIC * low && (self.unit == 0.0 || high - low > STEPS * self.unit)
    }

    /// How far into a segment a value lies, 0 to 1.
    fn within(&self, at: usize, value: f64) -> f64 {
        let (low, high) = (self.low[at], self.high[at]);
        let share = if self.logarithmic(low, high) {
            (value / low).ln() / (high / low).ln()
        } else {
            // Halves, because the distance of the largest numbers is no number.
            (value * 0.5 - low * 0.5) / (high * 0.5 - low * 0.5)
        };
        if share.is_nan() { 0.5 } else { share.clamp(0.0, 1.0) }
    }

    /// The value at a rank, not yet rounded.
    pub(super) fn value(&self, rank: f64) -> f64 {
        let at = self.rank.partition_point(|end| *end <= rank).min(self.rank.len() - 1);
        let (low, high) = (self.low[at], self.high[at]);
        if low == high {
            return low;
        }
        let start = self.start(at);
        let share = ((rank - start) / (self.rank[at] - start)).clamp(0.0, 1.0);
        if self.logarithmic(low, high) {
            low * (high / low).powf(share)
        } else {
            low * (1.0 - share) + high * share
        }
    }

    /// Ranks that cut the curve into at most `most` bins of about equal shares, 0 and 1 included, none of them
    /// within a segment.
    pub(super) fn edges(&self, most: usize) -> Vec<f64> {
        let mut edges = vec![0.0];
        for pair in self.rank.windows(2) {
            let Some(left) = most.checked_sub(edges.len() + 1) else { break };
            let last = edges[edges.len() - 1];
            // An equal share of what is left for each of the bins that are left.
            let goal = last + (1.0 - last) / (left as f64 + 2.0);
            if pair[0] >= goal || pair[1] - goal > goal - pair[0] {
                edges.push(pair[0]);
            }
        }
        edges.push(1.0);
        edges
    }
}

/// The value at a share of the way between two.
fn between(low: f64, high: f64, share: f64, unit: f64) -> f64 {
    let middle = if low > 0.0 && high > LOGARITHMIC * low && (unit == 0.0 || high - low > STEPS * unit) {
        low * (high / low).powf(share)
    } else {
        low * (1.0 - share) + high * share
    };
    middle.clamp(low, high)
}
