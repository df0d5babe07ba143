//! What chances of past proposals were, against what became of them: runs are drawn as if each of the latest were open,
//! from what was known before it, and two corrections make them right on average.
//!
//! - **Mood.** Proposals are put to a vote when their authors expect them to pass: more have a majority than those of runs.
//!   Moods move until as many runs as proposals have one.
//! - **Calls.** People are called until a quorum is met. Of runs with a majority that miss it, so many are called to it as
//!   make misses as frequent as they are.
//!
//! Both are drawn towards no correction: by a prior, and by the weight of a few proposals.

use daotwin_core::{Run, Seed};
use rayon::prelude::*;

use super::prepare::Prepared;
use super::{Ask, Records};
use crate::Result;
use crate::engine::math::ln;
use crate::scenario::RuleChange;

/// So many of the latest proposals are looked at.
const LATEST: usize = 40;
/// Runs of each.
const RUNS: u64 = 64;
/// Proposals that weigh as much as taking runs as they are.
const PRIOR: f64 = 2.0;
/// Standard deviation of moves of the mood before anything is known, in logits.
const SPREAD: f64 = 2.0;
/// Moves of the mood that are tried.
pub(super) const MOVES: [f64; 13] = [-3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0];

/// How runs of a past proposal compare with it.
#[derive(Debug, Clone)]
pub(super) struct Tried {
    /// Share of runs with a majority under each move.
    pub(super) majority: [f64; MOVES.len()],
    /// Share of runs that have a majority and miss the quorum.
    pub(super) missed: f64,
    /// Whether it had a majority; whether it had one and missed the quorum.
    pub(super) was: (bool, bool),
}

/// What makes runs right on average.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Correction {
    /// Added to moods.
    pub(super) mood: f64,
    /// Share of the runs with a majority and no quorum in which people are called.
    pub(super) called: f64,
}

/// The share under a move, on a line between those that were tried.
fn between(shares: &[f64], by: f64) -> f64 {
    let after = MOVES.partition_point(|known| *known < by).clamp(1, MOVES.len() - 1);
    let (low, high) = (MOVES[after - 1], MOVES[after]);
    let part = ((by - low) / (high - low)).clamp(0.0, 1.0);
    shares[after - 1] + part * (shares[after] - shares[after - 1])
}

/// A past proposal as if it were open.
pub(super) fn asked(records: &Records, place: usize) -> Ask {
    let question = &records.electorate.questions[place];
    Ask {
        opens: Some(question.start),
        window_days: Some((question.end - question.start).max(1) as f64 / 86_400.0),
        author: records.view.proposals[place].author.clone(),
        ..Ask::default()
    }
}

/// Tries one.
pub(super) fn tried(records: &Records, place: usize, rule: &RuleChange, seed: Seed) -> Option<Tried> {
    let ask = asked(records, place);
    let prepared = Prepared::new(records, &ask, rule, Correction::default(), &mut Vec::new())?;
    Some(prepared.tried(RUNS, seed, records.outcome(place, rule)))
}

/// The correction from past proposals.
pub(super) fn correction<'t>(tried: impl DoubleEndedIterator<Item = &'t Tried>) -> Correction {
    let latest: Vec<&Tried> = tried.rev().take(LATEST).collect();
    let n = latest.len() as f64;
    if latest.is_empty() {
        return Correction::default();
    }
    let of = |at: usize| latest.iter().map(|tried| tried.majority[at]).sum::<f64>() / n;
    let shares: Vec<f64> = (0..MOVES.len()).map(of).collect();
    let had = latest.iter().filter(|tried| tried.was.0).count() as f64;
    // The mode of a binomial likelihood and a normal prior.
    let merit = |by: f64| {
        let share = between(&shares, by).clamp(1e-3, 1.0 - 1e-3);
        had * ln(share) + (n - had) * ln(1.0 - share) - by * by / (2.0 * SPREAD * SPREAD)
    };
    let mut mood = 0.0;
    for tenth in -30..=80 {
        let by = f64::from(tenth) / 10.0;
        if merit(by) > merit(mood) {
            mood = by;
        }
    }
    let towards = |drawn: f64, were: usize| (were as f64 + PRIOR * drawn) / (n + PRIOR);
    let drawn = latest.iter().map(|tried| tried.missed).sum::<f64>() / n;
    let missed = towards(drawn, latest.iter().filter(|tried| tried.was.1).count());
    let called = if drawn > 0.0 { (1.0 - missed / drawn).clamp(0.0, 1.0) } else { 0.0 };
    Correction { mood, called }
}

/// The correction for a proposal that opens after those at these places.
pub(super) fn learn(
    records: &Records,
    places: &[usize],
    rule: &RuleChange,
    seed: Seed,
    run: &Run,
) -> Result<Correction> {
    let latest = &places[places.len().saturating_sub(LATEST)..];
    let found: Result<Vec<Option<Tried>>> = latest
        .par_iter()
        .map(|place| {
            run.check()?;
            Ok(tried(records, *place, rule, seed))
        })
        .collect();
    Ok(correction(found?.iter().flatten()))
}
