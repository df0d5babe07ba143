//! Forward, backward and optimiser steps written out for layers of this room: on processors, where the cost
//! of a small network is that of starting operations, not of multiplying.

use std::sync::Arc;

use daotwin_core::Stream;

use crate::adam::{Adam, Moments};
use crate::engine::{Engine, State, Wanted};
use crate::error::{Error, Result};
use crate::matrix::{Factor, add_column_sums, multiply, wide};
use crate::network::{Activation, Batch, Input, Layer, NO_CODE, Network};
use crate::{Matrix, functions};

/// What is added to a variance before it divides.
pub(crate) const VARIANCE_FLOOR: f32 = 1e-5;

/// How much of a batch's mean and variance goes into the running ones.
pub(crate) const MOMENTUM: f32 = 0.1;

/// Trains on processors; see the module.
#[derive(Debug)]
pub struct Fused {
    network: Arc<Network>,
    parameters: Vec<f32>,
    statistics: Vec<f32>,
    gradient: Vec<f32>,
    moments: Moments,
    /// The last training batch on its way through the layers.
    saved: Option<(Batch, Vec<Saved>)>,
}

/// What the way back needs of a layer's way forth; `at` is where its parameters begin.
#[derive(Debug)]
enum Saved {
    Linear { at: usize, input: Arc<Matrix> },
    Activation { bend: Activation, keep: f32, before: Option<Matrix>, output: Arc<Matrix> },
    BatchNorm { at: usize, normal: Matrix, scale: Vec<f32> },
    Block { inner: Vec<Self>, concat: Option<usize> },
}

/// One way through the layers.
struct Forth<'a> {
    parameters: &'a [f32],
    at: usize,
    statistics: Statistics<'a>,
    statistics_at: usize,
    /// The dice of dropout, in training.
    stream: Option<&'a mut Stream>,
}

