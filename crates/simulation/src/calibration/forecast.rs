//! A fit held against what came next: fitted on the first proposals, foretelling the others, beside three baselines.
//!
//! The DAO is simulated on from draws of the posterior, past the record's end. A simulated DAO's own last proposals differ
//! from the recorded ones; each simulated future is therefore moved by what a linear regression over simulations expects of
//! that difference (the regression adjustment of Beaumont et al. 2002, applied to predictions): log voters, log odds of the
//! share in favour and of the largest ballot's share, on their means over the last, the last 3, the last 10 and all
//! learned proposals.
//!
//! Scores are CRPS (Gneiting and Raftery 2007, equation 21), voters in units of the learned mean; a passing proposal is
//! one with more power for than against, whatever its quorum.

use daotwin_core::{Run, Stream, statistics as core};
use daotwin_history::view::DaoView;
use rayon::prelude::*;
use serde::Serialize;

use super::linear::Linear;
use super::model::{Design, simulate};
use super::record::Record;
use super::simulations::{Memory, recorded, seed_of};
use super::{Options, Trained, refuse};
use crate::{Error, Result};

/// What is foretold of each proposal.
pub const FIGURES: [&str; 4] = ["voters", "passed", "margin", "largest ballot"];
/// What it is held against.
pub const BASELINES: [&str; 3] = ["persistence", "recent ten", "beta-binomial"];

/// How one figure was foretold, mean over the proposals that came next.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// The figure.
    pub figure: &'static str,
    /// Proposals judged.
    pub proposals: usize,
    /// CRPS of the calibrated DAO.
    pub model: f64,
    /// CRPS of each baseline.
    pub baselines: [f64; 3],
    /// Share of 90 % intervals that held the truth; NaN for what is 0 or 1.
    pub coverage: f64,
    /// The recorded mean over these proposals, and the foretold mean.
    pub means: (f64, f64),
    /// The standard error of the recorded mean, from the proposals' own spread.
    pub error: f64,
}

/// One DAO's.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Forecast {
    /// The DAO.
    pub dao: String,
    /// Proposals learned and foretold.
    pub proposals: (usize, usize),
    /// A score a figure, in the order of [`FIGURES`]; a figure that no proposal has is missing.
    pub scores: Vec<Score>,
}

/// The series that regressions are over.
const SERIES: usize = 3;

fn odds(share: f64) -> f64 {
    let share = share.clamp(1e-3, 1.0 - 1e-3);
    (share / (1.0 - share)).ln()
}

/// Log voters, log odds of favour, log odds of the largest ballot's share.
fn series(record: &Record) -> Vec<[f64; SERIES]> {
    let one = |proposal: usize| {
        let figures = record.figures(proposal);
        [(1.0 + figures.voters).ln(), odds(figures.favour), odds(figures.largest)]
    };
    (0..record.proposals()).map(one).collect()
}

/// Means over the last, last 3, last 10 and all of what has a value.
fn recent(series: &[[f64; SERIES]], at: usize) -> [f64; 4] {
    let values: Vec<f64> = series.iter().map(|row| row[at]).filter(|value| value.is_finite()).collect();
    [1, 3, 10, values.len()].map(|many| {
        let part = &values[values.len().saturating_sub(many)..];
        if part.is_empty() { 0.0 } else { core::mean(part) }
    })
}

/// The figures from the series.
fn figures(row: &[f64; SERIES], voters: f64) -> [f64; 4] {
    let favour = 1.0 / (1.0 + (-row[1]).exp());
    let passed = if row[1].is_finite() { f64::from(u8::from(row[1] > 0.0)) } else { f64::NAN };
    [
        (row[0].exp() - 1.0).max(1.0) / voters,
        passed,
        (2.0 * favour - 1.0).abs(),
        1.0 / (1.0 + (-row[2]).exp()),
    ]
}

