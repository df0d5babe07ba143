//! Calibration: the parameters of a simulated DAO that explain a recorded one, with their uncertainty.
//!
//! [`model`] is what is fitted, [`record`] what it is fitted to, [`statistics`] how the two are compared. [`calibrate`]
//! fits three ways that check each other: simulated moments with standard errors, sequential Monte Carlo without a
//! likelihood, and a network that learned from simulations to answer with a posterior. It says which parameters the record
//! tells about at all, and which recorded statistics the fitted model cannot reproduce. [`mod@forecast`] holds a fit
//! against what came next, [`mod@check`] the method against records whose parameters are known.
//!
//! The same seed gives the same numbers for any number of threads.

pub mod check;
mod density;
mod document;
pub mod forecast;
mod kept;
mod latent;
mod linear;
pub mod model;
mod moments;
pub mod record;
mod sequential;
mod simulations;
pub mod statistics;
#[cfg(test)]
mod test;

use daotwin_core::{Run, Seed, statistics as core};
use daotwin_history::view::DaoView;
use rayon::prelude::*;
use serde::Serialize;

use crate::{Error, Result};
use density::{Density, Training};
use kept::Kept;
use model::{Design, PARAMETERS, PRIOR};
use record::Record;
use sequential::{Expectation, Plan};
use simulations::{Memory, Pilot, recorded, seed_of};
use statistics::{COUNT, STATISTICS};

/// Fewest proposals with ballots that a fit takes.
pub const FEWEST_PROPOSALS: usize = 10;
/// Fewest ballots that a fit takes.
pub const FEWEST_BALLOTS: usize = 30;
/// Above this share of the prior's spread a parameter counts as not identified.
pub const UNIDENTIFIED: f64 = 0.8;

/// How a fit is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Drives every draw.
    pub seed: Seed,
    /// Simulations from the prior.
    pub simulations: u64,
    /// Members of the simulated DAO; four times as many as voted where not given.
    pub agents: Option<u32>,
    /// Evaluations of simulated moments at most; 0 leaves this fit out.
    pub evaluations: u64,
    /// Particles of sequential Monte Carlo, which takes three times as many simulations again at most; 0 leaves this fit
    /// out.
    pub particles: usize,
    /// Passes of the network over the simulations.
    pub epochs: usize,
    /// Draws from the posterior.
    pub samples: usize,
    /// Simulations from the posterior that predictive checks are over.
    pub checks: u64,
}

impl Default for Options {
    /// Seed 0, 20,000 simulations, 600 evaluations, 500 particles, 40 epochs, 4,000 draws, 400 checks.
    fn default() -> Self {
        Self {
            seed: Seed(0),
            simulations: 20_000,
            agents: None,
            evaluations: 600,
            particles: 500,
            epochs: 40,
            samples: 4_000,
            checks: 400,
        }
    }
}

impl Options {
    fn problems(&self) -> Vec<String> {
        let mut problems = vec![];
        let mut within = |name: &str, value: u64, low: u64, high: u64| {
            if !(low..=high).contains(&value) {
                problems.push(format!("`{name}` is {value}; give {low} to {high}"));
            }
        };
        within("simulations", self.simulations, 500, 10_000_000);
        within("agents", u64::from(self.agents.unwrap_or(100)), 100, 10_000_000);
        within("evaluations", self.evaluations, 0, 1_000_000);
        within("particles", self.particles as u64, 0, 100_000);
        within("epochs", self.epochs as u64, 1, 10_000);
        within("samples", self.samples as u64, 100, 1_000_000);
        within("checks", self.checks, 50, 1_000_000);
        problems
    }
}

/// Where a distribution lies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// Its mean.
    pub mean: f64,
    /// Its standard deviation.
    pub deviation: f64,
    /// Its 5, 50 and 95 % quantiles.
    pub quantiles: [f64; 3],
}

/// What is known of a parameter.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fitted {
    /// The parameter.
    pub name: &'static str,
    /// What it says.
    pub meaning: &'static str,
    /// Where its uniform prior begins and ends.
    pub prior: (f64, f64),
    /// The posterior by the network.
    pub posterior: Estimate,
    /// The posterior by sequential Monte Carlo.
    pub sequential: Option<Estimate>,
    /// Simulated moments: the estimate, and the interval of 1.645 standard errors around it.
    pub moments: Option<(f64, (f64, f64))>,
    /// Posterior spread as a share of the prior's: near 0 the record says all, near 1 nothing.
    pub spread: f64,
    /// Whether the record tells about it: `spread` is below [`UNIDENTIFIED`].
    pub identified: bool,
}

/// A recorded statistic beside those of simulations from the posterior.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// The statistic.
    pub name: &'static str,
    /// As recorded.
    pub recorded: f64,
    /// 5, 50 and 95 % quantiles over simulations from the posterior.
    pub simulated: [f64; 3],
    /// Share of simulations at least as far out on the recorded side, doubled: small where the model misses it.
    pub p: f64,
}

/// How sequential Monte Carlo went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sequential {
    /// The tolerance of each generation.
    pub tolerances: Vec<f64>,
    /// Simulations, those from the prior not counted.
    pub simulations: u64,
    /// The share that the last generation accepted.
    pub accepted: f64,
    /// The effective number of particles.
    pub effective: f64,
}

