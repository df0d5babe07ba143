//! Private learning: the network's part of DP-SGD.

use std::sync::Arc;

use daotwin_core::{Seed, Stream};
use daotwin_history::frame::Frame;
use daotwin_nn::{Adam, Engine, Network};

use super::fit::{Plan, loss, masked, network};
use super::model::Fitted;
use super::parts::Parts;
use crate::error::Result;
use crate::table::deep::{begin_with, taken};
use crate::table::dpsgd::Learner;
use crate::table::files::Guarantee;
use crate::table::trees::codec::Codec;

/// A network that sees rows only through gradients that were scaled down.
pub(super) struct Private {
    parts: Parts,
    data: Vec<u32>,
    network: Arc<Network>,
    engine: Box<dyn Engine>,
    plan: Plan,
    seed: Seed,
    frequencies: Vec<Vec<f64>>,
}

impl Private {
    /// Before the first step. Nothing of the rows decides what the network is.
    pub(super) fn new(codec: &Codec, frame: &Frame, plan: Plan, seed: Seed) -> Result<Self> {
        let parts = Parts::declared(&codec.discrete.sizes());
        let data = parts.split(&codec.discrete.encode(frame));
        let network = network(&parts, plan.width, plan.depth, plan.dropout)?;
        let engine = plan.device.engine(Arc::clone(&network), &mut seed.stream("start autoregressive"))?;
        Ok(Self { parts, data, network, engine, plan, seed, frequencies: Vec::new() })
    }

    /// What was learned.
    pub(super) fn fitted(self, codec: Codec, rows: u64, guarantee: Guarantee) -> Result<Fitted> {
        let parameters = self.engine.state()?.parameters;
        let mut fitted = Fitted {
            codec,
            parts: self.parts,
            network: self.network,
            parameters,
            width: self.plan.width,
            depth: self.plan.depth,
            rows,
            seed: self.seed.0,
            guarantee: Some(guarantee),
        };
        fitted.calibrate(&self.frequencies, &mut self.seed.stream("calibrate autoregressive"))?;
        Ok(fitted)
    }
}

impl Learner for Private {
    fn parameters(&self) -> usize {
        self.network.parameters()
    }

    fn margins(&self) -> Vec<Vec<i64>> {
        self.parts.counts(&self.data)
    }

    fn begin(&mut self, frequencies: &[Vec<f64>]) -> Result<()> {
        self.frequencies = frequencies.to_vec();
        begin_with(self.parts.outputs(), &frequencies.concat(), &mut *self.engine)
    }

    fn gradient(&mut self, rows: &[u32], bound: f32, stream: &mut Stream) -> Result<Vec<f32>> {
        let each = rows.iter().map(|&row| row as usize);
        let mut masked = masked(&self.parts, &self.data, each, self.plan.any_order, stream);
        // The loss of each row by itself, not its share of the batch's.
        masked.weights.iter_mut().for_each(|weight| *weight *= rows.len() as f32);
        let mut logits = self.engine.forward(std::mem::take(&mut masked.batch), stream)?;
        loss(&self.parts, &self.data, rows, &masked, &mut logits);
        self.engine.backward_clipped(logits, bound, false)?;
        taken(&mut *self.engine)
    }

    fn apply(&mut self, gradient: &[f32], step: u64, _: &mut Stream) -> Result<()> {
        self.engine.gradient()?.copy_from_slice(gradient);
        let done = step as f32 / self.plan.steps.max(1) as f32;
        Ok(self.engine.step(&Adam { rate: self.plan.rate * (1.0 - done), ..Adam::default() })?)
    }

    fn released(&self) -> Result<Vec<f32>> {
        Ok(self.engine.state()?.parameters)
    }
}
