//! Private training: only the critic looks at rows, so only its gradient by real rows is bounded and noised; all
//! else follows from what was released.
//!
//! The critic sees one row at a time, without dropout, and its slope is kept by clipping its parameters (Arjovsky,
//! Chintala and Bottou 2017), since the penalty would look at rows a second time. There are no conditions: how
//! often a code occurs is not known.

use std::sync::Arc;

use daotwin_core::{Seed, Stream, Streams};
use daotwin_nn::{Adam, Batch, Device, Engine, Matrix, Wanted};

use super::super::deep::{Net, Shape, begin_with, calibrate, counts, normal};
use super::super::dpsgd::Learner;
use super::train::{self, Beside, Learned, Plan, activate, activate_back};
use crate::encode::Encoded;
use crate::error::Result;

/// No parameter of the critic is larger.
const CLIP: f32 = 0.1;

/// The two networks on their way.
pub(super) struct Private {
    shape: Shape,
    encoded: Encoded,
    plan: Plan,
    generator: Net,
    maker: Box<dyn Engine>,
    judge: Box<dyn Engine>,
    codes: Streams,
    /// How often each code occurs, as it was measured.
    shares: Vec<f64>,
    seed: Seed,
}

impl Private {
    pub(super) fn new(shape: Shape, encoded: Encoded, plan: Plan, seed: Seed) -> Result<Self> {
        let mut first = seed.stream("first parameters of gan");
        let generator = train::generator(&shape, 0, plan.hidden, plan.noise)?;
        let maker = Device::Fused.engine(Arc::clone(&generator), &mut first)?;
        let judge = Device::Fused.engine(train::critic(shape.width, plan.hidden, 0.0)?, &mut first)?;
        let codes = seed.streams("codes of gan");
        Ok(Self { shape, encoded, plan, generator, maker, judge, codes, shares: Vec::new(), seed })
    }

    /// What was learned.
    pub(super) fn learned(&self) -> Result<Learned> {
        let mut state = self.maker.state()?;
        let generator = Arc::clone(&self.generator);
        if !self.shares.is_empty() {
            let mut stream = self.seed.stream("calibration of gan");
            calibrate(&self.shape, &self.shares, &mut state.parameters, |rows, parameters| {
                let noise = normal(rows, self.plan.noise, &mut stream);
                let batch = train::inputs(noise, std::iter::repeat_n(None, rows));
                Ok(generator.predict(parameters, &state.statistics, &batch)?)
            })?;
        }
        Ok(Learned { generator, parameters: state.parameters, statistics: state.statistics })
    }

    fn beside(&self) -> Beside<'_> {
        Beside { shape: &self.shape, conditions: 0, pack: 1 }
    }
}

impl Learner for Private {
    fn parameters(&self) -> usize {
        self.judge.network().parameters()
    }

    fn margins(&self) -> Vec<Vec<i64>> {
        counts(&self.shape, &self.encoded)
    }

    fn begin(&mut self, frequencies: &[Vec<f64>]) -> Result<()> {
        self.shares = frequencies.concat();
        begin_with(&self.shape, &self.shares, &mut *self.maker)
    }

    fn gradient(&mut self, rows: &[u32], bound: f32, stream: &mut Stream) -> Result<Vec<f32>> {
        if rows.is_empty() {
            return Ok(vec![0.0; self.parameters()]);
        }
        let real = self.beside().real(&self.encoded, rows, &vec![None; rows.len()]);
        self.judge.forward(Batch::dense(real), stream)?;
        self.judge.backward_clipped(Matrix::new(rows.len(), 1, vec![-1.0; rows.len()]), bound)?;
        let sum = self.judge.gradient()?.to_vec();
        self.judge.gradient()?.fill(0.0);
        Ok(sum)
    }

    fn apply(&mut self, gradient: &[f32], step: u64, stream: &mut Stream) -> Result<()> {
        let batch = self.plan.batch;
        let noise = normal(batch, self.plan.noise, stream);
        let mut made = self.maker.forward(train::inputs(noise, std::iter::repeat_n(None, batch)), stream)?;
        activate(&self.shape, &mut made, &self.codes, step);
        let even = |sign: f32| Matrix::new(batch, 1, vec![sign / batch as f32; batch]);
        let adam = Adam { rate: self.plan.rate, keep: (0.5, 0.9), decay: 0.0 };
        self.judge.gradient()?.copy_from_slice(gradient);
        self.judge.forward(Batch::dense(made.clone()), stream)?;
        self.judge.backward(even(1.0), Wanted::PARAMETERS)?;
        self.judge.step(&adam)?;
        let mut state = self.judge.state()?;
        state.parameters.iter_mut().for_each(|value| *value = value.clamp(-CLIP, CLIP));
        self.judge.restore(state)?;
        self.judge.forward(Batch::dense(made.clone()), stream)?;
        let mut back = self.judge.backward(even(-1.0), Wanted::INPUT)?;
        activate_back(&self.shape, &made, &mut back);
        self.maker.backward(back, Wanted::PARAMETERS)?;
        Ok(self.maker.step(&Adam { decay: 1e-6, ..adam })?)
    }

    fn bytes(&self) -> Result<Vec<u8>> {
        let state = self.learned()?;
        Ok(state.parameters.iter().chain(&state.statistics).flat_map(|value| value.to_le_bytes()).collect())
    }
}
