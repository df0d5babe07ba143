//! Which marginals are measured: the select and measure stages of MST, AIM, and AIM with residuals.
//!
//! Everything here that looks at rows goes through a [`Measurer`]: counts with noise, or a selection among
//! scores. Scores are integers, and one row more or less moves one count by 1: a table's L1 distance from a
//! public estimate moves by 1 times the lattice units of the score.

mod aim;
pub(super) mod grem;
mod mst;

use daotwin_core::Run;
use daotwin_privacy::noise::{Noise, NoiseKind};
use daotwin_privacy::{Budget, Measurer};

use super::counts::Rows;
use super::domain::{Clique, Domain};
use super::estimate::{self, Effort, Measured};
use super::inference::Engine;
use crate::charge::Stage;
use crate::error::Result;

/// Which marginals are selected: each is a synthesizer of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// A spanning tree of pairs of columns.
    Mst,
    /// The marginals that the model explains worst, round by round.
    Aim,
    /// [`Strategy::Aim`] for wide tables: estimates are put together from residuals, without a model of the whole
    /// until the end.
    AimGrem,
}

/// How a fit goes about it; all of it is public.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub(super) strategy: Strategy,
    /// Cells of all bags of the junction tree at most.
    pub(super) max_cells: usize,
    /// Rounds for each attribute that the budget is cut into at first.
    pub(super) rounds: f64,
    /// The attribute whose relations matter most.
    pub(super) target: Option<usize>,
    /// The weight of the entropy in the estimate.
    pub(super) ridge: f64,
    /// The budget in zCDP; none without noise.
    pub(super) rho: Option<f64>,
}

/// Message passes of the last estimate.
const LAST_PASSES: usize = 500;

/// Lattice units of a score for one row.
const UNITS: f64 = 64.0;

/// The expected size of a standard normal number: sqrt(2 / pi).
const MEAN_SIZE: f64 = 0.797_884_560_802_865_4;

/// What a stage learned: noisy counts, and the potentials that explain them so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Learned {
    /// Each clique once.
    pub(super) measured: Vec<Measured>,
    /// One list of cells a clique, one behind the other.
    pub(super) theta: Vec<f64>,
}

impl Learned {
    fn add(&mut self, one: Measured) {
        let known = self.measured.len();
        let cells = one.values.len();
        self.measured.push(one);
        self.measured = estimate::merged(&self.measured);
        if self.measured.len() > known {
            self.theta.resize(self.theta.len() + cells, 0.0);
        }
    }

    /// An engine at the estimate, and the number of rows.
    ///
    /// # Errors
    /// Cancellation.
    pub(super) fn estimate(&mut self, domain: &Domain, effort: Effort, run: &Run) -> Result<(Engine, f64)> {
        let cliques: Vec<Clique> = self.measured.iter().map(|one| one.clique.clone()).collect();
        let mut engine = Engine::new(domain, cliques);
        let rows = estimate::total(&self.measured);
        estimate::fit(&mut engine, &self.measured, rows, &mut self.theta, effort, run)?;
        Ok((engine, rows))
    }

    /// The last estimate, from which rows are drawn.
    ///
    /// # Errors
    /// Cancellation.
    pub(super) fn finish(&mut self, domain: &Domain, plan: &Plan, run: &Run) -> Result<(Engine, f64)> {
        if plan.strategy == Strategy::AimGrem {
            self.measured = grem::bounded(domain, &self.measured, plan.max_cells);
            self.theta = vec![0.0; self.measured.iter().map(|one| one.values.len()).sum()];
        }
        self.estimate(domain, Effort { passes: LAST_PASSES, ridge: plan.ridge }, run)
    }
}

/// The select and measure stages of one table.
pub(super) struct Select<'a> {
    pub(super) rows: Rows<'a>,
    pub(super) plan: Plan,
    pub(super) progress: Progress<'a>,
}

/// How far a fit is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Progress<'a> {
    pub(super) run: &'a Run,
    pub(super) stage: &'a str,
}

impl Progress<'_> {
    /// Reports the share that is done.
    ///
    /// # Errors
    /// Cancellation.
    pub(super) fn at(&self, share: f64) -> Result<()> {
        Ok(self.run.step(self.stage, (share.clamp(0.0, 1.0) * 1_000.0) as u64, 1_000)?)
    }
}

impl Select<'_> {
    /// The deviation of noise that this share of the budget buys; 0 without noise.
    fn sigma(&self, share: f64) -> f64 {
        self.plan.rho.map_or(0.0, |rho| (2.0 * rho * share).powf(-0.5))
    }

    /// Measures the counts of a clique for this share of the budget.
    fn ask<N: Noise>(
        &self,
        measurer: &mut Measurer<N>,
        clique: &[usize],
        counts: &[i64],
        share: f64,
    ) -> Result<Measured> {
        let measurement = measurer.measure(&format!("counts over columns {clique:?}"), counts, 1, share)?;
        // Without noise every count weighs the same; reports bring their own.
        let exact = || self.rows.deviation(clique).unwrap_or(1.0);
        let sigma = if N::KIND == NoiseKind::Exact { exact() } else { measurement.sigma };
        Ok(Measured { clique: clique.to_vec(), values: measurement.values, sigma })
    }

    /// What every strategy begins with: each column by itself, for this share of the budget each.
    fn singles<N: Noise>(&self, measurer: &mut Measurer<N>, share: f64) -> Result<Learned> {
        let singles: Vec<Clique> = (0..self.rows.domain.len()).map(|attribute| vec![attribute]).collect();
        let mut learned = Learned::default();
        for (clique, counts) in singles.iter().zip(self.rows.all(&singles)) {
            learned.add(self.ask(measurer, clique, &counts, share)?);
        }
        Ok(learned)
    }

    /// The pairs of columns with so many cells at most.
    fn pairs(&self, most: usize) -> Vec<Clique> {
        let count = self.rows.domain.len();
        (0..count)
            .flat_map(|left| (left + 1..count).map(move |right| vec![left, right]))
            .filter(|pair| self.rows.domain.cells(pair) <= most)
            .collect()
    }
}

impl Stage for Select<'_> {
    type Release = Learned;

    fn measure<N: Noise>(self, measurer: &mut Measurer<N>) -> Result<Learned> {
        match self.plan.strategy {
            Strategy::Mst => self.mst(measurer),
            Strategy::Aim => self.aim(measurer),
            Strategy::AimGrem => self.grem(measurer),
        }
    }

    fn bytes(learned: &Learned) -> Vec<Vec<u8>> {
        let bytes = |one: &Measured| one.values.iter().flat_map(|value| value.to_le_bytes()).collect();
        learned.measured.iter().map(bytes).collect()
    }
}

/// The distance of counts from an estimate of them, in lattice units: moves by [`UNITS`] with one row.
fn distance(counts: &[i64], probabilities: &[f64], rows: f64) -> i64 {
    let units = UNITS as i64;
    let cell = |(count, probability): (&i64, &f64)| {
        let estimate = (probability * rows * UNITS).round() as i64;
        // Saturation keeps the sum's sensitivity: it is a clamp of each term.
        (count.saturating_mul(units)).saturating_sub(estimate).saturating_abs()
    };
    counts.iter().zip(probabilities).map(cell).fold(0, i64::saturating_add)
}

/// The zCDP of a private fit.
///
/// # Errors
/// Epsilon or delta out of range.
pub(super) fn rho(epsilon: f64, delta: f64) -> Result<f64> {
    Ok(Budget::new(epsilon, delta)?.rho().to_f64())
}