enum Statistics<'a> {
    Use(&'a [f32]),
    Learn(&'a mut [f32]),
}

impl Forth<'_> {
    fn take(&mut self, count: usize) -> (usize, &[f32]) {
        let at = self.at;
        self.at += count;
        (at, &self.parameters[at..at + count])
    }

    fn embed(&mut self, input: Input, batch: &Batch) -> Matrix {
        let Input::Embed { dense, codes, outputs } = input else { return batch.dense.clone() };
        let (_, table) = self.take(codes * outputs);
        let table = table.to_vec();
        let mut to = self.affine(&batch.dense.data, batch.rows(), dense, outputs);
        wide(
            #[inline(always)]
            || {
                for (to, codes) in to
                    .data
                    .chunks_exact_mut(outputs.max(1))
                    .zip(batch.codes.chunks_exact(batch.per_row.max(1)))
                {
                    for &code in codes.iter().filter(|code| **code != NO_CODE) {
                        let row = &table[code as usize * outputs..][..outputs];
                        to.iter_mut().zip(row).for_each(|(to, value)| *to += value);
                    }
                }
            },
        );
        to
    }

    fn affine(&mut self, data: &[f32], rows: usize, inputs: usize, outputs: usize) -> Matrix {
        let (_, own) = self.take((inputs + 1) * outputs);
        affine(own, data, rows, inputs, outputs)
    }

    fn layers(&mut self, layers: &[Layer], mut x: Arc<Matrix>) -> (Arc<Matrix>, Vec<Saved>) {
        let train = self.stream.is_some();
        let mut saved = Vec::new();
        for layer in layers {
            let (next, keep) = match layer {
                Layer::Linear { inputs, outputs } => {
                    let at = self.at;
                    let y = self.affine(&x.data, x.rows, *inputs, *outputs);
                    (Arc::new(y), Saved::Linear { at, input: x })
                }
                Layer::Activation { bend, dropout } => {
                    let before = (train && *bend == Activation::Silu).then(|| Matrix::clone(&x));
                    let mut y = Arc::unwrap_or_clone(x);
                    functions::bend(*bend, &mut y.data);
                    let mut keep = 1.0;
                    if let (Some(stream), true) = (self.stream.as_deref_mut(), *dropout > 0.0) {
                        keep = 1.0 / (1.0 - dropout);
                        drop_out(&mut y.data, *dropout, keep, stream);
                    }
                    let y = Arc::new(y);
                    (Arc::clone(&y), Saved::Activation { bend: *bend, keep, before, output: y })
                }
                Layer::BatchNorm { width } => self.batch_norm(*width, Arc::unwrap_or_clone(x)),
                Layer::Residual(inner) => {
                    let (y, inner) = self.layers(inner, Arc::clone(&x));
                    let mut y = Arc::unwrap_or_clone(y);
                    wide(
                        #[inline(always)]
                        || y.data.iter_mut().zip(&x.data).for_each(|(y, x)| *y += x),
                    );
                    (Arc::new(y), Saved::Block { inner, concat: None })
                }
                Layer::Concat(inner) => {
                    let (y, inner) = self.layers(inner, Arc::clone(&x));
                    let mut both = Vec::with_capacity(y.data.len() + x.data.len());
                    for (y, x) in y.each_row().zip(x.each_row()) {
                        both.extend_from_slice(y);
                        both.extend_from_slice(x);
                    }
                    let width = y.columns;
                    let both = Matrix::new(x.rows, width + x.columns, both);
                    (Arc::new(both), Saved::Block { inner, concat: Some(width) })
                }
            };
            x = next;
            if train {
                saved.push(keep);
            }
        }
        (x, saved)
    }

    fn batch_norm(&mut self, width: usize, mut x: Matrix) -> (Arc<Matrix>, Saved) {
        let (at, own) = self.take(2 * width);
        let own = own.to_vec();
        let (scale, shift) = own.split_at(width);
        let places = self.statistics_at;
        self.statistics_at += 2 * width;
        let rows = x.rows as f32;
        let (mean, variance) = match &mut self.statistics {
            Statistics::Use(known) => {
                let (mean, variance) = known[places..places + 2 * width].split_at(width);
                (mean.to_vec(), variance.to_vec())
            }
            Statistics::Learn(known) => {
                let mut mean = vec![0.0; width];
                add_column_sums(&mut mean, &x.data);
                mean.iter_mut().for_each(|mean| *mean /= rows);
                let mut variance = vec![0.0; width];
                wide(
                    #[inline(always)]
                    || {
                        for row in x.data.chunks_exact(width.max(1)) {
                            for ((to, x), mean) in variance.iter_mut().zip(row).zip(&mean) {
                                *to += (x - mean) * (x - mean);
                            }
                        }
                    },
                );
                variance.iter_mut().for_each(|variance| *variance /= rows);
                let (means, variances) = known[places..places + 2 * width].split_at_mut(width);
                let unbiased = rows / (rows - 1.0).max(1.0);
                for at in 0..width {
                    means[at] += MOMENTUM * (mean[at] - means[at]);
                    variances[at] += MOMENTUM * (variance[at] * unbiased - variances[at]);
                }
                (mean, variance)
            }
        };
        let inverse: Vec<f32> =
            variance.iter().map(|variance| 1.0 / (variance + VARIANCE_FLOOR).sqrt()).collect();
        let mut y = Matrix::zeros(x.rows, width);
        wide(
            #[inline(always)]
            || {
                for (x, y) in x.data.chunks_exact_mut(width.max(1)).zip(y.data.chunks_exact_mut(width.max(1)))
                {
                    for at in 0..width {
                        x[at] = (x[at] - mean[at]) * inverse[at];
                        y[at] = x[at] * scale[at] + shift[at];
                    }
                }
            },
        );
        (Arc::new(y), Saved::BatchNorm { at, normal: x, scale: inverse })
    }
}