/// The CRPS of an ensemble.
pub fn crps(ensemble: &[f64], truth: f64) -> f64 {
    let ascending = core::sorted(ensemble);
    let n = ascending.len() as f64;
    let off: f64 = ascending.iter().map(|value| (value - truth).abs()).sum::<f64>() / n;
    let apart: f64 =
        ascending.iter().enumerate().map(|(rank, value)| (2.0 * rank as f64 + 1.0 - n) * value).sum();
    off - apart / (n * n)
}

/// Draws of a beta law with this mean and variance; the mean alone where no beta law has them.
fn beta(mean: f64, variance: f64, count: usize, stream: &mut Stream) -> Vec<f64> {
    let size = mean * (1.0 - mean) / variance - 1.0;
    if !(size.is_finite() && size > 0.0) {
        return vec![mean; count];
    }
    let mut draw = || {
        let (a, b) = (stream.gamma(mean * size), stream.gamma((1.0 - mean) * size));
        if a + b > 0.0 { a / (a + b) } else { mean }
    };
    (0..count).map(|_| draw()).collect()
}

/// Ensembles of the three baselines for one figure, from its learned values.
fn baselines(
    figure: usize,
    learned: &[f64],
    members: f64,
    voters: f64,
    stream: &mut Stream,
) -> [Vec<f64>; 3] {
    const DRAWS: usize = 1_000;
    let last = learned.last().copied().into_iter().collect();
    let ten = learned[learned.len().saturating_sub(10)..].to_vec();
    let n = learned.len() as f64;
    let law = match figure {
        0 => {
            let shares: Vec<f64> = learned.iter().map(|value| value * voters / members).collect();
            let (mean, variance) = (core::mean(&shares), core::standard_deviation(&shares).powi(2));
            // The binomial part of the variance is not the beta law's.
            let between = (variance - mean * (1.0 - mean) / members).max(1e-12);
            let chances = beta(mean, between, DRAWS, stream);
            let mut binomial = |chance: f64| {
                let spread = (chance * (1.0 - chance) * members).sqrt();
                (chance * members + spread * stream.normal()).round().max(0.0) / voters
            };
            chances.into_iter().map(&mut binomial).collect()
        }
        1 => {
            let chance = (learned.iter().sum::<f64>() + 1.0) / (n + 2.0);
            (0..DRAWS)
                .map(|draw| f64::from(u8::from((draw as f64 + 0.5) / (DRAWS as f64) < chance)))
                .collect()
        }
        _ => {
            let mean = core::mean(learned);
            beta(mean, core::standard_deviation(learned).powi(2).max(1e-9), DRAWS, stream)
        }
    };
    [last, ten, law]
}

/// Fits the first `share` of a DAO's proposals and foretells the others, from `draws` simulations.
///
/// # Errors
/// [`Error::Parameters`] for a share outside 0.1 to 0.9, for fewer than 10 learned proposals or 5 foretold ones, and as
/// [`super::calibrate`].
pub fn forecast(view: &DaoView, share: f64, draws: u64, options: &Options, run: &Run) -> Result<Forecast> {
    let record = Record::of(view)?;
    let all = record.proposals();
    if !(0.1..=0.9).contains(&share) || draws < 100 {
        let problem = format!("`share` is {share} and `draws` {draws}; give 0.1 to 0.9 and at least 100");
        return Err(Error::Parameters { problems: vec![problem] });
    }
    let cut = (all as f64 * share).round() as usize;
    let learned = record.first(cut);
    refuse(&view.dao, &learned, options)?;
    if all - cut < 5 {
        let problem = format!("DAO `{}` has {} proposals to foretell; 5 are needed", view.dao, all - cut);
        return Err(Error::Parameters { problems: vec![problem] });
    }
    let design = Design::of(&learned, options.agents);
    let trained = Trained::new(design, options, run)?;
    let scores = trained.draws(&recorded(&learned), draws as usize, options.seed)?;
    let ahead = Design { ahead: (all - cut) as u32, ..design };
    let seed = options.seed.stream("calibration forecast").bits();
    let simulated: Vec<Vec<[f64; SERIES]>> = (0..draws)
        .into_par_iter()
        .map_init(Memory::default, |memory, number| {
            run.check()?;
            let seed = seed_of(seed, 6, number);
            simulate(&ahead, &ahead.natural(&scores[number as usize]), seed, &mut memory.workspace);
            Ok(series(&memory.workspace.record))
        })
        .collect::<Result<_>>()?;
    let truth = series(&record);
    let futures = adjusted(&simulated, &truth[..cut], all - cut);
    Ok(Forecast {
        dao: view.dao.clone(),
        proposals: (cut, all - cut),
        scores: judged(&truth, cut, &futures, design.voters, learned.distinct() as f64, options),
    })
}

