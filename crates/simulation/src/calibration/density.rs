//! Neural posterior estimation: a network that is given statistics and answers with a density over parameters.
//!
//! The density is a mixture of Gaussians with full covariance over the parameters' normal scores (Papamakarios and Murray
//! 2016, section 2; Lueckmann et al. 2017), so the prior itself is one Gaussian of the family. It is trained on
//! simulations from the prior by the negative log density of the parameters that made them; its minimum is the posterior.
//! A component is a log weight, a mean and a lower triangle L whose diagonal is given by its logarithm: z = L (y - mean)
//! is standard normal.

use std::sync::Arc;

use daotwin_core::{Run, Seed, Stream};
use daotwin_nn::{Activation, Adam, Batch, Device, Engine, Input, Layer, Matrix, Network};

use super::kept::Kept;
use super::linear;
use super::model::PARAMETERS;
use super::simulations::Pilot;
use super::statistics::COUNT;
use crate::Result;

const LOWER: usize = PARAMETERS * (PARAMETERS - 1) / 2;
/// Numbers that say what one component is: log weight, mean, log diagonal, what is below the diagonal.
const WIDTH: usize = 1 + 2 * PARAMETERS + LOWER;
const BATCH: usize = 256;
/// The logarithm of a diagonal stays within this.
const STEEPEST: f64 = 6.0;

/// How a network is trained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Training {
    pub(crate) components: usize,
    pub(crate) hidden: usize,
    pub(crate) epochs: usize,
    pub(crate) rate: f32,
    pub(crate) seed: u64,
}

/// A trained network.
#[derive(Debug, Clone)]
pub(crate) struct Density {
    network: Arc<Network>,
    parameters: Vec<f32>,
    statistics: Vec<f32>,
    /// Mean negative log density of simulations that were held out.
    pub(crate) loss: f64,
}

/// A posterior over normal scores.
#[derive(Debug, Clone)]
pub(crate) struct Mixture {
    weights: Vec<f64>,
    means: Vec<[f64; PARAMETERS]>,
    /// Lower factors of precisions.
    factors: Vec<[f64; PARAMETERS * PARAMETERS]>,
}

impl Mixture {
    /// Reads what a network says.
    fn read(output: &[f32]) -> Self {
        let parts = output.chunks_exact(WIDTH);
        let most = parts.clone().map(|part| f64::from(part[0])).fold(f64::NEG_INFINITY, f64::max);
        let mut weights: Vec<f64> = parts.clone().map(|part| (f64::from(part[0]) - most).exp()).collect();
        let total: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= total);
        let means = parts.clone().map(|part| std::array::from_fn(|at| f64::from(part[1 + at]))).collect();
        let factor = |part: &[f32]| {
            let mut factor = [0.0; PARAMETERS * PARAMETERS];
            let (diagonal, lower) = part[1 + PARAMETERS..].split_at(PARAMETERS);
            let mut next = lower.iter();
            for row in 0..PARAMETERS {
                for column in 0..row {
                    factor[row * PARAMETERS + column] = next.next().map_or(0.0, |value| f64::from(*value));
                }
                factor[row * PARAMETERS + row] = f64::from(diagonal[row]).clamp(-STEEPEST, STEEPEST).exp();
            }
            factor
        };
        Self { weights, means, factors: parts.map(factor).collect() }
    }

    /// A draw.
    pub(crate) fn draw(&self, stream: &mut Stream) -> [f64; PARAMETERS] {
        let component = stream.weighted(&self.weights);
        let mut z: [f64; PARAMETERS] = std::array::from_fn(|_| stream.normal());
        linear::forward(&self.factors[component], PARAMETERS, &mut z);
        std::array::from_fn(|at| z[at] + self.means[component][at])
    }
}

