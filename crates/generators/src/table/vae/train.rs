//! Training: an encoder that says where a row's hidden part lies, a decoder that gives the row's law back.

use std::sync::Arc;

use daotwin_core::{Run, Seed, Stream};
use daotwin_nn::{
    Activation, Adam, Batch, Device, Engine, Input, Layer, Matrix, Network, Wanted, cross_entropy, exp,
};

use super::super::checkpoint::{Checkpoint, Saved};
use super::super::deep::{
    Batches, Net, Shape, begin_with, by_rows, calibrate, counts, fall, frequencies, go_on, keep, normal,
    taken,
};
use super::super::dpsgd::Learner;
use super::super::files::Tensors;
use super::prior::Prior;
use crate::encode::Encoded;
use crate::error::Result;

/// How to learn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Plan {
    /// Numbers of a hidden layer.
    pub hidden: usize,
    /// Coordinates of a row's hidden part.
    pub latent: usize,
    /// Rows of a step.
    pub batch: usize,
    /// Steps.
    pub steps: u64,
    /// The learning rate at first; it falls to nothing.
    pub rate: f32,
    /// The weight of the hidden part's law against the row's.
    pub beta: f32,
    /// Gaussians of the law of hidden parts.
    pub modes: usize,
    /// What trains.
    pub device: Device,
}

/// What was learned.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Learned {
    pub decoder: Net,
    pub parameters: Vec<f32>,
    pub prior: Prior,
}

/// Logarithms of variances stay within this.
const LOGS: (f32, f32) = (-8.0, 4.0);

/// Rows from which the law of hidden parts is fitted, at most.
const PRIOR_ROWS: usize = 20_000;

/// The share of the steps over which the weight of the hidden part's law grows from nothing.
const WARM: f32 = 0.2;

fn bend() -> Layer {
    Layer::Activation { bend: Activation::Relu, dropout: 0.0 }
}

/// The encoder: codes to the mean and the logarithm of the variance of each coordinate.
pub(super) fn encoder(shape: &Shape, hidden: usize, latent: usize) -> Result<Net> {
    let input = Input::Embed { dense: 0, codes: shape.codes(), outputs: hidden };
    let layers = vec![
        bend(),
        Layer::Linear { inputs: hidden, outputs: hidden },
        bend(),
        Layer::Linear { inputs: hidden, outputs: 2 * latent },
    ];
    Ok(Arc::new(Network::new(input, layers)?))
}

/// The decoder: a hidden part to the logits of every column.
pub(super) fn decoder(shape: &Shape, hidden: usize, latent: usize) -> Result<Net> {
    let layers = vec![
        Layer::Linear { inputs: latent, outputs: hidden },
        bend(),
        Layer::Linear { inputs: hidden, outputs: hidden },
        bend(),
        Layer::Linear { inputs: hidden, outputs: shape.width },
    ];
    Ok(Arc::new(Network::new(Input::Dense(latent), layers)?))
}

/// A draw of hidden parts: `mean + deviation * noise`.
pub(super) struct Hidden {
    pub drawn: Matrix,
    pub noise: Matrix,
    /// What the encoder said.
    pub law: Matrix,
}

impl Hidden {
    pub(super) fn new(law: Matrix, noise: Matrix) -> Self {
        let latent = noise.columns;
        let mut drawn = noise.clone();
        for (row, drawn) in drawn.data.chunks_exact_mut(latent.max(1)).enumerate() {
            let (means, logs) = law.row(row).split_at(latent);
            for ((value, mean), log) in drawn.iter_mut().zip(means).zip(logs) {
                *value = mean + exp(0.5 * log.clamp(LOGS.0, LOGS.1)) * *value;
            }
        }
        Self { drawn, noise, law }
    }

    /// The gradient by what the encoder said, from that by the hidden parts; `scale` is one over the rows that the
    /// loss is a mean over.
    pub(super) fn back(&self, by_drawn: &Matrix, beta: f32, scale: f32) -> Matrix {
        let latent = self.noise.columns;
        let mut gradient = Matrix::zeros(self.law.rows, self.law.columns);
        for row in 0..self.law.rows {
            let (means, logs) = self.law.row(row).split_at(latent);
            let (by_mean, by_log) = gradient.row_mut(row).split_at_mut(latent);
            for at in 0..latent {
                let log = logs[at].clamp(LOGS.0, LOGS.1);
                let (down, noise) = (by_drawn.row(row)[at], self.noise.row(row)[at]);
                by_mean[at] = down + beta * scale * means[at];
                let inside = f32::from(u8::from(log == logs[at]));
                by_log[at] =
                    inside * (down * noise * 0.5 * exp(0.5 * log) + beta * scale * 0.5 * (exp(log) - 1.0));
            }
        }
        gradient
    }
}