/// `data * weights + bias`.
fn affine(own: &[f32], data: &[f32], rows: usize, inputs: usize, outputs: usize) -> Matrix {
    let (weights, bias) = own.split_at(inputs * outputs);
    let mut y = Vec::with_capacity(rows * outputs);
    (0..rows).for_each(|_| y.extend_from_slice(bias));
    let left = Factor::plain(data, rows, inputs);
    multiply(&mut y, left, Factor::plain(weights, inputs, outputs), true);
    Matrix::new(rows, outputs, y)
}

/// Zeroes a share of values and scales the others up.
pub(crate) fn drop_out(data: &mut [f32], share: f32, keep: f32, stream: &mut Stream) {
    // Sixteen bits decide a value, so that four share a draw.
    let limit = (f64::from(share) * 65_536.0).round() as u64;
    for values in data.chunks_mut(4) {
        let bits = stream.bits();
        for (at, value) in values.iter_mut().enumerate() {
            *value *= if (bits >> (16 * at)) & 0xffff < limit { 0.0 } else { keep };
        }
    }
}

/// One way back through the layers.
struct Back<'a> {
    parameters: &'a [f32],
    /// Where gradients of parameters go; none where nobody wants them.
    gradient: Option<&'a mut [f32]>,
    /// With clipping, gradients wait until the norm of every sample's is known.
    waiting: Option<Waiting>,
}

#[derive(Default)]
struct Waiting {
    /// Squared norm a sample.
    squares: Vec<f64>,
    linear: Vec<(usize, Arc<Matrix>, Matrix)>,
}

impl Back<'_> {
    fn linear(&mut self, at: usize, input: &Arc<Matrix>, gradient: Matrix, want_input: bool) -> Matrix {
        let (inputs, outputs) = (input.columns, gradient.columns);
        let mut back = Matrix::default();
        if want_input {
            let weights = &self.parameters[at..at + inputs * outputs];
            back = Matrix::zeros(gradient.rows, inputs);
            let left = Factor::plain(&gradient.data, gradient.rows, outputs);
            multiply(&mut back.data, left, Factor::transposed(weights, outputs, inputs), false);
        }
        if let Some(waiting) = &mut self.waiting {
            for ((square, x), dy) in waiting.squares.iter_mut().zip(input.each_row()).zip(gradient.each_row())
            {
                // The gradient of weights is the outer product of both; that of the bias is the second.
                *square += (functions::square(x) + 1.0) * functions::square(dy);
            }
            waiting.linear.push((at, Arc::clone(input), gradient));
        } else if let Some(to) = self.gradient.as_deref_mut() {
            linear_gradient(to, at, input, &gradient);
        }
        back
    }

    fn layers(&mut self, saved: Vec<Saved>, mut gradient: Matrix, want_input: bool) -> Matrix {
        let count = saved.len();
        for (place, layer) in saved.into_iter().rev().enumerate() {
            let first = place + 1 == count;
            gradient = match layer {
                Saved::Linear { at, input } => self.linear(at, &input, gradient, !first || want_input),
                Saved::Activation { bend, keep, before, output } => {
                    let before = before.as_ref().map(|before| before.data.as_slice());
                    functions::bend_back(bend, keep, before, &output.data, &mut gradient.data);
                    gradient
                }
                Saved::BatchNorm { at, normal, scale } => self.batch_norm(at, &normal, &scale, gradient),
                Saved::Block { inner, concat: None } => {
                    let back = self.layers(inner, gradient.clone(), true);
                    wide(
                        #[inline(always)]
                        || gradient.data.iter_mut().zip(&back.data).for_each(|(to, back)| *to += back),
                    );
                    gradient
                }
                Saved::Block { inner, concat: Some(width) } => {
                    let (mut head, mut tail) = (Vec::new(), Vec::new());
                    for row in gradient.each_row() {
                        head.extend_from_slice(&row[..width]);
                        tail.extend_from_slice(&row[width..]);
                    }
                    let rest = gradient.columns - width;
                    let head = Matrix::new(gradient.rows, width, head);
                    let want = !first || want_input;
                    let back = self.layers(inner, head, want);
                    if want {
                        tail.iter_mut().zip(&back.data).for_each(|(to, back)| *to += back);
                    }
                    Matrix::new(gradient.rows, rest, tail)
                }
            };
        }
        gradient
    }

    fn batch_norm(&mut self, at: usize, normal: &Matrix, inverse: &[f32], mut gradient: Matrix) -> Matrix {
        let width = normal.columns;
        let mut scales = vec![0.0_f32; width];
        let mut shifts = vec![0.0_f32; width];
        add_column_sums(&mut shifts, &gradient.data);
        wide(
            #[inline(always)]
            || {
                for (x, dy) in
                    normal.data.chunks_exact(width.max(1)).zip(gradient.data.chunks_exact(width.max(1)))
                {
                    for ((to, x), dy) in scales.iter_mut().zip(x).zip(dy) {
                        *to += x * dy;
                    }
                }
            },
        );
        let scale = &self.parameters[at..at + width];
        let share = 1.0 / normal.rows.max(1) as f32;
        wide(
            #[inline(always)]
            || {
                for (x, dy) in
                    normal.data.chunks_exact(width.max(1)).zip(gradient.data.chunks_exact_mut(width.max(1)))
                {
                    for at in 0..width {
                        let centred = dy[at] - share * (shifts[at] + x[at] * scales[at]);
                        dy[at] = scale[at] * inverse[at] * centred;
                    }
                }
            },
        );
        if let Some(to) = self.gradient.as_deref_mut() {
            to[at..at + width].iter_mut().zip(&scales).for_each(|(to, value)| *to += value);
            to[at + width..at + 2 * width].iter_mut().zip(&shifts).for_each(|(to, value)| *to += value);
        }
        gradient
    }
}

