//! What the deep models share: codes as the inputs and outputs of networks, and drawing rows from a law that is a
//! product over columns once the hidden part of a row is known.

mod model;
mod scalars;
#[cfg(test)]
pub(super) mod test;

use std::sync::Arc;

use daotwin_core::{Stream, Streams};
use daotwin_history::frame::Frame;
use daotwin_nn::{Batch, Engine, Matrix, Moments, State, exp, softmax};
use rayon::prelude::*;

use super::checkpoint::Saved;
use super::files::{Tensors, wide};
use crate::encode::{Encoded, Mixed, MixedAllowed, MixedColumn};
use crate::error::Result;

pub(crate) use model::{BURN, Base, bound, private_rate, private_steps};
pub(crate) use scalars::Curves;

/// Where the codes of each column stand among the outputs of a network: for every column its codes, and behind all
/// of them one number for every column that has scalars.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shape {
    /// Codes of each column.
    pub sizes: Vec<usize>,
    /// Where they begin; one more than columns.
    pub starts: Vec<usize>,
    /// Where each column's scalar stands, if it has one.
    pub scalars: Vec<Option<usize>>,
    /// Codes and scalars in all.
    pub width: usize,
    /// Codes of each column that no row has.
    pub unseen: Vec<Vec<usize>>,
    /// What brings scalars that a network made to those of rows.
    pub curves: Curves,
}

impl Shape {
    /// The shape of a frame's codes; without `scalars` a number is drawn evenly from its code.
    pub(crate) fn of(mixed: &Mixed, scalars: bool) -> Self {
        let sizes = mixed.sizes();
        let mut starts = vec![0];
        sizes.iter().for_each(|size| starts.push(starts[starts.len() - 1] + size));
        let mut width = starts[sizes.len()];
        let place = |part: &MixedColumn| {
            part.scalars().filter(|_| scalars).map(|_| {
                width += 1;
                width - 1
            })
        };
        let scalars = mixed.parts().iter().map(place).collect();
        let unseen = mixed
            .parts()
            .iter()
            .map(|part| (0..part.size()).filter(|&code| !part.is_seen(code as u32)).collect())
            .collect();
        Self { sizes, starts, scalars, width, unseen, curves: Curves::default() }
    }

    /// Columns.
    pub(crate) fn columns(&self) -> usize {
        self.sizes.len()
    }

    /// Codes of all columns.
    pub(crate) fn codes(&self) -> usize {
        self.starts[self.sizes.len()]
    }

    /// Rows as codes of one alphabet, for a network that embeds them.
    pub(crate) fn batch(&self, encoded: &Encoded, rows: &[u32]) -> Batch {
        let mut codes = Vec::with_capacity(rows.len() * self.columns());
        for &row in rows {
            let own = encoded.codes_of(row as usize).iter().zip(&self.starts);
            codes.extend(own.map(|(code, start)| code + *start as u32));
        }
        Batch { dense: Matrix::zeros(rows.len(), 0), codes, per_row: self.columns() }
    }

    /// The outputs of one column's codes within a row of outputs.
    fn own<'a>(&self, outputs: &'a [f32], column: usize) -> &'a [f32] {
        &outputs[self.starts[column]..self.starts[column + 1]]
    }
}

/// Rows whose outputs are held at once.
const CHUNK: usize = 1_024;

/// Hidden parts that are drawn for each row that has to meet conditions, and at least and most in all.
const POOL: (usize, usize, usize) = (4, 4_096, 32_768);

/// Numbers that the laws of these may take.
const POOLED: usize = 1 << 23;

/// Draws rows. `outputs` gives a law of rows for so many new hidden parts: logits of codes, and scalars.
///
/// Without conditions every row has a hidden part of its own. With conditions hidden parts are drawn in excess, each
/// is weighted with the chance of the conditions under it, and rows take one of them by these weights (importance
/// resampling): so the other columns follow the conditions. The columns with conditions are drawn among what is
/// allowed, so that every row meets them.
pub(crate) fn draw(
    mixed: &Mixed,
    shape: &Shape,
    rows: usize,
    allowed: &[Option<MixedAllowed>],
    stream: &mut Stream,
    mut outputs: impl FnMut(usize, &mut Stream) -> Result<Matrix>,
) -> Result<Frame> {
    let mut encoded = Encoded::new(shape.columns(), rows);
    if allowed.iter().all(Option::is_none) {
        let mut from = 0;
        while from < rows {
            let count = (rows - from).min(CHUNK);
            let law = outputs(count, stream)?;
            for (row, law) in law.each_row().enumerate() {
                fill(shape, law, allowed, &mut encoded, from + row, stream);
            }
            from += count;
        }
        return mixed.decode(&encoded, allowed, stream);
    }
    let pool = (POOL.0 * rows).clamp(POOL.1, POOL.2).min(POOLED / shape.width.max(1)).max(CHUNK);
    let (mut laws, mut weights) = (Vec::new(), Vec::new());
    let mut drawn = 0;
    while drawn < pool {
        let law = outputs(CHUNK, stream)?;
        weights.extend(law.each_row().map(|law| evidence(shape, law, allowed)));
        laws.push(law);
        drawn += CHUNK;
    }
    let chosen = resample(&weights, rows, stream);
    for (row, &at) in chosen.iter().enumerate() {
        let law = laws[at / CHUNK].row(at % CHUNK);
        fill(shape, law, allowed, &mut encoded, row, stream);
    }
    mixed.decode(&encoded, allowed, stream)
}