/// Replaces logits by the gradient of the cross entropy of every column, times `scale`; returns the sum of losses.
pub(super) fn losses(shape: &Shape, logits: &mut Matrix, batch: &Batch, scale: f32) -> f64 {
    by_rows(logits, |row, logits| {
        let own = &batch.codes[row * batch.per_row..(row + 1) * batch.per_row];
        let mut sum = 0.0;
        for (column, code) in own.iter().enumerate() {
            let (start, end) = (shape.starts[column], shape.starts[column + 1]);
            sum += f64::from(cross_entropy(&mut logits[start..end], *code as usize - start, scale));
        }
        sum
    })
}

/// The weight of the hidden part's law at a step.
fn weight(plan: &Plan, step: u64) -> f32 {
    plan.beta * (step as f32 / (WARM * plan.steps as f32).max(1.0)).min(1.0)
}

/// Adam at a step.
pub(super) fn adam(rate: f32, step: u64, steps: u64) -> Adam {
    Adam { rate: rate * fall(step, steps), ..Adam::default() }
}

/// Learns from codes.
///
/// # Errors
/// Cancellation, after the checkpoint was written; the networks'.
pub(super) fn train(
    shape: &Shape,
    encoded: &Encoded,
    plan: &Plan,
    seed: Seed,
    (mut checkpoint, saved): (Checkpoint, Option<Saved>),
    run: &Run,
) -> Result<Learned> {
    let mut first = seed.stream("first parameters of vae");
    let (encoder, decoder) =
        (encoder(shape, plan.hidden, plan.latent)?, decoder(shape, plan.hidden, plan.latent)?);
    let mut inner = plan.device.engine(encoder, &mut first)?;
    let mut outer = plan.device.engine(Arc::clone(&decoder), &mut first)?;
    let mut batches = Batches::new(encoded.rows(), seed.streams("batches of vae"));
    let streams = seed.streams("steps of vae");
    let mut from = 0;
    if let Some(mut saved) = saved {
        from = saved.state::<u64>()?;
        go_on("encoder", &mut *inner, &mut saved)?;
        go_on("decoder", &mut *outer, &mut saved)?;
    }
    for step in from..plan.steps {
        checkpoint.step(run, "fit vae", step, plan.steps, || {
            let mut tensors = Tensors::new();
            keep("encoder", &*inner, &mut tensors)?;
            keep("decoder", &*outer, &mut tensors)?;
            Saved::new(&step, tensors)
        })?;
        let rows = batches.at(step, plan.batch);
        let mut stream = streams.stream(step);
        let batch = shape.batch(encoded, &rows);
        let scale = 1.0 / rows.len() as f32;
        let law = inner.forward(batch.clone(), &mut stream)?;
        let hidden = Hidden::new(law, normal(rows.len(), plan.latent, &mut stream));
        let mut logits = outer.forward(Batch::dense(hidden.drawn.clone()), &mut stream)?;
        losses(shape, &mut logits, &batch, scale);
        let by_drawn = outer.backward(logits, Wanted::ALL)?;
        inner.backward(hidden.back(&by_drawn, weight(plan, step), scale), Wanted::PARAMETERS)?;
        let adam = adam(plan.rate, step, plan.steps);
        inner.step(&adam)?;
        outer.step(&adam)?;
    }
    let prior = prior(shape, encoded, &*inner, plan, seed, run)?;
    let mut parameters = outer.state()?.parameters;
    let mut stream = seed.stream("calibration of vae");
    calibrate(shape, &frequencies(shape, encoded), &mut parameters, |rows, parameters| {
        Ok(decoder.predict(parameters, &[], &Batch::dense(prior.draw(rows, &mut stream)))?)
    })?;
    run.step("fit vae", plan.steps, plan.steps)?;
    checkpoint.finish()?;
    Ok(Learned { decoder, parameters, prior })
}