fn linear_gradient(to: &mut [f32], at: usize, input: &Matrix, gradient: &Matrix) {
    let (inputs, outputs) = (input.columns, gradient.columns);
    let own = &mut to[at..at + (inputs + 1) * outputs];
    let (weights, bias) = own.split_at_mut(inputs * outputs);
    let left = Factor::transposed(&input.data, inputs, input.rows);
    multiply(weights, left, Factor::plain(&gradient.data, gradient.rows, outputs), true);
    add_column_sums(bias, &gradient.data);
}

fn table_gradient(to: &mut [f32], batch: &Batch, gradient: &Matrix) {
    let outputs = gradient.columns;
    wide(
        #[inline(always)]
        || {
            for (codes, dy) in batch.codes.chunks_exact(batch.per_row.max(1)).zip(gradient.each_row()) {
                for &code in codes.iter().filter(|code| **code != NO_CODE) {
                    let own = &mut to[code as usize * outputs..][..outputs];
                    own.iter_mut().zip(dy).for_each(|(to, dy)| *to += dy);
                }
            }
        },
    );
}

fn scale_rows(matrix: &mut Matrix, factors: &[f32]) {
    let width = matrix.columns.max(1);
    for (row, factor) in matrix.data.chunks_exact_mut(width).zip(factors) {
        row.iter_mut().for_each(|value| *value *= factor);
    }
}

impl Fused {
    /// A network with parameters to begin with.
    pub fn new(network: Arc<Network>, stream: &mut Stream) -> Self {
        let parameters = network.initial(stream);
        let statistics = network.initial_statistics();
        let moments = Moments::new(parameters.len());
        Self { gradient: vec![0.0; parameters.len()], network, parameters, statistics, moments, saved: None }
    }