/// A fit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// The DAO.
    pub dao: String,
    /// The seed.
    pub seed: Seed,
    /// What was given and not fitted.
    pub design: Design,
    /// Simulations from the prior.
    pub simulations: u64,
    /// Mean negative log density of held-out simulations under the network's posterior.
    pub loss: f64,
    /// The same under the prior.
    pub prior_loss: f64,
    /// The parameters, in the order of [`PRIOR`].
    pub parameters: Vec<Fitted>,
    /// Draws from the network's posterior, parameters in their order.
    pub samples: Vec<[f64; PARAMETERS]>,
    /// Predictive checks.
    pub checks: Vec<Check>,
    /// Squared distance per statistic that simulated moments leave, in variances of one simulation.
    pub distance: Option<f64>,
    /// How sequential Monte Carlo went.
    pub sequential: Option<Sequential>,
}

impl Estimate {
    /// Of equally weighted draws.
    fn of(values: &[f64]) -> Self {
        let ascending = core::sorted(values);
        Self {
            mean: core::mean(values),
            deviation: core::standard_deviation(values),
            quantiles: [0.05, 0.5, 0.95].map(|q| core::quantile_sorted(&ascending, q)),
        }
    }

    /// Of weighted draws; the weights sum to 1.
    fn weighted(values: &[f64], weights: &[f64]) -> Self {
        let mean: f64 = values.iter().zip(weights).map(|(value, weight)| value * weight).sum();
        let variance: f64 =
            values.iter().zip(weights).map(|(value, weight)| weight * (value - mean) * (value - mean)).sum();
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
        let quantile = |q: f64| {
            let mut sum = 0.0;
            let found = order.iter().find(|at| {
                sum += weights[**at];
                sum >= q
            });
            found.or(order.last()).map_or(f64::NAN, |at| values[*at])
        };
        Self { mean, deviation: variance.sqrt(), quantiles: [0.05, 0.5, 0.95].map(quantile) }
    }
}

/// What every use of a trained posterior needs.
#[derive(Debug)]
pub(crate) struct Trained {
    pub(crate) design: Design,
    pub(crate) pilot: Pilot,
    pub(crate) density: Density,
}

impl Trained {
    /// Simulates from the prior and trains the posterior; it serves every record of this design.
    ///
    /// # Errors
    /// [`daotwin_core::Error::Cancelled`], and the networks' own.
    pub(crate) fn new(design: Design, options: &Options, run: &Run) -> Result<Self> {
        Self::kept(design, options, &Kept::default(), run)
    }

    /// The same, kept as it goes.
    fn kept(design: Design, options: &Options, kept: &Kept, run: &Run) -> Result<Self> {
        let seed = options.seed.stream("calibration").bits();
        let pilot = Pilot::draw(&design, options.simulations, seed, kept, run)?;
        let training = Training { components: 2, hidden: 128, epochs: options.epochs, rate: 2e-3, seed };
        let density = Density::kept(&pilot, &training, kept, run)?;
        Ok(Self { design, pilot, density })
    }

    /// Draws of normal scores from the posterior given statistics.
    pub(crate) fn draws(
        &self,
        row: &[f64; COUNT],
        count: usize,
        seed: Seed,
    ) -> Result<Vec<[f64; PARAMETERS]>> {
        let mixture = self.density.posterior(&self.pilot.scale.standard(row))?;
        let mut stream = seed.stream("calibration posterior");
        Ok((0..count).map(|_| mixture.draw(&mut stream)).collect())
    }
}

/// Fits a DAO; see [`Options`] for how much work that is (some minutes of one processor core by default).
///
/// # Errors
/// [`Error::Parameters`] for options out of range and for a DAO with fewer than 10 proposals or 30 ballots,
/// [`daotwin_core::Error::Cancelled`] within a second after the run was cancelled.
pub fn calibrate(view: &DaoView, options: &Options, run: &Run) -> Result<Calibration> {
    let record = Record::of(view)?;
    fit(&view.dao, &record, options, &Kept::default(), run)
}

/// [`calibrate`], which keeps what is done in `folder`: called again after an interruption it goes on from there, to the
/// same bits. The folder is left for the caller to remove.
///
/// # Errors
/// As [`calibrate`]; [`Error::Parameters`] where the folder holds parts of another fit, and failures of files.
pub fn calibrate_kept(
    view: &DaoView,
    options: &Options,
    folder: &std::path::Path,
    run: &Run,
) -> Result<Calibration> {
    let record = Record::of(view)?;
    refuse(&view.dao, &record, options)?;
    let kept = Kept::open(folder, &view.dao, &record, options)?;
    fit(&view.dao, &record, options, &kept, run)
}

/// Refuses what cannot be fitted.
pub(crate) fn refuse(dao: &str, record: &Record, options: &Options) -> Result<()> {
    let mut problems = options.problems();
    if record.proposals() < FEWEST_PROPOSALS || record.ballots.len() < FEWEST_BALLOTS {
        problems.push(format!(
            "DAO `{dao}` has {} proposals with ballots and {} ballots; a calibration needs {FEWEST_PROPOSALS} and \
             {FEWEST_BALLOTS}",
            record.proposals(),
            record.ballots.len()
        ));
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::Parameters { problems }) }
}