/// The logarithm of the chance of all conditions under a law.
fn evidence(shape: &Shape, law: &[f32], allowed: &[Option<MixedAllowed>]) -> f64 {
    let mut sum = 0.0;
    for (column, allowed) in allowed.iter().enumerate() {
        let Some(allowed) = allowed else { continue };
        let logits = shape.own(law, column);
        let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let (mut all, mut met) = (0.0, 0.0);
        for (logit, share) in logits.iter().zip(&allowed.shares) {
            let chance = f64::from(exp(logit - top));
            all += chance;
            met += chance * share;
        }
        sum += (met / all).max(1e-300).ln();
    }
    if sum.is_nan() { -1e9 } else { sum }
}

/// Places drawn by weights whose logarithms are given: systematic sampling, then shuffled.
pub(crate) fn resample(logs: &[f64], count: usize, stream: &mut Stream) -> Vec<usize> {
    let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = logs.iter().map(|log| (log - top).exp()).collect();
    let step = weights.iter().sum::<f64>() / count.max(1) as f64;
    let mut next = stream.uniform() * step;
    let (mut sum, mut chosen) = (0.0, Vec::with_capacity(count));
    for (place, weight) in weights.iter().enumerate() {
        sum += weight;
        while chosen.len() < count && next < sum {
            chosen.push(place);
            next += step;
        }
    }
    // What rounding left over.
    chosen.resize(count, chosen.last().copied().unwrap_or(0));
    stream.shuffle(&mut chosen);
    chosen
}

/// Draws every column of a row from its law.
fn fill(
    shape: &Shape,
    law: &[f32],
    allowed: &[Option<MixedAllowed>],
    encoded: &mut Encoded,
    row: usize,
    stream: &mut Stream,
) {
    for column in 0..shape.columns() {
        let at = row * encoded.width + column;
        let shares = allowed.get(column).and_then(Option::as_ref).map(|allowed| allowed.shares.as_slice());
        let own = code(shape.own(law, column), shares, &shape.unseen[column], stream);
        encoded.codes[at] = own as u32;
        encoded.scalars[at] = match shape.scalars[column] {
            Some(place) => shape.curves.bend(shape.starts[column] + own, law[place]),
            // Even within the code.
            None => (2.0 * stream.uniform() - 1.0) as f32,
        };
    }
}

/// A code drawn from the softmax of logits, among the allowed ones.
pub(crate) fn code(logits: &[f32], shares: Option<&[f64]>, unseen: &[usize], stream: &mut Stream) -> usize {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weight = |place: usize, logit: f32| {
        let chance = f64::from(exp(logit - top));
        match shares {
            // An allowed code is possible whatever the model thinks of it.
            Some(shares) if shares[place] > 0.0 => chance.max(1e-30) * shares[place],
            Some(_) => 0.0,
            None => chance,
        }
    };
    let hidden = |place: usize| shares.is_none() && unseen.contains(&place);
    let weights = || {
        logits
            .iter()
            .enumerate()
            .map(|(place, &logit)| if hidden(place) { 0.0 } else { weight(place, logit) })
    };
    let mut left = stream.uniform() * weights().sum::<f64>();
    let mut last = 0;
    for (place, weight) in weights().enumerate() {
        if weight > 0.0 {
            last = place;
            if left < weight {
                return place;
            }
            left -= weight;
        }
    }
    last
}