    /// The way back: the gradients of what was wanted, and with a bound the norm of every sample's gradient.
    fn back(&mut self, gradient: Matrix, wanted: Wanted, bound: Option<f32>) -> Result<(Matrix, Vec<f64>)> {
        let (batch, saved) =
            self.saved.take().ok_or_else(|| Error::Defect("a way back without a way forth".to_owned()))?;
        if (gradient.rows, gradient.columns) != (batch.rows(), self.network.outputs()) {
            return Err(Error::Defect(format!(
                "a gradient of {} x {} for {} samples of {} numbers",
                gradient.rows,
                gradient.columns,
                batch.rows(),
                self.network.outputs()
            )));
        }
        let rows = batch.rows();
        let dense = Arc::new(batch.dense);
        let batch = Batch { dense: Matrix::default(), ..batch };
        let mut back = Back {
            parameters: &self.parameters,
            gradient: wanted.parameters.then_some(&mut self.gradient),
            waiting: bound.map(|_| Waiting { squares: vec![0.0; rows], linear: Vec::new() }),
        };
        let embeds = matches!(self.network.input, Input::Embed { .. });
        let mut gradient = back.layers(saved, gradient, embeds || wanted.input);
        let mut entry = None;
        if let Input::Embed { codes, outputs, .. } = self.network.input {
            let entry_gradient = gradient;
            if let Some(waiting) = &mut back.waiting {
                for (row, (square, dy)) in
                    waiting.squares.iter_mut().zip(entry_gradient.each_row()).enumerate()
                {
                    let own = &batch.codes[row * batch.per_row..(row + 1) * batch.per_row];
                    *square += repeats(own) * functions::square(dy);
                }
            } else if let Some(to) = back.gradient.as_deref_mut() {
                table_gradient(to, &batch, &entry_gradient);
            }
            entry = bound.is_some().then(|| entry_gradient.clone());
            gradient = back.linear(codes * outputs, &dense, entry_gradient, wanted.input);
        }
        let (Some(waiting), Some(bound)) = (back.waiting, bound) else { return Ok((gradient, Vec::new())) };
        let norms: Vec<f64> = waiting.squares.iter().map(|square| square.sqrt()).collect();
        let factors: Vec<f32> = norms.iter().map(|norm| clip_factor(*norm, bound)).collect();
        for (at, input, mut gradient) in waiting.linear {
            scale_rows(&mut gradient, &factors);
            linear_gradient(&mut self.gradient, at, &input, &gradient);
        }
        if let Some(mut entry) = entry {
            scale_rows(&mut entry, &factors);
            table_gradient(&mut self.gradient, &batch, &entry);
        }
        Ok((gradient, norms))
    }
}

/// What a gradient of this norm is multiplied with so that it is at most `bound`. A gradient that is no
/// number counts nothing.
pub(crate) fn clip_factor(norm: f64, bound: f32) -> f32 {
    if norm.is_finite() { (f64::from(bound) / norm.max(1e-12)).min(1.0) as f32 } else { 0.0 }
}

/// The sum over different codes of the square of how often each stands in the row: the squared norm of its
/// one-hot vector.
pub(crate) fn repeats(codes: &[u32]) -> f64 {
    let count = |code: &u32| codes.iter().filter(|other| *other == code).count();
    codes.iter().filter(|code| **code != NO_CODE).map(|code| count(code) as f64).sum()
}

impl Engine for Fused {
    fn network(&self) -> &Arc<Network> {
        &self.network
    }

    fn forward(&mut self, batch: Batch, stream: &mut Stream) -> Result<Matrix> {
        check(&self.network, &batch)?;
        let mut forth = Forth {
            parameters: &self.parameters,
            at: 0,
            statistics: Statistics::Learn(&mut self.statistics),
            statistics_at: 0,
            stream: Some(stream),
        };
        let entry = forth.embed(self.network.input, &batch);
        let (output, saved) = forth.layers(&self.network.layers, Arc::new(entry));
        self.saved = Some((batch, saved));
        Ok(Arc::unwrap_or_clone(output))
    }

    fn backward(&mut self, gradient: Matrix, wanted: Wanted) -> Result<Matrix> {
        Ok(self.back(gradient, wanted, None)?.0)
    }