/// The negative log density of `truth` under what a network says, whose gradient times `scale` replaces it.
fn loss(output: &mut [f32], truth: &[f64; PARAMETERS], scale: f64) -> f64 {
    let mixture = Mixture::read(output);
    let components = mixture.weights.len();
    let mut residuals = vec![[0.0; PARAMETERS]; components];
    let mut logs = vec![0.0; components];
    for component in 0..components {
        let factor = &mixture.factors[component];
        let mut log = mixture.weights[component].max(1e-300).ln();
        for row in 0..PARAMETERS {
            let z: f64 = (0..=row)
                .map(|at| factor[row * PARAMETERS + at] * (truth[at] - mixture.means[component][at]))
                .sum();
            residuals[component][row] = z;
            log += factor[row * PARAMETERS + row].ln() - 0.5 * z * z;
        }
        logs[component] = log;
    }
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = logs.iter().map(|log| (log - most).exp()).sum();
    for (component, part) in output.chunks_exact_mut(WIDTH).enumerate() {
        let share = (logs[component] - most).exp() / total;
        let (factor, z) = (&mixture.factors[component], &residuals[component]);
        let mut write = |at: usize, gradient: f64| part[at] = (scale * gradient) as f32;
        write(0, mixture.weights[component] - share);
        let mut lower = 1 + 2 * PARAMETERS;
        let mut means = [0.0; PARAMETERS];
        for row in 0..PARAMETERS {
            for (truth, mean) in truth.iter().zip(&mixture.means[component]).take(row) {
                write(lower, share * z[row] * (truth - mean));
                lower += 1;
            }
            for (column, mean) in means.iter_mut().enumerate().take(row + 1) {
                *mean -= share * z[row] * factor[row * PARAMETERS + column];
            }
            let diagonal = factor[row * PARAMETERS + row];
            let apart = truth[row] - mixture.means[component][row];
            let held = diagonal.ln().abs() >= STEEPEST;
            write(1 + PARAMETERS + row, if held { 0.0 } else { share * (z[row] * apart * diagonal - 1.0) });
        }
        (0..PARAMETERS).for_each(|at| write(1 + at, means[at]));
    }
    0.5 * PARAMETERS as f64 * (2.0 * std::f64::consts::PI).ln() - most - total.ln()
}

fn inputs(pilot: &Pilot, rows: &[u32]) -> Batch {
    let data = rows.iter().flat_map(|row| pilot.standard[*row as usize]).map(|value| value as f32).collect();
    Batch::dense(Matrix::new(rows.len(), COUNT, data))
}

impl Density {
    /// [`Self::train`], kept.
    ///
    /// # Errors
    /// As it, and failures of files.
    pub(crate) fn kept(pilot: &Pilot, training: &Training, kept: &Kept, run: &Run) -> Result<Self> {
        let network = Self::network(training)?;
        let numbers = kept.part(
            "network",
            |length| length > 2,
            || {
                let trained = Self::train(pilot, training, run)?;
                let sizes = [trained.loss, trained.parameters.len() as f64];
                let weights =
                    trained.parameters.iter().chain(&trained.statistics).map(|weight| f64::from(*weight));
                Ok(sizes.into_iter().chain(weights).collect())
            },
        )?;
        let weights: Vec<f32> = numbers[2..].iter().map(|weight| *weight as f32).collect();
        let (parameters, statistics) = weights.split_at((numbers[1] as usize).min(weights.len()));
        Ok(Self {
            network,
            parameters: parameters.to_vec(),
            statistics: statistics.to_vec(),
            loss: numbers[0],
        })
    }

    fn network(training: &Training) -> Result<Arc<Network>> {
        let Training { components, hidden, .. } = *training;
        let silu = || Layer::Activation { bend: Activation::Silu, dropout: 0.0 };
        let layers = vec![
            Layer::Linear { inputs: COUNT, outputs: hidden },
            silu(),
            Layer::Linear { inputs: hidden, outputs: hidden },
            silu(),
            Layer::Linear { inputs: hidden, outputs: components * WIDTH },
        ];
        Ok(Arc::new(Network::new(Input::Dense(COUNT), layers)?))
    }

