//! Private training (DP-SGD: Abadi et al. 2016), one loop for every deep model of tables.
//!
//! Every step draws which rows take part, each by its own coin, from the operating system's bits; the model gives the
//! sum of their gradients, each scaled down to a bound; discrete Gaussian noise is added and the result divided by
//! the *expected* number of rows, which does not depend on who took part. Where members hold several rows, it is the
//! member whose coin is thrown, and all of its rows take part together. Nothing else of the table reaches the
//! model: columns are declared, and where cells of numbers lie and how many rows there are come from noisy counts
//! that are paid for too. The ledger is
//! charged for all of it before the first bit is drawn.

#[cfg(test)]
mod audit;

use std::borrow::Cow;
use std::collections::BTreeMap;

use daotwin_core::{Run, Seed, Stream};
use daotwin_history::frame::Frame;
use daotwin_history::synthesizer::PrivacyOptions;
use daotwin_privacy::{Measurer, Noise, Sampling};

use super::Given;
use super::files::Guarantee;
use super::private::{self, Admitted, Cut};
use crate::charge::Stage;
use crate::encode::Discrete;
use crate::error::Result;

/// What the card of a model says that is trained like this and adds nothing.
pub(crate) const PRIVACY: &str = "(epsilon, delta) for a member: DP-SGD with Poisson sampling, gradients of rows scaled down to a bound, \
     discrete Gaussian noise, and noisy counts of rows, of each column and of where its cells lie; every \
     column must be declared";

/// The share of the budget that the count of rows costs.
const COUNT: f64 = 0.01;

/// The share of the budget that counts of single columns cost, where a model asks for them.
const MARGINS: f64 = 0.1;

/// What a private training is of a model.
pub(crate) trait Learner {
    /// Parameters whose gradients look at rows.
    fn parameters(&self) -> usize;

    /// How often each code of each column occurs, where the model begins with their frequencies: a row has one code
    /// in each. None where it does not ask.
    fn margins(&self) -> Vec<Vec<i64>> {
        Vec::new()
    }

    /// Begins with the frequencies of [`Learner::margins`], as they were measured: positive, and 1 in all for each.
    ///
    /// # Errors
    /// The networks'.
    fn begin(&mut self, _frequencies: &[Vec<f64>]) -> Result<()> {
        Ok(())
    }

    /// The sum over these rows, at least one, of the gradient of each by the parameters, scaled down to the norm `bound`. Nothing
    /// else about the rows may reach the model. The stream comes from the source of the noise, not from the seed.
    ///
    /// # Errors
    /// The networks'.
    fn gradient(&mut self, rows: &[u32], bound: f32, stream: &mut Stream) -> Result<Vec<f32>>;

    /// Takes a step along a noisy mean gradient, and whatever follows from it without rows.
    ///
    /// # Errors
    /// The networks'.
    fn apply(&mut self, gradient: &[f32], step: u64, stream: &mut Stream) -> Result<()>;

    /// What was learned, as it will stand in the file: for the ledger's fingerprint.
    ///
    /// # Errors
    /// The networks'.
    fn released(&self) -> Result<Vec<f32>>;
}

/// How to train privately.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Plan {
    /// The chance with which a member takes part in a step.
    pub rate: f64,
    /// Steps.
    pub steps: u64,
    /// The norm that a row's gradient is scaled down to.
    pub bound: f32,
}

impl Plan {
    /// As the settings `private_rate`, `private_steps` and `bound` say.
    pub(crate) fn of(given: &Given<'_>) -> Self {
        Self {
            rate: given.get("private_rate"),
            steps: given.get("private_steps") as u64,
            bound: given.get("bound") as f32,
        }
    }
}

/// A training as the stage that the account pays for.
struct Training<'a, B> {
    /// The learner of a frame whose cells are known.
    build: B,
    frame: &'a Frame,
    cut: Cut,
    plan: Plan,
    seed: Seed,
    run: &'a Run,
    name: &'a str,
}

/// What a training releases.
struct Trained<L> {
    learner: L,
    cells: Discrete,
    rows: f64,
    bytes: Vec<u8>,
}

impl<L: Learner, B: FnOnce(&Discrete) -> Result<L>> Stage for Training<'_, B> {
    type Release = Trained<L>;

    fn measure<N: Noise>(self, measurer: &mut Measurer<N>) -> Result<Trained<L>> {
        let Self { build, frame, cut, plan, seed, run, name } = self;
        let cells = cut.cells(frame, measurer)?;
        let mut learner = build(&cells)?;
        let rows = frame.rows();
        let counted = measurer.measure("rows", &[rows as i64], 1, COUNT)?;
        let counted = counted.values[0].max(1.0);
        let mut left = 1.0 - COUNT;
        let margins = learner.margins();
        if !margins.is_empty() {
            learner.begin(&frequencies(&margins, counted, measurer)?)?;
            left -= MARGINS;
        }
        train(&mut learner, &Units::of(frame), counted, &plan, left, seed, run, name, measurer)?;
        let bytes = learner.released()?.iter().flat_map(|value| value.to_le_bytes()).collect();
        Ok(Trained { learner, cells, rows: counted, bytes })
    }

    fn bytes(release: &Trained<L>) -> Vec<Vec<u8>> {
        let cells = serde_json::to_vec(&release.cells.parts).unwrap_or_default();
        vec![cells, release.rows.to_le_bytes().to_vec(), release.bytes.clone()]
    }
}

