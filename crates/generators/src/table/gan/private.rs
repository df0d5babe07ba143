//! Private training: only the critic looks at rows, so only its gradient by real rows is bounded and noised; all
//! else follows from what was released.
//!
//! The critic sees one row at a time and is small, since noise grows with its parameters. Made rows count within the
//! same bound as real ones, or the two could not cancel. Its slope is kept by the penalty between made rows and rows
//! drawn from the counts of columns that were paid for, not real ones, so that no row is looked at a second time.
//! Between two looks at rows the generator takes several steps, which cost no budget. There are no conditions: which
//! rows have a code is not known.

use std::sync::Arc;

use daotwin_core::{Run, Seed, Stream, Streams};
use daotwin_nn::{Adam, Batch, Engine, Matrix, Wanted};

use super::super::deep::{Net, Shape, begin_with, calibrate, counts, fall, normal, taken};
use super::super::dpsgd::Learner;
use super::train::{self, Beside, Learned, Plan, activate, activate_back};
use crate::encode::Encoded;
use crate::error::Result;

/// Steps of the generator for each of the critic.
const TURNS: u64 = 2;

/// How much larger the critic's learning rate is than the generator's.
const CRITIC: f32 = 5.0;

/// What the running mean of the generator's parameters keeps of itself in a step.
const MEAN_KEEP: f32 = 0.95;

/// The two networks on their way.
pub(super) struct Private {
    shape: Shape,
    encoded: Encoded,
    plan: Plan,
    /// The norm that the gradient of a row is scaled down to.
    bound: f32,
    generator: Net,
    maker: Box<dyn Engine>,
    judge: Box<dyn Engine>,
    /// The running mean of the generator's parameters.
    mean: Vec<f32>,
    codes: Streams,
    /// How often each code occurs, as it was measured.
    shares: Vec<f64>,
    seed: Seed,
}

impl Private {
    pub(super) fn new(shape: Shape, encoded: Encoded, plan: Plan, bound: f32, seed: Seed) -> Result<Self> {
        let mut first = seed.stream("first parameters of gan");
        let generator = train::generator(&shape, 0, plan.hidden, plan.noise)?;
        let maker = plan.device.engine(Arc::clone(&generator), &mut first)?;
        let judge = plan.device.engine(train::critic(shape.width, plan.hidden.div_ceil(4))?, &mut first)?;
        let codes = seed.streams("codes of gan");
        let mean = vec![0.0; generator.parameters()];
        Ok(Self {
            shape,
            encoded,
            plan,
            bound,
            generator,
            maker,
            judge,
            mean,
            codes,
            shares: Vec::new(),
            seed,
        })
    }

    /// What was learned.
    pub(super) fn learned(&self) -> Result<Learned> {
        let mut stream = self.seed.stream("calibration of gan");
        let mut drawn = |rows| {
            let noise = normal(rows, self.plan.noise, &mut stream);
            train::inputs(noise, std::iter::repeat_n(None, rows))
        };
        let mut parameters = self.mean.clone();
        let generator = Arc::clone(&self.generator);
        let mut maker =
            self.plan.device.engine(Arc::clone(&generator), &mut self.seed.stream("to be replaced"))?;
        let own = parameters.clone();
        let statistics =
            train::refreshed(&mut *maker, own, self.seed, &Run::default(), || drawn(self.plan.batch))?;
        if !self.shares.is_empty() {
            calibrate(&self.shape, &self.shares, &mut parameters, |rows, parameters| {
                Ok(generator.predict(parameters, &statistics, &drawn(rows))?)
            })?;
        }
        Ok(Learned { generator, parameters, statistics })
    }

    /// Rows that the generator makes; `draw` is that of the codes.
    fn made(&mut self, draw: u64, stream: &mut Stream) -> Result<Matrix> {
        let batch = self.plan.batch;
        let noise = normal(batch, self.plan.noise, stream);
        let mut made = self.maker.forward(train::inputs(noise, std::iter::repeat_n(None, batch)), stream)?;
        activate(&self.shape, &mut made, &self.codes, draw);
        Ok(made)
    }

    /// Rows of columns that do not know of each other, as frequent as they were measured.
    fn independent(&self, stream: &mut Stream) -> Matrix {
        let mut rows = Matrix::zeros(self.plan.batch, self.shape.width);
        for row in 0..rows.rows {
            for pair in self.shape.starts.windows(2) {
                let code = stream.weighted(&self.shares[pair[0]..pair[1]]);
                rows.row_mut(row)[pair[0] + code] = 1.0;
            }
        }
        rows
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
        begin_with(self.shape.width, &self.shares, &mut *self.maker)
    }

    fn gradient(&mut self, rows: &[u32], bound: f32, stream: &mut Stream) -> Result<Vec<f32>> {
        let beside = Beside { shape: &self.shape, conditions: 0, pack: 1 };
        let real = beside.real(&self.encoded, rows, &vec![None; rows.len()]);
        self.judge.forward(Batch::dense(real), stream)?;
        self.judge.backward_clipped(Matrix::new(rows.len(), 1, vec![-1.0; rows.len()]), bound, false)?;
        taken(&mut *self.judge)
    }

    fn apply(&mut self, gradient: &[f32], step: u64, stream: &mut Stream) -> Result<()> {
        let batch = self.plan.batch;
        let rate = self.plan.rate * fall(step, self.plan.steps);
        let adam = Adam { rate, keep: (0.5, 0.9), decay: 0.0 };
        let made = self.made(step * (TURNS + 1), stream)?;
        let shares: Vec<f32> = (0..batch).map(|_| stream.uniform() as f32).collect();
        let between = train::mixed(&made, &self.independent(stream), &shares);
        self.judge.forward(Batch::dense(made), stream)?;
        self.judge.backward_clipped(Matrix::new(batch, 1, vec![1.0; batch]), self.bound, false)?;
        for (own, real) in self.judge.gradient()?.iter_mut().zip(gradient) {
            *own = *own / batch as f32 + real;
        }
        self.judge.penalty(between, self.plan.penalty, stream)?;
        self.judge.step(&Adam { rate: CRITIC * adam.rate, keep: (0.5, 0.99), ..adam })?;
        for turn in 1..=TURNS {
            let made = self.made(step * (TURNS + 1) + turn, stream)?;
            self.judge.forward(Batch::dense(made.clone()), stream)?;
            let up = Matrix::new(batch, 1, vec![-1.0 / batch as f32; batch]);
            let mut back = self.judge.backward(up, Wanted::INPUT)?;
            activate_back(&self.shape, &made, &mut back);
            self.maker.backward(back, Wanted::PARAMETERS)?;
            self.maker.step(&Adam { decay: 1e-6, ..adam })?;
        }
        train::move_mean(&mut self.mean, &self.maker.state()?.parameters, MEAN_KEEP, step);
        Ok(())
    }

    fn released(&self) -> Result<Vec<f32>> {
        let state = self.learned()?;
        Ok([state.parameters, state.statistics].concat())
    }
}
