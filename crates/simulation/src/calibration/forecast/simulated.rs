//! Futures of the calibrated DAO.
//!
//! The DAO is simulated on from draws of the posterior, past the record's end. A simulated DAO's own last proposals differ
//! from the recorded ones; each simulated future is therefore moved by what a linear regression over simulations expects of
//! that difference (the regression adjustment of Beaumont et al. 2002, applied to predictions): log voters, log odds of the
//! share in favour and of the largest ballot's share, log power cast, on their means over the last, the last 3, the last
//! 10 and all learned proposals.

use daotwin_core::{Run, statistics as core};
use rayon::prelude::*;

use super::past::{COUNT, figures};
use crate::Result;
use crate::calibration::linear::Linear;
use crate::calibration::model::{Design, simulate};
use crate::calibration::record::Record;
use crate::calibration::simulations::{Memory, recorded, seed_of};
use crate::calibration::{Options, Trained};

/// The series that regressions are over.
const SERIES: usize = 4;

fn odds(share: f64) -> f64 {
    let share = share.clamp(1e-3, 1.0 - 1e-3);
    (share / (1.0 - share)).ln()
}

/// Log voters, log odds of favour and of the largest ballot's share, log power cast in units of its mean over the first
/// proposals.
fn series(record: &Record, first: usize) -> Vec<[f64; SERIES]> {
    let all: Vec<_> = (0..record.proposals()).map(|proposal| record.figures(proposal)).collect();
    let cast: f64 = all[..first].iter().map(|figures| figures.cast).sum::<f64>() / first.max(1) as f64;
    let one = |figures: &crate::calibration::record::Figures| {
        let power = (figures.cast / cast.max(f64::MIN_POSITIVE)).max(1e-3).ln();
        [(1.0 + figures.voters).ln(), odds(figures.favour), odds(figures.largest), power]
    };
    all.iter().map(one).collect()
}

/// Means over the last, last 3, last 10 and all of what has a value.
fn recent(series: &[[f64; SERIES]], at: usize) -> [f64; 4] {
    let values: Vec<f64> = series.iter().map(|row| row[at]).filter(|value| value.is_finite()).collect();
    [1, 3, 10, values.len()].map(|many| {
        let part = &values[values.len().saturating_sub(many)..];
        if part.is_empty() { 0.0 } else { core::mean(part) }
    })
}

/// All power there was, in units of the mean power cast: the largest ballot of each member, summed. The tail of a simulated
/// DAO's power has no end; a recorded one's members do not cast more than they have.
fn most(learned: &Record) -> f64 {
    let mut peak = vec![0.0_f64; learned.voters as usize];
    for ballot in &learned.ballots {
        let known = &mut peak[ballot.voter as usize];
        *known = known.max(ballot.power);
    }
    let cast: f64 = learned.ballots.iter().map(|ballot| ballot.power).sum();
    let mean = cast / learned.proposals().max(1) as f64;
    if mean > 0.0 { peak.iter().sum::<f64>() / mean } else { f64::INFINITY }
}

/// Figures of each of the next `ahead` proposals by draw: power cast in units of the learned mean, the others raw.
pub(super) fn futures(
    learned: &Record,
    ahead: usize,
    draws: usize,
    options: &Options,
    run: &Run,
) -> Result<Vec<Vec<[f64; COUNT]>>> {
    let design = Design::of(learned, options.agents);
    let trained = Trained::new(design, options, run)?;
    let scores = trained.draws(&recorded(learned), draws, options.seed)?;
    let cut = learned.proposals();
    let beyond = Design { ahead: ahead as u32, ..design };
    let seed = options.seed.stream("calibration forecast").bits();
    let simulated: Vec<Vec<[f64; SERIES]>> = (0..draws)
        .into_par_iter()
        .map_init(Memory::default, |memory, number| {
            run.check()?;
            let seed = seed_of(seed, 6, number as u64);
            simulate(&beyond, &beyond.natural(&scores[number]), seed, &mut memory.workspace);
            Ok(series(&memory.workspace.record, cut))
        })
        .collect::<Result<_>>()?;
    let futures = adjusted(&simulated, &series(learned, cut), ahead);
    let most = most(learned);
    let figures = |row: &[f64; SERIES]| {
        let share = |odds: f64| 1.0 / (1.0 + (-odds).exp());
        figures(row[3].exp().min(most), (row[0].exp() - 1.0).max(1.0), share(row[1]), share(row[2]))
    };
    Ok(futures.iter().map(|rows| rows.iter().map(figures).collect()).collect())
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
