//! Private learning: the network's part of DP-SGD. Every column is codes, so that masks are all the
//! noise that rows meet before they are learned.

use daotwin_core::{Seed, Stream};
use daotwin_history::frame::Frame;
use daotwin_nn::Engine;

use super::learn::{Mean, Noising, Plan, adam};
use super::masked::Masked;
use super::model;
use super::store::{Built, Fitted, Sampler};
use crate::encode::{Encoded, Mixed};
use crate::error::{Error, Result};
use crate::table::deep::{begin_with, counts, taken};
use crate::table::dpsgd::Learner;
use crate::table::files::Guarantee;

/// A network that sees rows only through gradients that were scaled down.
pub(super) struct Private {
    built: Built,
    sampler: model::Sampler,
    encoded: Encoded,
    engine: Box<dyn Engine>,
    mean: Mean,
    plan: Plan,
    seed: Seed,
    /// How often each code of each column occurs, as it was measured.
    frequencies: Vec<Vec<f64>>,
}

impl Private {
    /// Before the first step. Nothing of the rows decides what the network is.
    pub(super) fn new(built: Built, mixed: Mixed, frame: &Frame, plan: Plan, seed: Seed) -> Result<Self> {
        let encoded = mixed.encode(frame, seed);
        let Sampler::Masked(sampler) = built.sampler(mixed)? else {
            return Err(Error::Defect("a private fit of steps of noise".to_owned()));
        };
        let mut first = seed.stream("first parameters of diffusion");
        let engine = plan.device.engine(sampler.network.clone(), &mut first)?;
        let mean = Mean { values: engine.state()?.parameters };
        Ok(Self { built, sampler, encoded, engine, mean, plan, seed, frequencies: Vec::new() })
    }

    /// What was learned.
    pub(super) fn fitted(self, rows: u64, guarantee: Guarantee) -> Result<Fitted> {
        let Self { built, mut sampler, mean, frequencies, seed, .. } = self;
        sampler.parameters = mean.finite(super::NAME)?;
        if !frequencies.is_empty() {
            sampler.calibrate(&frequencies, &mut seed.stream("calibrate diffusion"))?;
        }
        Ok(Fitted {
            sampler: Sampler::Masked(sampler),
            built,
            rows,
            seed: seed.0,
            guarantee: Some(guarantee),
        })
    }
}

impl Learner for Private {
    fn parameters(&self) -> usize {
        self.sampler.network.parameters()
    }

    fn margins(&self) -> Vec<Vec<i64>> {
        counts(&self.sampler.layout.shape, &self.encoded)
    }

    fn begin(&mut self, frequencies: &[Vec<f64>]) -> Result<()> {
        self.frequencies = frequencies.to_vec();
        begin_with(self.sampler.layout.shape.width, &frequencies.concat(), &mut *self.engine)?;
        self.mean.values = self.engine.state()?.parameters;
        Ok(())
    }

    fn gradient(&mut self, rows: &[u32], bound: f32, stream: &mut Stream) -> Result<Vec<f32>> {
        // Masks are drawn for each row by itself: a row that comes or goes must not change what another is asked.
        let noising = Masked { layout: &self.sampler.layout, encoded: &self.encoded, even: false };
        let (batch, asked) = noising.noise(rows, stream);
        let mut outputs = self.engine.forward(batch, stream)?;
        noising.gradient(&mut outputs, &asked, 1.0);
        self.engine.backward_clipped(outputs, bound, false)?;
        taken(&mut *self.engine)
    }

    fn apply(&mut self, gradient: &[f32], step: u64, _: &mut Stream) -> Result<()> {
        self.engine.gradient()?.copy_from_slice(gradient);
        self.engine.step(&adam(self.plan.rate, step, self.plan.steps))?;
        self.mean.look(&*self.engine, step + 1, step + 1 == self.plan.steps)
    }

    fn released(&self) -> Result<Vec<f32>> {
        Ok(self.mean.values.clone())
    }
}
