//! What both diffusion models share: the network, the loop of training, the files.

use std::sync::Arc;

use daotwin_core::{Run, Seed, Stream};
use daotwin_nn::{Activation, Adam, Batch, Device, Engine, Input, Layer, Matrix, Network, Wanted};

use crate::error::{Error, Result};
use crate::table::checkpoint::{Checkpoint, Saved};
use crate::table::deep::{Batches, Net, go_on, keep};
use crate::table::files::{Tensors, wide};

/// How to learn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Plan {
    /// Rows of a step.
    pub batch: usize,
    /// Steps.
    pub steps: u64,
    /// The learning rate at first; it falls to nothing.
    pub rate: f32,
    /// What computes.
    pub device: Device,
}

/// What rows become before a network sees them, and what it is then asked.
pub(super) trait Noising {
    /// What the loss needs of a batch.
    type Asked;

    /// A noised batch of rows.
    fn noise(&self, rows: &[u32], stream: &mut Stream) -> (Batch, Self::Asked);

    /// Turns outputs into the gradient of `scale` times the sum of the rows' losses.
    fn gradient(&self, outputs: &mut Matrix, asked: &Self::Asked, scale: f32);
}

fn bend() -> Layer {
    Layer::Activation { bend: Activation::Silu, dropout: 0.0 }
}

/// Numbers and codes to a row of `width`, then `blocks` blocks of two layers that add to it, then the outputs.
pub(super) fn residual(
    (dense, codes): (usize, usize),
    width: usize,
    blocks: usize,
    outputs: usize,
) -> Result<Net> {
    let inner = Layer::Linear { inputs: width, outputs: width };
    let block = || Layer::Residual(vec![bend(), inner.clone(), bend(), inner.clone()]);
    let mut layers: Vec<Layer> = (0..blocks).map(|_| block()).collect();
    layers.extend([bend(), Layer::Linear { inputs: width, outputs }]);
    Ok(Arc::new(Network::new(Input::Embed { dense, codes, outputs: width }, layers)?))
}

/// Numbers and codes to a row of `width`, then `depth` plain layers, then the outputs.
pub(super) fn plain(
    (dense, codes): (usize, usize),
    width: usize,
    depth: usize,
    outputs: usize,
) -> Result<Net> {
    let mut layers: Vec<Layer> =
        (0..depth).flat_map(|_| [bend(), Layer::Linear { inputs: width, outputs: width }]).collect();
    layers.extend([bend(), Layer::Linear { inputs: width, outputs }]);
    Ok(Arc::new(Network::new(Input::Embed { dense, codes, outputs: width }, layers)?))
}

/// Steps between two looks at the parameters for their running mean.
const EVERY: u64 = 8;

/// How much of the running mean is kept at such a look, once many have been taken.
const KEPT: f32 = 0.99;

/// The running mean of parameters over steps, which is what samples are drawn with (Karras et al. 2022, section 5
/// and appendix F: networks after one more step each scatter around it).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mean {
    pub values: Vec<f32>,
}

impl Mean {
    /// Looks at the parameters, where a look is due after `step` steps or `last` is set.
    pub(super) fn look(&mut self, engine: &dyn Engine, step: u64, last: bool) -> Result<()> {
        if !step.is_multiple_of(EVERY) && !last {
            return Ok(());
        }
        let looks = (step / EVERY) as f32;
        // In the beginning it follows fast: what a network knows at first is not worth keeping.
        let moved = 1.0 - KEPT.min((1.0 + looks) / (10.0 + looks));
        let parameters = engine.state()?.parameters;
        self.values.iter_mut().zip(&parameters).for_each(|(mean, new)| *mean += moved * (new - *mean));
        Ok(())
    }

    /// The mean, where it is one.
    pub(super) fn finite(self, name: &str) -> Result<Vec<f32>> {
        if self.values.iter().all(|value| value.is_finite()) {
            return Ok(self.values);
        }
        Err(Error::Options { problems: vec![format!("model `{name}` did not learn: lower its `rate`")] })
    }
}

/// Adam at a step: the learning rate rises over the first steps and falls along half a cosine.
pub(super) fn adam(rate: f32, step: u64, steps: u64) -> Adam {
    let share = step as f64 / steps.max(1) as f64;
    let fall = 0.5 * (1.0 + (std::f64::consts::PI * share).cos());
    let rise = ((step + 1) as f64 / (0.02 * steps as f64).max(1.0)).min(1.0);
    Adam { rate: rate * (rise * (0.01 + 0.99 * fall)) as f32, ..Adam::default() }
}

/// Trains a network; returns the running mean of its parameters.
///
/// # Errors
/// Cancellation, after the checkpoint was written; the networks'.
#[expect(clippy::too_many_arguments, reason = "the parts of a training")]
pub(super) fn learn<N: Noising>(
    name: &str,
    noising: &N,
    network: Net,
    plan: &Plan,
    rows: usize,
    seed: Seed,
    (mut checkpoint, saved): (Checkpoint, Option<Saved>),
    run: &Run,
) -> Result<Vec<f32>> {
    let stage = format!("fit {name}");
    let count = network.parameters();
    let mut engine = plan.device.engine(network, &mut seed.stream("first parameters of diffusion"))?;
    let mut mean = Mean { values: engine.state()?.parameters };
    let mut first = 0;
    if let Some(mut saved) = saved {
        first = saved.state::<u64>()?;
        go_on("network", &mut *engine, &mut saved)?;
        mean.values = saved.narrow("mean", count)?;
    }
    let mut batches = Batches::new(rows, seed.streams("batches of diffusion"));
    let streams = seed.streams("steps of diffusion");
    for step in first..plan.steps {
        checkpoint.step(run, &stage, step, plan.steps, || {
            let mut tensors = Tensors::from([("mean".to_owned(), wide(&mean.values))]);
            keep("network", &*engine, &mut tensors)?;
            Saved::new(&step, tensors)
        })?;
        let rows = batches.at(step, plan.batch);
        let mut stream = streams.stream(step);
        let (batch, asked) = noising.noise(&rows, &mut stream);
        let mut outputs = engine.forward(batch, &mut stream)?;
        noising.gradient(&mut outputs, &asked, 1.0 / rows.len().max(1) as f32);
        engine.backward(outputs, Wanted::PARAMETERS)?;
        engine.step(&adam(plan.rate, step, plan.steps))?;
        mean.look(&*engine, step + 1, step + 1 == plan.steps)?;
    }
    run.step(&stage, plan.steps, plan.steps)?;
    checkpoint.finish()?;
    mean.finite(name)
}
