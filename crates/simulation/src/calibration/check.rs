//! Does the amortised posterior tell the truth? Records are simulated at known parameters and fitted.

use daotwin_core::{Run, statistics as core};
use rayon::prelude::*;
use serde::Serialize;

use super::model::{Design, PARAMETERS, PRIOR, prior};
use super::simulations::{Memory, seed_of, statistics};
use super::{Options, Trained};
use crate::Result;

/// Draws that a true value is ranked among; ranks are 0 to this.
pub const RANKED: usize = 399;
/// Bins of ranks.
pub const BINS: usize = 20;

/// How well one parameter is fitted over many records.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quality {
    /// The parameter.
    pub name: &'static str,
    /// Correlation of posterior means with the true values, in normal scores.
    pub recovery: f64,
    /// Mean posterior spread over prior spread.
    pub spread: f64,
    /// Share of 90 % intervals that hold the true value.
    pub coverage: f64,
    /// Chi-square of the ranks of true values among draws, with [`BINS`] - 1 degrees of freedom if the posterior is
    /// exact (Talts et al. 2018).
    pub uniformity: f64,
}

/// Trains a posterior for a design, fits `fits` records drawn from the prior, and judges every parameter. `narrowed`
/// scales the spread of each posterior around its mean: 1 judges the posterior as it is; anything else is a posterior
/// that is wrong on purpose.
///
/// # Errors
/// [`daotwin_core::Error::Cancelled`], and the networks' own.
pub fn check(design: Design, options: &Options, fits: u64, narrowed: f64, run: &Run) -> Result<Vec<Quality>> {
    let trained = Trained::new(design, options, run)?;
    judge(&trained, options, fits, narrowed, run)
}

/// [`check`] of a posterior that is trained.
pub(crate) fn judge(
    trained: &Trained,
    options: &Options,
    fits: u64,
    narrowed: f64,
    run: &Run,
) -> Result<Vec<Quality>> {
    struct One {
        truth: [f64; PARAMETERS],
        mean: [f64; PARAMETERS],
        spread: [f64; PARAMETERS],
        rank: [usize; PARAMETERS],
    }
    let seed = options.seed.stream("calibration check").bits();
    let streams = options.seed.streams("calibration check draws");
    let one = |number: u64, memory: &mut Memory| -> Result<One> {
        run.check()?;
        let truth = prior(seed, number);
        let row = statistics(&trained.design, &truth, seed_of(seed, 5, number), memory);
        let mixture = trained.density.posterior(&trained.pilot.scale.standard(&row))?;
        let mut stream = streams.stream(number);
        let draws: Vec<_> = (0..RANKED).map(|_| mixture.draw(&mut stream)).collect();
        let column = |at: usize| draws.iter().map(|draw| draw[at]).collect::<Vec<f64>>();
        let mean: [f64; PARAMETERS] = std::array::from_fn(|at| core::mean(&column(at)));
        Ok(One {
            truth,
            mean,
            spread: std::array::from_fn(|at| narrowed * core::standard_deviation(&column(at))),
            rank: std::array::from_fn(|at| {
                let below = |draw: &&f64| mean[at] + narrowed * (**draw - mean[at]) < truth[at];
                column(at).iter().filter(below).count()
            }),
        })
    };
    let all: Vec<One> = (0..fits)
        .into_par_iter()
        .map_init(Memory::default, |memory, number| one(number, memory))
        .collect::<Result<_>>()?;
    let quality = |(at, parameter): (usize, &super::model::Parameter)| {
        let mut bins = [0.0; BINS];
        // 5 and 95 % of the draws lie below these ranks.
        let (low, high) = ((RANKED + 1) / 20, (RANKED + 1) * 19 / 20);
        let mut covered = 0_usize;
        for one in &all {
            bins[one.rank[at] * BINS / (RANKED + 1)] += 1.0;
            covered += usize::from((low..high).contains(&one.rank[at]));
        }
        let expected = fits as f64 / BINS as f64;
        let values =
            |of: fn(&One) -> &[f64; PARAMETERS]| all.iter().map(|one| of(one)[at]).collect::<Vec<f64>>();
        Quality {
            name: parameter.name,
            recovery: core::pearson(&values(|one| &one.truth), &values(|one| &one.mean)),
            spread: core::mean(&values(|one| &one.spread)),
            coverage: covered as f64 / fits as f64,
            uniformity: bins.iter().map(|bin| (bin - expected) * (bin - expected) / expected).sum(),
        }
    };
    Ok(PRIOR.iter().enumerate().map(quality).collect())
}