fn fit(dao: &str, record: &Record, options: &Options, kept: &Kept, run: &Run) -> Result<Calibration> {
    refuse(dao, record, options)?;
    let design = Design::of(record, options.agents);
    let trained = Trained::kept(design, options, kept, run)?;
    let row = recorded(record);
    let standard = trained.pilot.scale.standard(&row);
    let seed = options.seed.stream("calibration fits").bits();
    let expectation = Expectation::of(&trained.pilot);
    let moments = (options.evaluations > 0)
        .then(|| {
            let start = expectation.at(&standard).map(|score| score.clamp(-2.0, 2.0));
            moments::kept(kept, || {
                moments::fit(&design, &trained.pilot.scale, &standard, start, options.evaluations, seed, run)
            })
        })
        .transpose()?;
    let sequential = (options.particles > 0)
        .then(|| {
            let plan =
                Plan { particles: options.particles, generations: 8, most: 3 * options.simulations, seed };
            sequential::sample(&design, &trained.pilot, &expectation, &standard, &plan, kept, run)
        })
        .transpose()?;
    let scores = trained.draws(&row, options.samples, options.seed)?;
    let natural = |scores: &[[f64; PARAMETERS]]| -> Vec<[f64; PARAMETERS]> {
        scores.iter().map(|scores| design.natural(scores)).collect()
    };
    let samples = natural(&scores);
    let by_particles = sequential.as_ref().map(|population| natural(&population.scores));
    let middle = design.natural(&[0.0; PARAMETERS])[0];
    let parameters = PRIOR.iter().enumerate().map(|(at, parameter)| {
        let column = |rows: &[[f64; PARAMETERS]]| -> Vec<f64> { rows.iter().map(|row| row[at]).collect() };
        let posterior = Estimate::of(&column(&samples));
        let (low, high) = parameter.range;
        let spread = posterior.deviation / ((high - low) / 12.0_f64.sqrt());
        let shift = if at == 0 { middle - 0.5 * (low + high) } else { 0.0 };
        Fitted {
            name: parameter.name,
            meaning: parameter.meaning,
            prior: (low + shift, high + shift),
            posterior,
            sequential: by_particles
                .as_ref()
                .zip(sequential.as_ref())
                .map(|(rows, population)| Estimate::weighted(&column(rows), &population.weights)),
            moments: moments.as_ref().map(|fit| {
                let at_score = |by: f64| {
                    let mut moved = fit.scores;
                    moved[at] += by * 1.645 * fit.errors[at];
                    design.natural(&moved)[at]
                };
                (at_score(0.0), (at_score(-1.0), at_score(1.0)))
            }),
            spread,
            identified: spread < UNIDENTIFIED,
        }
    });
    Ok(Calibration {
        dao: dao.to_owned(),
        seed: options.seed,
        design,
        simulations: options.simulations,
        loss: trained.density.loss,
        prior_loss: 0.5 * PARAMETERS as f64 * ((2.0 * std::f64::consts::PI).ln() + 1.0),
        parameters: parameters.collect(),
        checks: checks(&design, &scores, &row, options, run)?,
        samples,
        distance: moments.map(|fit| fit.distance),
        sequential: sequential.map(|population| Sequential {
            tolerances: population.tolerances,
            simulations: population.simulations,
            accepted: population.accepted,
            effective: population.effective,
        }),
    })
}

/// Simulates from the posterior and compares.
fn checks(
    design: &Design,
    scores: &[[f64; PARAMETERS]],
    row: &[f64; COUNT],
    options: &Options,
    run: &Run,
) -> Result<Vec<Check>> {
    let seed = options.seed.stream("calibration checks").bits();
    run.step("predictive checks", 0, options.checks)?;
    let rows: Vec<[f64; COUNT]> = (0..options.checks)
        .into_par_iter()
        .map_init(Memory::default, |memory, number| {
            let scores = &scores[number as usize % scores.len()];
            run.check()?;
            Ok(simulations::statistics(design, scores, seed_of(seed, 4, number), memory))
        })
        .collect::<Result<_>>()?;
    let check = |at: usize| {
        let values: Vec<f64> = rows.iter().map(|row| row[at]).filter(|value| value.is_finite()).collect();
        if values.is_empty() || !row[at].is_finite() {
            return None;
        }
        let ascending = core::sorted(&values);
        let n = values.len() as f64;
        let below = values.iter().filter(|value| **value <= row[at]).count() as f64;
        let above = values.iter().filter(|value| **value >= row[at]).count() as f64;
        Some(Check {
            name: STATISTICS[at],
            recorded: row[at],
            simulated: [0.05, 0.5, 0.95].map(|q| core::quantile_sorted(&ascending, q)),
            p: (2.0 * (below.min(above) + 1.0) / (n + 1.0)).min(1.0),
        })
    };
    Ok((0..COUNT).filter_map(check).collect())
}