/// Applies `each` to rows of outputs in parallel and adds up what it returns in a fixed order.
pub(crate) fn by_rows(outputs: &mut Matrix, each: impl Fn(usize, &mut [f32]) -> f64 + Sync) -> f64 {
    const ROWS: usize = 32;
    let width = outputs.columns.max(1);
    let sums: Vec<f64> = outputs
        .data
        .par_chunks_mut(ROWS * width)
        .enumerate()
        .map(|(block, rows)| {
            let rows = rows.chunks_exact_mut(width).enumerate();
            rows.map(|(row, outputs)| each(block * ROWS + row, outputs)).sum()
        })
        .collect();
    sums.iter().sum()
}

/// How many steps a fit takes: `epochs` times through the rows where that is given (above 0), else as many as `most`
/// steps or 100 times through the rows give, whichever is less, and at least `least`.
pub(crate) fn steps(rows: usize, batch: usize, epochs: f64, least: u64, most: u64) -> u64 {
    let once = rows as f64 / batch.clamp(1, rows.max(1)) as f64;
    let asked = if epochs > 0.0 { epochs * once } else { (100.0 * once).min(most as f64) };
    (asked.ceil() as u64).max(if epochs > 0.0 { 1 } else { least })
}

/// What is left of a learning rate at a step: it falls along half a cosine to a fiftieth.
pub(crate) fn fall(step: u64, steps: u64) -> f32 {
    let share = step as f64 / steps.max(1) as f64;
    (0.02 + 0.49 * (1.0 + (std::f64::consts::PI * share).cos())) as f32
}

/// Batches of rows: every row comes once before any comes again. Each time through the rows has an order of its own,
/// so that any step can be gone on from.
#[derive(Debug)]
pub(crate) struct Batches {
    streams: Streams,
    order: Vec<u32>,
    /// Which time through the rows `order` is.
    turn: Option<u64>,
}

impl Batches {
    /// Over so many rows, at least one.
    pub(crate) fn new(rows: usize, streams: Streams) -> Self {
        Self { streams, order: (0..rows as u32).collect(), turn: None }
    }

    /// The rows in the order of one time through them.
    pub(crate) fn turn(&mut self, turn: u64) -> &[u32] {
        if self.turn != Some(turn) {
            self.order.iter_mut().zip(0..).for_each(|(row, at)| *row = at);
            self.streams.stream(turn).shuffle(&mut self.order);
            self.turn = Some(turn);
        }
        &self.order
    }

    /// The rows of a step.
    pub(crate) fn at(&mut self, step: u64, count: usize) -> Vec<u32> {
        let rows = self.order.len() as u64;
        let mut place = step * count as u64;
        let mut batch = Vec::with_capacity(count);
        while batch.len() < count {
            let (turn, from) = (place / rows, (place % rows) as usize);
            let order = self.turn(turn);
            let take = (count - batch.len()).min(order.len() - from);
            batch.extend_from_slice(&order[from..from + take]);
            place += take as u64;
        }
        batch
    }
}

/// Puts everything that training changes in a network into a checkpoint, under a name.
pub(crate) fn keep(name: &str, engine: &dyn Engine, tensors: &mut Tensors) -> Result<()> {
    let state = engine.state()?;
    let mut put = |part: &str, values: Vec<f64>| tensors.insert(format!("{name}.{part}"), values);
    put("parameters", wide(&state.parameters));
    put("statistics", wide(&state.statistics));
    put("first", wide(&state.moments.first));
    put("second", wide(&state.moments.second));
    put("steps", vec![state.moments.steps as f64]);
    Ok(())
}

/// Goes on from what [`keep`] put there.
pub(crate) fn go_on(name: &str, engine: &mut dyn Engine, saved: &mut Saved) -> Result<()> {
    let network = engine.network();
    let (parameters, statistics) = (network.parameters(), network.statistics());
    let mut take = |part: &str, length: usize| saved.narrow(&format!("{name}.{part}"), length);
    let (parameters, statistics, first, second) = (
        take("parameters", parameters)?,
        take("statistics", statistics)?,
        take("first", parameters)?,
        take("second", parameters)?,
    );
    let steps = saved.take(&format!("{name}.steps"), 1)?[0] as u64;
    Ok(engine.restore(State { parameters, statistics, moments: Moments { first, second, steps } })?)
}

/// Takes the gradient out of a network.
pub(crate) fn taken(engine: &mut dyn Engine) -> Result<Vec<f32>> {
    let gradient = engine.gradient()?;
    let sum = gradient.to_vec();
    gradient.fill(0.0);
    Ok(sum)
}

/// A matrix of standard normal draws.
pub(crate) fn normal(rows: usize, columns: usize, stream: &mut Stream) -> Matrix {
    Matrix::new(rows, columns, (0..rows * columns).map(|_| stream.normal() as f32).collect())
}