    fn backward_clipped(&mut self, gradient: Matrix, bound: f32, input: bool) -> Result<(Vec<f64>, Matrix)> {
        if self.network.mixes_samples() {
            return Err(Error::Defect("a network that mixes samples has no gradient of one".to_owned()));
        }
        let (gradient, norms) = self.back(gradient, Wanted { parameters: true, input }, Some(bound))?;
        Ok((norms, gradient))
    }

    fn penalty(&mut self, batch: Matrix, weight: f32, stream: &mut Stream) -> Result<f64> {
        self.network.has_penalty()?;
        let rows = batch.rows;
        self.forward(Batch::dense(batch), stream)?;
        let (_, saved) = self.saved.take().unwrap_or_default();
        // The input's gradient is itself a way forth: from the one output back to the input, through weights
        // and the slopes that the activations had. `chain` keeps what entered every linear layer.
        let mut chain: Vec<(usize, usize, Matrix)> = Vec::new();
        let mut slopes: Vec<Option<Matrix>> = Vec::new();
        let mut flow = Matrix::new(rows, 1, vec![1.0; rows]);
        for layer in saved.into_iter().rev() {
            match layer {
                Saved::Linear { at, input } => {
                    let (inputs, outputs) = (input.columns, flow.columns);
                    let mut next = Matrix::zeros(rows, inputs);
                    let weights = &self.parameters[at..at + inputs * outputs];
                    let left = Factor::plain(&flow.data, rows, outputs);
                    multiply(&mut next.data, left, Factor::transposed(weights, outputs, inputs), false);
                    chain.push((at, inputs, std::mem::replace(&mut flow, next)));
                    slopes.push(None);
                }
                Saved::Activation { bend, keep, before: None, output } => {
                    let mut slope = Matrix::new(rows, output.columns, vec![1.0; output.data.len()]);
                    functions::bend_back(bend, keep, None, &output.data, &mut slope.data);
                    flow.data.iter_mut().zip(&slope.data).for_each(|(to, slope)| *to *= slope);
                    // Of two bends in a row the slopes multiply.
                    if let Some(Some(last)) = slopes.last_mut() {
                        last.data.iter_mut().zip(&slope.data).for_each(|(to, slope)| *to *= slope);
                    } else {
                        slopes.push(Some(slope));
                    }
                }
                _ => return Err(Error::Defect("a penalty of layers that have none".to_owned())),
            }
        }
        let (mean, mut back) = gap(&flow, weight);
        // And its own way back: through the chain in the other direction.
        let mut links = chain.into_iter().rev();
        for slope in slopes.into_iter().rev() {
            if let Some(slope) = slope {
                back.data.iter_mut().zip(&slope.data).for_each(|(to, slope)| *to *= slope);
                continue;
            }
            let Some((at, inputs, entered)) = links.next() else { break };
            let outputs = entered.columns;
            let own = &mut self.gradient[at..at + inputs * outputs];
            let left = Factor::transposed(&back.data, inputs, rows);
            multiply(own, left, Factor::plain(&entered.data, rows, outputs), true);
            let mut next = Matrix::zeros(rows, outputs);
            let weights = Factor::plain(&self.parameters[at..at + inputs * outputs], inputs, outputs);
            multiply(&mut next.data, Factor::plain(&back.data, rows, inputs), weights, false);
            back = next;
        }
        Ok(mean)
    }

    fn gradient(&mut self) -> Result<&mut [f32]> {
        Ok(&mut self.gradient)
    }

    fn step(&mut self, adam: &Adam) -> Result<()> {
        self.moments.step(adam, &mut self.parameters, &mut self.gradient);
        Ok(())
    }

    fn state(&self) -> Result<State> {
        Ok(State {
            parameters: self.parameters.clone(),
            statistics: self.statistics.clone(),
            moments: self.moments.clone(),
        })
    }