/// The law of the hidden parts of rows.
fn prior(
    shape: &Shape,
    encoded: &Encoded,
    encoder: &dyn Engine,
    plan: &Plan,
    seed: Seed,
    run: &Run,
) -> Result<Prior> {
    let mut stream = seed.stream("prior of vae");
    let count = encoded.rows().min(PRIOR_ROWS);
    let mut rows: Vec<u32> = (0..encoded.rows() as u32).collect();
    if count < rows.len() {
        stream.shuffle(&mut rows);
        rows.truncate(count);
    }
    let state = encoder.state()?;
    let mut points =
        Matrix { rows: count, columns: plan.latent, data: Vec::with_capacity(count * plan.latent) };
    for chunk in rows.chunks(1_024) {
        run.check()?;
        let law =
            encoder.network().predict(&state.parameters, &state.statistics, &shape.batch(encoded, chunk))?;
        let hidden = Hidden::new(law, normal(chunk.len(), plan.latent, &mut stream));
        points.data.extend_from_slice(&hidden.drawn.data);
    }
    Prior::fit(&points, plan.modes, &mut stream, run)
}

/// A private training of the same networks. Each network's gradient has its own bound, so that both together keep
/// that of the plan. Hidden parts keep to the standard normal law, since another would look at rows again.
pub(super) struct Private {
    shape: Shape,
    encoded: Encoded,
    plan: Plan,
    inner: Box<dyn Engine>,
    outer: Box<dyn Engine>,
    decoder: Net,
    /// How often each code occurs, as it was measured.
    shares: Vec<f64>,
    seed: Seed,
}

impl Private {
    pub(super) fn new(shape: Shape, encoded: Encoded, plan: Plan, seed: Seed) -> Result<Self> {
        let mut first = seed.stream("first parameters of vae");
        let encoder = encoder(&shape, plan.hidden, plan.latent)?;
        let decoder = decoder(&shape, plan.hidden, plan.latent)?;
        let inner = plan.device.engine(encoder, &mut first)?;
        let outer = plan.device.engine(Arc::clone(&decoder), &mut first)?;
        Ok(Self { shape, encoded, plan, inner, outer, decoder, shares: Vec::new(), seed })
    }

    /// What was learned.
    pub(super) fn learned(&self) -> Result<Learned> {
        let mut parameters = self.outer.state()?.parameters;
        let prior = Prior::standard(self.plan.latent);
        if !self.shares.is_empty() {
            let mut stream = self.seed.stream("calibration of vae");
            calibrate(&self.shape, &self.shares, &mut parameters, |rows, parameters| {
                let drawn = Batch::dense(prior.draw(rows, &mut stream));
                Ok(self.decoder.predict(parameters, &[], &drawn)?)
            })?;
        }
        Ok(Learned { decoder: Arc::clone(&self.decoder), parameters, prior })
    }
}

impl Learner for Private {
    fn parameters(&self) -> usize {
        self.inner.network().parameters() + self.outer.network().parameters()
    }

    fn margins(&self) -> Vec<Vec<i64>> {
        counts(&self.shape, &self.encoded)
    }

    fn begin(&mut self, frequencies: &[Vec<f64>]) -> Result<()> {
        self.shares = frequencies.concat();
        begin_with(self.shape.width, &self.shares, &mut *self.outer)
    }

    fn gradient(&mut self, rows: &[u32], bound: f32, stream: &mut Stream) -> Result<Vec<f32>> {
        let own = bound * std::f32::consts::FRAC_1_SQRT_2;
        let batch = self.shape.batch(&self.encoded, rows);
        let law = self.inner.forward(batch.clone(), stream)?;
        let hidden = Hidden::new(law, normal(rows.len(), self.plan.latent, stream));
        let mut logits = self.outer.forward(Batch::dense(hidden.drawn.clone()), stream)?;
        losses(&self.shape, &mut logits, &batch, 1.0);
        let (_, by_drawn) = self.outer.backward_clipped(logits, own, true)?;
        self.inner.backward_clipped(hidden.back(&by_drawn, self.plan.beta, 1.0), own, false)?;
        Ok([taken(&mut *self.inner)?, taken(&mut *self.outer)?].concat())
    }

    fn apply(&mut self, gradient: &[f32], step: u64, _: &mut Stream) -> Result<()> {
        let (inner, outer) = gradient.split_at(self.inner.network().parameters());
        self.inner.gradient()?.copy_from_slice(inner);
        self.outer.gradient()?.copy_from_slice(outer);
        let adam = adam(self.plan.rate, step, self.plan.steps);
        self.inner.step(&adam)?;
        Ok(self.outer.step(&adam)?)
    }

    fn released(&self) -> Result<Vec<f32>> {
        Ok(self.learned()?.parameters)
    }
}
