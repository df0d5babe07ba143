//! Private training: only the critic looks at rows, so only its gradient by real rows is bounded and noised; all
//! else follows from what was released.
//!
//! The critic sees one row at a time, without dropout, and its slope is kept by clipping its parameters (Arjovsky,
//! Chintala and Bottou 2017), since the penalty would look at rows a second time. There are no conditions: how
//! often a code occurs is not known.

use std::sync::Arc;

use daotwin_core::{Seed, Stream, Streams};
use daotwin_nn::{Adam, Batch, Engine, Matrix, Wanted};

use super::super::deep::{Net, Shape, begin_with, calibrate, counts, normal};
use super::super::dpsgd::Learner;
use super::train::{self, Beside, Learned, Plan, activate, activate_back, knob};
use crate::encode::Encoded;
use crate::error::Result;

/// The two networks on their way.
pub(super) struct Private<'a> {
    shape: &'a Shape,
    encoded: &'a Encoded,
    plan: Plan,
    generator: Net,
    maker: Box<dyn Engine>,
    judge: Box<dyn Engine>,
    codes: Streams,
    /// How often each code occurs, as it was measured.
    shares: Vec<f64>,
    seed: Seed,
    mean: Vec<f32>,
    bound: f32,
}

impl<'a> Private<'a> {
    pub(super) fn new(shape: &'a Shape, encoded: &'a Encoded, plan: Plan, bound: f32, seed: Seed) -> Result<Self> {
        let mut first = seed.stream("first parameters of gan");
        let generator = train::generator(shape, 0, plan.hidden, plan.noise)?;
        let maker = plan.device.engine(Arc::clone(&generator), &mut first)?;
        let judge = plan.device.engine(train::critic(shape.width, knob("PH", 32.0) as usize, 0.0)?, &mut first)?;
        let codes = seed.streams("codes of gan");
        Ok(Self { shape, encoded, plan, generator, maker, judge, codes, shares: Vec::new(), seed, mean: Vec::new(), bound })
    }

    /// What was learned.
    pub(super) fn learned(&self) -> Result<Learned> {
        let mut state = self.maker.state()?;
        if knob("PEMA", 1.0) > 0.5 && !self.mean.is_empty() {
            state.parameters.clone_from(&self.mean);
            let mut engine = self.plan.device.engine(Arc::clone(&self.generator), &mut self.seed.stream("x"))?;
            engine.restore(state.clone())?;
            let mut stream = self.seed.stream("statistics of gan");
            for _ in 0..60 {
                let noise = normal(self.plan.batch, self.plan.noise, &mut stream);
                engine.forward(train::inputs(noise, std::iter::repeat_n(None, self.plan.batch)), &mut self.seed.stream("no dice"))?;
            }
            state.statistics = engine.state()?.statistics;
        }
        let generator = Arc::clone(&self.generator);
        if !self.shares.is_empty() {
            let mut stream = self.seed.stream("calibration of gan");
            calibrate(self.shape, &self.shares, &mut state.parameters, |rows, parameters| {
                let noise = normal(rows, self.plan.noise, &mut stream);
                let batch = train::inputs(noise, std::iter::repeat_n(None, rows));
                Ok(generator.predict(parameters, &state.statistics, &batch)?)
            })?;
        }
        Ok(Learned { generator, parameters: state.parameters, statistics: state.statistics })
    }

    fn beside(&self) -> Beside<'_> {
        Beside { shape: self.shape, conditions: 0, pack: 1 }
    }
}

impl Learner for Private<'_> {
    fn parameters(&self) -> usize {
        self.judge.network().parameters()
    }

    fn margins(&self) -> Vec<Vec<i64>> {
        counts(self.shape, self.encoded)
    }

    fn begin(&mut self, frequencies: &[Vec<f64>]) -> Result<()> {
        self.shares = frequencies.concat();
        begin_with(self.shape, &self.shares, &mut *self.maker)
    }

    fn gradient(&mut self, rows: &[u32], bound: f32, stream: &mut Stream) -> Result<Vec<f32>> {
        if rows.is_empty() {
            return Ok(vec![0.0; self.parameters()]);
        }
        let real = self.beside().real(self.encoded, rows, &vec![None; rows.len()]);
        self.judge.forward(Batch::dense(real), stream)?;
        self.judge.backward_clipped(Matrix::new(rows.len(), 1, vec![-1.0; rows.len()]), bound, false)?;
        let sum = self.judge.gradient()?.to_vec();
        self.judge.gradient()?.fill(0.0);
        Ok(sum)
    }

    fn apply(&mut self, gradient: &[f32], step: u64, stream: &mut Stream) -> Result<()> {
        let batch = self.plan.batch;
        let share = step as f32 / self.plan.steps as f32;
        let fall = if knob("PDECAY", 1.0) > 0.5 { 0.02 + 0.98 * 0.5 * (1.0 + (std::f32::consts::PI * share).cos()) } else { 1.0 };
        let even = |sign: f32| Matrix::new(batch, 1, vec![sign / batch as f32; batch]);
        let noise = normal(batch, self.plan.noise, stream);
        let mut made = self.maker.forward(train::inputs(noise, std::iter::repeat_n(None, batch)), stream)?;
        activate(self.shape, &mut made, &self.codes, step * 64);
        let mut between = made.clone();
        for row in between.data.chunks_exact_mut(self.shape.width) {
            let u = stream.uniform() as f32;
            row.iter_mut().for_each(|value| *value *= 1.0 - u);
            for pair in self.shape.starts.windows(2) {
                row[pair[0] + stream.weighted(&self.shares[pair[0]..pair[1]])] += u;
            }
        }
        // Made rows count within the same bound as real ones, so that the two can cancel.
        self.judge.forward(Batch::dense(made), stream)?;
        self.judge.backward_clipped(Matrix::new(batch, 1, vec![1.0; batch]), self.bound, false)?;
        for (own, real) in self.judge.gradient()?.iter_mut().zip(gradient) {
            *own = *own / batch as f32 + real;
        }
        let pen = knob("PPEN", 1.0);
        if pen > 0.0 {
            self.judge.penalty(between, pen, stream)?;
        }
        self.judge.step(&Adam { rate: knob("PCR", 0.002) * fall, keep: (knob("PB1", 0.5), knob("PB2", 0.9)), decay: 0.0 })?;
        for turn in 0..knob("PGEN", 2.0) as u64 {
            let noise = normal(batch, self.plan.noise, stream);
            let mut made = self.maker.forward(train::inputs(noise, std::iter::repeat_n(None, batch)), stream)?;
            activate(self.shape, &mut made, &self.codes, step * 64 + 1 + turn);
            self.judge.forward(Batch::dense(made.clone()), stream)?;
            let mut back = self.judge.backward(even(-1.0), Wanted::INPUT)?;
            activate_back(self.shape, &made, &mut back);
            self.maker.backward(back, Wanted::PARAMETERS)?;
            self.maker.step(&Adam { decay: 1e-6, rate: knob("PGR", 0.001) * fall, keep: (0.5, 0.9) })?;
        }
        let state = self.maker.state()?;
        let keep = knob("PKEEP", 0.95).min(step as f32 / (step + 9) as f32);
        self.mean.resize(state.parameters.len(), 0.0);
        for (mean, now) in self.mean.iter_mut().zip(&state.parameters) {
            *mean = keep * *mean + (1.0 - keep) * now;
        }
        Ok(())
    }

    fn bytes(&self) -> Result<Vec<u8>> {
        let state = self.learned()?;
        Ok(state.parameters.iter().chain(&state.statistics).flat_map(|value| value.to_le_bytes()).collect())
    }
}
