//! Learning: stepwise expectation maximisation, then a few passes of the plain one over all rows.

use daotwin_core::{Run, Seed, Streams};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::fast;
use super::law::{Counts, Shape};
use crate::error::{Error, Result};
use crate::table::checkpoint::{Checkpoint, Saved};
use crate::table::files::{Tensors, wide};

/// Plain passes over all rows at the end.
const LAST: usize = 2;

/// One row in so many is held out.
const HELD_OUT: usize = 12;

/// Rows from which on some are held out.
const ENOUGH: usize = 500;

/// What a pass must gain on rows held out, in nats a row.
const GAIN: f64 = 0.002;

/// Passes without that gain before it stops.
const PATIENCE: u64 = 2;

/// How fast earlier rows are forgotten: the rate of update t is (t + 2)^-FORGET.
const FORGET: f64 = 0.65;

/// Rows of all passes together, beyond the first two passes.
const VISITS: usize = 4_000_000;

/// Rows of one task.
const BLOCK: usize = 64;

/// How to learn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    passes: usize,
    batch: usize,
}

impl Plan {
    pub(super) fn new(passes: usize, rows: usize, columns: usize, components: usize) -> Self {
        // A batch is the unit of cancellation too: a tenth of a second at most.
        let batch = ((1 << 28) / (columns * components)).clamp(BLOCK, 2_048);
        Self { passes: passes.min((VISITS / rows).max(2)), batch }
    }
}

/// Where a fit stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    /// Whether this is the plain end.
    last: bool,
    pass: u64,
    /// Batches of this pass that are done.
    batch: u64,
    /// Updates so far.
    updates: u64,
    /// The best likelihood of rows held out, and passes since.
    best: Option<f64>,
    worse: u64,
}

/// Logarithms of all probabilities.
struct Tables {
    weights: Vec<f32>,
    columns: Vec<Vec<f32>>,
}

/// A fit on its way.
pub(super) struct Learner<'a> {
    shape: &'a Shape,
    codes: &'a [Vec<u32>],
    plan: Plan,
    streams: Streams,
    train: Vec<u32>,
    held_out: Vec<u32>,
    place: Place,
    counts: Counts,
    /// The counts of the pass or batch on its way.
    next: Counts,
    best: Option<Counts>,
    tables: Option<Tables>,
    /// The order of rows of one pass.
    order: Option<(u64, Vec<u32>)>,
    /// Posteriors of a batch.
    posteriors: Vec<f32>,
}

fn log(probability: f64) -> f32 {
    // No probability of a row that is there is 0; others must only stay numbers.
    (probability.max(1e-37) as f32).ln()
}

impl<'a> Learner<'a> {
    pub(super) fn new(shape: &'a Shape, codes: &'a [Vec<u32>], plan: Plan, seed: Seed) -> Self {
        let streams = seed.streams("fit mixture");
        let rows = codes[0].len();
        let mut all: Vec<u32> = (0..rows as u32).collect();
        streams.stream(0).shuffle(&mut all);
        let near: Vec<usize> = all.iter().rev().take(shape.components).map(|&row| row as usize).collect();
        let counts = shape.around(codes, &near, rows as f64 / shape.components as f64);
        let held = if rows < ENOUGH { 0 } else { rows / HELD_OUT };
        let held_out = all.drain(..held).collect();
        Self {
            shape,
            codes,
            plan,
            streams,
            train: all,
            held_out,
            place: Place::default(),
            counts,
            next: shape.empty(),
            best: None,
            tables: None,
            order: None,
            posteriors: Vec::new(),
        }
    }

    /// Goes on from a checkpoint.
    pub(super) fn restore(&mut self, mut saved: Saved) -> Result<()> {
        self.place = saved.state()?;
        let mut read = |name: &str| -> Result<Counts> {
            let rows = saved.take(&format!("{name}.rows"), self.shape.components)?;
            let columns = self.shape.sizes.iter().enumerate().map(|(column, size)| {
                saved.narrow(&format!("{name}.{column}"), size * self.shape.components)
            });
            Ok(Counts { rows, columns: columns.collect::<Result<_>>()? })
        };
        self.counts = read("counts")?;
        self.next = read("next")?;
        self.best = if self.place.best.is_some() && !self.place.last { Some(read("best")?) } else { None };
        Ok(())
    }

