//! Learning: rows with random columns masked, and the loss of guessing them.

use std::cmp::Ordering;
use std::sync::Arc;

use daotwin_core::{Run, Seed, Stream};
use daotwin_nn::{
    Activation, Adam, Batch, Device, Input, Layer, Matrix, Network, State, Wanted, cross_entropy,
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::model::Fitted;
use super::parts::Parts;
use crate::error::Result;
use crate::table::checkpoint::{Checkpoint, Saved};
use crate::table::deep::{Batches, go_on, keep};
use crate::table::files::{Tensors, wide};
use crate::table::trees::codec::Codec;

/// How to learn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Plan {
    pub steps: u64,
    pub batch: usize,
    pub width: usize,
    pub depth: usize,
    pub rate: f32,
    pub dropout: f32,
    pub any_order: f64,
    pub device: Device,
}

/// Passes without a better loss after which learning ends.
const END: u64 = 5;

/// What progress is reported as.
const STAGE: &str = "fit autoregressive";

/// Passes over the rows at most, however few they are.
const PASSES: u64 = 300;

/// One row in so many is held out.
const HELD_OUT: usize = 10;

/// How much of a row's loss is that of the part that comes next, where it is masked in the order of the parts.
/// The rest is that of the parts behind it: more to learn from in every step.
const NEXT: f32 = 0.9;

/// Rows below which none is held out.
const FEW: usize = 200;

/// The network of these parts.
///
/// # Errors
/// Never, for parts that were checked.
pub(super) fn network(parts: &Parts, width: usize, depth: usize, dropout: f32) -> Result<Arc<Network>> {
    let bend = |dropout| Layer::Activation { bend: Activation::Relu, dropout };
    let linear = |inputs, outputs| Layer::Linear { inputs, outputs };
    let mut layers: Vec<Layer> = (0..depth)
        .map(|_| Layer::Residual(vec![bend(0.0), linear(width, width), bend(dropout), linear(width, width)]))
        .collect();
    layers.extend([bend(dropout), linear(width, parts.outputs())]);
    let input = Input::Embed { dense: 0, codes: parts.inputs(), outputs: width };
    Ok(Arc::new(Network::new(input, layers)?))
}

/// What guessing each part of a row counts: nothing where the part is known, which are those before a random
/// place, in the row's own order or in that of the parts. The weights of a row add up to 1.
fn mask(weights: &mut [f32], any_order: f64, order: &mut [usize], stream: &mut Stream) {
    let known = stream.below(weights.len() as u64) as usize;
    let hidden = (weights.len() - known) as f32;
    if stream.chance(any_order) {
        stream.shuffle(order);
        weights.fill(1.0 / hidden);
        order[..known].iter().for_each(|&part| weights[part] = 0.0);
    } else {
        // In the order in which rows are drawn, the part that comes next is the one to be drawn.
        let rest = if hidden > 1.0 { (1.0 - NEXT) / (hidden - 1.0) } else { 0.0 };
        weights.iter_mut().enumerate().for_each(|(part, weight)| {
            *weight = match part.cmp(&known) {
                Ordering::Less => 0.0,
                Ordering::Equal => 1.0 - rest * (hidden - 1.0),
                Ordering::Greater => rest,
            }
        });
    }
}

/// Rows as the network sees them, and what guessing each part counts.
pub(super) struct Masked {
    pub batch: Batch,
    pub weights: Vec<f32>,
}

pub(super) fn masked(
    parts: &Parts,
    data: &[u32],
    rows: impl ExactSizeIterator<Item = usize>,
    any_order: f64,
    stream: &mut Stream,
) -> Masked {
    let width = parts.list.len();
    let count = rows.len();
    let mut codes = Vec::with_capacity(count * width);
    let mut all = vec![0.0; count * width];
    let mut order: Vec<usize> = (0..width).collect();
    for (row, weights) in rows.zip(all.chunks_exact_mut(width)) {
        mask(weights, any_order, &mut order, stream);
        let own = &data[row * width..(row + 1) * width];
        codes.extend(own.iter().zip(&parts.list).zip(&*weights).map(|((&code, part), &weight)| {
            part.input as u32 + if weight > 0.0 { part.size as u32 } else { code }
        }));
        weights.iter_mut().for_each(|weight| *weight /= count as f32);
    }
    let batch = Batch { dense: Matrix::zeros(count, 0), codes, per_row: width };
    Masked { batch, weights: all }
}

/// The loss of rows, and its gradient in place of the logits.
pub(super) fn loss(parts: &Parts, data: &[u32], rows: &[u32], masked: &Masked, logits: &mut Matrix) -> f64 {
    let width = parts.list.len();
    let columns = logits.columns;
    let losses: Vec<f64> = logits
        .data
        .par_chunks_mut(columns.max(1) * 64)
        .enumerate()
        .map(|(chunk, logits)| {
            let mut sum = 0.0;
            for (at, logits) in logits.chunks_exact_mut(columns).enumerate() {
                let row = chunk * 64 + at;
                let own = &data[rows[row] as usize * width..][..width];
                for (place, part) in parts.list.iter().enumerate() {
                    let logits = &mut logits[part.output..part.output + part.size];
                    let weight = masked.weights[row * width + place];
                    if weight > 0.0 {
                        let loss = cross_entropy(logits, own[place] as usize, weight);
                        sum += f64::from(loss);
                    } else {
                        logits.fill(0.0);
                    }
                }
            }
            sum
        })
        .collect();
    losses.iter().sum()
}