/// The networks of a model share nothing that needs a name; a reference keeps signatures short.
pub(crate) type Net = Arc<daotwin_nn::Network>;

/// Rows from which outputs are calibrated, at most, and numbers that their laws may take.
const CALIBRATED: (usize, usize) = (16_384, 1 << 22);

/// Rounds of calibration.
const ROUNDS: usize = 8;

/// How often each code occurs, as a share of the rows.
pub(crate) fn frequencies(shape: &Shape, encoded: &Encoded) -> Vec<f64> {
    let mut shares = vec![0.0; shape.codes()];
    let one = 1.0 / encoded.rows().max(1) as f64;
    for row in 0..encoded.rows() {
        for (code, start) in encoded.codes_of(row).iter().zip(&shape.starts) {
            shares[start + *code as usize] += one;
        }
    }
    shares
}

/// How many rows have each code of each column.
pub(crate) fn counts(shape: &Shape, encoded: &Encoded) -> Vec<Vec<i64>> {
    let mut counts: Vec<Vec<i64>> = shape.sizes.iter().map(|size| vec![0; *size]).collect();
    for row in 0..encoded.rows() {
        for (code, counts) in encoded.codes_of(row).iter().zip(&mut counts) {
            counts[*code as usize] += 1;
        }
    }
    counts
}

/// Begins a network of so many outputs with the logarithms of these frequencies as the biases of its last layer.
pub(crate) fn begin_with(outputs: usize, shares: &[f64], engine: &mut dyn Engine) -> Result<()> {
    let mut state = engine.state()?;
    let biases = state.parameters.len() - outputs;
    let own = state.parameters[biases..].iter_mut().zip(shares);
    own.for_each(|(bias, share)| *bias = share.max(1e-7).ln() as f32);
    Ok(engine.restore(state)?)
}

/// What is to be added to the logits of a column in each row until its codes are as frequent as wanted: iterative
/// proportional fitting of one margin.
pub(crate) fn fitted<'a, R: ExactSizeIterator<Item = &'a [f32]>>(
    wanted: &[f64],
    rounds: usize,
    rows: impl Fn() -> R,
) -> Vec<f32> {
    let mut moved = vec![0.0_f32; wanted.len()];
    let mut law = vec![0.0; wanted.len()];
    for _ in 0..rounds {
        let mut sums = vec![0.0_f64; wanted.len()];
        for row in rows() {
            law.iter_mut().zip(row).zip(&moved).for_each(|((to, logit), by)| *to = logit + by);
            softmax(&mut law);
            sums.iter_mut().zip(&law).for_each(|(sum, chance)| *sum += f64::from(*chance));
        }
        for ((by, sum), wanted) in moved.iter_mut().zip(&sums).zip(wanted) {
            // A code that no row has stays possible.
            let ratio = wanted.max(1e-7) / (sum / rows().len().max(1) as f64).max(1e-9);
            *by = (*by + ratio.ln() as f32).clamp(-10.0, 10.0);
        }
    }
    moved
}

/// Moves the biases of the last layer, which are the last of `parameters`, until the codes of rows drawn from these
/// laws are as frequent as they should be: a network trained row by row gets relations right before frequencies.
/// One margin at a time.
///
/// `outputs` gives the laws of so many new rows under these parameters.
///
/// # Errors
/// Those of `outputs`.
pub(crate) fn calibrate(
    shape: &Shape,
    shares: &[f64],
    parameters: &mut [f32],
    mut outputs: impl FnMut(usize, &[f32]) -> Result<Matrix>,
) -> Result<()> {
    let rows = CALIBRATED.0.min(CALIBRATED.1 / shape.width.max(1)).max(CHUNK) / CHUNK * CHUNK;
    let mut laws = Matrix { rows, columns: shape.width, data: Vec::with_capacity(rows * shape.width) };
    for _ in 0..rows / CHUNK {
        laws.data.extend_from_slice(&outputs(CHUNK, parameters)?.data);
    }
    let biases = parameters.len() - shape.width;
    let moved: Vec<Vec<f32>> = (0..shape.columns())
        .into_par_iter()
        .map(|column| {
            let (start, end) = (shape.starts[column], shape.starts[column + 1]);
            fitted(&shares[start..end], ROUNDS, || laws.each_row().map(|row| &row[start..end]))
        })
        .collect();
    let own = parameters[biases..].iter_mut().zip(moved.into_iter().flatten());
    own.for_each(|(bias, by)| *bias += by);
    Ok(())
}