    fn restore(&mut self, state: State) -> Result<()> {
        state.fits(&self.network)?;
        State { parameters: self.parameters, statistics: self.statistics, moments: self.moments } = state;
        Ok(())
    }
}

/// The mean over samples of (norm - 1)^2, and `weight` times its gradient.
pub(crate) fn gap(gradient: &Matrix, weight: f32) -> (f64, Matrix) {
    let mut back = gradient.clone();
    let mut sum = 0.0;
    let rows = gradient.rows.max(1) as f64;
    for row in back.data.chunks_exact_mut(gradient.columns.max(1)) {
        let norm = functions::square(row).sqrt();
        sum += (norm - 1.0) * (norm - 1.0);
        let factor = f64::from(weight) * 2.0 * (norm - 1.0) / norm.max(1e-12) / rows;
        row.iter_mut().for_each(|value| *value = (f64::from(*value) * factor) as f32);
    }
    (sum / rows, back)
}

impl Network {
    /// What comes out in use: without dropout, over running statistics. Rows do not depend on each other.
    ///
    /// # Errors
    /// [`Error::Defect`] where the batch or the parameters do not fit.
    pub fn predict(&self, parameters: &[f32], statistics: &[f32], batch: &Batch) -> Result<Matrix> {
        check(self, batch)?;
        if (parameters.len(), statistics.len()) != (self.parameters(), self.statistics()) {
            return Err(Error::Defect("parameters of another network".to_owned()));
        }
        let mut forth = Forth {
            parameters,
            at: 0,
            statistics: Statistics::Use(statistics),
            statistics_at: 0,
            stream: None,
        };
        let entry = forth.embed(self.input, batch);
        let (output, _) = forth.layers(&self.layers, Arc::new(entry));
        Ok(Arc::unwrap_or_clone(output))
    }

    /// As [`Network::predict`], of the outputs `from` to `to` of the last layer alone, which must be linear:
    /// what an autoregressive model needs of a column at a time.
    ///
    /// # Errors
    /// As [`Network::predict`].
    pub fn predict_part(
        &self,
        parameters: &[f32],
        statistics: &[f32],
        batch: &Batch,
        (from, to): (usize, usize),
    ) -> Result<Matrix> {
        let Some((Layer::Linear { inputs, outputs }, trunk)) = self.layers.split_last() else {
            return Err(Error::Defect("a part of the outputs of a layer that is not linear".to_owned()));
        };
        if from > to || to > *outputs {
            return Err(Error::Defect(format!("outputs {from} to {to} of {outputs}")));
        }
        check(self, batch)?;
        let mut forth = Forth {
            parameters,
            at: 0,
            statistics: Statistics::Use(statistics),
            statistics_at: 0,
            stream: None,
        };
        let entry = forth.embed(self.input, batch);
        let (hidden, _) = forth.layers(trunk, Arc::new(entry));
        let (_, own) = forth.take((inputs + 1) * outputs);
        let (weights, bias) = own.split_at(inputs * outputs);
        let mut y = Vec::with_capacity(hidden.rows * (to - from));
        (0..hidden.rows).for_each(|_| y.extend_from_slice(&bias[from..to]));
        let right = Factor::plain(weights, *inputs, *outputs).columns(from, to);
        multiply(&mut y, Factor::plain(&hidden.data, hidden.rows, *inputs), right, true);
        Ok(Matrix::new(hidden.rows, to - from, y))
    }
}

/// Whether a batch fits a network.
pub(crate) fn check(network: &Network, batch: &Batch) -> Result<()> {
    let (dense, codes) = match network.input {
        Input::Dense(width) => (width, 0),
        Input::Embed { dense, codes, .. } => (dense, codes),
    };
    let fits = batch.dense.columns == dense
        && batch.codes.len() == batch.rows() * batch.per_row
        && batch.codes.iter().all(|&code| code == NO_CODE || (code as usize) < codes);
    if fits { Ok(()) } else { Err(Error::Defect(format!("a batch that does not fit {:?}", network.input))) }
}