/// What a checkpoint keeps beside the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Progress {
    step: u64,
    /// The loss of this pass over the rows so far.
    sum: f64,
    best: f64,
    stale: u64,
}

/// Learns from codes, a list a column.
pub(super) fn fit(
    codec: Codec,
    codes: &[Vec<u32>],
    plan: &Plan,
    seed: Seed,
    (mut checkpoint, saved): (Checkpoint, Option<Saved>),
    run: &Run,
) -> Result<Fitted> {
    let parts = Parts::fit(codes, &codec.discrete.sizes());
    let data = parts.split(codes);
    let rows = codes.first().map_or(0, Vec::len);
    let network = network(&parts, plan.width, plan.depth, plan.dropout)?;
    let mut engine = plan.device.engine(Arc::clone(&network), &mut seed.stream("start autoregressive"))?;
    let streams = seed.streams("fit autoregressive");
    // Which rows are held out, and how they are masked, is the same in every pass.
    let mut order: Vec<u32> = (0..rows as u32).collect();
    streams.stream(0).shuffle(&mut order);
    let held = if rows < FEW { 0 } else { rows / HELD_OUT };
    let (out, train) = order.split_at_mut(held);
    train.sort_unstable();
    let mut progress = Progress { step: 0, sum: 0.0, best: f64::MAX, stale: 0 };
    let mut best = engine.state()?.parameters;
    if let Some(mut saved) = saved {
        progress = saved.state()?;
        go_on("network", &mut *engine, &mut saved)?;
        best = saved.narrow("best", network.parameters())?;
    }
    let batch = plan.batch.min(train.len()).max(1);
    let turn = train.len().div_ceil(batch) as u64;
    let total = turn * plan.steps.div_ceil(turn).clamp(1, PASSES);
    let mut batches = Batches::new(train.len(), seed.streams("order rows of autoregressive"));
    while progress.step < total && progress.stale < END {
        checkpoint.step(run, STAGE, progress.step, total, || {
            let mut tensors = Tensors::from([("best".to_owned(), wide(&best))]);
            keep("network", &*engine, &mut tensors)?;
            Saved::new(&progress, tensors)
        })?;
        // A pass ends with what is left, however few: the loss of a pass is that of every row once.
        let from = (progress.step % turn) as usize * batch;
        let order = &batches.turn(progress.step / turn)[from..train.len().min(from + batch)];
        let rows: Vec<u32> = order.iter().map(|&place| train[place as usize]).collect();
        let mut stream = streams.stream(1 + progress.step);
        let each = rows.iter().map(|&row| row as usize);
        let mut masked = masked(&parts, &data, each, plan.any_order, &mut stream);
        let mut logits = engine.forward(std::mem::take(&mut masked.batch), &mut stream)?;
        progress.sum += loss(&parts, &data, &rows, &masked, &mut logits) * rows.len() as f64;
        engine.backward(logits, Wanted::PARAMETERS)?;
        // The rate falls to nothing: noise of single steps would stay in the weights.
        let done = progress.step as f32 / total as f32;
        engine.step(&Adam { rate: plan.rate * (1.0 - done), ..Adam::default() })?;
        progress.step += 1;
        if !progress.step.is_multiple_of(turn) {
            continue;
        }
        let state = engine.state()?;
        let sum = std::mem::take(&mut progress.sum);
        let found = if out.is_empty() {
            sum / train.len().max(1) as f64
        } else {
            let mut stream = seed.stream("mask rows held out");
            held_out(&network, &state, &parts, &data, out, plan, &mut stream)?
        };
        if found < progress.best {
            progress.best = found;
            progress.stale = 0;
            best = state.parameters;
        } else {
            progress.stale += 1;
        }
    }
    run.step(STAGE, total, total)?;
    checkpoint.finish()?;
    let frequencies: Vec<Vec<f64>> = parts
        .counts(&data)
        .iter()
        .map(|counts| counts.iter().map(|count| (*count as f64).max(0.01) / rows as f64).collect())
        .collect();
    let (width, depth) = (plan.width, plan.depth);
    let mut fitted = Fitted {
        codec,
        parts,
        network,
        parameters: best,
        width,
        depth,
        rows: rows as u64,
        seed: seed.0,
        guarantee: None,
    };
    fitted.calibrate(&frequencies, &mut seed.stream("calibrate autoregressive"))?;
    Ok(fitted)
}

/// The mean loss of rows held out.
fn held_out(
    network: &Network,
    state: &State,
    parts: &Parts,
    data: &[u32],
    rows: &[u32],
    plan: &Plan,
    stream: &mut Stream,
) -> Result<f64> {
    let mut sum = 0.0;
    for rows in rows.chunks(1_024) {
        let each = rows.iter().map(|&row| row as usize);
        let masked = masked(parts, data, each, plan.any_order, stream);
        let mut logits = network.predict(&state.parameters, &state.statistics, &masked.batch)?;
        sum += loss(parts, data, rows, &masked, &mut logits) * rows.len() as f64;
    }
    Ok(sum / rows.len() as f64)
}