/// Measures the counts of columns: a row that comes or goes moves one count of each by 1. Every frequency is at least
/// half a row's, so that no code is impossible because of noise.
fn frequencies<N: Noise>(
    margins: &[Vec<i64>],
    counted: f64,
    measurer: &mut Measurer<N>,
) -> Result<Vec<Vec<f64>>> {
    let all: Vec<i64> = margins.iter().flatten().copied().collect();
    let noisy = measurer.measure("columns", &all, margins.len() as u128, MARGINS)?.values;
    let mut rest = noisy.as_slice();
    let own = |margin: &Vec<i64>| {
        let (own, after) = rest.split_at(margin.len());
        rest = after;
        let floor = 0.5_f64.min(counted / margin.len() as f64);
        let kept: Vec<f64> = own.iter().map(|count| count.max(floor)).collect();
        let sum: f64 = kept.iter().sum();
        kept.iter().map(|count| count / sum).collect()
    };
    Ok(margins.iter().map(own).collect())
}

/// Who takes part in steps.
pub(crate) enum Units {
    /// So many rows, each a member's only one.
    Rows(usize),
    /// Members, with their rows.
    Members(Vec<Vec<u32>>),
}

impl Units {
    fn of(frame: &Frame) -> Self {
        let Some(members) = frame.members() else { return Self::Rows(frame.rows()) };
        let mut rows: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (row, member) in members.of_rows.iter().enumerate() {
            rows.entry(*member).or_default().push(row as u32);
        }
        Self::Members(rows.into_values().collect())
    }

    fn count(&self) -> usize {
        match self {
            Self::Rows(rows) => *rows,
            Self::Members(members) => members.len(),
        }
    }

    /// The rows of those who take part.
    fn rows<'a>(&self, batch: &'a [u32]) -> Cow<'a, [u32]> {
        match self {
            Self::Rows(_) => Cow::Borrowed(batch),
            Self::Members(members) => {
                batch.iter().flat_map(|&place| members[place as usize].clone()).collect()
            }
        }
    }
}

/// The loop itself; `counted` is how many rows there are said to be, `share` what it costs of the budget.
///
/// # Errors
/// The budget, the source of bits, cancellation, the learner's.
#[expect(clippy::too_many_arguments, reason = "the parts of a training")]
pub(crate) fn train<N: Noise, L: Learner>(
    learner: &mut L,
    units: &Units,
    counted: f64,
    plan: &Plan,
    share: f64,
    seed: Seed,
    run: &Run,
    name: &str,
    measurer: &mut Measurer<N>,
) -> Result<()> {
    let stage = format!("fit {name}");
    let sampling = Sampling { rate: plan.rate, steps: plan.steps, length: learner.parameters() };
    let mut training = measurer.training("gradients", sampling, share)?;
    let divide = 1.0 / (counted * plan.rate).max(1.0) as f32;
    let streams = seed.streams("steps of private training");
    for step in 0..plan.steps {
        run.step(&stage, step, plan.steps)?;
        let mut without = streams.stream(step);
        let sum = |batch: &[u32], bits: u64| match &*units.rows(batch) {
            [] => Ok(vec![0.0; learner.parameters()]),
            rows => learner.gradient(rows, plan.bound, &mut Seed(bits).stream("rows of a private step")),
        };
        let mut noisy = training.step(units.count(), f64::from(plan.bound), sum)?;
        noisy.iter_mut().for_each(|value| *value *= divide);
        learner.apply(&noisy, step, &mut without)?;
    }
    Ok(run.step(&stage, plan.steps, plan.steps)?)
}

/// What a training under a guarantee leaves.
pub(crate) struct Private<L> {
    /// What the learner became.
    pub learner: L,
    /// The cells of every column.
    pub cells: Discrete,
    /// How many rows it was told.
    pub rows: u64,
    /// What it may claim.
    pub guarantee: Guarantee,
}

/// Finds the cells of a frame's columns, builds a learner for them and trains it on the frame's rows, all under one
/// guarantee.
///
/// # Errors
/// The budget, the ledger, cancellation.
pub(crate) fn fit<L: Learner, B: FnOnce(&Discrete) -> Result<L>>(
    name: &str,
    given: &Given<'_>,
    frame: &Admitted<'_>,
    privacy: &PrivacyOptions,
    cut: Cut,
    build: B,
    run: &Run,
) -> Result<Private<L>> {
    let stage = Training { build, frame, cut, plan: Plan::of(given), seed: given.options.seed, run, name };
    let (trained, guarantee) = private::release(name, frame, &given.values, privacy, stage)?;
    let Trained { learner, cells, rows, .. } = trained;
    Ok(Private { learner, cells, rows: rows.round() as u64, guarantee })
}