    /// Trains on simulations from the prior, a tenth of them held out; the state with the least loss on these is kept.
    ///
    /// # Errors
    /// [`daotwin_core::Error::Cancelled`], and the networks' own.
    fn train(pilot: &Pilot, training: &Training, run: &Run) -> Result<Self> {
        let Training { epochs, rate, seed, .. } = *training;
        let network = Self::network(training)?;
        let mut stream = Seed(seed).stream("calibration density");
        let mut engine = Device::Fused.engine(network.clone(), &mut stream)?;
        let rows: Vec<u32> = (0..pilot.scores.len() as u32).collect();
        let (held, learned) = rows.split_at(rows.len() / 10);
        let mut learned = learned.to_vec();
        let steps = (epochs * learned.len().div_ceil(BATCH)).max(1) as f32;
        let mut done = 0.0_f32;
        let mut best =
            Self { network: network.clone(), parameters: vec![], statistics: vec![], loss: f64::INFINITY };
        for epoch in 0..epochs {
            stream.shuffle(&mut learned);
            for batch in learned.chunks(BATCH) {
                run.check()?;
                let mut output = engine.forward(inputs(pilot, batch), &mut stream)?;
                for (at, row) in batch.iter().enumerate() {
                    loss(output.row_mut(at), &pilot.scores[*row as usize], 1.0 / batch.len() as f64);
                }
                engine.backward(output, daotwin_nn::Wanted::PARAMETERS)?;
                let rate = 0.5 * rate * (1.0 + (std::f32::consts::PI * done / steps).cos());
                engine.step(&Adam { rate, decay: 1e-2, ..Adam::default() })?;
                done += 1.0;
            }
            best.keep(engine.as_ref(), pilot, held)?;
            run.step("train the posterior", epoch as u64 + 1, epochs as u64)?;
        }
        Ok(best)
    }

    /// Takes the engine's state where it is better on what was held out.
    fn keep(&mut self, engine: &dyn Engine, pilot: &Pilot, held: &[u32]) -> Result<()> {
        let state = engine.state()?;
        let mut sum = 0.0;
        for rows in held.chunks(BATCH) {
            let mut output =
                self.network.predict(&state.parameters, &state.statistics, &inputs(pilot, rows))?;
            for (at, row) in rows.iter().enumerate() {
                sum += loss(output.row_mut(at), &pilot.scores[*row as usize], 0.0);
            }
        }
        let mean = sum / held.len().max(1) as f64;
        if mean < self.loss || self.parameters.is_empty() {
            (self.parameters, self.statistics, self.loss) = (state.parameters, state.statistics, mean);
        }
        Ok(())
    }

    /// The posterior given standard scores of statistics.
    ///
    /// # Errors
    /// The networks' own.
    pub(crate) fn posterior(&self, standard: &[f64; COUNT]) -> Result<Mixture> {
        let data = standard.iter().map(|value| *value as f32).collect();
        let batch = Batch::dense(Matrix::new(1, COUNT, data));
        let output = self.network.predict(&self.parameters, &self.statistics, &batch)?;
        Ok(Mixture::read(output.row(0)))
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn the_gradient_is_that_of_the_loss() {
        let mut stream = Seed(3).stream("gradient");
        let output: Vec<f32> = (0..2 * WIDTH).map(|_| 0.4 * stream.normal() as f32).collect();
        let truth: [f64; PARAMETERS] = std::array::from_fn(|_| stream.normal());
        let mut gradient = output.clone();
        loss(&mut gradient, &truth, 1.0);
        for at in 0..output.len() {
            let moved = |by: f32| {
                let mut moved = output.clone();
                moved[at] += by;
                let way = f64::from(moved[at]);
                (loss(&mut moved, &truth, 0.0), way)
            };
            let ((up, high), (down, low)) = (moved(1e-2), moved(-1e-2));
            let slope = (up - down) / (high - low);
            let apart = (slope - f64::from(gradient[at])).abs();
            assert!(apart < 2e-3 * (1.0 + slope.abs()), "{at}: {slope} and {}", gradient[at]);
        }
    }
}