/// For each proposal ahead, each series' simulated values moved to where the record stands.
fn adjusted(
    simulated: &[Vec<[f64; SERIES]>],
    learned: &[[f64; SERIES]],
    ahead: usize,
) -> Vec<Vec<[f64; SERIES]>> {
    let cut = learned.len();
    let mut futures = vec![vec![[f64::NAN; SERIES]; simulated.len()]; ahead];
    for at in 0..SERIES {
        let here = recent(learned, at);
        let known: Vec<[f64; 4]> = simulated.iter().map(|one| recent(&one[..cut], at)).collect();
        let values: Vec<f64> =
            simulated.iter().flat_map(|one| one[cut..].iter().map(|row| row[at])).collect();
        let map = Linear::fit(known.as_flattened(), 4, &values, ahead, 1e-4, |_| 1.0);
        let expected = map.at(&here);
        for (draw, known) in known.iter().enumerate() {
            let there = map.at(known);
            for proposal in 0..ahead {
                futures[proposal][draw][at] =
                    values[draw * ahead + proposal] + expected[proposal] - there[proposal];
            }
        }
    }
    futures
}

fn judged(
    truth: &[[f64; SERIES]],
    cut: usize,
    futures: &[Vec<[f64; SERIES]>],
    voters: f64,
    members: f64,
    options: &Options,
) -> Vec<Score> {
    let mut stream = options.seed.stream("calibration baselines");
    let mut scores = vec![];
    for (figure, name) in FIGURES.into_iter().enumerate() {
        let of = |row: &[f64; SERIES]| figures(row, voters)[figure];
        let learned: Vec<f64> = truth[..cut].iter().map(of).filter(|value| value.is_finite()).collect();
        let came: Vec<(usize, f64)> =
            truth[cut..].iter().map(of).enumerate().filter(|(_, value)| value.is_finite()).collect();
        if learned.len() < 3 || came.is_empty() {
            continue;
        }
        let ensembles = baselines(figure, &learned, members, voters, &mut stream);
        let n = came.len() as f64;
        let (mut model, mut covered, mut foretold) = (0.0, 0.0, 0.0);
        let mut others = [0.0; 3];
        for (proposal, value) in &came {
            let ensemble: Vec<f64> = futures[*proposal].iter().map(of).collect();
            model += crps(&ensemble, *value) / n;
            foretold += core::mean(&ensemble) / n;
            let (low, high) = (core::quantile(&ensemble, 0.05), core::quantile(&ensemble, 0.95));
            covered += f64::from(u8::from(low <= *value && *value <= high)) / n;
            for (other, ensemble) in others.iter_mut().zip(&ensembles) {
                *other += crps(ensemble, *value) / n;
            }
        }
        let values: Vec<f64> = came.iter().map(|(_, value)| *value).collect();
        scores.push(Score {
            figure: name,
            proposals: came.len(),
            model,
            baselines: others,
            coverage: if figure == 1 { f64::NAN } else { covered },
            means: (core::mean(&values), foretold),
            error: core::standard_deviation(&values) / n.sqrt(),
        });
    }
    scores
}