    fn saved(&self) -> Result<Saved> {
        let mut tensors = Tensors::new();
        let mut put = |name: &str, counts: &Counts| {
            tensors.insert(format!("{name}.rows"), counts.rows.clone());
            for (column, values) in counts.columns.iter().enumerate() {
                tensors.insert(format!("{name}.{column}"), wide(values));
            }
        };
        put("counts", &self.counts);
        put("next", &self.next);
        if let Some(best) = &self.best {
            put("best", best);
        }
        Saved::new(&self.place, tensors)
    }

    /// Learns to the end.
    ///
    /// # Errors
    /// Cancellation, after the state was kept; I/O of the checkpoint.
    pub(super) fn learn(mut self, checkpoint: &mut Checkpoint, run: &Run) -> Result<Counts> {
        let batches = |rows: usize| rows.div_ceil(self.plan.batch) as u64;
        let (step, last) = (batches(self.train.len()), batches(self.codes[0].len()));
        let passes = self.plan.passes as u64;
        let total = passes * step + LAST as u64 * last;
        loop {
            let place = self.place;
            let before = if place.last { passes * step + place.pass * last } else { place.pass * step };
            let done = if place.last && place.pass == LAST as u64 { total } else { before + place.batch };
            checkpoint.step(run, "fit mixture", done, total, || self.saved())?;
            if place.last && place.pass == LAST as u64 {
                return Ok(self.counts);
            }
            if place.batch < if place.last { last } else { step } {
                self.batch();
            } else if place.last {
                self.counts = std::mem::replace(&mut self.next, self.shape.empty());
                self.tables = None;
                self.place = Place { pass: place.pass + 1, batch: 0, ..place };
            } else {
                match self.end_of_pass(run) {
                    // The next step keeps the state and stops.
                    Err(Error::Core(daotwin_core::Error::Cancelled)) | Ok(()) => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }

    /// One batch: an update of the counts, or at the end a part of the next ones.
    fn batch(&mut self) {
        let pass = self.place.pass;
        if self.place.last {
            self.order = None;
        } else if self.order.as_ref().is_none_or(|(known, _)| *known != pass) {
            let mut order = self.train.clone();
            self.streams.stream(1 + pass).shuffle(&mut order);
            self.order = Some((pass, order));
        }
        let start = self.place.batch as usize * self.plan.batch;
        let rows: Vec<u32> = match &self.order {
            Some((_, order)) => order[start..(start + self.plan.batch).min(order.len())].to_vec(),
            None => (start as u32..(start + self.plan.batch).min(self.codes[0].len()) as u32).collect(),
        };
        self.expect(&rows);
        self.gather(&rows);
        if !self.place.last {
            let rate = (self.place.updates as f64 + 2.0).powf(-FORGET);
            let scale = rate * self.codes[0].len() as f64 / rows.len() as f64;
            let keep = (1.0 - rate) as f32;
            self.counts.columns.par_iter_mut().zip(&mut self.next.columns).for_each(|(counts, next)| {
                for (count, next) in counts.iter_mut().zip(next) {
                    *count = *count * keep + *next * scale as f32;
                    *next = 0.0;
                }
            });
            for (count, next) in self.counts.rows.iter_mut().zip(&mut self.next.rows) {
                *count = *count * (1.0 - rate) + *next * scale;
                *next = 0.0;
            }
            self.tables = None;
            self.place.updates += 1;
        }
        self.place.batch += 1;
    }

    /// The posteriors of the components for each row; the sum of the rows' log-likelihoods.
    fn expect(&mut self, rows: &[u32]) -> f64 {
        let shape = self.shape;
        let k = shape.components;
        let tables = self.tables.get_or_insert_with(|| Tables {
            weights: Shape::weights(&self.counts).into_iter().map(log).collect(),
            columns: (0..shape.sizes.len())
                .into_par_iter()
                .map(|column| shape.law(&self.counts, column).into_iter().map(log).collect())
                .collect(),
        });
        let codes = self.codes;
        self.posteriors.resize(rows.len() * k, 0.0);
        let sums: Vec<f64> = self
            .posteriors
            .par_chunks_mut(BLOCK * k)
            .zip(rows.par_chunks(BLOCK))
            .map(|(posteriors, rows)| {
                let each = posteriors.chunks_exact_mut(k).zip(rows);
                each.map(|(own, &row)| posterior(tables, codes, row as usize, own)).sum()
            })
            .collect();
        sums.iter().sum()
    }

    /// Adds the posteriors of a batch to the next counts. Each column is one task that takes its rows in order:
    /// the sums do not depend on the number of threads.
    fn gather(&mut self, rows: &[u32]) {
        let k = self.shape.components;
        let posteriors = &self.posteriors;
        self.next.columns.par_iter_mut().zip(self.codes).for_each(|(counts, codes)| {
            for (own, &row) in posteriors.chunks_exact(k).zip(rows) {
                let code = codes[row as usize] as usize;
                counts[code * k..(code + 1) * k].iter_mut().zip(own).for_each(|(count, part)| *count += part);
            }
        });
        for own in posteriors.chunks_exact(k).take(rows.len()) {
            self.next.rows.iter_mut().zip(own).for_each(|(count, &part)| *count += f64::from(part));
        }
    }

    /// The mean log-likelihood of rows.
    fn likelihood(&mut self, rows: &[u32], run: &Run) -> Result<f64> {
        let mut sum = 0.0;
        for rows in rows.chunks(self.plan.batch) {
            run.check()?;
            sum += self.expect(rows);
        }
        Ok(sum / rows.len() as f64)
    }

    /// Looks at the rows held out, and goes to the next pass or to the end.
    fn end_of_pass(&mut self, run: &Run) -> Result<()> {
        let mut place = self.place;
        if !self.held_out.is_empty() {
            let held_out = std::mem::take(&mut self.held_out);
            let likelihood = self.likelihood(&held_out, run);
            self.held_out = held_out;
            let likelihood = likelihood?;
            if place.best.is_none_or(|best| likelihood > best + GAIN) {
                (place.best, place.worse) = (Some(likelihood), 0);
                self.best = Some(self.counts.clone());
            } else {
                place.worse += 1;
            }
        }
        (place.pass, place.batch) = (place.pass + 1, 0);
        if place.worse == PATIENCE || place.pass == self.plan.passes as u64 {
            (place.last, place.pass) = (true, 0);
            if let Some(best) = self.best.take() {
                self.counts = best;
                self.tables = None;
            }
        }
        self.place = place;
        Ok(())
    }
}

/// The posteriors of one row, into `own`; its log-likelihood.
fn posterior(tables: &Tables, codes: &[Vec<u32>], row: usize, own: &mut [f32]) -> f64 {
    let k = own.len();
    own.copy_from_slice(&tables.weights);
    let list = |column: usize| {
        let start = codes[column][row] as usize * k;
        &tables.columns[column][start..start + k]
    };
    // Four columns at a time: the sums are read and written a quarter as often.
    let whole = codes.len() / 4 * 4;
    for column in (0..whole).step_by(4) {
        let four =
            list(column).iter().zip(list(column + 1)).zip(list(column + 2).iter().zip(list(column + 3)));
        own.iter_mut().zip(four).for_each(|(sum, ((a, b), (c, d)))| *sum += (a + b) + (c + d));
    }
    for column in whole..codes.len() {
        own.iter_mut().zip(list(column)).for_each(|(sum, value)| *sum += value);
    }
    let most = own.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    own.iter_mut().for_each(|value| *value -= most);
    fast::exp(own);
    let sum: f32 = sum(own);
    own.iter_mut().for_each(|value| *value /= sum);
    f64::from(most) + f64::from(sum).ln()
}

/// A sum in eight lanes, which vectorises, in the same order everywhere.
fn sum(values: &[f32]) -> f32 {
    let (chunks, rest) = values.as_chunks::<8>();
    let mut lanes = [0.0_f32; 8];
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(lane, value)| *lane += value);
    }
    lanes.iter().chain(rest).sum()
}

#[cfg(test)]
impl Learner<'_> {
    /// One plain pass over all rows: the mean log-likelihood of the counts before it, and of their priors.
    pub(super) fn plain_pass(&mut self) -> (f64, f64) {
        let rows: Vec<u32> = (0..self.codes[0].len() as u32).collect();
        let prior = self.shape.log_prior(&self.counts) / rows.len() as f64;
        let likelihood = self.expect(&rows) / rows.len() as f64;
        self.gather(&rows);
        self.counts = std::mem::replace(&mut self.next, self.shape.empty());
        self.tables = None;
        (likelihood, prior)
    }
}
